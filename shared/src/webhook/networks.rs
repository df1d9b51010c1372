use std::net::IpAddr;

use http::Uri;

use super::address::{Scope, scope};

/// Longest URL that is taken for something to be sent to, in characters.
pub const URL_MAX_CHARS: usize = 2_048;

/// Where Hark connects to on somebody else's word. Link-local addresses, where clouds give out credentials, are
/// in none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Networks {
    /// The internet.
    Public,
    /// And this machine: for a runner on a laptop.
    Loopback,
    /// And the private ranges: where the services are in a network of one's own.
    Private,
}

impl Networks {
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match scope(address) {
            Scope::Public => true,
            Scope::Loopback => self != Self::Public,
            Scope::Private => self == Self::Private,
            Scope::Never => false,
        }
    }

    /// Whether a host is out of the question before anybody is asked where its name leads.
    fn refuses(self, host: &str) -> bool {
        match literal(host) {
            Some(address) => !self.allows(address),
            None => {
                let is_inner =
                    !host.contains('.') || host.ends_with(".localhost") || host.ends_with(".internal");
                self == Self::Public && is_inner
            }
        }
    }

    /// Takes a URL of `https` or `http` to be sent to. Where its name leads is checked at every connection.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn url(self, text: &str) -> Result<Uri, String> {
        let chars = text.chars().count();
        if chars > URL_MAX_CHARS {
            return Err(format!("has {chars} characters, {URL_MAX_CHARS} at most"));
        }
        let uri: Uri = text.parse().map_err(|_| "is not a URL".to_owned())?;
        let authority = uri.authority().ok_or("is not a URL")?;
        if authority.as_str().contains('@') {
            return Err("must not hold a user name".to_owned());
        }
        if !matches!(uri.scheme_str(), Some("https" | "http")) {
            return Err("must begin with https:// or http://".to_owned());
        }
        if self.refuses(authority.host()) {
            return Err("must not lead into a private network".to_owned());
        }
        Ok(uri)
    }
}

/// The address that stands in a URL in place of a name.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Networks; 3] = [Networks::Public, Networks::Loopback, Networks::Private];

    #[track_caller]
    fn allowed_in(networks: &[Networks], hosts: &[&str]) {
        for host in hosts {
            for tried in ALL {
                let taken = tried.url(&format!("http://{host}:8010/x")).is_ok();
                assert_eq!(taken, networks.contains(&tried), "{host} in {tried:?}");
            }
        }
    }

    #[test]
    fn each_network_holds_those_before_it_and_none_holds_link_local() {
        allowed_in(&ALL, &["push.example.com", "1.1.1.1", "[2606:4700::1111]"]);
        allowed_in(&[Networks::Loopback, Networks::Private], &["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"]);
        allowed_in(&[Networks::Private], &["10.0.0.1", "192.168.1.1", "[fd12::1]"]);
        allowed_in(&[], &["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "0.0.0.0", "224.0.0.1"]);
    }

    #[test]
    fn names_that_mean_something_inside_only_are_refused_where_nothing_inside_is_wanted() {
        allowed_in(
            &[Networks::Loopback, Networks::Private],
            &["localhost", "user-service", "db.internal", "a.localhost"],
        );
    }

    #[test]
    fn what_is_no_url_is_refused_everywhere() {
        for text in ["", "push", "/x", "ftp://example.com/x", "https://ann:pw@example.com/x", "http://"] {
            assert!(Networks::Private.url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_longest_url_is_taken_and_one_past_refused() {
        let of = |chars: usize| format!("https://example.com/{}", "x".repeat(chars - 20));
        assert_eq!(of(URL_MAX_CHARS).len(), URL_MAX_CHARS);
        assert!(Networks::Public.url(&of(URL_MAX_CHARS)).is_ok());
        assert!(Networks::Public.url(&of(URL_MAX_CHARS + 1)).is_err());
    }
}
