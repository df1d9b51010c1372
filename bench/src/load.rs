//! The parameters of one load.

use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use serde::Serialize;

/// Sockets of one idle user: idle sockets need few users, since one may have many devices.
const SOCKETS_PER_IDLE_USER: usize = 100;

/// What to put on the server. Every message is durable; there is no other kind.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Load {
    /// Sockets that only sit there
    #[arg(long, default_value_t = 0)]
    pub(crate) idle: usize,
    /// Sockets that send, dealt over the rooms in turn
    #[arg(long, default_value_t = 1)]
    pub(crate) senders: usize,
    /// Sockets in each room that only receive
    #[arg(long, default_value_t = 1)]
    pub(crate) receivers: usize,
    /// Sockets (devices) that each receiving user has; divides --receivers
    #[arg(long, default_value_t = 1)]
    pub(crate) devices: usize,
    #[arg(long, default_value_t = 1)]
    pub(crate) rooms: usize,
    /// Open loop: messages a second of all senders together, sent whether or not answers come
    #[arg(long, conflicts_with = "window")]
    pub(crate) rate: Option<f64>,
    /// Closed loop: unanswered messages that each sender keeps in flight
    #[arg(long, default_value_t = 1)]
    pub(crate) window: usize,
    /// Measured time, in seconds
    #[arg(long = "duration", default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Time before it that is sent in but not measured, in seconds
    #[arg(long = "warmup", default_value_t = 2)]
    pub(crate) warmup_seconds: u64,
    /// How long to wait for what is still missing at the end, in seconds
    #[arg(long = "grace", default_value_t = 15)]
    pub(crate) grace_seconds: u64,
    /// Content of a message, in bytes
    #[arg(long, default_value_t = 64)]
    pub(crate) content: usize,
}

impl Load {
    /// A load of one sender, one receiver and one message in flight: the table of scenarios says
    /// only what is different.
    pub(crate) const BASE: Self = Self {
        idle: 0,
        senders: 1,
        receivers: 1,
        devices: 1,
        rooms: 1,
        rate: None,
        window: 1,
        seconds: 30,
        warmup_seconds: 3,
        grace_seconds: 15,
        content: 64,
    };

    /// Checks what clap cannot.
    ///
    /// # Errors
    /// Names the parameters that don't fit together.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        ensure!(self.idle + self.senders > 0, "--idle or --senders is needed");
        ensure!(self.rooms > 0, "--rooms must be 1 at least");
        ensure!(self.devices > 0, "--devices must be 1 at least");
        ensure!(self.window > 0, "--window must be 1 at least");
        ensure!(self.content <= 8_000, "--content is 8000 at most");
        ensure!(
            self.senders == 0 || self.senders >= self.rooms,
            "every room needs a sender: --senders must be --rooms at least"
        );
        ensure!(self.receivers.is_multiple_of(self.devices), "--devices must divide --receivers");
        ensure!(self.rate.is_none_or(|rate| rate > 0.0 && rate <= 1e6), "--rate is between 0 and 1000000");
        Ok(())
    }

    /// Users in each room who only receive.
    pub(crate) fn listeners(&self) -> usize {
        self.receivers / self.devices
    }

    /// Users in all rooms.
    pub(crate) fn members(&self) -> usize {
        match self.senders {
            0 => 0,
            senders => senders + self.rooms * self.listeners(),
        }
    }

    /// Users of the idle sockets.
    pub(crate) fn idle_users(&self) -> usize {
        self.idle.div_ceil(SOCKETS_PER_IDLE_USER)
    }

    /// Sockets in all.
    pub(crate) fn sockets(&self) -> usize {
        match self.senders {
            0 => self.idle,
            senders => self.idle + senders + self.rooms * self.receivers,
        }
    }

    pub(crate) fn warmup(&self) -> Duration {
        Duration::from_secs(self.warmup_seconds)
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }

    /// A run that takes longer than this is stuck: 200 ms a user, 20 ms a socket, and what the
    /// parameters say.
    pub(crate) fn bound(&self) -> Duration {
        let users = u64::try_from(self.members() + self.idle_users()).unwrap_or(u64::MAX);
        let sockets = u64::try_from(self.sockets()).unwrap_or(u64::MAX);
        let preparing = Duration::from_millis(users * 200 + sockets * 20);
        preparing + self.warmup() + self.duration() + self.grace() + Duration::from_secs(120)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_sockets_are_counted_over_all_rooms() {
        let load = Load { idle: 250, senders: 4, receivers: 10, devices: 5, rooms: 2, ..Load::BASE };
        load.check().unwrap();
        assert_eq!((load.members(), load.idle_users()), (8, 3));
        assert_eq!(load.sockets(), 250 + 4 + 20);
    }

    #[test]
    fn a_load_without_senders_has_idle_sockets_only() {
        let load = Load { idle: 10, senders: 0, ..Load::BASE };
        load.check().unwrap();
        assert_eq!((load.members(), load.sockets()), (0, 10));
    }

    #[test]
    fn parameters_that_do_not_fit_are_refused() {
        let wrong = [
            Load { senders: 0, ..Load::BASE },
            Load { rooms: 2, ..Load::BASE },
            Load { receivers: 10, devices: 3, ..Load::BASE },
            Load { rate: Some(0.0), ..Load::BASE },
        ];
        for load in wrong {
            assert!(load.check().is_err(), "{load:?}");
        }
    }
}
