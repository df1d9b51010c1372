//! The frames of the socket protocol: what clients send, in every spelling that the protocol takes, and
//! what they get.

mod client;
mod decode;
mod resume;
mod server;
mod spelling;

pub use client::{
    ClientFrame, Draft, EditMessage, FrameId, JoinRoom, LeaveRoom, ReadReceipt, RecallMessage, StatusUpdate,
    Target, Typing, TypingState,
};
pub use decode::{FrameError, decode, decode_body};
pub use resume::{Gap, GapReason, RESUME_ROOMS_MAX, Resume, ResumeRooms, Resumed};
pub use server::{Ack, Assignment, Outgoing, ServerFrame, SystemEvent, error_frame};
pub use spelling::{Described, SPELLINGS, Spelling};

/// The largest frame that goes out, in bytes: leaves room below the gateway's 32 KiB.
pub const OUTGOING_FRAME_MAX_BYTES: usize = 30 * 1024;
