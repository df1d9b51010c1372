//! Stopping a send at one point until the case has done something beside it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{MessageId, RoomId, Seq};
use shared::model::{Listing, Message};
use shared::ports::{
    Appended, CaughtUp, Messages, MessagesError, NewMessage, NewRevision, Resumption, Revised, Search,
    StoreError, Window,
};
use tokio::sync::Semaphore;

/// Where a send can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    BeforeTheCommit,
    /// Who listens has not been read yet.
    AfterTheCommit,
    /// Who listens has been read, and the first of them is being posted to.
    AtThePost,
}

/// Stops whoever comes first to the point that it is set to.
pub struct Gate {
    set_to: Mutex<Option<Point>>,
    arrived: Semaphore,
    opened: Semaphore,
}

impl Gate {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { set_to: Mutex::default(), arrived: Semaphore::new(0), opened: Semaphore::new(0) })
    }

    pub fn set(&self, point: Point) {
        *self.set_to.lock().unwrap() = Some(point);
    }

    /// Waits until somebody stands before it.
    pub async fn arrival(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    pub fn open(&self) {
        self.opened.add_permits(1);
    }

    pub async fn pass(&self, point: Point) {
        let is_mine = self.set_to.lock().unwrap().take_if(|set| *set == point).is_some();
        if is_mine {
            self.arrived.add_permits(1);
            self.opened.acquire().await.unwrap().forget();
        }
    }
}

/// A store of messages with a gate at both ends of `append`, that counts how often it is asked to resume.
pub struct Watched {
    pub inner: Arc<dyn Messages>,
    pub gate: Arc<Gate>,
    pub resumes: Arc<AtomicUsize>,
}

#[async_trait]
impl Messages for Watched {
    async fn append(&self, new: &NewMessage) -> Result<Appended, MessagesError> {
        self.gate.pass(Point::BeforeTheCommit).await;
        let appended = self.inner.append(new).await;
        self.gate.pass(Point::AfterTheCommit).await;
        appended
    }

    async fn revise(&self, new: &NewRevision) -> Result<Revised, MessagesError> {
        self.inner.revise(new).await
    }

    async fn history(
        &self,
        room: RoomId,
        visible_after: Seq,
        window: Window,
        written: Seq,
    ) -> Result<Listing<Message>, StoreError> {
        self.inner.history(room, visible_after, window, written).await
    }

    async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.inner.message(id).await
    }

    async fn search(&self, search: &Search) -> Result<Listing<Message>, StoreError> {
        self.inner.search(search).await
    }

    async fn resume(&self, from: &Resumption) -> Result<CaughtUp, StoreError> {
        self.resumes.fetch_add(1, Ordering::Relaxed);
        self.inner.resume(from).await
    }

    async fn expire(&self, cutoff: UnixMs, limit: u32) -> Result<u64, StoreError> {
        self.inner.expire(cutoff, limit).await
    }
}
