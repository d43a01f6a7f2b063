//! Which hosts may be spoken to where a URL comes from outside: it may name a machine inside our own network. Only public
//! addresses and the hosts that the operator has listed are let through.
//! The rules here are pure; [`crate::Ways`] applies them to every request and at every connect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

/// The hosts beside the public internet that may be spoken to, also without TLS.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Allow {
    entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Entry {
    /// This machine, by its loopback addresses and as `localhost`.
    Loopback,
    /// A name or address; without a port, on each port.
    Host { host: String, port: Option<u16> },
}

/// An entry of a list of hosts that is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("\"{0}\" is no host, host:port or \"loopback\"")]
pub struct AllowError(String);

impl FromStr for Allow {
    type Err = AllowError;

    /// Reads a comma list of `host`, `host:port` and `loopback`; the empty string allows public hosts only.
    fn from_str(list: &str) -> Result<Self, AllowError> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(entry_from);
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }
}

fn entry_from(text: &str) -> Result<Entry, AllowError> {
    if text.eq_ignore_ascii_case("loopback") {
        return Ok(Entry::Loopback);
    }
    let url = Url::parse(&format!("any://{text}")).map_err(|_| AllowError(text.into()))?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| AllowError(text.into()))?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
        return Err(AllowError(text.into()));
    }
    Ok(Entry::Host { host: host.to_ascii_lowercase(), port: url.port() })
}

/// Why a URL is not spoken to. Holds the host, never the credentials.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("only https is spoken")]
    NotEncrypted,
    #[error("the URL names no host")]
    NoHost,
    #[error("the host has no public address")]
    NotPublic,
}

/// How much a host is trusted; decides which client connects to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// Each address is checked when the connection is made.
    Public,
    /// Listed by the operator: any address.
    Listed,
    /// This machine only.
    Loopback,
}

impl Allow {
    /// Whether, and by which client, a URL may be requested.
    pub fn check(&self, url: &Url) -> Result<Trust, Refusal> {
        let host = url.host().ok_or(Refusal::NoHost)?;
        let trust = self.trust(&host, url.port_or_known_default());
        if url.scheme() != "https" && (trust == Trust::Public || url.scheme() != "http") {
            return Err(Refusal::NotEncrypted);
        }
        match (trust, address_of(&host)) {
            (Trust::Public, Some(address)) if !is_public(address) => Err(Refusal::NotPublic),
            _ => Ok(trust),
        }
    }

    fn trust(&self, host: &Host<&str>, port: Option<u16>) -> Trust {
        let name = host.to_string().to_ascii_lowercase();
        let listed = self.entries.iter().any(|entry| match entry {
            Entry::Loopback => false,
            Entry::Host { host, port: only } => {
                host.trim_end_matches('.') == name.trim_end_matches('.') && (only.is_none() || *only == port)
            }
        });
        match (listed, self.entries.contains(&Entry::Loopback) && is_loopback(host)) {
            (true, _) => Trust::Listed,
            (false, true) => Trust::Loopback,
            (false, false) => Trust::Public,
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.trim_end_matches('.') == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn address_of(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
    }
}

/// Whether an address belongs to the public internet. Everything that IANA's special-purpose registries keep
/// out of it is not: private, loopback, link-local (with the cloud's metadata service), shared (CGNAT),
/// unique local, documentation, benchmarking, multicast and reserved addresses.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

/// Of IPv6, only the global unicast block is public, without what tunnels into IPv4; and what NAT64 translates
/// to a public IPv4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        [0x2001, b, ..] if b < 0x200 || b == 0xdb8 => false,
        [0x2002 | 0x3fff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn check(allow: &str, url: &str) -> Result<Trust, Refusal> {
        allow.parse::<Allow>().unwrap().check(&Url::parse(url).unwrap())
    }

    #[test]
    fn what_may_be_requested() {
        use {Refusal as R, Trust as T};
        for (allow, url, expected) in [
            ("", "https://dav.example.org/", Ok(T::Public)),
            ("", "https://93.184.216.34/", Ok(T::Public)),
            ("", "https://[2606:2800:220:1::1]/", Ok(T::Public)),
            ("", "http://dav.example.org/", Err(R::NotEncrypted)),
            ("", "ftp://dav.example.org/", Err(R::NotEncrypted)),
            ("", "https://127.0.0.1/", Err(R::NotPublic)),
            ("", "https://127.1/", Err(R::NotPublic)),
            ("", "https://0x7f000001/", Err(R::NotPublic)),
            ("", "https://2130706433/", Err(R::NotPublic)),
            ("", "https://10.1.2.3/", Err(R::NotPublic)),
            ("", "https://169.254.169.254/latest/", Err(R::NotPublic)),
            ("", "https://[::1]/", Err(R::NotPublic)),
            ("", "https://[::ffff:10.0.0.1]/", Err(R::NotPublic)),
            ("", "https://[fd00:ec2::254]/", Err(R::NotPublic)),
            ("loopback", "http://127.0.0.1:5232/", Ok(T::Loopback)),
            ("loopback", "http://localhost:5232/", Ok(T::Loopback)),
            ("loopback", "http://10.0.0.1/", Err(R::NotEncrypted)),
            ("loopback", "http://localhost.example.org/", Err(R::NotEncrypted)),
            ("dav.internal", "http://dav.internal:5232/", Ok(T::Listed)),
            ("dav.internal", "http://DAV.internal./", Ok(T::Listed)),
            ("dav.internal:5232", "http://dav.internal:5232/", Ok(T::Listed)),
            ("dav.internal:5232", "http://dav.internal/", Err(R::NotEncrypted)),
            ("dav.internal:5232", "https://dav.internal/", Ok(T::Public)),
            ("10.0.0.7:8443, other", "https://10.0.0.7:8443/", Ok(T::Listed)),
            ("10.0.0.7:8443, other", "https://10.0.0.7/", Err(R::NotPublic)),
            ("[::1]:5232", "http://[::1]:5232/", Ok(T::Listed)),
        ] {
            assert_eq!(check(allow, url), expected, "{url} with \"{allow}\"");
        }
    }

    #[test]
    fn addresses_that_are_not_public() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.53",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:a00:1::1",
            "100::1",
            "3fff::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in
            ["1.1.1.1", "100.63.0.1", "172.32.0.1", "17.248.1.1", "2620:149::1", "64:ff9b::101:101"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn entries_that_are_none() {
        for entry in ["a b", "host:port", "host/path", "user@host"] {
            assert!(entry.parse::<Allow>().is_err(), "{entry}");
        }
    }
}
