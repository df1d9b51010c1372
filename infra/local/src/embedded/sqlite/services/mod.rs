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
    RegistryLimits, Services, ServicesError, StoreError, Target,
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
returning *";

const UNREGISTER_ONE: &str = "
delete from service_instances where service = ?1 and (id = ?2 or url = ?3) returning *";

/// Its instances go with it.
const UNREGISTER: &str = "delete from services where name = ?1";

const ROTATE: &str = "
update services set old_secret = secret, old_until = ?3, secret = ?2 where name = ?1";

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
        service: &ServiceName,
        which: &InstanceRef,
        load: Option<f64>,
        now: UnixMs,
    ) -> Result<ServiceInstance, ServicesError> {
        self.transact(async |connection| {
            let (id, url) = rows::named(which);
            let heard = query(HEARD).bind(service.as_str()).bind(id).bind(url);
            match heard.bind(now.0).bind(load).fetch_optional(&mut *connection).await? {
                Some(row) => Ok(instance(&row)?),
                None => Err(missing(connection, service).await?),
            }
        })
        .await
    }

    async fn unregister(
        &self,
        service: &ServiceName,
        which: Option<&InstanceRef>,
    ) -> Result<Vec<InstanceChange>, ServicesError> {
        self.transact(async |connection| match which {
            Some(which) => unregister_one(connection, service, which).await,
            None => unregister(connection, service).await,
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
        service: &ServiceName,
        secret: &SigningSecret,
        old_until: UnixMs,
    ) -> Result<(), ServicesError> {
        let rotate = query(ROTATE).bind(service.as_str()).bind(secret.expose()).bind(old_until.0);
        let done = rotate.execute(&self.writer).await?;
        if done.rows_affected() == 0 { Err(ServicesError::Unknown) } else { Ok(()) }
    }

    async fn set_subscriptions(
        &self,
        service: &ServiceName,
        types: &[EventType],
    ) -> Result<Service, ServicesError> {
        self.transact(async |connection| {
            if !is_known(connection, service).await? {
                return Err(ServicesError::Unknown);
            }
            register::subscribe(connection, service, types).await?;
            reads::service(connection, service).await?.ok_or(ServicesError::Unknown)
        })
        .await
    }
}

async fn is_known(connection: &mut SqliteConnection, service: &ServiceName) -> Result<bool, StoreError> {
    let known = query_scalar("select exists (select 1 from services where name = ?1)").bind(service.as_str());
    Ok(known.fetch_one(connection).await?)
}

/// Which of the two isn't there.
async fn missing(
    connection: &mut SqliteConnection,
    service: &ServiceName,
) -> Result<ServicesError, StoreError> {
    let is_known = is_known(connection, service).await?;
    Ok(if is_known { ServicesError::UnknownInstance } else { ServicesError::Unknown })
}

async fn unregister_one(
    connection: &mut SqliteConnection,
    service: &ServiceName,
    which: &InstanceRef,
) -> Result<Vec<InstanceChange>, ServicesError> {
    let (id, url) = rows::named(which);
    let gone = query(UNREGISTER_ONE).bind(service.as_str()).bind(id).bind(url);
    match gone.fetch_optional(&mut *connection).await? {
        Some(row) => Ok(vec![InstanceChange::of(InstanceStep::Unregistered, &instance(&row)?)]),
        None => Err(missing(connection, service).await?),
    }
}

async fn unregister(
    connection: &mut SqliteConnection,
    service: &ServiceName,
) -> Result<Vec<InstanceChange>, ServicesError> {
    let instances = reads::instances(connection, std::slice::from_ref(service)).await?;
    let gone = query(UNREGISTER).bind(service.as_str()).execute(connection).await?;
    if gone.rows_affected() == 0 {
        return Err(ServicesError::Unknown);
    }
    let change = |instance| InstanceChange::of(InstanceStep::Unregistered, instance);
    Ok(instances.iter().map(change).collect())
}
