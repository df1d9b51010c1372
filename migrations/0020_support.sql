-- Customer service: visitors, staff, sessions and what became of them.

-- A row that whoever changes a session, a staff member or a team holds until the commit: so a place is given
-- away once, and nobody waits while one is free.
create table desk (
    only_row boolean primary key default true check (only_row)
);
insert into desk default values;

create table teams (
    -- Empty: the one desk of those who have no teams.
    name            text    primary key,
    -- 'least_sessions' or 'round_robin'.
    strategy        text    not null default 'least_sessions',
    -- Business hours: {"time_zone", "week": [{"day", "from", "to"}]}; null: always open.
    hours           jsonb,
    -- Said to who comes outside of them.
    offline_message text
);

create table visitors (
    user_id       bigint primary key references users on delete cascade,
    -- SHA-256 of the key that makes the same visitor again.
    key_digest    bytea  not null,
    -- What the visitor's page says of itself: {"url", "title", "referrer"}, and what the client adds.
    page          jsonb,
    metadata      jsonb,
    constraint visitors_key_unique unique (key_digest)
);

create table staff (
    user_id       bigint      primary key references users on delete cascade,
    team          text        not null default '',
    -- Null: the configured number.
    max_sessions  integer,
    -- 'online', 'busy', 'away' or 'offline': who is online is given sessions.
    status        text        not null default 'offline',
    status_since  timestamptz not null,
    -- Of the last session given to them or ended: ties go to whoever is idle for longest.
    idle_since    timestamptz not null,
    -- Of the last session given to them: round robin goes by it.
    served_at     timestamptz
);
create index staff_serving on staff (team, user_id) where status = 'online';

-- When a staff member was there: what online time is counted from.
create table staff_spans (
    id       bigint generated always as identity primary key,
    staff_id bigint      not null references users on delete cascade,
    began_at timestamptz not null,
    ended_at timestamptz
);
create unique index staff_spans_open on staff_spans (staff_id) where ended_at is null;
create index staff_spans_staff on staff_spans (staff_id, began_at);
create index staff_spans_began_at on staff_spans (began_at);

create table sessions (
    id            bigint generated always as identity primary key,
    room_id       bigint      not null references rooms on delete cascade,
    visitor_id    bigint      not null references users on delete cascade,
    team          text        not null,
    subject       text        not null default '',
    -- 'queued', 'active' or 'closed'.
    state         text        not null,
    -- Who serves it; of a closed one, who served it last.
    staff_id      bigint      references users on delete set null,
    -- The place in the queue goes by it, however often the session comes back.
    opened_at     timestamptz not null,
    -- Of the first time that it was given to anybody, and of the last.
    first_assigned_at timestamptz,
    assigned_at   timestamptz,
    -- The first answer of whoever served it.
    answered_at   timestamptz,
    closed_at     timestamptz,
    -- 'visitor', 'staff', 'idle' or 'system'.
    closed_by     text,
    -- 1 to 5.
    rating        smallint    check (rating between 1 and 5),
    comment       text,
    rated_at      timestamptz,
    -- Came outside of business hours.
    out_of_hours  boolean     not null default false,
    -- What the visitor was told last of their place in the queue.
    told_position bigint,
    constraint sessions_room_unique unique (room_id)
);
create unique index sessions_one_open on sessions (visitor_id) where state <> 'closed';
create index sessions_queue on sessions (team, opened_at, id) where state = 'queued';
create index sessions_serving on sessions (staff_id) where state = 'active';
create index sessions_of_visitor on sessions (visitor_id, opened_at desc);
create index sessions_of_staff on sessions (staff_id, opened_at desc);
create index sessions_opened_at on sessions (opened_at);
create index sessions_closed_at on sessions (team, closed_at desc) where state = 'closed';

-- Every change of a session, in order.
create table session_events (
    id         bigint generated always as identity primary key,
    session_id bigint      not null references sessions on delete cascade,
    -- 'opened', 'assigned', 'returned', 'transferred', 'closed' or 'rated'.
    kind       text        not null,
    -- Who had it before, and who has it after.
    before_id  bigint,
    staff_id   bigint,
    -- Who did it; null: nobody but the time.
    by_id      bigint,
    at         timestamptz not null
);
create index session_events_session on session_events (session_id, id);
create index session_events_at on session_events (at);

create table session_notes (
    id         bigint generated always as identity primary key,
    session_id bigint      not null references sessions on delete cascade,
    author_id  bigint      not null references users on delete cascade,
    content    text        not null,
    created_at timestamptz not null
);
create index session_notes_session on session_notes (session_id, id);

create table canned_replies (
    id         bigint generated always as identity primary key,
    -- Empty: for every team.
    team       text        not null default '',
    shortcut   text        not null,
    content    text        not null,
    created_at timestamptz not null,
    constraint canned_replies_unique unique (team, shortcut)
);

-- Nothing more is said in a room that is closed.
alter table rooms add column closed_at timestamptz;

-- A session with the names of those in it, as it is shown.
create view session_views as
select
    s.id, s.room_id, s.visitor_id, v.username as visitor_username, v.nickname as visitor_nickname,
    s.team, s.subject, s.state, s.staff_id, m.username as staff_username, m.nickname as staff_nickname,
    s.opened_at, s.first_assigned_at, s.assigned_at, s.closed_at, s.closed_by, s.rating, s.comment,
    s.out_of_hours
from sessions s
join users v on v.id = s.visitor_id
left join users m on m.id = s.staff_id;
