-- What Hark keeps for itself: keys that were made because none was configured.

create table settings (
    name  text primary key,
    value text not null
);
