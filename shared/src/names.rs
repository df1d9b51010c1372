//! What people give things: parsed once at the boundary, correct from then on.

use serde::Deserialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::contract;
use crate::model::{EVENT_PRIORITY_DEFAULT, EVENT_PRIORITY_MAX};

pub const USERNAME_MAX_CHARS: usize = 32;
pub const NICKNAME_MAX_CHARS: usize = 64;
pub const EMAIL_MAX_CHARS: usize = 254;
pub const PASSWORD_MIN_CHARS: usize = 6;
pub const PASSWORD_MAX_CHARS: usize = 128;
pub const ROOM_NAME_MAX_CHARS: usize = 100;
pub const DESCRIPTION_MAX_CHARS: usize = 1_000;
pub const BAN_REASON_MAX_CHARS: usize = 500;
pub const CONTENT_MAX_CHARS: usize = 8_000;
pub const KIND_MAX_CHARS: usize = 32;
pub const DEVICE_NAME_MAX_CHARS: usize = 64;
pub const TEAM_NAME_MAX_CHARS: usize = 50;
pub const SUBJECT_MAX_CHARS: usize = 200;
pub const COMMENT_MAX_CHARS: usize = 1_000;
pub const NOTE_MAX_CHARS: usize = 2_000;
pub const OFFLINE_MESSAGE_MAX_CHARS: usize = 1_000;
pub const SHORTCUT_MAX_CHARS: usize = 50;
pub const KEY_NAME_MAX_CHARS: usize = 64;
pub const SERVICE_NAME_MAX_CHARS: usize = 64;
pub const RATING_MAX: u8 = 5;
pub const METADATA_MAX_BYTES: usize = 4 * 1024;
pub const EVENT_DATA_MAX_BYTES: usize = 64 * 1024;
/// Of one frame's 32 KiB.
pub const BROADCAST_DATA_MAX_BYTES: usize = 16 * 1024;

macro_rules! parsed {
    ($(#[doc = $doc:literal])* $name:ident $([$($derive:path),+])?, $chars:expr, $pattern:literal, $parse:expr) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize $($(, $derive)+)?)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                contract::text($chars, $pattern, concat!($($doc),*)).into()
            }
        }

        impl ToSchema for $name {}

        impl $name {
            /// # Errors
            /// A sentence that says what is wrong.
            pub fn parse(text: &str) -> Result<Self, String> {
                $parse(text).map(Self)
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text)
            }
        }
    };
}

