//! Which route a request takes: a whole match before a greedy one, a stated method before `ANY`, and
//! `$default` last.

use crate::template::HttpRoute;
use percent_encoding::percent_decode_str;
use std::{cmp::Reverse, collections::BTreeMap};

/// The routes, most specific first.
pub(super) struct Routes {
    routes: Vec<(Vec<Segment>, HttpRoute, String)>,
}

/// The route that a request takes.
pub(super) struct Found<'a> {
    pub(super) route: &'a HttpRoute,
    pub(super) key: &'a str,
    /// The path's variables, decoded.
    pub(super) parameters: BTreeMap<&'a str, String>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Variable(String),
    /// `{name+}`: one segment or more.
    Rest(String),
}

impl Routes {
    pub(super) fn new(routes: Vec<HttpRoute>) -> Self {
        let keyed = routes.into_iter().map(|route| {
            let key = route.key();
            (segments(&route.path), route, key)
        });
        let mut routes: Vec<_> = keyed.collect();
        routes.sort_by_key(|(segments, route, _)| rank(segments, route));
        Self { routes }
    }

    /// The most specific route for `method` and `path`.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<Found<'_>> {
        self.routes.iter().find_map(|(segments, route, key)| {
            let any = || route.method.is_none();
            let fits = any() || route.method.as_deref() == Some(method);
            let parameters =
                if route.path == "$default" { BTreeMap::new() } else { matched(segments, path)? };
            fits.then_some(Found { route, key, parameters })
        })
    }
}

/// Sorts by: `$default` last, greedy after whole, more literal segments first, `ANY` last.
fn rank(segments: &[Segment], route: &HttpRoute) -> (bool, bool, Vec<u8>, Reverse<usize>, bool) {
    let kinds = segments.iter().map(|segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Variable(_) => 1,
        Segment::Rest(_) => 2,
    });
    let greedy = matches!(segments.last(), Some(Segment::Rest(_)));
    let default = route.path == "$default";
    (default, greedy, kinds.collect(), Reverse(segments.len()), route.method.is_none())
}

fn segments(path: &str) -> Vec<Segment> {
    let parts = path.trim_start_matches('/').split('/');
    let segment = |part: &str| {
        let variable = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        match variable {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Segment::Rest(name.to_owned()),
                None => Segment::Variable(name.to_owned()),
            },
            None => Segment::Literal(part.to_owned()),
        }
    };
    parts.map(segment).collect()
}

fn matched<'a>(segments: &'a [Segment], path: &str) -> Option<BTreeMap<&'a str, String>> {
    let mut parameters = BTreeMap::new();
    let mut rest = Some(path.strip_prefix('/')?);
    for segment in segments {
        let here = rest?;
        let (part, after) = match here.split_once('/') {
            Some((part, after)) => (part, Some(after)),
            None => (here, None),
        };
        match segment {
            Segment::Literal(literal) if literal == part => rest = after,
            Segment::Variable(name) if !part.is_empty() => {
                parameters.insert(name.as_str(), decoded(part));
                rest = after;
            }
            Segment::Rest(name) if !here.is_empty() => {
                parameters.insert(name.as_str(), decoded(here));
                rest = None;
            }
            _ => return None,
        }
    }
    rest.is_none().then_some(parameters)
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::Routes;
    use crate::{
        documents::openapi::functions,
        template::{HttpRoute, Template},
    };
    use serde_json::Value;
    use std::{collections::BTreeSet, path::PathBuf, time::Duration};
    use utoipa::openapi::OpenApi;

    fn routes() -> Routes {
        let all = [
            (None, "$default"),
            (None, "/rooms/{proxy+}"),
            (Some("GET"), "/rooms/{room}"),
            (None, "/rooms/mine"),
            (Some("POST"), "/rooms/mine"),
            (Some("GET"), "/"),
        ];
        let route = |(method, path): (Option<&str>, &str)| HttpRoute {
            method: method.map(str::to_owned),
            path: path.to_owned(),
            function: String::new(),
            timeout: Duration::ZERO,
        };
        Routes::new(all.into_iter().map(route).collect())
    }

    fn key(method: &str, path: &str) -> String {
        routes().find(method, path).expect("$default takes the rest").key.to_owned()
    }

    #[test]
    fn the_most_specific_route_wins() {
        assert_eq!(key("POST", "/rooms/mine"), "POST /rooms/mine");
        assert_eq!(key("GET", "/rooms/mine"), "ANY /rooms/mine");
        assert_eq!(key("GET", "/rooms/7"), "GET /rooms/{room}");
        assert_eq!(key("PUT", "/rooms/7"), "ANY /rooms/{proxy+}");
        assert_eq!(key("GET", "/rooms/7/messages"), "ANY /rooms/{proxy+}");
        assert_eq!(key("GET", "/"), "GET /");
        assert_eq!(key("GET", "/rooms"), "$default");
        assert_eq!(key("GET", "/rooms/"), "$default");
    }

    #[test]
    fn the_developer_guides_own_example_is_routed_as_it_says() {
        let all = [
            ("GET", "/pets/dog/1"),
            ("GET", "/pets/dog/{id}"),
            ("GET", "/pets/{proxy+}"),
            ("ANY", "/{proxy+}"),
            ("", "$default"),
        ];
        let route = |(method, path): (&str, &str)| HttpRoute {
            method: (method == "GET").then(|| method.to_owned()),
            path: path.to_owned(),
            function: String::new(),
            timeout: Duration::ZERO,
        };
        let routes = Routes::new(all.into_iter().rev().map(route).collect());
        for (method, path, key) in [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("POST", "/test/5", "ANY /{proxy+}"),
            ("GET", "/", "$default"),
        ] {
            assert_eq!(routes.find(method, path).map(|found| found.key), Some(key), "{method} {path}");
        }
    }

    #[test]
    fn variables_are_decoded() {
        let routes = routes();
        let found = routes.find("PUT", "/rooms/a%20b/c").expect("there is a route");
        assert_eq!(found.parameters["proxy"], "a b/c");
    }

    /// The template's routes are wide (`ANY /api/v1/rooms/{proxy+}`), so what counts is who answers an operation.
    #[test]
    fn the_template_leads_every_operation_to_its_function_and_has_no_route_besides() {
        let template = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
        let api = Template::read(&template, &Default::default()).unwrap().http.expect("an HTTP API");
        let mut idle: BTreeSet<String> = api.routes.iter().map(|route| route.key()).collect();
        let routes = Routes::new(api.routes);
        for (function, document) in functions() {
            for (method, path) in operations(&document) {
                let found = routes.find(&method, &path).expect(&path);
                assert_eq!(found.route.function, function, "{method} {path}");
                idle.remove(found.key);
            }
        }
        assert!(idle.is_empty(), "no operation is described for {idle:?}");
    }

    fn operations(document: &OpenApi) -> Vec<(String, String)> {
        let paths = serde_json::to_value(&document.paths).unwrap();
        let items = paths.as_object().unwrap().iter();
        let methods = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        items
            .flat_map(|(path, item)| {
                methods(item).into_iter().map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect()
    }
}
