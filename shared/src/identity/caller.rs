use std::collections::HashMap;

use serde_json::{Value, json};

use super::Permission;
use crate::Error;
use crate::clock::UnixMs;
use crate::ids::{ApiKeyId, UserId};
use crate::model::{Account, Role};

/// Who is calling, as a checked token (and nothing else) says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub user: UserId,
    pub username: String,
    /// The name that others see.
    pub name: String,
    pub role: Role,
    pub permissions: Vec<Permission>,
    /// The client's name for itself, when it gave one.
    pub device: Option<String>,
    pub expires_at: UnixMs,
    /// The account's when the token was checked: a socket opened by a token that is revoked meanwhile is
    /// known by it.
    pub token_version: i64,
    /// The key that was shown over HTTP; None for a token, and on a socket.
    pub api_key: Option<ApiKeyId>,
}

/// The authorizer's context didn't come along: the route has no authorizer, or it isn't ours.
#[derive(Debug, thiserror::Error)]
#[error("the event carries no caller: {0}")]
pub struct ContextError(&'static str);

impl Caller {
    /// The caller of an account that is in good standing.
    ///
    /// # Errors
    /// `forbidden` when banned, with the end of it.
    pub fn of(account: &Account, expires_at: UnixMs, now: UnixMs) -> Result<Self, Error> {
        if let Some(until) = account.banned_until.filter(|until| *until > now) {
            return Err(Error::banned("everything", until));
        }
        Ok(Self {
            user: account.user.id,
            username: account.user.username.clone(),
            name: account.user.nickname.clone(),
            role: account.role,
            permissions: account.role.permissions(),
            device: None,
            expires_at,
            token_version: account.token_version,
            api_key: None,
        })
    }

    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// # Errors
    /// `forbidden`, naming the permission that is missing.
    pub fn require(&self, permission: Permission) -> Result<(), Error> {
        if self.may(permission) {
            Ok(())
        } else {
            Err(Error::forbidden(format!("the permission {} is missing", permission.name())))
        }
    }

    /// What the authorizer hands to every later event of the socket: strings only, as API Gateway wants.
    #[must_use]
    pub fn to_context(&self) -> Value {
        let permissions: Vec<_> = self.permissions.iter().map(|p| p.name()).collect();
        json!({
            "user_id": self.user.to_string(),
            "username": self.username,
            "name": self.name,
            "role": self.role,
            "permissions": permissions.join(" "),
            "device": self.device.as_deref().unwrap_or_default(),
            "expires_at": self.expires_at.0.to_string(),
            "token_version": self.token_version.to_string(),
        })
    }

    /// Reads the context back from an event.
    ///
    /// # Errors
    /// Which part is missing.
    pub fn from_context(fields: &HashMap<String, Value>) -> Result<Self, ContextError> {
        let text = |key| fields.get(key).and_then(Value::as_str);
        let number = |key| text(key).and_then(|value| value.parse::<i64>().ok());
        let role = fields.get("role").and_then(|role| serde_json::from_value(role.clone()).ok());
        Ok(Self {
            user: UserId(number("user_id").ok_or(ContextError("user_id"))?),
            username: text("username").ok_or(ContextError("username"))?.to_owned(),
            name: text("name").ok_or(ContextError("name"))?.to_owned(),
            role: role.ok_or(ContextError("role"))?,
            permissions: text("permissions")
                .unwrap_or_default()
                .split(' ')
                .filter_map(Permission::named)
                .collect(),
            device: text("device").filter(|device| !device.is_empty()).map(str::to_owned),
            expires_at: UnixMs(number("expires_at").ok_or(ContextError("expires_at"))?),
            // Sockets that an older authorizer let in say none; they count as current.
            token_version: number("token_version").unwrap_or(i64::MAX),
            api_key: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_survives_the_authorizers_context() {
        let caller = Caller {
            user: UserId(7),
            username: "ann".into(),
            name: "Ann 安".into(),
            role: Role::Staff,
            permissions: Role::Staff.permissions(),
            device: Some("phone".into()),
            expires_at: UnixMs(1_700_000_000_000),
            token_version: 3,
            api_key: None,
        };
        let context = serde_json::from_value(caller.to_context()).unwrap();
        assert_eq!(Caller::from_context(&context).unwrap(), caller);
        assert!(Caller::from_context(&HashMap::new()).is_err());
    }
}
