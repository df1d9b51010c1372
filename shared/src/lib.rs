//! What every Hark function uses.
//!
//! Ports (`ports`) are small traits, one capability each; the adapters that run in AWS stand beside
//! them (`postgres`, `redis`, `rabbitmq`, `management`). `App` holds one of each.

pub mod app;
mod aws;
pub mod breaker;
pub mod calendar;
pub mod chat;
pub mod clock;
pub mod config;
pub mod contract;
pub mod dead_letter;
pub mod desk;
pub mod error;
pub mod events;
pub mod folding;
pub mod frames;
pub mod http;
pub mod identity;
pub mod ids;
pub mod kept_figures;
pub mod limiter;
pub mod management;
pub mod model;
pub mod moderation;
pub mod mq_event;
pub mod names;
pub mod parcel;
pub mod ports;
pub mod postgres;
pub mod push;
pub mod rabbitmq;
pub mod redis;
pub mod registry;
pub mod search;
pub mod secrets;
pub mod socket;
pub mod sql;
pub mod support;
pub mod sweeping_bus;
pub mod telemetry;
pub mod tls;
pub mod webhook;

pub use error::{Code, Error};
