-- Matches what waits with the places that are free, team by team, first come first served.
--
-- $1 places of a staff member without a number of their own  $2 now
--
-- Run by whoever holds the desk, so that what it reads is what is. A staff member has a row for each free place:
-- giving one session after the other to whoever has the fewest is the same as going through the places by how
-- many their owner would have by then.
with
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
        coalesce(m.max_sessions, $1::integer) as most,
        coalesce(t.strategy, 'least_sessions') as strategy,
        (select count(*) from sessions s where s.staff_id = m.user_id and s.state = 'active') as held
    from staff m
    left join teams t on t.name = m.team
    where m.status = 'online' and m.team in (select w.team from waiting w)
),
places as (
    select
        f.user_id, f.team,
        row_number() over (
            partition by f.team
            order by
                case when f.strategy = 'round_robin' then nth else f.held + nth end,
                case when f.strategy = 'round_robin' then f.served_at else
                    -- Whoever was just given one is no longer idle.
                    case when nth = 1 then f.idle_since else $2::timestamptz end
                end nulls first,
                f.user_id
        ) as turn
    from serving f, generate_series(1, f.most - f.held) as nth
),
paired as (
    select w.id, p.user_id, w.team, w.turn
    from waiting w
    join places p on p.team = w.team and p.turn = w.turn
),
given as (
    update sessions s
    set state = 'active', staff_id = p.user_id, assigned_at = $2,
        first_assigned_at = coalesce(s.first_assigned_at, $2), told_position = null
    from paired p
    where s.id = p.id
),
served as (
    update staff m
    set idle_since = $2, served_at = $2
    -- An array, so that they are looked up one by one.
    where m.user_id = any (array(select p.user_id from paired p))
)
select p.id, p.user_id from paired p order by p.team, p.turn
