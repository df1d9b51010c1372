-- Where the events of many services go: their secrets, and those of their instances that are up.
--
-- $1  names text[]
-- $2  now timestamptz
--
-- name, secret, old_secret (while it is valid), and the columns of an instance, null when none is up.
select s.name, s.secret, case when s.old_until > $2 then s.old_secret end as old_secret, i.*
from services s
left join service_instances i on i.service = s.name and i.health = 'up'
where s.name = any($1)
order by s.name, i.registered_at, i.id
