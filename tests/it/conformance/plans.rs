//! The statements of the live path find their rows by an index, in tables that are large enough for the
//! planner to have the choice.

use std::str::FromStr;

use shared::model::EventType;
use shared::names::ServiceName;
use shared::ports::EventFilter;
use shared::postgres::statements::{self, events};
use shared::sql::event_history;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::engines::with_database;
use super::stores::NOW;

/// 2,000 users, each in 10 of 20,000 rooms; 30 messages in a tenth of them; 20,000 open outbox rows; two
/// devices and ten due pushes of each user; 20,000 events of 200 types, each for one of 250 services, of which a
/// thousand are pending and a hundred dead; 2,000 broadcasts of 20 chunks; 20,000 sessions of 200 teams, of which 20 wait and 180 are served.
const FILL: &str = "
insert into users (username, username_folded, nickname, role, created_at)
select 'u' || n, 'u' || n, 'U', 'user', now() from generate_series(1, 2000) n;
insert into rooms (type, name, name_folded, created_at, active_at, last_seq, last_number)
select 'group', 'r', 'r', now(), now() + n * interval '1 s', 30, 30 from generate_series(1, 20000) n;
insert into room_members (room_id, user_id, role, read_seq, read_number, joined_seq, joined_at)
select 1 + (u * 10 + k) % 20000, u, 'member', 0, 0, 0, now()
from generate_series(1, 2000) u, generate_series(1, 10) k;
insert into messages (
    id, room_id, seq, sender_id, client_id, digest, kind, content, number, created_at, pieces
)
select gen_random_uuid(), r, s, 1 + (r + s) % 2000, 'c' || s, '', 'text', 'hello', s, now(),
    array_to_tsvector(array['hello', '#' || r])
from generate_series(1, 2000) r, generate_series(1, 30) s;
insert into outbox (topic, room_id, message_id, created_at, due_at)
select 'chat.messages', room_id, id, now(), now() + random() * interval '1 h' from messages limit 20000;
insert into bans (user_id, until, created_at)
select n, now() - interval '1 d', now() from generate_series(1, 2000) n, generate_series(1, 5);
insert into blocks (blocker_id, blocked_id, created_at)
select n, 1 + (n + k) % 2000, now() from generate_series(1, 2000) n, generate_series(1, 10) k;
insert into connections (id, user_id, endpoint, connected_at, reconnect_at)
select 'c' || n, 1 + n % 2000, 'http://e' || n % 7, now() + n * interval '1 s', now() + n * interval '1 s'
from generate_series(1, 20000) n;
insert into push_subscriptions (user_id, token_version, endpoint, p256dh, auth, created_at)
select 1 + n % 2000, 0, 'https://p/' || n, 'k', 'a', now() from generate_series(1, 4000) n;
insert into push_pending (user_id, room_id, created_at)
select user_id, room_id, now() + random() * interval '1 h' from room_members;
insert into teams (name) select 't' || n from generate_series(1, 200) n;
insert into staff (user_id, team, status, status_since, idle_since)
select n, 't' || n % 200, case when n <= 50 then 'online' else 'offline' end, now(), now()
from generate_series(1, 2000) n;
insert into sessions (
    room_id, visitor_id, team, state, staff_id, opened_at, first_assigned_at, assigned_at, closed_at
)
select n, 1 + n % 2000, 't' || n % 200,
    case when n <= 20 then 'queued' when n <= 200 then 'active' else 'closed' end,
    case when n > 20 then 1 + n % 1000 end, now() + n * interval '1 s', now(), now(),
    case when n > 200 then now() + n * interval '1 s' end
from generate_series(1, 20000) n;
insert into session_events (session_id, kind, at)
select id, kind, now() from sessions, unnest(array['opened', 'assigned', 'closed']) kind;
insert into services (name, secret, created_at) select 's' || n, 's', now() from generate_series(1, 2000) n;
insert into service_subscriptions (service, event_type)
select 's' || n, 't' || (n + k) % 200 from generate_series(1, 500) n, generate_series(1, 4) k;
insert into events (id, type, source_service, target_service, data, digest, priority, published_by, created_at)
select 'e' || n, 't' || n % 200, 's' || n % 300, case when n % 2 = 0 then 's' || n % 250 end, '{}', '', n % 10,
    1 + n % 2000, now() + n * interval '1 s'
from generate_series(1, 20000) n;
insert into event_deliveries (event_id, service, state, due_at)
select 'e' || n, 's1', case when n > 19000 then 'pending' when n > 18900 then 'dead' else 'delivered' end,
    now() + n * interval '1 s'
