-- Whose service it is: nobody else may speak for it.

-- The account that registered it first. Null: registered before this was kept; the next registration takes it.
alter table services add column owner_id bigint references users on delete set null;
create index services_owner on services (owner_id) where owner_id is not null;
