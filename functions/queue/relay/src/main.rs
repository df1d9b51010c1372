use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::app::{App, Warm};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = App::from_env(&[Warm::Postgres, Warm::RabbitMq]).await?;
    let app = &app;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| relay::handle(app, event.payload))).await
}
