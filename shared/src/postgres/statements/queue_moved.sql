-- $2 team  $3 how far from the head
--
-- Rows that somebody else holds are left: either they are told there, or what becomes of them moves the queue once
-- more. So nobody here waits for a row, and two who change several can't wait for each other.
, moved as (
    select s.id
    from sessions s
    join placed p on p.id = s.id
    where p.team = $2::text and p.position <= $3::bigint and s.state = 'queued'
      and s.told_position is distinct from p.position
    for no key update of s skip locked
), told as (
    update sessions s
    set told_position = p.position
    from placed p
    join moved on moved.id = p.id
    where s.id = p.id
    returning s.id, s.visitor_id, p.position, p.estimated_wait_s
)
select id, visitor_id, position, estimated_wait_s from told order by position
