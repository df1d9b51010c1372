-- Messages (`counted`), and what they answer. In a session everyone but its visitor is staff. What a message
-- answers is told by its place in the log, whose earlier entries are all there: so it is the same whenever
-- it is counted.
spoken as materialized (
    select
        c.*,
        s.first_assigned_at,
        case when c.sender_id <> s.visitor_id then c.sender_id end as staff_id,
        -- Only of what staff says, as `staff_id` above: most rooms have no session, and the planner, which
        -- doesn't know that, may read the whole log of messages to find nothing.
        -- What staff said last before it.
        case when c.sender_id <> s.visitor_id then (
            select b.seq from messages b
            where b.room_id = s.room_id and b.seq < c.seq and b.entry = 'message'
              and b.sender_id <> s.visitor_id
            order by b.seq desc
            limit 1
        ) end as before,
        -- Whether staff said something before it, once somebody had the session.
        case when c.sender_id <> s.visitor_id then exists (
            select from messages b
            where b.room_id = s.room_id and b.seq < c.seq and b.entry = 'message'
              and b.sender_id <> s.visitor_id and b.created_at >= s.first_assigned_at
        ) end as followed
    from counted c
    left join sessions s on s.room_id = c.room_id
),
said as materialized (
    select
        k.day,
        k.hour,
        k.sender_id,
        k.staff_id,
        case
            when k.staff_id is not null and not k.followed and k.at >= k.first_assigned_at
            then round(extract(epoch from k.at - k.first_assigned_at) * 1000)::bigint
        end as first_answer_ms,
        -- From the first thing that the visitor said since.
        case when k.staff_id is not null then (
            select greatest(round(extract(epoch from k.at - q.created_at) * 1000)::bigint, 0)
            from messages q
            where q.room_id = k.room_id and q.seq > coalesce(k.before, 0) and q.seq < k.seq
              and q.entry = 'message'
            order by q.seq
            limit 1
        ) end as answer_ms
    from spoken k
),
said_hours as (
    select
        day, hour, count(*) as messages,
        count(first_answer_ms) as first_answers, coalesce(sum(first_answer_ms), 0)::bigint as first_answer_ms,
        count(answer_ms) as answers, coalesce(sum(answer_ms), 0)::bigint as answer_ms
    from said
    group by day, hour
),
said_staff as (
    select
        day, staff_id, count(*) as messages,
        count(first_answer_ms) as first_answers, coalesce(sum(first_answer_ms), 0)::bigint as first_answer_ms,
        count(answer_ms) as answers, coalesce(sum(answer_ms), 0)::bigint as answer_ms
    from said
    where staff_id is not null
    group by day, staff_id
),
