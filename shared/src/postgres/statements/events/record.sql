-- Writes down what became of rounds, with every post of each; what was settled meanwhile, or is at another round,
-- stays as it is.
--
-- $1 deliveries  $2 rounds  $3 states  $4 when the next rounds are due  $5 reasons  $6 now
-- of the posts: $7 deliveries  $8 places in the round  $9 URLs  $10 times  $11 milliseconds  $12 statuses  $13 errors
with
outcomes as materialized (
    select * from unnest($1::bigint[], $2::integer[], $3::text[], $4::timestamptz[], $5::text[])
        as o (delivery, round, state, due_at, reason)
),
-- So that two with the same deliveries wait for each other in one order.
held as materialized (
    select d.id from event_deliveries d where d.id = any ($1::bigint[]) order by d.id for update
),
written as (
    update event_deliveries d
    set state = o.state, rounds = o.round, due_at = coalesce(o.due_at, d.due_at),
        settled_at = case when o.state <> 'pending' then $6::timestamptz end, reason = o.reason
    from outcomes o
    where d.id = any (array(select h.id from held h))
      and d.id = o.delivery and d.state = 'pending' and d.rounds = o.round - 1
    returning d.id, d.rounds
),
noted as (
    insert into event_attempts (delivery_id, round, attempt, url, at, took_ms, status, error)
    select w.id, w.rounds, p.place, p.url, p.at, p.took_ms, p.status, p.error
    from unnest(
        $7::bigint[], $8::smallint[], $9::text[], $10::timestamptz[], $11::integer[], $12::smallint[], $13::text[]
    ) as p (delivery, place, url, at, took_ms, status, error)
    join written w on w.id = p.delivery
)
select w.id from written w order by w.id
