-- Messages that moderation let pass and wants looked at by people.

create table message_flags (
    message_id blob    primary key references messages on delete cascade,
    flagged_at integer not null
);
create index message_flags_newest on message_flags (flagged_at desc, message_id);
