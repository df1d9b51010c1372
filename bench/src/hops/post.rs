//! One HTTP POST on a kept connection to an echo in this process.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::{PAYLOAD, time};
use crate::measure::Latency;

/// Times one POST of a message's size, answered with its own body.
///
/// # Errors
/// When the loopback connection fails.
pub(super) async fn post() -> anyhow::Result<Latency> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(echo(listener));
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let client = tokio::spawn(connection);
    let latency = time(async || {
        let body = Full::new(Bytes::from_static(&PAYLOAD));
        let request = Request::post("/").header("host", "localhost").body(body)?;
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        answer.into_body().collect().await?;
        Ok(())
    })
    .await;
    client.abort();
    server.abort();
    latency
}

/// Serves the one connection.
async fn echo(listener: TcpListener) -> anyhow::Result<()> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let echo = service_fn(|request: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    });
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), echo).await?;
    Ok(())
}
