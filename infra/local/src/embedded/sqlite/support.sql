-- What migrations/0020_support.sql makes in Postgres; the desk needs no row to be held, there is one writer.

create table teams (
    name            text primary key,
    strategy        text not null default 'least_sessions',
    hours           text,
    offline_message text
) strict, without rowid;

create table visitors (
    user_id    integer primary key references users on delete cascade,
    key_digest blob    not null unique,
    page       text,
    metadata   text
) strict;

create table staff (
    user_id      integer primary key references users on delete cascade,
    team         text    not null default '',
    max_sessions integer,
    status       text    not null default 'offline',
    status_since integer not null,
    idle_since   integer not null,
    served_at    integer
) strict;
create index staff_serving on staff (team, user_id) where status = 'online';

create table staff_spans (
    id       integer primary key autoincrement,
    staff_id integer not null references users on delete cascade,
    began_at integer not null,
    ended_at integer
) strict;
create unique index staff_spans_open on staff_spans (staff_id) where ended_at is null;
create index staff_spans_staff on staff_spans (staff_id, began_at);
create index staff_spans_began_at on staff_spans (began_at);

create table sessions (
    id                integer primary key autoincrement,
    room_id           integer not null unique references rooms on delete cascade,
    visitor_id        integer not null references users on delete cascade,
    team              text    not null,
    subject           text    not null default '',
    state             text    not null,
    staff_id          integer references users on delete set null,
    opened_at         integer not null,
    first_assigned_at integer,
    assigned_at       integer,
    answered_at       integer,
    closed_at         integer,
    closed_by         text,
    rating            integer check (rating between 1 and 5),
    comment           text,
    rated_at          integer,
    out_of_hours      integer not null default 0,
    told_position     integer
) strict;
create unique index sessions_one_open on sessions (visitor_id) where state <> 'closed';
create index sessions_queue on sessions (team, opened_at, id) where state = 'queued';
create index sessions_serving on sessions (staff_id) where state = 'active';
create index sessions_of_visitor on sessions (visitor_id, opened_at desc);
create index sessions_of_staff on sessions (staff_id, opened_at desc);
create index sessions_opened_at on sessions (opened_at);
create index sessions_closed_at on sessions (team, closed_at desc) where state = 'closed';

create table session_events (
    id         integer primary key autoincrement,
    session_id integer not null references sessions on delete cascade,
    kind       text    not null,
    before_id  integer,
    staff_id   integer,
    by_id      integer,
    at         integer not null
) strict;
create index session_events_session on session_events (session_id, id);
create index session_events_at on session_events (at);

create table session_notes (
    id         integer primary key autoincrement,
    session_id integer not null references sessions on delete cascade,
    author_id  integer not null references users on delete cascade,
    content    text    not null,
    created_at integer not null
) strict;
create index session_notes_session on session_notes (session_id, id);

create table canned_replies (
    id         integer primary key autoincrement,
    team       text    not null default '',
    shortcut   text    not null,
    content    text    not null,
    created_at integer not null,
    unique (team, shortcut)
) strict;

alter table rooms add column closed_at integer;

create view session_views as
select
    s.id, s.room_id, s.visitor_id, v.username as visitor_username, v.nickname as visitor_nickname,
    s.team, s.subject, s.state, s.staff_id, m.username as staff_username, m.nickname as staff_nickname,
    s.opened_at, s.first_assigned_at, s.assigned_at, s.closed_at, s.closed_by, s.rating, s.comment,
    s.out_of_hours
from sessions s
join users v on v.id = s.visitor_id
left join users m on m.id = s.staff_id;
