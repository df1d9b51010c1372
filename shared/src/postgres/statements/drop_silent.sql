-- Instances that gave no sign of life, forgotten.
--
-- $1  since when timestamptz
-- $2  how many at most bigint
delete from service_instances
-- As an array, so that the rows are found by their ids.
where id = any(array(
    select id from service_instances
    where last_seen < $1
    order by last_seen
    limit $2
    for update skip locked
))
returning *
