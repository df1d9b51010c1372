-- The deliveries whose next round is the one asked for, with their events.
--
-- $1 deliveries  $2 rounds
select
    d.id as delivery, d.event_id, d.service, d.state, d.rounds, d.revived_after, d.due_at, d.settled_at, d.reason,
    e.id, e.type, e.source_service, e.target_service, e.data, e.priority, e.published_by, e.created_at
from unnest($1::bigint[], $2::integer[]) as asked (delivery, round)
join event_deliveries d on d.id = asked.delivery and d.state = 'pending' and d.rounds = asked.round - 1
join events e on e.id = d.event_id
order by d.id
