//! The local runner: stands in for API Gateway, Lambda and the Amazon MQ event source.
//!
//! Everything it does is "make an event, invoke a function, apply the answer".

pub mod invoke;
pub mod template;
