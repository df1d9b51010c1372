-- $2 team, or null: every team  $3 rows before  $4 rows. A lone row without an id is an empty page.
, counted as (
    select count(*) as total from placed where $2::text is null or team = $2
)
select c.total, p.*
from counted c
left join (
    select
        q.id as placed_id, q.position, q.estimated_wait_s, q.team as placed_team, s.*
    from placed q
    join session_views s on s.id = q.id
    where $2 is null or q.team = $2
    order by q.team, q.position
    offset $3::bigint limit $4::bigint
) p on true
order by p.placed_team, p.position
