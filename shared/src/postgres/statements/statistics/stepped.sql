-- Steps of sessions (`taken`), and what each counts as.
stepped as materialized (
    select
        t.day,
        t.hour,
        e.kind,
        -- Who was given the session; at its end, who served it last.
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
                select from session_events b
                where b.session_id = e.session_id and b.id < e.id and b.staff_id is not null
            )
            then greatest(round(extract(epoch from e.at - s.opened_at) * 1000)::bigint, 0)
        end as waited_ms,
        case
            when e.kind = 'closed' and s.first_assigned_at is not null
            then greatest(round(extract(epoch from e.at - s.first_assigned_at) * 1000)::bigint, 0)
        end as length_ms,
        e.kind = 'closed' and s.first_assigned_at is null as abandoned,
        case when e.kind = 'rated' then s.rating end as rating
    from taken t
    join session_events e on e.id = t.event
    join sessions s on s.id = e.session_id
),
stepped_hours as (
    select
        day, hour, count(*) filter (where kind = 'opened') as sessions,
        count(waited_ms) as waits, coalesce(sum(waited_ms), 0)::bigint as waited_ms,
        count(length_ms) as closed, coalesce(sum(length_ms), 0)::bigint as length_ms,
        count(*) filter (where abandoned) as abandoned,
        count(rating) as ratings, coalesce(sum(rating), 0)::bigint as rating_sum
    from stepped
    where kind in ('opened', 'closed', 'rated') or waited_ms is not null
    group by day, hour
),
stepped_staff as (
    select
        day, staff_id, count(*) filter (where kind in ('assigned', 'transferred')) as sessions,
        count(length_ms) as closed, coalesce(sum(length_ms), 0)::bigint as length_ms,
        count(rating) as ratings, coalesce(sum(rating), 0)::bigint as rating_sum
    from stepped
    where staff_id is not null
    group by day, staff_id
),
