-- Entries past their retention are removed from the head of a room's log: the first that is still there.
-- `last_seq + 1` when none is.

alter table rooms add column first_seq bigint not null default 1;
