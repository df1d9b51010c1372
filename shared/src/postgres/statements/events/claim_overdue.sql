-- Takes pending deliveries that fell due within a span and puts them off.
--
-- $1 $2 the span, both ends in it  $3 when they are due again  $4 how many
--
-- Those that another sweeper holds are skipped, so that none is published by two at once.
with
overdue as materialized (
    select d.id from event_deliveries d
    where d.state = 'pending' and d.due_at between $1::timestamptz and $2::timestamptz
    order by d.due_at, d.id
    limit $4::bigint
    for update skip locked
)
update event_deliveries d
set due_at = $3::timestamptz
from events e
-- An array, not a join: the planner knows it is short and takes the index.
where d.id = any (array(select o.id from overdue o)) and e.id = d.event_id
returning d.id, d.rounds, e.priority
