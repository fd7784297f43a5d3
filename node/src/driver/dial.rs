//! One dial: at which of a contact's addresses, with or without early data, and where it led.
//!
//! Of relays only our own are dialled through: a contact must not make us send requests anywhere.
//!
//! A peer that was connected before is dialled with what TLS remembers of it, and the first request travels with the
//! first packet. Only questions do ([`may_be_early`]): they change nothing, so it does no harm that whoever recorded
//! one could say it again. Storing is as idempotent, but waits: it counts against a quota of where it comes from, and
//! that is proven only by the handshake. Watches and jobs wait as well. It saves a round trip: with 50 ms each way the
//! first answer comes after 131 ms instead of 227 (`--bin first_answer` of the tests, between two namespaces).

use std::net::{IpAddr, SocketAddr};

use dht::{Address, Contact, Request};
use iroh::endpoint::{
    ConnectOptions, Connection, ConnectionState, RecvStream, VarInt, ZeroRttStatus,
};
use iroh::{Endpoint, EndpointAddr, TransportAddr};

use crate::counters::Counters;
use crate::relay::Relay;

/// A connection to a peer.
#[derive(Debug, Clone)]
pub(crate) struct Connected {
    pub(crate) connection: Connection,
    /// The address we dialled it at and found it at when it was open.
    found: Option<Address>,
    /// The relays we dialled it through.
    relays: Vec<Address>,
}

impl Connected {
    /// A connection that was just opened by dialling these addresses.
    pub(super) fn dialled(connection: Connection, addresses: &[Address]) -> Connected {
        // A connection the peer opened is the way of a new one, too, whatever addresses are given.
        let seen = observed(&connection).map(plain);
        let is_seen = |address: &&Address| seen.as_ref() == Some(&plain((*address).clone()));
        let found = addresses.iter().find(is_seen).cloned();
        let is_relay = |address: &&Address| matches!(address, Address::Relay(_));
        let relays = addresses.iter().filter(is_relay).cloned().collect();
        Connected {
            connection,
            found,
            relays,
        }
    }

    /// A connection that the peer opened.
    pub(super) fn incoming(connection: Connection) -> Connected {
        Connected {
            connection,
            found: None,
            relays: Vec::new(),
        }
    }

    /// The address we dialled it at and found it at; `None` if only a connection that the peer opened leads there.
    /// Where a direct way was found besides the relay's, the relay's is told: it is the one that others can use.
    pub(crate) fn reached(&self) -> Option<Address> {
        // A way through a relay may be opened a little later than one that is known already.
        let through = || self.relays.iter().find(|relay| self.leads_to(relay));
        self.found.clone().or_else(|| through().cloned())
    }

    /// The old ones are no more if another dial led elsewhere.
    pub(super) fn moved(&mut self, other: &Connected) {
        self.found.take_if(|found| !other.leads_to(found));
        self.relays.retain(|relay| other.leads_to(relay));
    }

