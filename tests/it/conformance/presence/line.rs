use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Stands between a client and the server: counts how often the client sends, and can cut the line.
pub(super) struct Line {
    pub(super) url: String,
    cut: watch::Sender<u32>,
    sent: Arc<AtomicUsize>,
}

impl Line {
    pub(super) async fn to(server_url: &str) -> Self {
        let (login, server) = login_and_server(server_url);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{login}{}", listener.local_addr().unwrap());
        let (cut, cuts) = watch::channel(0);
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, counter, mut cuts) = (server.clone(), Arc::clone(&counter), cuts.clone());
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        () = carry(client, &server, &counter) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { url, cut, sent }
    }

    /// Writes of the client since the last look; one for each round trip, if they are small.
    pub(super) fn trips(&self) -> usize {
        self.sent.swap(0, Ordering::SeqCst)
    }

    pub(super) fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }
}

async fn carry(client: TcpStream, server: &str, counter: &AtomicUsize) {
    let server = TcpStream::connect(server).await.unwrap();
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let up = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            counter.fetch_add(1, Ordering::SeqCst);
            to_server.write_all(&buffer[..length]).await.unwrap();
        }
    };
    tokio::select! {
        () = up => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

/// `user:password@`, or nothing, and `host:port` of a Redis URL.
fn login_and_server(url: &str) -> (String, String) {
    let authority = url.split_once("://").unwrap().1.split('/').next().unwrap();
    let (login, server) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    (login.to_owned(), server.to_owned())
}
