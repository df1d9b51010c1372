-- What migrations/0025_service_owners.sql makes in Postgres.

alter table services add column owner_id integer references users on delete set null;
create index services_owner on services (owner_id) where owner_id is not null;
