-- A page of a room's log, page 1 the newest, in the order of seq; and how many messages are visible.
--
-- $1 room  $2 the seq after which messages are visible  $3 messages after the page  $4 page size
-- $5 how far the log goes: without a row where it doesn't go so far
--
-- Nothing is counted or skipped: the page is a range of running numbers, and since `seq - number` never
-- falls along the log, its seqs lie between the lower number and the upper one plus today's difference.
with
bounds as (
    select
        r.last_number - edge.number as total,
        greatest(edge.number, r.last_number - $3::bigint - $4::bigint) as low,
        r.last_number - $3 as high,
        r.last_seq - r.last_number as others
    from rooms r
    cross join lateral (
        select coalesce(
            (
                select m.number - 1 from messages m
                where m.room_id = r.id and m.seq > $2::bigint and m.entry = 'message'
                order by m.seq limit 1
            ),
            r.last_number
        ) as number
    ) edge
    where r.id = $1::bigint and r.last_seq >= $5::bigint
)
select
    b.total,
    m.id, m.room_id, m.seq, m.sender_id, u.nickname as sender_name, m.kind, m.content, m.reply_to,
    m.metadata, m.created_at, m.edited_at, m.recalled_at
from bounds b
left join messages m
    on m.room_id = $1
    and m.seq > b.low and m.seq <= b.high + b.others
    and m.number > b.low and m.number <= b.high
    and m.seq > $2
    and m.entry = 'message'
left join users u on u.id = m.sender_id
order by m.seq
