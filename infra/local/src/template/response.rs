//! `AWS::ApiGatewayV2::RouteResponse`: which routes of the WebSocket API reply.

use super::{Result, TemplateError, WebSocketApi, WebSocketRoute, node::Node, resources::Collector};

pub(super) const KIND: &str = "AWS::ApiGatewayV2::RouteResponse";

/// Gives each route its response: SAM makes the routes, but the responses are resources of their own
/// that name a route by the logical id which SAM generates.
///
/// # Errors
/// A response of a route that doesn't exist, or a route that expects a response and has none.
pub(super) fn attach(responses: &[(&str, &Node<'_>)], collector: &mut Collector<'_>) -> Result<()> {
    const KNOWN: [&str; 3] = ["ApiId", "RouteId", "RouteResponseKey"];
    for (_, response) in responses {
        let properties = response.need("Properties")?;
        collector.check(&properties, "RouteResponse", &KNOWN, &[])?;
        let route = properties.need("RouteId")?;
        let api = collector.template.websocket.as_mut();
        match api.and_then(|api| api.by_logical_id(route.resource().ok()?)) {
            Some(found) => found.responds = true,
            None => return Err(route.error("is not a route of this template's WebSocket API")),
        }
    }
    check_responses(collector)
}

fn check_responses(collector: &Collector<'_>) -> Result<()> {
    let Some(api) = &collector.template.websocket else {
        return Ok(());
    };
    let odd = api.routes.iter().find(|(_, route)| route.responds != route.selects_response);
    match odd {
        Some((key, route)) => Err(TemplateError::at(
            format!("Resources.{}.Properties.Routes.{key}", api.id),
            format!(
                "a reply takes both a RouteResponseSelectionExpression and an {KIND} for {}",
                route.logical_id
            ),
        )),
        None => Ok(()),
    }
}

impl WebSocketApi {
    fn by_logical_id(&mut self, wanted: &str) -> Option<&mut WebSocketRoute> {
        self.routes.values_mut().find(|route| route.logical_id == wanted)
    }
}

/// The logical id that SAM gives the route `key` of the API `api`.
pub(super) fn logical_id(api: &str, key: &str) -> String {
    let lower = key.trim_start_matches('$').to_lowercase();
    let mut letters = lower.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("{api}{}{}Route", first.map(String::from).unwrap_or_default(), letters.as_str())
}
