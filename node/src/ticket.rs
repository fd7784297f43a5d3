//! A ticket: how to reach a node, in one line that fits in a chat.
//!
//! ```text
//! "logos" base32( version(1) public key(32) addresses checksum(4) ), in lower case
//! address = 4 ip(4) port(2) | 6 ip(16) port(2) | 1 length(1) relay(length), numbers big-endian
//! ```
//! The relay is its URL in UTF-8, as the DHT writes it, and there is at most one.
//! The checksum is the beginning of the SHA-512 of everything before it: a mistyped ticket is
//! said to be one, instead of being dialled.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use data_encoding::BASE32_NOPAD_NOCASE;

use crate::error::NodeError;
use crate::keys::{Id, PublicKey};
use crate::relay::Relay;

/// Most addresses in a ticket, a relay among them.
pub const TICKET_ADDRESSES_MAX: usize = 8;
/// What every ticket begins with.
const PREFIX: &str = "logos";
/// The version of the layout above.
const VERSION: u8 = 1;
/// Bytes of the checksum.
const CHECKSUM_BYTES: usize = 4;
/// What begins a relay in a ticket.
const RELAY: u8 = 1;
/// Longest ticket: the longest relay, and all other addresses IPv6.
const TICKET_CHARS_MAX: usize = 500;

/// How to reach a node: its key and where it may be dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whose ticket it is.
    pub key: PublicKey,
    /// Where it may be dialled; with the relay at most [`TICKET_ADDRESSES_MAX`].
    pub addresses: Vec<SocketAddr>,
    /// The relay it can be reached through.
    pub relay: Option<Relay>,
}

impl Ticket {
    fn payload(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.key.as_bytes());
        let most = TICKET_ADDRESSES_MAX - usize::from(self.relay.is_some());
        for address in self.addresses.iter().take(most) {
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
        if let Some(relay) = &self.relay {
            let url = relay.to_string();
            // No relay has a longer URL than RELAY_BYTES_MAX.
            bytes.extend_from_slice(&[RELAY, url.len() as u8]);
            bytes.extend_from_slice(url.as_bytes());
        }
        bytes
    }

