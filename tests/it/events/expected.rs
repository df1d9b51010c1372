//! What every event is answered with.

/// One event, and in a few words what its function answers: the effect and principal of a policy, the type
/// (and code) of a frame, the status of a response.
pub struct Expected {
    pub event: &'static str,
    /// The event that has to come before it, if any.
    pub before: &'static str,
    pub first: &'static str,
    /// When the same event comes again.
    pub again: &'static str,
}

const fn same(event: &'static str, answer: &'static str) -> Expected {
    Expected { event, before: "", first: answer, again: answer }
}

const fn once(event: &'static str, first: &'static str, again: &'static str) -> Expected {
    Expected { event, before: "", first, again }
}

const fn after(before: &'static str, event: &'static str, answer: &'static str) -> Expected {
    Expected { event, before, first: answer, again: answer }
}

pub const EXPECTED: &[Expected] = &[
    same("authorize/token-in-query", "Allow 1"),
    same("authorize/bearer-header", "Allow 1"),
    same("authorize/subprotocol-pair", "Allow 1"),
    once("authorize/ticket", "Allow 1", "Deny nobody"),
    same("authorize/own-user-id", "Allow 4"),
    same("authorize/other-user-id", "Deny nobody"),
    same("authorize/client-id", "Allow 1"),
    same("authorize/without-token", "fails: Unauthorized"),
    same("authorize/hostile-origin", "Deny nobody"),
    same("authorize/expired-token", "Deny nobody"),
    same("authorize/token-of-another-key", "Deny nobody"),
    same("connect/token-in-query", "200"),
    same("connect/subprotocol-pair", "200"),
    same("connect/client-id", "200"),
    after("connect/token-in-query", "disconnect/closed-by-client", "200"),
    same("disconnect/closed-without-status", "200"),
    after("connect/token-in-query", "disconnect/idle", "200"),
    same("message/message", "ack"),
    same("message/message-with-everything", "ack"),
    same("message/message-without-content", "error invalid"),
    same("message/message-to-a-foreign-room", "error forbidden"),
    same("message/direct-by-user-id", "ack"),
    same("message/direct-by-name", "ack"),
    same("message/direct-to-oneself", "error invalid"),
    same("message/chat", "ack"),
    same("message/chat-message", "ack"),
    same("message/chat-message-to-nobody", "error not_found"),
    same("message/heartbeat", "heartbeat"),
    same("message/heartbeat-ping", "heartbeat"),
    same("message/join-room", "ack"),
    same("message/join-room-that-is-new", "ack"),
    same("message/join-room-that-is-private", "error forbidden"),
    once("message/leave-room", "ack", "error forbidden"),
    same("message/status-update", "ack"),
    same("message/status-update-to-nonsense", "error invalid"),
    same("message/unknown-type", "error invalid"),
    same("message/without-type", "error invalid"),
    same("message/not-json", "error invalid"),
    same("deliver/stored-messages", "done"),
    same("deliver/fanout-chunk", "done"),
    same("deliver/presence-rebuild", "done"),
    same("deliver/status-changed", "done"),
    same("deliver/close-sockets", "done"),
    same("deliver/unreadable", "done"),
    once("accounts/register", "201", "409"),
    same("accounts/register-with-a-short-password", "400"),
    same("accounts/register-with-a-taken-name", "409"),
    after("accounts/register", "accounts/login", "200"),
    same("accounts/login-with-a-wrong-password", "401"),
    once("accounts/logout", "204", "401"),
    same("accounts/ticket", "200"),
    once("accounts/password", "200", "401"),
    same("accounts/me", "200"),
    same("accounts/me-without-token", "401"),
    same("accounts/change-me", "200"),
    once("accounts/delete-me", "200", "401"),
    same("accounts/user", "200"),
    same("accounts/user-by-name", "200"),
    same("accounts/user-nobody", "404"),
    same("rooms/list", "200"),
    same("rooms/list-all", "200"),
    same("rooms/list-without-token", "401"),
    same("rooms/create", "201"),
    once("rooms/create-public", "201", "409"),
    same("rooms/create-direct", "201"),
    same("rooms/show", "200"),
    same("rooms/show-by-name", "200"),
    same("rooms/show-foreign", "403"),
    same("rooms/change", "200"),
    once("rooms/delete", "204", "404"),
    same("rooms/history", "200"),
    same("rooms/history-before", "200"),
    same("rooms/history-after", "200"),
    same("rooms/send", "201"),
    same("rooms/send-without-content", "400"),
    same("rooms/join", "200"),
    once("rooms/leave", "200", "403"),
    same("rooms/read", "200"),
    same("rooms/members", "200"),
    same("rooms/add-members", "200"),
    same("rooms/set-role", "204"),
    once("rooms/remove-member", "204", "404"),
    same("statistics/health", "200"),
    same("statistics/chat-health", "200"),
    same("statistics/socket-info", "200"),
    same("statistics/socket-info-without-permission", "403"),
    same("statistics/online-status", "200"),
    same("statistics/online-status-of-nobody", "404"),
    same("statistics/online-stats", "200"),
    same("upkeep/every-minute", "done"),
    same("migrate/after-a-deployment", "done"),
];
