-- Each part is run when it is first read: in this order, everywhere.
select
    array(select id from settled order by id) as settled,
    (select count(*) from days) as days,
    (select count(*) from hours) as hours,
    (select count(*) from staff) as staff
