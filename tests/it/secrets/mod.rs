//! Functions that have their settings from Secrets Manager, started as Lambda starts them: what is changed there counts
//! without a deployment.

mod keys;
mod manager;
mod rotation;
mod scene;
mod start;
