//! `$disconnect`: forgets a socket that closed. API Gateway sends it on a best effort: what it loses is
//! found by a post that answers 410, or by `upkeep`.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::registration;
use shared::socket::{SocketReply, connection_id};
use shared::telemetry::Metric;

/// # Errors
/// When the store is away.
pub async fn handle(app: &App, event: ApiGatewayWebsocketProxyRequest) -> Result<SocketReply, Error> {
    let context = &event.request_context;
    let connection = connection_id(context)?;
    registration::forget(app, &connection).await?;
    Metric::ConnectionsClosed.add(1);
    tracing::info!(
        %connection,
        code = context.disconnect_status_code,
        reason = context.disconnect_reason,
        "disconnected"
    );
    Ok(SocketReply::status(200))
}
