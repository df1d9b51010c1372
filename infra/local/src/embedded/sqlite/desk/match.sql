-- As Postgres' match.sql, of which it is the part that reads: one writer has the whole file.
--
-- ?1 places of a staff member without a number of their own  ?2 now
with recursive
waiting as (
    select
        s.id, s.team,
        row_number() over (partition by s.team order by s.opened_at, s.id) as turn
    from sessions s
    where s.state = 'queued'
),
serving as (
    select
        m.user_id, m.team, m.idle_since, m.served_at,
        coalesce(m.max_sessions, ?1) as most,
        coalesce(t.strategy, 'least_sessions') as strategy,
        (select count(*) from sessions s where s.staff_id = m.user_id and s.state = 'active') as held
    from staff m
    left join teams t on t.name = m.team
    where m.status = 'online' and m.team in (select w.team from waiting w)
),
-- A row for each place that is free.
free as (
    select f.*, 1 as nth from serving f where f.most > f.held
    union all
    select f.user_id, f.team, f.idle_since, f.served_at, f.most, f.strategy, f.held, f.nth + 1
    from free f
    where f.nth < f.most - f.held
),
places as (
    select
        f.user_id, f.team,
        row_number() over (
            partition by f.team
            order by
                case when f.strategy = 'round_robin' then f.nth else f.held + f.nth end,
                case when f.strategy = 'round_robin' then f.served_at else
                    -- Whoever was just given one is no longer idle.
                    case when f.nth = 1 then f.idle_since else ?2 end
                end nulls first,
                f.user_id
        ) as turn
    from free f
)
select w.id, p.user_id
from waiting w
join places p on p.team = w.team and p.turn = w.turn
order by w.team, w.turn
