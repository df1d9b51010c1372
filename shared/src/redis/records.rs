//! Connections as the hashes hold them: words with spaces between, the one that scripts read first.

use crate::clock::UnixMs;
use crate::ids::{ConnectionId, UserId};
use crate::model::{Address, Listener};
use crate::ports::{Registration, RoomAudience};

/// The field of a room's hash that holds its version; no connection id has a `#`.
pub(super) const VERSION: &str = "#version";

/// As the user's hash holds it: `connected_at endpoint [device]`.
pub(super) fn of_user(registration: &Registration) -> String {
    let Address { endpoint, connected_at, .. } = &registration.address;
    match &registration.device {
        Some(device) => format!("{} {endpoint} {device}", connected_at.0),
        None => format!("{} {endpoint}", connected_at.0),
    }
}

/// As a room's hash holds it: `user connected_at endpoint`.
pub(super) fn of_room(user: UserId, address: &Address) -> String {
    format!("{user} {} {}", address.connected_at.0, address.endpoint)
}

/// Reads a field of a user's hash; None when it isn't ours.
pub(super) fn read_user(connection: &str, record: &str) -> Option<Address> {
    let mut words = record.splitn(3, ' ');
    let connected_at = words.next()?.parse().ok().map(UnixMs)?;
    let endpoint = words.next()?.to_owned();
    Some(Address { connection: ConnectionId(connection.to_owned()), endpoint, connected_at })
}

/// Reads a whole hash of a user.
pub(super) fn read_connections(fields: &[(String, String)]) -> Vec<Address> {
    fields.iter().filter_map(|(connection, record)| read_user(connection, record)).collect()
}

/// Reads a whole hash of a room.
pub(super) fn read_audience(fields: &[(String, String)]) -> RoomAudience {
    let members_version =
        fields.iter().find(|(field, _)| field == VERSION).and_then(|(_, version)| version.parse().ok());
    let listeners = fields.iter().filter_map(|(field, record)| read_listener(field, record)).collect();
    RoomAudience { members_version, listeners }
}

fn read_listener(connection: &str, record: &str) -> Option<Listener> {
    let (user, rest) = record.split_once(' ')?;
    Some(Listener { user: UserId(user.parse().ok()?), address: read_user(connection, rest)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            connection: ConnectionId("L0SM9cOFvHcCIhw=".to_owned()),
            endpoint: "https://abc.execute-api.eu-central-1.amazonaws.com/prod".to_owned(),
            connected_at: UnixMs(1_700_000_000_123),
        }
    }

    #[test]
    fn a_record_of_a_user_reads_back_whatever_the_device_is_called() {
        for device in [None, Some(String::new()), Some("Ann's  phone".to_owned())] {
            let registration =
                Registration { user: UserId(7), address: address(), device, rooms: vec![], profile: None };
            assert_eq!(read_user("L0SM9cOFvHcCIhw=", &of_user(&registration)), Some(address()));
        }
    }

    #[test]
    fn a_record_of_a_room_reads_back() {
        let field = (address().connection.0, of_room(UserId(7), &address()));
        let read = read_audience(&[field, (VERSION.to_owned(), "3".to_owned())]);
        assert_eq!(read.members_version, Some(3));
        assert_eq!(read.listeners, [Listener { user: UserId(7), address: address() }]);
    }
}
