-- Keeps a broadcast with the outbox row of its first step; a repeat changes nothing. Of two at once the second
-- writes nothing and is run again.
--
-- $1 id  $2 type of message  $3 type of target  $4 target  $5 data  $6 digest  $7 by  $8 now  $9 topic  $10 payload
-- $11 when the outbox row falls due
with
earlier as materialized (
    select b.digest from broadcasts b where b.id = $1::uuid
),
opened as (
    insert into outbox (topic, payload, created_at, due_at)
    select $9::text, $10::jsonb, $8::timestamptz, $11::timestamptz where not exists (select from earlier)
    returning id
),
stored as (
    insert into broadcasts (
        id, message_type, target_type, target_id, data, digest, created_by, created_at, outbox_id, moved_at
    )
    select
        $1::uuid, $2::text, $3::text, $4::bigint, $5::jsonb, $6::bytea, $7::bigint, $8::timestamptz, o.id,
        $8::timestamptz
    from opened o
    returning null::bytea as earlier_digest
)
select s.earlier_digest from stored s
union all
select e.digest from earlier e
