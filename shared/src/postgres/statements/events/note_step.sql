-- Writes a step of a broadcast down, unless somebody else took it: a row for each chunk, and after the last one no
-- outbox row any more.
--
-- $1 the broadcast  $2 the step  $3 its last connection  $4 whether it is the last  $5 chunks  $6 how many sockets
-- each is for  $7 now
with
moved as (
    update broadcasts b
    set steps = b.steps + 1, after = $3::text, moved_at = $7::timestamptz, found_all = $4::boolean
    where b.id = $1::uuid and b.steps = $2::integer and not b.found_all
    returning b.id, b.outbox_id, b.found_all
),
found as (
    -- Who posts a chunk may have written its row first.
    insert into broadcast_chunks (broadcast_id, chunk, attempt, sockets)
    select m.id, c.chunk, 0, c.sockets
    from moved m, unnest($5::uuid[], $6::integer[]) as c (chunk, sockets)
    on conflict (broadcast_id, chunk, attempt) do update set sockets = excluded.sockets
),
settled as (
    delete from outbox o using moved m where o.id = m.outbox_id and m.found_all
)
select m.id from moved m
