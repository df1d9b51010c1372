//! A WebSocket API as API Gateway's own resources: `AWS::ApiGatewayV2::Api`, its `Route`s, `Integration`s and
//! `Authorizer`, and its `Stage`.

use super::{
    Result,
    http::stage_variables,
    node::Node,
    resources::{Collector, of_type, once},
    websocket::{self, Authorizer, INTEGRATION_LIMIT, WebSocketApi, WebSocketRoute},
};
use std::{collections::BTreeMap, time::Duration};

const API: &str = "AWS::ApiGatewayV2::Api";
const AUTHORIZER: &str = "AWS::ApiGatewayV2::Authorizer";
const INTEGRATION: &str = "AWS::ApiGatewayV2::Integration";
const ROUTE: &str = "AWS::ApiGatewayV2::Route";
const STAGE: &str = "AWS::ApiGatewayV2::Stage";

/// The resource types that are read here.
pub(super) const KINDS: [&str; 5] = [API, AUTHORIZER, INTEGRATION, ROUTE, STAGE];

type Resources<'a> = [(&'a str, Node<'a>)];

/// What a route's target invokes, and how long API Gateway waits for it.
struct Integration {
    function: String,
    limit: Duration,
}

/// Reads the API, if there is one of this kind.
///
/// # Errors
/// A second one, one that is no WebSocket API, or what `KINDS` leave open: a route without a target, an integration
/// without a function of the template, a property that is not known.
pub(super) fn read(resources: &Resources<'_>, collector: &mut Collector<'_>) -> Result<()> {
    let apis = of_type(resources, API);
    let orphan = || KINDS.iter().flat_map(|kind| of_type(resources, kind)).next();
    match (&apis[..], orphan()) {
        ([(id, api)], _) => {
            let read = api_of(id, api, resources, collector)?;
            once(&mut collector.template.websocket, read, api)
        }
        ([], None) => Ok(()),
        ([], Some((_, resource))) => {
            Err(resource.error("belongs to no AWS::ApiGatewayV2::Api of this template"))
        }
        ([_, (_, second), ..], _) => Err(second.error("the local runner serves one API of this kind")),
    }
}

fn api_of(
    id: &str,
    api: &Node<'_>,
    resources: &Resources<'_>,
    collector: &mut Collector<'_>,
) -> Result<WebSocketApi> {
    const KNOWN: [&str; 2] = ["ProtocolType", "RouteSelectionExpression"];
    const DEPLOYMENT: [&str; 5] =
        ["Description", "DisableExecuteApiEndpoint", "DisableSchemaValidation", "Name", "Tags"];
    let properties = api.need("Properties")?;
    collector.check(&properties, "Api", &KNOWN, &DEPLOYMENT)?;
    let protocol = properties.need("ProtocolType")?;
    if protocol.text()? != "WEBSOCKET" {
        return Err(protocol.error("must be WEBSOCKET: write an HTTP API as AWS::Serverless::HttpApi"));
    }
    let (stage, variables) = stage(resources, api, collector)?;
    let (routes, authorizer) = routes(resources, collector)?;
    Ok(WebSocketApi {
        id: id.to_owned(),
        stage,
        variables,
        selection: websocket::selection(&properties.need("RouteSelectionExpression")?)?,
        routes,
        authorizer,
    })
}

fn stage(
    resources: &Resources<'_>,
    api: &Node<'_>,
    collector: &mut Collector<'_>,
) -> Result<(String, BTreeMap<String, String>)> {
    const KNOWN: [&str; 3] = ["ApiId", "StageName", "StageVariables"];
    const DEPLOYMENT: [&str; 7] = [
        "AccessLogSettings",
        "AutoDeploy",
        "DefaultRouteSettings",
        "DeploymentId",
        "Description",
        "RouteSettings",
        "Tags",
    ];
    let stages = of_type(resources, STAGE);
    let [(_, stage)] = stages[..] else {
        return Err(api.error(format!("must have one {STAGE}")));
    };
    let properties = stage.need("Properties")?;
    collector.check(&properties, "Stage", &KNOWN, &DEPLOYMENT)?;
    Ok((properties.need("StageName")?.text()?, stage_variables(&properties)?))
}

type Routes = BTreeMap<String, WebSocketRoute>;

