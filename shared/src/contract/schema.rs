//! Schemas of what is parsed by hand, out of the limits that the parsing goes by.

use std::ops::RangeInclusive;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{
    AnyOfBuilder, Array, KnownFormat, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::{Ref, RefOr, Required};
use utoipa::{Number, ToSchema};

/// A text of so many characters; `pattern` is ECMA-262's, and empty when every text of that length is taken.
#[must_use]
pub fn text(chars: RangeInclusive<usize>, pattern: &str, description: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(*chars.start()).filter(|least| *least > 0))
        .max_length(Some(*chars.end()))
        .pattern((!pattern.is_empty()).then_some(pattern))
        .description(said(description))
        .build()
}

/// Any text.
#[must_use]
pub fn words(description: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).description(said(description)).build()
}

/// A whole number of 64 bits, `least` at least.
#[must_use]
pub fn number(least: isize, description: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(Number::Int(least)))
        .description(said(description))
        .build()
}

/// A whole number of a range.
#[must_use]
pub fn between(range: RangeInclusive<u32>, description: &str) -> Object {
    let bound = |bound: u32| Some(Number::UInt(bound as usize));
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(bound(*range.start()))
        .maximum(bound(*range.end()))
        .description(said(description))
        .build()
}

/// A day, as RFC 3339 writes it.
#[must_use]
pub fn day(description: &str) -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::Date);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).description(said(description)).build()
}

/// Any JSON object.
#[must_use]
pub fn object(description: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::Object).description(said(description)).build()
}

/// A page of a list that stands under `name`.
#[must_use]
pub fn listing<T: ToSchema>(name: &str, may_be_unknown: bool) -> Object {
    let unless_known = |schema: Schema| if may_be_unknown { nullable(schema) } else { schema };
    let total = Schema::Object(number(0, "Of the whole list."));
    ObjectBuilder::new()
        .property(name, unless_known(list::<T>()))
        .property("page", number(1, "Counted from 1."))
        .property("page_size", number(1, ""))
        .property("total", unless_known(total))
        .required(name)
        .required("page")
        .required("page_size")
        .required("total")
        .build()
}

/// A parameter of the query that may be left out.
#[must_use]
pub fn query(name: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    optional(ParameterIn::Query, name, schema)
}

/// A header that may be left out.
#[must_use]
pub fn header(name: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    optional(ParameterIn::Header, name, schema)
}

fn optional(place: ParameterIn, name: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(place);
    parameter.required(Required::False).schema(Some(schema)).build()
}

/// A list of what has a schema of its own.
#[must_use]
pub fn list<T: ToSchema>() -> Schema {
    let item: RefOr<Schema> = Ref::from_schema_name(T::name()).into();
    Schema::Array(Array::new(item))
}

/// The properties of all of these, each of which may be missing.
#[must_use]
pub fn optional_properties(objects: impl IntoIterator<Item = RefOr<Schema>>) -> Object {
    let mut all = ObjectBuilder::new().schema_type(Type::Object);
    for object in objects {
        let RefOr::T(Schema::Object(object)) = object else { continue };
        for (name, schema) in object.properties {
            all = all.property(name, schema);
        }
    }
    all.build()
}

/// One or the other, or what is both.
#[must_use]
pub fn either<A: ToSchema, B: ToSchema>() -> RefOr<Schema> {
    let (one, other) = (Ref::from_schema_name(A::name()), Ref::from_schema_name(B::name()));
    AnyOfBuilder::new().item(one).item(other).into()
}

/// The same, or null.
#[must_use]
pub fn nullable(schema: impl Into<RefOr<Schema>>) -> Schema {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    Schema::OneOf(OneOfBuilder::new().item(null).item(schema).build())
}

fn said(description: &str) -> Option<String> {
    let text = description.split_whitespace().collect::<Vec<_>>().join(" ");
    // A link of rustdoc leads nowhere here.
    let text = text.replace("[`", "`").replace("`]", "`");
    (!text.is_empty()).then_some(text)
}
