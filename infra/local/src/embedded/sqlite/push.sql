-- What migrations/0015_push.sql makes in Postgres.

create table push_subscriptions (
    id            integer primary key autoincrement,
    user_id       integer not null references users on delete cascade,
    token_version integer not null,
    endpoint      text    not null unique,
    p256dh        text    not null,
    auth          text    not null,
    device        text,
    expires_at    integer,
    created_at    integer not null
) strict;
create index push_subscriptions_user on push_subscriptions (user_id, id);

create table push_pending (
    user_id    integer not null references users on delete cascade,
    room_id    integer not null references rooms on delete cascade,
    created_at integer not null,
    primary key (user_id, room_id)
) strict, without rowid;
create index push_pending_created_at on push_pending (created_at);
create index push_pending_room on push_pending (room_id);
