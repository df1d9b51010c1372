//! Who waits is told where they stand: the first ten at once, the others when somebody looks.

use serde_json::Value;
use shared::ids::SessionId;
use shared::model::{ClosedBy, Role};
use shared::mq_event::{BasicProperties, RabbitMqEvent, RabbitMqMessage};
use shared::ports::{Changes, ENVELOPE_VERSION, Envelope, Event, NewSession, QUEUE_ASSIGNMENTS, QueueLook};
use uuid::Uuid;

use super::world::Hark;

const WAITING: usize = 12;

async fn assign(hark: &Hark, event: Event) {
    let envelope =
        Envelope { version: ENVELOPE_VERSION, id: Uuid::now_v7(), at: hark.app.clock.now(), event };
    let body = serde_json::to_vec(&envelope).unwrap();
    let message = RabbitMqMessage::new(BasicProperties::default(), false, &body);
    let event = RabbitMqEvent::of_queue(QUEUE_ASSIGNMENTS, "/", "arn", vec![message]);
    assign::handle(&hark.app, event).await.unwrap();
}

async fn last_step(hark: &Hark, mut changes: Changes) {
    assign(hark, Event::SessionChanged(Box::new(changes.sessions.pop().unwrap()))).await;
}

async fn look(hark: &Hark) {
    assign(hark, Event::QueueLook(QueueLook { team: String::new() })).await;
}

/// The positions that each was told so far.
fn told(hark: &Hark) -> Vec<Vec<i64>> {
    let positions = |n: usize| {
        let frames = hark.posted.to(&format!("c{n}"));
        let of_queue = frames.iter().filter(|frame| frame["type"] == "queue_position");
        of_queue.map(|frame: &Value| frame["position"].as_i64().unwrap()).collect()
    };
    (1..=WAITING).map(positions).collect()
}

#[tokio::test]
async fn the_first_ten_are_told_at_once_and_the_others_by_the_look_if_they_moved() {
    let hark = Hark::start().await;
    let terms = || hark.app.config.support.terms(hark.app.clock.now());
    let (mut first, mut last) = (SessionId(0), Changes::default());
    for n in 1..=WAITING {
        let visitor = hark.person_as(&format!("visitor{n}"), Role::Visitor).await;
        visitor.connect(&format!("c{n}")).await;
        let (team, subject) = (String::new(), String::new());
        let new = NewSession { visitor: visitor.id, team, subject, out_of_hours: false };
        let (session, opened) = hark.app.desk.open(new, terms()).await.unwrap();
        if n == 1 {
            first = session.id;
        }
        last = opened;
    }
    let mut expected: Vec<Vec<i64>> = (1..=10).map(|n| vec![n]).chain([vec![], vec![]]).collect();
    last_step(&hark, last).await;
    assert_eq!(told(&hark), expected, "at once");
    for _ in 0..2 {
        look(&hark).await;
        (expected[10], expected[11]) = (vec![11], vec![12]);
        assert_eq!(told(&hark), expected, "by the look, and once");
    }
    let (_, closed) = hark.app.desk.close(first, ClosedBy::Visitor, None, terms()).await.unwrap();
    last_step(&hark, closed).await;
    for (n, positions) in (1..).zip(&mut expected[1..11]) {
        positions.push(n);
    }
    assert_eq!(told(&hark), expected, "ten have moved up");
    look(&hark).await;
    expected[11].push(11);
    assert_eq!(told(&hark), expected);
}
