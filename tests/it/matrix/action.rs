//! Everything that somebody can try to do with a room: a line each.

use reqwest::Method;
use serde_json::Value;

use super::expected::Rule;

/// `{room}`, `{word}` and the like stand for what the seat has: see `Seat::fill`.
pub struct Action {
    pub name: &'static str,
    pub way: Way,
    pub rule: Rule,
    /// Whoever may do it and is in the room is shown what was said there.
    pub shows: bool,
    /// The seat isn't the same afterwards: done in a room of its own.
    pub changes: bool,
    /// The code for somebody outside.
    pub outside: &'static str,
}

pub enum Way {
    Frame {
        json: &'static str,
        /// Only a refusal is answered.
        silent: bool,
    },
    Request {
        method: Method,
        path: &'static str,
        body: &'static str,
    },
}

pub const ACTIONS: &[Action] = &[
    frame("message", r#"{"type":"message","room_id":{room},"content":"{word} said"}"#, Rule::Inside),
    frame("chat", r#"{"type":"chat","data":{"room":"{room}","message":"{word} said"}}"#, Rule::Inside),
    frame("join_room", r#"{"type":"join_room","room_id":{room}}"#, Rule::Join).changing(),
    frame("leave_room", r#"{"type":"leave_room","room_id":{room}}"#, Rule::Leave).changing(),
    frame("edit own", r#"{"type":"edit","message_id":"{own1}","content":"{word} new"}"#, Rule::Inside)
        .unseen(),
    frame(
        "edit another's",
        r#"{"type":"edit","message_id":"{other1}","content":"{word} new"}"#,
        Rule::Nobody,
    )
    .unseen(),
    frame("recall own", r#"{"type":"recall","message_id":"{own2}"}"#, Rule::Inside).unseen(),
    frame("recall another's", r#"{"type":"recall","message_id":"{other2}"}"#, Rule::RecallOthers).unseen(),
    frame("read_receipt", r#"{"type":"read_receipt","room_id":{room},"seq":1}"#, Rule::Inside),
    frame("read_receipt by message", r#"{"type":"read_receipt","message_id":"{other1}"}"#, Rule::Inside)
        .or("invalid"),
    frame("typing", r#"{"type":"typing","room_id":{room},"state":"typing"}"#, Rule::Inside).silent(),
    frame("resume", r#"{"type":"resume","rooms":{"{room}":0}}"#, Rule::Anyone).showing(),
    frame("resume nothing", r#"{"type":"resume","rooms":{}}"#, Rule::Anyone),
    get("view", "/api/v1/rooms/{room}", Rule::View),
    get("list", "/api/v1/rooms?page_size=100", Rule::Anyone).showing(),
    get("list all", "/api/v1/rooms?all=true&page_size=100", Rule::Oversee),
    get("history", "/api/v1/rooms/{room}/messages?page_size=100", Rule::Inside).showing(),
    get("history after", "/api/v1/rooms/{room}/messages?after=0", Rule::Inside).showing(),
    get("search", "/api/v1/messages/search?q={word}", Rule::Anyone).showing(),
    get("search the room", "/api/v1/messages/search?q={word}&room_id={room}", Rule::Inside).showing(),
    get("members", "/api/v1/rooms/{room}/members", Rule::Inside),
    post("send", "/api/v1/rooms/{room}/messages", r#"{"content":"{word} said"}"#, Rule::Inside),
    post("read", "/api/v1/rooms/{room}/read", "{}", Rule::Inside),
    patch(
        "edit own over HTTP",
        "/api/v1/rooms/{room}/messages/{own1}",
        r#"{"content":"{word} new"}"#,
        Rule::Inside,
    ),
    patch(
        "edit another's over HTTP",
        "/api/v1/rooms/{room}/messages/{other1}",
        r#"{"content":"{word} new"}"#,
        Rule::Nobody,
    ),
    delete("recall own over HTTP", "/api/v1/rooms/{room}/messages/{own3}", Rule::Inside),
    delete("recall another's over HTTP", "/api/v1/rooms/{room}/messages/{other3}", Rule::RecallOthers),
    post("join", "/api/v1/rooms/{room}/join", "", Rule::Join).changing(),
    post("leave", "/api/v1/rooms/{room}/leave", "", Rule::Leave).changing(),
    patch("change", "/api/v1/rooms/{room}", r#"{"description":"changed"}"#, Rule::Admins).changing(),
    post("add a member", "/api/v1/rooms/{room}/members", r#"{"member_ids":[{newcomer}]}"#, Rule::Admins)
        .changing(),
    post("add oneself", "/api/v1/rooms/{room}/members", r#"{"member_ids":[{actor}]}"#, Rule::Admins),
    delete("remove a member", "/api/v1/rooms/{room}/members/{subject}", Rule::Admins).changing(),
    patch("set a role", "/api/v1/rooms/{room}/members/{subject}", r#"{"role":"admin"}"#, Rule::Owner)
        .changing(),
    post("ban", "/api/v1/users/{subject}/ban", r#"{"room_id":{room},"seconds":600}"#, Rule::Ban).changing(),
    delete("delete", "/api/v1/rooms/{room}", Rule::Owner).changing(),
];

const fn frame(name: &'static str, json: &'static str, rule: Rule) -> Action {
    action(name, Way::Frame { json, silent: false }, rule)
}

const fn get(name: &'static str, path: &'static str, rule: Rule) -> Action {
    action(name, Way::Request { method: Method::GET, path, body: "" }, rule)
}

const fn post(name: &'static str, path: &'static str, body: &'static str, rule: Rule) -> Action {
    action(name, Way::Request { method: Method::POST, path, body }, rule)
}

const fn patch(name: &'static str, path: &'static str, body: &'static str, rule: Rule) -> Action {
    action(name, Way::Request { method: Method::PATCH, path, body }, rule)
}

const fn delete(name: &'static str, path: &'static str, rule: Rule) -> Action {
    action(name, Way::Request { method: Method::DELETE, path, body: "" }, rule)
}

const fn action(name: &'static str, way: Way, rule: Rule) -> Action {
    Action { name, way, rule, shows: false, changes: false, outside: "forbidden" }
}

impl Action {
    const fn showing(mut self) -> Self {
        self.shows = true;
        self
    }

    const fn changing(mut self) -> Self {
        self.changes = true;
        self
    }

    /// To somebody outside, what it names isn't there.
    const fn unseen(self) -> Self {
        self.or("not_found")
    }

    const fn or(mut self, code: &'static str) -> Self {
        self.outside = code;
        self
    }

    const fn silent(mut self) -> Self {
        if let Way::Frame { silent, .. } = &mut self.way {
            *silent = true;
        }
        self
    }
}

/// What came back, as it stands on the wire.
#[derive(Debug)]
pub struct Outcome {
    /// None: done.
    pub refusal: Option<String>,
    pub text: String,
}

impl Outcome {
    pub fn of_frame(frame: &Value) -> Self {
        let refusal = (frame["type"] == "error").then(|| frame["code"].to_string().replace('"', ""));
        Self { refusal, text: frame.to_string() }
    }

    pub fn of_answer(status: u16, body: &Value) -> Self {
        let code = || body["error"]["code"].as_str().unwrap_or("an error without a code").to_owned();
        let refusal = (!(200..300).contains(&status)).then(code);
        Self { refusal, text: body.to_string() }
    }
}
