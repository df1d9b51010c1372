//! One instance of a function's own binary, frozen whenever it isn't asked, as in Lambda.

use std::path::Path;
use std::time::Duration;

use local::invoke::{Described, FunctionError, Invoker, Processes};
use serde_json::Value;

use crate::hark::eventually;

/// Longer than an event takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// Ended on drop.
pub struct Instance {
    function: String,
    processes: Processes,
}

impl Instance {
    /// Of `function`, with these variables; its log goes to the file `log`.
    pub fn of(function: &str, variables: &[(String, String)], log: &Path) -> Self {
        let described = Described {
            name: function.to_owned(),
            environment: variables.iter().cloned().collect(),
            timeout: LIMIT,
            log: Some(log.to_owned()),
            reserved: None,
        };
        // Beside this test's own: cargo builds it for the function's own tests.
        let test = std::env::current_exe().expect("the test's own path");
        let profile = test.parent().and_then(Path::parent).expect("it is in deps/");
        let processes = Processes::new(profile, [described], 1);
        let processes = processes.expect("`make test` builds the function");
        Self { function: function.to_owned(), processes }
    }

    pub async fn invoke(&self, event: Value) -> Result<Value, FunctionError> {
        let answer = self.processes.invoke(&self.function, event.to_string().into(), LIMIT).await?;
        Ok(serde_json::from_slice(&answer).expect("JSON"))
    }

    /// Waits until it asks for its next event, and is stopped there.
    pub async fn is_frozen(&self) {
        eventually(async || self.processes.resting(&self.function) == 1).await;
    }
}
