//! Which operation of the document a request is.

use serde_json::Value;

/// Every path of the document by its segments, those without variables first.
pub struct Operations(Vec<(Vec<String>, Value)>);

pub enum Found<'a> {
    NoPath,
    NoMethod,
    Operation { name: String, answers: &'a Value },
}

impl Operations {
    pub fn of(document: &Value) -> Self {
        let paths = document["paths"].as_object().expect("paths").iter();
        let mut paths: Vec<_> = paths.map(|(path, item)| (segments(path), item.clone())).collect();
        paths.sort_by_key(|(segments, _)| segments.iter().filter(|part| is_variable(part)).count());
        Self(paths)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.iter().map(|(_, item)| item.as_object().map_or(0, serde_json::Map::len)).sum()
    }

    pub fn find(&self, method: &str, path: &str) -> Found<'_> {
        let wanted = segments(path);
        let Some((segments, item)) = self.0.iter().find(|(segments, _)| fits(segments, &wanted)) else {
            return Found::NoPath;
        };
        match item.get(method.to_lowercase()) {
            Some(operation) => Found::Operation {
                name: format!("{method} /{}", segments.join("/")),
                answers: &operation["responses"],
            },
            None => Found::NoMethod,
        }
    }
}

fn segments(path: &str) -> Vec<String> {
    path.trim_start_matches('/').split('/').map(str::to_owned).collect()
}

fn is_variable(segment: &str) -> bool {
    segment.starts_with('{')
}

fn fits(segments: &[String], path: &[String]) -> bool {
    let same =
        |(segment, part): (&String, &String)| segment == part || is_variable(segment) && !part.is_empty();
    segments.len() == path.len() && segments.iter().zip(path).all(same)
}
