-- The rooms of viewer $1, $2 of them after $3, newest activity first.
with picked as (
    select all_of.total, page.room_id
    from (select count(*) as total from room_members where user_id = $1::bigint) all_of
    left join lateral (
        select m.room_id
        from room_members m
        join rooms r on r.id = m.room_id
        where m.user_id = $1
        order by r.active_at desc, r.id desc
        limit $2::bigint offset $3::bigint
    ) page on true
)
