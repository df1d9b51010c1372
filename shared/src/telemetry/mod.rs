//! What a function says of itself: logs on standard error, and figures for CloudWatch on standard output.

mod export;
mod logs;
mod metric;

pub use export::{Measured, export, is_exported, measured};
pub use logs::init;
pub use metric::{Kind, METRICS, Metric, Row};
