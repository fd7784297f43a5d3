//! Opening the endpoint: on which addresses, and what others are told of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use dht::{ADDRESSES_MAX, Address, CONNECTIONS_MAX};
use iroh::dns::{DnsResolver, FallbackMode};
use iroh::endpoint::{
    BindOpts, Builder, IdleTimeout, PortmapperConfig, QuicTransportConfig, VarInt, presets,
};
use iroh::tls::CaTlsConfig;
use iroh::{Endpoint, NetReportConfig, RelayMode, SecretKey, Watcher as _};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use super::{DHT_ALPN, JOB_ALPN};
use crate::error::NodeError;
use crate::identity::Identity;
use crate::relay::Relay;

/// Most streams a peer may have open on one connection.
const STREAMS_MAX: u32 = 64;
/// Most bytes in flight on one stream, and on one connection: what a peer can make us hold before
/// anybody reads it. The largest frames take a few round trips.
const STREAM_WINDOW_BYTES: u32 = 192 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// Most bytes we keep on one connection until the peer says that it has them: as many as one of ours lets come.
const SEND_WINDOW_BYTES: u64 = CONNECTION_WINDOW_BYTES as u64;
/// What TLS remembers of each peer that was connected before. As many peers are remembered as may be connected at once.
const TICKETS_PER_PEER: usize = 8;
/// After how long without a sign of life a peer is taken to be gone. The endpoint sends a heartbeat every five seconds
/// on each connection, and cannot be told not to: what is merely unused is closed by the pool that dialled it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The usual name for a file with certificates, in PEM, to be believed besides those of the web.
const CERTIFICATES_VARIABLE: &str = "SSL_CERT_FILE";
/// How long to wait for a relay.
const RELAY_TIMEOUT: Duration = Duration::from_secs(5);
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

/// Opens an endpoint for `identity`. Only if it `serves` can others connect to it. It never contacts another relay
/// than these.
pub(crate) async fn bind(
    identity: &Identity,
    binding: Binding,
    serves: bool,
    relays: &[Relay],
) -> Result<Endpoint, NodeError> {
    match try_bind(identity, binding, serves, relays).await {
        Err(_) if matches!(binding, Binding::All(port) if port != 0) => {
            try_bind(identity, Binding::All(0), serves, relays).await
        }
        bound => bound,
    }
}

async fn try_bind(
    identity: &Identity,
    binding: Binding,
    serves: bool,
    relays: &[Relay],
) -> Result<Endpoint, NodeError> {
    let cannot = |why: String| NodeError::Unreachable(format!("cannot listen: {why}"));
    let transport = QuicTransportConfig::builder()
        .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS_MAX))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
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
    let builder = with_relays(Endpoint::builder(presets::Minimal), relays)?
        .secret_key(SecretKey::from_bytes(&identity.signing_key().to_bytes()))
        .portmapper_config(PortmapperConfig::Disabled)
        .transport_config(transport)
        .max_tls_tickets(TICKETS_PER_PEER * CONNECTIONS_MAX)
        .alpns(alpns)
        .clear_ip_transports();
    let builder = match binding {
        Binding::Loopback => bind_to(builder, (Ipv4Addr::LOCALHOST, 0).into(), true),
        Binding::Exactly(address) => bind_to(builder, address, true),
        Binding::All(port) => bind_to(builder, (Ipv4Addr::UNSPECIFIED, port).into(), true)
            .and_then(|builder| bind_to(builder, (Ipv6Addr::UNSPECIFIED, port).into(), false)),
    };
    let builder = builder.map_err(|error| cannot(error.to_string()))?;
    builder.bind().await.map_err(|error| cannot(causes(&error)))
}

/// What went wrong, and why.
fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !said.ends_with(&why) {
            said = format!("{said}: {why}");
        }
        cause = error.source();
    }
    said
}

fn with_relays(builder: Builder, relays: &[Relay]) -> Result<Builder, NodeError> {
    if relays.is_empty() {
        return Ok(builder.relay_mode(RelayMode::Disabled));
    }
    // Names are asked of whom the system asks, and of nobody else.
    let resolver = DnsResolver::builder()
        .with_system_defaults()
        .with_fallback_mode(FallbackMode::Never);
    let mut report = NetReportConfig::default();
    report.captive_portal_check = false;
    let urls = relays.iter().map(|relay| relay.url().clone());
    Ok(builder
        .relay_mode(RelayMode::custom(urls))
        .ca_tls_config(authorities()?)
        .dns_resolver(resolver.build())
        .net_report_config(report))
}

/// Who may vouch for a relay: the authorities of the web, and whose certificates the user has in a file.
fn authorities() -> Result<CaTlsConfig, NodeError> {
    let web = CaTlsConfig::embedded();
    let Some(file) = std::env::var_os(CERTIFICATES_VARIABLE).filter(|file| !file.is_empty()) else {
        return Ok(web);
    };
    let read =
        CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let own = read.map_err(|error| {
        let file = file.display();
        NodeError::WrongArgument(format!("{CERTIFICATES_VARIABLE} names {file}: {error}"))
    })?;
    Ok(web.with_extra_roots(own))
}

fn bind_to(
    builder: Builder,
    address: SocketAddr,
    is_required: bool,
) -> Result<Builder, iroh::endpoint::InvalidSocketAddr> {
    builder.bind_addr_with_opts(address, BindOpts::default().set_is_required(is_required))
}

/// Where others can dial this endpoint: its sockets, then the relay it is connected to. Waits a little if the system
/// has not told yet.
pub(crate) async fn own_addresses(endpoint: &Endpoint) -> Vec<Address> {
    let relay = home_relay(endpoint);
    let mut sockets = own_sockets(endpoint).await;
    sockets.truncate(ADDRESSES_MAX - usize::from(relay.is_some()));
    let mut addresses = as_addresses(&sockets);
    addresses.extend(relay.as_ref().map(Relay::address));
    addresses
}

/// The relay this endpoint is connected to, so that others reach it there.
fn home_relay(endpoint: &Endpoint) -> Option<Relay> {
    let known = endpoint.home_relay_status().get();
    let connected = known.iter().find(|status| status.is_connected())?;
    connected.url().as_str().parse().ok()
}

/// Waits until others can reach this endpoint through a relay, but not for long: whether they can.
pub(crate) async fn wait_for_relay(endpoint: &Endpoint) -> bool {
    let waiting = tokio::time::timeout(RELAY_TIMEOUT, endpoint.online());
    waiting.await.is_ok()
}

/// Tells of every change of where others can dial this endpoint, until it closes.
pub(crate) fn watch_addresses(endpoint: &Endpoint) -> impl iroh::Watcher + use<> {
    endpoint.watch_addr().or(endpoint.home_relay_status())
}

async fn own_sockets(endpoint: &Endpoint) -> Vec<SocketAddr> {
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
