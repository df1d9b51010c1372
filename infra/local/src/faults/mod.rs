//! What goes wrong on demand: everything that API Gateway, Lambda and the event sources may do on a bad day.
//!
//! [`Faults`] says which faults are on. Whoever could meet one asks it: the gateway about sockets and posts, a
//! [`FaultyInvoker`] about invocations. The list comes from `--fault`, and from `/_faults` while the runner runs.

mod armed;
mod bucket;
mod clock;
mod fault;
mod invoker;
mod share;
mod spec;

pub use clock::VirtualClock;
pub use fault::{ConnectFault, DisconnectFault, Fault, FunctionFault, Kind, PostAnswer};
pub use invoker::FaultyInvoker;
pub use share::Share;
pub use spec::{MAX_TIME, SpecError};

use armed::Armed;
use bucket::Bucket;
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::sleep};

/// How many faults can be on at once: every post looks through them.
pub const MAX_FAULTS: usize = 100;

/// Which faults are on. What a share decides follows from the seed: the same seed and the same list decide the same
/// again, each fault for the first that it is about, the second, and so on.
pub struct Faults {
    /// Spares everybody the lock while there is none.
    is_any: AtomicBool,
    on: Mutex<On>,
    holds_connects: watch::Sender<bool>,
}

struct On {
    seed: u64,
    faults: Vec<Armed>,
}

/// What one `$disconnect` meets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DisconnectMet {
    pub(crate) is_lost: bool,
    pub(crate) late: Duration,
    pub(crate) comes_twice: bool,
}

/// What one invocation meets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct InvocationMet {
    pub(crate) slow: Duration,
    pub(crate) fails: bool,
    pub(crate) crashes: bool,
    pub(crate) comes_twice: bool,
}

impl Default for Faults {
    /// None, by a seed of chance.
    fn default() -> Self {
        Self::new(None, [])
    }
}

impl Faults {
    /// These are on, by `seed` or one of chance.
    pub fn new(seed: Option<u64>, faults: impl IntoIterator<Item = Fault>) -> Self {
        // Short enough to be typed again.
        let seed = seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
        let none = On { seed, faults: Vec::new() };
        let all = Self {
            is_any: AtomicBool::new(false),
            on: Mutex::new(none),
            holds_connects: watch::Sender::new(false),
        };
        all.set(faults);
        all
    }

    /// These are on from now on, in place of those that were before; by the same seed, from its beginning.
    pub fn set(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut on = self.lock();
        on.faults = Armed::all(on.seed, faults);
        self.tidy(&mut on);
    }

    /// The same by another seed.
    pub fn set_by(&self, seed: u64, faults: impl IntoIterator<Item = Fault>) {
        let mut on = self.lock();
        *on = On { seed, faults: Armed::all(seed, faults) };
        self.tidy(&mut on);
    }

    /// The seed and the faults that are on; a count is what is left of it.
    pub fn list(&self) -> (u64, Vec<Fault>) {
        let on = self.lock();
        (on.seed, on.faults.iter().map(|armed| armed.fault.clone()).collect())
    }

    /// Whether sockets stay unreachable after their `$connect` returned, until this is off again: `connect=late` for
    /// who knows when it is over. Not in the list.
    pub fn hold_connects(&self, on: bool) {
        self.holds_connects.send_replace(on);
    }

    /// How a post to `connection` is answered, when it isn't as it should be: by the first fault that it meets.
    pub(crate) fn post(&self, connection: &str) -> Option<PostAnswer> {
        self.first(|armed| match &armed.fault.kind {
            Kind::Post { answer, connection: to } if to.as_deref().is_none_or(|to| to == connection) => {
                Some(*answer)
            }
            _ => None,
        })
    }

    /// Whether a handshake is refused as one too many.
    pub(crate) fn throttles_connect(&self) -> bool {
        let throttled = self.first(|armed| match (&armed.fault.kind, &mut armed.bucket) {
            (Kind::Connect(ConnectFault::Throttled), _) => Some(()),
            (_, Some(bucket)) => (!bucket.take(Instant::now())).then_some(()),
            _ => None,
        });
        throttled.is_some()
    }

