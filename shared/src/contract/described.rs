//! What all operations have in common, put where the macros can't.

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::{OpenApi, Ref, RefOr, Schema};

use super::refusals::refusals;
use super::schema;
use crate::Code;
use crate::http::ON_BEHALF_OF;
use crate::identity::Permission;

const ON_BEHALF_OF_REF: &str = "#/components/parameters/OnBehalfOf";

/// Refused by every operation.
const ALWAYS: [Code; 2] = [Code::Internal, Code::Unavailable];
/// And by those that take a bearer, who may be banned, or act for a user that nobody is.
const BY_BEARER: [Code; 3] = [Code::Unauthenticated, Code::Forbidden, Code::NotFound];

/// Completes what a function's macros say: the group that it stands in, names of operations, a summary out of the first
/// sentence, the permission that the text names, and how every operation refuses.
#[must_use]
pub fn described(mut document: OpenApi, group: &str) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.tags = Some(vec![group.to_owned()]);
            operation.operation_id = Some(name(method, path));
            describe(operation);
            may_be_left_out(operation);
            refuse(operation);
        }
    }
    document
}

/// Says that `path` is served as `other` is, by all its methods.
pub fn also_at(document: &mut OpenApi, path: &str, other: &str) {
    if let Some(item) = document.paths.paths.get(other).cloned() {
        document.paths.paths.insert(path.to_owned(), item);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// `get /api/v1/rooms/{room}` is `getRoomsByRoom`: nobody thinks up a name twice.
fn name(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api").trim_start_matches("/v1");
    let words = path.split(['/', '-', '_', '.']).filter(|word| !word.is_empty());
    let said = words.map(|word| match word.strip_prefix('{') {
        Some(variable) => format!("By{}", capital(variable.trim_end_matches('}'))),
        None => capital(word),
    });
    said.fold(method.to_owned(), |name, word| name + &word)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// Handlers are documented as "`GET /path`: what it does.", with the errors below.
fn describe(operation: &mut Operation) {
    let first = operation.summary.take().unwrap_or_default().replace('\n', " ");
    let first = first.split_once("`: ").filter(|_| first.starts_with('`')).map_or(&*first, |(_, said)| said);
    let first = capital(first);
    let sentence = first.split_inclusive(['.', ';', ':']).find(|part| part.len() > 1).unwrap_or_default();
    operation.summary = Some(sentence.trim_end_matches(['.', ';', ':']).to_owned());
    let more = operation.description.take().unwrap_or_default().replace("# Errors\n", "Errors: ");
    let text = format!("{first}\n\n{}", more.replace('\n', " "));
    if let Some(permission) = permission(&text) {
        let named = Extensions::builder().add("x-permission", permission.name());
        operation.extensions = Some(named.build());
    }
    operation.description = Some(text.trim_end().to_owned());
}

/// A body that may be left out is optional, not null.
fn may_be_left_out(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(RefOr::T(Schema::OneOf(either))) = &content.schema {
            content.schema = either.items.first().cloned();
        }
    }
}

/// "`forbidden` without `users.manage`" names it.
fn permission(text: &str) -> Option<Permission> {
    let (_, after) = text.split_once("`forbidden` without `")?;
    Permission::named(after.split('`').next()?)
}

fn refuse(operation: &mut Operation) {
    let mut codes = ALWAYS.to_vec();
    if operation.security.is_none() {
        codes.extend(BY_BEARER);
        operation.parameters.get_or_insert_default().push(RefOr::Ref(Ref::new(ON_BEHALF_OF_REF)));
    }
    if operation.request_body.is_some() {
        codes.push(Code::TooLarge);
    }
    if operation.request_body.is_some() || operation.parameters.as_ref().is_some_and(|all| !all.is_empty()) {
        codes.push(Code::Invalid);
    }
    for (status, answer) in refusals(&codes) {
        operation.responses.responses.entry(status).or_insert(answer);
    }
}

/// The header by which a service acts for a user, which operations refer to.
#[must_use]
pub fn on_behalf_of() -> (&'static str, Parameter) {
    let text = "Whom an API key with `users.manage` acts for: the id or name of a user without permissions.";
    ("OnBehalfOf", schema::header(ON_BEHALF_OF, schema::text(1..=100, "", text)))
}
