use std::sync::Arc;

use shared::app::{App, Warm};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = App::from_env(&[Warm::Postgres, Warm::RabbitMq]).await?;
    lambda_http::run(services::router(Arc::new(app))).await
}
