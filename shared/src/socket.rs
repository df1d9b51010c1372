//! What the socket functions share: whose event it is, and how a function answers.

use aws_lambda_events::apigw::{ApiGatewayWebsocketProxyRequest, ApiGatewayWebsocketProxyRequestContext};
use serde::Serialize;

use crate::Error;
use crate::clock::UnixMs;
use crate::config::SocketConfig;
use crate::frames::{Outgoing, ServerFrame};
use crate::identity::{Caller, ContextError};
use crate::ids::{ClientMessageId, ConnectionId};
use crate::model::Address;

/// The subprotocol that Hark speaks; a token may ride beside it as `bearer.<token>`.
pub const SUBPROTOCOL: &str = "hark.v1";

/// An event without what every socket event has: not from a WebSocket API with our authorizer.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    #[error("the event has no {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Context(#[from] ContextError),
}

/// Whose frame it is and which socket it came by.
#[derive(Debug, Clone)]
pub struct Origin {
    pub caller: Caller,
    pub address: Address,
    /// The gateway's id of the frame; None at `$connect`.
    pub message_id: Option<String>,
}

impl Origin {
    /// # Errors
    /// When the event carries no connection or no caller.
    pub fn of(event: &ApiGatewayWebsocketProxyRequest, config: &SocketConfig) -> Result<Self, OriginError> {
        let context = &event.request_context;
        Ok(Self {
            caller: Caller::from_context(&context.authorizer.fields)?,
            address: Address {
                connection: connection_id(context)?,
                endpoint: endpoint(context, config)?,
                connected_at: UnixMs(context.connected_at),
            },
            message_id: context.message_id.clone(),
        })
    }

    /// Stands in for the id that a frame doesn't have: the same event run twice has the same.
    #[must_use]
    pub fn client_id(&self) -> ClientMessageId {
        let message_id = self.message_id.as_deref().unwrap_or_default();
        ClientMessageId::of_gateway(&self.address.connection, message_id)
    }
}

/// The connection that an event is about.
///
/// # Errors
/// When it names none.
pub fn connection_id(context: &ApiGatewayWebsocketProxyRequestContext) -> Result<ConnectionId, OriginError> {
    context.connection_id.clone().map(ConnectionId).ok_or(OriginError::Missing("connectionId"))
}

/// The configured `@connections` base URL, or the one that AWS gives an API: its domain and stage.
fn endpoint(
    context: &ApiGatewayWebsocketProxyRequestContext,
    config: &SocketConfig,
) -> Result<String, OriginError> {
    if let Some(url) = &config.endpoint_url {
        return Ok(url.clone());
    }
    let domain = context.domain_name.as_deref().ok_or(OriginError::Missing("domainName"))?;
    let stage = context.stage.as_deref().ok_or(OriginError::Missing("stage"))?;
    Ok(format!("https://{domain}/{stage}"))
}

/// What a socket function returns to API Gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketReply {
    pub status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<ReplyHeaders>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyHeaders {
    /// The subprotocol that the handshake settles on.
    #[serde(rename = "Sec-WebSocket-Protocol")]
    pub subprotocol: &'static str,
}

impl SocketReply {
    #[must_use]
    pub const fn status(status_code: u16) -> Self {
        Self { status_code, headers: None, body: None }
    }

    /// Refuses the handshake: the error's status, and for those who can read it the body that errors have
    /// over HTTP.
    #[must_use]
    pub fn refusal(error: &Error) -> Self {
        let Error { code, message, .. } = error;
        let body = serde_json::json!({ "error": { "code": code, "message": message } });
        Self { body: Some(body.to_string()), ..Self::status(code.row().status) }
    }

    /// A frame that goes back over the socket by the route response.
    #[must_use]
    pub fn frame(frame: &ServerFrame<'_>) -> Self {
        Self { body: Some(Outgoing::new(frame).text()), ..Self::status(200) }
    }

    /// Picks [`SUBPROTOCOL`].
    #[must_use]
    pub fn with_subprotocol(mut self) -> Self {
        self.headers = Some(ReplyHeaders { subprotocol: SUBPROTOCOL });
        self
    }
}
