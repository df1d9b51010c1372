//! Around the desk: what several functions do with customer service.

pub mod announce;
pub mod serving;
