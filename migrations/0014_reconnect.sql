-- When a connection is to be told to open its successor, before the gateway ends it; null once it was told.

alter table connections add column reconnect_at timestamptz;
create index connections_reconnect_at on connections (reconnect_at) where reconnect_at is not null;
