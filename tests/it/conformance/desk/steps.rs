use shared::model::Status;
use shared::ports::{Changes, Destination, Event, OUTBOX_DUE_MS, SessionStep};

use super::super::stores::Stores;

on_every_engine! {
    every_step_is_in_the_log,
    a_step_names_the_queues_that_moved,
    every_change_has_an_outbox_row_that_gives_it_back,
    a_change_that_is_settled_is_not_given_back,
}

async fn every_step_is_in_the_log(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let vera = stores.visitor("vera").await;
    let session = stores.open(vera).await.id;
    let sue = stores.serves_in("sue", "sales", 1).await;
    stores.hand(session, Destination::Person(sue), sam).await;
    stores.stands(sue, Status::Offline).await;
    stores.stands(sam, Status::Busy).await;
    let since = stores.tick();
    stores.desk.return_sessions(None, since, stores.terms()).await.unwrap();
    stores.stands(sue, Status::Online).await;
    stores.end(session).await;
    stores.desk.rate(session, 5, "", stores.terms()).await.unwrap();
    let steps = stores
        .texts(
            "select kind || ' ' || coalesce(cast(before_id as text), '-') || ' ' || \
             coalesce(cast(staff_id as text), '-') || ' ' || coalesce(cast(by_id as text), '-') \
             from session_events order by id",
        )
        .await;
    let expected = [
        format!("opened - - {vera}"),
        format!("assigned - {sam} -"),
        format!("transferred {sam} {sue} {sam}"),
        format!("returned {sue} - -"),
        "closed - - -".to_owned(),
        format!("rated - - {vera}"),
    ];
    assert_eq!(steps, expected);
}

async fn a_step_names_the_queues_that_moved(stores: &Stores) {
    let queues = |changes: &Changes| -> Vec<(SessionStep, Vec<String>)> {
        changes.sessions.iter().map(|changed| (changed.step, changed.queues.clone())).collect()
    };
    let (own, none) = (vec![String::new()], Vec::new());
    let sam = stores.serves_in("sam", "", 1).await;
    let vera = stores.visitor("vera").await;
    let (served, opened) = stores.desk.open(super::new_session(vera, ""), stores.terms()).await.unwrap();
    let expected = [(SessionStep::Opened, own.clone()), (SessionStep::Assigned, own.clone())];
    assert_eq!(queues(&opened), expected);
    let (second, third) = (stores.waits("v2").await, stores.waits("v3").await);
    assert_eq!(queues(&stores.end(second).await), [(SessionStep::Closed, own.clone())]);
    // Who is served is in no queue; who waited moves up.
    let expected = [(SessionStep::Closed, none.clone()), (SessionStep::Assigned, own.clone())];
    assert_eq!(queues(&stores.end(served.id).await), expected);
    stores.stands(sam, Status::Offline).await;
    let back = stores.desk.return_sessions(Some(sam), stores.tick(), stores.terms()).await.unwrap();
    assert_eq!(queues(&back), [(SessionStep::Returned, own)]);
    stores.end(third).await;
    let (_, rated) = stores.desk.rate(third, 3, "", stores.terms()).await.unwrap();
    assert_eq!(queues(&rated), [(SessionStep::Rated, none)]);
}

/// Changes of every kind, as the calls answered them.
async fn changes(stores: &Stores) -> Vec<Event> {
    let mut changes = Vec::new();
    let mut note = |more: Changes| {
        changes.extend(more.sessions.into_iter().map(|changed| Event::SessionChanged(Box::new(changed))));
        changes.extend(more.staff.into_iter().map(Event::StaffChanged));
    };
    let sam = stores.user("sam").await;
    note(stores.patch_staff(sam, "", 1).await);
    note(stores.stands(sam, Status::Online).await);
    for name in ["v1", "v2"] {
        let visitor = stores.visitor(name).await;
        note(stores.desk.open(super::new_session(visitor, ""), stores.terms()).await.unwrap().1);
    }
    note(stores.desk.dismiss(sam, stores.terms()).await.unwrap());
    changes
}

async fn every_change_has_an_outbox_row_that_gives_it_back(stores: &Stores) {
    let changes = changes(stores).await;
    assert_eq!(changes.len(), 2 + 2 + 1 + 2);
    let due = stores.tick().plus(OUTBOX_DUE_MS);
    let rows = stores.outbox.claim_due(due, 99).await.unwrap();
    for row in &rows {
        let own = match &row.event {
            Event::SessionChanged(changed) => changed.outbox,
            Event::StaffChanged(changed) => changed.outbox,
            other => panic!("{other:?}"),
        };
        assert_eq!(own, row.id);
        assert!(changes.contains(&row.event), "{row:?}\n{changes:?}");
    }
    assert_eq!(rows.len(), changes.len());
}

async fn a_change_that_is_settled_is_not_given_back(stores: &Stores) {
    let Event::StaffChanged(first) = changes(stores).await.remove(0) else { panic!("staff first") };
    stores.outbox.settle(&[first.outbox]).await.unwrap();
    let due = stores.tick().plus(OUTBOX_DUE_MS);
    let rows = stores.outbox.claim_due(due, 99).await.unwrap();
    assert!(rows.iter().all(|row| row.id != first.outbox), "{rows:?}");
    assert_eq!(rows.len(), 6);
}
