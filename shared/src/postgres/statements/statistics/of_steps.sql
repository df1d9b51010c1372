hour_changes as (
    select
        day, hour, 0 as messages, sessions, waits, waited_ms, 0 as first_answers, 0 as first_answer_ms,
        0 as answers, 0 as answer_ms, closed, length_ms, abandoned, ratings, rating_sum
    from stepped_hours
),
staff_changes as (
    select
        day, staff_id, 0 as messages, sessions, closed, length_ms, 0 as first_answers, 0 as first_answer_ms,
        0 as answers, 0 as answer_ms, ratings, rating_sum
    from stepped_staff
),
