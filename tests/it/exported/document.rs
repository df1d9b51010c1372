//! Reading what a function told CloudWatch, as CloudWatch would.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// As the specification has it; a document's own names are checked below.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("emf.schema.json")).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
});

/// By a metric with its dimensions, as in `Errors{Code=invalid,Function=message}`, every value that was told.
pub type Told = BTreeMap<String, Vec<f64>>;

/// What stands in a function's log.
pub fn told(log: &Path, namespace: &str) -> Told {
    let mut told = Told::new();
    for line in std::fs::read_to_string(log).expect("the log is there").lines() {
        if let Some(document) =
            serde_json::from_str::<Value>(line).ok().filter(|line| line.get("_aws").is_some())
        {
            take(&document, namespace, &mut told);
        }
    }
    told
}

fn take(document: &Value, namespace: &str, told: &mut Told) {
    if let Err(error) = SCHEMA.validate(document) {
        panic!("{error} at {} of {document}", error.instance_path());
    }
    for directive in document["_aws"]["CloudWatchMetrics"].as_array().expect("a list") {
        assert_eq!(directive["Namespace"], namespace);
        for dimensions in directive["Dimensions"].as_array().expect("a list") {
            let dimensions = named(document, dimensions);
            for metric in directive["Metrics"].as_array().expect("a list") {
                let name = metric["Name"].as_str().expect("a name");
                let values = told.entry(format!("{name}{{{dimensions}}}")).or_default();
                values.extend(numbers(&document[name], name));
            }
        }
    }
}

/// Each a member of the document that is a text.
fn named(document: &Value, dimensions: &Value) -> String {
    let names = dimensions.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name"));
    let mut pairs: Vec<String> = names
        .map(|name| {
            format!("{name}={}", document[name].as_str().unwrap_or_else(|| panic!("{name} is missing")))
        })
        .collect();
    pairs.sort();
    pairs.join(",")
}

fn numbers(member: &Value, name: &str) -> Vec<f64> {
    match member {
        Value::Array(values) => values.iter().map(|value| value.as_f64().expect("a number")).collect(),
        value => vec![value.as_f64().unwrap_or_else(|| panic!("{name} is missing"))],
    }
}
