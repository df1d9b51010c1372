-- Who wants nothing from whom. Only the first of the two knows.

create table blocks (
    blocker_id bigint      not null references users on delete cascade,
    blocked_id bigint      not null references users on delete cascade,
    created_at timestamptz not null,
    primary key (blocker_id, blocked_id),
    constraint blocks_of_two check (blocker_id <> blocked_id)
);
create index blocks_blocked on blocks (blocked_id);
