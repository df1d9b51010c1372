-- As shared/src/postgres/statements/statistics/said.sql.
spoken as materialized (
    select
        c.*,
        s.first_assigned_at,
        case when c.sender_id <> s.visitor_id then c.sender_id end as staff_id,
        (
            select b.seq from messages b
            where b.room_id = s.room_id and b.seq < c.seq and b.entry = 'message'
              and b.sender_id <> s.visitor_id
            order by b.seq desc
            limit 1
        ) as before,
        exists (
            select 1 from messages b
            where b.room_id = s.room_id and b.seq < c.seq and b.entry = 'message'
              and b.sender_id <> s.visitor_id and b.created_at >= s.first_assigned_at
        ) as followed
    from counted c
    left join sessions s on s.room_id = c.room_id
)
select
    k.day,
    k.hour,
    k.sender_id,
    k.staff_id,
    case
        when k.staff_id is not null and not k.followed and k.at >= k.first_assigned_at
        then k.at - k.first_assigned_at
    end as first_answer_ms,
    case when k.staff_id is not null then (
        select max(k.at - q.created_at, 0)
        from messages q
        where q.room_id = k.room_id and q.seq > coalesce(k.before, 0) and q.seq < k.seq
          and q.entry = 'message'
        order by q.seq
        limit 1
    ) end as answer_ms
from spoken k
