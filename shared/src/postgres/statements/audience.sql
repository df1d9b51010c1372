-- Everyone in room $1, and the version that the list belongs to: one snapshot.
select
    r.members_version,
    array(select m.user_id from room_members m where m.room_id = r.id order by m.user_id) as members
from rooms r
where r.id = $1::bigint
