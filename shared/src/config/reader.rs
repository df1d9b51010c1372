use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use http::Uri;

use crate::ports::Delay;

/// A value that is never shown, neither by `Debug` nor in an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the client that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Every key that is wrong, one line each.
#[derive(Debug, thiserror::Error)]
#[error("configuration:\n  {}", problems.join("\n  "))]
pub struct ConfigError {
    pub problems: Vec<String>,
}

/// Looks keys up and collects what is wrong with them.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// The value of a key; an empty one counts as unset, since templates can't leave a key out.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        (self.lookup)(key).filter(|value| !value.is_empty())
    }

    pub(super) fn secret(&self, key: &str) -> Option<Secret> {
        self.text(key).map(Secret)
    }

    /// A whole number within `range`.
    pub(super) fn number<N>(&mut self, key: &str, default: N, range: RangeInclusive<N>) -> N
    where
        N: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let Some(text) = self.text(key) else { return default };
        match text.parse() {
            Ok(value) if range.contains(&value) => value,
            _ => {
                let (least, most) = (range.start(), range.end());
                self.problem(key, format!("must be a whole number from {least} to {most}"));
                default
            }
        }
    }

    /// Seconds, one of the steps that events can wait.
    pub(super) fn delay(&mut self, key: &str, default: Delay) -> Delay {
        let Some(text) = self.text(key) else { return default };
        let step = Delay::SHORT.into_iter().find(|step| text == step.duration().as_secs().to_string());
        step.unwrap_or_else(|| {
            self.problem(key, "must be 1, 5, 15 or 60");
            default
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        match self.text(key).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(_) => {
                self.problem(key, "must be true or false");
                default
            }
        }
    }

    /// Comma-separated values without blanks.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        let text = self.text(key).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// Two keys that mean something only together.
    pub(super) fn both(&mut self, one: &str, other: &str) -> Option<(String, String)> {
        match (self.text(one), self.text(other)) {
            (Some(first), Some(second)) => return Some((first, second)),
            (Some(_), None) => self.problem(other, format!("is missing beside {one}")),
            (None, Some(_)) => self.problem(one, format!("is missing beside {other}")),
            (None, None) => {}
        }
        None
    }

    /// The value of `key` as a URL that can be posted to.
    pub(super) fn http_url(&mut self, key: &str, text: &str) -> Option<Uri> {
        let is_http = |url: &Uri| url.host().is_some() && matches!(url.scheme_str(), Some("http" | "https"));
        let url = text.parse().ok().filter(is_http);
        if url.is_none() {
            self.problem(key, "must be a URL of https:// or http://");
        }
        url
    }

    pub(super) fn problem(&mut self, key: &str, problem: impl fmt::Display) {
        self.problems.push(format!("{key}: {problem}"));
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() { Ok(value) } else { Err(ConfigError { problems: self.problems }) }
    }
}
