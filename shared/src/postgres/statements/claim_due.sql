-- Takes outbox rows that are due and puts them off, with the entry that each is about.
--
-- $1 now  $2 when they fall due again  $3 how many
--
-- Rows that another sweeper holds are skipped, so that no row is published by two at once.
with
due as materialized (
    select o.id from outbox o
    where o.due_at <= $1::timestamptz
    order by o.due_at, o.id
    limit $3::bigint
    for update skip locked
),
claimed as (
    update outbox o
    set due_at = $2::timestamptz
    -- An array, not a join: the planner knows it is short and takes the index.
    where o.id = any (array(select d.id from due d))
    returning o.id, o.payload, o.message_id, o.created_at
)
select
    c.id as outbox, c.payload, c.created_at as opened_at,
    m.id, m.room_id, m.seq, m.sender_id, u.nickname as sender_name, m.kind, m.content, m.reply_to,
    m.metadata, m.created_at, m.edited_at, m.recalled_at,
    m.entry, m.target_id, m.target_seq
from claimed c
left join messages m on m.id = c.message_id
left join users u on u.id = m.sender_id
order by c.created_at, c.id
