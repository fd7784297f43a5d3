//! The connections a simulated node keeps open.
//!
//! Owns what a request costs beside its frame: the handshake of a new connection in bytes and in time, the
//! headers of every packet. Refuses to exchange anything; it counts.
//!
//! A node keeps the connections it dialled until they were silent for [`CONNECTION_IDLE_MS`], at most
//! [`CONNECTIONS_MAX`]; beyond that the one least recently used gives way.

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

/// Bytes of a frame on the wire, headers and acknowledgement included.
pub(super) fn wire_bytes(frame: u64) -> u64 {
    frame + frame.div_ceil(DATAGRAM_BYTES).max(1) * PACKET_BYTES + ACKNOWLEDGEMENT_BYTES
}

#[derive(Clone, Copy, Debug)]
struct Connection {
    /// How often the peer had been started.
    starts: u64,
    used_at: u64,
}

#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Whom each connection goes to, apart from the rest as every request looks through them.
    peers: Vec<u32>,
    rest: Vec<Connection>,
}

impl Connections {
    /// Uses the connection to a peer. True if it had to be made.
    pub(super) fn used(&mut self, now: u64, peer: NodeIndex, starts: u64) -> bool {
        let peer = peer as u32;
        let connection = Connection {
            starts,
            used_at: now,
        };
        if let Some(place) = self.peers.iter().position(|other| *other == peer) {
            let before = std::mem::replace(&mut self.rest[place], connection);
            return before.starts != starts || now >= before.used_at + CONNECTION_IDLE_MS;
        }
        if self.peers.len() < CONNECTIONS_MAX {
            self.peers.push(peer);
            self.rest.push(connection);
            return true;
        }
        let places = 0..self.rest.len();
        if let Some(oldest) = places.min_by_key(|place| self.rest[*place].used_at) {
            (self.peers[oldest], self.rest[oldest]) = (peer, connection);
        }
        true
    }

    /// The node was switched off.
    pub(super) fn close(&mut self) {
        *self = Self::default();
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
        for number in 0..CONNECTIONS_MAX {
            assert!(connections.used(number as u64, number, 1));
        }
        assert!(!connections.used(1_000, 0, 1));
        assert!(connections.used(1_001, CONNECTIONS_MAX, 1));
        assert!(!connections.used(1_002, 0, 1));
        assert!(connections.used(1_003, 1, 1));
    }
}
