use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of network an address belongs to, by the registries of special-purpose addresses (RFC 6890).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The internet.
    Public,
    /// This machine.
    Loopback,
    /// A network of one's own, or a carrier's.
    Private,
    /// What nobody asks for in earnest: link-local addresses, where clouds answer with credentials, their like
    /// inside private ranges, groups, and what is reserved.
    Never,
}

/// Where clouds answer with credentials though the range is a private one: AWS over IPv6, and Alibaba Cloud.
const METADATA_V6: [u16; 2] = [0xfd00, 0x0ec2];
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

pub(super) fn scope(address: IpAddr) -> Scope {
    match address {
        IpAddr::V4(address) => scope_v4(address),
        IpAddr::V6(address) => scope_v6(address),
    }
}

fn scope_v4(address: Ipv4Addr) -> Scope {
    if address.is_loopback() {
        return Scope::Loopback;
    }
    if address == METADATA_V4 || is_unfit_v4(address) {
        return Scope::Never;
    }
    // The last are the addresses that carriers share (RFC 6598).
    let [first, second, ..] = address.octets();
    if address.is_private() || (first == 100 && second & 0xc0 == 64) { Scope::Private } else { Scope::Public }
}

fn is_unfit_v4(address: Ipv4Addr) -> bool {
    let special = address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast();
    special
        || match address.octets() {
            // "This network", protocol assignments, reserved.
            [0, ..] | [192, 0, 0, _] | [240..=255, ..] => true,
            // Benchmarks.
            [198, second, ..] => second & 0xfe == 18,
            _ => false,
        }
}

fn scope_v6(address: Ipv6Addr) -> Scope {
    if address.is_loopback() {
        return Scope::Loopback;
    }
    if let Some(inner) = carried_v4(address) {
        return scope_v4(inner);
    }
    let [first, second, ..] = address.segments();
    match first {
        _ if [first, second] == METADATA_V6 || [first, second] == [0x2001, 0xdb8] => Scope::Never,
        // Everything that is handed out for the internet begins with the bits 001.
        0x2000..=0x3fff => Scope::Public,
        0xfc00..=0xfdff => Scope::Private,
        _ => Scope::Never,
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped, NAT64 or 6to4.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all_are(expected: Scope, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(scope(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        all_are(
            Scope::Public,
            &["1.1.1.1", "100.63.0.1", "100.128.0.1", "172.32.0.1", "198.20.0.1", "2606:4700::1111"],
        );
    }

    #[test]
    fn this_machine_is_known_in_every_spelling() {
        let spellings =
            ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"];
        all_are(Scope::Loopback, &spellings);
    }

    #[test]
    fn networks_of_ones_own_and_of_carriers_are_private() {
        let addresses = [
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "172.16.0.1",
            "172.31.0.1",
            "192.168.1.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fc00::1",
            "fd12:3456::1",
        ];
        all_are(Scope::Private, &addresses);
    }

    #[test]
    fn where_credentials_are_given_out_nobody_goes() {
        let addresses = [
            "169.254.169.254",
            "169.254.170.2",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
        ];
        all_are(Scope::Never, &addresses);
    }

    #[test]
    fn what_is_no_machines_address_is_none() {
        let addresses = [
            "0.0.0.0",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "2001:db8::1",
            "ff02::1",
            "100::1",
        ];
        all_are(Scope::Never, &addresses);
    }
}
