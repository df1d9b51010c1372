//! Reading templates: what is taken, what is refused and where.

use super::{Overrides, Retries, Template};
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
    assert_eq!(
        names,
        ["authorize", "connect", "deliver", "disconnect", "echo", "message", "raw", "site", "upkeep"]
    );
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
    assert!(ignored.contains("Function.Runtime"));
    assert!(ignored.contains("AWS::Logs::LogGroup"));
}

#[test]
fn a_function_says_how_much_at_once_and_how_often_again() {
    let template = read(SMALL);
    let upkeep = &template.functions["upkeep"];
    assert_eq!(
        (upkeep.handler.as_deref(), upkeep.memory_mb, upkeep.reserved),
        (Some("bootstrap"), Some(512), Some(1))
    );
    let retries = Retries { attempts: 1, max_age: Duration::from_secs(3_600) };
    assert_eq!((upkeep.retries, template.schedules[0].retries), (retries, retries));
    let message = &template.functions["message"];
    assert_eq!((message.memory_mb, message.reserved, message.retries), (Some(256), None, Retries::default()));
}

#[test]
fn retries_out_of_lambdas_range_are_an_error() {
    for (stated, wrong, problem) in [
        ("MaximumRetryAttempts: 1", "MaximumRetryAttempts: 3", "must be 0 to 2"),
        ("MaximumEventAgeInSeconds: 3600", "MaximumEventAgeInSeconds: 59", "must be 60 to 21600"),
        ("MaximumEventAgeInSeconds: 3600", "MaximumEventAgeInSeconds: 21601", "must be 60 to 21600"),
    ] {
        let said = refused(&SMALL.replace(stated, wrong));
        assert!(said.contains("EventInvokeConfig") && said.ends_with(problem), "{said}");
    }
    for (stated, right) in [
        ("MaximumRetryAttempts: 1", "MaximumRetryAttempts: 2"),
        ("MaximumEventAgeInSeconds: 3600", "MaximumEventAgeInSeconds: 60"),
        ("MaximumEventAgeInSeconds: 3600", "MaximumEventAgeInSeconds: 21600"),
    ] {
        read(&SMALL.replace(stated, right));
    }
}

#[test]
fn a_function_whose_code_has_no_folder_of_its_own_has_its_logical_id() {
    for uri in ["CodeUri: .", "CodeUri: ./", "Timeout: 3"] {
        let template = read(&SMALL.replace("CodeUri: target/lambda/connect/", uri));
        assert!(template.functions.contains_key("Connect"), "{uri}");
    }
}

#[test]
fn a_variable_that_is_the_address_of_the_api_is_the_runners_to_say() {
    assert_eq!(read(SMALL).functions["message"].endpoints, ["ENDPOINT_URL".to_owned()].into());
}

#[test]
fn a_socket_route_waits_29_seconds_at_most_and_no_longer_than_its_function() {
    let api = read(&SMALL.replace("    Timeout: 10", "    Timeout: 60")).websocket.expect("there is one");
    assert_eq!(api.routes["$default"].timeout, Duration::from_secs(29));
    assert_eq!(api.routes["echo"].timeout, Duration::from_secs(1));
    assert_eq!(api.authorizer.expect("there is one").timeout, Duration::from_secs(29));
}

#[test]
fn an_http_route_waits_30_seconds_at_most() {
    let text = SMALL.replace(
        "      CodeUri: target/lambda/site/\n      Timeout: 1",
        "      CodeUri: target/lambda/site/\n      Timeout: 60",
    );
    let api = read(&text).http.expect("there is one");
    let health = api.routes.iter().find(|route| route.path == "/health").expect("there is one");
    assert_eq!(health.timeout, Duration::from_secs(30));
}

#[test]
fn a_queue_source_that_says_nothing_takes_100_within_half_a_second() {
    let bare =
        SMALL.replace("            BatchSize: 50\n            MaximumBatchingWindowInSeconds: 0\n", "");
    let template = read(&bare);
    let messages =
        template.queues.iter().find(|source| source.queue == "chat.messages").expect("there is one");
    assert_eq!((messages.batch_size, messages.window), (100, Duration::from_millis(500)));
}

