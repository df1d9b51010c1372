use std::cmp::Ordering;

use sha2::{Digest, Sha256};

use crate::model::ServiceInstance;

/// How one of several healthy instances is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Each in its turn, whoever asks.
    RoundRobin,
    Random,
    /// The one that says it has the least to do; one that says nothing counts as half full.
    LeastLoaded,
    /// The same for the same key as long as it is there, by rendezvous hashing: when one comes or goes, only its
    /// own keys move.
    Sticky(String),
}

/// What an instance is taken to be loaded with that doesn't say.
const UNSAID_LOAD: f64 = 0.5;

impl Choice {
    /// One of them, None of none. `turn` goes up by one with each choice by turns.
    #[must_use]
    pub fn pick(&self, mut healthy: Vec<ServiceInstance>, turn: u64) -> Option<ServiceInstance> {
        let at = self.place(&healthy, turn)?;
        Some(healthy.swap_remove(at))
    }

    fn place(&self, healthy: &[ServiceInstance], turn: u64) -> Option<usize> {
        let places = 0..healthy.len();
        match self {
            _ if healthy.is_empty() => None,
            Self::RoundRobin => usize::try_from(turn % u64::try_from(healthy.len()).ok()?).ok(),
            Self::Random => Some(rand::random_range(places)),
            Self::LeastLoaded => places.min_by(|one, other| by_load(&healthy[*one], &healthy[*other])),
            Self::Sticky(key) => places.max_by_key(|at| weight(key, &healthy[*at])),
        }
    }
}

fn by_load(one: &ServiceInstance, other: &ServiceInstance) -> Ordering {
    let load = |instance: &ServiceInstance| instance.load.unwrap_or(UNSAID_LOAD);
    load(one).total_cmp(&load(other))
}

/// Of an instance for a key. The length keeps key and id apart.
fn weight(key: &str, instance: &ServiceInstance) -> [u8; 32] {
    let digest = Sha256::new().chain_update(key.len().to_be_bytes()).chain_update(key);
    digest.chain_update(instance.id.0.as_bytes()).finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::json;

    use super::*;
    use crate::clock::UnixMs;
    use crate::ids::InstanceId;
    use crate::model::InstanceHealth;
    use crate::names::ServiceName;

    fn instances(loads: &[Option<f64>]) -> Vec<ServiceInstance> {
        let instance = |(n, load): (usize, &Option<f64>)| ServiceInstance {
            id: InstanceId(uuid::Uuid::from_u128(n as u128 + 1)),
            service_name: ServiceName::parse("user-service").unwrap(),
            service_url: format!("http://s/{n}"),
            events_url: String::new(),
            health_check_url: None,
            metadata: json!({}),
            load: *load,
            health: InstanceHealth::Up,
            failures: 0,
            successes: 0,
            checked_at: None,
            last_seen: UnixMs(0),
            registered_at: UnixMs(0),
        };
        loads.iter().enumerate().map(instance).collect()
    }

    fn picked(choice: &Choice, of: &[ServiceInstance], turn: u64) -> String {
        choice.pick(of.to_vec(), turn).unwrap().service_url
    }

    #[test]
    fn of_none_there_is_none_to_choose() {
        for choice in
            [Choice::RoundRobin, Choice::Random, Choice::LeastLoaded, Choice::Sticky("k".to_owned())]
        {
            assert_eq!(choice.pick(vec![], 7), None);
        }
    }

    #[test]
    fn turns_go_round() {
        let three = instances(&[None; 3]);
        let round: Vec<_> = (4..10).map(|turn| picked(&Choice::RoundRobin, &three, turn)).collect();
        assert_eq!(
            round,
            ["http://s/1", "http://s/2", "http://s/0", "http://s/1", "http://s/2", "http://s/0"]
        );
    }

    #[test]
    fn chance_reaches_all() {
        let three = instances(&[None; 3]);
        let found: BTreeSet<_> = (0..200).map(|_| picked(&Choice::Random, &three, 0)).collect();
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn the_least_loaded_is_the_one_that_says_so() {
        let of = |loads: &[Option<f64>]| picked(&Choice::LeastLoaded, &instances(loads), 0);
        assert_eq!(of(&[Some(0.9), Some(0.2), Some(0.3)]), "http://s/1");
        assert_eq!(of(&[Some(0.9), None]), "http://s/1", "who says nothing may be half full");
        assert_eq!(of(&[None, Some(0.4)]), "http://s/1");
    }

    #[test]
    fn a_key_stays_with_its_instance_until_that_goes() {
        let four = instances(&[None; 4]);
        let keys: Vec<String> = (0..400).map(|n| format!("room-{n}")).collect();
        let of = |instances: &[ServiceInstance]| -> BTreeMap<&String, String> {
            keys.iter().map(|key| (key, picked(&Choice::Sticky(key.clone()), instances, 0))).collect()
        };
        let (before, after) = (of(&four), of(&four[..3]));
        for key in &keys {
            assert!(before[key] == after[key] || before[key] == "http://s/3", "{key} moved for nothing");
        }
        for n in 0..4 {
            let url = format!("http://s/{n}");
            let share = before.values().filter(|chosen| **chosen == url).count();
            assert!((60..=140).contains(&share), "{url} has {share} of 400");
        }
    }
}
