//! A real relay: what somebody who wants to be reached behind a router would run.
//!
//! Owns the server and its threads, and counts what it passes on. Serves plain HTTP, or, with a certificate that it
//! makes itself, HTTPS and the port where nodes learn how they look from outside.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use iroh_relay::defaults::DEFAULT_RELAY_QUIC_PORT;
use iroh_relay::server::{CertConfig, QuicConfig, RelayConfig, Server, ServerConfig, TlsConfig};
use tokio::runtime::Runtime;

/// A running relay; it ends with its value.
#[derive(Debug)]
pub struct Relay {
    /// How nodes call it.
    pub url: String,
    server: Server,
    _runtime: Runtime,
}

impl Relay {
    /// Starts one on loopback, on any port, without encryption of its own.
    pub fn start() -> Relay {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = ServerConfig::default();
        config.relay = Some(RelayConfig::new(anywhere));
        Relay::spawn(config, "http")
    }

    /// Starts one at that address on the usual ports of the web, and writes the certificate that vouches for it.
    pub fn start_certified(host: IpAddr, certificate: &Path) -> Relay {
        let made = rcgen::generate_simple_self_signed([host.to_string()]);
        let made = made.expect("a certificate can be made");
        std::fs::write(certificate, made.cert.pem()).expect("the certificate can be written");
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server_config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("the certificate fits its key");
        let mut relay = RelayConfig::new((host, 80));
        let certificate = CertConfig::Manual { server_config };
        relay.tls = Some(TlsConfig::new((host, 443), certificate));
        let mut config = ServerConfig::default();
        config.relay = Some(relay);
        config.quic = Some(QuicConfig::new((host, DEFAULT_RELAY_QUIC_PORT)));
        Relay::spawn(config, "https")
    }

    fn spawn(config: ServerConfig, scheme: &str) -> Relay {
        let runtime = Runtime::new().expect("there are threads");
        let server = runtime.block_on(Server::spawn(config));
        let server = server.expect("the relay starts");
        let address = match scheme {
            "https" => server.https_addr(),
            _ => server.http_addr(),
        };
        let address = address.expect("the relay listens");
        Relay {
            url: format!("{scheme}://{address}"),
            server,
            _runtime: runtime,
        }
    }

    /// How many bytes it passed on.
    pub fn bytes(&self) -> u64 {
        self.server.metrics().server.bytes_sent.get()
    }

    /// How many nodes connected to it since it started.
    pub fn accepted(&self) -> u64 {
        self.server.metrics().server.accepts.get()
    }
}
