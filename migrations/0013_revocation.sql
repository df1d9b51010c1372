-- Which sockets were opened under tokens that have been revoked since.

-- When the user's tokens were last revoked: `token_version` is raised in the same update.
alter table users add column revoked_at timestamptz;
create index users_revoked_at on users (revoked_at) where revoked_at is not null;

-- The version that the socket was opened under; null for one that an older version of Hark registered.
alter table connections add column token_version bigint;