    fn leads_to(&self, address: &Address) -> bool {
        let address = plain(address.clone());
        match address {
            Address::Ip(_) => observed(&self.connection).map(plain) == Some(address),
            Address::Relay(_) => {
                let paths = self.connection.paths();
                let mut remotes = paths.iter().filter_map(|path| named(path.remote_addr()));
                remotes.any(|remote| remote == address)
            }
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.connection.close_reason().is_none()
    }

    pub(super) fn close(&self, code: u32) {
        self.connection.close(VarInt::from_u32(code), b"");
    }
}

/// Where a contact may be dialled: the sockets it names that can be one machine's, and the relays that are ours.
pub(super) fn dialable(contact: &Contact, ours: &[Relay]) -> Vec<Address> {
    let usable = |address: &Address| match address {
        Address::Ip(socket) => is_of_one_machine(socket).then(|| address.clone()),
        Address::Relay(_) => {
            let relay = Relay::of_address(address)?;
            ours.contains(&relay).then(|| relay.address())
        }
    };
    contact.addresses().iter().filter_map(usable).collect()
}

/// Whether a packet sent there reaches at most one machine, and another one than whoever sends it to "this host".
fn is_of_one_machine(socket: &SocketAddr) -> bool {
    let ip = socket.ip().to_canonical();
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    socket.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast
}

/// Whether a request may be said before the handshake is over, when somebody else could say it again.
pub(super) fn may_be_early(request: &Request) -> bool {
    match request {
        Request::Ping | Request::FindNode { .. } | Request::FindValue(_) => true,
        Request::Store(_) | Request::Watch { .. } => false,
    }
}

/// Opens a connection. What is said `early` travels with the first packet if the peer is remembered; then its answer
/// can be read from the stream, unless the peer would not have it.
pub(super) async fn open(
    endpoint: &Endpoint,
    to: EndpointAddr,
    alpn: &[u8],
    early: Option<&[u8]>,
    counters: &Counters,
) -> Option<(Connection, Option<RecvStream>)> {
    let options = ConnectOptions::default();
    let connecting = endpoint.connect_with_opts(to, alpn, options).await.ok()?;
    let Some(bytes) = early else {
        return Some((connecting.await.ok()?, None));
    };
    let resumed = match connecting.into_0rtt() {
        Ok(resumed) => resumed,
        Err(connecting) => return Some((connecting.await.ok()?, None)),
    };
    let (said, status) = tokio::join!(
        say(&resumed, bytes, counters),
        resumed.handshake_completed()
    );
    match status.ok()? {
        ZeroRttStatus::Accepted(connection) => {
            counters.dials_resumed.add(1);
            Some((connection, said))
        }
        ZeroRttStatus::Rejected(connection) => {
            counters.early_refused.add(1);
            Some((connection, None))
        }
    }
}

/// Says something on a stream of its own; where the answer comes.
pub(super) async fn say<S: ConnectionState>(
    connection: &Connection<S>,
    bytes: &[u8],
    counters: &Counters,
) -> Option<RecvStream> {
    let (mut send, receive) = connection.open_bi().await.ok()?;
    // Whoever will not read all of it still says why.
    if send.write_all(bytes).await.is_ok() {
        counters.bytes_out.add(bytes.len());
        let _ = send.finish();
    }
    Some(receive)
}

/// Where a connection's bytes come from.
pub(crate) fn observed(connection: &Connection) -> Option<Address> {
    let paths = connection.paths();
    let selected = paths
        .iter()
        .find(|path| path.is_selected())
        .or_else(|| paths.iter().next())?;
    named(selected.remote_addr())
}

fn named(remote: &TransportAddr) -> Option<Address> {
    match remote {
        TransportAddr::Ip(socket) => Some(Address::Ip(*socket)),
        TransportAddr::Relay(url) => Some(Address::Relay(url.to_string())),
        _ => None,
    }
}

/// As the endpoint dials it.
pub(super) fn transport(address: &Address) -> Option<TransportAddr> {
    match address {
        Address::Ip(socket) => Some(TransportAddr::Ip(*socket)),
        Address::Relay(_) => {
            let relay = Relay::of_address(address)?;
            Some(TransportAddr::Relay(relay.url().clone()))
        }
    }
}

/// An address without what only this machine adds to it.
fn plain(address: Address) -> Address {
    match address {
        Address::Ip(socket) => {
            Address::Ip(SocketAddr::new(socket.ip().to_canonical(), socket.port()))
        }
        relay => relay,
    }
}

#[cfg(test)]
mod tests {
    use dht::{PROTOCOL_VERSION, PublicKey};

    use super::*;

    #[test]
    fn of_relays_only_our_own_are_dialled() {
        let ours: Relay = "http://h:3340".parse().unwrap();
        let socket = Address::Ip("192.0.2.1:9".parse().unwrap());
        let portless = Address::Ip("192.0.2.1:0".parse().unwrap());
        let relay = |url: &str| Address::Relay(url.into());
        let named = vec![
            portless,
            relay("https://spy.example/"),
            relay("HTTP://H:3340"),
            relay("not a url"),
            socket.clone(),
        ];
        let contact = Contact::new(PublicKey::from_bytes([1; 32]), named, PROTOCOL_VERSION);
        assert_eq!(
            dialable(&contact, std::slice::from_ref(&ours)),
            [ours.address(), socket.clone()]
        );
        assert_eq!(dialable(&contact, &[]), [socket]);
    }

    #[test]
    fn nobody_is_dialled_where_many_would_hear_it() {
        let named = |text: &str| vec![Address::Ip(text.parse().unwrap())];
        let dialled = |addresses: Vec<Address>| {
            let key = PublicKey::from_bytes([1; 32]);
            dialable(&Contact::new(key, addresses, PROTOCOL_VERSION), &[])
        };
        for nobodys in [
            "0.0.0.0:9",
            "255.255.255.255:9",
            "224.0.0.251:9",
            "239.255.1.2:9",
            "192.0.2.1:0",
            "[::]:9",
            "[ff02::1]:9",
            "[::ffff:224.0.0.1]:9",
            "[::ffff:0.0.0.0]:9",
        ] {
            assert_eq!(dialled(named(nobodys)), [], "{nobodys}");
        }
        for somebodys in ["192.0.2.1:9", "127.0.0.1:9", "[2001:db8::1]:9"] {
            assert_eq!(dialled(named(somebodys)), named(somebodys));
        }
    }
}
