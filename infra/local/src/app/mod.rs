//! Builds what the functions work with: embedded, or on the real services.

mod embedded;
mod services;

use crate::{
    Options, Ports,
    embedded::{bus::Queues, sqlite::Sqlite},
    functions,
    gateway::{ManagementAccess, sockets::Sockets},
    source::Broker,
    state_dir::StateDir,
    template::Template,
    variables::Variables,
};
use shared::{app::App, ports::Database};
use std::sync::Arc;
use uuid::Uuid;

/// The name under which the key of the tokens is kept, when none is configured.
const JWT_SECRET: &str = "jwt_secret";

/// Everything that depends on where the state is.
pub(crate) struct Backend {
    pub(crate) app: Arc<App>,
    pub(crate) sockets: Sockets,
    pub(crate) ports: Ports,
    pub(crate) broker: Broker,
    /// What the functions are configured with.
    pub(crate) variables: Variables,
    /// None with real services.
    pub(crate) embedded: Option<Embedded>,
}

/// What only an embedded runner has.
pub(crate) struct Embedded {
    pub(crate) queues: Arc<Queues>,
    pub(crate) store: Sqlite,
    pub(crate) _folder: StateDir,
}

impl Backend {
    /// On the real services when their URLs are set, embedded otherwise, and for functions that aren't ours.
    ///
    /// # Errors
    /// A port or the state folder is taken, a setting is wrong, or a service isn't there.
    pub(crate) async fn open(options: &Options, template: &Template) -> anyhow::Result<Self> {
        let mut variables = Variables::new(options, template);
        // Services of a laptop are on it.
        variables.default("SERVICE_NETWORKS", "loopback");
        if !functions::are_guests(options, template) && variables.has_services()? {
            services::connect(options, template, variables).await
        } else {
            embedded::open(options, template, variables).await
        }
    }
}

/// Binds the ports and gives the functions the address that answers `@connections`.
fn bind(
    options: &Options,
    template: &Template,
    access: ManagementAccess,
    variables: &mut Variables,
) -> anyhow::Result<Ports> {
    let ports = Ports::bind(options, access)?;
    let stage = template.websocket.as_ref().map_or("live", |api| api.stage.as_str());
    variables.default("ENDPOINT_URL", format!("http://{}/{stage}", ports.management_address()));
    Ok(ports)
}

/// The key of the tokens, made at the first start and kept, so that tokens outlive a restart and all
/// runners on one database take each other's.
async fn keep_jwt_secret(store: &dyn Database, variables: &mut Variables) -> anyhow::Result<()> {
    variables.default("JWT_SECRET", store.keep_setting(JWT_SECRET, &secret()).await?);
    Ok(())
}

/// 244 random bits.
fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
