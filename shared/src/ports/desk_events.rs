use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::UnixMs;
use crate::ids::{OutboxId, UserId};
use crate::model::{Session, StaffMember};

/// What became of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStep {
    /// Made; waits, until the next step says otherwise.
    Opened,
    /// Given to somebody out of the queue.
    Assigned,
    /// Taken from somebody who went offline, back to the head of the queue.
    Returned,
    /// Handed on by somebody: to another, or to a queue.
    Transferred,
    Closed,
    Rated,
}

/// A step of a session, committed. Goes to [`super::QUEUE_ASSIGNMENTS`]; `assign` tells those concerned, brings
/// Redis up to date, counts it, and settles its outbox row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionChanged {
    /// Of the log `session_events`: ascending in the order of the commits.
    pub event: i64,
    #[serde(default = "unsettled")]
    pub outbox: OutboxId,
    pub step: SessionStep,
    /// As it stands after the step.
    pub session: Session,
    /// Who had it before; `session.staff` has it now.
    pub before: Option<UserId>,
    /// Who did it; None: nobody but the time or the match.
    pub by: Option<UserId>,
    /// Of the session's room, after the step.
    pub members_version: i64,
    /// Teams whose queue it moved.
    pub queues: Vec<String>,
    /// Under a name of its own: the envelope around it has an `at`.
    #[serde(rename = "changed_at")]
    pub at: UnixMs,
}

/// A staff member came, went, or chose another status or team. Goes to [`super::QUEUE_STAFF_STATUS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffChanged {
    #[serde(default = "unsettled")]
    pub outbox: OutboxId,
    pub member: StaffMember,
    /// As in [`SessionChanged`].
    #[serde(rename = "changed_at")]
    pub at: UnixMs,
}

/// A staff member has been offline for the grace. Goes to [`super::QUEUE_STAFF_STATUS`] that much later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffGrace {
    pub staff: UserId,
    /// When they went: whoever came back since has another.
    pub since: UnixMs,
}

/// A look at a team's whole queue, a few seconds after it moved. Goes to [`super::QUEUE_ASSIGNMENTS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueLook {
    pub team: String,
}

/// In a row of the outbox, which is told its own id when it is read.
const fn unsettled() -> OutboxId {
    OutboxId(0)
}
