//! The files, and what their functions answered.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use local::invoke::FunctionError;
use serde_json::Value;
use shared::mq_event::RabbitMqEvent;
use shared::ports::Event as Told;

const ENDING: &str = ".json";

/// One file, named `function/what`.
pub struct Event {
    pub name: String,
    pub bytes: Bytes,
}

impl Event {
    pub fn read(name: &str) -> Self {
        let path = folder().join(format!("{name}{ENDING}"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { name: name.to_owned(), bytes: bytes.into() }
    }

    /// What a queue's event brings.
    pub fn told(&self) -> Vec<Told> {
        let event: RabbitMqEvent = serde_json::from_slice(&self.bytes).unwrap();
        event.envelopes().into_iter().filter_map(|incoming| Some(incoming.envelope.ok()?.event)).collect()
    }

    /// The function that gets it.
    pub fn function(&self) -> &str {
        self.name.split_once('/').unwrap().0
    }
}

/// Every event, function by function.
pub fn every() -> Vec<Event> {
    let functions = entries(&folder()).into_iter().filter(|path| path.is_dir());
    functions.flat_map(|function| entries(&function)).map(|file| Event::read(&name(&file))).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name(file: &Path) -> String {
    let name = file.strip_prefix(folder()).unwrap().to_str().unwrap();
    name.strip_suffix(ENDING).unwrap_or_else(|| panic!("{name} is no event")).to_owned()
}

/// What a function gave back for an event.
#[derive(Debug)]
pub struct Answer(pub Result<Bytes, FunctionError>);

impl Answer {
    /// In the words of the table of expectations.
    pub fn summary(&self) -> String {
        let answer = match &self.0 {
            Err(error) => return format!("fails: {}", error.error_message),
            Ok(answer) => serde_json::from_slice::<Value>(answer).unwrap(),
        };
        if let Some(effect) = answer.pointer("/policyDocument/Statement/0/Effect") {
            return format!("{} {}", effect.as_str().unwrap(), answer["principalId"].as_str().unwrap());
        }
        match answer.get("statusCode") {
            Some(status) => frame(&answer).unwrap_or_else(|| status.to_string()),
            None => "done".to_owned(),
        }
    }

    /// The JSON inside a proxy answer.
    pub fn body(&self) -> Value {
        let answer: Value = serde_json::from_slice(self.0.as_ref().unwrap()).unwrap();
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    }
}

/// The type of the frame in the answer, with the code of an error.
fn frame(answer: &Value) -> Option<String> {
    let body: Value = serde_json::from_str(answer["body"].as_str()?).ok()?;
    let kind = body["type"].as_str().filter(|_| answer.get("multiValueHeaders").is_none())?;
    Some(match body["code"].as_str() {
        Some(code) => format!("{kind} {code}"),
        None => kind.to_owned(),
    })
}
