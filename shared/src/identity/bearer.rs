//! Who shows a bearer: an API key, one of Hark's own tokens, or a token of another issuer.

use sha2::{Digest, Sha256};

use super::issuer::Vouched;
use super::{ApiKey, Caller};
use crate::Error;
use crate::app::App;
use crate::clock::UnixMs;
use crate::events;
use crate::model::{Account, ExternalIdentity, OwnEvent, Role};
use crate::names::{Nickname, Username};
use crate::ports::{AccountsError, NewAccount};

/// When a key without an end expires: never, as far as RFC 3339 can say it.
const NEVER: UnixMs = UnixMs(253_402_300_799_000);

impl Caller {
    /// Checks a bearer and that it hasn't been revoked.
    ///
    /// # Errors
    /// `unauthenticated` with the reason; `forbidden` when banned; `unavailable` when the store, or the keys of
    /// the token's issuer, can't be asked.
    pub async fn from_bearer(app: &App, bearer: &str) -> Result<Self, Error> {
        let now = app.clock.now();
        if let Some(key) = ApiKey::given(bearer) {
            return of_key(app, &key, now).await;
        }
        know_its_key(app, bearer).await;
        match app.issuers.verify(bearer, now).await? {
            Some(vouched) => of_issuer(app, vouched, now).await,
            None => of_own(app, bearer, now).await,
        }
    }
}

/// A key may have come since this instance read its own.
async fn know_its_key(app: &App, token: &str) {
    if app.issuers.lacks_key_of(token).unwrap_or_else(|| app.tokens.lacks_key_of(token)) {
        app.secrets.read_again().await;
    }
}

async fn of_own(app: &App, token: &str, now: UnixMs) -> Result<Caller, Error> {
    let claims = app.tokens.verify(token, now)?;
    let account = app.accounts.account(claims.user()?).await?;
    let account = account.filter(|account| account.token_version == claims.ver).ok_or_else(revoked)?;
    Caller::of(&account, UnixMs(claims.exp * 1000), now)
}

/// What a key may do is its own, whatever the role of its account.
async fn of_key(app: &App, key: &ApiKey, now: UnixMs) -> Result<Caller, Error> {
    let found = app.api_keys.redeem_key(&key.digest(), now).await?;
    let (account, key) =
        found.ok_or_else(|| Error::unauthenticated("the API key is unknown, expired or revoked"))?;
    let caller = Caller::of(&account, key.expires_at.unwrap_or(NEVER), now)?;
    Ok(Caller { permissions: key.permissions, api_key: Some(key.id), ..caller })
}

/// A revocation refuses what was issued before it, and in its second.
async fn of_issuer(app: &App, vouched: Vouched, now: UnixMs) -> Result<Caller, Error> {
    let (issued_at, expires_at) = (vouched.issued_at, vouched.expires_at);
    let account = match app.accounts.external(&vouched.identity).await? {
        Some(account) => account,
        None => meet(app, vouched, now).await?,
    };
    if account.revoked_at.is_some_and(|revoked_at| issued_at <= revoked_at) {
        return Err(revoked());
    }
    Caller::of(&account, expires_at, now)
}

fn revoked() -> Error {
    Error::unauthenticated("the token was revoked")
}

/// Makes the account of somebody who comes for the first time, under the first of the names that is free.
async fn meet(app: &App, vouched: Vouched, now: UnixMs) -> Result<Account, Error> {
    let Vouched { identity, usernames, nickname, .. } = vouched;
    let nickname = nickname.and_then(|name| Nickname::parse(&name).ok()).map(Nickname::into_string);
    for username in candidates(&usernames, &identity) {
        let new = NewAccount {
            nickname: nickname.clone().unwrap_or_else(|| username.clone()),
            username,
            email: None,
            password_hash: None,
            role: Role::User,
            external: Some(identity.clone()),
        };
        match app.accounts.create(new, now).await {
            Err(AccountsError::UsernameTaken) => {}
            // Two of their requests came at once.
            Err(AccountsError::IdentityTaken) => break,
            made => {
                let account = made?;
                let created = OwnEvent::user_created(&account.user, account.role);
                events::tell_if_possible(app, created).await;
                return Ok(account);
            }
        }
    }
    app.accounts.external(&identity).await?.ok_or_else(Error::internal)
}

/// What they would like, and at last a name that only they can have: never digits alone, which would be an id.
fn candidates(wanted: &[String], identity: &ExternalIdentity) -> Vec<String> {
    let digest = Sha256::new().chain_update(&identity.issuer).chain_update([0]).chain_update(&identity.id);
    let digest: String = digest.finalize().iter().take(15).map(|byte| format!("{byte:02x}")).collect();
    let fit = wanted.iter().filter_map(|name| Username::parse(name).ok()).map(Username::into_string);
    fit.chain([format!("u{digest}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_comes_first_and_one_of_their_own_last() {
        let identity = |id: &str| ExternalIdentity { issuer: "https://id.example.com".into(), id: id.into() };
        let wanted = ["Ann Lee".to_owned(), "ann".to_owned(), "42".to_owned()];
        let names = candidates(&wanted, &identity("42"));
        assert_eq!(names.len(), 2);
        assert_eq!(names[0], "ann");
        assert!(Username::parse(&names[1]).is_ok(), "{}", names[1]);
        assert_ne!(names[1], candidates(&wanted, &identity("43"))[1]);
    }
}
