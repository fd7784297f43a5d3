//! Opening the endpoint: on which addresses, and what others are told of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use dht::{ADDRESSES_MAX, Address};
use iroh::endpoint::{
    BindOpts, Builder, IdleTimeout, PortmapperConfig, QuicTransportConfig, VarInt, presets,
};
use iroh::{Endpoint, RelayMode, SecretKey, Watcher as _};

use super::{DHT_ALPN, JOB_ALPN};
use crate::error::NodeError;
use crate::identity::Identity;

/// Most streams a peer may have open on one connection.
const STREAMS_MAX: u32 = 64;
/// Most bytes in flight on one stream, and on one connection: what a peer can make us hold before
/// anybody reads it. The largest frames take a few round trips.
const STREAM_WINDOW_BYTES: u32 = 192 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// After how long without a sign of life a peer is taken to be gone. The endpoint sends a heartbeat every five seconds
/// on each connection, and cannot be told not to: what is merely unused is closed by the pool that dialled it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait until our own addresses are known.
const ADDRESSES_TIMEOUT: Duration = Duration::from_secs(2);

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Loopback, on any port.
    Loopback,
    /// All addresses, on this port if it is free; 0 is any.
    All(u16),
    /// Exactly here.
    Exactly(SocketAddr),
}

/// Opens an endpoint for `identity`. Only if it `serves` can others connect to it.
pub(crate) async fn bind(
    identity: &Identity,
    binding: Binding,
    serves: bool,
) -> Result<Endpoint, NodeError> {
    match try_bind(identity, binding, serves).await {
        Err(_) if matches!(binding, Binding::All(port) if port != 0) => {
            try_bind(identity, Binding::All(0), serves).await
        }
        bound => bound,
    }
}

async fn try_bind(
    identity: &Identity,
    binding: Binding,
    serves: bool,
) -> Result<Endpoint, NodeError> {
    let cannot = |why: String| NodeError::Unreachable(format!("cannot listen: {why}"));
    let transport = QuicTransportConfig::builder()
        .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS_MAX))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(Some(
            IdleTimeout::try_from(IDLE_TIMEOUT).expect("30 s is a timeout"),
        ))
        .build();
    let alpns = if serves {
        vec![DHT_ALPN.to_vec(), JOB_ALPN.to_vec()]
    } else {
        Vec::new()
    };
    let builder = Endpoint::builder(presets::Minimal)
        .secret_key(SecretKey::from_bytes(&identity.signing_key().to_bytes()))
        .relay_mode(RelayMode::Disabled)
        .portmapper_config(PortmapperConfig::Disabled)
        .transport_config(transport)
        .alpns(alpns)
        .clear_ip_transports();
    let builder = match binding {
        Binding::Loopback => bind_to(builder, (Ipv4Addr::LOCALHOST, 0).into(), true),
        Binding::Exactly(address) => bind_to(builder, address, true),
        Binding::All(port) => bind_to(builder, (Ipv4Addr::UNSPECIFIED, port).into(), true)
            .and_then(|builder| bind_to(builder, (Ipv6Addr::UNSPECIFIED, port).into(), false)),
    };
    let builder = builder.map_err(|error| cannot(error.to_string()))?;
    builder
        .bind()
        .await
        .map_err(|error| cannot(error.to_string()))
}

fn bind_to(
    builder: Builder,
    address: SocketAddr,
    is_required: bool,
) -> Result<Builder, iroh::endpoint::InvalidSocketAddr> {
    builder.bind_addr_with_opts(address, BindOpts::default().set_is_required(is_required))
}

/// Where others can dial this endpoint. Waits a little if the system has not told yet.
pub(crate) async fn own_addresses(endpoint: &Endpoint) -> Vec<SocketAddr> {
    let bound = endpoint.bound_sockets();
    if !bound.is_empty() && bound.iter().all(|address| !address.ip().is_unspecified()) {
        return bound;
    }
    let mut watcher = endpoint.watch_addr();
    let waiting = async {
        while watcher.get().ip_addrs().next().is_none() {
            if watcher.updated().await.is_err() {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(ADDRESSES_TIMEOUT, waiting).await;
    let found = endpoint.addr().ip_addrs().copied().collect();
    tidy(found, &bound)
}

/// IPv4 before IPv6, loopback only if there is nothing else, and not too many.
fn tidy(mut found: Vec<SocketAddr>, bound: &[SocketAddr]) -> Vec<SocketAddr> {
    if found.iter().any(|address| !address.ip().is_loopback()) {
        found.retain(|address| !address.ip().is_loopback());
    }
    if found.is_empty() {
        let loopback = |address: &SocketAddr| {
            let ip: IpAddr = match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            };
            SocketAddr::new(ip, address.port())
        };
        found = bound.iter().map(loopback).collect();
    }
    found.sort();
    found.dedup();
    found.truncate(ADDRESSES_MAX);
    found
}

/// Socket addresses as the DHT writes them.
pub(crate) fn as_addresses(sockets: &[SocketAddr]) -> Vec<Address> {
    sockets.iter().copied().map(Address::Ip).collect()
}
