-- The instances of a service that are up; as take_turn.sql, but no turn is taken.
--
-- $1  name text
select s.turn, i.*
from services s
left join service_instances i on i.service = s.name and i.health = 'up'
where s.name = $1
order by i.registered_at, i.id
