//! A trip to several nodes of a cluster side by side: the commands of one slot go together, in their
//! order. The library follows slots that moved.

use std::collections::HashMap;

use futures::future::{join, try_join_all};
use redis::aio::ConnectionLike;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, SingleNodeRoutingInfo, Slot, SlotAddr};
use redis::{Arg, Cmd, Pipeline, RedisError, Value};

use super::connection::{misses_a_script, with_scripts_loaded};

/// Runs the commands and answers what each gave, in their order.
pub(super) async fn run(cluster: &ClusterConnection, pipeline: &Pipeline) -> Result<Vec<Value>, RedisError> {
    let (by_slot, keyless) = sort_by_slot(pipeline);
    let in_slots = try_join_all(by_slot.into_iter().map(|(slot, part)| part.run_in(cluster.clone(), slot)));
    let everywhere = try_join_all(keyless.into_iter().map(async |(position, command)| {
        Ok::<_, RedisError>(vec![(position, cluster.clone().req_packed_command(command).await?)])
    }));
    let (in_slots, everywhere) = join(in_slots, everywhere).await;
    let mut values: Vec<(usize, Value)> = in_slots?.into_iter().chain(everywhere?).flatten().collect();
    values.sort_unstable_by_key(|(position, _)| *position);
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

/// The commands of one slot, and which ones of the trip they are.
#[derive(Default)]
struct Part {
    pipeline: Pipeline,
    positions: Vec<usize>,
}

impl Part {
    async fn run_in(self, cluster: ClusterConnection, slot: Slot) -> Result<Vec<(usize, Value)>, RedisError> {
        let mut values = send(cluster.clone(), self.pipeline.clone(), slot).await?;
        if values.iter().any(misses_a_script) {
            let (again, loads) = with_scripts_loaded(&self.pipeline);
            values = send(cluster, again, slot).await?.split_off(loads);
        }
        Ok(self.positions.into_iter().zip(values).collect())
    }
}

async fn send(
    mut cluster: ClusterConnection,
    pipeline: Pipeline,
    slot: Slot,
) -> Result<Vec<Value>, RedisError> {
    let count = pipeline.len();
    let node = SingleNodeRoutingInfo::SpecificNode(Route::with_slot(slot, SlotAddr::Master));
    cluster.route_pipeline(pipeline, 0, count, node).await
}

type Keyless<'a> = Vec<(usize, &'a Cmd)>;

fn sort_by_slot(pipeline: &Pipeline) -> (HashMap<Slot, Part>, Keyless<'_>) {
    let (mut by_slot, mut keyless) = (HashMap::<Slot, Part>::new(), Keyless::new());
    for (position, command) in pipeline.cmd_iter().enumerate() {
        match key_of(command) {
            Some(key) => {
                let part = by_slot.entry(Slot::for_key(key)).or_default();
                part.pipeline.add_command(command.clone());
                part.positions.push(position);
            }
            None => keyless.push((position, command)),
        }
    }
    (by_slot, keyless)
}

/// The key that says where a command runs; its other keys share the hash tag. None for `PING` and
/// `SCRIPT LOAD`, which the library sends to every master.
fn key_of(command: &Cmd) -> Option<&[u8]> {
    let word = |position| match command.args_iter().nth(position) {
        Some(Arg::Simple(word)) => Some(word),
        _ => None,
    };
    match word(0)? {
        b"EVALSHA" => word(3),
        b"SCRIPT" => None,
        _ => word(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_one_hash_tag_stay_together_in_their_order() {
        let mut pipeline = Pipeline::new();
        pipeline.cmd("ZADD").arg("hark:{u:1}:heard").arg(1).arg("c");
        pipeline.cmd("PING");
        pipeline.cmd("EVALSHA").arg("abc").arg(1).arg("hark:{u:2}:heard");
        pipeline.cmd("PEXPIRE").arg("hark:{u:1}:connections").arg(5);
        let (by_slot, keyless) = sort_by_slot(&pipeline);
        let positions = |key: &str| by_slot[&Slot::for_key(key)].positions.clone();
        assert_eq!(positions("hark:{u:1}:x"), [0, 3]);
        assert_eq!(positions("hark:{u:2}:x"), [2]);
        assert_eq!(keyless.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [1]);
    }
}
