use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::Error;
use crate::app::App;
use crate::identity::Caller;

/// The bearer of the request, checked here: an HTTP function has no authorizer in front of it.
impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        let token = bearer(parts)?;
        Self::from_token(token, &app.tokens, app.accounts.as_ref(), app.clock.now()).await
    }
}

fn bearer(parts: &Parts) -> Result<&str, Error> {
    let header = parts.headers.get(AUTHORIZATION);
    let header = header.ok_or_else(|| Error::unauthenticated("no token: send Authorization: Bearer"))?;
    let text = header.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Error::unauthenticated("Authorization must be a Bearer token")),
    }
}
