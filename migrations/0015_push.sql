-- Devices that take pushes, and the pushes that are due.

create table push_subscriptions (
    id            bigint generated always as identity primary key,
    user_id       bigint      not null references users on delete cascade,
    -- Of the user when they subscribed: what revokes tokens ends subscriptions.
    token_version bigint      not null,
    endpoint      text        not null,
    -- The device's public key and its secret, in base64url.
    p256dh        text        not null,
    auth          text        not null,
    device        text,
    expires_at    timestamptz,
    created_at    timestamptz not null,
    constraint push_subscriptions_endpoint_unique unique (endpoint)
);
create index push_subscriptions_user on push_subscriptions (user_id, id);

-- One push is due for each user and room at most: a message that finds the row adds nothing to it.
create table push_pending (
    user_id    bigint      not null references users on delete cascade,
    room_id    bigint      not null references rooms on delete cascade,
    created_at timestamptz not null,
    primary key (user_id, room_id)
);
create index push_pending_created_at on push_pending (created_at);
create index push_pending_room on push_pending (room_id);
