-- $1 first day  $2 last day
select to_char(day, 'YYYY-MM-DD') as day, active_users
from statistics_days
where day between $1::text::date and $2::text::date
order by statistics_days.day
