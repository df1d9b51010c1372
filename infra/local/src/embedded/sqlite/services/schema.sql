-- What migrations/0022_services.sql makes in Postgres.

create table services (
    name       text    primary key,
    secret     text    not null,
    old_secret text,
    old_until  integer,
    turn       integer not null default 0,
    created_at integer not null
) strict, without rowid;

create table service_instances (
    id            blob    primary key,
    service       text    not null references services on delete cascade,
    url           text    not null,
    events_url    text    not null,
    health_url    text,
    metadata      text    not null,
    load          real,
    health        text    not null,
    failures      integer not null default 0,
    successes     integer not null default 0,
    checked_at    integer,
    check_due_at  integer,
    last_seen     integer not null,
    registered_at integer not null,
    registered_by integer references users on delete set null,
    unique (service, url)
) strict;
create index service_instances_due on service_instances (check_due_at) where check_due_at is not null;
create index service_instances_last_seen on service_instances (last_seen);

create table service_subscriptions (
    service    text not null references services on delete cascade,
    event_type text not null,
    primary key (event_type, service)
) strict, without rowid;
create index service_subscriptions_service on service_subscriptions (service);