from generate_series(1, 20000) n;
insert into event_attempts (delivery_id, round, attempt, at, took_ms)
select id, 1, 1, now(), 1 from event_deliveries;
insert into broadcasts (id, message_type, target_type, data, digest, created_at, outbox_id, moved_at)
select gen_random_uuid(), 'system', 'all', '{}', '', now() + n * interval '1 s', n, now()
from generate_series(1, 2000) n;
insert into broadcast_chunks (broadcast_id, chunk, attempt, sockets)
select id, gen_random_uuid(), 0, 100 from broadcasts, generate_series(1, 20);
insert into service_instances (
    id, service, url, events_url, metadata, health, check_due_at, last_seen, registered_at
)
select gen_random_uuid(), 's' || 1 + n % 2000, 'http://s' || n, 'http://s', '{}', 'up',
    now() + random() * interval '1 h', now() + random() * interval '1 h', now()
from generate_series(1, 20000) n;
vacuum analyze;
";

/// Plans a statement as a prepared one is planned in the long run: without looking at the parameters.
async fn plan(connection: &mut PgConnection, statement: &str, parameters: usize) -> String {
    let nulls = vec!["null"; parameters].join(", ");
    let prepare = format!("set plan_cache_mode = force_generic_plan; prepare planned as {statement}");
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.expect(statement);
    let explain = AssertSqlSafe(format!("explain (costs off) execute planned({nulls})"));
    let lines: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *connection).await.expect(statement);
    sqlx::raw_sql("deallocate planned").execute(connection).await.expect("deallocate");
    lines.join("\n")
}

#[tokio::test]
async fn the_live_path_reads_no_table_from_end_to_end() {
    with_database(async |url| {
        let options = PgConnectOptions::from_str(url).expect("a URL").disable_statement_logging();
        let mut connection = options.connect().await.expect("connect");
        for statement in FILL.split(';').filter(|statement| !statement.trim().is_empty()) {
            sqlx::raw_sql(statement).execute(&mut connection).await.expect(statement);
        }
        let histories = histories();
        let histories = histories.iter().map(|(name, statement, parameters, index)| {
            (*name, statement.as_str(), *parameters, std::slice::from_ref(index))
        });
        for (name, statement, parameters, indexes) in expected().into_iter().chain(histories) {
            let plan = plan(&mut connection, statement, parameters).await;
            // The epoch is a table of one row.
            let scans = plan.replace("Seq Scan on epoch", "");
            assert!(!scans.contains("Seq Scan"), "{name} scans a table:\n{plan}");
            for index in indexes {
                assert!(plan.contains(index), "{name} does not use {index}:\n{plan}");
            }
        }
    })
    .await;
}

type Expectation = (&'static str, &'static str, usize, &'static [&'static str]);

/// Pages of the events by each filter, and by all at once.
fn histories() -> Vec<(&'static str, String, usize, &'static str)> {
    let service = || ServiceName::parse("s1").ok();
    let none = EventFilter::default;
    let filters = [
        ("events", none(), 2, "events_created_at"),
        ("events of a type", EventFilter { kind: Some(EventType::UserAction), ..none() }, 3, "events_type"),
        ("events from a service", EventFilter { source_service: service(), ..none() }, 3, "events_source"),
        ("events to a service", EventFilter { target_service: service(), ..none() }, 3, "events_target"),
        ("events since then", EventFilter { from: Some(NOW), ..none() }, 3, "events_created_at"),
        (
            "urgent events of a type until then",
            EventFilter {
                kind: Some(EventType::UserAction),
                until: Some(NOW),
                priority_min: Some(5),
                ..none()
            },
            5,
            "events_type",
        ),
    ];
    let statement = |filter| event_history(&filter, true);
    filters.map(|(name, filter, parameters, index)| (name, statement(filter), parameters, index)).into()
}