fn routes(resources: &Resources<'_>, collector: &mut Collector<'_>) -> Result<(Routes, Option<Authorizer>)> {
    const KNOWN: [&str; 6] = [
        "ApiId",
        "AuthorizationType",
        "AuthorizerId",
        "RouteKey",
        "RouteResponseSelectionExpression",
        "Target",
    ];
    let integrations = integrations(resources, collector)?;
    let (mut routes, mut authorizer) = (Routes::new(), None);
    for (id, resource) in of_type(resources, ROUTE) {
        let properties = resource.need("Properties")?;
        collector.check(&properties, "Route", &KNOWN, &["OperationName"])?;
        let key = properties.need("RouteKey")?;
        let route = route(id, &properties, &integrations, collector)?;
        if routes.insert(key.text()?, route).is_some() {
            return Err(key.error("is the key of a second route"));
        }
        if let Some(decides) = authorizer_of(&properties, resources, collector)? {
            authorizer = Some(decides);
        }
    }
    Ok((routes, authorizer))
}

fn route(
    id: &str,
    properties: &Node<'_>,
    integrations: &BTreeMap<&str, Integration>,
    collector: &Collector<'_>,
) -> Result<WebSocketRoute> {
    let target = properties.need("Target")?;
    let found = target.reference().and_then(|id| integrations.get(id));
    let Integration { function, limit } =
        found.ok_or_else(|| target.error(format!("must be integrations/ and an {INTEGRATION}")))?;
    Ok(WebSocketRoute {
        timeout: (*limit).min(collector.template.timeout(function)),
        function: function.clone(),
        responds: false,
        logical_id: id.to_owned(),
        selects_response: properties.get("RouteResponseSelectionExpression").is_some(),
    })
}

fn integrations<'a>(
    resources: &Resources<'a>,
    collector: &mut Collector<'_>,
) -> Result<BTreeMap<&'a str, Integration>> {
    const KNOWN: [&str; 4] = ["ApiId", "IntegrationType", "IntegrationUri", "TimeoutInMillis"];
    const DEPLOYMENT: [&str; 4] = ["ConnectionType", "CredentialsArn", "Description", "IntegrationMethod"];
    let mut read = BTreeMap::new();
    for (id, resource) in of_type(resources, INTEGRATION) {
        let properties = resource.need("Properties")?;
        collector.check(&properties, "Integration", &KNOWN, &DEPLOYMENT)?;
        let kind = properties.need("IntegrationType")?;
        if kind.text()? != "AWS_PROXY" {
            return Err(kind.error("must be AWS_PROXY for the local runner"));
        }
        let function = collector.invoked_by(&properties.need("IntegrationUri")?)?;
        let limit = match properties.get("TimeoutInMillis") {
            Some(millis) => Duration::from_millis(millis.number()?),
            None => INTEGRATION_LIMIT,
        };
        read.insert(id, Integration { function, limit });
    }
    Ok(read)
}

/// What decides on a handshake, by the properties of `$connect`: no other route may ask.
fn authorizer_of(
    route: &Node<'_>,
    resources: &Resources<'_>,
    collector: &mut Collector<'_>,
) -> Result<Option<Authorizer>> {
    let Some(kind) = route.get("AuthorizationType") else { return Ok(None) };
    match kind.text()?.as_str() {
        "NONE" => return Ok(None),
        "CUSTOM" if route.need("RouteKey")?.text()? == "$connect" => {}
        _ => return Err(kind.error("must be NONE, or CUSTOM on $connect, for the local runner")),
    }
    let named = route.need("AuthorizerId")?;
    let wanted = named.resource()?;
    let found = of_type(resources, AUTHORIZER).into_iter().find(|(id, _)| *id == wanted);
    let (_, authorizer) = found.ok_or_else(|| named.error(format!("must be an {AUTHORIZER}")))?;
    read_authorizer(&authorizer.need("Properties")?, collector).map(Some)
}

fn read_authorizer(properties: &Node<'_>, collector: &mut Collector<'_>) -> Result<Authorizer> {
    const KNOWN: [&str; 4] = ["ApiId", "AuthorizerType", "AuthorizerUri", "IdentitySource"];
    collector.check(properties, "Authorizer", &KNOWN, &["AuthorizerCredentialsArn", "Name"])?;
    let kind = properties.need("AuthorizerType")?;
    if kind.text()? != "REQUEST" {
        return Err(kind.error("must be REQUEST for a WebSocket API"));
    }
    let function = collector.invoked_by(&properties.need("AuthorizerUri")?)?;
    let sources = properties.get("IdentitySource");
    let sources = sources.iter().flat_map(Node::items).map(|source| websocket::identity(&source));
    Ok(Authorizer {
        timeout: INTEGRATION_LIMIT.min(collector.template.timeout(&function)),
        function,
        identity: sources.collect::<Result<_>>()?,
    })
}
