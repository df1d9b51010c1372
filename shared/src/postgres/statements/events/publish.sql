-- Stores events with their deliveries, all or none; answers a row for each delivery of each, and one for an event
-- that goes to nobody.
--
-- $1 ids  $2 types  $3 sources  $4 targets  $5 data  $6 digests  $7 priorities  $8 publishers  $9 now
--
-- Of two that store the same id at once the second writes nothing at all and is run again: then the first's is
-- `earlier`.
with
incoming as materialized (
    select * from unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::bytea[], $7::smallint[], $8::bigint[]
    ) with ordinality as i (
        id, type, source_service, target_service, data, digest, priority, published_by, place
    )
),
earlier as materialized (
    select e.id, e.digest, e.published_by, e.created_at from events e where e.id = any ($1::text[])
),
clash as materialized (
    select from incoming i join earlier e on e.id = i.id and e.digest <> i.digest
),
stored as (
    insert into events (
        id, type, source_service, target_service, data, digest, priority, published_by, created_at
    )
    select
        i.id, i.type, i.source_service, i.target_service, i.data, i.digest, i.priority, i.published_by,
        $9::timestamptz
    from incoming i
    where not exists (select from clash) and not exists (select from earlier e where e.id = i.id)
    -- So that two with the same ids wait for each other in one order.
    order by i.id
    returning id, type, target_service
),
addressed as (
    select s.id as event_id, s.target_service as service from stored s where s.target_service is not null
    union
    select s.id, b.service from stored s join service_subscriptions b on b.event_type = s.type
),
opened as (
    insert into event_deliveries (event_id, service, state, due_at)
    select a.event_id, a.service, 'pending', $9::timestamptz from addressed a order by a.event_id, a.service
    returning id, event_id, service, state, rounds, revived_after, due_at, settled_at, reason
)
select
    i.id as event, e.digest as earlier_digest, e.published_by as earlier_by, e.created_at as earlier_at,
    d.id, d.event_id, d.service, d.state, d.rounds, d.revived_after, d.due_at, d.settled_at, d.reason
from incoming i
left join earlier e on e.id = i.id
left join lateral (
    select o.* from opened o where o.event_id = i.id
    union all
    -- As they were when the statement began: those of `earlier`.
    select k.id, k.event_id, k.service, k.state, k.rounds, k.revived_after, k.due_at, k.settled_at, k.reason
    from event_deliveries k
    where k.event_id = i.id
) d on true
order by i.place, d.service
