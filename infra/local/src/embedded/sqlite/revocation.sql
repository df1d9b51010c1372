-- As migrations/0013_revocation.sql.

alter table users add column revoked_at integer;
create index users_revoked_at on users (revoked_at) where revoked_at is not null;
alter table connections add column token_version integer;
