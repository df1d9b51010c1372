-- Counts days anew and adds the difference to what is kept: both are as of one snapshot, so whatever is settled
-- meanwhile is in neither and isn't lost.
--
-- $1 days  $2 hours  $3 where they begin  $4 and end (each an hour of the clocks), ascending
with spans as materialized (
    select s.day::date as day, s.hour, s.begins, s.ends
    from unnest($1::text[], $2::smallint[], $3::timestamptz[], $4::timestamptz[]) as s (day, hour, begins, ends)
),
counted as materialized (
    select m.room_id, m.seq, m.sender_id, m.created_at as at, s.day, s.hour
    from spans s
    join messages m on m.created_at >= s.begins and m.created_at < s.ends
    where m.entry = 'message'
      -- Not settled yet: settling counts it.
      and not exists (select from outbox o where o.message_id = m.id)
),
-- The same of steps, whose rows hold the event itself.
unsettled as materialized (
    select (o.payload ->> 'event')::bigint as event
    from outbox o
    where o.payload ->> 'type' = 'session_changed'
),
taken as materialized (
    select e.id as event, s.day, s.hour
    from spans s
    join session_events e on e.at >= s.begins and e.at < s.ends
    where not exists (select from unsettled u where u.event = e.id)
),
