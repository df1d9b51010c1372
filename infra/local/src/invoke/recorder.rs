//! Keeps every event as a file.

use super::{FunctionError, Invoker, Trace};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{fs::OpenOptions, io::AsyncWriteExt};

/// Its owner's alone: tokens and content are in it.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// The longest name of what happened, in bytes.
const MAX_WHAT: usize = 80;

/// Writes each event to `<folder>/<function>/<number>-<what>.json` before the invoker inside handles it. Numbers
/// count all events in the order in which they came, and go on where an earlier run ended.
pub struct Recorder {
    inner: Arc<dyn Invoker>,
    folder: PathBuf,
    recorded: AtomicU64,
}

impl Recorder {
    /// Records what `inner` is given. Makes the folder, for its owner alone, unless it is there.
    ///
    /// # Errors
    /// The system's: the folder can't be made or read.
    pub fn open(folder: &Path, inner: Arc<dyn Invoker>) -> io::Result<Self> {
        make(folder)?;
        let recorded = AtomicU64::new(last_number(folder)?);
        Ok(Self { inner, folder: folder.to_owned(), recorded })
    }

    async fn record(&self, function: &str, event: &[u8]) -> io::Result<()> {
        let event: Value = serde_json::from_slice(event)?;
        let folder = self.folder.join(function);
        make(&folder)?;
        let number = self.recorded.fetch_add(1, Relaxed) + 1;
        let file = folder.join(format!("{number:06}-{}.json", what(&event)));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(file).await?;
        file.write_all(format!("{event:#}\n").as_bytes()).await?;
        file.flush().await
    }
}

#[async_trait]
impl Invoker for Recorder {
    async fn invoke_traced(
        &self,
        function: &str,
        event: Bytes,
        limit: Duration,
        trace: &Trace,
    ) -> Result<Bytes, FunctionError> {
        if let Err(error) = self.record(function, &event).await {
            tracing::error!(function, %error, "an event is not recorded");
        }
        self.inner.invoke_traced(function, event, limit, trace).await
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)
}

/// The highest number in the folders of all functions; 0 without any.
fn last_number(folder: &Path) -> io::Result<u64> {
    let mut last = 0;
    for function in fs::read_dir(folder)? {
        let function = function?.path();
        if function.is_dir() {
            for file in fs::read_dir(function)? {
                last = last.max(number(&file?.file_name().to_string_lossy()));
            }
        }
    }
    Ok(last)
}

fn number(file: &str) -> u64 {
    file.split_once('-').and_then(|(number, _)| number.parse().ok()).unwrap_or_default()
}

/// What happened, in a word that a file's name may have.
fn what(event: &Value) -> String {
    let text = |pointer: &str| event.pointer(pointer)?.as_str().map(str::to_owned);
    // An authorizer's is of a `CONNECT` too.
    let named = text("/type").or_else(|| text("/requestContext/eventType"));
    let named = named.or_else(|| request(event)).or_else(|| queue(event)).or_else(|| rule(event));
    file_name(named.as_deref().unwrap_or("event"))
}

/// The method and the path of the route that was taken.
fn request(event: &Value) -> Option<String> {
    let method = event.pointer("/requestContext/http/method")?.as_str()?;
    let route = event.get("routeKey")?.as_str()?;
    Some(format!("{method} {}", route.split_once(' ').map_or(route, |(_, path)| path)))
}

fn queue(event: &Value) -> Option<String> {
    let queue = event.get("rmqMessagesByQueue")?.as_object()?.keys().next()?;
    Some(queue.split("::").next()?.to_owned())
}

/// The rule of a schedule.
fn rule(event: &Value) -> Option<String> {
    Some(event.pointer("/resources/0")?.as_str()?.rsplit('/').next()?.to_owned())
}

fn file_name(text: &str) -> String {
    let plain: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').collect();
    let plain = plain.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    plain.chars().take(MAX_WHAT).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_named_after_what_happened() {
        let request = |key| json!({"routeKey": key, "requestContext": {"http": {"method": "GET"}}});
        for (event, name) in [
            (json!({"type": "REQUEST", "requestContext": {"eventType": "CONNECT"}}), "request"),
            (json!({"requestContext": {"eventType": "DISCONNECT"}}), "disconnect"),
            (request("ANY /api/v1/rooms/{room}"), "get-api-v1-rooms-room"),
            (request("$default"), "get-default"),
            (json!({"rmqMessagesByQueue": {"chat.fanout.1::/": []}}), "chat.fanout.1"),
            (json!({"resources": ["arn:aws:events:us-east-1:000000000000:rule/EveryMinute"]}), "everyminute"),
            (json!({"type": "../../x"}), "..-..-x"),
            (json!([]), "event"),
        ] {
            assert_eq!(what(&event), name, "{event}");
        }
        assert_eq!(file_name(&"x".repeat(MAX_WHAT + 1)).len(), MAX_WHAT);
    }

    #[test]
    fn numbers_go_on_where_an_earlier_run_ended() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(last_number(folder.path()).unwrap(), 0);
        for file in ["message/000002-message.json", "connect/000010-connect.json", "connect/notes.txt"] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "{}").unwrap();
        }
        assert_eq!(last_number(folder.path()).unwrap(), 10);
    }
}
