//! The rows of the table, and what is wrong with them.

use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where AWS documents what it does.
const DOCUMENTATION: &str = "https://docs.aws.amazon.com/";

/// What was seen at AWS, or in a sample of an event, and is documented nowhere.
const OBSERVED: &str = "observed sample";

/// A row as it stands.
pub struct Row(Vec<String>);

/// The rows of every table in `text`.
pub fn rows(text: &str) -> Vec<Row> {
    let lines = text.lines().filter(|line| line.starts_with('|'));
    let rows = lines.filter(|line| !line.starts_with("|---") && !line.starts_with("| behaviour |"));
    rows.map(|line| Row(cells(line))).collect()
}

fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
}

/// What is wrong with them; nothing when it is empty.
pub fn problems(rows: &[Row]) -> Vec<String> {
    let mut named = BTreeSet::new();
    let wrong = |row: &Row| match &row.0[..] {
        [_, source, _] if !is_source(source) => Some("has no source"),
        [_, _, test] if !is_test(test) => Some("names no test"),
        [_, _, test] if !named.insert(test.clone()) => Some("names a test that is named twice"),
        [_, _, _] => None,
        _ => Some("has not three columns"),
    };
    let mut wrong = wrong;
    rows.iter()
        .filter_map(|row| wrong(row).map(|problem| format!("{problem}: {}", row.0.join(" | "))))
        .collect()
}

/// `[Title](https://docs.aws.amazon.com/...)`, or seen in a sample.
fn is_source(cell: &str) -> bool {
    let link = cell.strip_prefix('[').and_then(|cell| cell.split_once("]("));
    let is_page = link.is_some_and(|(title, url)| {
        !title.is_empty() && url.starts_with(DOCUMENTATION) && url.ends_with(')')
    });
    is_page || cell.starts_with(OBSERVED)
}

/// `` `path` `name` ``: a file, and a test in it.
fn is_test(cell: &str) -> bool {
    let parts: Vec<&str> = cell.split('`').filter(|part| !part.trim().is_empty()).collect();
    let [path, name] = parts[..] else { return false };
    let source = std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_default();
    has_test(&source, name)
}

/// A function marked as a test, or one that a macro makes tests of: then its name stands on a line of its own.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_it = |line: &str| {
        let declared = line.trim_start_matches("async ").strip_prefix("fn ");
        declared.and_then(|rest| rest.split_once('(')).is_some_and(|(declared, _)| declared == name)
    };
    let Some(at) = lines.iter().position(|line| is_it(line)) else { return false };
    let is_marked = at > 0 && (lines[at - 1] == "#[test]" || lines[at - 1].starts_with("#[tokio::test"));
    is_marked || lines.iter().any(|line| line.trim_end_matches(',') == name)
}
