-- The registry: services, their running copies, and what each wants to hear.

create table services (
    name         text        primary key,
    -- What events to it are signed with (`whsec_...`): both sides hold it, so it is kept as it is.
    secret       text        not null,
    -- The one before, valid until then.
    old_secret   text,
    old_until    timestamptz,
    -- Moved by every choice of an instance: round robin goes by it, whoever asks.
    turn         bigint      not null default 0,
    created_at   timestamptz not null
);

create table service_instances (
    id            uuid             primary key,
    service       text             not null references services on delete cascade,
    url           text             not null,
    events_url    text             not null,
    -- Null: its heartbeats tell.
    health_url    text,
    metadata      jsonb            not null,
    -- 0 to 1, as its last heartbeat said.
    load          double precision,
    -- 'unknown', 'up' or 'down'.
    health        text             not null,
    -- Checks failed, and passed, in a row.
    failures      integer          not null default 0,
    successes     integer          not null default 0,
    checked_at    timestamptz,
    -- Of the next check; null: none is wanted.
    check_due_at  timestamptz,
    last_seen     timestamptz      not null,
    registered_at timestamptz      not null,
    registered_by bigint           references users on delete set null,
    constraint service_instances_unique unique (service, url)
);
create index service_instances_due on service_instances (check_due_at) where check_due_at is not null;
create index service_instances_last_seen on service_instances (last_seen);

-- Types of events that a service is sent besides those that name it.
create table service_subscriptions (
    service    text not null references services on delete cascade,
    event_type text not null,
    primary key (event_type, service)
);
create index service_subscriptions_service on service_subscriptions (service);