parsed!(
    /// 1 to [`USERNAME_MAX_CHARS`] letters, digits, `_`, `-`, `.`; not digits alone, which are an id.
    Username,
    1..=USERNAME_MAX_CHARS,
    r"^[\p{L}\p{N}_.-]*[\p{L}_.][\p{L}\p{N}_.-]*$",
    |text: &str| {
        let text = bounded(text, 1, USERNAME_MAX_CHARS)?;
        if !text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
            return Err("may hold letters, digits, '_', '-' and '.' only".to_owned());
        }
        not_an_id(text)
    }
);
parsed!(
    /// 1 to [`NICKNAME_MAX_CHARS`] characters, trimmed.
    Nickname,
    1..=NICKNAME_MAX_CHARS,
    r"[^\s\u0085]",
    |text: &str| bounded(text, 1, NICKNAME_MAX_CHARS)
);
parsed!(
    /// Something before an `@` and something after it, at most [`EMAIL_MAX_CHARS`]; whether it exists is
    /// for a letter to find out.
    Email,
    3..=EMAIL_MAX_CHARS,
    r"^[^\s@]+@[^\s@]+$",
    |text: &str| {
        let text = bounded(text, 3, EMAIL_MAX_CHARS)?;
        match text.split_once('@') {
            Some((local, domain))
                if !local.is_empty()
                    && !domain.is_empty()
                    && !domain.contains('@')
                    && !text.contains(char::is_whitespace) =>
            {
                Ok(text)
            }
            _ => Err("is not an email address".to_owned()),
        }
    }
);
parsed!(
    /// [`PASSWORD_MIN_CHARS`] to [`PASSWORD_MAX_CHARS`] characters, taken as they are.
    Password,
    PASSWORD_MIN_CHARS..=PASSWORD_MAX_CHARS,
    "",
    |text: &str| match text.chars().count() {
        n if n < PASSWORD_MIN_CHARS => Err(format!("must have {PASSWORD_MIN_CHARS} characters at least")),
        n if n > PASSWORD_MAX_CHARS => Err(format!("must have {PASSWORD_MAX_CHARS} characters at most")),
        _ => Ok(text.to_owned()),
    }
);
parsed!(
    /// 1 to [`ROOM_NAME_MAX_CHARS`] characters, trimmed; not digits alone, which are an id.
    RoomName,
    1..=ROOM_NAME_MAX_CHARS,
    r"[^\d\s+-]",
    |text: &str| not_an_id(bounded(text, 1, ROOM_NAME_MAX_CHARS)?)
);
parsed!(
    /// Up to [`DESCRIPTION_MAX_CHARS`] characters, trimmed.
    Description,
    0..=DESCRIPTION_MAX_CHARS,
    "",
    |text: &str| bounded(text, 0, DESCRIPTION_MAX_CHARS)
);
parsed!(
    /// Why somebody is banned: up to [`BAN_REASON_MAX_CHARS`] characters.
    BanReason [Default],
    0..=BAN_REASON_MAX_CHARS,
    "",
    |text: &str| bounded(text, 0, BAN_REASON_MAX_CHARS)
);
parsed!(
    /// What a message says: 1 to [`CONTENT_MAX_CHARS`] characters after trimming.
    Content,
    1..=CONTENT_MAX_CHARS,
    r"[^\s\u0085]",
    |text: &str| bounded(text, 1, CONTENT_MAX_CHARS)
);
parsed!(
    /// `text`, `image`, `file` or the client's own word of letters, digits, `_`, `-`, `.`.
    Kind,
    1..=KIND_MAX_CHARS,
    "^[A-Za-z0-9_.-]+$",
    |text: &str| {
        let text = bounded(text, 1, KIND_MAX_CHARS)?;
        if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) {
            Ok(text)
        } else {
            Err("may hold letters, digits, '_', '-' and '.' only".to_owned())
        }
    }
);
parsed!(
    /// What a user calls one of their devices: 1 to [`DEVICE_NAME_MAX_CHARS`] characters, trimmed.
    DeviceName,
    1..=DEVICE_NAME_MAX_CHARS,
    r"[^\s\u0085]",
    |text: &str| bounded(text, 1, DEVICE_NAME_MAX_CHARS)
);
parsed!(
    /// A team of those who serve: up to [`TEAM_NAME_MAX_CHARS`] letters, digits, `_`, `-`, `.`. The one desk of
    /// those who have no teams has the empty name, and is called [`DESK`] where a name has to stand.
    TeamName [Default],
    0..=TEAM_NAME_MAX_CHARS,
    r"^[\p{L}\p{N}_.-]*$",
    |text: &str| {
        let text = bounded(text, 0, TEAM_NAME_MAX_CHARS)?;
        if !text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
            return Err("may hold letters, digits, '_', '-' and '.' only".to_owned());
        }
        Ok(if text == DESK { String::new() } else { text })
    }
);
parsed!(
    /// What a session is about: up to [`SUBJECT_MAX_CHARS`] characters, trimmed.
    Subject [Default],
    0..=SUBJECT_MAX_CHARS,
    "",
    |text: &str| bounded(text, 0, SUBJECT_MAX_CHARS)
);
parsed!(
    /// What a visitor says to their rating: up to [`COMMENT_MAX_CHARS`] characters, trimmed.
    Comment [Default],
    0..=COMMENT_MAX_CHARS,
    "",
    |text: &str| bounded(text, 0, COMMENT_MAX_CHARS)
);
parsed!(
    /// What staff note for each other: 1 to [`NOTE_MAX_CHARS`] characters, trimmed.
    NoteText,
    1..=NOTE_MAX_CHARS,
    r"[^\s\u0085]",
    |text: &str| bounded(text, 1, NOTE_MAX_CHARS)
);
parsed!(
    /// What a team says to who comes outside of its hours: 1 to [`OFFLINE_MESSAGE_MAX_CHARS`] characters, trimmed.
    OfflineMessage,
    1..=OFFLINE_MESSAGE_MAX_CHARS,
    r"[^\s\u0085]",
    |text: &str| bounded(text, 1, OFFLINE_MESSAGE_MAX_CHARS)
);
parsed!(
    /// What a canned reply is called up by: 1 to [`SHORTCUT_MAX_CHARS`] characters without a space.
    Shortcut,
    1..=SHORTCUT_MAX_CHARS,
    r"^[^\s\u0085]+$",
    |text: &str| {
        if text.contains(char::is_whitespace) {
            return Err("must not contain a space".to_owned());
        }
        bounded(text, 1, SHORTCUT_MAX_CHARS)
    }
);
parsed!(
    /// What people call a key: 1 to [`KEY_NAME_MAX_CHARS`] characters, trimmed.
    KeyName,
    1..=KEY_NAME_MAX_CHARS,
    r"[^\s\u0085]",
    |text: &str| bounded(text, 1, KEY_NAME_MAX_CHARS)
);
parsed!(
    /// What a service is called: 1 to [`SERVICE_NAME_MAX_CHARS`] ASCII letters, digits, `_`, `-`, `.`.
    ServiceName [PartialOrd, Ord, Hash, serde::Serialize],
    1..=SERVICE_NAME_MAX_CHARS,
    "^[A-Za-z0-9_.-]+$",
    |text: &str| {
        let text = bounded(text, 1, SERVICE_NAME_MAX_CHARS)?;
        if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) {
            Ok(text)
        } else {
            Err("may hold ASCII letters, digits, '_', '-' and '.' only".to_owned())
        }
    }
);

