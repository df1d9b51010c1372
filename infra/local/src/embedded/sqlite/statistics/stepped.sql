-- As shared/src/postgres/statements/statistics/stepped.sql.
select
    t.day,
    t.hour,
    e.kind,
    case
        when e.kind in ('assigned', 'transferred') then e.staff_id
        when e.kind in ('closed', 'rated') then (
            select l.staff_id from session_events l
            where l.session_id = e.session_id and l.id <= e.id and l.staff_id is not null
            order by l.id desc
            limit 1
        )
    end as staff_id,
    case
        when e.kind in ('assigned', 'transferred') and e.staff_id is not null and not exists (
            select 1 from session_events b
            where b.session_id = e.session_id and b.id < e.id and b.staff_id is not null
        )
        then max(e.at - s.opened_at, 0)
    end as waited_ms,
    case when e.kind = 'closed' then max(e.at - s.first_assigned_at, 0) end as length_ms,
    e.kind = 'closed' and s.first_assigned_at is null as abandoned,
    case when e.kind = 'rated' then s.rating end as rating
from taken t
join session_events e on e.id = t.event
join sessions s on s.id = e.session_id
