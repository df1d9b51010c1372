use std::net::IpAddr;

use http::Uri;

use super::address::is_public;

/// Longest URL of a push service, in characters; those of today have 200 to 500.
pub const ENDPOINT_MAX_CHARS: usize = 2_048;

/// Where a push service takes the pushes for one device. Whoever knows it could post there: never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct PushEndpoint(Uri);

impl PushEndpoint {
    /// Takes an https URL whose host isn't an address of a private network; with `allow_private` any of
    /// http or https. Where a name leads is checked when it is posted to.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str, allow_private: bool) -> Result<Self, String> {
        if text.len() > ENDPOINT_MAX_CHARS {
            return Err(format!("has {} characters, {ENDPOINT_MAX_CHARS} at most", text.len()));
        }
        let uri: Uri = text.parse().map_err(|_| "is not a URL".to_owned())?;
        let authority = uri.authority().ok_or("is not a URL")?;
        if authority.as_str().contains('@') {
            return Err("must not hold a user name".to_owned());
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if allow_private => {}
            _ => return Err("must begin with https://".to_owned()),
        }
        if !allow_private && leads_inside(authority.host()) {
            return Err("must not lead into a private network".to_owned());
        }
        Ok(Self(uri))
    }

    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// `https://host:port`, which a VAPID token is made for.
    #[must_use]
    pub fn origin(&self) -> String {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        format!("{}://{authority}", self.0.scheme_str().unwrap_or("https"))
    }
}

/// Of what can be told without asking for the name.
fn leads_inside(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_) => !host.contains('.') || host.ends_with(".localhost") || host.ends_with(".internal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_to_the_internet_is_taken() {
        let endpoint = PushEndpoint::parse("https://fcm.example.com/fcm/send/abc:def", false).unwrap();
        assert_eq!(endpoint.origin(), "https://fcm.example.com");
        assert_eq!(
            PushEndpoint::parse("https://push.example.com:8443/x", false).unwrap().origin(),
            "https://push.example.com:8443"
        );
    }

    #[test]
    fn what_leads_inside_needs_the_setting() {
        let inside = [
            "http://push.example.com/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://169.254.169.254/latest",
            "https://localhost/x",
            "https://db.internal/x",
        ];
        for url in inside {
            assert!(PushEndpoint::parse(url, false).is_err(), "{url}");
            assert!(PushEndpoint::parse(url, true).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_whatever_the_setting() {
        for text in ["", "push", "/x", "ftp://push.example.com/x", "https://ann:pw@push.example.com/x"] {
            assert!(PushEndpoint::parse(text, true).is_err(), "{text}");
        }
    }

    #[test]
    fn the_longest_url_is_taken_and_one_past_refused() {
        let of = |chars: usize| format!("https://push.example.com/{}", "x".repeat(chars - 25));
        assert_eq!(of(ENDPOINT_MAX_CHARS).len(), ENDPOINT_MAX_CHARS);
        assert!(PushEndpoint::parse(&of(ENDPOINT_MAX_CHARS), false).is_ok());
        assert!(PushEndpoint::parse(&of(ENDPOINT_MAX_CHARS + 1), false).is_err());
    }
}
