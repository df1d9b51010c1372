//! The authorizer of `$connect`: who may open a socket. What it says of the caller rides on every later
//! event of the socket, so that no frame costs a look-up.

mod origin;
mod policy;
mod token;

use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest as Handshake;
use lambda_runtime::Error;
use shared::app::App;
use shared::identity::{Caller, Ticket};
use shared::telemetry::Metric;
use shared::{Code, clock::UnixMs};

pub use policy::Policy;
use token::Credential;

/// Allows with the caller as context, denies (403) with the reason, or fails with `Unauthorized`, which
/// API Gateway answers with 401.
///
/// # Errors
/// `Unauthorized` without a token; anything else when the store is away (500).
pub async fn handle(app: &App, event: Handshake) -> Result<Policy, Error> {
    let Some(credential) = token::find(&event) else {
        Metric::ConnectionsRefused.add(1);
        return Err("Unauthorized".into());
    };
    match admit(app, &event, &credential).await {
        Ok(caller) => {
            tracing::info!(user = %caller.user, "allowed");
            Ok(Policy::allow(&event, &caller))
        }
        Err(error) if matches!(error.code, Code::Unauthenticated | Code::Forbidden) => {
            tracing::info!(reason = error.message, "denied");
            Metric::ConnectionsRefused.add(1);
            Ok(Policy::deny(&event, &error.message))
        }
        Err(error) => Err(error.into()),
    }
}

async fn admit(app: &App, event: &Handshake, credential: &Credential) -> Result<Caller, shared::Error> {
    origin::check(event, &app.config.sockets.allowed_origins)?;
    let mut caller = identify(app, credential).await?;
    check_user_id(event, &caller)?;
    caller.device = device(event)?;
    Ok(caller)
}

async fn identify(app: &App, credential: &Credential) -> Result<Caller, shared::Error> {
    let now = app.clock.now();
    match credential {
        Credential::Token(token) => Caller::from_bearer(app, token).await,
        Credential::Ticket(ticket) => redeem(app, ticket, now).await,
    }
}

/// A ticket stands for the account; the socket lasts as long as a token made now would.
async fn redeem(app: &App, ticket: &str, now: UnixMs) -> Result<Caller, shared::Error> {
    let account = app.accounts.redeem_ticket(&Ticket::given(ticket).digest(), now).await?;
    let account =
        account.ok_or_else(|| shared::Error::unauthenticated("the ticket was used or has expired"))?;
    let (_, expires_at) = app.tokens.issue(&account, now)?;
    Caller::of(&account, expires_at, now)
}

/// Identity is the token's alone: a `userId` beside it must be the same user.
fn check_user_id(event: &Handshake, caller: &Caller) -> Result<(), shared::Error> {
    let Some(claimed) = event.query_string_parameters.first("userId") else { return Ok(()) };
    if claimed == caller.user.to_string() || claimed == caller.username {
        Ok(())
    } else {
        Err(shared::Error::forbidden("userId is not the token's user"))
    }
}

/// Longest name that a client may give itself, in characters.
pub const DEVICE_MAX_CHARS: usize = 64;

fn device(event: &Handshake) -> Result<Option<String>, shared::Error> {
    match event.query_string_parameters.first("client_id") {
        Some(name) if name.chars().count() > DEVICE_MAX_CHARS => {
            Err(shared::Error::forbidden(format!("client_id has more than {DEVICE_MAX_CHARS} characters")))
        }
        name => Ok(name.filter(|name| !name.is_empty()).map(str::to_owned)),
    }
}
