//! `EventInvokeConfig`: how often and how long Lambda tries an event that nobody waits for. Source: "Configuring error
//! handling settings for Lambda asynchronous invocations".

use super::{Result, node::Node, resources::Collector};
use std::time::Duration;

const ATTEMPTS_MOST: u64 = 2;
const AGE_LEAST: u64 = 60;
const AGE_MOST: u64 = 6 * 60 * 60;

/// What becomes of an event that fails and that nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often it is tried again, 0 to 2.
    pub attempts: u32,
    /// How old it may be when it is tried, 1 minute to 6 hours.
    pub max_age: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 2, max_age: Duration::from_secs(AGE_MOST) }
    }
}

/// Reads `EventInvokeConfig`; what it leaves out is Lambda's default.
///
/// # Errors
/// A number out of Lambda's range, or a property that is not known.
pub(super) fn read(config: &Node<'_>, collector: &mut Collector<'_>) -> Result<Retries> {
    const KNOWN: [&str; 2] = ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"];
    collector.check(config, "EventInvokeConfig", &KNOWN, &["DestinationConfig"])?;
    let mut retries = Retries::default();
    if let Some(attempts) = config.get("MaximumRetryAttempts") {
        let stated = attempts.number()?;
        let fits = u32::try_from(stated).ok().filter(|_| stated <= ATTEMPTS_MOST);
        retries.attempts = fits.ok_or_else(|| attempts.error("must be 0 to 2"))?;
    }
    if let Some(age) = config.get("MaximumEventAgeInSeconds") {
        retries.max_age = match age.number()? {
            seconds @ AGE_LEAST..=AGE_MOST => Duration::from_secs(seconds),
            _ => return Err(age.error("must be 60 to 21600")),
        };
    }
    Ok(retries)
}
