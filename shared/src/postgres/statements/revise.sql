-- One edit or recall: every check, the place in the log, the entry, the message that it changes and what
-- announces it, in one commit.
--
-- $1 id of the entry  $2 the message  $3 its room, null for any  $4 sender  $5 client id  $6 digest
-- $7 'edited' or 'recalled'  $8 content  $9 now  $10 the oldest that may be changed
-- $11 when the outbox row falls due  $12 topic  $13 what the content is found by
--
-- Always answers one row; `seq` in it is null unless something was written.
with
-- Locked before the room is: of two who change one message the second sees what the first made of it. An
-- append locks the room and no message, so nobody waits for both in the other order.
target as materialized (
    select m.id, m.room_id, m.seq, m.sender_id, m.kind, m.created_at, m.recalled_at is not null as recalled
    from messages m
    where m.id = $2::uuid and m.entry = 'message' and m.room_id = coalesce($3::bigint, m.room_id)
    for no key update
),
-- Who asks, as in append.sql; no row: not a member of the room.
sender as materialized (
    select
        u.nickname,
        r.id as room_id,
        r.members_version,
        r.closed_at is not null as closed,
        m.role in ('admin', 'owner') as is_admin,
        exists (
            select from bans b
            where b.user_id = m.user_id and b.until > $9::timestamptz
              and (b.room_id is null or b.room_id = m.room_id)
        ) as banned,
        exists (
            select from blocks b
            where b.blocker_id in (r.pair_low, r.pair_high) and b.blocked_id = m.user_id
        ) as blocked
    from room_members m
    join users u on u.id = m.user_id
    join rooms r on r.id = m.room_id
    where m.room_id = coalesce($3, (select t.room_id from target t)) and m.user_id = $4::bigint
),
earlier as materialized (
    select
        e.id, e.seq, e.target_seq, e.digest, e.content, e.created_at,
        (select o.id from outbox o where o.message_id = e.id order by o.id limit 1) as outbox
    from messages e
    where e.room_id = (select s.room_id from sender s) and e.sender_id = $4 and e.client_id = $5::text
),
verdict as materialized (
    select
        t.id, t.room_id, t.seq, t.kind,
        case
            when t.recalled then 'recalled'
            when $7::text = 'recalled' and s.is_admin then null
            when t.sender_id <> $4 then 'not_sender'
            -- What the other one doesn't want to read; taking back is no message.
            when $7 = 'edited' and s.blocked then 'blocked'
            when $7 = 'edited' and s.closed then 'closed'
            when t.created_at < $10::timestamptz then 'too_late'
        end as refusal
    from target t
    join sender s on true
),
-- The next place, as in append.sql. No message is added: `last_number` stays.
place as (
    update rooms r
    set last_seq = r.last_seq + 1
    from verdict v
    where r.id = v.room_id
      and v.refusal is null
      and r.members_version = (select s.members_version from sender s where not s.banned)
      and not exists (select from earlier)
    returning r.last_seq, r.last_number
),
stored as (
    insert into messages (
        id, room_id, seq, sender_id, client_id, digest, entry, kind, content, number, created_at,
        target_id, target_seq
    )
    select $1::uuid, v.room_id, p.last_seq, $4, $5, $6::bytea, $7, v.kind, $8::text, p.last_number, $9, v.id, v.seq
    from place p
    join verdict v on true
    returning id
),
changed as (
    update messages m
    set content = $8,
        pieces = case
            when $13::text[] is not null then array_to_tsvector(array_append($13, '#' || m.room_id))
        end,
        edited_at = case when $7 = 'edited' then $9 end,
        recalled_at = case when $7 = 'recalled' then $9 end,
        reply_to = case when $7 = 'edited' then m.reply_to end,
        metadata = case when $7 = 'edited' then m.metadata end
    from stored s
    where m.id = $2
),
-- What was recalled must not be read from an earlier edit.
emptied as (
    update messages m
    set content = ''
    from stored s
    where $7 = 'recalled' and m.target_id = $2
),
opened as (
    insert into outbox (topic, room_id, message_id, created_at, due_at)
    select $12::text, v.room_id, s.id, $9, $11::timestamptz
    from stored s
    join verdict v on true
    returning id
)
select
    s.nickname,
    s.banned,
    s.room_id,
    s.members_version,
    t.seq as target_seq,
    v.refusal,
    p.last_seq as seq,
    o.id as outbox,
    e.id as earlier_id,
    e.seq as earlier_seq,
    e.target_seq as earlier_target_seq,
    e.digest as earlier_digest,
    e.content as earlier_content,
    e.created_at as earlier_at,
    e.outbox as earlier_outbox
from (select) one
left join target t on true
left join sender s on true
left join verdict v on true
left join earlier e on true
left join place p on true
left join opened o on true
