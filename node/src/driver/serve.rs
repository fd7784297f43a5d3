//! Connections others open to us: who may, how many, and which protocol serves them.
//!
//! Whoever was connected before may ask with its first packet, before the handshake is over. TLS knows it by what only
//! it can have kept of the last connection, and takes that once: who records such a packet and sends it again is not
//! heard. So blocks and what one peer may have hold from the first byte. Where it comes from is not proven, though:
//! only questions are answered at once, whose answers cannot be larger than three times what came until it is. All
//! else waits for the end of the handshake.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dht::wire::{FRAME_BYTES_MAX, RequestFrame, ResponseFrame, WireError};
use dht::{
    Address, Contact, ErrorCode, Failure, InteractionId, PROTOCOL_VERSION, PublicKey, Request,
    Response, Subnet,
};
use iroh::endpoint::{
    Connection, ConnectionState, Incoming, IncomingAddr, IncomingZeroRttConnection, RecvStream,
    SendStream, VarInt,
};
use tokio::task::JoinSet;

use super::core::Core;
use super::dial::{may_be_early, observed};
use super::pace::{Pace, REFUSAL_PAUSE};
use super::pool::{CLOSE_BLOCKED, CLOSE_UNUSED, Pool, locked};
use super::room::{Room, SMALL_BYTES, Share, Taken};
use super::seats::{NoSeat, Seat, Seats};
use super::stream::{FrameReader, FrameWriter};
use super::{DHT_ALPN, JOB_ALPN};
use crate::counters::{Connected, Counters};
use crate::jobs::Workers;
use crate::wire::interaction_of;

