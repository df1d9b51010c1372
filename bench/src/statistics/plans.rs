//! Which tables a statement reads, from its plan.

use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::database::Database;

/// The tables that a statement's plan reads, each once.
pub(super) async fn tables_read(
    database: &Database,
    statement: &str,
    parameters: usize,
) -> anyhow::Result<Vec<String>> {
    let mut connection = database.connect().await?;
    let prepare = format!("set plan_cache_mode = force_generic_plan; prepare planned as {statement}");
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut connection).await?;
    let nulls = vec!["null"; parameters].join(", ");
    let explain = AssertSqlSafe(format!("explain (format json) execute planned({nulls})"));
    let plan: Value = sqlx::query_scalar(explain).fetch_one(&mut connection).await?;
    let mut tables = Vec::new();
    collect(&plan, &mut tables);
    tables.sort();
    tables.dedup();
    Ok(tables)
}

fn collect(plan: &Value, tables: &mut Vec<String>) {
    match plan {
        Value::Object(node) => {
            tables.extend(node.get("Relation Name").and_then(Value::as_str).map(str::to_owned));
            node.values().for_each(|value| collect(value, tables));
        }
        Value::Array(nodes) => nodes.iter().for_each(|node| collect(node, tables)),
        _ => {}
    }
}
