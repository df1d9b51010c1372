//! Who may do what with a session of customer service and with its room: every party, before and after it
//! is served and closed.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use shared::ids::{RoomId, Seq, SessionId, UserId};
use shared::model::{Page, Role, Status};
use shared::ports::{Destination, StaffPatch, Window};
use tokio::sync::Mutex;

use super::action::{Outcome, Way};
use super::{SIDE_BY_SIDE, ensure};
use crate::hark::{Client, Hark, Socket, World, on_both};

on_both! {
    every_party_does_with_a_session_what_it_may_and_learns_what_it_may,
}

async fn every_party_does_with_a_session_what_it_may_and_learns_what_it_may(world: &World) {
    let hark = world.start().await;
    let taken = AtomicUsize::new(0);
    let tried = stream::iter(places()).map(|place| try_everything(&hark, &taken, place));
    let wrong: Vec<String> = tried.buffer_unordered(SIDE_BY_SIDE).concat().await;
    println!(
        "{} cells: {} places, {} actions",
        places().len() * ACTIONS.len(),
        places().len(),
        ACTIONS.len()
    );
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    hark.stop().await;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Party {
    Visitor,
    /// Has it, or had it when it was closed.
    Serving,
    /// Had it, and handed it on.
    Former,
    /// Of the same team.
    Colleague,
    /// Staff of another team.
    Stranger,
    OtherVisitor,
    User,
    Service,
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Queued,
    Active,
    Closed,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    party: Party,
    state: State,
}

const PARTIES: [Party; 9] = [
    Party::Visitor,
    Party::Serving,
    Party::Former,
    Party::Colleague,
    Party::Stranger,
    Party::OtherVisitor,
    Party::User,
    Party::Service,
    Party::Admin,
];

fn places() -> Vec<Place> {
    let states = [State::Queued, State::Active, State::Closed];
    let all = states.into_iter().flat_map(|state| PARTIES.map(|party| Place { party, state }));
    // Nobody has what waits.
    all.filter(|place| place.state != State::Queued || !matches!(place.party, Party::Serving | Party::Former))
        .collect()
}

/// What an action takes; what it is answered with stands beside it, written down apart from the code.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Anyone,
    /// In the room, and something can be said in it.
    Say,
    /// In the room, whatever the code for who isn't.
    Inside,
    /// Changes what the visitor said.
    Own,
    Join,
    ViewRoom,
    Nobody,
    See,
    Handle,
    Close,
    Rate,
    Notes,
    Staff,
    Queue,
    Manage,
    VisitorsOwn,
}

struct Action {
    name: &'static str,
    way: Way,
    rule: Rule,
    /// Whoever is in the room is shown what was said in it.
    shows: bool,
    changes: bool,
}

impl Place {
    fn is_inside(self) -> bool {
        matches!(self.party, Party::Visitor | Party::Serving)
    }

    fn serves(self) -> bool {
        use Party as P;
        matches!(self.party, P::Serving | P::Former | P::Colleague | P::Stranger | P::Admin)
    }

    /// Whether the session is theirs to look at as staff.
    fn sees_as_staff(self) -> bool {
        self.serves() && self.party != Party::Stranger
    }

    fn handles(self) -> bool {
        match self.party {
            Party::Serving | Party::Admin => true,
            Party::Colleague | Party::Former => self.state == State::Queued,
            _ => false,
        }
    }