/// What the one desk is called where a team's name has to stand.
pub const DESK: &str = "default";

impl Default for Kind {
    fn default() -> Self {
        Self("text".to_owned())
    }
}

fn bounded(text: &str, least: usize, most: usize) -> Result<String, String> {
    let text = text.trim();
    // Postgres can't store it in a text, so it is refused for every engine.
    if text.contains('\0') {
        return Err("must not contain a NUL character".to_owned());
    }
    match text.chars().count() {
        0 if least > 0 => Err("must not be empty".to_owned()),
        n if n < least => Err(format!("must have {least} characters at least")),
        n if n > most => Err(format!("has {n} characters, {most} at most")),
        _ => Ok(text.to_owned()),
    }
}

fn not_an_id(name: String) -> Result<String, String> {
    if name.parse::<i64>().is_ok() || name.bytes().all(|b| b.is_ascii_digit()) {
        Err("must not be a number, which would be an id".to_owned())
    } else {
        Ok(name)
    }
}

macro_rules! object {
    ($(#[doc = $doc:literal])* $name:ident, $most:expr) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(try_from = "serde_json::Value")]
        pub struct $name(serde_json::Value);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                contract::object(concat!($($doc),*)).into()
            }
        }

        impl ToSchema for $name {}

        impl $name {
            #[must_use]
            pub fn into_value(self) -> serde_json::Value {
                self.0
            }
        }

        impl TryFrom<serde_json::Value> for $name {
            type Error = String;
            fn try_from(value: serde_json::Value) -> Result<Self, String> {
                if !value.is_object() {
                    return Err("must be a JSON object".to_owned());
                }
                let text = value.to_string();
                if text.len() > $most {
                    return Err(format!("has {} bytes as JSON, {} at most", text.len(), $most));
                }
                if text.contains("\\u0000") {
                    return Err("must not contain a NUL character".to_owned());
                }
                Ok(Self(value))
            }
        }
    };
}

