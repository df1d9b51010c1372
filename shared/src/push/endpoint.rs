use http::Uri;

use crate::webhook::Networks;

/// Where a push service takes the pushes for one device. Whoever knows it could post there: never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct PushEndpoint(Uri);

/// Where push services may be; `allow_private`: in a network of one's own, too.
#[must_use]
pub(super) const fn networks(allow_private: bool) -> Networks {
    if allow_private { Networks::Private } else { Networks::Public }
}

impl PushEndpoint {
    /// Takes an https URL whose host isn't an address of a private network; with `allow_private` any of
    /// http or https. Where a name leads is checked when it is posted to.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str, allow_private: bool) -> Result<Self, String> {
        let uri = networks(allow_private).url(text)?;
        if !allow_private && uri.scheme_str() != Some("https") {
            return Err("must begin with https://".to_owned());
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
            "https://localhost/x",
            "https://db.internal/x",
        ];
        for url in inside {
            assert!(PushEndpoint::parse(url, false).is_err(), "{url}");
            assert!(PushEndpoint::parse(url, true).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_or_leads_to_credentials_is_refused_whatever_the_setting() {
        for text in ["", "ftp://push.example.com/x", "https://169.254.169.254/latest"] {
            assert!(PushEndpoint::parse(text, true).is_err(), "{text}");
        }
    }
}
