-- :messages messages and :sessions sessions in the 31 days of January 2026; ten messages of each session are its
-- visitor's and its staff's, the others those of groups.
insert into users (username, username_folded, nickname, role, created_at)
select 'bench' || n, 'bench' || n, 'Bench', 'user', '2026-01-01' from generate_series(1, 2050) n;
insert into staff (user_id, status, status_since, idle_since)
select n, 'online', '2026-01-01', '2026-01-01' from generate_series(1, 50) n;
insert into staff_spans (staff_id, began_at, ended_at)
select n, day + interval '8 hours', day + interval '16 hours'
from generate_series(1, 50) n, generate_series('2026-01-01'::timestamptz, '2026-01-31', '1 day') day;
insert into rooms (type, name, created_at, active_at)
select case when n > 1000 then 'support' else 'group' end, 'bench', '2026-01-01', '2026-01-01'
from generate_series(1, 1000 + :sessions) n;
insert into messages (id, room_id, seq, sender_id, client_id, digest, kind, content, number, created_at)
select
    gen_random_uuid(), 1 + n % 1000, 1 + n / 1000, 51 + (n * 7919::bigint) % 2000, 'c' || n, '', 'text',
    'as long as what people say to each other', 1 + n / 1000,
    '2026-01-01'::timestamptz + n * (interval '31 days' / :messages)
from generate_series(0, :messages - 10 * :sessions - 1) n;
insert into sessions (
    room_id, visitor_id, team, state, staff_id, opened_at, first_assigned_at, assigned_at, closed_at, rating,
    rated_at
)
select
    1000 + n, 51 + n % 2000, '', 'closed', 1 + n % 50, at, at + interval '40 s', at + interval '40 s',
    at + interval '11 minutes', 1 + n % 5, at + interval '12 minutes'
from generate_series(1, :sessions) n,
    lateral (select '2026-01-01'::timestamptz + n * (interval '31 days' / (:sessions + 1)) as at) opened;
insert into session_events (session_id, kind, staff_id, at)
select id, kind, case when kind <> 'opened' then staff_id end, at
from sessions,
    lateral (
        values ('opened', opened_at), ('assigned', assigned_at), ('closed', closed_at), ('rated', rated_at)
    ) step (kind, at)
order by at, id;
insert into messages (id, room_id, seq, sender_id, client_id, digest, kind, content, number, created_at)
select
    gen_random_uuid(), room_id, k, case when k % 2 = 1 then visitor_id else staff_id end, 'c' || k, '', 'text',
    'as long as what people say to each other', k, opened_at + k * interval '1 minute'
from sessions, generate_series(1, 10) k;
vacuum analyze;
