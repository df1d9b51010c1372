-- A broadcast and what became of its sockets.
--
-- $1 the broadcast
--
-- A chunk whose attempt left nobody was made again after it had been handed on when there are later attempts: those
-- don't count. Neither do chunks of a step that somebody else took first, which stay at 0 sockets.
select
    b.id, b.message_type, b.target_type, b.created_at, b.found_all,
    greatest(b.moved_at, t.at) as moved_at, t.sockets, t.posted, t.gone, t.given_up
from broadcasts b
cross join lateral (
    select
        coalesce(sum(c.sockets), 0)::bigint as sockets, coalesce(sum(c.posted), 0)::bigint as posted,
        coalesce(sum(c.gone), 0)::bigint as gone, coalesce(sum(c.given_up), 0)::bigint as given_up,
        max(c.at) as at
    from (
        select
            k.*,
            max(k.sockets) over (partition by k.chunk) > 0 as counts,
            min(k.handed_on) over (
                partition by k.chunk order by k.attempt rows between unbounded preceding and 1 preceding
            ) as handed_on_before
        from broadcast_chunks k
        where k.broadcast_id = b.id
    ) c
    where c.counts and coalesce(c.handed_on_before, 1) > 0
) t
where b.id = $1
