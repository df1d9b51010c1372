//! Whether everything is here. An empty Redis has no epoch key; whoever finds that claims to rebuild it.

use std::time::Duration;

use uuid::Uuid;

use super::{RedisPresence, keys, millis, scripts};
use crate::ports::{PresenceError, Wholeness};

/// A claim that nobody works on runs out: longer than a step of a rebuild takes on a slow day.
const CLAIM_TTL: Duration = Duration::from_secs(15);

impl RedisPresence {
    pub(super) async fn claim(&self) -> Result<Wholeness, PresenceError> {
        let claim = Uuid::new_v4();
        let keys = [keys::EPOCH.to_owned(), keys::CLAIM.to_owned()];
        let mut ask = scripts::call(&scripts::CLAIM, &keys);
        ask.arg(claim.to_string()).arg(millis(CLAIM_TTL));
        let answer: String = self.link.ask(ask).await?;
        Ok(match answer.as_str() {
            "whole" => Wholeness::Whole,
            "yours" => Wholeness::Lost { claim },
            _ => Wholeness::Rebuilding,
        })
    }

    pub(super) async fn keep(&self, claim: Uuid) -> Result<bool, PresenceError> {
        let mut keep = scripts::call(&scripts::KEEP_CLAIM, &[keys::CLAIM.to_owned()]);
        keep.arg(claim.to_string()).arg(millis(CLAIM_TTL));
        self.link.ask(keep).await
    }

    pub(super) async fn end(&self, claim: Uuid, whole: bool) -> Result<bool, PresenceError> {
        let keys = [keys::EPOCH.to_owned(), keys::CLAIM.to_owned()];
        let mut end = scripts::call(&scripts::END_REBUILD, &keys);
        end.arg(claim.to_string()).arg(u8::from(whole)).arg(self.routing_ms());
        self.link.ask(end).await
    }
}
