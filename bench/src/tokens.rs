//! Users kept in a file between runs, with tokens that are made good for another day.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, decode_header, encode};
use serde_json::Value;

use crate::users::User;

/// How long a token made here is good.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The users in `file`, none when it doesn't exist. With the server's `secret` each gets a new
/// token, so that nobody has to log in (and pay for an argon2 hash) again.
///
/// # Errors
/// When the file is not what [`save`] wrote.
pub(crate) fn load(file: &Path, secret: Option<&str>) -> anyhow::Result<Vec<User>> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(file)?;
    let users: Vec<User> =
        serde_json::from_str(&text).with_context(|| format!("{} holds no users", file.display()))?;
    match secret {
        Some(secret) => users.into_iter().map(|user| renew(user, secret)).collect(),
        None => Ok(users),
    }
}

/// Keeps the users for the next run on the same server.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn save(file: &Path, users: &[User]) -> anyhow::Result<()> {
    let text = serde_json::to_string(users)?;
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Signs the user's own claims again with a later end. What else the server puts into its claims
/// is kept as it is.
fn renew(user: User, secret: &str) -> anyhow::Result<User> {
    let mut claims = claims(&user.token)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    claims["iat"] = now.as_secs().into();
    claims["exp"] = (now + LIFETIME).as_secs().into();
    let issued = decode_header(&user.token)?;
    let header = Header { kid: issued.kid, ..Header::new(issued.alg) };
    let token = encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes()))?;
    Ok(User { token, ..user })
}

fn claims(token: &str) -> anyhow::Result<Value> {
    let payload = token.split('.').nth(1).context("a token has three parts")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewed_token_keeps_its_claims_and_ends_later() {
        let old = serde_json::json!({"sub": "7", "role": "user", "iat": 1, "exp": 2});
        let key = EncodingKey::from_secret(b"a secret of at least thirty-two bytes");
        let token = encode(&Header::default(), &old, &key).unwrap();
        let renewed = renew(User { id: 7, token }, "another secret, thirty-two bytes and on").unwrap();
        let new = claims(&renewed.token).unwrap();
        assert_eq!((&new["sub"], &new["role"]), (&old["sub"], &old["role"]));
        assert!(new["exp"].as_u64() > Some(1_700_000_000));
    }
}