    /// None: done.
    fn refusal(self, rule: Rule) -> Option<&'static str> {
        let closed = self.state == State::Closed;
        let unless = |may: bool, code: &'static str| (!may).then_some(code);
        let hidden = if self.serves() { "forbidden" } else { "not_found" };
        match rule {
            Rule::Anyone => None,
            Rule::Say if self.is_inside() => unless(!closed, "conflict"),
            Rule::Say | Rule::Inside => unless(self.is_inside(), "forbidden"),
            Rule::Own if !self.is_inside() => Some("not_found"),
            Rule::Own if self.party == Party::Visitor => unless(!closed, "conflict"),
            Rule::Own => Some("forbidden"),
            Rule::Join => unless(self.party == Party::Serving, "forbidden"),
            Rule::ViewRoom => unless(self.is_inside() || self.serves(), "forbidden"),
            Rule::Nobody => Some("forbidden"),
            Rule::See => unless(self.party == Party::Visitor || self.sees_as_staff(), hidden),
            Rule::Handle if self.handles() => unless(!closed, "conflict"),
            Rule::Handle => Some("forbidden"),
            Rule::Close if self.party == Party::Visitor => None,
            Rule::Close => unless(self.handles(), hidden),
            Rule::Rate if self.party == Party::Visitor => unless(closed, "conflict"),
            Rule::Rate => Some(hidden),
            Rule::Notes | Rule::Queue => unless(self.sees_as_staff(), "forbidden"),
            Rule::Staff => unless(self.serves(), "forbidden"),
            Rule::Manage => unless(self.party == Party::Admin, "forbidden"),
            Rule::VisitorsOwn => {
                unless(matches!(self.party, Party::Visitor | Party::OtherVisitor), "forbidden")
            }
        }
    }
}

