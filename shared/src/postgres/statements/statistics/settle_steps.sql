-- Outbox rows of steps of sessions, deleted, and the steps counted.
--
-- $1 outbox ids, and of each: $2 event  $3 day  $4 hour
with settled as (
    delete from outbox where id = any($1::bigint[]) returning id
),
taken as materialized (
    select g.event, g.day::date as day, g.hour
    from unnest($1::bigint[], $2::bigint[], $3::text[], $4::smallint[]) as g (outbox, event, day, hour)
    join settled s on s.id = g.outbox
),
