//! The single statements of customer service, within one transaction.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Json;
use sqlx::{Row, query, query_scalar};

use super::super::rooms::{self, Locked};
use super::super::statements;
use super::super::times::{time_of, timestamp, unix_ms};
use crate::clock::UnixMs;
use crate::desk::{DeskRows, Step};
use crate::ids::{NameOr, OutboxId, RoomId, SessionId, UserId};
use crate::model::{ClosedBy, MemberRole, RoomType, Session, StaffMember, Status, User};
use crate::ports::{DeskError, NewSession, OUTBOX_DUE_MS, RoomsError, StaffPatch, StoreError};
use crate::sql::{from_word, storable, word};

const ROOM: &str = "
insert into rooms (type, name, created_by, created_at, active_at)
values ('support', $1, $2, $3, $3)
returning id";

const INSERT: &str = "
insert into sessions (room_id, visitor_id, team, subject, state, opened_at, out_of_hours)
values ($1, $2, $3, $4, 'queued', $5, $6)
returning id";

const GIVE: &str = "
with given as (
    update sessions
    set state = 'active', staff_id = $2, assigned_at = $3,
        first_assigned_at = coalesce(first_assigned_at, $3), told_position = null
    where id = $1
)
update staff set idle_since = $3, served_at = $3 where user_id = $2";

const END: &str = "
with ended as (
    update sessions
    set state = 'closed', closed_at = $2, closed_by = $3, told_position = null
    where id = $1
    returning room_id
)
update rooms set closed_at = $2 where id = (select room_id from ended)";

const HIRE: &str = "
insert into staff (user_id, status_since, idle_since)
select id, $2, $2 from users where id = $1 and not deleted
on conflict (user_id) do update set team = staff.team
returning user_id";

const SET_STATUS: &str = "
with changed as (
    update staff set status = $2, status_since = $3 where user_id = $1
),
ended as (
    update staff_spans set ended_at = $3 where staff_id = $1 and ended_at is null and $2 = 'offline'
)
insert into staff_spans (staff_id, began_at)
select $1, $3 where $2 <> 'offline'
on conflict (staff_id) where ended_at is null do nothing";

const IDLE: &str = "
select s.id
from sessions s
join rooms r on r.id = s.room_id
where s.state = 'active' and greatest(r.active_at, s.assigned_at) < $1
order by r.active_at, s.id
limit $2";

const OVERDUE: &str = "
select s.staff_id
from sessions s
left join staff m on m.user_id = s.staff_id
where s.state = 'active' and ($2::bigint is null or s.staff_id = $2)
  and (m.user_id is null or (m.status = 'offline' and m.status_since <= $1))
group by s.staff_id
order by min(m.status_since) nulls first, s.staff_id";

/// A ban from before they served the visitor would keep the match from going on.
const LIFT: &str = "
update bans set until = $3
where user_id = $2 and until > $3 and room_id = $1";

/// The columns of a staff member of `staff m` with their user `users u`; $1 is the number of places of those
/// without one of their own.
macro_rules! staff_columns {
    () => {
        "u.id, u.username, u.nickname, m.team, m.status, m.status_since, \
         coalesce(m.max_sessions, $1::integer) as most, \
         (select count(*) from sessions s where s.staff_id = m.user_id and s.state = 'active') as held"
    };
}
pub(super) use staff_columns;

/// The transaction that a change of the desk runs in.
pub(super) struct Rows<'a>(pub(super) &'a mut PgConnection);

