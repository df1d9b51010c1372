use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Deserializer};
use shared::Error;
use shared::app::App;
use shared::http::{At, Body, Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::ids::{UserId, UserRef};
use shared::model::StaffMember;
use shared::names::TeamName;
use shared::ports::StaffPatch;
use shared::support::announce;
use utoipa::{IntoParams, ToSchema};

use crate::who;

/// The most sessions that one of them may be given at once.
const MAX_SESSIONS: u32 = 1_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    team: Option<TeamName>,
}

/// What is missing stays as it is.
#[derive(Deserialize, ToSchema)]
#[schema(as = StaffSettings)]
pub(crate) struct Settings {
    team: Option<TeamName>,
    /// Null: as many as the configuration says.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    max_sessions: Option<Option<u32>>,
}

type Staff = Paged<StaffMember>;

/// `GET /api/v1/support/staff?team=`: those who serve, how they stand and how many sessions they have, by team and
/// name.
///
/// # Errors
/// `forbidden` for all but staff.
#[utoipa::path(
    get, path = "/api/v1/support/staff", params(Wanted, Paging),
    responses((status = 200, description = "A page of them.", body = Staff)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
    Params(paging): Params<Paging>,
) -> Result<Json<Staff>, Error> {
    who::staff(&caller)?;
    let page = paging.page()?;
    let team = wanted.team.map(TeamName::into_string);
    let found = app.desk.staff(team.as_deref(), app.config.support.staff_max_sessions, page).await?;
    Ok(Json(Paged::new(page, found)))
}

/// `PUT /api/v1/support/staff/{user}`: team and number of sessions of somebody who serves. What they have in hand
/// stays theirs.
///
/// # Errors
/// `forbidden` without `support.manage`; `not_found`; `invalid`, naming the field, and for a user whose role isn't
/// one of those who serve.
#[utoipa::path(
    put, path = "/api/v1/support/staff/{user}", params(("user" = UserRef, Path)), request_body = Settings,
    responses((status = 200, description = "The member as they are then.", body = StaffMember)),
)]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
    Body(settings): Body<Settings>,
) -> Result<Json<StaffMember>, Error> {
    caller.require(Permission::SupportManage)?;
    let patch = settings.patch()?;
    let user = serving(&app, &user).await?;
    let changes = app.desk.set_staff(user, patch, app.config.support.terms(app.clock.now())).await?;
    announce(&app, changes).await;
    member(&app, user).await.map(Json)
}

/// # Errors
/// `not_found` when the user is none of those who serve.
pub(crate) async fn member(app: &App, user: UserId) -> Result<StaffMember, Error> {
    let member = app.desk.staff_member(user, app.config.support.staff_max_sessions).await?;
    member.ok_or_else(|| Error::not_found("no such staff member"))
}

async fn serving(app: &App, user: &UserRef) -> Result<UserId, Error> {
    let user = who::user(app, "user", user).await?;
    let account = app.accounts.account(user).await?.ok_or_else(|| Error::not_found("no such user"))?;
    if account.role.serves() {
        Ok(user)
    } else {
        Err(Error::invalid("user", "has not the role staff or admin"))
    }
}

impl Settings {
    fn patch(self) -> Result<StaffPatch, Error> {
        if self.max_sessions.flatten().is_some_and(|most| !(1..=MAX_SESSIONS).contains(&most)) {
            return Err(Error::invalid("max_sessions", format!("must be 1 to {MAX_SESSIONS}, or null")));
        }
        Ok(StaffPatch { team: self.team.map(TeamName::into_string), max_sessions: self.max_sessions })
    }
}

/// Tells null from nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use shared::frames::decode_body;

    fn patch(body: &Value) -> Result<StaffPatch, Error> {
        decode_body::<Settings>(body.to_string().as_bytes()).and_then(Settings::patch)
    }

    #[test]
    fn null_is_the_configured_number_and_nothing_leaves_it() {
        assert_eq!(patch(&json!({})).unwrap().max_sessions, None);
        assert_eq!(patch(&json!({"max_sessions": null})).unwrap().max_sessions, Some(None));
        assert_eq!(
            patch(&json!({"max_sessions": MAX_SESSIONS})).unwrap().max_sessions,
            Some(Some(MAX_SESSIONS))
        );
    }

    #[test]
    fn a_refusal_names_the_field() {
        for most in [json!(0), json!(MAX_SESSIONS + 1), json!(-1), json!("5")] {
            let error = patch(&json!({"max_sessions": most})).unwrap_err();
            assert!(error.message.starts_with("max_sessions: "), "{}", error.message);
        }
        let error = patch(&json!({"team": "a b"})).unwrap_err();
        assert!(error.message.starts_with("team: "), "{}", error.message);
    }
}
