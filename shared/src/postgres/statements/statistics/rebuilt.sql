-- Each part is run when it is first read: in this order, everywhere.
select (select count(*) from days) + (select count(*) from hours) + (select count(*) from staff)
