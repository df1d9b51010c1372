-- Instances whose check is due, each given to one asker alone.
--
-- $1  now timestamptz
-- $2  when the next is due timestamptz
-- $3  how many at most bigint
update service_instances
set check_due_at = $2
-- As an array, so that the rows are found by their ids.
where id = any(array(
    select id from service_instances
    where check_due_at <= $1
    order by check_due_at
    limit $3
    for update skip locked
))
returning *
