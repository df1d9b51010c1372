use std::collections::BTreeSet;

use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use crate::folding::folded;

/// A longer word is known by its first characters; Postgres takes 2,046 bytes.
pub const WORD_MAX_CHARS: usize = 64;

/// A stretch of text without anything between its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    Word(String),
    /// Neighbouring Han characters.
    Han(Vec<char>),
}

/// What the text is found by, each piece once. Letters, digits and their marks only: no quote, operator or
/// space, in ASCII or beyond it.
#[must_use]
pub fn indexed(text: &str) -> Vec<String> {
    let mut pieces = BTreeSet::new();
    for stretch in stretches(text) {
        match stretch {
            Stretch::Word(word) => drop(pieces.insert(word)),
            Stretch::Han(run) => {
                pieces.extend(run.iter().map(char::to_string));
                pieces.extend(pairs(&run));
            }
        }
    }
    pieces.into_iter().collect()
}

/// Every two neighbours.
pub(super) fn pairs(run: &[char]) -> impl Iterator<Item = String> {
    run.windows(2).map(String::from_iter)
}

/// Cuts by Unicode's word boundaries (UAX #29), and what these leave joined (`example.com`, `snake_case`,
/// `can't`) at whatever is no letter, digit or mark.
pub(super) fn stretches(text: &str) -> Vec<Stretch> {
    let text = folded(text);
    let mut stretches = Vec::new();
    let mut han_ends = 0;
    for (at, segment) in text.split_word_bound_indices() {
        if let Some(han) = segment.chars().next().filter(|first| is_han(*first)) {
            match stretches.last_mut() {
                Some(Stretch::Han(run)) if han_ends == at => run.push(han),
                _ => stretches.push(Stretch::Han(vec![han])),
            }
            han_ends = at + segment.len();
        } else {
            let words =
                segment.split(|c| !is_part_of_word(c)).filter(|word| word.contains(char::is_alphanumeric));
            stretches.extend(words.map(|word| Stretch::Word(word.chars().take(WORD_MAX_CHARS).collect())));
        }
    }
    stretches
}

fn is_han(c: char) -> bool {
    c.script() == Script::Han && c.is_alphanumeric()
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        indexed(text)
    }

    #[test]
    fn words_are_cut_wherever_no_letter_or_digit_stands() {
        assert_eq!(
            pieces("Can't stop: example.com/a_b, 3.14!"),
            ["14", "3", "a", "b", "can", "com", "example", "stop", "t"]
        );
        assert_eq!(pieces("naïve ΑΘΗΝΑ हिन्दी"), ["naïve", "αθηνα", "हिन्दी"]);
    }

    #[test]
    fn han_is_cut_into_characters_and_pairs_of_neighbours() {
        assert_eq!(pieces("我爱北京"), ["京", "北", "北京", "我", "我爱", "爱", "爱北"]);
        assert_eq!(pieces("你好，世界"), ["世", "世界", "你", "你好", "好", "界"]);
        assert_eq!(pieces("用Rust写"), ["rust", "写", "用"]);
        // Beyond the basic plane, repeated, and with a variation selector.
        assert_eq!(pieces("𠮷野家"), ["家", "野", "野家", "𠮷", "𠮷野"]);
        assert_eq!(pieces("人々"), ["々", "人", "人々"]);
        assert_eq!(pieces("葛\u{e0100}城"), ["城", "葛", "葛城"]);
    }

    #[test]
    fn what_is_no_word_leaves_nothing() {
        for text in ["", "  \n", "!?,.;:'\"()*&|^-%_", "👍🏽 🇨🇳 👨‍👩‍👧", "、。「」", "\u{301}"]
        {
            assert_eq!(pieces(text), [""; 0], "{text:?}");
        }
    }

    #[test]
    fn no_piece_holds_what_an_engine_could_take_for_its_own() {
        let hostile =
            "NEAR(a b) a AND b* OR -c ^d \"e\" 'f' g:h {i} #42 it''s %_ \\ \0 j\u{2019}k 用\u{ff0a}";
        for piece in pieces(hostile) {
            assert!(piece.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase()), "{piece:?}");
        }
    }

    #[test]
    fn a_long_word_is_known_by_its_head() {
        let long = "ß".repeat(8_000);
        assert_eq!(pieces(&long), ["s".repeat(WORD_MAX_CHARS)]);
        assert_eq!(pieces(&format!("{}x", "𝒜".repeat(WORD_MAX_CHARS))), ["a".repeat(WORD_MAX_CHARS)]);
    }
}
