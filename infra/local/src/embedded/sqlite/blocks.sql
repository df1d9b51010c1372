-- What migrations/0009_blocks.sql makes in Postgres.

create table blocks (
    blocker_id integer not null references users on delete cascade,
    blocked_id integer not null references users on delete cascade,
    created_at integer not null,
    primary key (blocker_id, blocked_id),
    check (blocker_id <> blocked_id)
) strict, without rowid;
create index blocks_blocked on blocks (blocked_id);
