//! What is told in passing: how far somebody has read, and that they are typing.

mod receipts;
mod typing;
