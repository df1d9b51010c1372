//! The load driver's cold starts, over a function's own binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Where cargo built everything: beside this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    test.parent().and_then(Path::parent).expect("it is in deps/").to_owned()
}

fn cold_start(functions: &Path, arguments: &[&str]) -> Output {
    Command::new(built().join("hark-bench"))
        .args(["cold-start", "--functions"])
        .arg(functions)
        .args(arguments)
        .output()
        .expect("`make test` builds it")
}

#[test]
fn each_start_is_a_fresh_instance_beside_a_connect_to_each_service() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let arguments = ["--function", "authorize", "--starts", "2", "--events", "10", "--json"];
    let done = cold_start(&built(), &[&arguments[..], &[json.to_str().unwrap()]].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let figures: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let [authorize] = figures["functions"].as_array().unwrap().as_slice() else { panic!("{figures}") };
    assert_eq!((&authorize["function"], &authorize["cold_start"]["count"]), (&"authorize".into(), &2.into()));
    let connects = figures["connects"].as_array().unwrap();
    assert!(connects.iter().all(|connect| connect["latency"]["count"] == 2), "{figures}");
    let slowest =
        connects.iter().filter_map(|connect| connect["latency"]["p50_us"].as_f64()).fold(0.0, f64::max);
    let times = authorize["cold_start"]["p50_us"].as_f64().unwrap() / slowest;
    assert!((authorize["times_connect"].as_f64().unwrap() - times).abs() < 1e-6, "{figures}");
    let binary = std::fs::metadata(built().join("authorize")).unwrap().len();
    assert_eq!(authorize["binary_bytes"], binary);
    assert_eq!(authorize["zip_bytes"], Value::Null, "`make build` makes it");
    assert!(authorize["resident_bytes"].as_u64().unwrap() > 1 << 20, "{figures}");
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.contains("authorize/own-user-id") && table.contains("RabbitMQ"), "{table}");
}

#[test]
fn a_function_that_is_not_built_is_named() {
    let nothing = tempfile::tempdir().unwrap();
    let done = cold_start(nothing.path(), &["--function", "relay"]);
    assert!(!done.status.success());
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("has no program for: relay (`make build` builds them)"), "{said}");
}
