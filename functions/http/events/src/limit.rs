use serde::Serialize;
use shared::{Error, contract};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Things of one answer, unless said otherwise, and at most.
const LIMIT_DEFAULT: u32 = 20;
pub(crate) const LIMIT_MAX: u32 = 100;

/// What `?limit=` may say.
pub(crate) struct Limit;

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        contract::between(1..=LIMIT_MAX, &format!("How many; {LIMIT_DEFAULT} when left out.")).into()
    }
}

impl ToSchema for Limit {}

/// Reads `?limit=`.
///
/// # Errors
/// `invalid`: 1 to [`LIMIT_MAX`].
pub(crate) fn limit(text: Option<&str>) -> Result<u32, Error> {
    let Some(text) = text else { return Ok(LIMIT_DEFAULT) };
    let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| Error::invalid("limit", format!("must be 1 to {LIMIT_MAX}")))
}

/// Where the next page begins: after the last one of a full page.
pub(crate) fn next<T, C: Serialize>(page: &[T], limit: u32, cursor: impl Fn(&T) -> C) -> Option<C> {
    if page.len() < limit as usize { None } else { page.last().map(cursor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_one_to_a_hundred() {
        assert_eq!(
            (limit(None).unwrap(), limit(Some("1")).unwrap(), limit(Some("100")).unwrap()),
            (20, 1, 100)
        );
        for bad in ["0", "101", "-1", "many", ""] {
            assert!(limit(Some(bad)).unwrap_err().message.starts_with("limit: "), "{bad}");
        }
    }

    #[test]
    fn after_a_full_page_there_may_be_more() {
        assert_eq!(next(&[7, 8], 2, |n| *n), Some(8));
        assert_eq!(next(&[7], 2, |n| *n), None);
    }
}
