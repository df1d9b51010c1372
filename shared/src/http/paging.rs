use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::ids::Seq;
use crate::model::{Listed, Listing, Page};
use crate::{Error, contract};

pub const PAGE_SIZE_DEFAULT: u32 = 20;
pub const PAGE_SIZE_MAX: u32 = 100;

/// `?page=1&page_size=20`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Paging {
    pub page: Option<u32>,
    pub page_size: Option<u32>,
}

impl Paging {
    /// # Errors
    /// `invalid`: pages count from 1, and hold 1 to [`PAGE_SIZE_MAX`].
    pub fn page(self) -> Result<Page, Error> {
        let number = self.page.unwrap_or(1);
        if number == 0 {
            return Err(Error::invalid("page", "counts from 1"));
        }
        Ok(Page { number, size: Self::size(self.page_size)? })
    }

    /// # Errors
    /// `invalid`, naming `page_size`.
    pub fn size(size: Option<u32>) -> Result<u32, Error> {
        match size.unwrap_or(PAGE_SIZE_DEFAULT) {
            size @ 1..=PAGE_SIZE_MAX => Ok(size),
            _ => Err(Error::invalid("page_size", format!("must be 1 to {PAGE_SIZE_MAX}"))),
        }
    }
}

/// A place in a room's log, as `field` of a request gives it.
///
/// # Errors
/// `invalid`: none is below 0.
pub fn place(field: &str, seq: Option<Seq>) -> Result<Option<Seq>, Error> {
    if seq.is_some_and(|seq| seq < Seq(0)) {
        Err(Error::invalid(field, "must be 0 at least"))
    } else {
        Ok(seq)
    }
}

impl IntoParams for Paging {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let size = format!("How many of them; {PAGE_SIZE_DEFAULT} when left out.");
        vec![
            contract::query("page", contract::between(1..=u32::MAX, "Counted from 1.")),
            contract::query("page_size", contract::between(1..=PAGE_SIZE_MAX, &size)),
        ]
    }
}

/// A page of a list as it is answered: `{"<its name>": [...], "page": 1, "page_size": 20, "total": 3}`.
#[derive(Debug)]
pub struct Paged<T> {
    page: Page,
    found: Option<Listing<T>>,
}

impl<T> Paged<T> {
    pub const fn new(page: Page, found: Listing<T>) -> Self {
        Self { page, found: Some(found) }
    }

    /// While nobody knows what would stand on it: the items and `total` are null.
    pub const fn unknown(page: Page) -> Self {
        Self { page, found: None }
    }
}

impl<T: Listed + ToSchema> PartialSchema for Paged<T> {
    fn schema() -> RefOr<Schema> {
        contract::listing::<T>(T::LIST, T::MAY_BE_UNKNOWN).into()
    }
}

impl<T: Listed + ToSchema> ToSchema for Paged<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("PageOf{}", T::name()))
    }

    fn schemas(schemas: &mut contract::Schemas) {
        contract::add::<T>(schemas);
    }
}

impl<T: Listed + Serialize> Serialize for Paged<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_map(Some(4))?;
        answer.serialize_entry(T::LIST, &self.found.as_ref().map(|found| &found.items))?;
        answer.serialize_entry("page", &self.page.number)?;
        answer.serialize_entry("page_size", &self.page.size)?;
        answer.serialize_entry("total", &self.found.as_ref().map(|found| found.total))?;
        answer.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_one_to_a_hundred() {
        let page = |page, page_size| Paging { page, page_size }.page();
        assert_eq!(page(None, None).unwrap(), Page { number: 1, size: 20 });
        assert!(page(Some(1), Some(100)).is_ok());
        assert!(page(Some(1), Some(101)).is_err());
        assert!(page(Some(1), Some(0)).is_err());
        assert!(page(Some(0), None).is_err());
    }

    #[derive(Serialize)]
    struct Letter(char);

    impl Listed for Letter {
        const LIST: &'static str = "letters";
    }

    #[test]
    fn a_list_stands_under_its_name_with_its_page() {
        let found = Listing { items: vec![Letter('a'), Letter('b')], total: 22 };
        let answer = Paged::new(Page { number: 2, size: 20 }, found);
        let json = r#"{"letters":["a","b"],"page":2,"page_size":20,"total":22}"#;
        assert_eq!(serde_json::to_string(&answer).unwrap(), json);
        let answer = Paged::<Letter>::unknown(Page { number: 1, size: 20 });
        let json = r#"{"letters":null,"page":1,"page_size":20,"total":null}"#;
        assert_eq!(serde_json::to_string(&answer).unwrap(), json);
    }
}