#[test]
fn a_batch_has_10_000_messages_at_most() {
    let sized = |size: &str| SMALL.replace("BatchSize: 50", &format!("BatchSize: {size}"));
    assert_eq!(read(&sized("10000")).queues[1].batch_size, 10_000);
    for size in ["0", "10001"] {
        assert!(refused(&sized(size)).ends_with("must be 1 to 10000"), "{size}");
    }
}

#[test]
fn a_function_that_states_no_timeout_has_three_seconds() {
    let template = read(&SMALL.replace("    Timeout: 10\n", ""));
    assert_eq!(template.timeout("message"), Duration::from_secs(3));
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

const RAW: &str = include_str!("../../../../tests/foreign/template.yaml");

#[test]
fn a_websocket_api_may_be_written_as_api_gateways_own_resources() {
    let template = read(RAW);
    let api = template.websocket.expect("there is one");
    assert_eq!(
        (api.id.as_str(), api.stage.as_str(), &api.selection[..]),
        ("ChatApi", "prod", &["action".to_owned()][..])
    );
    let routes: Vec<_> =
        api.routes.iter().map(|(key, route)| (key.as_str(), route.function.as_str())).collect();
    assert_eq!(routes, [("$connect", "Chat"), ("$disconnect", "Chat"), ("sendmessage", "Chat")]);
    assert!(api.routes.values().all(|route| !route.responds && route.timeout == Duration::from_secs(20)));
    assert!(api.authorizer.is_none());
    let chat = &template.functions["Chat"];
    assert_eq!(
        (chat.handler.as_deref(), &chat.endpoints),
        (Some("app.handler"), &["CALLBACK_URL".to_owned()].into())
    );
    assert_eq!(chat.environment["CONNECTIONS"], "/tmp/connections.db");
}

#[test]
fn what_such_an_api_leaves_open_is_an_error_that_names_its_place() {
    for (stated, wrong, problem) in [
        (
            "ProtocolType: WEBSOCKET",
            "ProtocolType: HTTP",
            "ChatApi.Properties.ProtocolType: must be WEBSOCKET",
        ),
        (
            "integrations/${ChatIntegration}",
            "integrations/${Nothing}",
            "SendRoute.Properties.Target: must be",
        ),
        ("IntegrationType: AWS_PROXY", "IntegrationType: HTTP_PROXY", "IntegrationType: must be AWS_PROXY"),
        ("functions/${Chat.Arn}", "functions/${Nobody.Arn}", "IntegrationUri: names no function"),
        (
            "AuthorizationType: NONE",
            "AuthorizationType: AWS_IAM",
            "AuthorizationType: must be NONE, or CUSTOM",
        ),
        ("RouteKey: sendmessage", "RouteKey: $connect", "RouteKey: is the key of a second route"),
        ("OperationName: ConnectRoute", "Surprise: 1", "Surprise: is not known"),
        (
            "Type: AWS::ApiGatewayV2::Stage",
            "Type: AWS::ApiGatewayV2::Deployment",
            "ChatApi: must have one AWS::ApiGatewayV2::Stage",
        ),
        (
            "Type: AWS::ApiGatewayV2::Api\n",
            "Type: AWS::ApiGatewayV2::Deployment\n",
            "belongs to no AWS::ApiGatewayV2::Api",
        ),
    ] {
        let said = refused(&RAW.replace(stated, wrong));
        assert!(said.contains(problem), "{said}");
    }
}

#[test]
fn such_an_api_may_have_an_authorizer_and_route_responses() {
    let text =
        RAW.replace("AuthorizationType: NONE", "AuthorizationType: CUSTOM\n      AuthorizerId: !Ref Guard");
    let text = text.replace(
        "      RouteKey: sendmessage\n",
        "      RouteKey: sendmessage\n      RouteResponseSelectionExpression: $default\n",
    );
    let text = text.replace(
        "  Deployment:\n",
        "  Guard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref ChatApi
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Chat.Arn}/invocations
      IdentitySource: [route.request.querystring.token]
  SendResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: { ApiId: !Ref ChatApi, RouteId: !Ref SendRoute, RouteResponseKey: $default }
  Deployment:\n",
    );
    let api = read(&text).websocket.expect("there is one");
    assert!(api.routes["sendmessage"].responds && !api.routes["$connect"].responds);
    let guard = api.authorizer.expect("there is one");
    assert_eq!((guard.function.as_str(), guard.identity.len()), ("Chat", 1));
}
