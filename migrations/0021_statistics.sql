-- Figures by hour and by day, kept up as messages and sessions are settled. Days and hours are those of
-- STATISTICS_TIME_ZONE; times are milliseconds. What each column means is in docs/STATISTICS.md.

-- Counted up all day long: room for new versions of a row on its own page.
create table statistics_hours (
    day             date     not null,
    hour            smallint not null check (hour between 0 and 23),
    messages        bigint   not null default 0,
    sessions        bigint   not null default 0,
    waits           bigint   not null default 0,
    waited_ms       bigint   not null default 0,
    first_answers   bigint   not null default 0,
    first_answer_ms bigint   not null default 0,
    answers         bigint   not null default 0,
    answer_ms       bigint   not null default 0,
    closed          bigint   not null default 0,
    length_ms       bigint   not null default 0,
    abandoned       bigint   not null default 0,
    ratings         bigint   not null default 0,
    rating_sum      bigint   not null default 0,
    primary key (day, hour)
) with (fillfactor = 50);

create table statistics_days (
    day          date   primary key,
    active_users bigint not null default 0
) with (fillfactor = 50);

-- Who sent something that day. No foreign key: users are never deleted but anonymised.
create table statistics_actives (
    day     date   not null,
    user_id bigint not null,
    primary key (day, user_id)
);

create table statistics_staff (
    day             date   not null,
    staff_id        bigint not null,
    messages        bigint not null default 0,
    sessions        bigint not null default 0,
    closed          bigint not null default 0,
    length_ms       bigint not null default 0,
    first_answers   bigint not null default 0,
    first_answer_ms bigint not null default 0,
    answers         bigint not null default 0,
    answer_ms       bigint not null default 0,
    ratings         bigint not null default 0,
    rating_sum      bigint not null default 0,
    primary key (day, staff_id)
) with (fillfactor = 50);

-- The last day that was compared with the messages and sessions themselves.
create table statistics_checked (
    only_row boolean primary key default true check (only_row),
    day      date not null
);
insert into statistics_checked (day) values ('0001-01-01');

-- A rebuild reads a day's messages: they lie together, so an index of a few pages finds them and costs a send
-- nothing.
create index messages_created_at on messages using brin (created_at) with (pages_per_range = 32, autosummarize = on);
