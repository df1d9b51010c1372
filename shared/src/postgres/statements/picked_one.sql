-- Room $2 for viewer $1.
with picked as (select 1::bigint as total, r.id as room_id from rooms r where r.id = $2::bigint)
