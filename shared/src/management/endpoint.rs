use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::aws;
use crate::ids::ConnectionId;
use crate::ports::PostError;

/// How long an endpoint that can't be reached is left alone.
pub(super) const SKIPPED_FOR: Duration = Duration::from_secs(5);

/// Posts to one endpoint at once, each of which has a connection to itself: of all that a batch of messages has to
/// post, since a function may have 1,024 files open.
pub const POSTS_AT_ONCE: usize = 256;

/// What RFC 3986 lets stand in a path segment without doubt, and SigV4 expects.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One API or runner, by its base URL.
pub(super) struct Endpoint {
    /// `https://abc.execute-api.eu-central-1.amazonaws.com/prod`, without a slash at the end.
    pub(super) base: String,
    /// What requests are signed for.
    pub(super) region: String,
    turns: Semaphore,
    skipped_until: Mutex<Option<Instant>>,
}

impl Endpoint {
    /// # Errors
    /// `Unreachable` when it is no URL of http or https.
    pub(super) fn parse(base: &str) -> Result<Self, PostError> {
        let base = base.trim_end_matches('/');
        let malformed = || PostError::Unreachable(format!("{base:?} is not an http or https URL"));
        let uri: Uri = base.parse().map_err(|_| malformed())?;
        let host = uri.host().ok_or_else(malformed)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(malformed());
        }
        let region = region_of(host).map_or_else(aws::region, str::to_owned);
        let turns = Semaphore::new(POSTS_AT_ONCE);
        Ok(Self { base: base.to_owned(), region, turns, skipped_until: Mutex::default() })
    }

    /// Where a connection is posted to, looked at and closed.
    pub(super) fn uri_of(&self, connection: &ConnectionId) -> String {
        format!("{}/@connections/{}", self.base, utf8_percent_encode(&connection.0, SEGMENT))
    }

    /// Waits until it is somebody's turn to post; over when what it answers is dropped.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // None only of a semaphore that is closed, which nobody does.
        self.turns.acquire().await.ok()
    }

    pub(super) fn is_skipped(&self) -> bool {
        self.skip_lock().is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn skip(&self) {
        *self.skip_lock() = Some(Instant::now() + SKIPPED_FOR);
    }

    fn skip_lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        // The value is replaced whole, so a panic elsewhere can't have left it half written.
        self.skipped_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The region in a host of AWS: `{api}.execute-api.{region}.amazonaws.com`.
fn region_of(host: &str) -> Option<&str> {
    let mut labels = host.split('.').skip(1);
    (labels.next()? == "execute-api").then(|| labels.next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_stands_in_the_host() {
        let endpoint = Endpoint::parse("https://abc.execute-api.eu-central-1.amazonaws.com/prod/").unwrap();
        assert_eq!(endpoint.region, "eu-central-1");
        assert_eq!(region_of("chat.example.org"), None);
        assert_eq!(region_of("127.0.0.1"), None);
    }

    #[test]
    fn the_equals_sign_of_an_id_is_encoded() {
        let endpoint = Endpoint::parse("http://127.0.0.1:3001/local").unwrap();
        let uri = endpoint.uri_of(&ConnectionId("L0SM9cOFvHcCIhw=".to_owned()));
        assert_eq!(uri, "http://127.0.0.1:3001/local/@connections/L0SM9cOFvHcCIhw%3D");
    }

    #[test]
    fn what_is_no_url_is_unreachable() {
        for base in ["", "ftp://host/x", "/local", "nonsense"] {
            assert!(matches!(Endpoint::parse(base), Err(PostError::Unreachable(_))), "{base}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_is_skipped_for_five_seconds() {
        let endpoint = Endpoint::parse("http://127.0.0.1:1/local").unwrap();
        assert!(!endpoint.is_skipped());
        endpoint.skip();
        assert!(endpoint.is_skipped());
        tokio::time::advance(SKIPPED_FOR).await;
        assert!(!endpoint.is_skipped());
    }
}
