//! Presence on Redis.
//!
//! What decides is kept per user (`hark:{u:ID}:*`) and per room (`hark:{r:ID}:*`), each behind one hash
//! tag; `hark:online` and `hark:connections` are counted, and the `chat:*` keys are mirrors that nothing
//! here reads. Every key has a lifetime, renewed by registering: a socket lives two hours at most, so a
//! key that nobody registered under for that long holds nobody.
//!
//! # Why no listener is lost and no stranger listens
//!
//! A room's list is derived from two truths: the members (in the store, with a version) and the users'
//! connections (`U`, in the users' keys). The room's key (`R`) holds the list, the members it was built
//! from and their version; a reader whose version is later, or finds none, rebuilds before it posts.
//! Every step below is atomic; between the steps anything may happen.
//!
//! - *register*: reads the rooms from the store, then **U** adds the connection and answers the rooms
//!   joined a moment ago, then **R** of each room adds it; R drops its version if the user isn't one of
//!   its members. At last U makes it known; until then a frame finds it unknown and registers it again,
//!   so a register that ends halfway is made good.
//! - *forget*: **U** removes, then each **R** removes.
//! - *rebuild* at version v: reads the members, then each member's **U**, then **R** merges: v and the
//!   members are set; skipped if R's version is later. Entries of others (strangers) are left out of its
//!   answer and stay for [`JOINED_TTL`], in which R has no version: so a list with one has no strangers.
//! - *members_changed* to v: after the commit, **U** of who joined notes the room and is read, then **R**
//!   applies the change if its version is v - 1, else adds the connections as registering does.
//!
//! register and rebuild: if U adds before rebuild reads U, rebuild has it. If after, R adds after that
//! too: before the merge it stays, as an entry of a member; after it, it is added. Never lost.
//!
//! register and members_changed (the user joins): if the rooms were read after the commit, R's step
//! comes for this room: after the change the user is a member; before it R drops its version, no rebuild
//! whose members were read before the commit gives it one again (the user is a stranger to it), so the
//! change does nothing, and the next reader rebuilds from U. If the rooms were read before the commit: U adds
//! either before the note, then it is read there and added to R whatever R's version (a rebuild may have
//! read U before), or after, then the note adds the room to those of the register.
//!
//! register and members_changed (the user leaves): a register that read the room before the commit may
//! come to R after the change or after a rebuild without the user. The user isn't one of R's members
//! then, so R drops its version, rebuilds leave the entry out, and one after [`JOINED_TTL`] drops it. Before them, the entry
//! goes with the change or the merge.
//!
//! forget and rebuild: U removed after it was read, R removed before the merge: the merge brings a closed
//! connection back. It costs one post that is answered 410, which forgets it again. The same holds for a
//! frame that registers its connection while `$disconnect` forgets it.
//!
//! # When everything is lost
//!
//! `hark:epoch` is there while everything is. Whoever finds it missing (a frame of an unknown connection, a
//! reader of a list without version, `upkeep`) claims to rebuild, with a claim that runs out; the rebuild
//! goes through the rows of the store page by page and sets the epoch at the end, if the claim is still
//! held: after another loss it isn't, and what was restored before is known to be incomplete.
//!
//! restore is register with the time when the connection was heard (its user, rather, as of the last minute), so
//! all of the above holds for it. The
//! row of a connection is written before it registers and removed before it is forgotten. If it was
//! written before its page was read, it is restored. If after, it registers itself after Redis came back.
//! If it is removed after its page was read, the rows are looked at once more when the page is restored:
//! gone by then, it is forgotten again; gone later, its own forget comes after the restore.
//!
//! A reader of a list without version restores its room's members from the rows before it builds the list,
//! so a list with a version misses nobody, whole or not.
//!
//! # Who is counted and who is online
//!
//! A register that is capped counts in U and in `hark:connections` side by side; refused by one, it is taken
//! back from the other. In between a rebuild may read it: that costs one post which is answered 410.
//!
//! The list of users online follows U: whoever makes known in U adds to the list and mirrors after, and whoever
//! takes from the list looks at U again after, and puts back who returned. Whose user is off the list counts
//! as unknown at the next frame, and registers again.

mod cache;
mod keys;
mod link;
mod mirrors;
mod presence;
mod rebuilding;
mod records;
mod registration;
mod rooms;
mod scripts;
mod status;
mod url;

use std::time::Duration;

use redis::Cmd;

use crate::ids::UserId;
use crate::limiter::{Arrivals, Limiter, Rate};
use crate::ports::PresenceError;
use crate::secrets::LoginUrl;
use link::Link;
pub use url::RedisConfigError;

/// A note of a joined room outlives every register that began before it: those end within deadlines of
/// a second, and a function's own limit is under a minute.
const JOINED_TTL: Duration = Duration::from_secs(60);
/// How long "last seen" is known after the last connection went.
const SEEN_TTL: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a user's profile is kept at hand (`chat:user:{id}`).
const PROFILE_TTL: Duration = Duration::from_secs(24 * 3600);
/// How long a message is kept at hand (`chat:message:{id}`).
const MESSAGE_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// How many users an instance limits by itself while Redis is away; some 50 bytes each.
const LIMITED_ALONE: usize = 20_000;

/// How presence is kept on Redis.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// Where Redis is; the forms are those of `REDIS_URL` in docs/CONFIGURATION.md.
    pub url: LoginUrl,
    /// Longest wait for one round trip, a new connection included.
    pub deadline: Duration,
    /// A user is online for this long after their last frame.
    pub presence_ttl: Duration,
    /// A connection is posted to for this long at most; not less than a socket lives.
    pub routing_ttl: Duration,
    /// Frames a second that a user may send on average; 0 doesn't limit.
    pub rate_messages_per_second: u32,
    /// Frames that a user may send at once.
    pub rate_burst: u32,
}

/// Presence on one Redis server, the master of a Sentinel set, or a Cluster.
pub struct RedisPresence {
    link: Link,
    config: RedisConfig,
    /// Counts while Redis doesn't.
    alone: Limiter<UserId>,
    /// The same for addresses and whatever else is limited.
    others_alone: Arrivals<String>,
}

impl RedisPresence {
    /// Opens nothing: the first call does, or [`Self::warm`].
    ///
    /// # Errors
    /// The URL is malformed.
    pub fn new(config: RedisConfig) -> Result<Self, RedisConfigError> {
        let link = Link::new(config.url.clone(), config.deadline)?;
        let rate = Rate::per_second(config.rate_messages_per_second, config.rate_burst);
        let (alone, others_alone) = (Limiter::new(rate, LIMITED_ALONE), Arrivals::new(LIMITED_ALONE));
        Ok(Self { link, config, alone, others_alone })
    }

    /// Opens the connection and loads the scripts, so that the first frame need not.
    ///
    /// # Errors
    /// `Unavailable`; the next call tries again.
    pub async fn warm(&self) -> Result<(), PresenceError> {
        self.link.send(scripts::load_all()).await?.all_done()
    }

    fn routing_ms(&self) -> i64 {
        millis(self.config.routing_ttl)
    }

    fn presence_ms(&self) -> i64 {
        millis(self.config.presence_ttl)
    }

    /// Microseconds between two frames at the full rate, 0 when nothing is limited.
    fn rate_interval_us(&self) -> u32 {
        1_000_000_u32.checked_div(self.config.rate_messages_per_second).unwrap_or(0)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Gives a key its lifetime.
fn expire(key: impl redis::ToRedisArgs, after_ms: i64) -> Cmd {
    let mut command = redis::cmd("PEXPIRE");
    command.arg(key).arg(after_ms);
    command
}
