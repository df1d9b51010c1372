//! `AWS::Serverless::HttpApi`: its CORS settings and the routes that functions add to it.

use super::{
    Result,
    node::Node,
    resources::{Collector, repeated},
};
use std::{collections::BTreeMap, time::Duration};

/// The longest that API Gateway waits for an HTTP integration.
pub(super) const INTEGRATION_LIMIT: Duration = Duration::from_secs(30);

/// The HTTP API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpApi {
    /// The resource's logical id; empty for the one that SAM makes when none is stated.
    pub id: String,
    /// The routes.
    pub routes: Vec<HttpRoute>,
    /// The stage's variables, as events carry them.
    pub variables: BTreeMap<String, String>,
    /// Which pages may call it; `None` leaves CORS to the functions.
    pub cors: Option<Cors>,
}

/// One route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRoute {
    /// The method; `None` is any.
    pub method: Option<String>,
    /// The path, with `{name}` for one segment and `{name+}` for the rest; `$default` takes everything.
    pub path: String,
    /// The function it invokes.
    pub function: String,
    /// The longest that one invocation may take.
    pub timeout: Duration,
}

/// Cross-origin settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins, `*` for any.
    pub allow_origins: Vec<String>,
    /// Methods, `*` for any.
    pub allow_methods: Vec<String>,
    /// Request headers, `*` for any.
    pub allow_headers: Vec<String>,
    /// Response headers that a page may read.
    pub expose_headers: Vec<String>,
    /// Whether a page may send cookies.
    pub allow_credentials: bool,
    /// How many seconds a browser may keep the answer.
    pub max_age: Option<u64>,
}

/// Reads the HTTP API called `id`.
///
/// # Errors
/// A second one, or a property that is not known.
pub(super) fn read(id: &str, resource: &Node<'_>, collector: &mut Collector<'_>) -> Result<()> {
    const KNOWN: [&str; 3] = ["CorsConfiguration", "StageName", "StageVariables"];
    const DEPLOYMENT: [&str; 10] = [
        "AccessLogSettings",
        "DefaultRouteSettings",
        "Description",
        "DisableExecuteApiEndpoint",
        "Domain",
        "FailOnWarnings",
        "Name",
        "PropagateTags",
        "RouteSettings",
        "Tags",
    ];
    if let Some(properties) = resource.get("Properties") {
        collector.check(&properties, "HttpApi", &KNOWN, &DEPLOYMENT)?;
        if let Some(stage) = properties.get("StageName")
            && stage.text()? != "$default"
        {
            return Err(stage.error("must be $default: another stage would be part of every path"));
        }
        let cors = properties.get("CorsConfiguration");
        let cors = cors.map(|cors| read_cors(&cors, collector)).transpose()?;
        let variables = stage_variables(&properties)?;
        let api = api(id, resource, collector)?;
        (api.cors, api.variables) = (cors.flatten(), variables);
        return Ok(());
    }
    api(id, resource, collector).map(drop)
}

/// `StageVariables`, which every event carries.
pub(super) fn stage_variables(properties: &Node<'_>) -> Result<BTreeMap<String, String>> {
    let Some(variables) = properties.get("StageVariables") else { return Ok(BTreeMap::new()) };
    variables.entries()?.map(|(name, value)| Ok((name.to_owned(), value.text()?))).collect()
}

/// Adds `route`, an event at `event`.
///
/// # Errors
/// It belongs to another API, or its method and path are taken.
pub(super) fn add(route: super::HttpRoute, event: &Node<'_>, collector: &mut Collector<'_>) -> Result<()> {
    let api_id = event.get("Properties").and_then(|properties| properties.get("ApiId"));
    let id = match &api_id {
        Some(api) => api.resource()?,
        None => "ServerlessHttpApi",
    };
    let api = api(id, event, collector)?;
    api.routes.push(route);
    let keys: Vec<String> = api.routes.iter().map(HttpRoute::key).collect();
    match repeated(keys.iter().map(String::as_str)) {
        Some(key) => Err(event.error(format!("a second function takes the route {key}"))),
        None => Ok(()),
    }
}

/// The one HTTP API, made when first named: its routes may be read before the resource itself.
fn api<'c>(id: &str, node: &Node<'_>, collector: &'c mut Collector<'_>) -> Result<&'c mut HttpApi> {
    let api =
        collector.template.http.get_or_insert_with(|| HttpApi { id: id.to_owned(), ..HttpApi::default() });
    if api.id == id { Ok(api) } else { Err(node.error("the local runner serves one API of this kind")) }
}

impl HttpRoute {
    /// The route key as events carry it, e.g. `GET /health`.
    pub fn key(&self) -> String {
        if self.path == "$default" {
            return self.path.clone();
        }
        format!("{} {}", self.method.as_deref().unwrap_or("ANY"), self.path)
    }
}

fn read_cors(cors: &Node<'_>, collector: &mut Collector<'_>) -> Result<Option<Cors>> {
    const KNOWN: [&str; 6] =
        ["AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders", "MaxAge"];
    if cors.value.is_boolean() {
        return Ok(cors.flag()?.then(Cors::open));
    }
    collector.check(cors, "CorsConfiguration", &KNOWN, &[])?;
    Ok(Some(Cors {
        allow_origins: texts(cors, "AllowOrigins")?,
        allow_methods: texts(cors, "AllowMethods")?,
        allow_headers: texts(cors, "AllowHeaders")?,
        expose_headers: texts(cors, "ExposeHeaders")?,
        allow_credentials: cors.get("AllowCredentials").map_or(Ok(false), |flag| flag.flag())?,
        max_age: cors.get("MaxAge").map(|seconds| seconds.number()).transpose()?,
    }))
}

fn texts(node: &Node<'_>, key: &str) -> Result<Vec<String>> {
    match node.get(key) {
        Some(list) => list.items().map(|item| item.text()).collect(),
        None => Ok(Vec::new()),
    }
}

impl Cors {
    /// What SAM makes of `CorsConfiguration: true`.
    fn open() -> Self {
        let any = || vec!["*".to_owned()];
        Self { allow_origins: any(), allow_methods: any(), allow_headers: any(), ..Self::default() }
    }
}