object!(
    /// A JSON object that travels with a message, untouched.
    Metadata,
    METADATA_MAX_BYTES
);
object!(
    /// What an event says: a JSON object of [`EVENT_DATA_MAX_BYTES`] at most.
    EventData,
    EVENT_DATA_MAX_BYTES
);
object!(
    /// What a broadcast says: a JSON object of [`BROADCAST_DATA_MAX_BYTES`] at most.
    BroadcastData,
    BROADCAST_DATA_MAX_BYTES
);

/// How urgent an event is: 0 to [`EVENT_PRIORITY_MAX`], higher first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct EventPriority(u8);

impl PartialSchema for EventPriority {
    fn schema() -> RefOr<Schema> {
        contract::between(0..=EVENT_PRIORITY_MAX.into(), "How urgent an event is: higher first.").into()
    }
}

impl ToSchema for EventPriority {}

impl EventPriority {
    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }
}

impl Default for EventPriority {
    fn default() -> Self {
        Self(EVENT_PRIORITY_DEFAULT)
    }
}

impl TryFrom<i64> for EventPriority {
    type Error = String;
    fn try_from(level: i64) -> Result<Self, String> {
        let level = u8::try_from(level).ok().filter(|level| *level <= EVENT_PRIORITY_MAX);
        level.map(Self).ok_or_else(|| format!("must be 0 to {EVENT_PRIORITY_MAX}"))
    }
}

/// What a visitor thought of a session: 1 to [`RATING_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Rating(u8);

impl PartialSchema for Rating {
    fn schema() -> RefOr<Schema> {
        contract::between(1..=RATING_MAX.into(), "What a visitor thought of a session.").into()
    }
}

impl ToSchema for Rating {}

