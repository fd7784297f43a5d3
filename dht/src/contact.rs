//! Who a peer is and where it may be dialled.
//!
//! Owns public keys, addresses, contacts and the notion of a subnet. Refuses to hold what we know of a
//! peer's behaviour: that is ours alone, never travels, and lives in the routing table.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{self, Id};
use crate::wire;

/// Most addresses a contact may carry.
pub const ADDRESSES_MAX: usize = 8;
/// Longest relay address in bytes.
pub const RELAY_BYTES_MAX: usize = 128;

/// An ed25519 public key: what a node or an author is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key with these bytes; whether they are a point on the curve shows when a signature is checked.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the key.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id of the node with this key: SHA-512 of its bytes.
    pub fn id(&self) -> Id {
        Id::hash(&self.0)
    }

    /// Parses 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        id::parse_hex(text).map(Self)
    }
}

impl From<ed25519_dalek::VerifyingKey> for PublicKey {
    fn from(key: ed25519_dalek::VerifyingKey) -> Self {
        Self(key.to_bytes())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        id::write_hex(f, &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        id::write_hex(f, &self.0[..4])?;
        f.write_str("…")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        id::serialize_array(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        id::deserialize_array(deserializer).map(Self)
    }
}

/// A place a peer may be dialled at. Told by others it is a hint, nothing more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Address {
    /// A UDP socket address.
    Ip(SocketAddr),
    /// The URL of a relay the peer listens behind; at most [`RELAY_BYTES_MAX`] bytes.
    Relay(#[serde(deserialize_with = "wire::bounded_string::<_, RELAY_BYTES_MAX>")] String),
}

/// What limits on neighbours are counted by: an IPv4 /24, an IPv6 /48, or one relay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subnet {
    /// The first three bytes of an IPv4 address.
    V4([u8; 3]),
    /// The first six bytes of an IPv6 address.
    V6([u8; 6]),
    /// Everybody behind this relay.
    Relay(String),
}

impl Address {
    /// The subnet this address counts against; `None` for loopback, link-local and private addresses.
    pub fn subnet(&self) -> Option<Subnet> {
        let ip = match self {
            Self::Relay(url) => return Some(Subnet::Relay(url.clone())),
            Self::Ip(socket) => socket.ip().to_canonical(),
        };
        match ip {
            IpAddr::V4(ip) if ip.is_loopback() || ip.is_private() || ip.is_link_local() => None,
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Some(Subnet::V4([a, b, c]))
            }
            IpAddr::V6(ip) => {
                let octets = ip.octets();
                let exempt = ip.is_loopback()
                    || octets[0] & 0xfe == 0xfc
                    || (octets[0] == 0xfe && octets[1] & 0xc0 == 0x80);
                let prefix = [
                    octets[0], octets[1], octets[2], octets[3], octets[4], octets[5],
                ];
                (!exempt).then_some(Subnet::V6(prefix))
            }
        }
    }
}

/// A peer as it is told to others: its key, where it may be dialled, the protocol version it speaks.
///
/// Cheap to clone. The id is recomputed from the key whenever a contact is made or decoded.
#[derive(Clone)]
pub struct Contact {
    /// The first bits of the id, so that most others can be told apart without following the pointer.
    prefix: u64,
    parts: Arc<Parts>,
}

#[derive(PartialEq, Eq)]
struct Parts {
    id: Id,
    public_key: PublicKey,
    addresses: Vec<Address>,
    version: u16,
}

impl Contact {
    /// A contact; addresses beyond [`ADDRESSES_MAX`] are left out.
    pub fn new(public_key: PublicKey, mut addresses: Vec<Address>, version: u16) -> Self {
        addresses.truncate(ADDRESSES_MAX);
        let id = public_key.id();
        Self {
            prefix: id.prefix(),
            parts: Arc::new(Parts {
                id,
                public_key,
                addresses,
                version,
            }),
        }
    }

    /// SHA-512 of the public key.
    pub fn id(&self) -> &Id {
        &self.parts.id
    }

    /// The most significant 64 bits of the id.
    pub(crate) fn prefix(&self) -> u64 {
        self.prefix
    }

    /// Whether this contact has that id.
    pub(crate) fn is(&self, id: &Id) -> bool {
        self.prefix == id.prefix() && (std::ptr::eq(self.id(), id) || self.id() == id)
    }

    /// Who this is.
    pub fn public_key(&self) -> PublicKey {
        self.parts.public_key
    }

