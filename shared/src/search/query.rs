use std::collections::BTreeSet;

use super::cut::{Stretch, pairs, stretches};

pub const QUERY_MAX_CHARS: usize = 256;
/// Different words and pairs of Han characters in one query.
pub const QUERY_MAX_PIECES: usize = 64;

/// What a message must hold, all of it, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(Vec<String>);

impl Query {
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let length = text.chars().count();
        if length > QUERY_MAX_CHARS {
            return Err(format!("has {length} characters, {QUERY_MAX_CHARS} at most"));
        }
        let pieces = pieces(text);
        match pieces.len() {
            0 => Err("must hold a word, a number or a Han character".to_owned()),
            count if count > QUERY_MAX_PIECES => {
                Err(format!("has {count} words and pairs of Han characters, {QUERY_MAX_PIECES} at most"))
            }
            _ => Ok(Self(pieces.into_iter().collect())),
        }
    }

    /// One at least; as [`super::indexed`] makes them.
    #[must_use]
    pub fn pieces(&self) -> &[String] {
        &self.0
    }
}

fn pieces(text: &str) -> BTreeSet<String> {
    let mut pieces = BTreeSet::new();
    for stretch in stretches(text) {
        match stretch {
            Stretch::Word(word) => drop(pieces.insert(word)),
            Stretch::Han(run) if run.len() == 1 => pieces.extend(run.iter().map(char::to_string)),
            Stretch::Han(run) => pieces.extend(pairs(&run)),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::indexed;
    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        Query::parse(text).unwrap().pieces().to_vec()
    }

    #[test]
    fn a_run_of_han_is_asked_for_by_its_pairs() {
        assert_eq!(parsed("北京大学"), ["京大", "北京", "大学"]);
        assert_eq!(parsed("爱"), ["爱"]);
        assert_eq!(parsed("爱 Rust, RUST"), ["rust", "爱"]);
    }

    #[test]
    fn whatever_is_asked_for_is_in_the_text_itself() {
        for text in ["我爱北京 and Rust", "STRASSE 3.14", "𠮷野家で食べる", "it's ＯＫ"] {
            let held = indexed(text);
            assert!(parsed(text).iter().all(|piece| held.contains(piece)), "{text}");
        }
    }

    #[test]
    fn a_query_holds_something() {
        for text in ["", "  ", "?!", "👍", "%", "\"\" * - ( )"] {
            assert!(Query::parse(text).unwrap_err().starts_with("must hold"), "{text:?}");
        }
    }

    #[test]
    fn a_query_has_a_length_at_most() {
        assert!(Query::parse(&"爱 ".repeat(QUERY_MAX_CHARS / 2)).is_ok());
        let error = Query::parse(&"é".repeat(QUERY_MAX_CHARS + 1)).unwrap_err();
        assert_eq!(error, "has 257 characters, 256 at most");
    }

    #[test]
    fn a_query_has_a_number_of_pieces_at_most() {
        let words = |count: usize| (0..count).map(|n| format!("{n} ")).collect::<String>();
        assert!(Query::parse(&words(QUERY_MAX_PIECES)).is_ok());
        assert!(Query::parse(&words(QUERY_MAX_PIECES + 1)).unwrap_err().starts_with("has 65 words"));
        // Repeats count once.
        assert!(Query::parse(&"so ".repeat(80)).is_ok());
    }
}
