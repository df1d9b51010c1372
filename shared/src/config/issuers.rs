use std::collections::{BTreeMap, BTreeSet};

use http::Uri;
use serde::Deserialize;

use super::identity::{JWT_SECRET_MIN_BYTES, SigningKey};
use super::reader::{Reader, Secret};

const KEY: &str = "JWT_ISSUERS";
/// What Hark's own tokens name.
const OURS: &str = "hark";

/// Somebody else whose tokens are taken: one item of `JWT_ISSUERS`, a JSON array of
/// `{"issuer", "audience", "jwks_url"}` and `{"issuer", "audience"?, "keys": {kid: secret}}`.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Stands in the `aud` of its tokens for Hark.
    pub audience: Option<String>,
    pub keys: IssuerKeys,
}

/// What its tokens are checked by.
#[derive(Debug, Clone)]
pub enum IssuerKeys {
    /// HS256, by `kid`: several, so that they can rotate. A token that names none is checked by the first.
    Shared(Vec<SigningKey>),
    /// RS256 and ES256, by the key set at that URL (RFC 7517).
    Published(Uri),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    issuer: String,
    audience: Option<String>,
    jwks_url: Option<String>,
    keys: Option<BTreeMap<String, String>>,
}

/// Reads `JWT_ISSUERS`.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<IssuerConfig> {
    let Some(text) = reader.text(KEY) else { return Vec::new() };
    let items: Vec<Item> = match serde_json::from_str(&text) {
        Ok(items) => items,
        Err(error) => {
            // Where, never what: it holds secrets.
            let (line, column) = (error.line(), error.column());
            reader.problem(KEY, format!("doesn't read as a list of issuers at line {line}, column {column}"));
            return Vec::new();
        }
    };
    let mut seen = BTreeSet::from([OURS.to_owned()]);
    let read = items.into_iter().enumerate().filter_map(|(at, item)| issuer(reader, at, item, &mut seen));
    read.collect()
}

fn issuer(
    reader: &mut Reader<'_>,
    at: usize,
    item: Item,
    seen: &mut BTreeSet<String>,
) -> Option<IssuerConfig> {
    let Item { issuer, audience, jwks_url, keys } = item;
    if issuer.is_empty() || !seen.insert(issuer.clone()) {
        reader.problem(KEY, format!("[{at}].issuer: must be a name that no other has, nor Hark itself"));
        return None;
    }
    let keys = match (jwks_url, keys) {
        (Some(url), None) => {
            if audience.is_none() {
                reader.problem(KEY, format!("[{at}].audience: is missing beside jwks_url"));
            }
            IssuerKeys::Published(reader.http_url(KEY, &url)?)
        }
        (None, Some(keys)) => IssuerKeys::Shared(shared(reader, at, keys)),
        _ => {
            reader.problem(KEY, format!("[{at}]: has either jwks_url or keys"));
            return None;
        }
    };
    Some(IssuerConfig { issuer, audience, keys })
}

fn shared(reader: &mut Reader<'_>, at: usize, keys: BTreeMap<String, String>) -> Vec<SigningKey> {
    if keys.is_empty() {
        reader.problem(KEY, format!("[{at}].keys: has none"));
    }
    for (kid, secret) in &keys {
        if secret.len() < JWT_SECRET_MIN_BYTES {
            reader.problem(KEY, format!("[{at}].keys.{kid}: is under {JWT_SECRET_MIN_BYTES} bytes"));
        }
    }
    keys.into_iter().map(|(kid, secret)| SigningKey { kid, secret: Secret::new(secret) }).collect()
}
