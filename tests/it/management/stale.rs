use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers the first request of each connection, promises to keep it, and cuts it when
/// the second comes: what a client finds that slept for longer than the server waited.
pub(super) async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/local", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_once(stream));
        }
    });
    base
}

async fn answer_once(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    // A request of these tests is far smaller than one read.
    assert!(stream.read(&mut buffer).await.unwrap() > 0);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    assert!(stream.read(&mut buffer).await.unwrap_or(0) < buffer.len());
}
