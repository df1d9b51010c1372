use shared::model::{SessionState, Status, Strategy, Team};
use shared::ports::{NewBan, StaffPatch};

use super::super::stores::{NOW, Stores};
use super::{at, new_session};

on_every_engine! {
    whoever_has_the_fewest_gets_it,
    of_two_who_have_as_many_the_longer_idle_gets_it,
    round_robin_goes_by_who_was_given_one_longest_ago,
    nobody_gets_more_than_they_may,
    without_a_number_of_their_own_the_configured_one_holds,
    only_who_is_online_gets_any,
    a_team_serves_its_own,
    of_teams_that_wait_at_once_each_is_served_by_its_own,
    first_come_first_served,
    a_session_that_comes_later_with_an_earlier_time_is_served_first,
    several_places_go_to_several_at_once,
    many_places_are_shared_out_evenly,
    whoever_was_just_given_one_is_idle_no_more,
    a_returning_visitor_goes_to_whoever_served_them,
    a_returning_visitor_goes_to_another_when_theirs_is_not_free,
    a_returning_visitor_is_served_by_the_team_they_came_for,
    a_raised_number_takes_from_the_queue,
    a_ban_from_the_room_keeps_nobody_from_serving,
}

async fn whoever_has_the_fewest_gets_it(stores: &Stores) {
    let (sam, sue) = (stores.serves("sam").await, stores.serves("sue").await);
    let first = stores.waits("v1").await;
    let second = stores.waits("v2").await;
    assert_eq!(stores.servers([first, second]).await, [Some(sam), Some(sue)]);
    let third = stores.waits("v3").await;
    assert_eq!(stores.server(third).await, Some(sam));
    stores.end(first).await;
    stores.end(third).await;
    // Sam has none, though idle for less long.
    let fourth = stores.waits("v4").await;
    assert_eq!(stores.server(fourth).await, Some(sam));
}

async fn of_two_who_have_as_many_the_longer_idle_gets_it(stores: &Stores) {
    let (sam, sue) = (stores.serves("sam").await, stores.serves("sue").await);
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    assert_eq!(stores.servers([first, second]).await, [Some(sam), Some(sue)]);
    stores.end(second).await;
    stores.end(first).await;
    // Sue's ended earlier, though Sam's was given earlier.
    let (third, fourth) = (stores.waits("v3").await, stores.waits("v4").await);
    assert_eq!(stores.servers([third, fourth]).await, [Some(sue), Some(sam)]);
}

async fn round_robin_goes_by_who_was_given_one_longest_ago(stores: &Stores) {
    let strategy = Strategy::RoundRobin;
    stores.desk.set_team(&Team { strategy, ..Team::default() }).await.unwrap();
    let (sam, sue) = (stores.serves("sam").await, stores.serves("sue").await);
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    assert_eq!(stores.servers([first, second]).await, [Some(sam), Some(sue)]);
    // Sue has none now and would get it by the other strategy.
    stores.end(second).await;
    let (third, fourth) = (stores.waits("v3").await, stores.waits("v4").await);
    assert_eq!(stores.servers([third, fourth]).await, [Some(sam), Some(sue)]);
}

async fn nobody_gets_more_than_they_may(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 2).await;
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    let third = stores.waits("v3").await;
    assert_eq!(stores.servers([first, second, third]).await, [Some(sam), Some(sam), None]);
    stores.end(first).await;
    assert_eq!(stores.server(third).await, Some(sam));
}

async fn without_a_number_of_their_own_the_configured_one_holds(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let mut sessions = Vec::new();
    for n in 1..=6 {
        sessions.push(stores.waits(&format!("v{n}")).await);
    }
    for session in &sessions[..5] {
        assert_eq!(stores.server(*session).await, Some(sam));
    }
    assert_eq!(stores.server(sessions[5]).await, None);
    let member = stores.desk.staff_member(sam, 5).await.unwrap().unwrap();
    assert_eq!((member.sessions, member.max_sessions), (5, 5));
}

