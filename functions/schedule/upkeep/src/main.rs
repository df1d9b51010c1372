use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::app::{App, Warm};
use shared::telemetry::measured;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = App::from_env("upkeep", &[Warm::Postgres, Warm::Redis]).await?;
    let app = &app;
    lambda_runtime::run(measured(service_fn(|event: LambdaEvent<_>| upkeep::handle(app, event.payload))))
        .await
}
