-- Users whom another issuer's tokens vouch for, and the keys of service accounts.

-- The `iss` and `sub` of their tokens.
alter table users
    add column issuer      text,
    add column external_id text,
    add constraint users_identity_unique unique (issuer, external_id);

create table api_keys (
    id           bigint generated always as identity primary key,
    -- The service account.
    user_id      bigint      not null references users on delete cascade,
    name         text        not null,
    -- SHA-256 of the key, which is shown once and not kept.
    digest       bytea       not null,
    -- Its last characters.
    hint         text        not null,
    -- Names of permissions, as JSON.
    permissions  jsonb       not null,
    created_by   bigint      references users on delete set null,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    -- To the minute.
    last_used_at timestamptz,
    constraint api_keys_digest_unique unique (digest)
);
create index api_keys_user on api_keys (user_id, id desc);
create index users_services on users (id) where role = 'service' and not deleted;