async fn only_who_is_online_gets_any(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let mut waiting = Vec::new();
    for (n, status) in [Status::Busy, Status::Away, Status::Offline].into_iter().enumerate() {
        stores.stands(sam, status).await;
        waiting.push(stores.waits(&format!("v{n}")).await);
        assert_eq!(stores.server(waiting[n]).await, None, "{status:?}");
    }
    stores.stands(sam, Status::Online).await;
    for session in waiting {
        assert_eq!(stores.server(session).await, Some(sam));
    }
}

async fn a_team_serves_its_own(stores: &Stores) {
    let (sam, sue) = (stores.serves("sam").await, stores.serves_in("sue", "sales", 5).await);
    let (vera, will) = (stores.visitor("vera").await, stores.visitor("will").await);
    let common = stores.open(vera).await.id;
    let sales = stores.open_for(will, "sales").await.id;
    assert_eq!(stores.servers([common, sales]).await, [Some(sam), Some(sue)]);
    let wanda = stores.visitor("wanda").await;
    let nobodys = stores.open_for(wanda, "repairs").await.id;
    assert_eq!(stores.server(nobodys).await, None);
    // Who changes team gets what waits there, and keeps what they have.
    stores.patch_staff(sue, "repairs", 5).await;
    assert_eq!(stores.servers([sales, nobodys]).await, [Some(sue), Some(sue)]);
}

async fn of_teams_that_wait_at_once_each_is_served_by_its_own(stores: &Stores) {
    let (vera, will) = (stores.visitor("vera").await, stores.visitor("will").await);
    let sales = stores.open_for(vera, "sales").await.id;
    let repairs = stores.open_for(will, "repairs").await.id;
    let sam = stores.serves_in("sam", "repairs", 5).await;
    assert_eq!(stores.servers([sales, repairs]).await, [None, Some(sam)]);
    let sue = stores.serves_in("sue", "sales", 5).await;
    assert_eq!(stores.servers([sales, repairs]).await, [Some(sue), Some(sam)]);
}

async fn first_come_first_served(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let first = stores.waits("v1").await;
    let (second, third) = (stores.waits("v2").await, stores.waits("v3").await);
    stores.end(first).await;
    assert_eq!(stores.servers([second, third]).await, [Some(sam), None]);
    stores.end(second).await;
    assert_eq!(stores.server(third).await, Some(sam));
}

async fn a_session_that_comes_later_with_an_earlier_time_is_served_first(stores: &Stores) {
    let (vera, will) = (stores.visitor("vera").await, stores.visitor("will").await);
    let late = stores.desk.open(new_session(vera, ""), at(NOW.plus(9))).await.unwrap().0.id;
    let early = stores.desk.open(new_session(will, ""), at(NOW)).await.unwrap().0.id;
    let sam = stores.serves_in("sam", "", 1).await;
    assert_eq!(stores.servers([early, late]).await, [Some(sam), None]);
}

async fn several_places_go_to_several_at_once(stores: &Stores) {
    let mut sessions = Vec::new();
    for n in 1..=4 {
        sessions.push(stores.waits(&format!("v{n}")).await);
    }
    let sam = stores.user("sam").await;
    stores.patch_staff(sam, "", 3).await;
    let changes = stores.stands(sam, Status::Online).await;
    let given: Vec<_> = changes.sessions.iter().map(|changed| changed.session.id).collect();
    assert_eq!(given, sessions[..3]);
    assert_eq!(stores.seen(sessions[3]).await.state, SessionState::Queued);
}

async fn many_places_are_shared_out_evenly(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 3).await;
    for n in 0..3 {
        stores.waits(&format!("sams{n}")).await;
    }
    let sue = stores.serves_in("sue", "", 3).await;
    for n in 0..2 {
        stores.waits(&format!("sues{n}")).await;
    }
    let since = stores.tick();
    let kept = stores.waits("kept").await;
    let waiting = [
        stores.waits("v1").await,
        stores.waits("v2").await,
        stores.waits("v3").await,
        stores.waits("v4").await,
    ];
    // Sam has none then, Sue one; both are idle since then.
    let changes = stores.desk.close_idle(since, 9, stores.terms()).await.unwrap();
    assert_eq!(changes.sessions.len(), 5 + 4);
    assert_eq!(stores.server(kept).await, Some(sue));
    assert_eq!(stores.servers(waiting).await, [Some(sam), Some(sam), Some(sue), Some(sam)]);
}

