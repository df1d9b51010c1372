//! Finding words of a list.

use std::ops::Range;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{BuildError, Input};

use super::fold::Folded;
use crate::folding::{folded, is_invisible};

/// Words, folded. One of letters that are written with spaces between words stands alone: "ass" isn't in
/// "class". Chinese, Japanese and Korean have no such spaces: there a word is found wherever it stands.
pub(super) struct WordList(NFA);

impl WordList {
    /// # Errors
    /// When they are too many for an automaton.
    pub(super) fn new(words: &[String]) -> Result<Self, BuildError> {
        let words = words.iter().map(|word| folded(word.trim())).filter(|word| !word.is_empty());
        NFA::new(words).map(Self)
    }

    /// Where a word of the list stands in the text, in bytes, by their beginnings; they may overlap.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let folded = Folded::of(text);
        // Err only of automata that look for the leftmost match alone.
        let found = self.0.try_find_overlapping_iter(Input::new(&folded.text)).into_iter().flatten();
        let found = found.map(|found| found.range());
        let mut found: Vec<_> =
            found.filter(|part| stands_alone(&folded.text, part)).map(|part| folded.origin(&part)).collect();
        found.sort_unstable_by_key(|part| part.start);
        found
    }
}

fn stands_alone(text: &str, part: &Range<usize>) -> bool {
    let word = &text[part.clone()];
    let before = text[..part.start].chars().next_back();
    let after = text[part.end..].chars().next();
    !(continues(before, word.chars().next()) || continues(word.chars().next_back(), after))
}

/// Whether two neighbours are of one word.
fn continues(one: Option<char>, next: Option<char>) -> bool {
    one.is_some_and(is_spaced_letter) && next.is_some_and(is_spaced_letter)
}

/// A letter or digit of a script that puts spaces between words.
fn is_spaced_letter(character: char) -> bool {
    let unspaced = matches!(
        character,
        '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
    );
    character.is_alphanumeric() && !unspaced
}

/// The text with an asterisk for each character that one sees of these parts, which begin in order.
pub(super) fn mask(text: &str, parts: &[Range<usize>]) -> String {
    let is_masked = |at: usize| parts.iter().any(|part| part.contains(&at));
    let shown = |(at, character): (usize, char)| match (is_masked(at), is_invisible(character)) {
        (false, _) => Some(character),
        (true, true) => None,
        (true, false) => Some('*'),
    };
    text.char_indices().filter_map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(words: &[&str], text: &str) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        mask(text, &WordList::new(&words).unwrap().find(text))
    }

    #[test]
    fn a_word_with_spaces_around_it_is_no_part_of_another() {
        for clean in ["class", "assess", "bass 2ass", "crass"] {
            assert_eq!(masked(&["ass"], clean), clean);
        }
        assert_eq!(masked(&["ass"], "an ass, ASS! (ass)"), "an ***, ***! (***)");
        assert_eq!(masked(&["bad word"], "a bad word"), "a ********");
    }

    #[test]
    fn a_chinese_word_is_found_wherever_it_stands() {
        assert_eq!(masked(&["赌博"], "网上赌博很危险"), "网上**很危险");
        assert_eq!(masked(&["赌博", "spam"], "赌博spam赌博"), "**********"[..8].to_owned());
    }

    #[test]
    fn disguises_are_seen_through() {
        assert_eq!(masked(&["spam"], "ｓｐａｍ S\u{200b}P\u{200d}A\u{ad}M"), "**** ****");
        assert_eq!(masked(&["赌博"], "赌\u{200b}博"), "**");
        assert_eq!(masked(&["straße"], "STRASSE"), "*******");
    }

    #[test]
    fn the_rest_of_the_text_stays_as_it_was() {
        let text = "ﬁne  Ｔext, “quoted” — grüße\n\tspam 👍🏽";
        assert_eq!(masked(&["spam"], text), "ﬁne  Ｔext, “quoted” — grüße\n\t**** 👍🏽");
        assert_eq!(masked(&[], text), text);
    }

    #[test]
    fn words_inside_words_of_the_list_are_found() {
        assert_eq!(masked(&["赌", "赌博网", "博"], "赌博网"), "***");
    }
}
