//! Functions as processes: what Lambda does with them, one case each. Sources: "Lambda execution environment",
//! "Using the Lambda runtime API" and "Lambda quotas" in the AWS Lambda Developer Guide.

mod probe;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use local::invoke::{EVENT_MAX_BYTES, Failure, Trace};
use serde_json::{Value, json};

use crate::hark::eventually;
use probe::{LIMIT, Probe, state};

/// What an answer may have, in bytes.
const ANSWER_MAX_BYTES: usize = 6 * 1024 * 1024 + 100;

#[tokio::test]
async fn a_function_answers_with_what_it_returns() {
    let with = json!({"text": "grüß dich", "list": [1, null, true]});
    let answered = Probe::new(1).invoke(json!({"do": "answer", "with": with})).await;
    assert_eq!(answered.unwrap(), with);
}

#[tokio::test]
async fn an_error_is_the_functions_in_its_own_words() {
    let probe = Probe::new(1);
    let pid = probe.pid().await;
    let error = probe.invoke(json!({"do": "fail"})).await.unwrap_err();
    assert_eq!(
        (error.error_type.as_str(), error.error_message.as_str()),
        ("Probe.Failed", "as the event says")
    );
    assert_eq!(probe.pid().await, pid, "the instance goes on");
}

#[tokio::test]
async fn one_event_after_the_other_meets_the_same_instance() {
    let probe = Probe::new(5);
    let first = probe.pid().await;
    for _ in 0..5 {
        eventually(async || probe.resting() == 1).await;
        assert_eq!(probe.pid().await, first);
    }
}

#[tokio::test]
async fn two_events_at_once_take_two_instances() {
    let probe = Probe::new(5);
    let nap = || probe.invoke(json!({"do": "sleep", "seconds": 0.5}));
    let (one, two) = tokio::join!(nap(), nap());
    assert_ne!(one.unwrap()["pid"], two.unwrap()["pid"]);
}

#[tokio::test]
async fn past_the_number_of_instances_an_event_waits_its_turn() {
    let probe = Probe::new(2);
    let nap = || probe.invoke(json!({"do": "sleep", "seconds": 0.3}));
    let answers = futures::future::join_all((0..5).map(|_| nap())).await;
    let mut pids: Vec<u64> =
        answers.into_iter().map(|answer| answer.unwrap()["pid"].as_u64().unwrap()).collect();
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len(), 2);
}

#[tokio::test]
async fn an_event_whose_turn_never_comes_is_throttled() {
    let probe = Probe::new(1);
    let blocked = probe.invoke(json!({"do": "sleep", "seconds": 2}));
    let late = probe.invoke_within(Duration::from_millis(300), json!({"do": "answer"}));
    // The first takes the one place before the second asks for it.
    let (_, late) = tokio::join!(blocked, late);
    assert_eq!(late.unwrap_err().error_type, "TooManyRequestsException");
}

#[tokio::test]
async fn an_event_past_the_deadline_is_cut_off_with_its_process() {
    let probe = Probe::with(Duration::from_secs(1), 1, &[]);
    let pid = probe.pid().await;
    let error = probe.invoke(json!({"do": "sleep", "seconds": 60})).await.unwrap_err();
    assert_eq!((error.error_type.as_str(), error.failure), ("Sandbox.Timedout", Failure::TimedOut));
    assert!(error.error_message.ends_with(" Error: Task timed out after 1.00 seconds"), "{error}");
    assert!(error.error_message.starts_with("RequestId: "), "{error}");
    eventually(async || is_gone(pid)).await;
    assert_ne!(probe.pid().await, pid, "the next event starts anew");
}

#[tokio::test]
async fn a_caller_who_waits_shorter_than_the_function_may_run_hears_of_it_and_the_function_goes_on() {
    let probe = Probe::new(1);
    let then = probe.path("done");
    let event = json!({"do": "sleep", "seconds": 1, "then": then});
    let error = probe.invoke_within(Duration::from_millis(500), event).await.unwrap_err();
    assert_eq!(error.failure, Failure::TimedOut);
    eventually(async || std::fs::exists(&then).unwrap()).await;
}

#[tokio::test]
async fn a_process_that_ends_in_the_middle_fails_its_event_alone() {
    let probe = Probe::new(1);
    let pid = probe.pid().await;
    let error = probe.invoke(json!({"do": "exit", "status": 3})).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert!(error.error_message.ends_with("Error: Runtime exited with error: exit status: 3"), "{error}");
    assert_ne!(probe.pid().await, pid);
}

