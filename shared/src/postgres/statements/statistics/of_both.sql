senders as materialized (
    select distinct day, sender_id from said
),
gone as (
    delete from statistics_actives a
    where a.day between (select min(day) from spans) and (select max(day) from spans)
      and not exists (select from senders s where s.day = a.day and s.sender_id = a.user_id)
    returning a.day
),
come as (
    insert into statistics_actives (day, user_id)
    select s.day, s.sender_id from senders s
    where not exists (select from statistics_actives a where a.day = s.day and a.user_id = s.sender_id)
    order by s.day, s.sender_id
    on conflict do nothing
    returning day
),
-- By how many they are more now, and by how many they were miscounted before.
day_changes as (
    select day, sum(more)::bigint as more
    from (
        select day, 1 as more from come
        union all
        select day, -1 from gone
        union all
        select day, 1 from statistics_actives
        where day between (select min(day) from spans) and (select max(day) from spans)
        union all
        select day, -active_users from statistics_days
        where day between (select min(day) from spans) and (select max(day) from spans)
    ) parts
    group by day
    having sum(more) <> 0
),
days as (
    insert into statistics_days as kept (day, active_users)
    select day, more from day_changes order by day
    on conflict (day) do update set active_users = kept.active_users + excluded.active_users
    returning 1
),
hour_parts as (
    select
        day, hour, messages, 0::bigint as sessions, 0::bigint as waits, 0::bigint as waited_ms, first_answers,
        first_answer_ms, answers, answer_ms, 0::bigint as closed, 0::bigint as length_ms,
        0::bigint as abandoned, 0::bigint as ratings, 0::bigint as rating_sum
    from said_hours
    union all
    select
        day, hour, 0, sessions, waits, waited_ms, 0, 0, 0, 0, closed, length_ms, abandoned, ratings, rating_sum
    from stepped_hours
    union all
    select
        day, hour, -messages, -sessions, -waits, -waited_ms, -first_answers, -first_answer_ms, -answers,
        -answer_ms, -closed, -length_ms, -abandoned, -ratings, -rating_sum
    from statistics_hours
    where day between (select min(day) from spans) and (select max(day) from spans)
),
hour_sums as (
    select
        day, hour, sum(messages)::bigint as messages, sum(sessions)::bigint as sessions,
        sum(waits)::bigint as waits, sum(waited_ms)::bigint as waited_ms,
        sum(first_answers)::bigint as first_answers, sum(first_answer_ms)::bigint as first_answer_ms,
        sum(answers)::bigint as answers, sum(answer_ms)::bigint as answer_ms, sum(closed)::bigint as closed,
        sum(length_ms)::bigint as length_ms, sum(abandoned)::bigint as abandoned,
        sum(ratings)::bigint as ratings, sum(rating_sum)::bigint as rating_sum
    from hour_parts
    group by day, hour
),
hour_changes as (
    select * from hour_sums
    where (
        messages, sessions, waits, waited_ms, first_answers, first_answer_ms, answers, answer_ms, closed,
        length_ms, abandoned, ratings, rating_sum
    ) is distinct from (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
),
staff_parts as (
    select
        day, staff_id, messages, 0::bigint as sessions, 0::bigint as closed, 0::bigint as length_ms,
        first_answers, first_answer_ms, answers, answer_ms, 0::bigint as ratings, 0::bigint as rating_sum
    from said_staff
    union all
    select day, staff_id, 0, sessions, closed, length_ms, 0, 0, 0, 0, ratings, rating_sum from stepped_staff
    union all
    select
        day, staff_id, -messages, -sessions, -closed, -length_ms, -first_answers, -first_answer_ms, -answers,
        -answer_ms, -ratings, -rating_sum
    from statistics_staff
    where day between (select min(day) from spans) and (select max(day) from spans)
),
staff_sums as (
    select
        day, staff_id, sum(messages)::bigint as messages, sum(sessions)::bigint as sessions,
        sum(closed)::bigint as closed, sum(length_ms)::bigint as length_ms,
        sum(first_answers)::bigint as first_answers, sum(first_answer_ms)::bigint as first_answer_ms,
        sum(answers)::bigint as answers, sum(answer_ms)::bigint as answer_ms,
        sum(ratings)::bigint as ratings, sum(rating_sum)::bigint as rating_sum
    from staff_parts
    group by day, staff_id
),
staff_changes as (
    select * from staff_sums
    where (
        messages, sessions, closed, length_ms, first_answers, first_answer_ms, answers, answer_ms, ratings,
        rating_sum
    ) is distinct from (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
),
