use shared::ids::UserId;
use shared::model::{BusinessHours, MemberRole, OpenHours, SessionState, Status, Strategy, Team};
use shared::ports::{AccountsError, DeskError, StaffPatch};

use super::super::stores::{FIRST_PAGE, NOW, Stores};
use super::{at, new_session};

on_every_engine! {
    who_sets_a_status_is_staff,
    nobody_is_no_staff,
    the_same_status_again_changes_nothing,
    being_there_is_noted_in_spans,
    staff_are_listed_by_team_and_name,
    sessions_of_who_went_go_back_at_the_bound,
    who_came_back_keeps_theirs,
    sessions_of_one_go_back_alone,
    who_is_dismissed_has_none_and_serves_no_more,
    sessions_of_who_was_anonymised_go_back,
    an_anonymised_one_is_matched_with_nobody,
    who_is_in_a_session_is_not_anonymised,
    no_session_outlives_its_visitor,
    who_has_no_connection_is_absent,
    a_team_keeps_what_was_set,
}

async fn who_sets_a_status_is_staff(stores: &Stores) {
    let sam = stores.user("sam").await;
    assert_eq!(stores.desk.staff_member(sam, 5).await.unwrap(), None);
    let terms = stores.terms();
    let changes = stores.desk.set_status(sam, Status::Busy, terms).await.unwrap();
    let member = stores.desk.staff_member(sam, 5).await.unwrap().unwrap();
    assert_eq!((member.status, member.status_since), (Status::Busy, terms.now));
    assert_eq!((member.user.id, member.user.nickname.as_str(), member.team.as_str()), (sam, "SAM", ""));
    assert_eq!((member.sessions, member.max_sessions), (0, 5));
    assert_eq!(changes.staff.len(), 1);
    assert_eq!((&changes.staff[0].member, changes.staff[0].at), (&member, terms.now));
}

async fn nobody_is_no_staff(stores: &Stores) {
    let gone = stores.user("gone").await;
    stores.accounts.anonymise(gone, NOW).await.unwrap();
    for nobody in [UserId(999_999), gone] {
        let status = stores.desk.set_status(nobody, Status::Online, stores.terms()).await;
        assert!(matches!(status, Err(DeskError::UnknownUser(user)) if user == nobody), "{status:?}");
        let patch = stores.desk.set_staff(nobody, StaffPatch::default(), stores.terms()).await;
        assert!(matches!(patch, Err(DeskError::UnknownUser(user)) if user == nobody), "{patch:?}");
    }
    assert_eq!(stores.rows_in("staff").await, 0);
}

async fn the_same_status_again_changes_nothing(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let since = stores.desk.staff_member(sam, 5).await.unwrap().unwrap().status_since;
    assert_eq!(stores.stands(sam, Status::Online).await.staff.len(), 0);
    let member = stores.desk.staff_member(sam, 5).await.unwrap().unwrap();
    assert_eq!((member.status_since, stores.rows_in("outbox").await), (since, 1));
}

async fn spans(stores: &Stores) -> Vec<String> {
    stores
        .texts("select case when ended_at is null then 'open' else 'ended' end from staff_spans order by id")
        .await
}

async fn being_there_is_noted_in_spans(stores: &Stores) {
    let sam = stores.serves("sam").await;
    for status in [Status::Busy, Status::Away, Status::Online] {
        stores.stands(sam, status).await;
    }
    assert_eq!(spans(stores).await, ["open"]);
    stores.stands(sam, Status::Offline).await;
    assert_eq!(spans(stores).await, ["ended"]);
    stores.stands(sam, Status::Away).await;
    assert_eq!(spans(stores).await, ["ended", "open"]);
    stores.desk.dismiss(sam, stores.terms()).await.unwrap();
    assert_eq!(spans(stores).await, ["ended", "ended"]);
}

