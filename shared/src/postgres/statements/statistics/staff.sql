-- $1 first day  $2 last day  $3 when the first begins  $4 when the last ends, or now  $5 limit  $6 offset
with figures as (
    select
        staff_id, sum(messages)::bigint as messages, sum(sessions)::bigint as sessions,
        sum(closed)::bigint as closed, sum(length_ms)::bigint as length_ms,
        sum(first_answers)::bigint as first_answers, sum(first_answer_ms)::bigint as first_answer_ms,
        sum(answers)::bigint as answers, sum(answer_ms)::bigint as answer_ms,
        sum(ratings)::bigint as ratings, sum(rating_sum)::bigint as rating_sum
    from statistics_staff
    where day between $1::text::date and $2::text::date
    group by staff_id
),
-- Whoever is there still has been there up to now.
online as (
    select
        staff_id,
        sum(
            round(extract(epoch from least(coalesce(ended_at, $4), $4) - greatest(began_at, $3)) * 1000)
        )::bigint as online_ms
    from staff_spans
    where began_at < $4::timestamptz and coalesce(ended_at, 'infinity') > $3::timestamptz
    group by staff_id
),
shown as (
    select user_id from staff
    union
    select staff_id from figures
    union
    select staff_id from online
)
select
    s.user_id as id, u.username, coalesce(u.nickname, '') as nickname, count(*) over () as total,
    coalesce(f.messages, 0) as messages, coalesce(f.sessions, 0) as sessions, coalesce(f.closed, 0) as closed,
    coalesce(f.length_ms, 0) as length_ms, coalesce(f.first_answers, 0) as first_answers,
    coalesce(f.first_answer_ms, 0) as first_answer_ms, coalesce(f.answers, 0) as answers,
    coalesce(f.answer_ms, 0) as answer_ms, coalesce(f.ratings, 0) as ratings,
    coalesce(f.rating_sum, 0) as rating_sum, coalesce(o.online_ms, 0) as online_ms
from shown s
left join users u on u.id = s.user_id
left join figures f on f.staff_id = s.user_id
left join online o on o.staff_id = s.user_id
order by s.user_id
limit $5 offset $6
