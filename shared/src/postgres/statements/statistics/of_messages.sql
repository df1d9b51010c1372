hour_changes as (
    select
        day, hour, messages, 0 as sessions, 0 as waits, 0 as waited_ms, first_answers, first_answer_ms,
        answers, answer_ms, 0 as closed, 0 as length_ms, 0 as abandoned, 0 as ratings, 0 as rating_sum
    from said_hours
),
staff_changes as (
    select
        day, staff_id, messages, 0 as sessions, 0 as closed, 0 as length_ms, first_answers, first_answer_ms,
        answers, answer_ms, 0 as ratings, 0 as rating_sum
    from said_staff
),
newly as (
    insert into statistics_actives (day, user_id)
    select distinct day, sender_id from said order by day, sender_id
    on conflict do nothing
    returning day
),
days as (
    insert into statistics_days as kept (day, active_users)
    select day, count(*) from newly group by day order by day
    on conflict (day) do update set active_users = kept.active_users + excluded.active_users
    returning 1
),
