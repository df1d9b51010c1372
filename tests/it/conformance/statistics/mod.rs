//! The rules of `Statistics`.

mod desk;
mod messages;
mod random;
mod scene;
