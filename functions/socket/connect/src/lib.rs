//! `$connect`: registers a socket that opened. The upgrade waits for the answer, and anything but a
//! success refuses it.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::registration;
use shared::socket::{Origin, SUBPROTOCOL, SocketReply};
use shared::telemetry::Metric;

/// # Errors
/// When the event carries no caller: the route has no authorizer.
pub async fn handle(app: &App, event: ApiGatewayWebsocketProxyRequest) -> Result<SocketReply, Error> {
    let origin = Origin::of(&event, &app.config.sockets)?;
    let (user, connection) = (origin.caller.user, &origin.address.connection);
    if let Err(error) = registration::open(app, &origin.caller, &origin.address).await {
        tracing::warn!(%user, %connection, %error, "connection refused");
        Metric::ConnectionsRefused.add(1);
        return Ok(SocketReply::refusal(&error));
    }
    tracing::info!(%user, %connection, device = origin.caller.device, "connected");
    Metric::ConnectionsOpened.add(1);
    let reply = SocketReply::status(200);
    Ok(if offers_subprotocol(&event) { reply.with_subprotocol() } else { reply })
}

/// A client that offers subprotocols closes unless one of them is picked.
fn offers_subprotocol(event: &ApiGatewayWebsocketProxyRequest) -> bool {
    let offered = event.headers.get_all("sec-websocket-protocol").iter();
    offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| offer.trim() == SUBPROTOCOL)
}
