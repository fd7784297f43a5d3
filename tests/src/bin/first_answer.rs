//! How long the first answer of a node takes, and how much of that a resumed connection saves:
//! `first_answer TICKET` asks for an item over a new connection, again and again, as somebody the node does not know
//! and as somebody who was connected before. Prints the median of each in milliseconds.

use std::time::{Duration, Instant};

use clap::Parser;
use dht::wire::{RequestFrame, ResponseFrame};
use dht::{FindValue, Id, InteractionId, Request};
use iroh::endpoint::{
    ConnectOptions, PortmapperConfig, RecvStream, VarInt, ZeroRttStatus, presets,
};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, TransportAddr};
use node::ticket::Ticket;

/// The protocol of the DHT.
const DHT_ALPN: &[u8] = b"logos/dht/1";

/// Measures the first answer of a node.
#[derive(Debug, Parser)]
struct Options {
    /// Whom to ask
    ticket: Ticket,
    /// How often
    #[arg(long, default_value_t = 21)]
    rounds: usize,
}

fn main() {
    let options = Options::parse();
    let runtime = tokio::runtime::Runtime::new().expect("there are threads");
    let (full, resumed) = runtime.block_on(measure(&options));
    println!(
        "full {:.1} ms, resumed {:.1} ms",
        median(full),
        median(resumed)
    );
}

async fn measure(options: &Options) -> (Vec<Duration>, Vec<Duration>) {
    let (mut full, mut resumed) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let endpoint = open().await;
        let (took, was_resumed) = first_answer(&endpoint, &options.ticket).await;
        assert!(!was_resumed);
        full.push(took);
        let (took, was_resumed) = first_answer(&endpoint, &options.ticket).await;
        assert!(was_resumed, "the node forgot us");
        resumed.push(took);
        endpoint.close().await;
    }
    (full, resumed)
}

async fn open() -> Endpoint {
    let builder = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .portmapper_config(PortmapperConfig::Disabled);
    builder.bind().await.expect("a port is free")
}

/// How long it took, and whether what was asked travelled with the first packet.
async fn first_answer(endpoint: &Endpoint, to: &Ticket) -> (Duration, bool) {
    let id = EndpointId::from_bytes(to.key.as_bytes()).expect("a key");
    let addresses = to.addresses.iter().copied().map(TransportAddr::Ip);
    let address = EndpointAddr::from_parts(id, addresses);
    let frame = RequestFrame {
        interaction: InteractionId(1),
        addresses: Vec::new(),
        request: Request::FindValue(FindValue {
            key: Id::hash(b"nothing"),
            newer_than: None,
            fresh: true,
        }),
    };
    let bytes = frame.encode();
    let began = Instant::now();
    let connecting = endpoint.connect_with_opts(address, DHT_ALPN, ConnectOptions::default());
    let (connection, answer, is_resumed) = match connecting.await.expect("it dials").into_0rtt() {
        Ok(early) => {
            let (mut send, receive) = early.open_bi().await.expect("a stream");
            send.write_all(&bytes).await.expect("it is sent");
            send.finish().expect("it is sent");
            match early.handshake_completed().await.expect("it connects") {
                ZeroRttStatus::Accepted(connection) => (connection, hear(receive).await, true),
                ZeroRttStatus::Rejected(_) => panic!("the node would not have it"),
            }
        }
        Err(connecting) => {
            let connection = connecting.await.expect("it connects");
            let (mut send, receive) = connection.open_bi().await.expect("a stream");
            send.write_all(&bytes).await.expect("it is sent");
            send.finish().expect("it is sent");
            (connection, hear(receive).await, false)
        }
    };
    let took = began.elapsed();
    assert_eq!(answer.interaction, frame.interaction);
    connection.close(VarInt::from_u32(0), b"");
    (took, is_resumed)
}

async fn hear(mut receive: RecvStream) -> ResponseFrame {
    let bytes = receive.read_to_end(1 << 20).await.expect("it answers");
    ResponseFrame::decode(&bytes).expect("it is an answer")
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}
