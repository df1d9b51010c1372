//! `make test-processes` leaves cases out by parts of their names: a case that is renamed would silently run again, and
//! its line stay behind.

use std::process::Command;

const LEFT_OUT: &str = include_str!("../in-process.txt");

/// The names of all cases of this binary.
fn cases() -> String {
    let list = Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    String::from_utf8(list.stdout).unwrap()
}

#[test]
fn every_name_is_a_part_of_a_case_and_has_a_reason() {
    let cases = cases();
    let lines = LEFT_OUT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let wrong: Vec<_> = lines
        .filter(|line| {
            !line.split_once(' ').is_some_and(|(name, reason)| !reason.is_empty() && cases.contains(name))
        })
        .collect();
    assert!(cases.contains("in_process::every_name"), "{cases}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
