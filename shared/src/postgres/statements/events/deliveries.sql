-- An event's deliveries, a row for each attempt, and one for a delivery that nobody has tried.
--
-- $1 the event
select
    d.id, d.event_id, d.service, d.state, d.rounds, d.revived_after, d.due_at, d.settled_at, d.reason,
    a.round, a.url, a.at, a.took_ms, a.status, a.error
from event_deliveries d
left join event_attempts a on a.delivery_id = d.id
where d.event_id = $1
order by d.service, a.round, a.attempt
