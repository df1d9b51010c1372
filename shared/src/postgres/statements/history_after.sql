-- The first messages after a seq, in the order of seq; and how many messages are visible in all.
--
-- $1 room  $2 the seq after which messages are visible  $3 that seq  $4 how many
-- $5 how far the log goes: without a row where it doesn't go so far
with
total as (
    select
        r.last_number - coalesce(
            (
                select m.number - 1 from messages m
                where m.room_id = r.id and m.seq > $2::bigint and m.entry = 'message'
                order by m.seq limit 1
            ),
            r.last_number
        ) as total
    from rooms r
    where r.id = $1::bigint and r.last_seq >= $5::bigint
)
select
    t.total,
    m.id, m.room_id, m.seq, m.sender_id, u.nickname as sender_name, m.kind, m.content, m.reply_to,
    m.metadata, m.created_at, m.edited_at, m.recalled_at
from total t
left join lateral (
    select * from messages w
    where w.room_id = $1 and w.seq > $2 and w.seq > $3::bigint and w.entry = 'message'
    order by w.seq asc
    limit $4::bigint
) m on true
left join users u on u.id = m.sender_id
order by m.seq
