-- What users say of themselves, and when they were last here: what an empty Redis doesn't take along.

-- 'online', 'busy', 'away' or 'offline': what others are shown while the user is online.
alter table users add column status text not null default 'online';
-- When the user was last heard before they went offline.
alter table users add column last_seen_at timestamptz;
-- When the user was heard, as of the last minute: what tells who is online when Redis comes back empty.
alter table users add column heard_at timestamptz;
