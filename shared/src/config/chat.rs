use super::reader::Reader;

/// The limits of talking.
#[derive(Debug, Clone)]
pub struct ChatConfig {
    /// `RATE_LIMIT_MESSAGES` (20): frames a second for one user, over all devices; 0 turns it off.
    pub rate_per_second: u32,
    /// `RATE_LIMIT_BURST` (60): how many may come at once after a pause.
    pub rate_burst: u32,
    /// `FANOUT_INLINE` (100): up to so many connections are posted to by the sender's own function.
    pub fanout_inline: usize,
    /// `FANOUT_CHUNK` (100): connections in one message of a fan-out queue.
    pub fanout_chunk: usize,
    /// `FANOUT_QUEUES` (4): how many fan-out queues run in parallel.
    pub fanout_queues: u32,
    /// `PUSH_ROOM_MAX` (100): receipts, typing and status are pushed in rooms of up to so many members.
    pub push_room_max: i64,
    /// `BLOCKS_MAX` (1,000): users that one user may block.
    pub blocks_max: u32,
    /// `ROOM_MAX_MEMBERS` (10,000).
    pub room_max_members: u32,
}

impl ChatConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            rate_per_second: reader.number("RATE_LIMIT_MESSAGES", 20, 0..=100_000),
            rate_burst: reader.number("RATE_LIMIT_BURST", 60, 1..=1_000_000),
            fanout_inline: reader.number("FANOUT_INLINE", 100, 0..=100_000),
            fanout_chunk: reader.number("FANOUT_CHUNK", 100, 1..=1_000),
            fanout_queues: reader.number("FANOUT_QUEUES", 4, 1..=8),
            blocks_max: reader.number("BLOCKS_MAX", 1_000, 0..=100_000),
            room_max_members: reader.number("ROOM_MAX_MEMBERS", 10_000, 2..=10_000_000),
            push_room_max: reader.number("PUSH_ROOM_MAX", 100, 0..=1_000),
        }
    }
}
