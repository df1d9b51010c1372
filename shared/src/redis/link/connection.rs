//! A trip over an open connection.

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::{Pipeline, RedisError, ServerErrorKind, Value};

use super::cluster;
use crate::redis::scripts;

/// Clones share what is below them.
pub(super) enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Runs the commands and answers what each gave.
    ///
    /// # Errors
    /// The connection is dead, or leads to a server that may not write any more.
    pub(super) async fn run(&self, pipeline: &Pipeline) -> Result<Vec<Value>, RedisError> {
        match self {
            Self::Server(server) => run_on_server(server.clone(), pipeline).await,
            Self::Cluster(cluster) => cluster::run(cluster, pipeline).await,
        }
    }
}

async fn run_on_server(
    mut server: MultiplexedConnection,
    pipeline: &Pipeline,
) -> Result<Vec<Value>, RedisError> {
    let values = server.req_packed_commands(pipeline, 0, pipeline.len()).await?;
    if let Some(error) = values.iter().find_map(not_the_master) {
        return Err(error);
    }
    if !values.iter().any(misses_a_script) {
        return Ok(values);
    }
    let (again, loads) = with_scripts_loaded(pipeline);
    let mut values = server.req_packed_commands(&again, 0, again.len()).await?;
    Ok(values.split_off(loads))
}

/// The commands behind those that load every script, and how many those are: for a server that doesn't
/// know the scripts, since it was restarted or became the master just now.
pub(super) fn with_scripts_loaded(pipeline: &Pipeline) -> (Pipeline, usize) {
    let mut again = super::pipeline_of(scripts::load_all());
    let loads = again.len();
    for command in pipeline.cmd_iter() {
        again.add_command(command.clone());
    }
    (again, loads)
}

pub(super) fn misses_a_script(value: &Value) -> bool {
    matches!(value, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript))
}

/// Another server is the master by now, and the name or the sentinels lead to it.
fn not_the_master(value: &Value) -> Option<RedisError> {
    match value {
        Value::ServerError(error) if error.kind() == Some(ServerErrorKind::ReadOnly) => {
            Some(RedisError::from(error.clone()))
        }
        _ => None,
    }
}
