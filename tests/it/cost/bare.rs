//! Hark without what runs by itself: no queue source and no schedule, so that whatever the servers count
//! is of the send that is counted, or of a delivery that the test makes by hand.

use super::own_redis::OwnRedis;
use crate::hark::{Hark, World};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// Starts it on one database connection, as an instance of a function has: Postgres adds up commits per
/// connection, and tells of them at most once a second.
pub async fn start(world: &World, redis: &OwnRedis) -> Hark {
    start_with(world, redis, &[]).await
}

/// The same with more variables.
pub async fn start_with(world: &World, redis: &OwnRedis, more: &[(&str, &str)]) -> Hark {
    let path = world.folder().join("bare.yaml");
    std::fs::write(&path, without_sources(TEMPLATE)).unwrap();
    let own = [("DATABASE_MAX_CONNECTIONS", "1"), ("REDIS_URL", redis.url.as_str())];
    world.start_by(path, &[&own[..], more].concat()).await
}

/// The template less every event source mapping and every schedule.
fn without_sources(template: &str) -> String {
    let mut kept = String::new();
    let mut resource = "";
    let mut dropping = None;
    for line in template.lines() {
        let indent = line.len() - line.trim_start().len();
        if dropping.is_some_and(|from| line.is_empty() || indent > from) {
            continue;
        }
        dropping = None;
        if indent == 2 {
            resource = line.trim();
        }
        let is_source = indent == 2 && line.ends_with("Source:");
        let is_schedule = resource == "Upkeep:" && line == "      Events:";
        if is_source || is_schedule {
            dropping = Some(indent);
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}
