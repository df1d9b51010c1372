use std::sync::Arc;

use shared::app::{App, Warm};
use shared::http::answers;
use shared::telemetry::measured;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = App::from_env("rooms", &[Warm::Postgres, Warm::Redis]).await?;
    lambda_http::run(measured(answers(rooms::router(Arc::new(app))))).await
}
