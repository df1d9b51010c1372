//! `AWS::Serverless::WebSocketApi` and the route responses beside it.

use super::{
    Result,
    node::Node,
    resources::{Collector, once},
};
use std::{collections::BTreeMap, time::Duration};

pub(super) const RESPONSE: &str = "AWS::ApiGatewayV2::RouteResponse";

/// The longest that API Gateway waits for a WebSocket integration.
const INTEGRATION_LIMIT: Duration = Duration::from_secs(29);

/// The WebSocket API: which frame goes to which function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketApi {
    /// The resource's logical id.
    pub id: String,
    /// The stage's name: the first path segment of `@connections`.
    pub stage: String,
    /// The path into a frame whose value is the route key, e.g. `["type"]`.
    pub selection: Vec<String>,
    /// The routes by their keys, `$connect`, `$disconnect` and `$default` among them.
    pub routes: BTreeMap<String, WebSocketRoute>,
    /// The function that decides on a handshake.
    pub authorizer: Option<Authorizer>,
}

/// One route of the WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketRoute {
    /// The function it invokes.
    pub function: String,
    /// The longest that one invocation may take.
    pub timeout: Duration,
    /// Whether what the function returns is sent back: it has a route response.
    pub responds: bool,
    /// Whether the route names a response selection expression.
    selects_response: bool,
}

/// A `REQUEST` authorizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorizer {
    /// The function that decides.
    pub function: String,
    /// The longest that one decision may take.
    pub timeout: Duration,
    /// What a handshake must carry before the function is asked.
    pub identity: Vec<IdentitySource>,
}

/// A part of the handshake that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// A header, by its name in lower case.
    Header(String),
    /// A query parameter.
    Query(String),
}

/// Reads the WebSocket API called `id`.
///
/// # Errors
/// A second one, a route without a function of the template, or a property that is not known.
pub(super) fn read(id: &str, resource: &Node<'_>, collector: &mut Collector<'_>) -> Result<()> {
    const KNOWN: [&str; 4] = ["Auth", "RouteSelectionExpression", "Routes", "StageName"];
    const DEPLOYMENT: [&str; 11] = [
        "AccessLogSettings",
        "DefaultRouteSettings",
        "Description",
        "DisableExecuteApiEndpoint",
        "DisableSchemaValidation",
        "Domain",
        "IpAddressType",
        "Name",
        "PropagateTags",
        "RouteSettings",
        "Tags",
    ];
    let properties = resource.need("Properties")?;
    collector.check(&properties, "WebSocketApi", &KNOWN, &DEPLOYMENT)?;
    let api = WebSocketApi {
        id: id.to_owned(),
        stage: match properties.get("StageName") {
            Some(stage) => stage.text()?,
            None => "default".to_owned(),
        },
        selection: selection(&properties.need("RouteSelectionExpression")?)?,
        routes: routes(&properties.need("Routes")?, collector)?,
        authorizer: match properties.get("Auth") {
            Some(auth) => authorizer(&auth, collector)?,
            None => None,
        },
    };
    once(&mut collector.template.websocket, api, resource)
}

fn selection(expression: &Node<'_>) -> Result<Vec<String>> {
    let text = expression.text()?;
    match text.strip_prefix("$request.body.") {
        Some(path) if !path.is_empty() => Ok(path.split('.').map(str::to_owned).collect()),
        _ => Err(expression.error("must be $request.body. and a field's name")),
    }
}

fn routes(
    routes: &Node<'_>,
    collector: &mut Collector<'_>,
) -> Result<BTreeMap<String, WebSocketRoute>> {
    const KNOWN: [&str; 3] = [
        "FunctionArn",
        "IntegrationTimeout",
        "RouteResponseSelectionExpression",
    ];
    let mut read = BTreeMap::new();
    for (key, route) in routes.entries()? {
        collector.check(&route, "WebSocketApi route", &KNOWN, &["OperationName"])?;
        let function = collector.function(&route.need("FunctionArn")?)?;
        let limit = match route.get("IntegrationTimeout") {
            Some(millis) => Duration::from_millis(millis.number()?),
            None => INTEGRATION_LIMIT,
        };
        let route = WebSocketRoute {
            timeout: limit.min(collector.template.timeout(&function)),
            function,
            responds: false,
            selects_response: route.get("RouteResponseSelectionExpression").is_some(),
        };
        read.insert(key.to_owned(), route);
    }
    Ok(read)
}

fn authorizer(auth: &Node<'_>, collector: &mut Collector<'_>) -> Result<Option<Authorizer>> {
    const KNOWN: [&str; 3] = ["AuthArn", "AuthType", "IdentitySource"];
    collector.check(auth, "WebSocketApi auth", &KNOWN, &["InvokeRole", "Name"])?;
    let kind = auth.need("AuthType")?;
    match kind.text()?.to_ascii_uppercase().as_str() {
        "NONE" => Ok(None),
        "CUSTOM" => {
            let function = collector.function(&auth.need("AuthArn")?)?;
            let identity = match auth.get("IdentitySource") {
                Some(sources) => sources
                    .items()
                    .map(|source| identity(&source))
                    .collect::<Result<_>>()?,
                None => Vec::new(),
            };
            let timeout = INTEGRATION_LIMIT.min(collector.template.timeout(&function));
            Ok(Some(Authorizer {
                function,
                timeout,
                identity,
            }))
        }
        _ => Err(kind.error("must be CUSTOM or NONE for the local runner")),
    }
}

fn identity(source: &Node<'_>) -> Result<IdentitySource> {
    let text = source.text()?;
    if let Some(name) = text.strip_prefix("route.request.header.") {
        Ok(IdentitySource::Header(name.to_ascii_lowercase()))
    } else if let Some(name) = text.strip_prefix("route.request.querystring.") {
        Ok(IdentitySource::Query(name.to_owned()))
    } else {
        Err(source.error("must be route.request.header.* or route.request.querystring.*"))
    }
}

/// Gives each route its response: SAM makes the routes, but the responses are resources of their own
/// that name a route by the logical id which SAM generates.
///
/// # Errors
/// A response of a route that doesn't exist, or a route that expects a response and has none.
pub(super) fn attach_responses(
    responses: &[(&str, &Node<'_>)],
    collector: &mut Collector<'_>,
) -> Result<()> {
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
    let odd = api
        .routes
        .iter()
        .find(|(_, route)| route.responds != route.selects_response);
    match odd {
        Some((key, _)) => Err(super::TemplateError::at(
            format!("Resources.{}.Properties.Routes.{key}", api.id),
            format!(
                "a reply takes both a RouteResponseSelectionExpression and an {RESPONSE} for {}",
                logical_id(&api.id, key)
            ),
        )),
        None => Ok(()),
    }
}

impl WebSocketApi {
    fn by_logical_id(&mut self, wanted: &str) -> Option<&mut WebSocketRoute> {
        let Self { id, routes, .. } = self;
        let mut routes = routes.iter_mut();
        routes.find_map(|(key, route)| (logical_id(id, key) == wanted).then_some(route))
    }
}

/// The logical id that SAM gives the route `key` of the API `api`.
fn logical_id(api: &str, key: &str) -> String {
    let lower = key.trim_start_matches('$').to_lowercase();
    let mut letters = lower.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!(
        "{api}{}{}Route",
        first.map(String::from).unwrap_or_default(),
        letters.as_str()
    )
}
