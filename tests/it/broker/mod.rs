//! A corner of the running RabbitMQ for one test, and a way to cut its connection.

mod own;
mod proxy;

use std::env;
use std::process::Command;

use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use uuid::Uuid;

pub use own::OwnBroker;
pub use proxy::Proxy;

/// A virtual host of its own, with nothing in it; removed on drop.
pub struct Vhost {
    pub name: String,
    pub url: String,
}

impl Vhost {
    pub fn create() -> Self {
        let server = variable("RABBITMQ_URL");
        let uri: AMQPUri = server.parse().expect("RABBITMQ_URL is an AMQP URL");
        let name = format!("hark-test-{}", Uuid::new_v4().simple());
        let user = &uri.authority.userinfo.username;
        // One call: each start of rabbitmqctl takes half a second.
        control(&[
            "eval",
            &format!(
                "ok = rabbit_vhost:add(<<\"{name}\">>, <<\"test\">>), \
                 ok = rabbit_auth_backend_internal:set_permissions(\
                 <<\"{user}\">>, <<\"{name}\">>, <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"test\">>)."
            ),
        ]);
        let (before_vhost, _) = server.rsplit_once('/').expect("RABBITMQ_URL names a virtual host");
        Self { url: format!("{before_vhost}/{name}"), name }
    }

    /// A channel of the test's own; its connection ends when the channel is dropped.
    pub async fn channel(&self) -> Channel {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await;
        connection.expect("the broker answers").create_channel().await.expect("a channel opens")
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        control(&["delete_vhost", &self.name]);
    }
}

/// Runs `rabbitmqctl` on the broker of the tests.
pub fn control(arguments: &[&str]) {
    let output = Command::new(variable("RABBITMQCTL")).args(arguments).output().expect("rabbitmqctl starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "rabbitmqctl {arguments:?}: {said}");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`, which starts the services"))
}
