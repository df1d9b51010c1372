-- Deliveries that were given up, newest first, with their events.
--
-- $1 the last one of the page before  $2 how many
select
    d.id as delivery, d.event_id, d.service, d.state, d.rounds, d.revived_after, d.due_at, d.settled_at, d.reason,
    e.id, e.type, e.source_service, e.target_service, e.data, e.priority, e.published_by, e.created_at
from event_deliveries d
join events e on e.id = d.event_id
where d.state = 'dead' and d.id < $1::bigint
order by d.id desc
limit $2::bigint
