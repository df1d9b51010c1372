//! Reading templates: what is taken, what is refused and where.

use super::{Overrides, Template};
use std::time::Duration;

const SMALL: &str = include_str!("../../tests/fixtures/template.yaml");

fn read(text: &str) -> Template {
    Template::parse(text, &Overrides::new()).expect("the template is right")
}

fn refused(text: &str) -> String {
    let error = Template::parse(text, &Overrides::new()).expect_err("the template is wrong");
    error.to_string()
}

#[test]
fn functions_take_their_names_from_code_uri_and_their_timeouts_from_globals() {
    let template = read(SMALL);
    let names: Vec<_> = template.functions.keys().collect();
    assert_eq!(names, ["authorize", "connect", "deliver", "disconnect", "echo", "message", "site", "upkeep"]);
    assert_eq!(template.timeout("message"), Duration::from_secs(10));
    assert_eq!(template.timeout("deliver"), Duration::from_secs(60));
}

#[test]
fn only_literal_environment_values_are_kept() {
    let environment = &read(SMALL).functions["message"].environment;
    assert_eq!(environment["FANOUT_QUEUES"], "2");
    assert!(!environment.contains_key("DATABASE_URL"));
    assert!(!environment.contains_key("ENDPOINT_URL"));
}

#[test]
fn secrets_of_the_deployment_are_left_out() {
    let literal =
        SMALL.replace("FANOUT_QUEUES: !Ref FanoutQueues", "FANOUT_QUEUES: '3'\n        SECRETS: 'hark'");
    assert_ne!(literal, SMALL);
    let environment = &read(&literal).functions["message"].environment;
    assert_eq!(environment["FANOUT_QUEUES"], "3");
    assert!(!environment.contains_key("SECRETS"));
}

#[test]
fn the_websocket_api_has_routes_responses_and_an_authorizer() {
    let api = read(SMALL).websocket.expect("there is one");
    assert_eq!(api.stage, "live");
    assert_eq!(api.selection, ["type"]);
    assert_eq!(api.authorizer.expect("there is one").function, "authorize");
    assert!(api.routes["$default"].responds);
    assert!(!api.routes["silent"].responds);
}

#[test]
fn conditions_decide_which_queue_sources_there_are() {
    let queues = |overrides: &Overrides| {
        let template = Template::parse(SMALL, overrides).expect("the template is right");
        template.queues.into_iter().map(|source| source.queue).collect::<Vec<_>>()
    };
    assert_eq!(queues(&Overrides::new()), ["chat.fanout.1", "chat.messages"]);
    let one = Overrides::from([("FanoutQueues".to_owned(), "1".to_owned())]);
    assert_eq!(queues(&one), ["chat.messages"]);
}

#[test]
fn queue_sources_and_schedules_carry_their_limits() {
    let template = read(SMALL);
    let source = &template.queues[1];
    assert_eq!((source.batch_size, source.window), (50, Duration::ZERO));
    assert_eq!(source.timeout, Duration::from_secs(60));
    assert_eq!(template.schedules[0].rate, Duration::from_secs(60));
}

#[test]
fn what_only_matters_to_a_deployment_is_named() {
    let ignored = read(SMALL).ignored;
    assert!(ignored.contains("Function.MemorySize"));
    assert!(ignored.contains("AWS::Logs::LogGroup"));
}

#[test]
fn no_value_removes_a_property() {
    let cors = read(SMALL).http.expect("there is one").cors.expect("it is stated");
    assert!(cors.expose_headers.is_empty());
    assert_eq!(cors.allow_origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn an_unknown_property_is_an_error_that_names_its_place() {
    let text = SMALL.replace(
        "      CodeUri: target/lambda/connect/",
        "      CodeUri: target/lambda/connect/\n      Surprise: 1",
    );
    assert_eq!(
        refused(&text),
        "template, at Resources.Connect.Properties.Surprise: is not known to the local runner"
    );
}

#[test]
fn an_unknown_resource_type_is_an_error() {
    let text = SMALL.replace("AWS::Logs::LogGroup", "AWS::DynamoDB::Table");
    assert!(refused(&text).contains("Resources.Logs.Type: AWS::DynamoDB::Table"), "{}", refused(&text));
}

#[test]
fn a_reply_without_a_route_response_is_an_error() {
    let text = SMALL.replace("!Ref SocketApiDefaultRoute", "!Ref SocketApiSilentRoute");
    assert!(refused(&text).contains("Routes.$default"), "{}", refused(&text));
}

#[test]
fn a_reference_to_no_function_is_an_error() {
    let text = SMALL.replace("!GetAtt Connect.Arn", "!GetAtt Nobody.Arn");
    assert!(refused(&text).contains("Nobody is not a function"), "{}", refused(&text));
}

#[test]
fn an_override_of_no_parameter_is_an_error() {
    let overrides = Overrides::from([("Nothing".to_owned(), "1".to_owned())]);
    let error = Template::parse(SMALL, &overrides).expect_err("there is no such parameter");
    assert!(error.to_string().contains("\"Nothing\""));
}

#[test]
fn a_cron_schedule_is_an_error() {
    let text = SMALL.replace("rate(1 minute)", "cron(0 * * * ? *)");
    assert!(refused(&text).contains("rate(N minutes)"), "{}", refused(&text));
}

#[test]
fn the_template_that_is_deployed_can_be_run() {
    let template = read(include_str!("../../../../template.yaml"));
    let socket = template.websocket.expect("it has a WebSocket API");
    assert_eq!(socket.routes["$default"].function, "message");
    assert!(socket.routes["$default"].responds);
    let http = template.http.expect("it has an HTTP API");
    assert!(http.routes.iter().any(|route| route.key() == "ANY /health"));
    assert!(template.queues.iter().any(|source| source.queue == "chat.messages"));
    assert!(template.schedules.iter().any(|schedule| schedule.function == "upkeep"));
}
