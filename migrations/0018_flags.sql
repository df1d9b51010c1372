-- Messages that moderation let pass and wants looked at by people.

create table message_flags (
    message_id uuid        primary key references messages on delete cascade,
    flagged_at timestamptz not null
);
create index message_flags_newest on message_flags (flagged_at desc, message_id);
