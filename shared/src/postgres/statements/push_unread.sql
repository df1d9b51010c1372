-- What user $1, who is away, has not read of room $2, with the last message of somebody whom they don't
-- block; no row: there is nothing to tell.
select
    r.name,
    r.last_number - m.read_number as unread,
    (
        select sum(greatest(o.last_number - om.read_number, 0))::bigint
        from room_members om
        join rooms o on o.id = om.room_id
        where om.user_id = $1
    ) as total,
    last.id, last.seq, last.sender_id, sender.nickname as sender_name, last.content, last.created_at
from room_members m
join rooms r on r.id = m.room_id
join lateral (
    select * from messages l
    where l.room_id = r.id and l.entry = 'message' and l.sender_id <> $1 and l.seq > m.read_seq
      and l.recalled_at is null
      and not exists (select from blocks b where b.blocker_id = $1 and b.blocked_id = l.sender_id)
    order by l.seq desc
    limit 1
) last on true
join users sender on sender.id = last.sender_id
where m.room_id = $2::bigint and m.user_id = $1::bigint and m.read_number < r.last_number
  and not exists (select from connections c where c.user_id = m.user_id)
