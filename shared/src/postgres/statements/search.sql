-- Messages of the rooms of user $1 (of room $2 alone unless it is null) that hold all of tsquery $3, newest
-- first: $4 of them after $5; and how many there are in all. Always answers a row, without a message when the
-- page is empty.
with
mine as (
    select
        m.room_id,
        case when r.history_before_joining then 0 else m.joined_seq end as visible_after
    from room_members m
    join rooms r on r.id = m.room_id
    where m.user_id = $1::bigint and m.room_id = coalesce($2::bigint, m.room_id)
),
found as materialized (
    select held.id, held.created_at
    from mine
    -- The offset keeps the room's own index out of it: by that, every message of the room would be read.
    cross join lateral (
        select m.id, m.room_id, m.seq, m.created_at
        from messages m
        where m.pieces @@ ($3::text::tsquery && ('''#' || mine.room_id || '''')::tsquery)
        offset 0
    ) held
    where held.room_id = mine.room_id and held.seq > mine.visible_after
),
picked as (
    select f.id from found f order by f.created_at desc, f.id desc limit $4::bigint offset $5::bigint
)
select
    t.total,
    m.id, m.room_id, m.seq, m.sender_id, u.nickname as sender_name, m.kind, m.content, m.reply_to,
    m.metadata, m.created_at, m.edited_at, m.recalled_at
from (select count(*) as total from found) t
left join picked p on true
left join messages m on m.id = p.id
left join users u on u.id = m.sender_id
order by m.created_at desc, m.id desc
