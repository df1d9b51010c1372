-- The connections from the one after $1 on (null: the first), $2 at most, with the rooms of their users.
select
    c.*,
    array(select m.room_id from room_members m where m.user_id = c.user_id order by m.room_id) as rooms
from connections c
where c.id > coalesce($1::text, '')
order by c.id
limit $2::bigint
