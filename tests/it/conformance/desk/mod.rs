//! The rules of `Desk`.

mod closing;
mod crowd;
mod held;
mod matching;
mod notes;
mod opening;
mod queue;
mod staff;
mod steps;
mod transfers;

use shared::clock::UnixMs;
use shared::desk::Terms;
use shared::ids::{SessionId, UserId};
use shared::model::{ClosedBy, Session, SessionState, Status};
use shared::ports::{Arrival, Changes, Destination, NewSession, StaffPatch};

use super::stores::{NOW, Stores};

/// Of staff without a number of their own.
const MOST: u32 = 5;

const fn at(now: UnixMs) -> Terms {
    Terms { now, max_sessions: MOST }
}

impl Stores {
    /// The terms of a moment later than every one before.
    fn terms(&self) -> Terms {
        at(self.tick())
    }

    pub(super) async fn visitor(&self, name: &str) -> UserId {
        let arrival = Arrival {
            key_digest: key(name),
            username: format!("visitor-{name}"),
            nickname: Some(name.to_owned()),
            page: None,
            metadata: None,
        };
        self.visitors.enter(arrival, NOW).await.expect("enter").user.id
    }

    pub(super) async fn open(&self, visitor: UserId) -> Session {
        self.open_for(visitor, "").await
    }

    async fn open_for(&self, visitor: UserId, team: &str) -> Session {
        self.desk.open(new_session(visitor, team), self.terms()).await.expect("open").0
    }

    /// A visitor of that name with a session.
    async fn waits(&self, name: &str) -> SessionId {
        let visitor = self.visitor(name).await;
        self.open(visitor).await.id
    }

    /// Somebody of the one desk, online, with the configured number of places.
    pub(super) async fn serves(&self, name: &str) -> UserId {
        let staff = self.user(name).await;
        self.stands(staff, Status::Online).await;
        staff
    }

    /// Somebody online with a team and a number of places of their own.
    async fn serves_in(&self, name: &str, team: &str, places: u32) -> UserId {
        let staff = self.user(name).await;
        self.patch_staff(staff, team, places).await;
        self.stands(staff, Status::Online).await;
        staff
    }

    async fn patch_staff(&self, staff: UserId, team: &str, places: u32) -> Changes {
        let patch = StaffPatch { team: Some(team.to_owned()), max_sessions: Some(Some(places)) };
        self.desk.set_staff(staff, patch, self.terms()).await.expect("set staff")
    }

    async fn stands(&self, staff: UserId, status: Status) -> Changes {
        self.desk.set_status(staff, status, self.terms()).await.expect("set status")
    }

    pub(super) async fn end(&self, session: SessionId) -> Changes {
        self.desk.close(session, ClosedBy::Staff, None, self.terms()).await.expect("close").1
    }

    async fn hand(&self, session: SessionId, to: Destination, by: UserId) -> Session {
        self.desk.transfer(session, to, by, self.terms()).await.expect("transfer").0
    }

    pub(super) async fn seen(&self, session: SessionId) -> Session {
        self.desk.session(session).await.expect("session").expect("the session")
    }

    /// Who serves a session now.
    async fn server(&self, session: SessionId) -> Option<UserId> {
        let session = self.seen(session).await;
        session.staff.filter(|_| session.state == SessionState::Active).map(|staff| staff.id)
    }

    /// Who serves each.
    async fn servers<const N: usize>(&self, sessions: [SessionId; N]) -> [Option<UserId>; N] {
        let mut servers = [None; N];
        for (server, session) in servers.iter_mut().zip(sessions) {
            *server = self.server(session).await;
        }
        servers
    }
}

/// Another for every name of up to 32 bytes.
pub(super) fn key(name: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key[..name.len()].copy_from_slice(name.as_bytes());
    key
}

fn new_session(visitor: UserId, team: &str) -> NewSession {
    NewSession { visitor, team: team.to_owned(), subject: "a parcel".to_owned(), out_of_hours: false }
}
