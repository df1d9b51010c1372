//! Text in the form in which words are looked for, with the way back to where it came from.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::folding::{folded, is_invisible};

/// Text as [`folded`] makes it, character by character.
pub(super) struct Folded {
    pub(super) text: String,
    /// Where each character of the original begins in `text`, and its bytes in the original.
    origins: Vec<(usize, Range<usize>)>,
}

impl Folded {
    pub(super) fn of(original: &str) -> Self {
        let mut whole = Self { text: String::with_capacity(original.len()), origins: Vec::new() };
        for group in groups(original) {
            let begin = whole.text.len();
            whole.text.push_str(&folded(&original[group.clone()]));
            whole.origins.push((begin, group));
        }
        whole
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

#[cfg(test)]
mod tests {
    use super::*;

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
