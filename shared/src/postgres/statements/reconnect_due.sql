-- Takes connections that are due to be told to open their successors, and puts them off.
--
-- $1 now  $2 when they fall due again, unless they were told  $3 how many
--
-- Rows that another holds are skipped, so that nobody is told by two at once.
with
due as materialized (
    select c.id from connections c
    where c.reconnect_at <= $1::timestamptz
    order by c.reconnect_at, c.id
    limit $3::bigint
    for update skip locked
)
update connections c
set reconnect_at = $2::timestamptz
where c.id = any (array(select d.id from due d))
returning c.*
