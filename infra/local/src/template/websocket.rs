//! `AWS::Serverless::WebSocketApi`, and what a WebSocket API is to the runner.

use super::{
    Result,
    http::stage_variables,
    node::Node,
    resources::{Collector, once},
    response,
};
use std::{collections::BTreeMap, time::Duration};

/// The longest that API Gateway waits for a WebSocket integration.
pub(super) const INTEGRATION_LIMIT: Duration = Duration::from_secs(29);

/// The WebSocket API: which frame goes to which function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketApi {
    /// The resource's logical id.
    pub id: String,
    /// The stage's name: the first path segment of `@connections`.
    pub stage: String,
    /// The stage's variables, as events carry them.
    pub variables: BTreeMap<String, String>,
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
    /// The logical id of the route, by which a route response names it.
    pub(super) logical_id: String,
    /// Whether the route names a response selection expression.
    pub(super) selects_response: bool,
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
    const KNOWN: [&str; 5] = ["Auth", "RouteSelectionExpression", "Routes", "StageName", "StageVariables"];
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
        variables: stage_variables(&properties)?,
        selection: selection(&properties.need("RouteSelectionExpression")?)?,
        routes: routes(id, &properties.need("Routes")?, collector)?,
        authorizer: match properties.get("Auth") {
            Some(auth) => authorizer(&auth, collector)?,
            None => None,
        },
    };
    once(&mut collector.template.websocket, api, resource)
}

/// The path of `$request.body.action`, or of `${request.body.action}`.
pub(super) fn selection(expression: &Node<'_>) -> Result<Vec<String>> {
    let text = expression.text()?;
    let wrapped = || text.strip_prefix("${request.body.").and_then(|text| text.strip_suffix('}'));
    match text.strip_prefix("$request.body.").or_else(wrapped) {
        Some(path) if !path.is_empty() => Ok(path.split('.').map(str::to_owned).collect()),
        _ => Err(expression.error("must be $request.body. and a field's name")),
    }
}

fn routes(
    api: &str,
    routes: &Node<'_>,
    collector: &mut Collector<'_>,
) -> Result<BTreeMap<String, WebSocketRoute>> {
    const KNOWN: [&str; 3] = ["FunctionArn", "IntegrationTimeout", "RouteResponseSelectionExpression"];
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
            logical_id: response::logical_id(api, key),
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
                Some(sources) => sources.items().map(|source| identity(&source)).collect::<Result<_>>()?,
                None => Vec::new(),
            };
            let timeout = INTEGRATION_LIMIT.min(collector.template.timeout(&function));
            Ok(Some(Authorizer { function, timeout, identity }))
        }
        _ => Err(kind.error("must be CUSTOM or NONE for the local runner")),
    }
}

pub(super) fn identity(source: &Node<'_>) -> Result<IdentitySource> {
    let text = source.text()?;
    if let Some(name) = text.strip_prefix("route.request.header.") {
        Ok(IdentitySource::Header(name.to_ascii_lowercase()))
    } else if let Some(name) = text.strip_prefix("route.request.querystring.") {
        Ok(IdentitySource::Query(name.to_owned()))
    } else {
        Err(source.error("must be route.request.header.* or route.request.querystring.*"))
    }
}
