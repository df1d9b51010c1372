//! Many at once: what holds at every commit, checked from the answers and from the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use shared::ids::{SessionId, UserId};
use shared::model::{ClosedBy, SessionState, Status};
use shared::ports::{Changes, SessionChanged, SessionStep};
use tokio::sync::{Mutex, mpsc};

use super::super::stores::Stores;
use super::{at, new_session};

on_every_engine! {
    of_many_each_is_served_once_and_in_turn,
    the_last_place_is_given_once,
}

const VISITORS: usize = 40;
const STAFF: usize = 5;
const PLACES: usize = 2;

async fn of_many_each_is_served_once_and_in_turn(stores: &Stores) {
    for n in 0..STAFF {
        stores.serves_in(&format!("s{n}"), "", u32::try_from(PLACES).unwrap()).await;
    }
    let visitors: Vec<UserId> =
        join_all((0..VISITORS).map(|n| async move { stores.visitor(&format!("v{n}")).await })).await;
    let (served, to_close) = mpsc::unbounded_channel();
    let floor = Floor { served, to_close: Mutex::new(to_close), closed: AtomicUsize::new(0) };
    let comers = visitors.iter().map(|visitor| async {
        let open = stores.desk.open(new_session(*visitor, ""), at(stores.tick())).await;
        floor.noted(open.unwrap().1)
    });
    let closers = (0..STAFF * PLACES).map(|_| floor.serve(stores));
    let (opened, closed) = futures::join!(join_all(comers), join_all(closers));
    let mut transactions: Vec<_> = opened.into_iter().chain(closed.into_iter().flatten()).collect();
    transactions.sort_by_key(|transaction| transaction[0].event);
    replay(&transactions);
    assert_eq!(stores.rows_in("session_events").await, i64::try_from(3 * VISITORS).unwrap());
}

/// Sessions as they are given to somebody, for whoever ends them next.
struct Floor {
    served: mpsc::UnboundedSender<Option<SessionId>>,
    to_close: Mutex<mpsc::UnboundedReceiver<Option<SessionId>>>,
    closed: AtomicUsize,
}

impl Floor {
    fn noted(&self, changes: Changes) -> Vec<SessionChanged> {
        for changed in &changes.sessions {
            if changed.step == SessionStep::Assigned {
                self.served.send(Some(changed.session.id)).unwrap();
            }
        }
        changes.sessions
    }

    /// Ends one after the other until there are none left to come.
    async fn serve(&self, stores: &Stores) -> Vec<Vec<SessionChanged>> {
        let mut transactions = Vec::new();
        loop {
            let next = self.to_close.lock().await.recv().await.unwrap();
            let Some(session) = next else { return transactions };
            let close = stores.desk.close(session, ClosedBy::Staff, None, at(stores.tick())).await;
            transactions.push(self.noted(close.unwrap().1));
            if self.closed.fetch_add(1, Ordering::Relaxed) + 1 == VISITORS {
                for _ in 0..STAFF * PLACES {
                    self.served.send(None).unwrap();
                }
            }
        }
    }
}

/// Goes through the transactions by their log and checks what has to hold after each step and each commit.
fn replay(transactions: &[Vec<SessionChanged>]) {
    let mut waiting = BTreeSet::new();
    let mut held: BTreeMap<UserId, BTreeSet<SessionId>> = BTreeMap::new();
    let mut served = BTreeSet::new();
    let mut last = 0;
    for transaction in transactions {
        for changed in transaction {
            assert!(changed.event > last, "transactions do not mix");
            last = changed.event;
            let (id, turn) = (changed.session.id, (changed.session.opened_at, changed.session.id));
            let staff = changed.session.staff.as_ref().map(|staff| staff.id);
            match changed.step {
                SessionStep::Opened => assert!(waiting.insert(turn)),
                SessionStep::Assigned => {
                    assert_eq!(waiting.pop_first(), Some(turn), "not whose turn it is");
                    assert!(served.insert(id), "served before");
                    let held = held.entry(staff.unwrap()).or_default();
                    held.insert(id);
                    assert!(held.len() <= PLACES, "{staff:?} has {held:?}");
                }
                SessionStep::Closed => assert!(held.get_mut(&staff.unwrap()).unwrap().remove(&id)),
                step => panic!("{step:?}"),
            }
        }
        let taken: usize = held.values().map(BTreeSet::len).sum();
        assert!(waiting.is_empty() || taken == STAFF * PLACES, "{waiting:?} wait and {taken} are served");
    }
    assert_eq!((served.len(), waiting.len()), (VISITORS, 0));
}

async fn the_last_place_is_given_once(stores: &Stores) {
    let sam = stores.user("sam").await;
    stores.patch_staff(sam, "", 1).await;
    let sue = stores.serves_in("sue", "", 1).await;
    let held = stores.waits("v0").await;
    let (vera, will) = (stores.visitor("vera").await, stores.visitor("will").await);
    // Two come while one comes online and another's session ends.
    futures::join!(
        stores.open(vera),
        stores.open(will),
        stores.stands(sam, Status::Online),
        stores.end(held),
    );
    for staff in [sam, sue] {
        assert_eq!(stores.desk.staff_member(staff, 5).await.unwrap().unwrap().sessions, 1);
    }
    let state = Some(SessionState::Queued);
    let filter = shared::ports::SessionFilter { state, ..Default::default() };
    assert_eq!(stores.desk.sessions(&filter, super::super::stores::FIRST_PAGE).await.unwrap().total, 0);
}
