-- Every live socket: what presence is rebuilt from. Written with synchronous_commit off.

create table connections (
    id           text        primary key,
    user_id      bigint      not null references users on delete cascade,
    -- The `@connections` base URL of the API or runner that holds the socket.
    endpoint     text        not null,
    device       text,
    connected_at timestamptz not null
);
create index connections_user on connections (user_id);
create index connections_connected_at on connections (connected_at);
create index connections_endpoint on connections (endpoint, connected_at);
