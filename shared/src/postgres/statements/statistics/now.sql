-- $1 sessions of staff without a number of their own
select
    (select count(*) from sessions where state = 'active') as active_sessions,
    (select count(*) from sessions where state = 'queued') as queued,
    (select count(*) from staff where status <> 'offline') as online_staff,
    (
        select coalesce(sum(coalesce(max_sessions, $1::integer)), 0)::bigint from staff where status = 'online'
    ) as places,
    (
        select count(*)
        from staff m
        join sessions s on s.staff_id = m.user_id and s.state = 'active'
        where m.status = 'online'
    ) as taken,
    (select count(*) from outbox) as backlog