#[tokio::test]
async fn a_process_that_ends_well_in_the_middle_gave_no_reason() {
    let error = Probe::new(1).invoke(json!({"do": "exit", "status": 0})).await.unwrap_err();
    assert!(error.error_message.ends_with("Error: Runtime exited without providing a reason"), "{error}");
}

#[tokio::test]
async fn an_instance_that_died_between_events_is_replaced_unnoticed() {
    let probe = Probe::new(1);
    let pid = probe.pid().await;
    eventually(async || state(pid) == Some('T')).await;
    kill(pid);
    eventually(async || is_gone(pid)).await;
    assert_ne!(probe.pid().await, pid);
}

#[tokio::test]
async fn between_events_nothing_runs_twenty_times_of_twenty() {
    let probe = Probe::new(1);
    let file = probe.path("counted");
    let pid = probe.invoke(json!({"do": "later", "file": file})).await.unwrap()["pid"].as_u64().unwrap();
    let counted = || std::fs::metadata(&file).map_or(0, |file| file.len());
    for round in 0..20 {
        eventually(async || state(pid) == Some('T')).await;
        let before = counted();
        // Ten of its steps.
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(counted(), before, "round {round}");
        let nap = probe.invoke(json!({"do": "sleep", "seconds": 0.05})).await.unwrap();
        assert_eq!(nap["pid"], pid);
        assert!(counted() > before, "it goes on while an event is handled, round {round}");
    }
}

#[tokio::test]
async fn a_program_that_reports_a_failed_start_fails_the_event_that_started_it() {
    let probe = Probe::with(LIMIT, 1, &[("PROBE_INIT", "fail")]);
    let error = probe.invoke(json!({"do": "answer"})).await.unwrap_err();
    assert_eq!((error.error_type.as_str(), error.error_message.as_str()), ("Probe.Init", "cannot start"));
}

#[tokio::test]
async fn a_program_that_ends_before_it_asks_for_an_event_fails_the_event_that_started_it() {
    let probe = Probe::with(LIMIT, 1, &[("PROBE_INIT", "exit")]);
    let error = probe.invoke(json!({"do": "answer"})).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert!(error.error_message.ends_with("exit status: 7"), "{error}");
}

#[tokio::test]
async fn a_start_has_ten_seconds_and_then_once_more_the_functions_timeout() {
    let probe = Probe::with(Duration::from_secs(1), 1, &[("PROBE_INIT", "sleep")]);
    let began = Instant::now();
    let error = probe.invoke(json!({"do": "answer"})).await.unwrap_err();
    assert_eq!(error.failure, Failure::TimedOut);
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(11) && took < Duration::from_secs(16), "{took:?}");
}