async fn staff_are_listed_by_team_and_name(stores: &Stores) {
    let zoe = stores.serves_in("zoe", "", 2).await;
    let sam = stores.serves_in("sam", "sales", 2).await;
    let kim = stores.serves("kim").await;
    stores.user("nostaff").await;
    let listed = async |team| -> Vec<(UserId, u32)> {
        let found = stores.desk.staff(team, 5, FIRST_PAGE).await.unwrap();
        assert_eq!(found.total, i64::try_from(found.items.len()).unwrap());
        found.items.iter().map(|member| (member.user.id, member.max_sessions)).collect()
    };
    assert_eq!(listed(None).await, [(kim, 5), (zoe, 2), (sam, 2)]);
    assert_eq!(listed(Some("sales")).await, [(sam, 2)]);
    assert_eq!(listed(Some("repairs")).await, []);
}

async fn sessions_of_who_went_go_back_at_the_bound(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    let went = stores.terms();
    stores.desk.set_status(sam, Status::Offline, went).await.unwrap();
    let later = stores.waits("v3").await;
    let back = async |since| stores.desk.return_sessions(None, since, stores.terms()).await.unwrap();
    assert_eq!(back(went.now.plus(-1)).await.sessions.len(), 0);
    assert_eq!(stores.server(first).await, Some(sam));
    let changes = back(went.now).await;
    assert_eq!(
        changes.sessions.iter().map(|changed| changed.session.id).collect::<Vec<_>>(),
        [first, second]
    );
    assert!(changes.sessions.iter().all(|changed| changed.before == Some(sam) && changed.by.is_none()));
    // At the head: they came first.
    let sue = stores.serves_in("sue", "", 2).await;
    assert_eq!(stores.servers([first, second, later]).await, [Some(sue), Some(sue), None]);
    assert_eq!(back(went.now).await.sessions.len(), 0);
}

async fn who_came_back_keeps_theirs(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let session = stores.waits("v1").await;
    let went = stores.terms();
    stores.desk.set_status(sam, Status::Offline, went).await.unwrap();
    stores.stands(sam, Status::Away).await;
    let far = NOW.plus(3_600_000);
    assert_eq!(stores.desk.return_sessions(Some(sam), far, at(far)).await.unwrap().sessions.len(), 0);
    // Gone anew: the grace begins anew.
    stores.stands(sam, Status::Offline).await;
    assert_eq!(stores.desk.return_sessions(Some(sam), went.now, at(far)).await.unwrap().sessions.len(), 0);
    assert_eq!(stores.server(session).await, Some(sam));
}

async fn sessions_of_one_go_back_alone(stores: &Stores) {
    let (sam, sue) = (stores.serves("sam").await, stores.serves("sue").await);
    let (sams, sues) = (stores.waits("v1").await, stores.waits("v2").await);
    stores.stands(sam, Status::Offline).await;
    stores.stands(sue, Status::Offline).await;
    let far = NOW.plus(3_600_000);
    stores.desk.return_sessions(Some(sue), far, stores.terms()).await.unwrap();
    assert_eq!(stores.servers([sams, sues]).await, [Some(sam), None]);
}

async fn who_is_dismissed_has_none_and_serves_no_more(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let session = stores.waits("v1").await;
    let changes = stores.desk.dismiss(sam, stores.terms()).await.unwrap();
    assert_eq!((changes.sessions.len(), changes.staff.len()), (1, 1));
    let member = &changes.staff[0].member;
    assert_eq!((member.user.id, member.status, member.sessions), (sam, Status::Offline, 0));
    assert_eq!(stores.server(session).await, None);
    assert_eq!(stores.desk.staff_member(sam, 5).await.unwrap(), None);
    assert_eq!(stores.desk.staff(None, 5, FIRST_PAGE).await.unwrap().total, 0);
    let again = stores.desk.dismiss(sam, stores.terms()).await.unwrap();
    assert_eq!((again.sessions.len(), again.staff.len()), (0, 0));
}

async fn sessions_of_who_was_anonymised_go_back(stores: &Stores) {
    for (n, by_name) in [true, false].into_iter().enumerate() {
        let sam = stores.serves(&format!("sam{n}")).await;
        let session = stores.waits(&format!("v{n}")).await;
        stores.accounts.anonymise(sam, stores.tick()).await.unwrap();
        assert_eq!(stores.server(session).await, Some(sam));
        let changes = if by_name {
            stores.desk.dismiss(sam, stores.terms()).await.unwrap()
        } else {
            stores.desk.return_sessions(None, NOW, stores.terms()).await.unwrap()
        };
        assert_eq!(changes.sessions.len(), 1);
        assert_eq!(stores.seen(session).await.state, SessionState::Queued);
        stores.end(session).await;
    }
}

