-- What migrations/0023_events.sql makes in Postgres.

create table events (
    id             text    primary key,
    type           text    not null,
    source_service text    not null,
    target_service text,
    data           text    not null,
    digest         blob    not null,
    priority       integer not null,
    published_by   integer references users on delete set null,
    created_at     integer not null
) strict, without rowid;
create index events_created_at on events (created_at, id);
create index events_type on events (type, created_at, id);
create index events_source on events (source_service, created_at, id);
create index events_target on events (target_service, created_at, id) where target_service is not null;
create index events_published_by on events (published_by) where published_by is not null;

create table event_deliveries (
    id            integer primary key autoincrement,
    event_id      text    not null references events on delete cascade,
    service       text    not null,
    state         text    not null,
    rounds        integer not null default 0,
    revived_after integer not null default 0,
    due_at        integer not null,
    settled_at    integer,
    reason        text,
    unique (event_id, service)
) strict;
create index event_deliveries_due on event_deliveries (due_at, id) where state = 'pending';
create index event_deliveries_dead on event_deliveries (id) where state = 'dead';

create table event_attempts (
    delivery_id integer not null references event_deliveries on delete cascade,
    round       integer not null,
    attempt     integer not null,
    url         text,
    at          integer not null,
    took_ms     integer not null,
    status      integer,
    error       text,
    primary key (delivery_id, round, attempt)
) strict, without rowid;

create table broadcasts (
    id           blob    primary key,
    message_type text    not null,
    target_type  text    not null,
    target_id    integer,
    data         text    not null,
    digest       blob    not null,
    created_by   integer references users on delete set null,
    created_at   integer not null,
    outbox_id    integer not null,
    steps        integer not null default 0,
    after        text,
    moved_at     integer not null,
    found_all    integer not null default 0
) strict;
create index broadcasts_created_at on broadcasts (created_at);
create index broadcasts_created_by on broadcasts (created_by) where created_by is not null;

create table broadcast_chunks (
    broadcast_id blob    not null references broadcasts on delete cascade,
    chunk        blob    not null,
    attempt      integer not null,
    sockets      integer not null default 0,
    posted       integer not null default 0,
    gone         integer not null default 0,
    handed_on    integer not null default 0,
    given_up     integer not null default 0,
    at           integer,
    primary key (broadcast_id, chunk, attempt)
) strict, without rowid;