impl Rating {
    #[must_use]
    pub const fn stars(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Rating {
    type Error = String;
    fn try_from(stars: i64) -> Result<Self, String> {
        let stars = u8::try_from(stars).ok().filter(|stars| (1..=RATING_MAX).contains(stars));
        stars.map(Self).ok_or_else(|| format!("must be 1 to {RATING_MAX}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_taken_at_its_limit_and_refused_one_past() {
        assert!(Content::parse(&"字".repeat(CONTENT_MAX_CHARS)).is_ok());
        assert!(Content::parse(&"字".repeat(CONTENT_MAX_CHARS + 1)).is_err());
        assert!(Content::parse(" \n ").is_err());
        assert_eq!(Content::parse(" hi ").unwrap().as_str(), "hi");
    }

    #[test]
    fn a_password_needs_six_characters() {
        assert!(Password::parse("12345").is_err());
        assert!(Password::parse("123456").is_ok());
        assert!(Password::parse(&"x".repeat(PASSWORD_MAX_CHARS + 1)).is_err());
    }

    #[test]
    fn names_made_of_digits_are_refused() {
        assert!(Username::parse("42").is_err());
        assert!(Username::parse("-42").is_err());
        assert!(Username::parse("99999999999999999999999").is_err());
        assert!(RoomName::parse("7").is_err());
        assert!(Username::parse("user42").is_ok());
        assert!(RoomName::parse("群聊名称").is_ok());
    }

    #[test]
    fn every_limit_holds_at_its_edge() {
        assert!(Username::parse(&"u".repeat(USERNAME_MAX_CHARS)).is_ok());
        assert!(Username::parse(&"u".repeat(USERNAME_MAX_CHARS + 1)).is_err());
        assert!(Nickname::parse(&"n".repeat(NICKNAME_MAX_CHARS)).is_ok());
        assert!(Nickname::parse(&"n".repeat(NICKNAME_MAX_CHARS + 1)).is_err());
        assert!(RoomName::parse(&"r".repeat(ROOM_NAME_MAX_CHARS)).is_ok());
        assert!(RoomName::parse(&"r".repeat(ROOM_NAME_MAX_CHARS + 1)).is_err());
        assert!(Description::parse(&"d".repeat(DESCRIPTION_MAX_CHARS)).is_ok());
        assert!(Description::parse(&"d".repeat(DESCRIPTION_MAX_CHARS + 1)).is_err());
        assert!(BanReason::parse(&"r".repeat(BAN_REASON_MAX_CHARS)).is_ok());
        assert!(BanReason::parse(&"r".repeat(BAN_REASON_MAX_CHARS + 1)).is_err());
        assert!(Kind::parse(&"k".repeat(KIND_MAX_CHARS)).is_ok());
        assert!(Kind::parse(&"k".repeat(KIND_MAX_CHARS + 1)).is_err());
        assert!(DeviceName::parse(&"d".repeat(DEVICE_NAME_MAX_CHARS)).is_ok());
        assert!(DeviceName::parse(&"d".repeat(DEVICE_NAME_MAX_CHARS + 1)).is_err());
        assert!(TeamName::parse(&"t".repeat(TEAM_NAME_MAX_CHARS)).is_ok());
        assert!(TeamName::parse(&"t".repeat(TEAM_NAME_MAX_CHARS + 1)).is_err());
        assert!(Subject::parse(&"s".repeat(SUBJECT_MAX_CHARS)).is_ok());
        assert!(Subject::parse(&"s".repeat(SUBJECT_MAX_CHARS + 1)).is_err());
        assert!(Comment::parse(&"c".repeat(COMMENT_MAX_CHARS)).is_ok());
        assert!(Comment::parse(&"c".repeat(COMMENT_MAX_CHARS + 1)).is_err());
        assert!(NoteText::parse(&"n".repeat(NOTE_MAX_CHARS)).is_ok());
        assert!(NoteText::parse(&"n".repeat(NOTE_MAX_CHARS + 1)).is_err());
        assert!(OfflineMessage::parse(&"o".repeat(OFFLINE_MESSAGE_MAX_CHARS)).is_ok());
        assert!(OfflineMessage::parse(&"o".repeat(OFFLINE_MESSAGE_MAX_CHARS + 1)).is_err());
        assert!(Shortcut::parse(&"s".repeat(SHORTCUT_MAX_CHARS)).is_ok());
        assert!(Shortcut::parse(&"s".repeat(SHORTCUT_MAX_CHARS + 1)).is_err());
        assert!(KeyName::parse(&"k".repeat(KEY_NAME_MAX_CHARS)).is_ok());
        assert!(KeyName::parse(&"k".repeat(KEY_NAME_MAX_CHARS + 1)).is_err());
        assert!(ServiceName::parse(&"s".repeat(SERVICE_NAME_MAX_CHARS)).is_ok());
        assert!(ServiceName::parse(&"s".repeat(SERVICE_NAME_MAX_CHARS + 1)).is_err());
        assert!(ServiceName::parse("知识").is_err() && ServiceName::parse("knowledge-service").is_ok());
        let rating = |stars| Rating::try_from(stars).map(Rating::stars);
        assert_eq!((rating(1), rating(5)), (Ok(1), Ok(5)));
        assert!(rating(0).is_err() && rating(6).is_err() && rating(257).is_err() && rating(-1).is_err());
        let of = |n: usize| serde_json::json!({ "k": "x".repeat(n - r#"{"k":""}"#.len()) });
        assert!(Metadata::try_from(of(METADATA_MAX_BYTES)).is_ok());
        assert!(Metadata::try_from(of(METADATA_MAX_BYTES + 1)).is_err());
        assert!(BroadcastData::try_from(of(BROADCAST_DATA_MAX_BYTES)).is_ok());
        assert!(BroadcastData::try_from(of(BROADCAST_DATA_MAX_BYTES + 1)).is_err());
    }

    #[test]
    fn the_one_desk_has_no_name_or_is_called_default() {
        assert_eq!(TeamName::parse("default").unwrap().as_str(), "");
        assert_eq!(TeamName::parse("").unwrap(), TeamName::default());
        assert_eq!(TeamName::parse("销售-1").unwrap().as_str(), "销售-1");
        assert!(TeamName::parse("a/b").is_err() && TeamName::parse("a b").is_err());
        assert!(Shortcut::parse("two words").is_err() && Shortcut::parse(" one").is_err());
    }
}
