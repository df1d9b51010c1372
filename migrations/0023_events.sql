-- What services tell each other, and where it has come to.

create table events (
    id             text        primary key,
    type           text        not null,
    source_service text        not null,
    target_service text,
    data           jsonb       not null,
    -- Of the event as it was published: the same id with another is a conflict.
    digest         bytea       not null,
    priority       smallint    not null,
    -- Null: Hark itself.
    published_by   bigint      references users on delete set null,
    created_at     timestamptz not null
);
create index events_created_at on events (created_at, id);
create index events_type on events (type, created_at, id);
create index events_source on events (source_service, created_at, id);
create index events_target on events (target_service, created_at, id) where target_service is not null;
create index events_published_by on events (published_by) where published_by is not null;

-- An event on its way to one service. The row is its own outbox: whoever finds it overdue publishes it again.
create table event_deliveries (
    id            bigint      generated always as identity primary key,
    event_id      text        not null references events on delete cascade,
    -- No reference: it may register later.
    service       text        not null,
    -- 'pending', 'delivered' or 'dead'.
    state         text        not null,
    rounds        integer     not null default 0,
    -- The rounds that were behind it when it was last made pending again: the limit counts from here.
    revived_after integer     not null default 0,
    due_at        timestamptz not null,
    settled_at    timestamptz,
    reason        text,
    constraint event_deliveries_unique unique (event_id, service)
);
create index event_deliveries_due on event_deliveries (due_at, id) where state = 'pending';
create index event_deliveries_dead on event_deliveries (id) where state = 'dead';

create table event_attempts (
    delivery_id bigint      not null references event_deliveries on delete cascade,
    round       integer     not null,
    -- Within the round, from 1.
    attempt     smallint    not null,
    -- Null: there was nowhere to post it to.
    url         text,
    at          timestamptz not null,
    took_ms     integer     not null,
    status      smallint,
    error       text,
    primary key (delivery_id, round, attempt)
);

-- One frame for many sockets, found and posted to step by step.
create table broadcasts (
    id           uuid        primary key,
    -- 'notification' or 'system'.
    message_type text        not null,
    -- 'all', 'room' or 'user'; of the latter two the id.
    target_type  text        not null,
    target_id    bigint,
    data         jsonb       not null,
    digest       bytea       not null,
    created_by   bigint      references users on delete set null,
    created_at   timestamptz not null,
    -- The row that is open until every socket is found.
    outbox_id    bigint      not null,
    -- Steps taken, the last connection of the last of them, and when.
    steps        integer     not null default 0,
    after        text,
    moved_at     timestamptz not null,
    found_all    boolean     not null default false
);
create index broadcasts_created_at on broadcasts (created_at);
create index broadcasts_created_by on broadcasts (created_by) where created_by is not null;

-- What became of one message of a fan-out queue: a row for each time that it was handed on.
create table broadcast_chunks (
    broadcast_id uuid        not null references broadcasts on delete cascade,
    chunk        uuid        not null,
    attempt      smallint    not null,
    -- In the first row: how many it is for, once the step that found them counts. A step that was taken twice
    -- leaves chunks behind that stay at 0: they don't count.
    sockets      integer     not null default 0,
    posted       integer     not null default 0,
    gone         integer     not null default 0,
    -- Not reached by this attempt, and handed on to the next one.
    handed_on    integer     not null default 0,
    -- Not reached, and given up.
    given_up     integer     not null default 0,
    -- Null: found, not posted to yet.
    at           timestamptz,
    primary key (broadcast_id, chunk, attempt)
);
