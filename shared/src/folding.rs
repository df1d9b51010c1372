//! Text in the form in which it is compared: what is searched, and what moderation looks for.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// The text as it is compared: compatibility forms made plain (ＡＢＣ is abc), case folded (STRASSE is
/// straße), and without what nobody sees. Close to Unicode's `toNFKC_Casefold`.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).nfkc().default_case_fold().nfkc().collect()
}

/// Characters inside a word that a reader doesn't see: soft hyphen, zero-width characters and joiners,
/// direction marks, byte order mark, variation selectors.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_and_composition_make_no_difference() {
        for (one, other) in [
            ("ＨＥＬＬＯ１", "hello1"),
            ("STRASSE", "straße"),
            ("e\u{301}te\u{301}", "ÉTÉ"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("co\u{ad}operate\u{200b}", "cooperate"),
            ("s\u{61c}p\u{180e}a\u{206f}m\u{e0100}", "spam"),
            ("㍿", "株式会社"),
            ("ﬁne", "FINE"),
        ] {
            assert_eq!(folded(one), folded(other), "{one}");
        }
        assert_ne!(folded("café"), folded("cafe"));
    }
}
