//! The connections a simulated node keeps open.
//!
//! Owns what a request costs beside its frame: the handshake of a new connection in bytes and in time, the
//! headers of every packet. Refuses to exchange anything; it counts.
//!
//! A node keeps the connections it dialled until they were silent for [`CONNECTION_IDLE_MS`], at most
//! [`CONNECTIONS_MAX`]; the least recently used of those it may take the place of gives way. For speed a
//! connection has four places only, told by its peer's number, and not any.

use super::NodeIndex;
use crate::{CONNECTION_IDLE_MS, CONNECTIONS_MAX};

/// Bytes a new QUIC connection costs both ways, without path MTU discovery: three datagrams padded to 1,200
/// bytes (RFC 9000, section 14.1) with their IP and UDP headers, 3,700; the end of the handshake with
/// session tickets and four connection ids each way, 1,000; three acknowledgements and the closing, 300.
pub(super) const HANDSHAKE_BYTES: u64 = 5_000;
/// Bytes of headers per datagram: IPv4 and UDP 28, QUIC short header, packet number and tag 27, stream
/// frame 5.
const PACKET_BYTES: u64 = 60;
/// What each message costs in acknowledgements: half a datagram, as an answer acknowledges its request.
const ACKNOWLEDGEMENT_BYTES: u64 = 30;
/// Bytes of a frame that fit into one datagram.
const DATAGRAM_BYTES: u64 = 1_140;

const WAYS: usize = 4;
const SETS: usize = CONNECTIONS_MAX / WAYS;

/// Bytes of a frame on the wire, headers and acknowledgement included.
pub(super) fn wire_bytes(frame: u64) -> u64 {
    frame + frame.div_ceil(DATAGRAM_BYTES).max(1) * PACKET_BYTES + ACKNOWLEDGEMENT_BYTES
}

#[derive(Clone, Copy, Debug, Default)]
struct Connection {
    /// One more than the peer's number; 0 is none.
    peer: u32,
    /// How often the peer had been started.
    starts: u32,
    used_at: u64,
}

#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Empty until the first one.
    places: Vec<Connection>,
}

impl Connections {
    /// Uses the connection to a peer. True if it had to be made.
    pub(super) fn used(&mut self, now: u64, peer: NodeIndex, starts: u64) -> bool {
        if self.places.is_empty() {
            self.places = vec![Connection::default(); SETS * WAYS];
        }
        let set = (peer % SETS) * WAYS;
        let places = &mut self.places[set..set + WAYS];
        let connection = Connection {
            peer: peer as u32 + 1,
            starts: starts as u32,
            used_at: now,
        };
        let same = places
            .iter_mut()
            .find(|place| place.peer == connection.peer);
        let (is_open, place) = match same {
            Some(place) => {
                let is_open =
                    place.starts == connection.starts && now < place.used_at + CONNECTION_IDLE_MS;
                (is_open, place)
            }
            None => {
                let oldest = places
                    .iter_mut()
                    .min_by_key(|place| (place.peer != 0, place.used_at));
                (false, oldest.expect("a set has places"))
            }
        };
        *place = connection;
        !is_open
    }

    /// The node was switched off.
    pub(super) fn close(&mut self) {
        self.places = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_lasts_while_it_is_used_and_both_ends_live() {
        let mut connections = Connections::default();
        assert!(connections.used(0, 7, 1));
        assert!(!connections.used(CONNECTION_IDLE_MS - 1, 7, 1));
        assert!(connections.used(2 * CONNECTION_IDLE_MS, 7, 1), "idle");
        assert!(connections.used(2 * CONNECTION_IDLE_MS, 7, 2), "restarted");
        connections.close();
        assert!(
            connections.used(2 * CONNECTION_IDLE_MS, 7, 2),
            "switched off"
        );
    }

    #[test]
    fn the_least_recently_used_gives_way() {
        let mut connections = Connections::default();
        let of_one_set = |number: usize| number * SETS;
        for number in 0..WAYS {
            assert!(connections.used(number as u64, of_one_set(number), 1));
        }
        assert!(!connections.used(10, of_one_set(0), 1));
        assert!(connections.used(11, of_one_set(WAYS), 1));
        assert!(!connections.used(12, of_one_set(0), 1));
        assert!(connections.used(13, of_one_set(1), 1));
    }
}
