use std::fmt::Write;

use crate::ports::EventFilter;

/// A page of the events that fit a filter, newest first, for both engines: only what is asked for stands in it, so
/// that the planner finds the index that serves it.
///
/// Parameters, as far as they are asked for, in this order: type, source, target, from, until, least priority; then the
/// last event of the page before, when there is one; and how many.
#[must_use]
pub fn event_history(filter: &EventFilter, is_continued: bool) -> String {
    let conditions = [
        (filter.kind.is_some(), "type ="),
        (filter.source_service.is_some(), "source_service ="),
        (filter.target_service.is_some(), "target_service ="),
        (filter.from.is_some(), "created_at >="),
        (filter.until.is_some(), "created_at <"),
        (filter.priority_min.is_some(), "priority >="),
    ];
    let mut statement =
        "select id, type, source_service, target_service, data, priority, published_by, created_at \
                         from events where true"
            .to_owned();
    let mut parameters = 0;
    for (_, condition) in conditions.iter().filter(|(is_wanted, _)| *is_wanted) {
        parameters += 1;
        // Writing to a string can't fail.
        let _ = write!(statement, " and {condition} ${parameters}");
    }
    if is_continued {
        parameters += 1;
        let _ = write!(
            statement,
            " and (created_at, id) < (select l.created_at, l.id from events l where l.id = ${parameters})"
        );
    }
    let _ = write!(statement, " order by created_at desc, id desc limit ${}", parameters + 1);
    statement
}
