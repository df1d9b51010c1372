use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;

const SOON: Duration = Duration::from_secs(5);

/// A server on loopback that answers every request with `answer`.
async fn server(answer: String) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answer.clone()));
        }
    });
    (port, serving)
}

async fn serve(mut stream: TcpStream, answer: String) {
    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn url(host: &str, port: u16) -> Uri {
    format!("http://{host}:{port}/health").parse().unwrap()
}

const FINE: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn this_machine_is_reached_by_name_and_by_address_where_it_may_be() {
    let (port, _serving) = server(FINE.to_owned()).await;
    for networks in [Networks::Loopback, Networks::Private] {
        for host in ["127.0.0.1", "localhost"] {
            assert_eq!(
                Outbound::new(networks).get_for_status(&url(host, port), SOON).await.unwrap(),
                204,
                "{host}"
            );
        }
    }
}

#[tokio::test]
async fn no_spelling_of_an_address_leads_inside_where_nothing_inside_is_wanted() {
    let (port, _serving) = server(FINE.to_owned()).await;
    // Numbers in other forms are names to us, and addresses again to the resolver.
    let hosts =
        ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"];
    for host in hosts {
        let refused = Outbound::new(Networks::Public).get_for_status(&url(host, port), SOON).await;
        let error = refused.expect_err(host).to_string();
        assert!(error.starts_with("can't be reached"), "{host}: {error}");
    }
    let metadata = Outbound::new(Networks::Private).get_for_status(&url("169.254.169.254", 80), SOON).await;
    assert!(metadata.unwrap_err().to_string().contains(INSIDE), "never");
}

/// As the connector says it.
const INSIDE: &str = "not to be connected to";

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let (inner, inner_serving) = server(FINE.to_owned()).await;
    inner_serving.abort();
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{inner}/\r\n\
        content-length: 0\r\n\r\n"
    );
    let (port, _serving) = server(answer).await;
    let outbound = Outbound::new(Networks::Loopback);
    assert_eq!(outbound.get_for_status(&url("127.0.0.1", port), SOON).await.unwrap(), 307);
    let posted = outbound.post(&url("127.0.0.1", port), HeaderMap::new(), Bytes::new(), SOON).await;
    assert_eq!(posted.unwrap().status, 307);
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit_and_its_status_counts_beyond() {
    let of =
        |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{}", "x".repeat(bytes));
    let (most, _serving) = server(of(ANSWER_MAX_BYTES)).await;
    let (more, _serving_more) = server(of(ANSWER_MAX_BYTES + 1)).await;
    let outbound = Outbound::new(Networks::Loopback);
    let post =
        async |port| outbound.post(&url("127.0.0.1", port), HeaderMap::new(), Bytes::new(), SOON).await;
    assert_eq!(post(most).await.unwrap().body.len(), ANSWER_MAX_BYTES);
    assert!(matches!(post(more).await, Err(OutboundError::Unread)));
    let for_status =
        outbound.post_for_status(&url("127.0.0.1", more), HeaderMap::new(), Bytes::new(), SOON).await;
    assert_eq!(for_status.unwrap(), 200);
}

#[tokio::test]
async fn who_does_not_answer_in_time_is_late() {
    let (port, _serving) = server(String::new()).await;
    let outbound = Outbound::new(Networks::Loopback);
    let late = outbound.get_for_status(&url("127.0.0.1", port), Duration::from_millis(50)).await;
    assert!(matches!(late, Err(OutboundError::Late)), "{late:?}");
}
