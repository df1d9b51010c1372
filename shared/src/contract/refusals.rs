//! How every function refuses, out of the one table of errors.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};

use super::schema;
use crate::Code;
use crate::error::TABLE;
use crate::http::ErrorBody;

macro_rules! refusal {
    ($($code:ident),+) => {$(
        #[doc = concat!("The answer of [`Code::", stringify!($code), "`].")]
        pub struct $code;

        impl IntoResponses for $code {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                refusals(&[Code::$code])
            }
        }
    )+};
}

refusal!(Unauthenticated, Forbidden, Conflict, RateLimited, Rejected);

/// The answers of these codes, by status. Codes that share one share an answer, which names both.
#[must_use]
pub fn refusals(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let statuses = codes.iter().map(|code| code.row().status);
    statuses.map(|status| (status.to_string(), Ref::from_response_name(name(status)).into())).collect()
}

/// What [`refusals`] refers to, by name.
pub fn answers() -> impl Iterator<Item = (String, Response)> {
    let statuses: BTreeSet<u16> = TABLE.iter().map(|row| row.status).collect();
    statuses.into_iter().map(|status| (name(status), answer(status)))
}

fn name(status: u16) -> String {
    format!("Refused{status}")
}

fn answer(status: u16) -> Response {
    let rows = TABLE.iter().filter(|row| row.status == status);
    let meanings: Vec<String> = rows.map(|row| format!("`{}`: {}", row.name, row.meaning)).collect();
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    let answer = ResponseBuilder::new().description(meanings.join(" ")).content("application/json", body);
    match header(status) {
        Some((name, header)) => answer.header(name, header).build(),
        None => answer.build(),
    }
}

/// As the answer of an error carries them.
fn header(status: u16) -> Option<(&'static str, utoipa::openapi::Header)> {
    let (name, schema) = match status {
        401 => ("WWW-Authenticate", schema::text(0..=200, "^Bearer", "RFC 6750.")),
        429 => ("Retry-After", schema::number(0, "Seconds (RFC 9110).")),
        _ => return None,
    };
    Some((name, HeaderBuilder::new().schema(Some(schema)).build()))
}
