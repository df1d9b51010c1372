-- As Postgres' queue.sql: in front of a statement that reads `placed`.
--
-- ?1 places of a staff member without a number of their own
with
-- How long the last fifty sessions of a team took; five minutes while there are none.
lasted as (
    select
        t.team,
        coalesce((
            select avg(l.closed_at - l.first_assigned_at) / 1000
            from (
                select c.closed_at, c.first_assigned_at
                from sessions c
                where c.team = t.team and c.state = 'closed' and c.first_assigned_at is not null
                order by c.closed_at desc
                limit 50
            ) l
        ), 300.0) as seconds
    from (select distinct q.team from sessions q where q.state = 'queued') t
),
served as (
    select m.team, sum(coalesce(m.max_sessions, ?1)) as places
    from staff m
    where m.status = 'online'
    group by m.team
),
waiting as (
    select
        s.id, s.visitor_id, s.team, s.told_position,
        row_number() over (partition by s.team order by s.opened_at, s.id) as position
    from sessions s
    where s.state = 'queued'
),
expected as (
    select w.*, case when v.places > 0 then w.position * l.seconds / v.places end as wait
    from waiting w
    join lasted l on l.team = w.team
    left join served v on v.team = w.team
),
placed as (
    select
        e.id, e.visitor_id, e.team, e.told_position, e.position,
        -- Rounded up.
        cast(e.wait as integer) + (e.wait > cast(e.wait as integer)) as estimated_wait_s
    from expected e
)
