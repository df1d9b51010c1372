-- Every room that viewer $1 may know of, $2 of them after $3, newest activity first.
with
known as (
    select r.id, r.active_at from rooms r
    where r.type <> 'direct' or $1::bigint in (r.pair_low, r.pair_high)
),
picked as (
    select all_of.total, page.id as room_id
    from (select count(*) as total from known) all_of
    left join lateral (
        select k.id from known k
        order by k.active_at desc, k.id desc
        limit $2::bigint offset $3::bigint
    ) page on true
)
