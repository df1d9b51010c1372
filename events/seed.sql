-- What the events beside this file speak of, for a development database that holds nothing else: the
-- users 1 to 8, the group room 1 with a message in it, the public room 2, the session 1 in room 3, an event that was given
-- up and a broadcast. Running it again puts all of that back as it was, and takes away what the events made.

begin;

do $$
begin
    if exists (
        select from users
        where username_folded not in ('ann', 'bob', 'admin', 'user1', 'user2', 'staff', 'bot', 'testuser', 'cleo', 'indexer')
            and username_folded not like 'visitor-%'
    ) then
        raise exception 'this database holds other users: the seed is for one of its own';
    end if;
end
$$;

delete from rooms;
delete from users;
delete from messages;
delete from outbox;
delete from teams;
delete from canned_replies;
delete from services;
delete from events;
delete from broadcasts;

-- The password of each is 123456.
insert into users (id, username, username_folded, nickname, password_hash, role, created_at)
overriding system value
select id, username, username, nickname,
    '$argon2id$v=19$m=19456,t=2,p=1$US6FyVbzZfKubwzzvNWLog$rKD8cuhFxO3ABFaxZ1TRpmrZNxZnIs5CAYYlPZ8uc/E',
    role, now()
from (values
    (1, 'ann', 'Ann', 'user'),
    (2, 'bob', 'Bob', 'user'),
    (3, 'admin', 'Admin', 'admin'),
    (4, 'user1', 'User 1', 'user'),
    (5, 'user2', 'User 2', 'user'),
    (6, 'staff', 'Staff', 'staff')
) as people (id, username, nickname, role);

-- Of the key of 43 times A.
insert into users (id, username, username_folded, nickname, role, created_at)
overriding system value
values (7, 'visitor-1', 'visitor-1', 'visitor-1', 'visitor', now());

insert into visitors (user_id, key_digest) values (7, sha256(convert_to(repeat('A', 43), 'UTF8')));

-- The service account of the key of hark_ and 43 times A.
insert into users (id, username, username_folded, nickname, role, created_at)
overriding system value
values (8, 'bot', 'bot', 'Bot', 'service', now());

insert into api_keys (id, user_id, name, digest, hint, permissions, created_by, created_at)
overriding system value
values (
    1, 8, 'events', sha256(convert_to('hark_' || repeat('A', 43), 'UTF8')), 'AAAA', '["users.manage"]', 3, now()
);

insert into rooms (
    id, type, name, name_folded, created_by, created_at, last_seq, last_number, active_at,
    members_version, member_count
)
overriding system value
values
    (1, 'group', 'Ann and Bob', 'ann and bob', 1, now(), 1, 1, now(), 1, 2),
    (2, 'public', 'general', 'general', 3, now(), 0, 0, now(), 1, 2),
    (3, 'support', null, null, 7, now(), 0, 0, now(), 1, 1);

insert into room_members (room_id, user_id, role, read_seq, read_number, joined_seq, joined_at)
values
    (1, 1, 'owner', 0, 0, 0, now()),
    (1, 2, 'member', 1, 1, 0, now()),
    (2, 3, 'owner', 0, 0, 0, now()),
    (2, 1, 'member', 0, 0, 0, now()),
    (3, 7, 'member', 0, 0, 0, now());

insert into staff (user_id, status_since, idle_since) values (6, now(), now());

insert into sessions (id, room_id, visitor_id, team, state, opened_at)
overriding system value
values (1, 3, 7, '', 'queued', now());

insert into canned_replies (id, shortcut, content, created_at)
overriding system value
values (1, 'bye', 'Good bye', now());

insert into services (name, secret, created_at, owner_id)
values ('user-service', 'whsec_aGFyay1ldmVudHMtZGV2ZWxvcG1lbnQtc2VjcmV0', now(), 3);

insert into service_instances (id, service, url, events_url, metadata, health, last_seen, registered_at)
values (
    '019b76da-a800-7000-8000-000000000001', 'user-service', 'https://user.example.com',
    'https://user.example.com/events', '{}', 'up', now(), now()
);

insert into events (id, type, source_service, target_service, data, digest, priority, published_by, created_at)
values (
    '019b76da-a800-7000-8000-0000000000e1', 'user_action', 'chat-service', 'knowledge-service',
    '{"action": "create_conversation", "user_id": "user123"}', '\x00', 2, 3, now()
);

insert into event_deliveries (id, event_id, service, state, rounds, due_at)
overriding system value
values (2, '019b76da-a800-7000-8000-0000000000e1', 'knowledge-service', 'pending', 1, now() + interval '2 hours');

insert into messages (id, room_id, seq, sender_id, client_id, digest, kind, content, number, created_at)
values ('019b791b-70bb-7000-8000-000000000001', 1, 1, 2, 'good-morning', '\x00', 'text', 'Good morning', 1, now());

insert into outbox (id, topic, room_id, message_id, created_at, due_at)
overriding system value
values (1, 'chat.messages', 1, '019b791b-70bb-7000-8000-000000000001', now(), now() + interval '10 seconds');

insert into events (id, type, source_service, target_service, data, digest, priority, published_by, created_at)
values (
    'seeded-1', 'user_action', 'chat-service', 'knowledge-service', '{"action": "sign_in"}', '\x00', 5, 3, now()
);

insert into event_deliveries (id, event_id, service, state, rounds, due_at, settled_at, reason)
overriding system value
values (1, 'seeded-1', 'knowledge-service', 'dead', 1, now(), now(), 'no healthy instance');

insert into broadcasts (
    id, message_type, target_type, data, digest, created_by, created_at, outbox_id, moved_at
)
values (
    '019b791b-70bb-7000-8000-0000000000b1', 'notification', 'all', '{"title": "Hello"}', '\x00', 3, now(), 0, now()
);

insert into tickets (digest, user_id, expires_at)
values (sha256('hark-events-ticket-0001'), 1, now() + interval '1 hour');

select
    setval(pg_get_serial_sequence('users', 'id'), 8),
    setval(pg_get_serial_sequence('api_keys', 'id'), 1),
    setval(pg_get_serial_sequence('rooms', 'id'), 3),
    setval(pg_get_serial_sequence('sessions', 'id'), 1),
    setval(pg_get_serial_sequence('canned_replies', 'id'), 1),
    setval(pg_get_serial_sequence('outbox', 'id'), 1),
    setval(pg_get_serial_sequence('event_deliveries', 'id'), 2);

commit;