const ACTIONS: &[Action] = &[
    frame("message", r#"{"type":"message","room_id":{room},"content":"{word} said"}"#, Rule::Say),
    frame("edit", r#"{"type":"edit","message_id":"{said}","content":"{word} new"}"#, Rule::Own),
    frame("join_room", r#"{"type":"join_room","room_id":{room}}"#, Rule::Join),
    frame("leave_room", r#"{"type":"leave_room","room_id":{room}}"#, Rule::Nobody),
    frame("read_receipt", r#"{"type":"read_receipt","room_id":{room},"seq":1}"#, Rule::Inside),
    frame("resume", r#"{"type":"resume","rooms":{"{room}":0}}"#, Rule::Anyone).showing(),
    request("view the room", Method::GET, "/api/v1/rooms/{room}", "", Rule::ViewRoom),
    request("rooms", Method::GET, "/api/v1/rooms?page_size=100", "", Rule::Anyone).showing(),
    request("history", Method::GET, "/api/v1/rooms/{room}/messages?page_size=100", "", Rule::Inside)
        .showing(),
    request("search", Method::GET, "/api/v1/messages/search?q={word}", "", Rule::Anyone).showing(),
    request("members", Method::GET, "/api/v1/rooms/{room}/members", "", Rule::Inside),
    request("send", Method::POST, "/api/v1/rooms/{room}/messages", r#"{"content":"{word} said"}"#, Rule::Say),
    request("read", Method::POST, "/api/v1/rooms/{room}/read", "{}", Rule::Inside),
    request("join", Method::POST, "/api/v1/rooms/{room}/join", "", Rule::Join),
    request("leave", Method::POST, "/api/v1/rooms/{room}/leave", "", Rule::Nobody),
    request("change the room", Method::PATCH, "/api/v1/rooms/{room}", r#"{"name":"mine"}"#, Rule::Nobody),
    request(
        "add oneself",
        Method::POST,
        "/api/v1/rooms/{room}/members",
        r#"{"member_ids":[{actor}]}"#,
        Rule::Nobody,
    ),
    request("remove", Method::DELETE, "/api/v1/rooms/{room}/members/{visitor}", "", Rule::Nobody),
    request("delete the room", Method::DELETE, "/api/v1/rooms/{room}", "", Rule::Nobody),
    request("sessions", Method::GET, "/api/v1/support/sessions?page_size=100", "", Rule::Anyone),
    request("session", Method::GET, "/api/v1/support/sessions/{session}", "", Rule::See),
    request(
        "transfer",
        Method::POST,
        "/api/v1/support/sessions/{session}/transfer",
        r#"{"queue":true}"#,
        Rule::Handle,
    )
    .changing(),
    request("close", Method::POST, "/api/v1/support/sessions/{session}/close", "", Rule::Close).changing(),
    request("rate", Method::POST, "/api/v1/support/sessions/{session}/rating", r#"{"rating":5}"#, Rule::Rate)
        .changing(),
    request("notes", Method::GET, "/api/v1/support/sessions/{session}/notes", "", Rule::Notes),
    request(
        "note",
        Method::POST,
        "/api/v1/support/sessions/{session}/notes",
        r#"{"content":"n"}"#,
        Rule::Notes,
    ),
    request("queue", Method::GET, "/api/v1/support/queue?team={team}", "", Rule::Queue),
    request("staff", Method::GET, "/api/v1/support/staff?team={team}", "", Rule::Staff),
    request("replies", Method::GET, "/api/v1/support/replies?team={team}", "", Rule::Staff),
    request("status", Method::PUT, "/api/v1/support/status", r#"{"status":"busy"}"#, Rule::Staff).changing(),
    request("set staff", Method::PUT, "/api/v1/support/staff/{agent}", r#"{"max_sessions":7}"#, Rule::Manage),
    request("set a team", Method::PUT, "/api/v1/support/teams/{team}", "{}", Rule::Manage),
    request(
        "add a reply",
        Method::POST,
        "/api/v1/support/replies",
        r#"{"team":"{team}","shortcut":"s{actor}","content":"c"}"#,
        Rule::Manage,
    ),
    request("say where one is", Method::PATCH, "/api/v1/visitors/me", "{}", Rule::VisitorsOwn),
];

const fn frame(name: &'static str, json: &'static str, rule: Rule) -> Action {
    Action { name, way: Way::Frame { json, silent: false }, rule, shows: false, changes: false }
}

const fn request(
    name: &'static str,
    method: Method,
    path: &'static str,
    body: &'static str,
    rule: Rule,
) -> Action {
    Action { name, way: Way::Request { method, path, body }, rule, shows: false, changes: false }
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
}

/// A session of its own, in a team of its own, and who tries something with it.
struct Seat<'a> {
    hark: &'a Hark,
    number: usize,
    place: Place,
    visitor: Client,
    /// Serves it, unless it waits.
    agent: Client,
    /// None: the visitor or the agent.
    other: Option<Client>,
    socket: Mutex<Socket>,
    session: SessionId,
    room: RoomId,
    said: String,
}

impl<'a> Seat<'a> {
    async fn take(hark: &'a Hark, taken: &AtomicUsize, place: Place) -> Self {
        let number = taken.fetch_add(1, Ordering::Relaxed);
        let team = format!("team-{number}-");
        let about =
            json!({"name": format!("Vault {number}-"), "metadata": {"plan": format!("about{number}x")}});
        let visitor = hark.visitor_who(&about).await;
        let agent = staff(hark, &format!("agent-{number}-"), &team).await;
        let other = other(hark, number, &team, place.party).await;
        let actor = actor(place.party, &visitor, &agent, other.as_ref());
        let socket = Mutex::new(hark.connect(actor).await);
        let body = json!({"team": team, "message": format!("secret{number}x here")});
        let opened = hark.session(&visitor, &body).await;
        let room = RoomId(opened["room_id"].as_i64().unwrap());
        let page = Window::Page(Page { number: 1, size: 1 });
        let log = hark.running.app().messages.history(room, Seq(0), page, Seq(0)).await.unwrap().items;
        let said = log[0].message_id.to_string();
        let session = SessionId(opened["id"].as_i64().unwrap());
        let seat = Self { hark, number, place, visitor, agent, other, socket, session, room, said };
        seat.settle().await;
        seat
    }

    /// Brings the session to where the place says.
    async fn settle(&self) {
        let Place { party, state } = self.place;
        if state == State::Queued {
            return;
        }
        let (app, agent) = (self.hark.running.app(), UserId(self.agent.id));
        let terms = || app.config.support.terms(app.clock.now());
        if let (Party::Former, Some(former)) = (party, &self.other) {
            let former = UserId(former.id);
            app.desk.set_status(former, Status::Online, terms()).await.unwrap();
            app.desk.set_status(agent, Status::Online, terms()).await.unwrap();
            let to = Destination::Person(agent);
            app.desk.transfer(self.session, to, former, terms()).await.unwrap();
        } else {
            app.desk.set_status(agent, Status::Online, terms()).await.unwrap();
        }
        // So that what is handed back waits.
        app.desk.set_status(agent, Status::Busy, terms()).await.unwrap();
        if state == State::Closed {
            let path = format!("/api/v1/support/sessions/{}/close", self.session);
            self.hark.post(&self.agent, &path, &json!({})).await.expect(200);
        }
    }

    fn actor(&self) -> &Client {
        actor(self.place.party, &self.visitor, &self.agent, self.other.as_ref())
    }

    fn word(&self) -> String {
        format!("secret{}x", self.number)
    }

    fn fill(&self, template: &str) -> String {
        let filled = [
            ("room", self.room.to_string()),
            ("session", self.session.to_string()),
            ("word", self.word()),
            ("said", self.said.clone()),
            ("team", format!("team-{}-", self.number)),
            ("actor", self.actor().id.to_string()),
            ("visitor", self.visitor.id.to_string()),
            ("agent", self.agent.id.to_string()),
        ];
        let put = |text: String, (name, value): &(&str, String)| text.replace(&format!("{{{name}}}"), value);
        filled.iter().fold(template.to_owned(), put)
    }

    async fn act(&self, way: &Way) -> Outcome {
        match way {
            Way::Frame { json, .. } => {
                let frame: Value = serde_json::from_str(&self.fill(json)).expect("JSON");
                Outcome::of_frame(&self.socket.lock().await.ask(&frame).await)
            }
            Way::Request { method, path, body } => {
                let body = self.fill(body);
                let body: Option<Value> =
                    (!body.is_empty()).then(|| serde_json::from_str(&body).expect("JSON"));
                let token = &self.actor().token;
                let answer = self.hark.request(method.clone(), &self.fill(path), token, body.as_ref()).await;
                Outcome::of_answer(answer.status, &answer.body)
            }
        }
    }

    /// Everything that an action could change.
    async fn state(&self) -> Value {
        let (app, page) = (self.hark.running.app(), Page { number: 1, size: 100 });
        let team = format!("team-{}-", self.number);
        let agent = app.desk.staff_member(UserId(self.agent.id), 5).await.unwrap();
        let log = app.messages.history(self.room, Seq(0), Window::Page(page), Seq(0)).await.unwrap().items;
        json!({
            "session": app.desk.session(self.session).await.unwrap(),
            "members": app.rooms.members(self.room, page).await.unwrap().items,
            "log": log,
            "notes": app.desk.notes(self.session, page).await.unwrap().items,
            "team": app.desk.team(&team).await.unwrap(),
            "agent": agent,
            "replies": app.canned_replies.replies(&team, page).await.unwrap().items,
        })
    }

    /// What a text tells the actor that is not theirs to know.
    fn leak(&self, action: &Action, text: &str) -> Option<&'static str> {
        let others = if self.place.is_inside() { text.replace(&self.word(), "") } else { text.to_owned() };
        let shows_about = matches!(action.rule, Rule::See | Rule::Handle | Rule::Close);
        let reads_about = match self.place.party {
            Party::Visitor => matches!(action.rule, Rule::VisitorsOwn),
            _ => shows_about && self.place.sees_as_staff(),
        };
        let about = text.contains(&format!("about{}x", self.number));
        let knows = self.place.party == Party::Visitor || self.place.sees_as_staff();
        let names =
            text.contains(&self.visitor.username) || text.contains(&format!("Vault {}-", self.number));
        [
            (others.contains("secret"), "what was said"),
            (about && !reads_about, "what the visitor's page says"),
            (names && !knows, "who the visitor is"),
        ]
        .into_iter()
        .find_map(|(leaks, what)| leaks.then_some(what))
    }
}

const fn actor<'a>(
    party: Party,
    visitor: &'a Client,
    agent: &'a Client,
    other: Option<&'a Client>,
) -> &'a Client {
    match (party, other) {
        (Party::Visitor, _) => visitor,
        (_, Some(other)) => other,
        (_, None) => agent,
    }
}

async fn other(hark: &Hark, number: usize, team: &str, party: Party) -> Option<Client> {
    let name = format!("other-{number}-");
    Some(match party {
        Party::Visitor | Party::Serving => return None,
        Party::Former | Party::Colleague => staff(hark, &name, team).await,
        Party::Stranger => staff(hark, &name, &format!("elsewhere-{number}-")).await,
        Party::OtherVisitor => hark.visitor().await,
        Party::User => hark.user_as(&name, Role::User).await,
        Party::Service => hark.user_as(&name, Role::Service).await,
        Party::Admin => hark.user_as(&name, Role::Admin).await,
    })
}

async fn staff(hark: &Hark, name: &str, team: &str) -> Client {
    let staff = hark.user_as(name, Role::Staff).await;
    let app = hark.running.app();
    let patch = StaffPatch { team: Some(team.to_owned()), max_sessions: None };
    let terms = app.config.support.terms(app.clock.now());
    app.desk.set_staff(UserId(staff.id), patch, terms).await.unwrap();
    // Whoever comes to be here is given nobody by that alone.
    app.statuses.choose(UserId(staff.id), Status::Busy).await.unwrap();
    staff
}

/// What isn't as it should be.
async fn try_everything(hark: &Hark, taken: &AtomicUsize, place: Place) -> Vec<String> {
    let seat = Seat::take(hark, taken, place).await;
    let mut wrong = Vec::new();
    for action in ACTIONS {
        let found = if action.changes && place.refusal(action.rule).is_none() {
            check(&Seat::take(hark, taken, place).await, action).await
        } else {
            check(&seat, action).await
        };
        wrong.extend(found.err().map(|what| format!("{} as {place:?} {what}", action.name)));
    }
    wrong.extend(eavesdrop(&seat).await.err().map(|what| format!("the socket of {place:?} {what}")));
    wrong
}

async fn check(seat: &Seat<'_>, action: &Action) -> Result<(), String> {
    let expected = seat.place.refusal(action.rule);
    let before = seat.state().await;
    let Outcome { refusal, text } = seat.act(&action.way).await;
    ensure(refusal.as_deref() == expected, || format!("is answered {text}, not {expected:?}"))?;
    ensure(expected.is_none() || seat.state().await == before, || {
        "was refused and changed something".to_owned()
    })?;
    if let Some(leak) = seat.leak(action, &text) {
        return Err(format!("leaks {leak}: {text}"));
    }
    let shown = !(action.shows && seat.place.is_inside()) || text.contains(&seat.word());
    ensure(shown, || format!("shows nothing: {text}"))
}

/// Whoever is in the room is told what the visitor says there, and nobody else is told anything of it.
async fn eavesdrop(seat: &Seat<'_>) -> Result<(), String> {
    let path = format!("/api/v1/rooms/{}/messages", seat.room);
    let body = json!({"content": format!("{} again", seat.word())});
    let said = seat.hark.post(&seat.visitor, &path, &body).await;
    let closed = seat.place.state == State::Closed;
    ensure(said.status == if closed { 409 } else { 201 }, || format!("{said:?}"))?;
    let told = seat.socket.lock().await.everything().await;
    let told: Vec<&Value> = told.iter().filter(|frame| frame.to_string().contains("secret")).collect();
    if seat.place.is_inside() {
        return ensure(closed || !told.is_empty(), || "was told nothing".to_owned());
    }
    ensure(told.is_empty(), || format!("was told {told:?}"))
}
