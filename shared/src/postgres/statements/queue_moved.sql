-- $2 team  $3 how far from the head
, told as (
    update sessions s
    set told_position = p.position
    from placed p
    where s.id = p.id and p.team = $2::text and p.position <= $3::bigint and s.state = 'queued'
      and s.told_position is distinct from p.position
    returning s.id, s.visitor_id, p.position, p.estimated_wait_s
)
select id, visitor_id, position, estimated_wait_s from told order by position
