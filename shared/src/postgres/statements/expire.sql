-- Removes the oldest entries of the rooms' logs, and notes where each log now begins.
--
-- $1 ids below this are too old  $2 how many to look at
--
-- Ids begin with the time, so the primary key finds the old ones. What is removed of a room is the head of
-- its log as a whole: an entry between old ones goes with them, though another clock made it look younger.
-- The messages are locked before the rooms, as where one is revised.
with
old as materialized (
    select m.room_id, m.seq from messages m
    where m.id < $1::uuid
    order by m.id
    limit $2::bigint
),
heads as materialized (
    select o.room_id, max(o.seq) as seq from old o group by o.room_id
),
removed as (
    delete from messages m
    using heads h
    cross join lateral (
        select w.id from messages w
        where w.room_id = h.room_id and w.seq <= h.seq
        order by w.seq
        limit 2 * $2
    ) gone
    where m.id = gone.id
    returning m.room_id, m.seq
),
moved as (
    update rooms r
    set first_seq = (select max(m.seq) + 1 from removed m where m.room_id = r.id)
    -- An array, not a join: the planner knows it is short and takes the index.
    where r.id = any (array(select m.room_id from removed m))
)
select count(*) from removed