    fn from_payload(payload: &[u8]) -> Option<Ticket> {
        let (&VERSION, rest) = payload.split_first()? else {
            return None;
        };
        let (key, mut rest) = rest.split_first_chunk::<32>()?;
        let (mut addresses, mut relay) = (Vec::new(), None);
        while let Some((kind, after)) = rest.split_first() {
            if *kind == RELAY {
                let (length, after) = after.split_first()?;
                let (url, after) = after.split_at_checked((*length).into())?;
                let known = relay.replace(std::str::from_utf8(url).ok()?.parse().ok()?);
                if known.is_some() {
                    return None;
                }
                rest = after;
                continue;
            }
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
        let count = addresses.len() + usize::from(relay.is_some());
        (count <= TICKET_ADDRESSES_MAX).then_some(Ticket {
            key,
            addresses,
            relay,
        })
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
    use dht::RELAY_BYTES_MAX;
    use proptest::prelude::*;

    use super::*;

    fn example() -> Ticket {
        Ticket {
            key: PublicKey::from_bytes([7; 32]),
            addresses: vec![
                "127.0.0.1:4433".parse().unwrap(),
                "[::1]:9".parse().unwrap(),
            ],
            relay: None,
        }
    }

    fn relayed() -> Ticket {
        Ticket {
            relay: Some("http://192.0.2.1:3340".parse().unwrap()),
            ..example()
        }
    }

    /// What somebody could write who wants to be read wrongly.
    fn sealed(payload: &[u8]) -> String {
        let checksum = Id::hash(payload);
        let bytes = [payload, &checksum.as_bytes()[..CHECKSUM_BYTES]].concat();
        let digits = BASE32_NOPAD_NOCASE.encode(&bytes);
        format!("{PREFIX}{digits}")
    }

    #[test]
    fn a_ticket_is_one_short_line_and_reads_back() {
        for ticket in [example(), relayed()] {
            let text = ticket.to_string();
            assert!(text.len() < 160 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert_eq!(text.parse::<Ticket>().unwrap(), ticket);
            assert_eq!(format!("  {text}\n").parse::<Ticket>().unwrap(), ticket);
        }
    }

    #[test]
    fn the_layout_is_fixed() {
        let ticket = Ticket {
            key: PublicKey::from_bytes([0; 32]),
            addresses: vec![],
            relay: None,
        };
        assert_eq!(ticket.to_string().len(), 5 + 60);
        assert!(ticket.to_string().starts_with("logosaeaaaaaaaa"));
        // A ticket of the time before there were relays.
        let payload = [&[VERSION][..], &[7; 32], &[4, 127, 0, 0, 1, 17, 81]].concat();
        let known: Ticket = sealed(&payload).parse().unwrap();
        assert_eq!(known.addresses, example().addresses[..1]);
        let url = b"http://192.0.2.1:3340/";
        let payload = [&payload[..], &[1, url.len() as u8], url].concat();
        let known: Ticket = sealed(&payload).parse().unwrap();
        assert_eq!(known.relay, relayed().relay);
    }

    #[test]
    fn every_mistyped_character_is_noticed() {
        for ticket in [example(), relayed()] {
            let text = ticket.to_string();
            for index in 0..text.len() {
                let mut wrong = text.clone().into_bytes();
                wrong[index] = if wrong[index] == b'b' { b'c' } else { b'b' };
                let wrong = String::from_utf8(wrong).unwrap();
                assert!(wrong.parse::<Ticket>().is_err(), "{wrong}");
                assert!(text[..index].parse::<Ticket>().is_err());
            }
        }
    }

    #[test]
    fn bad_bytes_under_a_good_checksum_are_refused() {
        let relay = |url: &[u8]| [&[RELAY, url.len() as u8], url].concat();
        let good = relay(b"http://h/");
        let long = relay(format!("http://{}/", "x".repeat(RELAY_BYTES_MAX)).as_bytes());
        let wrong: [&[u8]; 9] = [
            &[5],
            &[4, 127, 0, 0],
            &[RELAY],
            &[RELAY, 9, b'h'],
            &relay(b""),
            &relay(b"http://h/\xff"),
            &relay(b"http://h/path"),
            &long,
            &[&good[..], &good].concat(),
        ];
        let start = [&[VERSION][..], &[7; 32]].concat();
        assert!(
            sealed(&[&start[..], &good].concat())
                .parse::<Ticket>()
                .is_ok()
        );
        for rest in wrong {
            let ticket = sealed(&[&start[..], rest].concat()).parse::<Ticket>();
            assert!(ticket.is_err(), "{rest:?}");
        }
        let mut crowded = start;
        for _ in 0..TICKET_ADDRESSES_MAX {
            crowded.extend_from_slice(&[4, 127, 0, 0, 1, 17, 81]);
        }
        assert!(sealed(&crowded).parse::<Ticket>().is_ok());
        assert!(sealed(&[crowded, good].concat()).parse::<Ticket>().is_err());
    }

    proptest! {
        #[test]
        fn every_ticket_reads_back(
            key in any::<[u8; 32]>(),
            addresses in proptest::collection::vec(any::<SocketAddr>(), 0..TICKET_ADDRESSES_MAX),
            host in "[a-z]([a-z0-9]{0,60})",
            port in 1024u16..,
            is_relayed: bool,
        ) {
            let relay = is_relayed.then(|| format!("http://{host}:{port}").parse().unwrap());
            // Scopes and flow labels mean something to one machine only.
            let plain = |address: &SocketAddr| SocketAddr::new(address.ip(), address.port());
            let addresses = addresses.iter().map(plain).collect();
            let ticket = Ticket { key: PublicKey::from_bytes(key), addresses, relay };
            prop_assert_eq!(ticket.to_string().parse::<Ticket>().unwrap(), ticket);
        }

        #[test]
        fn whatever_is_read_is_a_ticket_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let payload = [&[VERSION][..], &[7; 32], &bytes].concat();
            if let Ok(ticket) = sealed(&payload).parse::<Ticket>() {
                prop_assert!(ticket.to_string().len() <= TICKET_CHARS_MAX);
                prop_assert_eq!(ticket.to_string().parse::<Ticket>().unwrap(), ticket);
            }
        }
    }

    #[test]
    fn the_longest_ticket_fits() {
        let host = "x".repeat(RELAY_BYTES_MAX - "https://.example/".len());
        // Labels of a name are short.
        let mut url = format!("https://{host}.example/").into_bytes();
        url.iter_mut()
            .skip(60)
            .step_by(60)
            .for_each(|byte| *byte = b'.');
        let relay = String::from_utf8(url).unwrap().parse().unwrap();
        let longest = Ticket {
            key: PublicKey::from_bytes([255; 32]),
            addresses: vec!["[fe80::1]:65535".parse().unwrap(); TICKET_ADDRESSES_MAX - 1],
            relay: Some(relay),
        };
        let text = longest.to_string();
        assert!(text.len() <= TICKET_CHARS_MAX && text.len() > TICKET_CHARS_MAX - 30);
        assert_eq!(text.parse::<Ticket>().unwrap(), longest);
    }
}
