//! What a caller is to customer service, and to one of its sessions.

use shared::Error;
use shared::app::App;
use shared::identity::{Caller, Permission};
use shared::ids::{NameOr, SessionId, UserId, UserRef};
use shared::model::{Session, SessionState};

/// Whom a session is shown to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Visitor,
    /// `handles`: it is theirs to hand on and to close.
    Staff {
        handles: bool,
    },
}

/// # Errors
/// `forbidden` for all but those who serve.
pub(crate) fn staff(caller: &Caller) -> Result<(), Error> {
    if caller.role.serves() { Ok(()) } else { Err(Error::forbidden("for staff only")) }
}

/// The caller's team: the one desk's, unless they were given another.
pub(crate) async fn team_of(app: &App, caller: &Caller) -> Result<String, Error> {
    let member = app.desk.staff_member(caller.user, app.config.support.staff_max_sessions).await?;
    Ok(member.map(|member| member.team).unwrap_or_default())
}

/// A session that the caller may see: its visitor, who serves it, staff of its team, and who manages all.
///
/// # Errors
/// `not_found`, also for other visitors and users; `forbidden` for staff of another team.
pub(crate) async fn session(app: &App, caller: &Caller, id: SessionId) -> Result<(Session, View), Error> {
    let session = app.desk.session(id).await?.filter(|session| is_for(caller, session));
    let session = session.ok_or_else(|| Error::not_found("no such session"))?;
    if session.visitor.id == caller.user {
        return Ok((session, View::Visitor));
    }
    let handles = handles(app, caller, &session).await?;
    Ok((session, View::Staff { handles }))
}

fn is_for(caller: &Caller, session: &Session) -> bool {
    session.visitor.id == caller.user || caller.role.serves()
}

/// # Errors
/// `forbidden` for staff of another team.
async fn handles(app: &App, caller: &Caller, session: &Session) -> Result<bool, Error> {
    let serves_it = session.staff.as_ref().is_some_and(|staff| staff.id == caller.user);
    if serves_it || caller.may(Permission::SupportManage) {
        return Ok(true);
    }
    if team_of(app, caller).await? != session.team {
        caller.require(Permission::SupportManage)?;
    }
    Ok(session.state == SessionState::Queued)
}

/// A session that the caller may see as staff.
///
/// # Errors
/// As [`session`]; `forbidden` for its visitor, too.
pub(crate) async fn seen_by_staff(
    app: &App,
    caller: &Caller,
    id: SessionId,
) -> Result<(Session, bool), Error> {
    staff(caller)?;
    match session(app, caller, id).await? {
        (_, View::Visitor) => Err(Error::forbidden("for staff only, and the session is your own")),
        (session, View::Staff { handles }) => Ok((session, handles)),
    }
}

/// Whoever waits is everybody's of the team, whoever is served is theirs who serves them.
///
/// # Errors
/// `forbidden`, naming the permission that stands above it.
pub(crate) fn require(caller: &Caller, handles: bool) -> Result<(), Error> {
    if handles { Ok(()) } else { caller.require(Permission::SupportManage) }
}

/// The user that a field names.
///
/// # Errors
/// `not_found` for a name that nobody has.
pub(crate) async fn user(app: &App, field: &str, user: &UserRef) -> Result<UserId, Error> {
    if let NameOr::Id(user) = user {
        return Ok(*user);
    }
    let found = app.accounts.find(user).await?;
    found.map(|user| user.id).ok_or_else(|| Error::not_found(format!("{field}: no such user")))
}
