-- What migrations/0024_identity.sql makes in Postgres.

alter table users add column issuer text;
alter table users add column external_id text;
create unique index users_identity on users (issuer, external_id) where external_id is not null;

create table api_keys (
    id           integer primary key autoincrement,
    user_id      integer not null references users on delete cascade,
    name         text    not null,
    digest       blob    not null unique,
    hint         text    not null,
    permissions  text    not null,
    created_by   integer references users on delete set null,
    created_at   integer not null,
    expires_at   integer,
    revoked_at   integer,
    last_used_at integer
) strict;
create index api_keys_user on api_keys (user_id, id desc);
create index users_services on users (id) where role = 'service' and not deleted;
