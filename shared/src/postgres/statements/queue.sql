-- Where sessions stand in the queues, and how long they may have to wait.
--
-- Goes in front of a statement that reads `placed`.
with
-- How long the last fifty sessions of a team took; five minutes while there are none.
lasted as (
    select
        t.team,
        coalesce((
            select avg(extract(epoch from l.closed_at - l.first_assigned_at))
            from (
                select c.closed_at, c.first_assigned_at
                from sessions c
                where c.team = t.team and c.state = 'closed' and c.first_assigned_at is not null
                order by c.closed_at desc
                limit 50
            ) l
        ), 300) as seconds
    from (select distinct q.team from sessions q where q.state = 'queued') t
),
served as (
    select m.team, sum(coalesce(m.max_sessions, $1::integer)) as places
    from staff m
    where m.status = 'online'
    group by m.team
),
placed as (
    select
        s.id, s.visitor_id, s.team, s.opened_at, s.told_position, p.position,
        case when v.places > 0 then ceil(p.position * l.seconds / v.places)::bigint end as estimated_wait_s
    from sessions s
    join (
        select q.id, row_number() over (partition by q.team order by q.opened_at, q.id) as position
        from sessions q
        where q.state = 'queued'
    ) p on p.id = s.id
    join lasted l on l.team = s.team
    left join served v on v.team = s.team
)