/// Most connections one peer may have open to us.
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
        per_peer: Mutex::default(),
        pace: Arc::default(),
        room: Room::default(),
    });
    let (mut connections, seats) = (JoinSet::new(), Seats::default());
    loop {
        tokio::select! {
            incoming = pool.endpoint().accept() => match incoming {
                Some(incoming) => {
                    let is_proven = incoming.remote_addr_validated();
                    match seats.take(subnet(&incoming), is_proven) {
                        Ok(seat) => {
                            connections.spawn(server.clone().connection(incoming, seat));
                        }
                        // It comes again with the proof.
                        Err(NoSeat::Unproven) => drop(incoming.retry()),
                        Err(NoSeat::Full) => incoming.refuse(),
                    }
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
    per_peer: Mutex<BTreeMap<PublicKey, Peer>>,
    pace: Arc<Pace>,
    room: Room,
}

/// A peer that has connections open to us.
struct Peer {
    connections: usize,
    share: Share,
}

/// What a connection brought before its handshake was over.
#[derive(Default)]
struct Early {
    place: Option<Place>,
    /// Bounded by how many streams a peer may have open; dropped with the connection.
    streams: JoinSet<()>,
    /// What has to wait.
    held: Vec<(SendStream, RecvStream)>,
}

/// Where a request comes from.
enum Line {
    /// The handshake is over: this is the other end.
    Proven(Option<Address>),
    /// It is not.
    Arriving(IncomingZeroRttConnection),
}

impl Server {
    async fn connection(self: Arc<Self>, incoming: Incoming, seat: Seat) {
        let Ok(accepting) = incoming.accept() else {
            return;
        };
        let (arriving, mut early) = (accepting.into_0rtt(), Early::default());
        let arrival = self.arrival(&arriving, &mut early);
        let Ok(Some(connection)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, arrival).await else {
            return;
        };
        let peer = PublicKey::from_bytes(*connection.remote_id().as_bytes());
        let Some(place) = early.place.take().or_else(|| self.admit(&connection, peer)) else {
            return;
        };
        let leaving = connection.clone();
        seat.opened(move || leaving.close(VarInt::from_u32(CLOSE_UNUSED), b"others are waiting"));
        let _connected = Connected::new(self.pool.counters());
        let is_dht = connection.alpn() == DHT_ALPN;
        if is_dht {
            self.pool.add_incoming(peer, &connection);
        }
        self.streams(&connection, early, &place, &seat).await;
        if is_dht {
            self.pool.remove_incoming(&peer, &connection);
        }
    }

    /// A place for a peer, or else it is told why there is none.
    fn admit<S: ConnectionState>(
        self: &Arc<Self>,
        connection: &Connection<S>,
        peer: PublicKey,
    ) -> Option<Place> {
        if self.pool.blocks().contains(&peer) {
            connection.close(VarInt::from_u32(CLOSE_BLOCKED), b"blocked");
            return None;
        }
        let place = Place::take(self, peer);
        if place.is_none() {
            connection.close(VarInt::from_u32(CLOSE_BUSY), b"too many connections");
        }
        place
    }

    /// Waits for the end of a handshake, and takes what comes before it.
    async fn arrival(
        self: &Arc<Self>,
        arriving: &IncomingZeroRttConnection,
        early: &mut Early,
    ) -> Option<Connection> {
        let mut handshake = std::pin::pin!(arriving.handshake_completed());
        loop {
            tokio::select! {
                biased;
                connection = &mut handshake => return connection.ok(),
                accepted = arriving.accept_bi() => {
                    let (send, receive) = accepted.ok()?;
                    // Nothing can be read of whom TLS does not know.
                    let peer = arriving.remote_id().ok()?;
                    let peer = PublicKey::from_bytes(*peer.as_bytes());
                    if early.place.is_none() {
                        early.place = Some(self.admit(arriving, peer)?);
                    }
                    match &early.place {
                        Some(place) if arriving.alpn().as_deref() == Some(DHT_ALPN) => {
                            let line = Line::Arriving(arriving.clone());
                            self.spawn_request(&mut early.streams, place, line, send, receive);
                        }
                        _ => early.held.push((send, receive)),
                    }
                }
                Some(_) = early.streams.join_next() => {}
            }
        }
    }

    fn spawn_request(
        self: &Arc<Self>,
        streams: &mut JoinSet<()>,
        place: &Place,
        line: Line,
        send: SendStream,
        receive: RecvStream,
    ) {
        let (server, peer, share) = (self.clone(), place.peer, place.share.clone());
        streams.spawn(async move {
            let request = server.request(peer, line, &share, send, receive);
            let _ = tokio::time::timeout(REQUEST_TIMEOUT, request).await;
        });
    }

    fn spawn_stream(
        self: &Arc<Self>,
        streams: &mut JoinSet<()>,
        place: &Place,
        connection: &Connection,
        (send, receive): (SendStream, RecvStream),
    ) {
        let observed = observed(connection);
        if connection.alpn() == DHT_ALPN {
            let line = Line::Proven(observed);
            self.spawn_request(streams, place, line, send, receive);
        } else if connection.alpn() == JOB_ALPN {
            let (server, peer, share) = (self.clone(), place.peer, place.share.clone());
            streams.spawn(async move {
                let counters = server.pool.counters().clone();
                let reader = FrameReader::new(receive, Some(share.clone()), counters.clone());
                let writer = FrameWriter::new(send, Some(share), counters);
                server.workers.serve(peer, observed, reader, writer).await;
            });
        }
    }

    async fn streams(
        self: &Arc<Self>,
        connection: &Connection,
        early: Early,
        place: &Place,
        seat: &Seat,
    ) {
        let Early {
            mut streams, held, ..
        } = early;
        for held in held {
            self.spawn_stream(&mut streams, place, connection, held);
        }
        seat.used(streams.len());
        let mut check = tokio::time::interval(BLOCK_CHECK);
        loop {
            tokio::select! {
                accepted = connection.accept_bi() => {
                    let Ok(accepted) = accepted else { break };
                    self.spawn_stream(&mut streams, place, connection, accepted);
                    seat.used(streams.len());
                }
                Some(_) = streams.join_next() => seat.used(streams.len()),
                _ = check.tick() => {
                    if self.pool.blocks().contains(&place.peer) {
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
        line: Line,
        share: &Share,
        send: SendStream,
        mut receive: RecvStream,
    ) {
        let counters = self.pool.counters();
        match self.pace.turn(Instant::now(), peer) {
            Some(wait) if wait.is_zero() => {}
            Some(wait) => tokio::time::sleep(wait).await,
            None => return refuse_late(send, receive, share, counters).await,
        }
        let answer = match read_frame(&mut receive, share).await {
            Ok((bytes, _taken)) => {
                counters.bytes_in.add(bytes.len());
                match RequestFrame::decode(&bytes) {
                    Ok(frame) => {
                        let Some(observed) = line.proven(&frame.request).await else {
                            return;
                        };
                        let from = Contact::new(peer, frame.addresses.clone(), PROTOCOL_VERSION);
                        self.core.incoming(from, observed, frame, &self.pace).await
                    }
                    Err(error) => Some(ResponseFrame::refusal(&bytes, error)),
                }
            }
            Err(Unread::TooBig) => Some(ResponseFrame::refusal(&[], WireError::TooBig)),
            Err(Unread::NoRoom(head)) => Some(too_much(interaction_of(&head))),
            Err(Unread::Gone) => None,
        };
        if let Some(answer) = answer {
            reply(send, answer, share, counters).await;
        }
    }
}

impl Line {
    /// The other end, as far as this request must know it; waits for that. `None` if it is gone.
    async fn proven(self, request: &Request) -> Option<Option<Address>> {
        match self {
            Line::Proven(observed) => Some(observed),
            Line::Arriving(_) if may_be_early(request) => Some(None),
            Line::Arriving(arriving) => {
                let connection = arriving.handshake_completed().await.ok()?;
                Some(observed(&connection))
            }
        }
    }
}

/// Where somebody comes from, to count it.
fn subnet(incoming: &Incoming) -> Option<Subnet> {
    match incoming.remote_addr() {
        IncomingAddr::Ip(socket) => Address::Ip(socket).subnet(),
        IncomingAddr::Relay { url, .. } => Address::Relay(url.to_string()).subnet(),
        _ => None,
    }
}

/// Why there is no frame.
pub(super) enum Unread {
    TooBig,
    /// It began like this.
    NoRoom(Vec<u8>),
    Gone,
}

/// Everything up to the end of a stream, and the room it takes.
pub(super) async fn read_frame(
    receive: &mut RecvStream,
    share: &Share,
) -> Result<(Vec<u8>, Option<Taken>), Unread> {
    let (mut bytes, mut taken) = (Vec::new(), None);
    loop {
        let most = match taken {
            None => SMALL_BYTES,
            Some(_) => FRAME_BYTES_MAX + 1,
        };
        match receive.read_chunk(most - bytes.len()).await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok((bytes, taken)),
            Err(_) => return Err(Unread::Gone),
        }
        if bytes.len() > FRAME_BYTES_MAX {
            let _ = receive.stop(VarInt::from_u32(CLOSE_BUSY));
            return Err(Unread::TooBig);
        }
        if taken.is_none() && bytes.len() == SMALL_BYTES {
            taken = share.coming.take(FRAME_BYTES_MAX);
            if taken.is_none() {
                let _ = receive.stop(VarInt::from_u32(CLOSE_BUSY));
                return Err(Unread::NoRoom(bytes));
            }
        }
    }
}

/// Says an answer, or, where there is no room to keep it until it is read, that there is none. Nothing but its bytes
/// is kept meanwhile.
pub(super) async fn reply(
    mut send: SendStream,
    answer: ResponseFrame,
    share: &Share,
    counters: &Counters,
) {
    let mut bytes = answer.encode();
    let mut taken = None;
    if bytes.len() > SMALL_BYTES {
        taken = share.going.take(bytes.len());
        if taken.is_none() {
            bytes = too_much(answer.interaction).encode();
        }
    }
    drop(answer);
    counters.bytes_out.add(bytes.len());
    if send.write_all(&bytes).await.is_ok() && send.finish().is_ok() {
        let _ = tokio::time::timeout(LINGER_TIMEOUT, send.stopped()).await;
    }
    drop(taken);
}

/// Tells somebody that it asks too often. Of its request only what names the interaction is read.
pub(super) async fn refuse_late(
    send: SendStream,
    mut receive: RecvStream,
    share: &Share,
    counters: &Counters,
) {
    let mut head = [0; 18];
    // Whoever sent less named none.
    let _ = receive.read_exact(&mut head).await;
    let _ = receive.stop(VarInt::from_u32(CLOSE_BUSY));
    tokio::time::sleep(REFUSAL_PAUSE).await;
    reply(send, too_much(interaction_of(&head)), share, counters).await;
}

pub(super) fn too_much(interaction: InteractionId) -> ResponseFrame {
    let failure = Failure::new(ErrorCode::Busy, "too many requests");
    ResponseFrame {
        interaction,
        response: Response::Failure(failure),
    }
}

/// One of a peer's connections, counted.
struct Place {
    server: Arc<Server>,
    peer: PublicKey,
    share: Share,
}

impl Place {
    fn take(server: &Arc<Server>, peer: PublicKey) -> Option<Place> {
        let mut per_peer = locked(&server.per_peer);
        let known = per_peer.entry(peer).or_insert_with(|| Peer {
            connections: 0,
            share: server.room.share(),
        });
        if known.connections >= INCOMING_PER_PEER_MAX {
            return None;
        }
        known.connections += 1;
        Some(Place {
            server: server.clone(),
            peer,
            share: known.share.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut per_peer = locked(&self.server.per_peer);
        if let Some(known) = per_peer.get_mut(&self.peer) {
            known.connections -= 1;
            if known.connections == 0 {
                per_peer.remove(&self.peer);
            }
        }
    }
}
