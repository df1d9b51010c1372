//! The documents that are generated from the code; `make documents` writes them under `docs`.

pub mod asyncapi;
pub mod openapi;

use clap::ValueEnum;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// `docs/openapi.json`.
    Openapi,
    /// `docs/asyncapi.json`.
    Asyncapi,
}

impl Document {
    /// The whole document, as its file holds it.
    pub fn text(self) -> String {
        match self {
            Self::Openapi => openapi::text(),
            Self::Asyncapi => asyncapi::text(),
        }
    }
}
