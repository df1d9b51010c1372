-- Outbox rows of entries, deleted, and the messages among them counted.
--
-- $1 outbox ids of all  $2 outbox ids of the messages, and of each: $3 room  $4 seq  $5 sender  $6 time
-- $7 day  $8 hour
--
-- Nothing is counted whose row somebody else deleted, so an event that comes again counts nothing.
with settled as (
    delete from outbox where id = any($1::bigint[]) returning id
),
counted as materialized (
    select g.room_id, g.seq, g.sender_id, g.at, g.day::date as day, g.hour
    from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::text[], $8::smallint[])
        as g (outbox, room_id, seq, sender_id, at, day, hour)
    join settled s on s.id = g.outbox
),
