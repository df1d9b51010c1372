use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::app::App;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = App::from_env(&[]).await?;
    let app = &app;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| migrate::handle(app, event.payload))).await
}