    /// Waits as long as a socket is unreachable whose `$connect` has returned.
    pub(crate) async fn connect_is_let_go(&self) {
        let late = self.first(|armed| match armed.fault.kind {
            Kind::Connect(ConnectFault::Late(late)) => Some(late),
            _ => None,
        });
        if let Some(late) = late {
            sleep(late).await;
        }
        // It fails only when the sender is gone, which is in `self`.
        let _ = self.holds_connects.subscribe().wait_for(|held| !held).await;
    }

    /// All that a `$disconnect` meets.
    pub(crate) fn disconnect(&self) -> DisconnectMet {
        let met = self.all(|armed| match armed.fault.kind {
            Kind::Disconnect(fault) => Some(fault),
            _ => None,
        });
        met.into_iter().fold(DisconnectMet::default(), |met, fault| match fault {
            DisconnectFault::Lost => DisconnectMet { is_lost: true, ..met },
            DisconnectFault::Late(late) => DisconnectMet { late: met.late + late, ..met },
            DisconnectFault::Twice => DisconnectMet { comes_twice: true, ..met },
        })
    }

    /// All that an invocation of `function` meets; `answers_http` when it is of the HTTP API.
    pub(crate) fn invocation(&self, function: &str, answers_http: bool) -> InvocationMet {
        let met = self.all(|armed| match &armed.fault.kind {
            Kind::Function { name, fault } if name == function => Some(Some(*fault)),
            Kind::EventTwice { function: Some(name) } if name == function => Some(None),
            Kind::EventTwice { function: None } if !answers_http => Some(None),
            _ => None,
        });
        met.into_iter().fold(InvocationMet::default(), |met, fault| match fault {
            None => InvocationMet { comes_twice: true, ..met },
            Some(FunctionFault::Fails) => InvocationMet { fails: true, ..met },
            Some(FunctionFault::Crashes) => InvocationMet { crashes: true, ..met },
            Some(FunctionFault::Slow(slow)) => InvocationMet { slow: met.slow + slow, ..met },
        })
    }

    /// Of the first fault that is about this and strikes.
    fn first<T>(&self, mut is_about: impl FnMut(&mut Armed) -> Option<T>) -> Option<T> {
        self.look(|faults| faults.iter_mut().find_map(|armed| is_about(armed).filter(|_| armed.strikes())))
    }

    /// Of all of them.
    fn all<T>(&self, mut is_about: impl FnMut(&mut Armed) -> Option<T>) -> Vec<T> {
        let all = |faults: &mut Vec<Armed>| {
            let met = faults.iter_mut().filter_map(|armed| is_about(armed).filter(|_| armed.strikes()));
            Some(met.collect())
        };
        self.look(all).unwrap_or_default()
    }

    fn look<T>(&self, ask: impl FnOnce(&mut Vec<Armed>) -> Option<T>) -> Option<T> {
        if !self.is_any.load(Relaxed) {
            return None;
        }
        let mut on = self.lock();
        let met = ask(&mut on.faults);
        self.tidy(&mut on);
        met
    }

