-- The rooms that user $1 is in, from the index alone.
select room_id from room_members where user_id = $1::bigint order by room_id
