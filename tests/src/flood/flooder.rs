//! Strangers on one thread who ask as much as one core can, however they are answered.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dht::wire::{FRAME_BYTES_MAX, RequestFrame, ResponseFrame};
use dht::{Draft, ErrorCode, FindValue, Id, InteractionId, Item, Request, Response, Store};
use ed25519_dalek::SigningKey;
use iroh::endpoint::{Connection, PortmapperConfig, presets};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, SecretKey, TransportAddr};
use node::identity::random_bytes;
use node::ticket::Ticket;
use tokio::task::{JoinSet, LocalSet};

use super::{Options, Tally};

const ALPN: &[u8] = b"logos/dht/1";
/// Requests under way on one connection.
const STREAMS: usize = 32;
/// Different frames sent in turn.
const FRAMES: usize = 1000;
/// Before dialling again.
const PAUSE: Duration = Duration::from_millis(20);

/// What a flood consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Flood {
    /// Requests for the nodes nearest to some id.
    Nodes,
    /// Requests for an item that the node has.
    Values,
    /// Requests to store an item of the flooder's own.
    Stores,
    /// As long as a request, and with its head, but otherwise anything.
    Invalid,
    /// One byte more than a frame may have.
    Oversized,
}

impl Flood {
    fn frames(self, item: Id) -> Vec<Vec<u8>> {
        let key = SigningKey::from_bytes(&random_bytes());
        let frame = |request| {
            let frame = RequestFrame {
                interaction: InteractionId(1),
                addresses: Vec::new(),
                request,
            };
            frame.encode()
        };
        let one = |number: usize| match self {
            Flood::Nodes => {
                let target = Id::hash(&number.to_be_bytes());
                frame(Request::FindNode { target })
            }
            Flood::Values => frame(Request::FindValue(FindValue {
                key: item,
                newer_than: None,
                fresh: false,
            })),
            Flood::Stores => {
                let draft = Draft {
                    name: format!("flood-{number}"),
                    value: Some(number.to_be_bytes().repeat(16)),
                    timestamp: now(),
                    ..Draft::default()
                };
                let item = Arc::new(Item::sign(&key, draft).expect("a good draft is signed"));
                frame(Request::Store(Store { item, cache: false }))
            }
            Flood::Invalid => {
                let mut bytes = frame(Request::Ping);
                bytes.truncate(18);
                bytes.extend_from_slice(&random_bytes::<80>());
                bytes
            }
            Flood::Oversized => vec![0; FRAME_BYTES_MAX + 1],
        };
        let count = if self == Flood::Oversized { 1 } else { FRAMES };
        (0..count).map(one).collect()
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("the clock is set").as_millis() as u64
}

/// Floods the node of this ticket, which has this item, until it is told to stop.
pub(super) fn flood(options: &Options, ticket: &str, item: Id, stop: &AtomicBool) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let ticket: Ticket = ticket.parse().expect("a node prints a good ticket");
    let frames: Rc<Vec<Vec<u8>>> = Rc::new(options.flood.frames(item));
    let tally = Rc::new(RefCell::new(Tally::default()));
    let local = LocalSet::new();
    let began = Instant::now();
    local.block_on(&runtime, async {
        let mut asking = JoinSet::new();
        for _ in 0..options.identities {
            let endpoint = endpoint().await;
            for _ in 0..options.connections {
                let (endpoint, ticket) = (endpoint.clone(), ticket.clone());
                let (frames, tally) = (frames.clone(), tally.clone());
                asking.spawn_local(async move {
                    loop {
                        match connect(&endpoint, &ticket).await {
                            Some(connection) => ask_on(connection, &frames, &tally).await,
                            None => tally.borrow_mut().refused_connections += 1,
                        }
                        tokio::time::sleep(PAUSE).await;
                    }
                });
            }
        }
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(PAUSE).await;
        }
        asking.shutdown().await;
    });
    let mut tally = tally.take();
    tally.took = began.elapsed();
    tally
}

async fn endpoint() -> Endpoint {
    Endpoint::builder(presets::Minimal)
        .secret_key(SecretKey::from_bytes(&random_bytes()))
        .relay_mode(RelayMode::Disabled)
        .portmapper_config(PortmapperConfig::Disabled)
        .clear_ip_transports()
        .bind_addr("127.0.0.1:0")
        .expect("loopback is an address")
        .bind()
        .await
        .expect("a socket can be bound")
}

async fn connect(endpoint: &Endpoint, ticket: &Ticket) -> Option<Connection> {
    let id = EndpointId::from_bytes(ticket.key.as_bytes()).ok()?;
    let addresses = ticket.addresses.iter().copied().map(TransportAddr::Ip);
    let address = EndpointAddr::from_parts(id, addresses);
    endpoint.connect(address, ALPN).await.ok()
}

/// Asks on one connection until it breaks.
async fn ask_on(connection: Connection, frames: &Rc<Vec<Vec<u8>>>, tally: &Rc<RefCell<Tally>>) {
    let mut streams = JoinSet::new();
    for first in 0..STREAMS {
        let (connection, frames, tally) = (connection.clone(), frames.clone(), tally.clone());
        streams.spawn_local(async move {
            for frame in frames.iter().cycle().skip(first * FRAMES / STREAMS) {
                let Some(answer) = ask(&connection, frame, &tally).await else {
                    tally.borrow_mut().unanswered += 1;
                    if connection.close_reason().is_some() {
                        return;
                    }
                    continue;
                };
                let mut tally = tally.borrow_mut();
                match answer.response {
                    Response::Failure(failure) if failure.code == ErrorCode::Busy => {
                        tally.limited += 1;
                    }
                    Response::Failure(_) => tally.refused += 1,
                    _ => tally.served += 1,
                }
            }
        });
    }
    while streams.join_next().await.is_some() {}
}

async fn ask(
    connection: &Connection,
    frame: &[u8],
    tally: &Rc<RefCell<Tally>>,
) -> Option<ResponseFrame> {
    let (mut send, mut receive) = connection.open_bi().await.ok()?;
    {
        let mut tally = tally.borrow_mut();
        tally.sent += 1;
        tally.bytes += frame.len() as u64;
    }
    // A node that has seen enough stops reading: then only its answer counts.
    let _ = send.write_all(frame).await;
    let _ = send.finish();
    let answer = receive.read_to_end(FRAME_BYTES_MAX).await.ok()?;
    ResponseFrame::decode(&answer).ok()
}
