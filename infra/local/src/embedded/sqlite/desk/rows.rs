//! The single statements of customer service, within one transaction.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::desk::{DeskRows, Step};
use shared::ids::{NameOr, OutboxId, RoomId, SessionId, UserId};
use shared::model::{ClosedBy, MemberRole, Session, StaffMember, Status, User};
use shared::ports::{DeskError, NewSession, OUTBOX_DUE_MS, RoomsError, StaffPatch, StoreError};
use shared::sql::{from_word, storable, word};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::super::rooms::{self, Present};

const MATCH: &str = include_str!("match.sql");

const ROOM: &str = "
insert into rooms (type, name, created_by, created_at, active_at)
values ('support', ?1, ?2, ?3, ?3)
returning *";

const INSERT: &str = "
insert into sessions (room_id, visitor_id, team, subject, state, opened_at, out_of_hours)
values (?1, ?2, ?3, ?4, 'queued', ?5, ?6)
returning id";

const GIVE: &str = "
update sessions
set state = 'active', staff_id = ?2, assigned_at = ?3,
    first_assigned_at = coalesce(first_assigned_at, ?3), told_position = null
where id = ?1";

const END: &str = "
update sessions
set state = 'closed', closed_at = ?2, closed_by = ?3, told_position = null
where id = ?1
returning room_id";

/// The update changes nothing: it makes the row that is there the answer.
const HIRE: &str = "
insert into staff (user_id, status_since, idle_since)
select id, ?2, ?2 from users where id = ?1 and not deleted
on conflict (user_id) do update set team = staff.team
returning user_id";

const BEGIN_SPAN: &str = "
insert into staff_spans (staff_id, began_at) values (?1, ?2)
on conflict (staff_id) where ended_at is null do nothing";

const IDLE: &str = "
select s.id
from sessions s
join rooms r on r.id = s.room_id
where s.state = 'active' and max(r.active_at, s.assigned_at) < ?1
order by r.active_at, s.id
limit ?2";

const OVERDUE: &str = "
select s.staff_id
from sessions s
left join staff m on m.user_id = s.staff_id
where s.state = 'active' and (?2 is null or s.staff_id = ?2)
  and (m.user_id is null or (m.status = 'offline' and m.status_since <= ?1))
group by s.staff_id
order by min(m.status_since) nulls first, s.staff_id";

/// A ban from before they served the visitor would keep the match from going on.
const LIFT: &str = "
update bans set until = ?3
where user_id = ?2 and until > ?3 and room_id = ?1";

/// The columns of a staff member of `staff m` with their user `users u`; ?1 is the number of places of those
/// without one of their own.
macro_rules! staff_columns {
    () => {
        "u.id, u.username, u.nickname, m.team, m.status, m.status_since, \
         coalesce(m.max_sessions, ?1) as most, \
         (select count(*) from sessions s where s.staff_id = m.user_id and s.state = 'active') as held"
    };
}
pub(super) use staff_columns;

/// The transaction that a change of the desk runs in.
pub(super) struct Rows<'a>(pub(super) &'a mut SqliteConnection);

