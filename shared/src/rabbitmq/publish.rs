//! Publishing a batch on one confirm channel.

use std::collections::HashSet;

use futures::future::join_all;
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};

use super::fault::Fault;
use crate::parcel::{APP_ID, Parcel};

/// Kept over a restart of the broker.
const PERSISTENT: u8 = 2;

/// Publishes all of `batch` side by side, awaits every confirm, and leaves in it what no queue took. `events` is the
/// name of the exchange of events.
///
/// # Errors
/// `Unroutable` when something is left. After any other fault the whole batch is to be sent again: which
/// of it arrived isn't known.
pub(super) async fn publish(
    channel: &Channel,
    events: &str,
    batch: &mut Vec<Parcel>,
    reused: bool,
) -> Result<(), Fault> {
    let sent = batch.iter().map(|parcel| publish_one(channel, events, parcel, reused));
    let outcomes = join_all(sent).await;
    let returned = returned_ids(outcomes)?;
    batch.retain(|parcel| returned.contains(&parcel.id.to_string()));
    match batch.first() {
        None => Ok(()),
        Some(parcel) => Err(Fault::Unroutable(parcel.routing_key.clone())),
    }
}

/// Gives the id of a message that the broker returned, which may be another's of the same batch: one
/// confirm can cover several messages, and lapin then hands the return to any of them.
async fn publish_one(
    channel: &Channel,
    events: &str,
    parcel: &Parcel,
    reused: bool,
) -> Result<Option<String>, Fault> {
    let fault = |e: lapin::Error| Fault::of(&e, reused);
    // Mandatory: what no queue takes comes back instead of being dropped.
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let (exchange, key) = (parcel.exchange.name(events).into(), parcel.routing_key.as_str().into());
    let sent = channel.basic_publish(exchange, key, options, &parcel.body, properties(parcel)).await;
    match sent.map_err(fault)?.await.map_err(fault)? {
        Confirmation::Nack(None) => Err(Fault::Failed("the broker refused the message".to_owned())),
        confirmed => Ok(confirmed.take_message().map(|message| id_of(&message.properties))),
    }
}

/// The first fault, an unroutable one before others: when an exchange is missing the broker closes the
/// channel, so the rest of the batch fails with it.
fn returned_ids(outcomes: Vec<Result<Option<String>, Fault>>) -> Result<HashSet<String>, Fault> {
    let mut returned = HashSet::new();
    let mut first: Option<Fault> = None;
    for outcome in outcomes {
        match outcome {
            Ok(id) => returned.extend(id),
            Err(fault) if fault.is_unroutable() => return Err(fault),
            Err(fault) => first = first.or(Some(fault)),
        }
    }
    first.map_or(Ok(returned), Err)
}

fn id_of(properties: &BasicProperties) -> String {
    properties.message_id().as_ref().map(ShortString::to_string).unwrap_or_default()
}

fn properties(parcel: &Parcel) -> BasicProperties {
    BasicProperties::default()
        .with_content_type(parcel.content_type.into())
        .with_delivery_mode(PERSISTENT)
        .with_priority(parcel.priority)
        .with_message_id(parcel.id.to_string().into())
        // AMQP counts in seconds; the envelope holds the milliseconds.
        .with_timestamp(u64::try_from(parcel.at.seconds()).unwrap_or_default())
        .with_type(parcel.tag.into())
        .with_app_id(APP_ID.into())
        .with_headers(headers(parcel))
}

fn headers(parcel: &Parcel) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in &parcel.headers {
        table.insert((*name).into(), AMQPValue::LongString(value.as_str().into()));
    }
    table
}
