-- $1 first day  $2 last day
select count(*)
from (
    select distinct user_id from statistics_actives where day between $1::text::date and $2::text::date
) active
