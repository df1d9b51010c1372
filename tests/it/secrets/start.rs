//! How a function starts.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::hark::{World, on_services};
use crate::thaw::Instance;

use super::manager::Manager;
use super::scene::{FIRST, ID, JWT_SECRET, Role, Scene};

#[tokio::test]
async fn a_function_starts_by_its_secret_alone_and_logs_nothing_of_it() {
    on_services(async |world| {
        let mut scene = Scene::new(world).await;
        let role = Role::create(world).await;
        scene.put("DATABASE_URL", role.url(world, FIRST)).await;
        let sender = scene.sender(&[]).await;
        sender.say("hello").await;
        assert_eq!(scene.manager.asked(ID).await, 1);
        let log = scene.log();
        assert!(log.contains("\"level\":\"DEBUG\""), "it logs much: {log}");
        for secret in [FIRST, "the-signing-key", "RABBITMQ_URL\":"] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
        drop(sender);
        role.remove().await;
    })
    .await;
}

#[tokio::test]
async fn the_environment_wins_over_a_secret() {
    on_services(async |world| {
        let mut scene = Scene::new(world).await;
        scene.put("DATABASE_URL", "postgres://nobody:nothing@127.0.0.1:1/none").await;
        let sender = scene.sender(&[("DATABASE_URL", &world.services().database_url)]).await;
        sender.say("hello").await;
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_secret_is_said_by_its_name_and_key() {
    on_services(async |world| {
        let manager = Manager::start().await;
        manager.put("whole", &[("JWT_SECRET", JWT_SECRET)]).await;
        manager.put_text("text", "postgres://hunter2").await;
        manager.put("strange", &[("JWT_SECRET", JWT_SECRET), ("PASSWORD", "hunter2")]).await;
        manager.put_text("number", r#"{"ADMIN_PASSWORD":4711}"#).await;
        for (ids, said) in [
            ("missing", vec!["SECRETS: missing can't be read: ResourceNotFoundException"]),
            ("whole,missing", vec!["SECRETS: missing can't be read"]),
            (
                "text,number",
                vec!["SECRETS: text is not a JSON object", "SECRETS: number has a key ADMIN_PASSWORD"],
            ),
            ("strange", vec!["SECRETS: strange has the key PASSWORD"]),
            ("whole", vec!["DATABASE_URL: is missing", "REDIS_URL: is missing", "RABBITMQ_URL: is missing"]),
        ] {
            let complaint = complaint(world, &manager.variables(ids, &[])).await;
            for words in said {
                assert!(complaint.contains(words), "{ids}: {complaint}");
            }
            assert!(!complaint.contains("hunter2") && !complaint.contains("4711"), "{complaint}");
        }
        let nobody = [("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")];
        let complaint = complaint(world, &manager.variables("whole", &nobody)).await;
        assert!(complaint.contains("SECRETS: whole can't be read: "), "{complaint}");
    })
    .await;
}

#[tokio::test]
async fn a_secrets_manager_that_never_answers_ends_the_start_in_time() {
    on_services(async |world| {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let manager = Manager::start().await;
        let began = Instant::now();
        let variables = manager.variables("whole", &[("AWS_ENDPOINT_URL_SECRETS_MANAGER", &url)]);
        let complaint = complaint(world, &variables).await;
        assert!(complaint.contains("SECRETS: whole can't be read: no answer within 5 s"), "{complaint}");
        assert!(began.elapsed() >= Duration::from_secs(5), "{:?}", began.elapsed());
    })
    .await;
}

/// What a function says that can't start with these variables.
async fn complaint(world: &World, variables: &[(String, String)]) -> String {
    let log = world.folder().join("complaint.log");
    let _ = std::fs::remove_file(&log);
    let error = Instance::of("message", variables, &log).invoke(serde_json::json!({})).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError", "{error}");
    std::fs::read_to_string(&log).expect("it says why")
}
