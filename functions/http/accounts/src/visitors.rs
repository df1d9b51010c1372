use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::Error;
use shared::app::App;
use shared::contract::{Forbidden, RateLimited};
use shared::events;
use shared::http::Body;
use shared::identity::{Caller, VisitorKey};
use shared::model::{OwnEvent, Role, User};
use shared::names::{Metadata, Nickname};
use shared::ports::{Arrival, ProfileChange};
use utoipa::ToSchema;

use crate::issued::Issued;
use crate::limit::{self, Source};

#[derive(Default, Deserialize, ToSchema)]
#[schema(as = VisitorComing)]
pub(crate) struct Coming {
    /// Of an earlier visit; a fresh one is made when there is none.
    visitor_key: Option<VisitorKey>,
    /// What the visitor wants to be called.
    name: Option<Nickname>,
    /// Where they are, as the page says.
    page: Option<Metadata>,
    metadata: Option<Metadata>,
}

/// A token, and the key that makes the same visitor again.
#[derive(Serialize, ToSchema)]
#[schema(as = VisitorEntered)]
pub(crate) struct Entered {
    visitor_key: String,
    #[serde(flatten)]
    issued: Issued,
}

/// None leaves as it is.
#[derive(Deserialize, ToSchema)]
#[schema(as = VisitorChanges)]
pub(crate) struct Changes {
    name: Option<Nickname>,
    page: Option<Metadata>,
    metadata: Option<Metadata>,
}

/// A visitor as they see themselves.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownVisitor)]
pub(crate) struct Myself {
    #[serde(flatten)]
    user: User,
    #[schema(required, value_type = Option<Object>)]
    page: Option<Value>,
    #[schema(required, value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// `POST /api/v1/visitors`: a token without an account; 201 for a new visitor, 200 for one who comes back
/// with their key.
///
/// # Errors
/// `rate_limited`; `invalid`, naming the field; `forbidden` for who is banned, and for an account that is a
/// visitor's no more.
#[utoipa::path(
    post, path = "/api/v1/visitors", request_body = Option<Coming>, security(()),
    responses(
        (status = 201, description = "A new visitor.", body = Entered),
        (status = 200, description = "One who came back.", body = Entered),
        Forbidden,
        RateLimited,
    ),
)]
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    source: Source,
    body: Option<Body<Coming>>,
) -> Result<(StatusCode, Json<Entered>), Error> {
    limit::visitor(&app, &source).await?;
    let Coming { visitor_key, name, page, metadata } = body.map(|Body(coming)| coming).unwrap_or_default();
    let key = visitor_key.unwrap_or_else(VisitorKey::fresh);
    let now = app.clock.now();
    let arrival = Arrival {
        key_digest: key.digest(),
        username: fresh_username(),
        nickname: name.map(Nickname::into_string),
        page: page.map(Metadata::into_value),
        metadata: metadata.map(Metadata::into_value),
    };
    let username = arrival.username.clone();
    let account = app.visitors.enter(arrival, now).await?;
    // A key must not open what is more than a visitor's by now.
    if account.role != Role::Visitor {
        return Err(Error::forbidden("visitor_key: is of an account that logs in with its password"));
    }
    Caller::of(&account, now, now)?;
    let is_new = account.user.username == username;
    if is_new {
        events::tell_if_possible(&app, OwnEvent::user_created(&account.user, account.role)).await;
    }
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let issued = Issued::to(&app, account)?;
    Ok((status, Json(Entered { visitor_key: key.as_str().to_owned(), issued })))
}

/// `PATCH /api/v1/visitors/me`: where the visitor is now, and what they are called.
///
/// # Errors
/// `invalid`, naming the field; `forbidden` for who is no visitor.
#[utoipa::path(
    patch, path = "/api/v1/visitors/me", request_body = Changes,
    responses((status = 200, description = "The visitor as they see themselves.", body = Myself)),
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(Changes { name, page, metadata }): Body<Changes>,
) -> Result<Json<Myself>, Error> {
    let (page, metadata) = (page.map(Metadata::into_value), metadata.map(Metadata::into_value));
    if !app.visitors.note_page(caller.user, page, metadata).await? {
        return Err(no_visitor());
    }
    if let Some(name) = name {
        let change = ProfileChange { nickname: Some(name.into_string()), email: None };
        app.accounts.change_profile(caller.user, change).await?;
    }
    let visitor = app.visitors.visitor(caller.user).await?.ok_or_else(no_visitor)?;
    Ok(Json(Myself { user: visitor.user, page: visitor.page, metadata: visitor.metadata }))
}

fn no_visitor() -> Error {
    Error::forbidden("for visitors only")
}

/// Nobody chooses it, so it can be long enough that none comes twice.
fn fresh_username() -> String {
    format!("visitor-{:016x}", rand::random::<u64>())
}
