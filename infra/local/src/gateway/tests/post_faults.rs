//! Posts that go wrong on demand, over `@connections` and straight to the sockets.

use super::{
    http::{Answered, request},
    stage::Stage,
};
use crate::{
    faults::{Fault, Kind, PostAnswer},
    gateway::sockets::{Counters, PostError},
};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use std::time::{Duration, Instant};

async fn post(stage: &Stage, path: &str, body: &'static str) -> Answered {
    request(Request::post(stage.http(path)).body(Full::from(body)).expect("a request")).await
}

fn kind(answered: &Answered) -> &str {
    answered.headers["x-amzn-errortype"].to_str().expect("text")
}

#[tokio::test]
async fn a_post_that_meets_a_fault_is_refused_in_the_words_of_the_gateway() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let faults = ["429", "410", "503", "403", "413"];
    let once = |status| format!("post={status},count=1").parse().expect("a fault");
    stage.runner.sockets().faults().set(faults.map(once));
    let (path, before) = (format!("/live/@connections/{}", client.id), stage.runner.sockets().counters());
    for (status, words) in [
        (429, "LimitExceededException"),
        (410, "GoneException"),
        (503, "ServiceUnavailableException"),
        (403, "ForbiddenException"),
        (413, "PayloadTooLargeException"),
    ] {
        let refused = post(&stage, &path, "refused").await;
        assert_eq!((refused.status.as_u16(), kind(&refused)), (status, words));
    }
    assert_eq!(post(&stage, &path, "sent").await.status, StatusCode::OK);
    assert_eq!(client.hear().await, "sent");
    let expected = Counters { posts: before.posts + 1, posts_refused: before.posts_refused + 5, ..before };
    assert_eq!(stage.runner.sockets().counters(), expected);
}

#[tokio::test]
async fn a_fault_of_one_connection_leaves_the_others_alone_until_it_is_switched_off() {
    let mut stage = Stage::start();
    let (one, mut other) = (stage.socket().await, stage.socket().await);
    let sockets = stage.runner.sockets().clone();
    let (answer, connection) = (PostAnswer::Refused(PostError::Throttled), Some(one.id.to_string()));
    sockets.faults().set([Fault::every(Kind::Post { answer, connection })]);
    for _ in 0..2 {
        assert_eq!(sockets.post(&one.id, Bytes::from_static(b"no")).await, Err(PostError::Throttled));
        sockets.post(&other.id, Bytes::from_static(b"yes")).await.expect("it is about another");
        assert_eq!(other.hear().await, "yes");
    }
    sockets.faults().set([]);
    sockets.post(&one.id, Bytes::from_static(b"yes")).await.expect("it is off");
}

#[tokio::test]
async fn a_late_answer_comes_after_the_frame() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let late = Duration::from_millis(300);
    stage.runner.sockets().faults().set([Fault::of_posts(PostAnswer::Late(late))]);
    let (path, began) = (format!("/live/@connections/{}", client.id), Instant::now());
    let answered = post(&stage, &path, "hello");
    let (answered, heard) = tokio::join!(answered, async { (client.hear().await, began.elapsed()) });
    assert_eq!((answered.status, heard.0.as_str()), (StatusCode::OK, "hello"));
    assert!(heard.1 < late && began.elapsed() >= late, "{heard:?}, then {:?}", began.elapsed());
}
