//! Logging in, by the URL of this moment.

use redis::{ErrorKind, RedisError, Value};

use super::connection::Connection;
use super::source::Source;
use crate::config::Secret;
use crate::redis::RedisConfigError;
use crate::secrets::LoginUrl;

/// How servers and the library put it. A cluster's error has the words alone: its kind is that of any failure.
const REFUSED: [&str; 4] =
    ["NOAUTH", "WRONGPASS", "Authentication required", "Password authentication failed"];

pub(super) async fn connect(url: &LoginUrl) -> Result<Connection, RedisError> {
    let asks = url.is_of_secret();
    url.connect(|url| connect_by(url, asks), is_refused).await
}

/// `asks` whether a password is missing, for one trip more.
async fn connect_by(url: Secret, asks: bool) -> Result<Connection, RedisError> {
    let connection = source(&url)?.connect().await?;
    if asks {
        wants_no_password(&connection).await?;
    }
    Ok(connection)
}

fn source(url: &Secret) -> Result<Source, RedisError> {
    let malformed = |error: RedisConfigError| match error {
        RedisConfigError::Malformed(why) => {
            (ErrorKind::InvalidClientConfig, "the Redis URL is malformed", why)
        }
    };
    Source::read(url).map_err(|error| malformed(error).into())
}

/// A wrong password is refused as the connection is made, one that is missing at the first command.
async fn wants_no_password(connection: &Connection) -> Result<(), RedisError> {
    let answers = connection.run(&super::pipeline_of(vec![redis::cmd("PING")])).await?;
    match answers.into_iter().next() {
        Some(Value::ServerError(error)) if error.code() == "NOAUTH" => Err(error.into()),
        _ => Ok(()),
    }
}

/// Whether another login may help: a URL that isn't one is mended in the same place.
fn is_refused(error: &RedisError) -> bool {
    let text = error.to_string();
    error.kind() == ErrorKind::InvalidClientConfig || REFUSED.iter().any(|words| text.contains(words))
}
