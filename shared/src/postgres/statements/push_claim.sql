-- Claims a push for everyone who misses one of some messages, of senders whom they don't block, and has no
-- connection.
--
-- $1 rooms  $2 senders, one of each for a message  $3 now  $4 whether those without a device count, too
-- $5 the most members of a room  $6 the most claims
--
-- `offset 0` keeps each look-up what it is, one probe of an index for each member. The planner can't know how
-- many members there are, and joins whole tables where it guesses few or many.
with missing as (
    select m.user_id, m.room_id
    from rooms r
    -- Whoever has read it all meanwhile misses nothing.
    join room_members m on m.room_id = r.id and m.read_number < r.last_number
    where r.id = any($1::bigint[]) and r.member_count <= $5::bigint
      and exists (
        select from unnest($1, $2::bigint[]) as sent (room_id, sender_id)
        where sent.room_id = m.room_id and sent.sender_id <> m.user_id
          and not exists (
            select from blocks b where b.blocker_id = m.user_id and b.blocked_id = sent.sender_id
            offset 0
          )
      )
      and not exists (select from connections c where c.user_id = m.user_id offset 0)
      and not exists (select from push_pending p where p.user_id = m.user_id and p.room_id = m.room_id offset 0)
      and (
        $4::boolean
        or exists (
            select from push_subscriptions s
            join users u on u.id = s.user_id and u.token_version = s.token_version
            where s.user_id = m.user_id
            offset 0
        )
      )
    limit $6::bigint
)
insert into push_pending (user_id, room_id, created_at)
select user_id, room_id, $3::timestamptz
from missing
-- Two that claim in the same order never wait for each other in a ring.
order by user_id, room_id
on conflict do nothing
returning user_id, room_id
