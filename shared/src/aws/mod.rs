//! What the clients of AWS stand on: who signs, where, and over which HTTP client.
//!
//! All of it comes from the variables that Lambda gives every function. The SDK's own ways to find credentials and
//! regions elsewhere, and its HTTP/2, would be over a megabyte of each function's binary and are never taken in Lambda.

mod http;
mod identity;
mod sdk;

use std::env;

pub(crate) use http::Http;
pub(crate) use identity::Identity;
pub(crate) use sdk::SdkHttp;

/// Of the function; the runner takes any.
pub(crate) fn region() -> String {
    ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .find_map(variable)
        .unwrap_or_else(|| "us-east-1".to_owned())
}

/// An empty variable counts as unset.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
