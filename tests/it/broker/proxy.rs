//! A TCP proxy whose connections a test can cut or make silent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// What the proxy does with new connections.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Serve,
    Refuse,
    /// Takes them and says nothing.
    Hold,
}

/// Stands in front of a broker, or of Redis.
pub struct Proxy {
    pub url: String,
    mode: watch::Sender<Mode>,
    /// Each value sent ends the connections made before it.
    ending: watch::Sender<Ending>,
    served: Arc<AtomicUsize>,
    task: AbortHandle,
}

/// How the connections that there are end.
#[derive(Clone, Copy)]
enum Ending {
    None,
    Closed,
    /// Open, but nothing passes any more: as after a freeze, when the path forgot the connection.
    Silent,
}

impl Proxy {
    pub async fn before(url: &str) -> Self {
        let uri: Uri = url.parse().expect("a URL");
        let target = format!("{}:{}", uri.host().expect("a host"), uri.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let here = listener.local_addr().expect("it listens");
        let (mode, ending) = (watch::Sender::new(Mode::Serve), watch::Sender::new(Ending::None));
        let served = Arc::<AtomicUsize>::default();
        let accepting = accept(listener, target.clone(), mode.subscribe(), ending.clone(), served.clone());
        let task = tokio::spawn(accepting).abort_handle();
        Self { url: swap_address(url, &target, here), mode, ending, served, task }
    }

    /// How many connections it has passed on until now.
    pub fn served(&self) -> usize {
        self.served.load(SeqCst)
    }

    /// Ends every connection, as a broker's restart does.
    pub fn cut(&self) {
        self.ending.send_replace(Ending::Closed);
    }

    /// Makes every connection silent without ending it.
    pub fn silence(&self) {
        self.ending.send_replace(Ending::Silent);
    }

    /// Ends every connection and refuses new ones.
    pub fn go_away(&self) {
        self.mode.send_replace(Mode::Refuse);
        self.cut();
    }

    /// Takes new connections, and nothing passes: as a broker that is too busy to greet.
    pub fn hold(&self) {
        self.mode.send_replace(Mode::Hold);
    }

    /// How many connections are held or passed on.
    pub fn taken(&self) -> usize {
        self.ending.receiver_count()
    }

    pub fn come_back(&self) {
        self.mode.send_replace(Mode::Serve);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn swap_address(url: &str, target: &str, here: SocketAddr) -> String {
    let swapped = url.replacen(target, &here.to_string(), 1);
    assert_ne!(swapped, url, "the URL names host and port");
    swapped
}

async fn accept(
    listener: TcpListener,
    target: String,
    mode: watch::Receiver<Mode>,
    ending: watch::Sender<Ending>,
    served: Arc<AtomicUsize>,
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        match *mode.borrow() {
            Mode::Serve => {
                served.fetch_add(1, SeqCst);
                connections.spawn(pass(client, target.clone(), ending.subscribe()));
            }
            Mode::Hold => drop(connections.spawn(hold(client, ending.subscribe()))),
            Mode::Refuse => {}
        }
    }
}

async fn pass(mut client: TcpStream, target: String, mut ending: watch::Receiver<Ending>) {
    let mut server = TcpStream::connect(target).await.expect("the broker listens");
    let ended = tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        changed = ending.changed() => changed,
    };
    if ended.is_ok() && matches!(*ending.borrow(), Ending::Silent) {
        drop(server);
        swallow(&mut client).await;
    }
    let _ = client.shutdown().await;
}

async fn hold(mut client: TcpStream, mut ending: watch::Receiver<Ending>) {
    tokio::select! {
        () = swallow(&mut client) => {}
        _ = ending.changed() => {}
    }
}

async fn swallow(client: &mut TcpStream) {
    let mut buffer = [0; 1024];
    while client.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}
