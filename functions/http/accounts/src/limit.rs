//! How often one may knock at what takes no token.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use sha2::{Digest, Sha256};
use shared::Error;
use shared::app::App;
use shared::limiter::Rate;

/// The address that the request came from, as API Gateway saw it; None when none says.
pub(crate) struct Source(Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Not X-Forwarded-For, whose first entries the client writes itself.
        let address = match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        Ok(Self(address.and_then(|address| address.parse().ok())))
    }
}

/// A login that is tried, from its address and for its name; the password isn't looked at before.
///
/// # Errors
/// `rate_limited`.
pub(crate) async fn login(app: &App, source: &Source, username: &str) -> Result<(), Error> {
    address(app, "login", source, app.config.limits.login).await?;
    password(app, username).await
}

/// A password that is tried for a user name.
///
/// # Errors
/// `rate_limited`.
pub(crate) async fn password(app: &App, username: &str) -> Result<(), Error> {
    // A digest: of bounded length whatever is sent, and no list of names in Redis.
    let digest = Sha256::digest(username.to_lowercase());
    let key = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    count(app, &format!("login-name:{key}"), app.config.limits.login_name).await
}

/// A registration that is tried from an address.
///
/// # Errors
/// `rate_limited`.
pub(crate) async fn registration(app: &App, source: &Source) -> Result<(), Error> {
    address(app, "register", source, app.config.limits.register).await
}

/// A visitor who comes from an address, for the first time or again.
///
/// # Errors
/// `rate_limited`.
pub(crate) async fn visitor(app: &App, source: &Source) -> Result<(), Error> {
    address(app, "visitor", source, app.config.limits.visitors).await
}

async fn address(app: &App, what: &str, source: &Source, rate: Rate) -> Result<(), Error> {
    match source.0 {
        Some(address) => count(app, &format!("{what}:{}", network(address)), rate).await,
        None => Ok(()),
    }
}

/// Of IPv6 the first 64 bits: one subscriber has all the addresses behind them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

async fn count(app: &App, key: &str, rate: Rate) -> Result<(), Error> {
    let counted = app.presence.limit(key, rate, app.clock.now()).await;
    counted.map_err(|retry_after_ms| {
        let mut error = Error::rate_limited(retry_after_ms);
        error.message = "too many attempts, wait a little".to_owned();
        error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_with_its_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
    }
}