#[async_trait]
impl DeskRows for Rows<'_> {
    async fn hold(&mut self) -> Result<(), StoreError> {
        query("select from desk for update").execute(&mut *self.0).await?;
        Ok(())
    }

    async fn session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let read = query("select * from session_views where id = $1").bind(id.0);
        read.fetch_optional(&mut *self.0).await?.as_ref().map(session).transpose()
    }

    async fn open_session(&mut self, visitor: UserId) -> Result<Option<Session>, StoreError> {
        let read = query("select * from session_views where visitor_id = $1 and state <> 'closed'");
        read.bind(visitor.0).fetch_optional(&mut *self.0).await?.as_ref().map(session).transpose()
    }

    async fn idle_sessions(&mut self, since: UnixMs, limit: u32) -> Result<Vec<SessionId>, StoreError> {
        let found = query_scalar(IDLE).bind(timestamp(since)).bind(i64::from(limit));
        Ok(found.fetch_all(&mut *self.0).await?.into_iter().map(SessionId).collect())
    }

    async fn sessions_of(&mut self, staff: UserId) -> Result<Vec<SessionId>, StoreError> {
        let found = query_scalar(
            "select id from sessions where staff_id = $1 and state = 'active' order by opened_at, id",
        );
        let found = found.bind(staff.0).fetch_all(&mut *self.0).await?;
        Ok(found.into_iter().map(SessionId).collect())
    }

    async fn overdue_staff(
        &mut self,
        staff: Option<UserId>,
        since: UnixMs,
    ) -> Result<Vec<UserId>, StoreError> {
        let found = query_scalar(OVERDUE).bind(timestamp(since)).bind(staff.map(|staff| staff.0));
        Ok(found.fetch_all(&mut *self.0).await?.into_iter().map(UserId).collect())
    }

    async fn insert(&mut self, new: &NewSession, now: UnixMs) -> Result<SessionId, DeskError> {
        // Before the room, whose foreign key would say less.
        rooms::known(self.0, &[new.visitor]).await.map_err(refused)?;
        let room: i64 = query_scalar(ROOM)
            .bind(storable(&new.subject))
            .bind(new.visitor.0)
            .bind(timestamp(now))
            .fetch_one(&mut *self.0)
            .await?;
        let made = Locked::fresh(RoomId(room), RoomType::Support);
        rooms::admit(self.0, &made, &[(new.visitor, MemberRole::Member)], 1, now).await.map_err(refused)?;
        let id = query_scalar(INSERT)
            .bind(room)
            .bind(new.visitor.0)
            .bind(storable(&new.team))
            .bind(storable(&new.subject))
            .bind(timestamp(now))
            .bind(new.out_of_hours)
            .fetch_one(&mut *self.0)
            .await?;
        Ok(SessionId(id))
    }

    async fn pair(&mut self, max_sessions: u32, now: UnixMs) -> Result<Vec<(SessionId, UserId)>, StoreError> {
        let pairs = query(statements::MATCH).bind(i64::from(max_sessions)).bind(timestamp(now));
        let pairs = pairs.fetch_all(&mut *self.0).await?;
        pairs.iter().map(|row| Ok((SessionId(row.try_get("id")?), UserId(row.try_get("user_id")?)))).collect()
    }

    async fn give(&mut self, session: SessionId, staff: UserId, now: UnixMs) -> Result<(), StoreError> {
        query(GIVE).bind(session.0).bind(staff.0).bind(timestamp(now)).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn enqueue(&mut self, session: SessionId, team: &str) -> Result<(), StoreError> {
        query("update sessions set state = 'queued', staff_id = null, team = $2 where id = $1")
            .bind(session.0)
            .bind(storable(team))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn end(&mut self, session: SessionId, closed: ClosedBy, now: UnixMs) -> Result<(), StoreError> {
        query(END).bind(session.0).bind(timestamp(now)).bind(word(closed)).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn rate(
        &mut self,
        session: SessionId,
        rating: u8,
        comment: &str,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        query("update sessions set rating = $2, comment = $3, rated_at = $4 where id = $1")
            .bind(session.0)
            .bind(i16::from(rating))
            .bind(storable(comment))
            .bind(timestamp(now))
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
        let room = query_scalar("select room_id from sessions where id = $1").bind(session.0);
        let room = RoomId(room.fetch_one(&mut *self.0).await?);
        if let Some(went) = went {
            let locked = locked(self.0, room).await?;
            match rooms::expel(self.0, &locked, went).await {
                // They left, or were anonymised, before.
                Ok(_) | Err(RoomsError::NotMember) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        if let Some(came) = came {
            let lift = query(LIFT).bind(room.0).bind(came.0).bind(timestamp(now));
            lift.execute(&mut *self.0).await?;
            let locked = locked(self.0, room).await?;
            if !rooms::newcomers(self.0, &locked, &[came]).await.map_err(failed)?.is_empty() {
                let admin = [(came, MemberRole::Admin)];
                rooms::admit(self.0, &locked, &admin, u32::MAX, now).await.map_err(failed)?;
            }
        }
        let version = query_scalar("select members_version from rooms where id = $1").bind(room.0);
        Ok(version.fetch_one(&mut *self.0).await?)
    }

    async fn member(&mut self, user: UserId, max_sessions: u32) -> Result<Option<StaffMember>, StoreError> {
        let read = query(concat!(
            "select ",
            staff_columns!(),
            " from staff m join users u on u.id = m.user_id where m.user_id = $2"
        ));
        let read = read.bind(i64::from(max_sessions)).bind(user.0).fetch_optional(&mut *self.0).await?;
        read.as_ref().map(member).transpose()
    }

    async fn hire(&mut self, user: UserId, now: UnixMs) -> Result<(), DeskError> {
        let hired: Option<i64> =
            query_scalar(HIRE).bind(user.0).bind(timestamp(now)).fetch_optional(&mut *self.0).await?;
        hired.map(drop).ok_or(DeskError::UnknownUser(user))
    }

    async fn release(&mut self, user: UserId) -> Result<(), StoreError> {
        query("delete from staff where user_id = $1").bind(user.0).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn set_status(&mut self, user: UserId, status: Status, now: UnixMs) -> Result<(), StoreError> {
        query(SET_STATUS).bind(user.0).bind(status.word()).bind(timestamp(now)).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn patch(&mut self, user: UserId, patch: &StaffPatch) -> Result<(), StoreError> {
        query(
            "update staff set team = coalesce($2, team), \
             max_sessions = case when $3 then $4::integer else max_sessions end where user_id = $1",
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
        query("update staff set idle_since = $2 where user_id = $1")
            .bind(staff.0)
            .bind(timestamp(now))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn last_staff(&mut self, visitor: UserId) -> Result<Option<UserId>, StoreError> {
        let last = query_scalar(
            "select staff_id from sessions where visitor_id = $1 and state = 'closed' \
             order by opened_at desc, id desc limit 1",
        );
        let last: Option<Option<i64>> = last.bind(visitor.0).fetch_optional(&mut *self.0).await?;
        Ok(last.flatten().map(UserId))
    }

    async fn log(&mut self, step: &Step) -> Result<i64, StoreError> {
        let insert = query_scalar(
            "insert into session_events (session_id, kind, before_id, staff_id, by_id, at) \
             values ($1, $2, $3, $4, $5, $6) returning id",
        );
        Ok(insert
            .bind(step.session.0)
            .bind(word(step.step))
            .bind(step.before.map(|user| user.0))
            .bind(step.staff.map(|user| user.0))
            .bind(step.by.map(|user| user.0))
            .bind(timestamp(step.at))
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
            "insert into outbox (topic, payload, created_at, due_at) values ($1, $2, $3, $4) returning id",
        );
        let due = timestamp(now.plus(OUTBOX_DUE_MS));
        let id = insert.bind(topic).bind(Json(event)).bind(timestamp(now)).bind(due);
        Ok(OutboxId(id.fetch_one(&mut *self.0).await?))
    }
}

async fn locked(connection: &mut PgConnection, room: RoomId) -> Result<Locked, StoreError> {
    let found = rooms::lock(connection, &NameOr::Id(room)).await.map_err(failed)?;
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

pub(super) fn session(row: &PgRow) -> Result<Session, StoreError> {
    let time = |name| row.try_get::<Option<_>, _>(name).map(|at| at.map(unix_ms));
    let staff = match row.try_get("staff_id")? {
        Some(id) => Some(named(row, UserId(id), "staff_username", "staff_nickname")?),
        None => None,
    };
    let closed_by: Option<String> = row.try_get("closed_by")?;
    let rating: Option<i16> = row.try_get("rating")?;
    Ok(Session {
        id: SessionId(row.try_get("id")?),
        room_id: RoomId(row.try_get("room_id")?),
        visitor: named(row, UserId(row.try_get("visitor_id")?), "visitor_username", "visitor_nickname")?,
        team: row.try_get("team")?,
        subject: row.try_get("subject")?,
        state: from_word(row.try_get("state")?)?,
        staff,
        opened_at: time_of(row, "opened_at")?,
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
fn named(row: &PgRow, id: UserId, username: &str, nickname: &str) -> Result<User, sqlx::Error> {
    let username: Option<String> = row.try_get(username)?;
    Ok(User { id, username: username.unwrap_or_default(), nickname: row.try_get(nickname)? })
}

pub(super) fn member(row: &PgRow) -> Result<StaffMember, StoreError> {
    let most: i32 = row.try_get("most")?;
    Ok(StaffMember {
        user: named(row, UserId(row.try_get("id")?), "username", "nickname")?,
        team: row.try_get("team")?,
        status: from_word(row.try_get("status")?)?,
        status_since: time_of(row, "status_since")?,
        sessions: row.try_get("held")?,
        max_sessions: most.unsigned_abs(),
    })
}
