-- $1 first day  $2 last day
select
    to_char(day, 'YYYY-MM-DD') as day, hour, messages, sessions, waits, waited_ms, first_answers,
    first_answer_ms, answers, answer_ms, closed, length_ms, abandoned, ratings, rating_sum
from statistics_hours
where day between $1::text::date and $2::text::date
order by statistics_hours.day, hour
