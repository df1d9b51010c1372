-- As migrations/0014_reconnect.sql.

alter table connections add column reconnect_at integer;
create index connections_reconnect_at on connections (reconnect_at) where reconnect_at is not null;
