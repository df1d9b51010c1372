use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::contract::{Conflict, RateLimited};
use shared::events;
use shared::http::Body;
use shared::identity::hash_password;
use shared::ids::UserRef;
use shared::model::{OwnEvent, Role};
use shared::names::{Email, Nickname, Password, Username};
use shared::ports::{AccountsError, NewAccount};
use utoipa::ToSchema;

use crate::issued::Issued;
use crate::limit::{self, Source};

#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    username: Username,
    /// The user name when none is given.
    nickname: Option<Nickname>,
    email: Option<Email>,
    password: Password,
}

/// `POST /api/v1/auth/register`: an account and its first token.
///
/// # Errors
/// `rate_limited`; `invalid` and `conflict`, naming the field.
#[utoipa::path(
    post, path = "/api/v1/auth/register", request_body = Registration, security(()),
    responses((status = 201, description = "The first token.", body = Issued), Conflict, RateLimited),
)]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    source: Source,
    Body(registration): Body<Registration>,
) -> Result<(StatusCode, Json<Issued>), Error> {
    limit::registration(&app, &source).await?;
    let username = UserRef::Name(registration.username.as_str().to_owned());
    let new = registration.into_account().await?;
    let account = match app.accounts.create(new, app.clock.now()).await {
        // With both taken, which one a database says first is its own affair; people are told the name.
        Err(AccountsError::EmailTaken) if app.accounts.find(&username).await?.is_some() => {
            return Err(AccountsError::UsernameTaken.into());
        }
        created => created?,
    };
    events::tell_if_possible(&app, OwnEvent::user_created(&account.user, account.role)).await;
    Ok((StatusCode::CREATED, Json(Issued::to(&app, account)?)))
}

impl Registration {
    async fn into_account(self) -> Result<NewAccount, Error> {
        let username = self.username.into_string();
        Ok(NewAccount {
            nickname: self.nickname.map_or_else(|| username.clone(), Nickname::into_string),
            username,
            email: self.email.map(Email::into_string),
            password_hash: Some(hash_password(self.password.into_string()).await?),
            external: None,
            role: Role::User,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use shared::frames::decode_body;

    fn refusal(body: &serde_json::Value) -> String {
        decode_body::<Registration>(body.to_string().as_bytes()).err().map(|e| e.message).unwrap_or_default()
    }

    #[test]
    fn a_refusal_names_the_field() {
        assert!(refusal(&json!({"username": "ann", "password": "12345"})).starts_with("password: "));
        assert!(refusal(&json!({"username": "42", "password": "123456"})).starts_with("username: "));
        assert!(
            refusal(&json!({"username": "ann", "email": "x", "password": "123456"})).starts_with("email: ")
        );
        assert!(refusal(&json!({"username": "ann"})).contains("password"));
    }

    #[tokio::test]
    async fn the_nickname_is_the_user_name_when_none_is_given() {
        let body = json!({"username": "ann", "nickname": null, "password": "123456"}).to_string();
        let registration: Registration = decode_body(body.as_bytes()).unwrap();
        assert_eq!(registration.into_account().await.unwrap().nickname, "ann");
    }
}