fn expected() -> Vec<Expectation> {
    let seqs: &[&str] = &["messages_seq_unique"];
    vec![
        (
            "append",
            statements::APPEND,
            13,
            &[
                "room_members_",
                "blocks_",
                "messages_client_id_unique",
                "messages_pkey",
                "rooms_pkey",
                "outbox_message",
            ],
        ),
        (
            "revise",
            statements::REVISE,
            13,
            &["room_members_", "messages_client_id_unique", "messages_pkey", "rooms_pkey", "messages_target"],
        ),
        ("resume", statements::RESUME, 7, &["room_members_user", "rooms_pkey", "messages_seq_unique"]),
        ("expire", statements::EXPIRE, 2, &["messages_pkey", "messages_seq_unique", "rooms_pkey"]),
        ("history by page", statements::HISTORY_PAGE, 5, seqs),
        ("history before", statements::HISTORY_BEFORE, 5, seqs),
        ("history after", statements::HISTORY_AFTER, 5, seqs),
        ("found", statements::FOUND, 2, &["messages_pkey", "room_members_", "rooms_pkey"]),
        ("rooms of", statements::ROOMS_OF, 1, &["Index Only Scan using room_members_user"]),
        ("audience", statements::AUDIENCE, 1, &["Index Only Scan using room_members_pkey"]),
        ("who is due to reconnect", statements::RECONNECT_DUE, 3, &["connections_reconnect_at"]),
        (
            "a page of connections",
            statements::CONNECTIONS_PAGE,
            2,
            &["connections_pkey", "room_members_user"],
        ),
        (
            "contacts",
            statements::CONTACTS,
            4,
            &["room_members_user", "room_members_pkey", "rooms_pkey", "blocks_pkey", "blocks_blocked"],
        ),
        (
            "settle messages",
            statements::statistics::SETTLE_MESSAGES,
            8,
            &["outbox_pkey", "sessions_room_unique", "messages_seq_unique"],
        ),
        (
            "settle steps",
            statements::statistics::SETTLE_STEPS,
            4,
            &["outbox_pkey", "session_events_pkey", "session_events_session", "sessions_pkey"],
        ),
        (
            "publish events",
            events::PUBLISH,
            9,
            &["events_pkey", "service_subscriptions_pkey", "event_deliveries_unique"],
        ),
        ("rounds that are due", events::DUE, 2, &["event_deliveries_pkey", "events_pkey"]),
        ("record rounds", events::RECORD, 13, &["event_deliveries_pkey"]),
        ("claim overdue", events::CLAIM_OVERDUE, 4, &["event_deliveries_due", "event_deliveries_pkey"]),
        ("deliveries", events::DELIVERIES, 1, &["event_deliveries_unique", "event_attempts_pkey"]),
        ("dead deliveries", events::DEAD, 2, &["event_deliveries_dead", "events_pkey"]),
        ("expire events", events::EXPIRE, 2, &["events_created_at", "event_deliveries_unique"]),
        ("a broadcast", events::BROADCAST, 1, &["broadcasts_pkey", "broadcast_chunks_pkey"]),
        ("begin a broadcast", events::START_BROADCAST, 11, &["broadcasts_pkey"]),
        ("a step of a broadcast", events::NOTE_STEP, 7, &["broadcasts_pkey", "outbox_pkey"]),
        ("search", statements::SEARCH, 5, &["room_members_", "messages_pieces"]),
        ("claim due", statements::CLAIM_DUE, 4, &["outbox_due_at"]),
        (
            "push claim",
            statements::PUSH_CLAIM,
            6,
            &[
                "rooms_pkey",
                "room_members_pkey",
                "connections_user",
                "push_pending_",
                "push_subscriptions_user",
                "blocks_",
            ],
        ),
        ("push unread", statements::PUSH_UNREAD, 2, &["messages_seq_unique", "room_members_user", "blocks_"]),
        (
            "match",
            statements::MATCH,
            2,
            &["sessions_queue", "sessions_serving", "staff_serving", "sessions_pkey"],
        ),
        ("queue", statements::QUEUE, 4, &["sessions_queue", "sessions_closed_at", "staff_serving"]),
        ("place in the queue", statements::QUEUE_PLACE, 2, &["sessions_queue", "sessions_closed_at"]),
        ("places that moved", statements::QUEUE_MOVED, 3, &["sessions_queue", "sessions_closed_at"]),
        ("whose turn it is", statements::TAKE_TURN, 1, &["services_pkey", "service_instances_unique"]),
        ("who is healthy", statements::HEALTHY, 1, &["services_pkey", "service_instances_unique"]),
        ("targets of events", statements::TARGETS, 2, &["services_pkey", "service_instances_unique"]),
        ("checks that are due", statements::CLAIM_CHECKS, 3, &["service_instances_due"]),
        ("who is silent", statements::DROP_SILENT, 2, &["service_instances_last_seen"]),
        ("own rooms", statements::LIST_OWN, 3, &["room_members_user", "messages_seq_unique"]),
        ("one room", statements::SUMMARY, 2, &["rooms_pkey", "messages_seq_unique"]),
    ]
}
