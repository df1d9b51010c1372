-- Users, what they log in with, and who may not.
--
-- A `*_folded` column holds the lower-case form that the writer computed: names are unique whatever
-- their case in every script, and whatever collation the database was made with.

create table users (
    id              bigint generated always as identity primary key,
    -- Null once the account was anonymised, like everything else that says who it was.
    username        text,
    username_folded text,
    nickname        text        not null,
    email           text,
    email_folded    text,
    password_hash   text,
    role            text        not null,
    token_version   bigint      not null default 0,
    deleted         boolean     not null default false,
    created_at      timestamptz not null,
    constraint users_username_unique unique (username_folded),
    constraint users_email_unique unique (email_folded)
);

-- Single-use: redeemed by being deleted.
create table tickets (
    digest     bytea       primary key,
    user_id    bigint      not null references users on delete cascade,
    expires_at timestamptz not null
);
create index tickets_expires_at on tickets (expires_at);

-- Which database this is: a client that resumes with another epoch starts over. Whoever restores a
-- backup gives it a new one (`update epoch set id = gen_random_uuid()`).
create table epoch (
    only_row boolean primary key default true check (only_row),
    id       uuid    not null
);
insert into epoch (id) values (gen_random_uuid());
