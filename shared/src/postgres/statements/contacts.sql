-- The others in the rooms of user $1, but for who blocks them or is blocked: rooms of $2 members at most, the
-- $3 with the newest activity, $4 users.
with near as (
    select r.id, r.active_at
    from room_members mine
    join rooms r on r.id = mine.room_id
    where mine.user_id = $1::bigint and r.member_count <= $2::bigint
    order by r.active_at desc, r.id
    limit $3::bigint
)
select m.user_id
from near
join room_members m on m.room_id = near.id
where m.user_id <> $1
  and m.user_id not in (
    select blocked_id from blocks where blocker_id = $1
    union all
    select blocker_id from blocks where blocked_id = $1
  )
group by m.user_id
order by max(near.active_at) desc, m.user_id
limit $4::bigint
