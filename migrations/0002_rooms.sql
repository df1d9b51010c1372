-- Rooms, their members, and bans from one room or from all.
--
-- The row of a room is its lock: who changes the members or appends to the log updates it first.
-- fillfactor leaves space in the page, so that these updates touch no index.

create table rooms (
    id                     bigint generated always as identity primary key,
    type                   text        not null,
    -- Null for a direct room.
    name                   text,
    name_folded            text,
    description            text        not null default '',
    history_before_joining boolean     not null default true,
    created_by             bigint      references users on delete set null,
    created_at             timestamptz not null,
    -- The last entry of the log, and how many messages it has held.
    last_seq               bigint      not null default 0,
    last_number            bigint      not null default 0,
    -- Of the last message, or of the room's making: what lists are ordered by.
    active_at              timestamptz not null,
    -- Raised by one in every commit in which somebody came or went.
    members_version        bigint      not null default 0,
    member_count           bigint      not null default 0,
    -- The two of a direct room, the smaller id first.
    pair_low               bigint      references users on delete cascade,
    pair_high              bigint      references users on delete cascade,
    constraint rooms_pair_unique unique (pair_low, pair_high),
    constraint rooms_pair_of_two check (
        (type = 'direct') = (pair_low is not null and pair_high is not null and pair_low < pair_high)
    )
) with (fillfactor = 70);
create unique index rooms_public_name_unique on rooms (name_folded) where type = 'public';

create table room_members (
    room_id     bigint      not null references rooms on delete cascade,
    user_id     bigint      not null references users on delete cascade,
    role        text        not null,
    -- Entries up to here are read, and how many messages that is.
    read_seq    bigint      not null,
    read_number bigint      not null,
    -- The room's `last_seq` when they came.
    joined_seq  bigint      not null,
    joined_at   timestamptz not null,
    primary key (room_id, user_id)
) with (fillfactor = 70);
create index room_members_user on room_members (user_id, room_id);

create table bans (
    id         bigint generated always as identity primary key,
    user_id    bigint      not null references users on delete cascade,
    -- Null: from everything.
    room_id    bigint      references rooms on delete cascade,
    until      timestamptz not null,
    reason     text        not null default '',
    created_by bigint      references users on delete set null,
    created_at timestamptz not null
);
create index bans_user on bans (user_id, until);
