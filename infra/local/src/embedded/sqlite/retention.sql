-- The first entry that is still there, as Postgres' 0007_retention.sql has it.

alter table rooms add column first_seq integer not null default 1;
