//! The named loads, as a table: what each asks, at full size and in the two-minute version.

use anyhow::Context;

use crate::load::Load;

/// A named load.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) full: Load,
    pub(crate) quick: Load,
}

/// The one whose end-to-end time is compared with the sum of the bare hops.
pub(crate) const COMPARED: &str = "ten";

/// The time of each quick scenario.
const QUICK: Load = Load { seconds: 6, warmup_seconds: 1, ..Load::BASE };

/// A message to this many connections or fewer is posted at once; a thousand go through the
/// fan-out queues.
pub(crate) static SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "direct",
        what: "one sender, one receiver, 50 messages a second",
        full: Load { rate: Some(50.0), ..Load::BASE },
        quick: Load { rate: Some(50.0), ..QUICK },
    },
    Scenario {
        name: COMPARED,
        what: "a message to ten receivers, 50 messages a second",
        full: Load { receivers: 10, rate: Some(50.0), ..Load::BASE },
        quick: Load { receivers: 10, rate: Some(50.0), ..QUICK },
    },
    Scenario {
        name: "thousand",
        what: "a room of 1,000 live members, 2 messages a second",
        full: Load { receivers: 1_000, rate: Some(2.0), ..Load::BASE },
        // A user for every four sockets: a thousand registrations take longer than two minutes allow.
        quick: Load { receivers: 1_000, devices: 4, rate: Some(2.0), ..QUICK },
    },
    Scenario {
        name: "idle",
        what: "idle connections: memory each, connects a second",
        full: Load { idle: 10_000, senders: 0, seconds: 10, warmup_seconds: 0, ..Load::BASE },
        quick: Load { idle: 2_000, senders: 0, seconds: 2, warmup_seconds: 0, ..Load::BASE },
    },
    Scenario {
        name: "flood",
        what: "20 senders with 8 messages in flight each, 4 rooms of 50 receivers",
        full: Load { senders: 20, rooms: 4, receivers: 50, window: 8, ..Load::BASE },
        quick: Load { senders: 20, rooms: 4, receivers: 50, window: 8, ..QUICK },
    },
];

/// The scenarios to run: one by name, or all.
///
/// # Errors
/// Names those that exist.
pub(crate) fn chosen(name: Option<&str>) -> anyhow::Result<Vec<&'static Scenario>> {
    let Some(name) = name else {
        return Ok(SCENARIOS.iter().collect());
    };
    let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
    let names = || SCENARIOS.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ");
    Ok(vec![found.with_context(|| format!("no scenario `{name}`; there are {}", names()))?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_run() {
        for scenario in &SCENARIOS {
            scenario.full.check().unwrap();
            scenario.quick.check().unwrap();
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_that_exist() {
        let error = chosen(Some("tne")).err().unwrap().to_string();
        assert!(error.contains("direct, ten, thousand"), "{error}");
        assert_eq!(chosen(None).unwrap().len(), SCENARIOS.len());
    }
}