async fn whoever_was_just_given_one_is_idle_no_more(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    stores.stands(sam, Status::Offline).await;
    let sue = stores.user("sue").await;
    stores.stands(sue, Status::Busy).await;
    let kim = stores.serves("kim").await;
    let kims = stores.waits("v3").await;
    stores.stands(sue, Status::Online).await;
    assert_eq!(stores.server(kims).await, Some(kim));
    // Sue has none, and was idle for longer; with the first she has as many as Kim.
    let since = stores.tick();
    stores.desk.return_sessions(Some(sam), since, stores.terms()).await.unwrap();
    assert_eq!(stores.servers([first, second]).await, [Some(sue), Some(kim)]);
}

async fn a_returning_visitor_goes_to_whoever_served_them(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let vera = stores.visitor("vera").await;
    let before = stores.open(vera).await.id;
    stores.end(before).await;
    stores.waits("other").await;
    let sue = stores.serves("sue").await;
    // Sue has fewer.
    assert_eq!(stores.open(vera).await.staff.unwrap().id, sam);
    let stranger = stores.waits("stranger").await;
    assert_eq!(stores.server(stranger).await, Some(sue));
}

async fn a_returning_visitor_goes_to_another_when_theirs_is_not_free(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let vera = stores.visitor("vera").await;
    let before = stores.open(vera).await.id;
    stores.end(before).await;
    stores.waits("other").await;
    let sue = stores.serves("sue").await;
    let next = stores.open(vera).await;
    assert_eq!(next.staff.unwrap().id, sue, "{sam} is full");
    stores.end(next.id).await;
    stores.stands(sue, Status::Away).await;
    assert_eq!(stores.open(vera).await.state, SessionState::Queued, "nobody is free");
}

async fn a_returning_visitor_is_served_by_the_team_they_came_for(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let vera = stores.visitor("vera").await;
    let before = stores.open(vera).await;
    assert_eq!(before.staff.unwrap().id, sam);
    stores.end(before.id).await;
    let next = stores.open_for(vera, "sales").await;
    assert_eq!((next.state, next.staff), (SessionState::Queued, None), "{sam} is of another team");
    stores.end(next.id).await;
    // Whoever left the queue was served by nobody.
    let sue = stores.serves_in("sue", "sales", 5).await;
    assert_eq!(stores.open_for(vera, "sales").await.staff.unwrap().id, sue);
}

async fn a_raised_number_takes_from_the_queue(stores: &Stores) {
    let sam = stores.serves_in("sam", "", 1).await;
    let (first, second) = (stores.waits("v1").await, stores.waits("v2").await);
    let third = stores.waits("v3").await;
    stores.patch_staff(sam, "", 2).await;
    assert_eq!(stores.servers([first, second, third]).await, [Some(sam), Some(sam), None]);
    // Lowered, they keep what they have; given back, the configured number holds.
    stores.patch_staff(sam, "", 1).await;
    assert_eq!(stores.servers([first, second, third]).await, [Some(sam), Some(sam), None]);
    stores.end(first).await;
    assert_eq!(stores.server(third).await, None);
    let patch = StaffPatch { team: None, max_sessions: Some(None) };
    stores.desk.set_staff(sam, patch, stores.terms()).await.unwrap();
    assert_eq!(stores.server(third).await, Some(sam));
}

async fn a_ban_from_the_room_keeps_nobody_from_serving(stores: &Stores) {
    let sam = stores.serves("sam").await;
    let vera = stores.visitor("vera").await;
    let session = stores.open(vera).await;
    let now = stores.tick();
    let ban = NewBan { user: sam, until: now.plus(3_600_000), reason: String::new(), by: vera, now };
    stores.bans.ban_from_room(session.room_id, &ban).await.unwrap();
    stores.stands(sam, Status::Offline).await;
    stores.desk.dismiss(sam, stores.terms()).await.unwrap();
    stores.stands(sam, Status::Online).await;
    assert_eq!(stores.server(session.id).await, Some(sam));
    stores.say(session.room_id, sam, "hello again").await;
}
