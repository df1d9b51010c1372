use shared::app::App;
use shared::config::ConfigError;
use shared::kept_figures;

/// Compares yesterday's figures with the messages and sessions themselves, once, and puts them right; answers
/// how many rows were wrong. Should it fail, an operator can rebuild the day.
///
/// # Errors
/// When the time zone is unknown.
pub(crate) async fn check_yesterday(app: &App) -> Result<u64, ConfigError> {
    let (calendar, now) = (app.config.statistics.calendar()?, app.clock.now());
    let yesterday = calendar.day_of(now).previous();
    if calendar.begins(yesterday) < app.config.messages.whole_since(now) {
        return Ok(0);
    }
    Ok(match app.statistics.check(yesterday, &calendar).await {
        Ok(wrong) => {
            let wrong = wrong.unwrap_or_default();
            if wrong > 0 {
                tracing::warn!(day = %yesterday, rows = wrong, "statistics were wrong and are put right");
                kept_figures::recounted(app).await;
            }
            wrong
        }
        Err(error) => {
            tracing::error!(day = %yesterday, %error, "statistics are not checked");
            0
        }
    })
}
