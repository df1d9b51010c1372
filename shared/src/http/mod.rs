//! What the HTTP functions share: the caller from the bearer token, bodies and queries that name the
//! field that is wrong, and errors as JSON.

mod answer;
mod body;
mod caller;
mod error;
mod idempotency;
mod paging;
mod path;
mod router;

pub use answer::{Answer, answers};
pub use body::{BODY_MAX_BYTES, Body, Params};
pub use caller::ON_BEHALF_OF;
pub use error::ErrorBody;
pub use idempotency::{client_id, idempotency_key};
pub use paging::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, Paged, Paging, place};
pub use path::At;
pub use router::serve;
