//! One event for one function, by hand.

use crate::{
    Options,
    app::Backend,
    functions,
    invoke::{FunctionError, Invoker},
    template::Template,
};
use anyhow::anyhow;
use bytes::Bytes;
use std::time::Duration;

/// As long as any function may take (`Migrate` in the template).
const LIMIT: Duration = Duration::from_secs(300);

/// Invokes a function on the state that `options` describe and answers what it gave.
///
/// # Errors
/// The event is no JSON, the function is unknown or fails, or the state is in use or away.
pub async fn invoke_once(options: &Options, function: &str, event: &str) -> anyhow::Result<String> {
    let event: serde_json::Value = serde_json::from_str(event)?;
    let template = Template::read(&options.template, &options.overrides())?;
    let backend = Backend::open(options, &template).await?;
    let functions = functions::all(&backend.app);
    let answer = functions.invoke(function, Bytes::from(event.to_string()), LIMIT).await;
    let answer =
        answer.map_err(|FunctionError { error_message, .. }| anyhow!("{function}: {error_message}"))?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
