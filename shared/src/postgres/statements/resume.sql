-- What came since in every room that a client names, and where its user's other rooms stand.
--
-- $1 user  $2 rooms  $3 the last seq that the client has of each  $4 the epoch of these, null for this one
-- $5 most entries  $6 entries that begin within so many bytes  $7 most other rooms
--
-- A row for each room without entries, and one for each entry; the epoch alone when there is no room.
with
named as materialized (
    select
        r.id, r.first_seq, r.last_seq, a.seq as asked, wanted.seq as wanted,
        greatest(wanted.seq, r.first_seq - 1) as since
    from unnest($2::bigint[], $3::bigint[]) a (room_id, seq)
    join room_members m on m.room_id = a.room_id and m.user_id = $1::bigint
    join rooms r on r.id = m.room_id
    cross join lateral (
        -- What was said before they came stays hidden where the room says so.
        select greatest(a.seq, case when r.history_before_joining then 0 else m.joined_seq end) as seq
    ) wanted
),
-- There are no gaps in a log, so what a room has to tell is known without reading it. Those with little
-- come first, and each gets what of $5 they leave: a busy room holds up no other.
shares as materialized (
    select
        n.id, n.since, n.last_seq - n.since as behind,
        $5::bigint - coalesce(
            sum(n.last_seq - n.since) over (
                order by n.last_seq - n.since, n.id rows between unbounded preceding and 1 preceding
            )::bigint,
            0
        ) as share
    from named n
    where n.last_seq > n.since and ($4::uuid is null or $4 = (select e.id from epoch e))
),
entries as (
    select
        s.behind, w.*,
        octet_length(w.content) + coalesce(octet_length(w.metadata::text), 0) as size,
        sum(octet_length(w.content) + coalesce(octet_length(w.metadata::text), 0))
            over (order by s.behind, s.id, w.seq) as bytes
    from shares s
    cross join lateral (
        select * from messages m
        where m.room_id = s.id and m.seq > s.since and m.seq <= s.since + s.share
        order by m.seq
        limit $5
    ) w
    where s.share > 0
),
others as (
    select r.id, r.last_seq
    from room_members m
    join rooms r on r.id = m.room_id
    where m.user_id = $1 and m.room_id <> all ($2)
    order by r.active_at desc, r.id desc
    limit $7::bigint
),
rooms_of as (
    select n.id, n.first_seq, n.last_seq, n.asked, n.wanted, n.since from named n
    union all
    select o.id, null, o.last_seq, null, null, null from others o
)
select
    this.id as epoch,
    r.id as room, r.first_seq, r.last_seq, r.asked, r.wanted, r.since,
    e.id, e.room_id, e.seq, e.sender_id, (select u.nickname from users u where u.id = e.sender_id) as sender_name,
    e.kind, e.content, e.reply_to, e.metadata, e.created_at, e.edited_at, e.recalled_at,
    e.entry, e.target_id, e.target_seq
from epoch this
left join rooms_of r on true
left join entries e on e.room_id = r.id and e.bytes - e.size < $6::bigint
order by e.behind, e.room_id, e.seq
