//! What the HTTP functions promise, as OpenAPI says it. Each describes its routes by `openapi()`, which nothing
//! calls while it serves; the runner merges them into `docs/openapi.json`.

mod described;
mod refusals;
mod schema;
mod webhooks;

pub use described::{also_at, described, on_behalf_of};
pub use refusals::{Conflict, Forbidden, RateLimited, Rejected, Unauthenticated, answers, refusals};
pub use schema::{
    between, day, either, header, list, listing, nullable, number, object, optional_properties, query, text,
    words,
};
pub use webhooks::{Schemas, add, webhooks};
