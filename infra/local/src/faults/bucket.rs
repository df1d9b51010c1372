//! A limit per second, as API Gateway's: a bucket of tokens that fills again.

use std::{num::NonZeroU32, time::Instant};

pub(super) struct Bucket {
    per_second: f64,
    tokens: f64,
    seen_at: Option<Instant>,
}

impl Bucket {
    /// One of a second's tokens.
    pub(super) fn full(per_second: NonZeroU32) -> Self {
        let per_second = f64::from(per_second.get());
        Self { per_second, tokens: per_second, seen_at: None }
    }

    /// Takes a token; false when there is none.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let passed = self.seen_at.replace(now).map_or(0.0, |seen| (now - seen).as_secs_f64());
        self.tokens = (self.tokens + passed * self.per_second).min(self.per_second);
        let any = self.tokens >= 1.0;
        if any {
            self.tokens -= 1.0;
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_second_lets_so_many_through_and_one_more_when_its_time_has_come() {
        let (began, mut bucket) = (Instant::now(), Bucket::full(NonZeroU32::new(4).unwrap()));
        let mut taken = |ms| bucket.take(began + Duration::from_millis(ms));
        assert_eq!([0; 5].map(&mut taken), [true, true, true, true, false]);
        assert_eq!([249, 251, 252].map(&mut taken), [false, true, false]);
        assert_eq!([9_000; 5].map(&mut taken), [true, true, true, true, false], "no more than a second's");
    }
}
