-- Adds to what is kept, row by row in the order of their keys, so that two who count at once wait for each
-- other and never in a circle.
hours as (
    insert into statistics_hours as kept (
        day, hour, messages, sessions, waits, waited_ms, first_answers, first_answer_ms, answers, answer_ms,
        closed, length_ms, abandoned, ratings, rating_sum
    )
    select
        day, hour, messages, sessions, waits, waited_ms, first_answers, first_answer_ms, answers, answer_ms,
        closed, length_ms, abandoned, ratings, rating_sum
    from hour_changes
    order by day, hour
    on conflict (day, hour) do update set
        messages = kept.messages + excluded.messages,
        sessions = kept.sessions + excluded.sessions,
        waits = kept.waits + excluded.waits,
        waited_ms = kept.waited_ms + excluded.waited_ms,
        first_answers = kept.first_answers + excluded.first_answers,
        first_answer_ms = kept.first_answer_ms + excluded.first_answer_ms,
        answers = kept.answers + excluded.answers,
        answer_ms = kept.answer_ms + excluded.answer_ms,
        closed = kept.closed + excluded.closed,
        length_ms = kept.length_ms + excluded.length_ms,
        abandoned = kept.abandoned + excluded.abandoned,
        ratings = kept.ratings + excluded.ratings,
        rating_sum = kept.rating_sum + excluded.rating_sum
    returning 1
),
staff as (
    insert into statistics_staff as kept (
        day, staff_id, messages, sessions, closed, length_ms, first_answers, first_answer_ms, answers,
        answer_ms, ratings, rating_sum
    )
    select
        day, staff_id, messages, sessions, closed, length_ms, first_answers, first_answer_ms, answers,
        answer_ms, ratings, rating_sum
    from staff_changes
    order by day, staff_id
    on conflict (day, staff_id) do update set
        messages = kept.messages + excluded.messages,
        sessions = kept.sessions + excluded.sessions,
        closed = kept.closed + excluded.closed,
        length_ms = kept.length_ms + excluded.length_ms,
        first_answers = kept.first_answers + excluded.first_answers,
        first_answer_ms = kept.first_answer_ms + excluded.first_answer_ms,
        answers = kept.answers + excluded.answers,
        answer_ms = kept.answer_ms + excluded.answer_ms,
        ratings = kept.ratings + excluded.ratings,
        rating_sum = kept.rating_sum + excluded.rating_sum
    returning 1
)
