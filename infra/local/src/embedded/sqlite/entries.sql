-- Edits and recalls, as Postgres' 0006_entries.sql has them.

alter table messages add column target_id blob;
alter table messages add column target_seq integer;
alter table messages add column edited_at integer;
alter table messages add column recalled_at integer;
create index messages_target on messages (target_id) where target_id is not null;
