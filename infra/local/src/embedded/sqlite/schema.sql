-- What migrations/ makes in Postgres, in SQLite's types: times are Unix milliseconds, ids of messages
-- 16 bytes, JSON is text. The reasons stand there.

create table users (
    id              integer primary key autoincrement,
    username        text,
    username_folded text    unique,
    nickname        text    not null,
    email           text,
    email_folded    text    unique,
    password_hash   text,
    role            text    not null,
    token_version   integer not null default 0,
    deleted         integer not null default 0,
    created_at      integer not null
) strict;

create table tickets (
    digest     blob    primary key,
    user_id    integer not null references users on delete cascade,
    expires_at integer not null
) strict;
create index tickets_expires_at on tickets (expires_at);

create table rooms (
    id                     integer primary key autoincrement,
    type                   text    not null,
    name                   text,
    name_folded            text,
    description            text    not null default '',
    history_before_joining integer not null default 1,
    created_by             integer references users on delete set null,
    created_at             integer not null,
    last_seq               integer not null default 0,
    last_number            integer not null default 0,
    active_at              integer not null,
    members_version        integer not null default 0,
    member_count           integer not null default 0,
    pair_low               integer references users on delete cascade,
    pair_high              integer references users on delete cascade,
    unique (pair_low, pair_high),
    check ((type = 'direct') = (pair_low is not null and pair_high is not null and pair_low < pair_high))
) strict;
create unique index rooms_public_name_unique on rooms (name_folded) where type = 'public';

create table room_members (
    room_id     integer not null references rooms on delete cascade,
    user_id     integer not null references users on delete cascade,
    role        text    not null,
    read_seq    integer not null,
    read_number integer not null,
    joined_seq  integer not null,
    joined_at   integer not null,
    primary key (room_id, user_id)
) strict, without rowid;
create index room_members_user on room_members (user_id, room_id);

create table bans (
    id         integer primary key,
    user_id    integer not null references users on delete cascade,
    room_id    integer references rooms on delete cascade,
    until      integer not null,
    reason     text    not null default '',
    created_by integer references users on delete set null,
    created_at integer not null
) strict;
create index bans_user on bans (user_id, until);

create table messages (
    id         blob    primary key,
    room_id    integer not null references rooms on delete cascade,
    seq        integer not null,
    sender_id  integer not null,
    client_id  text    not null,
    digest     blob    not null,
    entry      text    not null default 'message',
    kind       text    not null,
    content    text    not null,
    reply_to   blob,
    metadata   text,
    number     integer not null,
    created_at integer not null,
    unique (room_id, seq),
    unique (room_id, sender_id, client_id)
) strict;

create table outbox (
    id         integer primary key autoincrement,
    topic      text    not null,
    room_id    integer references rooms on delete cascade,
    message_id blob    references messages on delete cascade,
    payload    text,
    created_at integer not null,
    due_at     integer not null
) strict;
create index outbox_due_at on outbox (due_at, id);
create index outbox_message on outbox (message_id);
create index outbox_room on outbox (room_id);

create table connections (
    id           text    primary key,
    user_id      integer not null references users on delete cascade,
    endpoint     text    not null,
    device       text,
    connected_at integer not null
) strict;
create index connections_user on connections (user_id);
create index connections_connected_at on connections (connected_at);
create index connections_endpoint on connections (endpoint, connected_at);

create table epoch (
    only_row integer primary key check (only_row = 1),
    id       blob    not null
) strict;
insert into epoch (only_row, id) values (1, randomblob(16));

create table settings (
    name  text primary key,
    value text not null
) strict, without rowid;
