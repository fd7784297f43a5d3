//! A ticket: how to reach a node, in one line that fits in a chat.
//!
//! ```text
//! "logos" base32( version(1) public key(32) addresses checksum(4) ), in lower case
//! address = 4 ip(4) port(2) | 6 ip(16) port(2), numbers big-endian
//! ```
//! The checksum is the beginning of the SHA-512 of everything before it: a mistyped ticket is
//! said to be one, instead of being dialled.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use data_encoding::BASE32_NOPAD_NOCASE;

use crate::error::NodeError;
use crate::keys::{Id, PublicKey};

/// Most addresses in a ticket.
pub const TICKET_ADDRESSES_MAX: usize = 8;
/// What every ticket begins with.
const PREFIX: &str = "logos";
/// The version of the layout above.
const VERSION: u8 = 1;
/// Bytes of the checksum.
const CHECKSUM_BYTES: usize = 4;
/// Longest ticket: all addresses IPv6.
const TICKET_CHARS_MAX: usize = 400;

/// How to reach a node: its key and where it may be dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whose ticket it is.
    pub key: PublicKey,
    /// Where it may be dialled, at most [`TICKET_ADDRESSES_MAX`].
    pub addresses: Vec<SocketAddr>,
}

impl Ticket {
    fn payload(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.key.as_bytes());
        for address in self.addresses.iter().take(TICKET_ADDRESSES_MAX) {
            match address.ip() {
                IpAddr::V4(ip) => {
                    bytes.push(4);
                    bytes.extend_from_slice(&ip.octets());
                }
                IpAddr::V6(ip) => {
                    bytes.push(6);
                    bytes.extend_from_slice(&ip.octets());
                }
            }
            bytes.extend_from_slice(&address.port().to_be_bytes());
        }
        bytes
    }

    fn from_payload(payload: &[u8]) -> Option<Ticket> {
        let (&VERSION, rest) = payload.split_first()? else {
            return None;
        };
        let (key, mut rest) = rest.split_first_chunk::<32>()?;
        let mut addresses = Vec::new();
        while let Some((kind, after)) = rest.split_first() {
            let (ip, after): (IpAddr, _) = match kind {
                4 => {
                    let (octets, after) = after.split_first_chunk::<4>()?;
                    (Ipv4Addr::from(*octets).into(), after)
                }
                6 => {
                    let (octets, after) = after.split_first_chunk::<16>()?;
                    (Ipv6Addr::from(*octets).into(), after)
                }
                _ => return None,
            };
            let (port, after) = after.split_first_chunk::<2>()?;
            addresses.push(SocketAddr::new(ip, u16::from_be_bytes(*port)));
            rest = after;
        }
        let key = PublicKey::from_bytes(*key);
        (addresses.len() <= TICKET_ADDRESSES_MAX).then_some(Ticket { key, addresses })
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.payload();
        let checksum = Id::hash(&bytes);
        bytes.extend_from_slice(&checksum.as_bytes()[..CHECKSUM_BYTES]);
        write!(
            f,
            "{PREFIX}{}",
            BASE32_NOPAD_NOCASE.encode(&bytes).to_lowercase()
        )
    }
}

impl FromStr for Ticket {
    type Err = NodeError;

    fn from_str(text: &str) -> Result<Ticket, NodeError> {
        let wrong = |why: &str| NodeError::WrongArgument(format!("this is not a ticket: {why}"));
        let text = text.trim();
        if text.len() > TICKET_CHARS_MAX {
            return Err(wrong("it is too long"));
        }
        let digits = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| wrong("a ticket begins with \"logos\""))?;
        let bytes = BASE32_NOPAD_NOCASE
            .decode(digits.as_bytes())
            .map_err(|_| wrong("a character is missing or mistyped"))?;
        let (payload, checksum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or_else(|| wrong("it is too short"))?;
        if Id::hash(payload).as_bytes()[..CHECKSUM_BYTES] != *checksum {
            return Err(wrong("a character is missing or mistyped"));
        }
        Ticket::from_payload(payload).ok_or_else(|| wrong("it was made by another version"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Ticket {
        Ticket {
            key: PublicKey::from_bytes([7; 32]),
            addresses: vec![
                "127.0.0.1:4433".parse().unwrap(),
                "[::1]:9".parse().unwrap(),
            ],
        }
    }

    #[test]
    fn a_ticket_is_one_short_line_and_reads_back() {
        let text = example().to_string();
        assert!(text.len() < 128 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(text.parse::<Ticket>().unwrap(), example());
        assert_eq!(format!("  {text}\n").parse::<Ticket>().unwrap(), example());
    }

    #[test]
    fn the_layout_is_fixed() {
        let ticket = Ticket {
            key: PublicKey::from_bytes([0; 32]),
            addresses: vec![],
        };
        assert_eq!(ticket.to_string().len(), 5 + 60);
        assert!(ticket.to_string().starts_with("logosaeaaaaaaaa"));
    }

    #[test]
    fn every_mistyped_character_is_noticed() {
        let text = example().to_string();
        for index in 0..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[index] = if wrong[index] == b'b' { b'c' } else { b'b' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(wrong.parse::<Ticket>().is_err(), "{wrong}");
            assert!(text[..index].parse::<Ticket>().is_err());
        }
    }
}
