//! The registry of services.

mod checks;
mod reads;
mod register;
mod rows;

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::model::{EventType, Listing, Page, Service, ServiceInstance};
use shared::names::ServiceName;
use shared::ports::{
    Checked, InstanceChange, InstanceRef, InstanceStep, InstanceTally, NewInstance, Registered,
    RegistryLimits, Services, ServicesError, Steward, StoreError, Target,
};
use shared::registry::Choice;
use shared::webhook::SigningSecret;
use sqlx::sqlite::SqliteConnection;
use sqlx::{query, query_scalar};

use super::Sqlite;
use rows::instance;

const HEARD: &str = "
update service_instances
set last_seen = max(last_seen, ?4), load = ?5
where service = ?1 and (id = ?2 or url = ?3)
    and coalesce((select owner_id from services where name = ?1) = ?6, true)
returning *";

const UNREGISTER_ONE: &str = "
delete from service_instances
where service = ?1 and (id = ?2 or url = ?3)
    and coalesce((select owner_id from services where name = ?1) = ?4, true)
returning *";

/// Its instances go with it.
const UNREGISTER: &str = "delete from services where name = ?1";

const ROTATE: &str = "
update services set old_secret = secret, old_until = ?3, secret = ?2
where name = ?1 and coalesce(owner_id = ?4, true)";

/// Without an owner, or for a manager, it may be changed too.
const MAY: &str = "select coalesce(owner_id = ?2, true) from services where name = ?1";

#[async_trait]
impl Services for Sqlite {
    async fn register_instance(
        &self,
        new: &NewInstance,
        limits: RegistryLimits,
    ) -> Result<Registered, ServicesError> {
        self.transact(async |connection| register::register(connection, new, limits).await).await
    }

    async fn heard(
        &self,
        by: Steward,
        service: &ServiceName,
        which: &InstanceRef,
        load: Option<f64>,
        now: UnixMs,
    ) -> Result<ServiceInstance, ServicesError> {
        self.transact(async |connection| {
            let (id, url) = rows::named(which);
            let heard = query(HEARD).bind(service.as_str()).bind(id).bind(url);
            let heard = heard.bind(now.0).bind(load).bind(by.only_of());
            match heard.fetch_optional(&mut *connection).await? {
                Some(row) => Ok(instance(&row)?),
                None => Err(why_not(connection, by, service).await),
            }
        })
        .await
    }

    async fn unregister(
        &self,
        by: Steward,
        service: &ServiceName,
        which: Option<&InstanceRef>,
    ) -> Result<Vec<InstanceChange>, ServicesError> {
        self.transact(async |connection| match which {
            Some(which) => unregister_one(connection, by, service, which).await,
            None => unregister(connection, by, service).await,
        })
        .await
    }

    async fn services(&self, page: Page) -> Result<Listing<Service>, StoreError> {
        self.snapshot(async |connection| reads::services(connection, page).await).await
    }

    async fn instances(&self) -> Result<InstanceTally, StoreError> {
        self.snapshot(async |connection| reads::tally(connection).await).await
    }

    async fn service(&self, name: &ServiceName) -> Result<Option<Service>, StoreError> {
        self.snapshot(async |connection| reads::service(connection, name).await).await
    }

    async fn choose(&self, service: &ServiceName, choice: &Choice) -> Result<ServiceInstance, ServicesError> {
        match choice {
            Choice::RoundRobin => {
                self.transact(async |connection| {
                    reads::take_turn(connection, service).await?;
                    reads::choose(connection, service, choice).await
                })
                .await
            }
            _ => self.read(async |connection| reads::choose(connection, service, choice).await).await,
        }
    }

    async fn targets(&self, services: &[ServiceName], now: UnixMs) -> Result<Vec<Target>, StoreError> {
        self.read(async |connection| reads::targets(connection, services, now).await).await
    }

    async fn claim_checks(
        &self,
        now: UnixMs,
        interval_ms: i64,
        limit: u32,
    ) -> Result<Vec<ServiceInstance>, StoreError> {
        self.transact(async |connection| checks::claim(connection, now, interval_ms, limit).await).await
    }

    async fn note_checks(&self, checked: &[Checked], now: UnixMs) -> Result<Vec<InstanceChange>, StoreError> {
        self.transact(async |connection| checks::note(connection, checked, now).await).await
    }

    async fn drop_silent(&self, before: UnixMs, limit: u32) -> Result<Vec<InstanceChange>, StoreError> {
        self.transact(async |connection| checks::drop_silent(connection, before, limit).await).await
    }

    async fn rotate_secret(
        &self,
        by: Steward,
        service: &ServiceName,
        secret: &SigningSecret,
        old_until: UnixMs,
    ) -> Result<(), ServicesError> {
        self.transact(async |connection| {
            let rotate = query(ROTATE).bind(service.as_str()).bind(secret.expose());
            let rotate = rotate.bind(old_until.0).bind(by.only_of());
            let done = rotate.execute(&mut *connection).await?;
            if done.rows_affected() == 0 { may(connection, by, service).await } else { Ok(()) }
        })
        .await
    }

    async fn set_subscriptions(
        &self,
        by: Steward,
        service: &ServiceName,
        types: &[EventType],
    ) -> Result<Service, ServicesError> {
        self.transact(async |connection| {
            may(connection, by, service).await?;
            register::subscribe(connection, service, types).await?;
            reads::service(connection, service).await?.ok_or(ServicesError::Unknown)
        })
        .await
    }
}

/// Whether somebody may change a service.
///
/// # Errors
/// `Unknown`, `Foreign`.
async fn may(
    connection: &mut SqliteConnection,
    by: Steward,
    service: &ServiceName,
) -> Result<(), ServicesError> {
    let may = query_scalar(MAY).bind(service.as_str()).bind(by.only_of()).fetch_optional(connection).await?;
    match may {
        None => Err(ServicesError::Unknown),
        Some(false) => Err(ServicesError::Foreign),
        Some(true) => Ok(()),
    }
}

/// Why there was no instance that they could do something with.
async fn why_not(connection: &mut SqliteConnection, by: Steward, service: &ServiceName) -> ServicesError {
    may(connection, by, service).await.err().unwrap_or(ServicesError::UnknownInstance)
}

async fn unregister_one(
    connection: &mut SqliteConnection,
    by: Steward,
    service: &ServiceName,
    which: &InstanceRef,
) -> Result<Vec<InstanceChange>, ServicesError> {
    let (id, url) = rows::named(which);
    let gone = query(UNREGISTER_ONE).bind(service.as_str()).bind(id).bind(url).bind(by.only_of());
    match gone.fetch_optional(&mut *connection).await? {
        Some(row) => Ok(vec![InstanceChange::of(InstanceStep::Unregistered, &instance(&row)?)]),
        None => Err(why_not(connection, by, service).await),
    }
}

async fn unregister(
    connection: &mut SqliteConnection,
    by: Steward,
    service: &ServiceName,
) -> Result<Vec<InstanceChange>, ServicesError> {
    may(connection, by, service).await?;
    let instances = reads::instances(connection, std::slice::from_ref(service)).await?;
    query(UNREGISTER).bind(service.as_str()).execute(connection).await?;
    let change = |instance| InstanceChange::of(InstanceStep::Unregistered, instance);
    Ok(instances.iter().map(change).collect())
}
