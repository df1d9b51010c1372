-- One send: every check, the place in the log, the message and what announces it, in one commit.
--
-- $1 id  $2 room  $3 sender  $4 client id  $5 digest  $6 kind  $7 content  $8 reply_to  $9 metadata
-- $10 now  $11 when the outbox row falls due  $12 topic  $13 what the content is found by
--
-- Always answers one row; `seq` in it is null unless something was written.
with
-- Who sends, as the statement's snapshot sees them; no row: not a member. `members_version` belongs to
-- that snapshot.
sender as materialized (
    select
        u.nickname,
        r.members_version,
        r.closed_at is not null as closed,
        exists (
            select from bans b
            where b.user_id = m.user_id and b.until > $10::timestamptz
              and (b.room_id is null or b.room_id = m.room_id)
        ) as banned,
        -- By the other one of a direct room; the pair of any other room is null.
        exists (
            select from blocks b
            where b.blocker_id in (r.pair_low, r.pair_high) and b.blocked_id = m.user_id
        ) as blocked
    from room_members m
    join users u on u.id = m.user_id
    join rooms r on r.id = m.room_id
    where m.room_id = $2::bigint and m.user_id = $3::bigint
),
-- The same client id stored before: a repeat, or a conflict when the digest differs (the caller compares).
-- Its outbox row is still open when nobody has settled its delivery.
earlier as materialized (
    select
        e.id, e.seq, e.digest, e.created_at,
        (select o.id from outbox o where o.message_id = e.id order by o.id limit 1) as outbox
    from messages e
    where e.room_id = $2 and e.sender_id = $3 and e.client_id = $4::text
),
reply as materialized (
    select $8::uuid is null or exists (
        select from messages t where t.id = $8 and t.room_id = $2 and t.entry = 'message'
    ) as found
),
-- Takes the room's row, which serialises the room, and with it the next place. Nothing but this raises
-- `last_seq`, and whatever fails after it takes the raise back: so there are no gaps. When another held
-- the row, the checks above are older than the lock: a changed `members_version` then refuses the place
-- and the caller runs the statement again; a repeat stored meanwhile breaks messages_client_id_unique.
place as (
    update rooms r
    set last_seq = r.last_seq + 1,
        last_number = r.last_number + 1,
        active_at = greatest(r.active_at, $10)
    where r.id = $2
      and r.closed_at is null
      and r.members_version = (select s.members_version from sender s where not s.banned and not s.blocked)
      and not exists (select from earlier)
      and (select found from reply)
    returning r.last_seq, r.last_number
),
stored as (
    insert into messages (
        id, room_id, seq, sender_id, client_id, digest, kind, content, reply_to, metadata, number, created_at,
        pieces
    )
    select
        $1::uuid, $2, p.last_seq, $3, $4, $5::bytea, $6::text, $7::text, $8, $9::jsonb, p.last_number, $10,
        case when $13::text[] is not null then array_to_tsvector(array_append($13, '#' || $2)) end
    from place p
    returning id
),
-- Open until a consumer has settled the delivery.
opened as (
    insert into outbox (topic, room_id, message_id, created_at, due_at)
    select $12::text, $2, s.id, $10, $11::timestamptz
    from stored s
    returning id
),
-- One's own message is read. The order of locks is room, then member, here as everywhere.
marked as (
    update room_members m
    set read_seq = p.last_seq, read_number = p.last_number
    from place p
    where m.room_id = $2 and m.user_id = $3
)
select
    s.nickname,
    s.banned,
    s.blocked,
    s.closed,
    s.members_version,
    r.found as reply_found,
    p.last_seq as seq,
    o.id as outbox,
    e.id as earlier_id,
    e.seq as earlier_seq,
    e.digest as earlier_digest,
    e.created_at as earlier_at,
    e.outbox as earlier_outbox
from reply r
left join sender s on true
left join earlier e on true
left join place p on true
left join opened o on true
