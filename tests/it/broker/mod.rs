//! A corner of the running RabbitMQ for one test, and a way to cut its connection.

mod evaluate;
mod own;
mod proxy;

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, process};

use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};

pub use evaluate::evaluate;
pub use own::OwnBroker;
pub use proxy::Proxy;

/// What the names of the tests' virtual hosts start with; their process and a number follow.
const PREFIX: &str = "hark-test-";

static NEXT: AtomicU64 = AtomicU64::new(1);
static SWEPT: Once = Once::new();

/// A virtual host of its own, with nothing in it; removed on drop.
pub struct Vhost {
    pub name: String,
    pub url: String,
}

impl Vhost {
    pub fn create() -> Self {
        SWEPT.call_once(remove_orphans);
        let server = env::var("RABBITMQ_URL").expect("run `make test`, which starts the services");
        let uri: AMQPUri = server.parse().expect("RABBITMQ_URL is an AMQP URL");
        let name = format!("{PREFIX}{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let user = &uri.authority.userinfo.username;
        evaluate(&format!(
            "ok = rabbit_vhost:add(<<\"{name}\">>, <<\"test\">>), \
             ok = rabbit_auth_backend_internal:set_permissions(\
             <<\"{user}\">>, <<\"{name}\">>, <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"test\">>)."
        ));
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
        evaluate(&format!("ok = rabbit_vhost:delete(<<\"{}\">>, <<\"test\">>).", self.name));
    }
}

/// Removes what processes that were killed have left: each virtual host costs the broker a dozen processes.
fn remove_orphans() {
    evaluate(&format!(
        "[ok = rabbit_vhost:delete(Name, <<\"test\">>) \
         || <<\"{PREFIX}\", Rest/binary>> = Name <- rabbit_vhost:list_names(), \
         not filelib:is_dir([\"/proc/\", hd(binary:split(Rest, <<\"-\">>))])]."
    ));
}
