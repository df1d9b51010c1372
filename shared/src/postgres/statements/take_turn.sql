-- The instances of a service that are up, and whose turn it is: each statement takes the next turn.
--
-- $1  name text
--
-- turn, and the columns of an instance, null when none is up; no row when there is no such service.
with taken as (
    update services set turn = turn + 1 where name = $1 returning turn
)
select taken.turn, i.*
from taken
left join service_instances i on i.service = $1 and i.health = 'up'
order by i.registered_at, i.id