async fn an_anonymised_one_is_matched_with_nobody(stores: &Stores) {
    let sam = stores.serves("sam").await;
    stores.accounts.anonymise(sam, stores.tick()).await.unwrap();
    let session = stores.waits("v1").await;
    assert_eq!(stores.server(session).await, None);
    let kim = stores.serves("kim").await;
    assert_eq!(stores.server(session).await, Some(kim));
}

async fn who_is_in_a_session_is_not_anonymised(stores: &Stores) {
    let (vera, ann) = (stores.visitor("vera").await, stores.user("ann").await);
    for user in [vera, ann] {
        let session = stores.open(user).await;
        let before = stores.accounts.account(user).await.unwrap();
        let refused = stores.accounts.anonymise(user, stores.tick()).await;
        assert!(matches!(refused, Err(AccountsError::InSession)), "{refused:?}");
        assert_eq!(stores.accounts.account(user).await.unwrap(), before);
        assert_eq!(stores.roles(session.room_id).await, [(user, MemberRole::Member)]);
        stores.end(session.id).await;
        stores.accounts.anonymise(user, stores.tick()).await.unwrap();
        assert_eq!(stores.accounts.account(user).await.unwrap(), None);
    }
}

async fn no_session_outlives_its_visitor(stores: &Stores) {
    for round in 0..8 {
        let vera = stores.visitor(&format!("v{round}")).await;
        let open = stores.desk.open(new_session(vera, ""), stores.terms());
        let (opened, left) = futures::join!(open, stores.accounts.anonymise(vera, stores.tick()));
        match opened {
            Ok((session, _)) => {
                assert!(matches!(left, Err(AccountsError::InSession)), "{left:?}");
                stores.end(session.id).await;
            }
            Err(DeskError::UnknownUser(_)) => left.unwrap(),
            Err(error) => panic!("{error}"),
        }
    }
}

async fn who_has_no_connection_is_absent(stores: &Stores) {
    let (sam, sue) = (stores.user("sam").await, stores.user("sue").await);
    let kim = stores.user("kim").await;
    for (staff, since) in [(sam, 100), (sue, 100), (kim, 200)] {
        stores.desk.set_status(staff, Status::Away, at(NOW.plus(since))).await.unwrap();
    }
    let gone = stores.user("gone").await;
    stores.desk.set_status(gone, Status::Online, at(NOW)).await.unwrap();
    stores.desk.set_status(gone, Status::Offline, at(NOW.plus(1))).await.unwrap();
    stores.connect(sue).await;
    assert_eq!(stores.desk.absent_staff(NOW.plus(100)).await.unwrap(), []);
    assert_eq!(stores.desk.absent_staff(NOW.plus(101)).await.unwrap(), [sam]);
    assert_eq!(stores.desk.absent_staff(NOW.plus(201)).await.unwrap(), [sam, kim]);
}

async fn a_team_keeps_what_was_set(stores: &Stores) {
    assert_eq!(
        stores.desk.team("sales").await.unwrap(),
        Team { name: "sales".to_owned(), ..Team::default() }
    );
    assert_eq!(stores.desk.teams().await.unwrap(), []);
    let day = OpenHours { day: 1, from: "09:00".to_owned(), to: "18:00".to_owned() };
    let hours = BusinessHours { time_zone: "Asia/Shanghai".to_owned(), week: vec![day] };
    let sales = Team {
        name: "sales".to_owned(),
        strategy: Strategy::RoundRobin,
        hours: Some(hours),
        offline_message: Some("back at nine".to_owned()),
    };
    let repairs = Team { name: "repairs".to_owned(), ..Team::default() };
    for team in [&sales, &repairs] {
        stores.desk.set_team(team).await.unwrap();
    }
    assert_eq!(stores.desk.team("sales").await.unwrap(), sales);
    assert_eq!(stores.desk.teams().await.unwrap(), [repairs, sales.clone()]);
    let always = Team { hours: None, offline_message: None, ..sales };
    stores.desk.set_team(&always).await.unwrap();
    assert_eq!(stores.desk.team("sales").await.unwrap(), always);
}