    /// Where it may be dialled; empty for a peer that serves nobody.
    pub fn addresses(&self) -> &[Address] {
        &self.parts.addresses
    }

    /// Whether this is the same peer, and each of its addresses is one of the other's.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self == other
            || (self.id() == other.id()
                && self.version() == other.version()
                && self
                    .addresses()
                    .iter()
                    .all(|address| other.addresses().contains(address)))
    }

    /// The same peer at those of its addresses that are none of the other's.
    pub(crate) fn but_at(&self, other: &Self) -> Self {
        let mut addresses = self.addresses().to_vec();
        addresses.retain(|address| !other.addresses().contains(address));
        Self::new(self.public_key(), addresses, self.version())
    }

    /// The same peer at its addresses and the other's, by turns, so that neither crowds out the other.
    pub(crate) fn or_at(&self, other: &Self) -> Self {
        let others = other.but_at(self);
        if others.addresses().is_empty() {
            return self.clone();
        }
        let (mut mine, mut theirs) = (self.addresses().iter(), others.addresses().iter());
        let turn = || Some([mine.next(), theirs.next()]).filter(|turn| turn != &[None, None]);
        let addresses = std::iter::from_fn(turn).flatten().flatten().cloned();
        Self::new(self.public_key(), addresses.collect(), self.version())
    }

    /// The protocol version it speaks.
    pub fn version(&self) -> u16 {
        self.parts.version
    }

    /// The subnets this contact counts against, each once.
    pub fn subnets(&self) -> Vec<Subnet> {
        let mut subnets: Vec<_> = self
            .addresses()
            .iter()
            .filter_map(Address::subnet)
            .collect();
        subnets.sort();
        subnets.dedup();
        subnets
    }
}

impl PartialEq for Contact {
    fn eq(&self, other: &Self) -> bool {
        self.prefix == other.prefix
            && (Arc::ptr_eq(&self.parts, &other.parts) || self.parts == other.parts)
    }
}

impl Eq for Contact {}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Contact({:?} at {:?})",
            self.public_key(),
            self.addresses()
        )
    }
}

#[derive(Serialize)]
struct ContactOut<'a> {
    public_key: PublicKey,
    addresses: &'a [Address],
    version: u16,
}

#[derive(Deserialize)]
struct ContactIn {
    public_key: PublicKey,
    #[serde(deserialize_with = "wire::bounded_vec::<_, _, ADDRESSES_MAX>")]
    addresses: Vec<Address>,
    version: u16,
}

impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ContactOut {
            public_key: self.public_key(),
            addresses: self.addresses(),
            version: self.version(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Contact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ContactIn {
            public_key,
            addresses,
            version,
        } = ContactIn::deserialize(deserializer)?;
        Ok(Self::new(public_key, addresses, version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Option<Subnet> {
        Address::Ip(SocketAddr::new(text.parse().unwrap(), 1)).subnet()
    }

    #[test]
    fn addresses_are_joined_by_turns() {
        let at = |ports: &[u16]| {
            let address = |port: &u16| Address::Ip(([20, 0, 0, 9], *port).into());
            let addresses = ports.iter().map(address).collect();
            Contact::new(PublicKey::from_bytes([9; 32]), addresses, 1)
        };
        assert_eq!(at(&[1, 2]).or_at(&at(&[2, 1])), at(&[1, 2]));
        assert_eq!(at(&[1, 2, 3]).or_at(&at(&[2, 4])), at(&[1, 4, 2, 3]));
        let many: Vec<u16> = (1..=8).collect();
        assert_eq!(at(&many).or_at(&at(&[9])), at(&[1, 9, 2, 3, 4, 5, 6, 7]));
        assert_eq!(at(&[1, 2, 3]).but_at(&at(&[2])), at(&[1, 3]));
    }

    #[test]
    fn subnets_exempt_what_is_local() {
        for local in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "169.254.1.1",
            "::1",
            "fe80::1",
            "fd00::1",
        ] {
            assert_eq!(subnet(local), None, "{local}");
        }
        assert_eq!(subnet("8.8.4.4"), Some(Subnet::V4([8, 8, 4])));
        assert_eq!(subnet("::ffff:8.8.4.4"), Some(Subnet::V4([8, 8, 4])));
        assert_eq!(
            subnet("2001:db8:7::1"),
            Some(Subnet::V6([0x20, 1, 0x0d, 0xb8, 0, 7]))
        );
    }
}
