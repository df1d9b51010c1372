//! The binary as Lambda starts it. Cargo builds it for this, and so for the tests that run many of it.

use std::process::Command;

#[test]
fn it_refuses_to_start_without_configuration_and_names_what_is_missing() {
    let started = Command::new(env!("CARGO_BIN_EXE_message")).env_clear().output().expect("it starts");
    assert!(!started.status.success());
    let said =
        format!("{}{}", String::from_utf8_lossy(&started.stdout), String::from_utf8_lossy(&started.stderr));
    assert!(said.contains("JWT_SECRET"), "{said}");
}
