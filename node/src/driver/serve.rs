//! Connections others open to us: who may, how many, and which protocol serves them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dht::wire::{FRAME_BYTES_MAX, RequestFrame, ResponseFrame, WireError};
use dht::{Address, Contact, PROTOCOL_VERSION, PublicKey};
use iroh::TransportAddr;
use iroh::endpoint::{Connection, Incoming, ReadToEndError, RecvStream, SendStream, VarInt};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::core::Core;
use super::pool::{CLOSE_BLOCKED, Pool, locked};
use super::{DHT_ALPN, JOB_ALPN};
use crate::jobs::Workers;

/// Most connections others may have open to us.
const INCOMING_MAX: usize = 512;
/// Most of them from one peer.
const INCOMING_PER_PEER_MAX: usize = 8;
/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one request of the DHT may take from its first byte to its answer's last.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// How often an open connection is checked against the blocks.
const BLOCK_CHECK: Duration = Duration::from_secs(1);
/// Code of a connection closed because there are too many.
const CLOSE_BUSY: u32 = 10;
/// How long a peer that broke a frame may still read what we say about it.
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves connections until the endpoint closes.
pub(crate) async fn serve(pool: Arc<Pool>, core: Core, workers: Workers) {
    let server = Arc::new(Server {
        pool: pool.clone(),
        core,
        workers,
        places: Arc::new(Semaphore::new(INCOMING_MAX)),
        per_peer: Mutex::default(),
    });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            incoming = pool.endpoint().accept() => match incoming {
                Some(incoming) => {
                    let Ok(place) = server.places.clone().try_acquire_owned() else {
                        incoming.refuse();
                        continue;
                    };
                    let server = server.clone();
                    connections.spawn(async move {
                        server.connection(incoming).await;
                        drop(place);
                    });
                }
                None => break,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

struct Server {
    pool: Arc<Pool>,
    core: Core,
    workers: Workers,
    places: Arc<Semaphore>,
    per_peer: Mutex<BTreeMap<PublicKey, usize>>,
}

impl Server {
    async fn connection(self: Arc<Self>, incoming: Incoming) {
        let Ok(Ok(connection)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, incoming).await else {
            return;
        };
        let peer = PublicKey::from_bytes(*connection.remote_id().as_bytes());
        if self.pool.blocks().contains(&peer) {
            connection.close(VarInt::from_u32(CLOSE_BLOCKED), b"blocked");
            return;
        }
        let Some(_place) = Place::take(&self, peer) else {
            connection.close(VarInt::from_u32(CLOSE_BUSY), b"too many connections");
            return;
        };
        self.streams(&connection, peer).await;
    }

    async fn streams(self: &Arc<Self>, connection: &Connection, peer: PublicKey) {
        // Bounded by how many streams a peer may have open; dropped with the connection.
        let mut streams = JoinSet::new();
        let mut check = tokio::time::interval(BLOCK_CHECK);
        loop {
            tokio::select! {
                accepted = connection.accept_bi() => {
                    let Ok((send, receive)) = accepted else { break };
                    let server = self.clone();
                    let observed = observed(connection);
                    if connection.alpn() == DHT_ALPN {
                        streams.spawn(async move {
                            let request = server.request(peer, observed, send, receive);
                            let _ = tokio::time::timeout(REQUEST_TIMEOUT, request).await;
                        });
                    } else if connection.alpn() == JOB_ALPN {
                        streams.spawn(async move {
                            server.workers.serve(peer, observed, send, receive).await;
                        });
                    }
                }
                Some(_) = streams.join_next() => {}
                _ = check.tick() => {
                    if self.pool.blocks().contains(&peer) {
                        // What is being answered is: perhaps it says why.
                        let answered = async { while streams.join_next().await.is_some() {} };
                        let _ = tokio::time::timeout(BLOCK_CHECK, answered).await;
                        connection.close(VarInt::from_u32(CLOSE_BLOCKED), b"blocked");
                        break;
                    }
                }
            }
        }
    }

    /// One request of the DHT: one frame in, one frame out.
    async fn request(
        &self,
        peer: PublicKey,
        observed: Option<Address>,
        mut send: SendStream,
        mut receive: RecvStream,
    ) {
        let answer = match receive.read_to_end(FRAME_BYTES_MAX).await {
            Ok(bytes) => match RequestFrame::decode(&bytes) {
                Ok(frame) => {
                    let from = Contact::new(peer, frame.addresses.clone(), PROTOCOL_VERSION);
                    self.core.incoming(from, observed, frame).await
                }
                Err(error) => Some(ResponseFrame::refusal(&bytes, error)),
            },
            Err(ReadToEndError::TooLong) => Some(ResponseFrame::refusal(&[], WireError::TooBig)),
            Err(ReadToEndError::Read(_)) => None,
        };
        if let Some(answer) = answer
            && send.write_all(&answer.encode()).await.is_ok()
            && send.finish().is_ok()
        {
            let _ = tokio::time::timeout(LINGER_TIMEOUT, send.stopped()).await;
        }
    }
}

/// One of a peer's connections, counted.
struct Place {
    server: Arc<Server>,
    peer: PublicKey,
}

impl Place {
    fn take(server: &Arc<Server>, peer: PublicKey) -> Option<Place> {
        let mut per_peer = locked(&server.per_peer);
        let count = per_peer.entry(peer).or_default();
        if *count >= INCOMING_PER_PEER_MAX {
            return None;
        }
        *count += 1;
        Some(Place {
            server: server.clone(),
            peer,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut per_peer = locked(&self.server.per_peer);
        if let Some(count) = per_peer.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                per_peer.remove(&self.peer);
            }
        }
    }
}

/// Where a connection's bytes come from.
fn observed(connection: &Connection) -> Option<Address> {
    let paths = connection.paths();
    let selected = paths
        .iter()
        .find(|path| path.is_selected())
        .or_else(|| paths.iter().next())?;
    match selected.remote_addr() {
        TransportAddr::Ip(socket) => Some(Address::Ip(*socket)),
        TransportAddr::Relay(url) => Some(Address::Relay(url.to_string())),
        _ => None,
    }
}
