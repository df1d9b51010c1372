use std::sync::Arc;

use shared::app::{App, Warm};
use shared::telemetry::measured;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = App::from_env("accounts", &[Warm::Postgres, Warm::Redis]).await?;
    lambda_http::run(measured::<lambda_http::Request, _>(accounts::router(Arc::new(app)))).await
}
