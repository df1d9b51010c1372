//! What every Hark function uses.
//!
//! Ports (`ports`) are small traits, one capability each; the adapters that run in AWS stand beside
//! them (`postgres`, `redis`, `rabbitmq`, `management`). `App` holds one of each.

pub mod breaker;
pub mod clock;
pub mod config;
pub mod error;
pub mod frames;
pub mod identity;
pub mod ids;
pub mod model;
pub mod names;
pub mod ports;
pub mod postgres;
pub mod sql;
pub mod telemetry;

pub use error::{Code, Error};
