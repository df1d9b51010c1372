-- $2 session
select id, visitor_id, position, estimated_wait_s from placed where id = $2::bigint
