-- As migrations/0013_revocation.sql.

alter table users add column revoked_at integer;
create index users_revoked_at on users (revoked_at) where revoked_at is not null;
alter table connections add column token_version integer;
alter table tickets add column token_version integer;
create index bans_room on bans (room_id, user_id, until) where room_id is not null;
