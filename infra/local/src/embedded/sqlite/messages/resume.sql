-- As Postgres' resume.sql.
--
-- ?1 user  ?2 pairs of a room and a seq, as JSON  ?3 epoch or null  ?4 most entries  ?5 most bytes  ?6 most others
with
asked as materialized (
    select value ->> 0 as room_id, value ->> 1 as seq from json_each(?2)
),
named as materialized (
    select
        r.id, r.first_seq, r.last_seq, a.seq as asked,
        max(a.seq, case when r.history_before_joining then 0 else m.joined_seq end) as wanted,
        max(a.seq, case when r.history_before_joining then 0 else m.joined_seq end, r.first_seq - 1) as since
    from asked a
    join room_members m on m.room_id = a.room_id and m.user_id = ?1
    join rooms r on r.id = m.room_id
),
shares as materialized (
    select
        n.id, n.since, n.last_seq - n.since as behind,
        ?4 - coalesce(
            sum(n.last_seq - n.since) over (
                order by n.last_seq - n.since, n.id rows between unbounded preceding and 1 preceding
            ),
            0
        ) as share
    from named n
    where n.last_seq > n.since and (?3 is null or ?3 = (select e.id from epoch e))
),
entries as materialized (
    select
        s.behind, m.id,
        octet_length(m.content) + coalesce(octet_length(m.metadata), 0) as size,
        sum(octet_length(m.content) + coalesce(octet_length(m.metadata), 0))
            over (order by s.behind, s.id, m.seq) as bytes
    from shares s
    cross join messages m on m.room_id = s.id and m.seq > s.since and m.seq <= s.since + s.share
    where s.share > 0
),
others as (
    select r.id, r.last_seq
    from room_members m
    join rooms r on r.id = m.room_id
    where m.user_id = ?1 and m.room_id not in (select a.room_id from asked a)
    order by r.active_at desc, r.id desc
    limit ?6
),
rooms_of as (
    select n.id, n.first_seq, n.last_seq, n.asked, n.wanted, n.since from named n
    union all
    select o.id, null, o.last_seq, null, null, null from others o
)
