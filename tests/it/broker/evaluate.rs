//! What the node of the tests' broker is asked in its own language.

use std::env;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Has the broker evaluate Erlang expressions, the last one ended by a full stop; what that one gives.
pub fn evaluate(expressions: &str) -> String {
    let output = answer(expressions);
    let said = String::from_utf8_lossy(&output.stdout);
    // It ends with 0 whatever was thrown: only the answer tells.
    let value = said.trim().strip_prefix("{ok, ").and_then(|value| value.strip_suffix('}'));
    let complaint = || format!("{expressions}: {said} {}", String::from_utf8_lossy(&output.stderr));
    value.map(str::to_owned).unwrap_or_else(|| panic!("{}", complaint()))
}

fn answer(expressions: &str) -> Output {
    let program = env::var("RABBITMQ_EVAL").expect("run `make test`, which starts the services");
    let mut command = Command::new(program);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // Dropped at the end of the statement, which tells the program that this is all.
    writeln!(child.stdin.take().expect("piped"), "{expressions}").expect("it reads");
    child.wait_with_output().expect("it ends")
}
