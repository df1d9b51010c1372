//! What the figures cost: a month of messages and sessions in a Postgres database of its own, counted, and then
//! read through the function's router.

mod fill;
mod plans;
mod silent;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::Body;
use clap::Args;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use shared::app::App;
use shared::calendar::Day;
use shared::config::Config;
use shared::management::{ManagementApi, ManagementConfig};
use shared::model::Role;
use shared::ports::NewAccount;
use shared::postgres::statements::statistics as statements;
use tower::ServiceExt;

use crate::database::Database;
use crate::measure::Latency;
use silent::NoCache;

/// Each path is asked so often, unless `AT_MOST` is over first.
const TIMES: usize = 500;
const AT_MOST: Duration = Duration::from_secs(20);
const POST_DEADLINE: Duration = Duration::from_secs(3);
/// The paths read a few thousand rows; the machine may be busy.
const DATABASE_TIMEOUT_MS: &str = "5000";
/// Signs the one token of a run.
const SECRET: &str = "the bench signs its own token with it";

const DAYS: &str = "startDate=2026-01-01&endDate=2026-01-31";

/// How much there is to be counted.
#[derive(Args)]
pub(crate) struct Statistics {
    #[arg(long, default_value_t = 1_000_000)]
    messages: u32,
    #[arg(long, default_value_t = 10_000)]
    sessions: u32,
}

impl Statistics {
    /// Fills a database, measures, prints, and drops it.
    ///
    /// # Errors
    /// When the services aren't there, or a path reads messages.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        ensure!(self.messages >= 10 * self.sessions, "ten messages are each session's");
        let database = Database::create("statistics").await?;
        let measured = self.measure(&database).await;
        database.drop().await?;
        measured
    }

    async fn measure(&self, database: &Database) -> anyhow::Result<()> {
        eprintln!("{} messages and {} sessions are made", self.messages, self.sessions);
        fill::fill(database, self.messages, self.sessions).await?;
        let app = app(&database.url).await?;
        let began = Instant::now();
        let days = Day::of(2026, 1, 1)..=Day::of(2026, 1, 31);
        let rows = app.statistics.rebuild(&days, &app.config.statistics.calendar()?).await?;
        println!("counted into {rows} rows in {:.1} s", began.elapsed().as_secs_f64());
        for (name, statement, parameters) in [
            ("hours", statements::KEPT_HOURS, 2),
            ("days", statements::KEPT_DAYS, 2),
            ("active users", statements::KEPT_ACTIVES, 2),
            ("staff", statements::STAFF, 6),
        ] {
            let tables = plans::tables_read(database, statement, parameters).await?;
            println!("{name}: reads {}", tables.join(", "));
            let counted = ["messages", "sessions", "session_events"];
            ensure!(!tables.iter().any(|table| counted.contains(&table.as_str())), "{name} isn't kept");
        }
        let token = token(&app).await?;
        let router = statistics::router(Arc::new(app));
        for path in [format!("range?{DAYS}"), format!("staff?{DAYS}&page_size=100"), "realtime".to_owned()] {
            let latency = time(&router, &path, &token).await?;
            let times = latency.summary().context("nothing was measured")?;
            let [p50, p99] = [times.p50_us, times.p99_us].map(|us| us / 1000.0);
            println!("{path}: p50 {p50:.2} ms, p99 {p99:.2} ms of {}", times.count);
        }
        Ok(())
    }
}

async fn app(url: &str) -> anyhow::Result<App> {
    let lookup = |key: &str| match key {
        "DATABASE_URL" => Some(url.to_owned()),
        "JWT_SECRET" => Some(SECRET.to_owned()),
        "DATABASE_TIMEOUT_MS" => Some(DATABASE_TIMEOUT_MS.to_owned()),
        "REDIS_URL" | "RABBITMQ_URL" => std::env::var(key).ok(),
        _ => None,
    };
    let management = ManagementApi::new(ManagementConfig { post_deadline: POST_DEADLINE });
    let app = App::with_services(Config::from_vars(lookup)?, Arc::new(management), &[]).await?;
    Ok(App { cache: Arc::new(NoCache), ..app })
}

/// Of somebody who may see figures.
async fn token(app: &App) -> anyhow::Result<String> {
    let new = NewAccount {
        username: "viewer".to_owned(),
        nickname: "Viewer".to_owned(),
        email: None,
        password_hash: Some("none".to_owned()),
        external: None,
        role: Role::Admin,
    };
    let now = app.clock.now();
    let account = app.accounts.create(new, now).await?;
    Ok(app.tokens.issue(&account, now)?.0)
}

async fn time(router: &Router, path: &str, token: &str) -> anyhow::Result<Latency> {
    let mut latency = Latency::default();
    let end = Instant::now() + AT_MOST;
    for n in 0..TIMES + 20 {
        let request = Request::get(format!("/api/chatstatistics/{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())?;
        let began = Instant::now();
        let response = router.clone().oneshot(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::OK, "{path}: {status} {}", String::from_utf8_lossy(&body));
        // The first ones prepare their statements.
        if n >= 20 {
            latency.record(u64::try_from(began.elapsed().as_nanos())?);
        }
        if Instant::now() > end {
            break;
        }
    }
    Ok(latency)
}
