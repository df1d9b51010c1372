//! Text in the form in which words are looked for, with the way back to where it came from.

use std::ops::Range;

use caseless::default_case_fold_str;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Text after NFKC and case folding, without characters that nobody sees.
pub(super) struct Folded {
    pub(super) text: String,
    /// Where each character of the original begins in `text`, and its bytes in the original.
    origins: Vec<(usize, Range<usize>)>,
}

impl Folded {
    pub(super) fn of(original: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(original.len()), origins: Vec::new() };
        for group in groups(original) {
            let begin = folded.text.len();
            folded.text.push_str(&fold(&original[group.clone()]));
            folded.origins.push((begin, group));
        }
        folded
    }

    /// The part of the original that a part of `text` came from.
    pub(super) fn origin(&self, part: &Range<usize>) -> Range<usize> {
        let holding = |at: usize| {
            let after = self.origins.partition_point(|(begin, _)| *begin <= at);
            self.origins[after.saturating_sub(1)].1.clone()
        };
        holding(part.start).start..holding(part.end.saturating_sub(1)).end
    }
}

/// What a reader takes for one character: a letter with its marks, and what can't be seen after it.
fn groups(text: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        match groups.last_mut() {
            Some(group) if is_combining_mark(character) || is_invisible(character) => group.end = end,
            _ => groups.push(at..end),
        }
    }
    groups
}

pub(super) fn fold(text: &str) -> String {
    let visible: String = text.chars().filter(|character| !is_invisible(*character)).collect();
    let composed: String = visible.nfkc().collect();
    default_case_fold_str(&composed).nfkc().collect()
}

/// Soft hyphen, zero-width characters and joiners, direction marks, byte order mark, variation selectors.
pub(super) const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_alike() {
        for same in ["Straße", "ＳＴＲＡＳＳＥ", "s\u{200b}tra\u{ad}sse"] {
            assert_eq!(fold(same), "strasse", "{same}");
        }
        assert_eq!(fold("Cafe\u{301}"), fold("CAFÉ"));
    }

    #[test]
    fn a_part_leads_back_to_where_it_came_from() {
        let original = "a ﬁne Cafe\u{301}!";
        let folded = Folded::of(original);
        let part = |word: &str| {
            let at = folded.text.find(word).unwrap();
            &original[folded.origin(&(at..at + word.len()))]
        };
        assert_eq!(part("fine"), "ﬁne");
        assert_eq!(part("i"), "ﬁ", "half of a ligature is the whole of it");
        assert_eq!(part("café"), "Cafe\u{301}");
        assert_eq!(part("!"), "!");
    }
}
