//! The pieces of a URL that names several nodes, which no URL library reads.

use percent_encoding::percent_decode_str;
use redis::ConnectionAddr;

use super::{Login, RedisConfigError, malformed};

/// `[user:password@]authority[/path...][?parameters]`
pub(super) struct Parts<'a> {
    pub(super) login: Login,
    pub(super) authority: &'a str,
    pub(super) path: Vec<&'a str>,
    parameters: Vec<(&'a str, String)>,
}

impl<'a> Parts<'a> {
    pub(super) fn read(rest: &'a str) -> Result<Self, RedisConfigError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // The last @: a password may hold one that nobody encoded.
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let mut path = rest.split('/');
        let authority = path.next().unwrap_or_default();
        Ok(Self {
            login: read_login(login)?,
            authority,
            path: path.collect(),
            parameters: read_query(query)?,
        })
    }

    /// Takes a parameter out of those that are left.
    pub(super) fn parameter(&mut self, name: &str) -> Option<String> {
        let position = self.parameters.iter().position(|(key, _)| *key == name)?;
        Some(self.parameters.swap_remove(position).1)
    }

    pub(super) fn no_more_parameters(&self) -> Result<(), RedisConfigError> {
        match self.parameters.first() {
            None => Ok(()),
            Some((key, _)) => Err(malformed(format!("the parameter {key:?} is unknown here"))),
        }
    }
}

fn read_login(login: &str) -> Result<Login, RedisConfigError> {
    let (user, password) = login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)));
    let user = if user.is_empty() { None } else { Some(decode(user)?) };
    Ok(Login { user, password: password.map(decode).transpose()? })
}

fn read_query(query: &str) -> Result<Vec<(&str, String)>, RedisConfigError> {
    let read = |pair: &'_ str| pair.split_once('=').map(|(key, value)| (key.len(), decode(value)));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match read(pair) {
            Some((length, value)) => Ok((&pair[..length], value?)),
            None => Err(malformed("each parameter must have a name and a value")),
        })
        .collect()
}

fn decode(text: &str) -> Result<String, RedisConfigError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| malformed("it isn't UTF-8 once decoded"))
}

/// `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
pub(super) fn address(node: &str, default_port: u16, tls: bool) -> Result<ConnectionAddr, RedisConfigError> {
    let (host, port) = match node.rsplit_once(':') {
        // The colons of a bare IPv6 address are inside its brackets.
        Some((host, port)) if !port.ends_with(']') => {
            let port = port.parse().map_err(|_| malformed("a port must be a number up to 65535"))?;
            (host, port)
        }
        _ => (node, default_port),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err(malformed("a node has no host"));
    }
    let host = host.to_owned();
    Ok(if tls {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    })
}