    fn tidy(&self, on: &mut On) {
        on.faults.retain(|armed| !armed.is_spent());
        self.is_any.store(!on.faults.is_empty(), Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, On> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether all of these can be on in a runner that has these functions.
///
/// # Errors
/// There are too many, or one is about a function that isn't there: says which.
pub fn check(faults: &[Fault], has_function: impl Fn(&str) -> bool) -> Result<(), String> {
    if faults.len() > MAX_FAULTS {
        return Err(format!("{} are too many: {MAX_FAULTS} at most", faults.len()));
    }
    let unknown = |fault: &&Fault| fault.function().is_some_and(|name| !has_function(name));
    match faults.iter().find(unknown) {
        Some(fault) => {
            Err(format!("{fault}: there is no function {:?}", fault.function().unwrap_or_default()))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(seed: u64, specs: &[&str]) -> Faults {
        Faults::new(Some(seed), specs.iter().map(|spec| spec.parse().expect(spec)))
    }

    fn lost(faults: &Faults) -> Vec<bool> {
        (0..200).map(|_| faults.disconnect().is_lost).collect()
    }

    #[test]
    fn the_same_seed_decides_the_same_and_another_does_not() {
        let decided = lost(&faults(7, &["disconnect=lose:0.5"]));
        assert_eq!(lost(&faults(7, &["disconnect=lose:0.5"])), decided);
        assert_ne!(lost(&faults(8, &["disconnect=lose:0.5"])), decided);
        let count = decided.iter().filter(|lost| **lost).count();
        assert!((60..140).contains(&count), "{count} of 200");
    }

    #[test]
    fn what_others_are_asked_meanwhile_changes_no_decision() {
        let alone = lost(&faults(7, &["disconnect=lose:0.5", "post=429:0.5"]));
        let both = faults(7, &["disconnect=lose:0.5", "post=429:0.5"]);
        let beside: Vec<bool> = (0..200)
            .map(|_| {
                both.post("a=");
                both.disconnect().is_lost
            })
            .collect();
        assert_eq!(beside, alone);
    }

    #[test]
    fn a_list_that_is_set_again_decides_from_the_beginning() {
        let faults = faults(7, &["disconnect=lose:0.5"]);
        let decided = lost(&faults);
        let (seed, list) = faults.list();
        faults.set(list.clone());
        assert_eq!((seed, lost(&faults)), (7, decided.clone()));
        faults.set_by(8, list);
        assert_ne!(lost(&faults), decided);
    }

    #[test]
    fn nobody_meets_a_share_of_0_and_everybody_one_of_1() {
        assert!(lost(&faults(1, &["disconnect=lose:0"])).iter().all(|lost| !lost));
        assert!(lost(&faults(1, &["disconnect=lose:1"])).iter().all(|lost| *lost));
    }

    #[test]
    fn a_count_is_used_up_by_those_who_meet_it() {
        let faults = faults(1, &["post=429,count=2", "post=410,count=1"]);
        let met: Vec<_> =
            (0..4).map(|_| faults.post("a=").map(|answer| Fault::of_posts(answer).to_string())).collect();
        assert_eq!(
            met,
            [Some("post=429"), Some("post=429"), Some("post=410"), None].map(|met| met.map(str::to_owned))
        );
        assert_eq!(faults.list().1, []);
    }

    #[test]
    fn a_disconnect_meets_everything_that_is_about_it() {
        let faults = faults(1, &["disconnect=late:1s", "disconnect=twice", "disconnect=late:500ms"]);
        let late = Duration::from_millis(1500);
        assert_eq!(faults.disconnect(), DisconnectMet { is_lost: false, late, comes_twice: true });
    }

    #[test]
    fn an_event_comes_twice_unless_it_is_a_request_or_somebody_elses() {
        let twice = |spec: &str, function, http| faults(1, &[spec]).invocation(function, http).comes_twice;
        assert!(twice("event=twice", "message", false));
        assert!(!twice("event=twice", "rooms", true));
        assert!(twice("event=twice,function=rooms", "rooms", true));
        assert!(!twice("event=twice,function=message", "deliver", false));
    }

    #[test]
    fn faults_are_a_hundred_at_most_and_of_functions_that_are_there() {
        let is_known = |name: &str| name == "message";
        let fault: Fault = "function=message:fail".parse().unwrap();
        assert_eq!(check(&vec![fault.clone(); MAX_FAULTS], is_known), Ok(()));
        let refused = check(&vec![fault; MAX_FAULTS + 1], is_known).unwrap_err();
        assert_eq!(refused, "101 are too many: 100 at most");
        for spec in ["function=massage:fail", "event=twice,function=massage"] {
            let refused = check(&[spec.parse().unwrap()], is_known).unwrap_err();
            assert_eq!(refused, format!("{spec}: there is no function \"massage\""));
        }
    }
}
