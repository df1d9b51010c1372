-- The connections from the one after $1 on (null: the first) that no revocation has overtaken, $2 at most, with
-- the rooms of their users.
select
    c.*,
    greatest(c.connected_at, u.heard_at) as heard_at,
    array(select m.room_id from room_members m where m.user_id = c.user_id order by m.room_id) as rooms
from connections c
join users u on u.id = c.user_id
where c.id > coalesce($1::text, '') and not coalesce(c.token_version < u.token_version, false)
order by c.id
limit $2::bigint
