use std::time::Duration;

use http::Uri;

use crate::webhook::Outbound;

/// Longest wait for the answer to one check.
pub const CHECK_DEADLINE: Duration = Duration::from_secs(2);

/// Whether an instance is well: its health URL answers with 2xx within the deadline.
pub async fn is_well(outbound: &Outbound, url: &Uri) -> bool {
    outbound.get_for_status(url, CHECK_DEADLINE).await.is_ok_and(|status| (200..300).contains(&status))
}
