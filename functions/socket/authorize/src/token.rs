use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest as Handshake;
use shared::socket::SUBPROTOCOL;

/// What a client shows to open a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    Token(String),
    Ticket(String),
}

/// Looks where a client may put it: `?token=`, `Authorization: Bearer`, the subprotocol pair
/// `hark.v1, bearer.<token>` (browsers can't set headers), `?ticket=`.
pub(crate) fn find(event: &Handshake) -> Option<Credential> {
    let query = |name| event.query_string_parameters.first(name).filter(|value| !value.is_empty());
    let token = query("token").or_else(|| bearer(event)).or_else(|| subprotocol(event));
    let ticket = || query("ticket").map(|ticket| Credential::Ticket(ticket.to_owned()));
    token.map(|token| Credential::Token(token.to_owned())).or_else(ticket)
}

fn bearer(event: &Handshake) -> Option<&str> {
    let (scheme, token) = event.headers.get("authorization")?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn subprotocol(event: &Handshake) -> Option<&str> {
    let offers: Vec<&str> = event
        .headers
        .get_all("sec-websocket-protocol")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
        .collect();
    let token = offers.iter().find_map(|offer| offer.strip_prefix("bearer."));
    token.filter(|_| offers.contains(&SUBPROTOCOL))
}
