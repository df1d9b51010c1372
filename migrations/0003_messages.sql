-- The rooms' logs, and what was committed but is not yet known to be delivered.

create table messages (
    id         uuid        primary key,
    room_id    bigint      not null references rooms on delete cascade,
    seq        bigint      not null,
    -- No foreign key: who sends is a member, members are users, and users are never deleted but
    -- anonymised. It would lock the sender's row in every send.
    sender_id  bigint      not null,
    client_id  text        not null,
    -- SHA-256 of the body as sent: tells a repeat from a conflict.
    digest     bytea       not null,
    -- What the entry is: 'message', later also edits and recalls.
    entry      text        not null default 'message',
    kind       text        not null,
    content    text        not null,
    -- May point at a message that retention has removed.
    reply_to   uuid,
    metadata   jsonb,
    -- How many messages the log has held up to here, this entry included; so `seq - number` never falls.
    number     bigint      not null,
    created_at timestamptz not null,
    constraint messages_seq_unique unique (room_id, seq),
    constraint messages_client_id_unique unique (room_id, sender_id, client_id)
);

create table outbox (
    id         bigint generated always as identity primary key,
    topic      text        not null,
    room_id    bigint      references rooms on delete cascade,
    message_id uuid        references messages on delete cascade,
    -- The event itself where no message holds it.
    payload    jsonb,
    created_at timestamptz not null,
    due_at     timestamptz not null
);
create index outbox_due_at on outbox (due_at);
create index outbox_message on outbox (message_id);
