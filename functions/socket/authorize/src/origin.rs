use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest as Handshake;

/// A browser says which page opens the socket. Allowed are the API's own origin and the configured ones;
/// a client that isn't a browser says nothing, and is let through to the token check.
pub(crate) fn check(event: &Handshake, allowed: &[String]) -> Result<(), shared::Error> {
    let Some(origin) = header(event, "origin") else { return Ok(()) };
    let configured = allowed.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(origin));
    if configured || is_own(event, origin) {
        Ok(())
    } else {
        Err(shared::Error::forbidden("the origin is not allowed"))
    }
}

/// `https://host[:port]` of the host that was asked; plain `http` for the local runner.
fn is_own(event: &Handshake, origin: &str) -> bool {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match (authority, header(event, "host")) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn header<'a>(event: &'a Handshake, name: &str) -> Option<&'a str> {
    // What isn't text can't be on the list: it counts as an origin that nobody allowed.
    event.headers.get(name).map(|value| value.to_str().unwrap_or("not text"))
}
