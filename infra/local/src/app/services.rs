//! On Postgres, Redis and RabbitMQ, posting over HTTP as in AWS.

use super::{Backend, bind, keep_jwt_secret, secret};
use crate::{
    Options,
    gateway::{Credentials, ManagementAccess},
    source::Broker,
    template::Template,
    variables::Variables,
};
use anyhow::Context;
use aws_credential_types::provider::SharedCredentialsProvider;
use shared::{
    app::{App, Warm},
    management::{ManagementApi, ManagementConfig},
    ports::Database,
    postgres::{Postgres, PostgresConfig},
};
use std::{sync::Arc, time::Duration};

/// One process runs every function at once, where in AWS each instance has a connection of its own.
const DATABASE_CONNECTIONS: &str = "10";

/// The name under which the secret of `@connections` is kept, when none is given: runners on one
/// database post to each other's sockets.
const MANAGEMENT_SECRET_KEY: &str = "management_secret_key";

/// One post; the fan-out's own budget is what bounds all of them.
const POST_DEADLINE: Duration = Duration::from_secs(3);

/// One operation before serving, when a server may be just starting and nobody waits for a reply.
const START_DEADLINE: Duration = Duration::from_secs(5);

pub(super) async fn connect(
    options: &Options,
    template: &Template,
    mut variables: Variables,
) -> anyhow::Result<Backend> {
    if options.runs_in_process() {
        variables.default("DATABASE_MAX_CONNECTIONS", DATABASE_CONNECTIONS);
    }
    let credentials = prepare(options, &mut variables).await?;
    let access = ManagementAccess::Signed(credentials.clone());
    let ports = bind(options, template, access, &mut variables)?;
    variables.default("AWS_ACCESS_KEY_ID", credentials.access_key.clone());
    variables.default("AWS_SECRET_ACCESS_KEY", credentials.secret_key.clone());
    let config = variables.config(template)?;
    let warm = [Warm::Postgres, Warm::Redis, Warm::RabbitMq];
    let app = App::with_services(config, Arc::new(management(&credentials)), &warm).await?;
    let sockets = options.sockets();
    Ok(Backend {
        app: Arc::new(App { clock: sockets.clock().clone(), ..app }),
        sockets,
        ports,
        broker: Broker::RabbitMq(variables.need("RABBITMQ_URL")?),
        variables,
        embedded: None,
    })
}

/// Brings the schema up to date and reads from the database what the functions are configured with.
async fn prepare(options: &Options, variables: &mut Variables) -> anyhow::Result<Credentials> {
    let url = variables.need("DATABASE_URL")?;
    let store =
        Postgres::new(PostgresConfig { url: url.into(), max_connections: 1, deadline: START_DEADLINE })?;
    store.migrate().await.context("cannot bring DATABASE_URL's schema up to date")?;
    keep_jwt_secret(&store, variables).await?;
    let kept = store.keep_setting(MANAGEMENT_SECRET_KEY, &secret()).await?;
    Ok(options.management_credentials(kept))
}

fn management(credentials: &Credentials) -> ManagementApi {
    let Credentials { access_key, secret_key } = credentials;
    let key = aws_credential_types::Credentials::new(access_key, secret_key, None, None, "hark");
    let config = ManagementConfig { post_deadline: POST_DEADLINE };
    ManagementApi::with_credentials(config, SharedCredentialsProvider::new(key))
}
