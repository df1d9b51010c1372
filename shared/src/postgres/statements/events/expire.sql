-- Removes events past their retention that are on their way to nobody any more.
--
-- $1 from before then  $2 how many
delete from events
where id = any (array(
    select e.id from events e
    where e.created_at < $1::timestamptz
      and not exists (
        select from event_deliveries d where d.event_id = e.id and d.state = 'pending'
      )
    order by e.created_at, e.id
    limit $2::bigint
))
