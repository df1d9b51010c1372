//! How text is cut into what can be found: here alone, for what is stored and for what is asked, whichever
//! engine keeps it. The engines only compare the pieces.
//!
//! A piece is a word, a Han character, or a pair of neighbouring Han characters, since Chinese writes no
//! spaces between words. Text is indexed by its characters and its pairs; a query of two characters or more
//! asks for its pairs alone, which are rarer.

mod cut;
mod query;

pub use cut::{WORD_MAX_CHARS, indexed};
pub use query::{QUERY_MAX_CHARS, QUERY_MAX_PIECES, Query};
