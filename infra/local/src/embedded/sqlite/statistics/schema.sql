-- As migrations/0021_statistics.sql.

create table statistics_hours (
    day             text    not null,
    hour            integer not null check (hour between 0 and 23),
    messages        integer not null default 0,
    sessions        integer not null default 0,
    waits           integer not null default 0,
    waited_ms       integer not null default 0,
    first_answers   integer not null default 0,
    first_answer_ms integer not null default 0,
    answers         integer not null default 0,
    answer_ms       integer not null default 0,
    closed          integer not null default 0,
    length_ms       integer not null default 0,
    abandoned       integer not null default 0,
    ratings         integer not null default 0,
    rating_sum      integer not null default 0,
    primary key (day, hour)
) strict, without rowid;

create table statistics_days (
    day          text    primary key,
    active_users integer not null default 0
) strict, without rowid;

create table statistics_actives (
    day     text    not null,
    user_id integer not null,
    primary key (day, user_id)
) strict, without rowid;

create table statistics_staff (
    day             text    not null,
    staff_id        integer not null,
    messages        integer not null default 0,
    sessions        integer not null default 0,
    closed          integer not null default 0,
    length_ms       integer not null default 0,
    first_answers   integer not null default 0,
    first_answer_ms integer not null default 0,
    answers         integer not null default 0,
    answer_ms       integer not null default 0,
    ratings         integer not null default 0,
    rating_sum      integer not null default 0,
    primary key (day, staff_id)
) strict, without rowid;

create table statistics_checked (
    only_row integer primary key check (only_row = 1),
    day      text not null
) strict;
insert into statistics_checked (only_row, day) values (1, '0001-01-01');

create index messages_created_at on messages (created_at);