#[async_trait]
impl DeskRows for Rows<'_> {
    /// Nobody else writes until the commit.
    async fn hold(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let read = query("select * from session_views where id = ?1").bind(id.0);
        read.fetch_optional(&mut *self.0).await?.as_ref().map(session).transpose()
    }

    async fn open_session(&mut self, visitor: UserId) -> Result<Option<Session>, StoreError> {
        let read = query("select * from session_views where visitor_id = ?1 and state <> 'closed'");
        read.bind(visitor.0).fetch_optional(&mut *self.0).await?.as_ref().map(session).transpose()
    }

    async fn idle_sessions(&mut self, since: UnixMs, limit: u32) -> Result<Vec<SessionId>, StoreError> {
        let found: Vec<i64> =
            query_scalar(IDLE).bind(since.0).bind(i64::from(limit)).fetch_all(&mut *self.0).await?;
        Ok(found.into_iter().map(SessionId).collect())
    }

    async fn sessions_of(&mut self, staff: UserId) -> Result<Vec<SessionId>, StoreError> {
        let found = query_scalar(
            "select id from sessions where staff_id = ?1 and state = 'active' order by opened_at, id",
        );
        let found: Vec<i64> = found.bind(staff.0).fetch_all(&mut *self.0).await?;
        Ok(found.into_iter().map(SessionId).collect())
    }

    async fn overdue_staff(
        &mut self,
        staff: Option<UserId>,
        since: UnixMs,
    ) -> Result<Vec<UserId>, StoreError> {
        let found = query_scalar(OVERDUE).bind(since.0).bind(staff.map(|staff| staff.0));
        let found: Vec<i64> = found.fetch_all(&mut *self.0).await?;
        Ok(found.into_iter().map(UserId).collect())
    }

    async fn insert(&mut self, new: &NewSession, now: UnixMs) -> Result<SessionId, DeskError> {
        // Before the room, whose foreign key would say less.
        rooms::known(self.0, &[new.visitor]).await.map_err(refused)?;
        let room = query(ROOM).bind(storable(&new.subject)).bind(new.visitor.0).bind(now.0);
        let room = rooms::present(&room.fetch_one(&mut *self.0).await?).map_err(refused)?;
        rooms::admit(self.0, &room, &[(new.visitor, MemberRole::Member)], 1, now).await.map_err(refused)?;
        let id = query_scalar(INSERT)
            .bind(room.id.0)
            .bind(new.visitor.0)
            .bind(storable(&new.team))
            .bind(storable(&new.subject))
            .bind(now.0)
            .bind(new.out_of_hours)
            .fetch_one(&mut *self.0)
            .await?;
        Ok(SessionId(id))
    }

    async fn pair(&mut self, max_sessions: u32, now: UnixMs) -> Result<Vec<(SessionId, UserId)>, StoreError> {
        let found = query(MATCH).bind(i64::from(max_sessions)).bind(now.0).fetch_all(&mut *self.0).await?;
        let mut pairs = Vec::with_capacity(found.len());
        for row in found {
            let (session, staff) = (SessionId(row.try_get("id")?), UserId(row.try_get("user_id")?));
            self.give(session, staff, now).await?;
            pairs.push((session, staff));
        }
        Ok(pairs)
    }

    async fn give(&mut self, session: SessionId, staff: UserId, now: UnixMs) -> Result<(), StoreError> {
        query(GIVE).bind(session.0).bind(staff.0).bind(now.0).execute(&mut *self.0).await?;
        query("update staff set idle_since = ?2, served_at = ?2 where user_id = ?1")
            .bind(staff.0)
            .bind(now.0)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn enqueue(&mut self, session: SessionId, team: &str) -> Result<(), StoreError> {
        query("update sessions set state = 'queued', staff_id = null, team = ?2 where id = ?1")
            .bind(session.0)
            .bind(storable(team))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn end(&mut self, session: SessionId, closed: ClosedBy, now: UnixMs) -> Result<(), StoreError> {
        let end = query_scalar(END).bind(session.0).bind(now.0).bind(word(closed));
        let room: i64 = end.fetch_one(&mut *self.0).await?;
        query("update rooms set closed_at = ?2 where id = ?1")
            .bind(room)
            .bind(now.0)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn rate(
        &mut self,
        session: SessionId,
        rating: u8,
        comment: &str,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        query("update sessions set rating = ?2, comment = ?3, rated_at = ?4 where id = ?1")
            .bind(session.0)
            .bind(i64::from(rating))
            .bind(storable(comment))
            .bind(now.0)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn seat(
        &mut self,
        session: SessionId,
        came: Option<UserId>,
        went: Option<UserId>,
        now: UnixMs,
    ) -> Result<i64, StoreError> {
        let room = query_scalar("select room_id from sessions where id = ?1").bind(session.0);
        let room = RoomId(room.fetch_one(&mut *self.0).await?);
        if let Some(went) = went {
            let present = present(self.0, room).await?;
            match rooms::expel(self.0, &present, went).await {
                // They left, or were anonymised, before.
                Ok(_) | Err(RoomsError::NotMember) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        if let Some(came) = came {
            query(LIFT).bind(room.0).bind(came.0).bind(now.0).execute(&mut *self.0).await?;
            let present = present(self.0, room).await?;
            if !rooms::newcomers(self.0, &present, &[came]).await.map_err(failed)?.is_empty() {
                let admin = [(came, MemberRole::Admin)];
                rooms::admit(self.0, &present, &admin, u32::MAX, now).await.map_err(failed)?;
            }
        }
        let version = query_scalar("select members_version from rooms where id = ?1").bind(room.0);
        Ok(version.fetch_one(&mut *self.0).await?)
    }

    async fn member(&mut self, user: UserId, max_sessions: u32) -> Result<Option<StaffMember>, StoreError> {
        let read = query(concat!(
            "select ",
            staff_columns!(),
            " from staff m join users u on u.id = m.user_id where m.user_id = ?2"
        ));
        let read = read.bind(i64::from(max_sessions)).bind(user.0).fetch_optional(&mut *self.0).await?;
        read.as_ref().map(member).transpose()
    }

    async fn hire(&mut self, user: UserId, now: UnixMs) -> Result<(), DeskError> {
        let hired: Option<i64> =
            query_scalar(HIRE).bind(user.0).bind(now.0).fetch_optional(&mut *self.0).await?;
        hired.map(drop).ok_or(DeskError::UnknownUser(user))
    }

    async fn release(&mut self, user: UserId) -> Result<(), StoreError> {
        query("delete from staff where user_id = ?1").bind(user.0).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn set_status(&mut self, user: UserId, status: Status, now: UnixMs) -> Result<(), StoreError> {
        query("update staff set status = ?2, status_since = ?3 where user_id = ?1")
            .bind(user.0)
            .bind(status.word())
            .bind(now.0)
            .execute(&mut *self.0)
            .await?;
        let span = if status == Status::Offline {
            query("update staff_spans set ended_at = ?2 where staff_id = ?1 and ended_at is null")
        } else {
            query(BEGIN_SPAN)
        };
        span.bind(user.0).bind(now.0).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn patch(&mut self, user: UserId, patch: &StaffPatch) -> Result<(), StoreError> {
        query(
            "update staff set team = coalesce(?2, team), \
             max_sessions = case when ?3 then ?4 else max_sessions end where user_id = ?1",
        )
        .bind(user.0)
        .bind(patch.team.as_deref().map(storable))
        .bind(patch.max_sessions.is_some())
        .bind(patch.max_sessions.flatten().map(i64::from))
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn freed(&mut self, staff: UserId, now: UnixMs) -> Result<(), StoreError> {
        query("update staff set idle_since = ?2 where user_id = ?1")
            .bind(staff.0)
            .bind(now.0)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn last_staff(&mut self, visitor: UserId) -> Result<Option<UserId>, StoreError> {
        let last = query_scalar(
            "select staff_id from sessions where visitor_id = ?1 and state = 'closed' \
             order by opened_at desc, id desc limit 1",
        );
        let last: Option<Option<i64>> = last.bind(visitor.0).fetch_optional(&mut *self.0).await?;
        Ok(last.flatten().map(UserId))
    }

    async fn log(&mut self, step: &Step) -> Result<i64, StoreError> {
        let insert = query_scalar(
            "insert into session_events (session_id, kind, before_id, staff_id, by_id, at) \
             values (?1, ?2, ?3, ?4, ?5, ?6) returning id",
        );
        Ok(insert
            .bind(step.session.0)
            .bind(word(step.step))
            .bind(step.before.map(|user| user.0))
            .bind(step.staff.map(|user| user.0))
            .bind(step.by.map(|user| user.0))
            .bind(step.at.0)
            .fetch_one(&mut *self.0)
            .await?)
    }

    async fn announce(
        &mut self,
        topic: &str,
        event: &serde_json::Value,
        now: UnixMs,
    ) -> Result<OutboxId, StoreError> {
        let insert = query_scalar(
            "insert into outbox (topic, payload, created_at, due_at) values (?1, ?2, ?3, ?4) returning id",
        );
        let id = insert.bind(topic).bind(event.to_string()).bind(now.0).bind(now.plus(OUTBOX_DUE_MS).0);
        Ok(OutboxId(id.fetch_one(&mut *self.0).await?))
    }
}

async fn present(connection: &mut SqliteConnection, room: RoomId) -> Result<Present, StoreError> {
    let found = rooms::look(connection, &NameOr::Id(room)).await.map_err(failed)?;
    found.ok_or_else(|| StoreError::Internal("a session without a room".to_owned()))
}

fn refused(error: RoomsError) -> DeskError {
    match error {
        RoomsError::UnknownUser(user) => DeskError::UnknownUser(user),
        other => failed(other).into(),
    }
}

/// What can't be refused here: a room of ours, and users whom foreign keys hold.
fn failed(error: RoomsError) -> StoreError {
    match error {
        RoomsError::Store(error) => error,
        other => StoreError::Internal(other.to_string()),
    }
}

pub(super) fn session(row: &SqliteRow) -> Result<Session, StoreError> {
    let time = |name| row.try_get::<Option<i64>, _>(name).map(|at| at.map(UnixMs));
    let staff = match row.try_get("staff_id")? {
        Some(id) => Some(named(row, UserId(id), "staff_username", "staff_nickname")?),
        None => None,
    };
    let closed_by: Option<String> = row.try_get("closed_by")?;
    let rating: Option<i64> = row.try_get("rating")?;
    Ok(Session {
        id: SessionId(row.try_get("id")?),
        room_id: RoomId(row.try_get("room_id")?),
        visitor: named(row, UserId(row.try_get("visitor_id")?), "visitor_username", "visitor_nickname")?,
        team: row.try_get("team")?,
        subject: row.try_get("subject")?,
        state: from_word(row.try_get("state")?)?,
        staff,
        opened_at: UnixMs(row.try_get("opened_at")?),
        first_assigned_at: time("first_assigned_at")?,
        assigned_at: time("assigned_at")?,
        closed_at: time("closed_at")?,
        closed_by: closed_by.map(from_word).transpose()?,
        rating: rating.and_then(|rating| u8::try_from(rating).ok()),
        comment: row.try_get("comment")?,
        out_of_hours: row.try_get("out_of_hours")?,
    })
}

/// A user by their columns; the name is null once they were anonymised.
fn named(row: &SqliteRow, id: UserId, username: &str, nickname: &str) -> Result<User, sqlx::Error> {
    let username: Option<String> = row.try_get(username)?;
    Ok(User { id, username: username.unwrap_or_default(), nickname: row.try_get(nickname)? })
}

pub(super) fn member(row: &SqliteRow) -> Result<StaffMember, StoreError> {
    Ok(StaffMember {
        user: named(row, UserId(row.try_get("id")?), "username", "nickname")?,
        team: row.try_get("team")?,
        status: from_word(row.try_get("status")?)?,
        status_since: UnixMs(row.try_get("status_since")?),
        sessions: row.try_get("held")?,
        max_sessions: row.try_get("most")?,
    })
}
