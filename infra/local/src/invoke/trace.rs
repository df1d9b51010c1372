//! X-Ray's trace header, `X-Amzn-Trace-Id`: which request an event belongs to. Its shape is that of "AWS X-Ray
//! concepts", section "Tracing header".

use std::time::{SystemTime, UNIX_EPOCH};

/// The header's name in lower case, as events carry it.
pub const TRACE_HEADER: &str = "x-amzn-trace-id";

/// The trace of one request or event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    header: String,
}

impl Trace {
    /// A new one: when, and 96 random bits.
    #[must_use]
    pub fn start() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let random = rand::random::<u128>() >> 32;
        Self { header: format!("Root=1-{seconds:08x}-{random:024x}") }
    }

    /// The caller's, when `header` has a root in the right shape; otherwise a new one.
    #[must_use]
    pub fn of(header: Option<&str>) -> Self {
        let given = header.map(|header| Self { header: header.to_owned() });
        given.filter(|trace| trace.field("Root").is_some_and(is_root)).unwrap_or_else(Self::start)
    }

    /// What events carry in their headers: `Root=1-67891233-abcdef012345678912345678`, and what the caller added.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// What a function is told of it: the same root, below the caller's segment or a new one, and whether it is sampled.
    pub fn of_invocation(&self) -> String {
        let root = self.field("Root").unwrap_or_default();
        let parent =
            self.field("Parent").map_or_else(|| format!("{:016x}", rand::random::<u64>()), str::to_owned);
        let sampled = self.field("Sampled").unwrap_or("0");
        format!("Root={root};Parent={parent};Sampled={sampled}")
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.header.split(';').filter_map(|field| field.trim().split_once('='));
        fields.find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// `1-<8 hex digits>-<24 hex digits>`
fn is_root(text: &str) -> bool {
    let is_hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts[..], ["1", time, random] if is_hex(time, 8) && is_hex(random, 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-67891233-abcdef012345678912345678";

    #[test]
    fn a_callers_root_is_kept_with_its_parent_and_its_choice() {
        let header = format!("Root={ROOT};Parent=463ac35c9f6413ad;Sampled=1");
        let trace = Trace::of(Some(&header));
        assert_eq!((trace.header(), trace.of_invocation()), (header.as_str(), header.clone()));
        let bare = Trace::of(Some(&format!("Root={ROOT}"))).of_invocation();
        assert!(bare.starts_with(&format!("Root={ROOT};Parent=")) && bare.ends_with(";Sampled=0"), "{bare}");
    }

    #[test]
    fn what_is_no_root_is_replaced() {
        for header in ["", "nonsense", "Root=1-67891233-abc", "Root=2-67891233-abcdef012345678912345678"] {
            let made = Trace::of(Some(header));
            assert!(made.header() != header && made.field("Root").is_some_and(is_root), "{made:?}");
        }
    }
}