#[tokio::test]
async fn an_answer_of_the_largest_size_goes_through_and_one_byte_more_does_not() {
    let probe = Probe::new(1);
    let bytes = |count: usize| json!({"do": "bytes", "count": count});
    let largest = probe.invoke(bytes(ANSWER_MAX_BYTES)).await.unwrap();
    assert_eq!(largest.as_str().unwrap().len(), ANSWER_MAX_BYTES - 2);
    let error = probe.invoke(bytes(ANSWER_MAX_BYTES + 1)).await.unwrap_err();
    assert_eq!(error.error_type, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn an_answer_to_an_event_that_it_does_not_have_is_refused() {
    let refused = Probe::new(1).invoke(json!({"do": "stray"})).await.unwrap();
    assert_eq!(refused["status"], 400);
    assert_eq!(refused["errorType"], "InvalidRequestID");
}

#[tokio::test]
async fn every_event_brings_its_id_its_deadline_its_function_and_a_trace() {
    let probe = Probe::with(Duration::from_secs(7), 1, &[]);
    let context = || async { probe.invoke(json!({"do": "context"})).await.unwrap() };
    let (first, second) = (context().await, context().await);
    let text =
        |context: &Value, name: &str| context[format!("lambda-runtime-{name}")].as_str().unwrap().to_owned();
    assert_ne!(text(&first, "aws-request-id"), text(&second, "aws-request-id"));
    uuid::Uuid::parse_str(&text(&first, "aws-request-id")).unwrap();
    assert_eq!(text(&first, "invoked-function-arn"), "arn:aws:lambda:us-east-1:000000000000:function:probe");
    let deadline: f64 = text(&second, "deadline-ms").parse().unwrap();
    let left_ms = deadline - second["now_ms"].as_f64().unwrap();
    assert!((0.0..=7_000.0).contains(&left_ms), "{left_ms}");
    assert!(deadline > SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as f64);
    assert_trace(&text(&first, "trace-id"));
}

/// `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=0`
fn assert_trace(trace: &str) {
    let parts: Vec<&str> = trace.split(';').collect();
    let [root, parent, sampled] = parts[..] else { panic!("{trace}") };
    let root: Vec<&str> = root.split('-').collect();
    assert_eq!((root[0], root[1].len(), root[2].len()), ("Root=1", 8, 24), "{trace}");
    assert_eq!((parent.len(), sampled), ("Parent=".len() + 16, "Sampled=0"), "{trace}");
}

#[tokio::test]
async fn the_environment_is_lambdas_and_the_functions_own() {
    let probe = Probe::with(LIMIT, 1, &[("GREETING", "hello")]);
    let names = [
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_REGION",
        "TZ",
        "GREETING",
        "AWS_PROFILE",
    ];
    let environment = probe.invoke(json!({"do": "environment", "names": names})).await.unwrap();
    let expected = json!({
        "AWS_LAMBDA_FUNCTION_NAME": "probe", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_REGION": "us-east-1",
        "TZ": ":UTC", "GREETING": "hello", "AWS_PROFILE": null,
    });
    assert_eq!(environment, expected);
}

#[tokio::test]
async fn an_event_has_the_trace_of_the_request_that_it_belongs_to() {
    let probe = Probe::new(1);
    let root = "Root=1-67891233-abcdef012345678912345678";
    let told = probe.invoke_traced(&Trace::of(Some(root)), json!({"do": "context"})).await;
    let told = told["lambda-runtime-trace-id"].as_str().unwrap();
    assert!(told.starts_with(&format!("{root};Parent=")), "{told}");
    assert_trace(told);
    let of_its_own = probe.invoke(json!({"do": "context"})).await.unwrap();
    assert!(!of_its_own["lambda-runtime-trace-id"].as_str().unwrap().starts_with(root));
}

#[tokio::test]
async fn an_event_of_6_mib_is_taken_and_one_byte_more_is_refused() {
    let probe = Probe::new(1);
    let sized = |bytes: usize| {
        let bare = json!({"do": "answer", "with": 1, "pad": ""}).to_string().len();
        json!({"do": "answer", "with": 1, "pad": "x".repeat(bytes - bare)})
    };
    assert_eq!(probe.invoke(sized(EVENT_MAX_BYTES)).await.unwrap(), 1);
    let error = probe.invoke(sized(EVENT_MAX_BYTES + 1)).await.unwrap_err();
    assert_eq!(
        (error.error_type.as_str(), error.failure),
        ("RequestEntityTooLargeException", Failure::TooLarge)
    );
    let said =
        "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)";
    assert_eq!(error.error_message, said);
}

#[tokio::test]
async fn past_its_reserved_concurrency_a_function_is_throttled_at_once() {
    let probe = Probe::reserved(1);
    let began = Instant::now();
    let blocked = probe.invoke(json!({"do": "sleep", "seconds": 2}));
    let late = async {
        let error = probe.invoke(json!({"do": "answer"})).await.unwrap_err();
        (error, began.elapsed())
    };
    // The first takes the one place before the second asks for it.
    let (first, (error, after)) = tokio::join!(blocked, late);
    assert_eq!((error.error_type.as_str(), error.failure), ("TooManyRequestsException", Failure::Throttled));
    assert!(first.is_ok() && after < Duration::from_secs(2), "{after:?}");
    probe.invoke(json!({"do": "answer"})).await.unwrap();
}

#[tokio::test]
async fn a_function_with_a_reserved_concurrency_of_none_never_runs() {
    let error = Probe::reserved(0).invoke(json!({"do": "answer"})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Throttled);
}

#[tokio::test]
async fn a_program_runs_in_its_own_folder() {
    let probe = Probe::new(1);
    let names = ["LAMBDA_TASK_ROOT", "PWD"];
    let told = probe.invoke(json!({"do": "environment", "names": names})).await.unwrap();
    let folder = std::fs::canonicalize(probe.path("probe")).unwrap().display().to_string();
    assert_eq!(told, json!({"LAMBDA_TASK_ROOT": folder, "PWD": folder}));
}

#[tokio::test]
async fn nothing_is_left_when_the_runner_ends() {
    let probe = Probe::new(2);
    let pid = probe.pid().await;
    drop(probe);
    eventually(async || is_gone(pid)).await;
}

fn is_gone(pid: u64) -> bool {
    matches!(state(pid), None | Some('Z'))
}

fn kill(pid: u64) {
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.expect("kill starts").success());
}
