alter table users add column status text not null default 'online';
alter table users add column last_seen_at integer;
alter table users add column heard_at integer;
