//! docs/BEHAVIOURS.md says what the runner does as AWS does it: each row has its source, and a test of its own.

mod table;

use table::{Row, problems, rows};

/// What the table has at least.
const LEAST: usize = 60;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/BEHAVIOURS.md");

fn read() -> Vec<Row> {
    rows(&std::fs::read_to_string(TABLE).unwrap())
}

#[test]
fn every_behaviour_has_a_source_and_a_test_of_its_own() {
    let problems = problems(&read());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn there_are_sixty_behaviours_at_least() {
    let count = read().len();
    assert!(count >= LEAST, "{count}");
}

const RIGHT: &str = "| A page is read. | [Title](https://docs.aws.amazon.com/a.html) | \
                     `tests/it/behaviours/mod.rs` `there_are_sixty_behaviours_at_least` |";

/// What is said of a table of these rows.
fn said(rows_of: &[&str]) -> String {
    let table =
        format!("text\n\n| behaviour | source | test |\n|---|---|---|\n{}\n\nmore\n", rows_of.join("\n"));
    problems(&rows(&table)).join("\n")
}

#[test]
fn a_row_without_a_source_is_a_problem() {
    assert_eq!(said(&[RIGHT]), "");
    for source in [
        "",
        "[Title]()",
        "somewhere",
        "[Title](http://docs.aws.amazon.com/a.html)",
        "[](https://docs.aws.amazon.com/)",
    ] {
        let row = RIGHT.replace("[Title](https://docs.aws.amazon.com/a.html)", source);
        assert!(said(&[&row]).contains("has no source"), "{row}");
    }
    let observed = RIGHT.replace("[Title](https://docs.aws.amazon.com/a.html)", "observed sample");
    assert_eq!(said(&[&observed]), "");
}

#[test]
fn a_test_that_is_not_there_is_a_problem() {
    for (right, wrong) in [
        ("tests/it/behaviours/mod.rs", "tests/it/behaviours/nothing.rs"),
        ("`there_are_sixty_behaviours_at_least`", "`there_are_sixty`"),
        // A function, but no test.
        ("`there_are_sixty_behaviours_at_least`", "`said`"),
    ] {
        let row = RIGHT.replace(right, wrong);
        assert!(said(&[&row]).contains("no test"), "{row}");
    }
}

#[test]
fn a_test_that_two_rows_name_is_a_problem() {
    let other = RIGHT.replace("A page is read.", "A page is read again.");
    assert!(said(&[RIGHT, &other]).contains("is named twice"));
}

#[test]
fn a_row_that_leaves_a_column_out_is_a_problem() {
    assert!(said(&["| A page is read. | observed sample |"]).contains("has not three columns"));
}
