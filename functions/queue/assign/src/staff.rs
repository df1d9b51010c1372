use std::collections::{BTreeMap, BTreeSet};

use lambda_runtime::Error;
use shared::app::App;
use shared::ids::UserId;
use shared::model::{StaffMember, Status};
use shared::ports::{Event, SessionChanged, StaffChanged, StaffGrace};
use shared::support::announce;

/// Staff as they stand now.
pub(crate) type Members = BTreeMap<UserId, StaffMember>;

/// Everyone who changed, and everyone whose number of sessions did.
pub(crate) async fn current(
    app: &App,
    staff: &[StaffChanged],
    sessions: &[SessionChanged],
) -> Result<Members, Error> {
    let of_sessions = sessions.iter().flat_map(|changed| {
        [changed.before, changed.session.staff.as_ref().map(|staff| staff.id)].into_iter().flatten()
    });
    let concerned: BTreeSet<UserId> =
        staff.iter().map(|changed| changed.member.user.id).chain(of_sessions).collect();
    let mut members = Members::new();
    for user in concerned {
        let member = app.desk.staff_member(user, app.config.support.staff_max_sessions).await?;
        members.extend(member.map(|member| (user, member)));
    }
    Ok(members)
}

/// Those who are offline have the grace to come back in.
pub(crate) async fn begin_graces(app: &App, staff: &[StaffChanged], members: &Members) -> Result<(), Error> {
    let changed: BTreeSet<UserId> = staff.iter().map(|changed| changed.member.user.id).collect();
    let offline = members.iter().filter(|(user, member)| {
        changed.contains(user) && member.status == Status::Offline && member.sessions > 0
    });
    let graces: Vec<Event> = offline
        .map(|(&staff, member)| Event::StaffGrace(StaffGrace { staff, since: member.status_since }))
        .collect();
    if graces.is_empty() {
        return Ok(());
    }
    let grace = app.config.support.staff_offline_grace;
    Ok(app.bus.publish_after(&graces, grace, app.clock.now()).await?)
}

/// Sends the sessions of a staff member back to the queue, unless they came back in between.
pub(crate) async fn end_grace(app: &App, StaffGrace { staff, since }: StaffGrace) -> Result<(), Error> {
    let terms = app.config.support.terms(app.clock.now());
    let changes = app.desk.return_sessions(Some(staff), since, terms).await?;
    tracing::info!(%staff, returned = changes.sessions.len(), "a grace is over");
    announce(app, changes).await;
    Ok(())
}
