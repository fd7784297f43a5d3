//! News over connections that we opened: whoever cannot be dialled hears of what it watches all the same.
//! Nothing else is taken on them, and nothing that is not watched.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dht::wire::{RequestFrame, ResponseFrame, WireError};
use dht::{Contact, ErrorCode, Failure, PROTOCOL_VERSION, PublicKey, Request, Response};
use iroh::endpoint::{Connection, RecvStream, SendStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::core::Core;
use super::pace::Pace;
use super::pool::Pool;
use super::room::{Room, Share};
use super::serve::{Unread, read_frame, refuse_late, reply, too_much};
use crate::wire::interaction_of;

/// How long telling us something may take.
const NEWS_TIMEOUT: Duration = Duration::from_secs(15);

/// Listens on each of these connections until it ends; `lost` is told when one does.
pub(crate) async fn hear_news(
    pool: Arc<Pool>,
    core: Core,
    mut opened: mpsc::Receiver<Connection>,
    lost: Arc<Notify>,
) {
    let mut connections = JoinSet::new();
    let (pace, room) = (Arc::<Pace>::default(), Room::default());
    loop {
        tokio::select! {
            connection = opened.recv() => match connection {
                Some(connection) => {
                    let hearing = Hearing {
                        pool: pool.clone(),
                        core: core.clone(),
                        pace: pace.clone(),
                        share: room.share(),
                    };
                    connections.spawn(hear(hearing, connection));
                }
                None => return,
            },
            Some(_) = connections.join_next() => lost.notify_waiters(),
        }
    }
}

/// What one connection is heard with.
#[derive(Clone)]
struct Hearing {
    pool: Arc<Pool>,
    core: Core,
    pace: Arc<Pace>,
    share: Share,
}

async fn hear(hearing: Hearing, connection: Connection) {
    let peer = PublicKey::from_bytes(*connection.remote_id().as_bytes());
    // Bounded by how many streams a peer may have open; dropped with the connection.
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connection.accept_bi() => {
                let Ok((send, receive)) = accepted else { return };
                let hearing = hearing.clone();
                streams.spawn(async move {
                    let told = hearing.take(peer, send, receive);
                    let _ = tokio::time::timeout(NEWS_TIMEOUT, told).await;
                });
            }
            Some(_) = streams.join_next() => {}
        }
    }
}

impl Hearing {
    async fn take(&self, peer: PublicKey, send: SendStream, mut receive: RecvStream) {
        let counters = self.pool.counters();
        match self.pace.turn(Instant::now(), peer) {
            Some(wait) if wait.is_zero() => {}
            Some(wait) => tokio::time::sleep(wait).await,
            None => return refuse_late(send, receive, &self.share, counters).await,
        }
        let answer = match read_frame(&mut receive, &self.share).await {
            Ok((bytes, _taken)) => {
                counters.bytes_in.add(bytes.len());
                self.answer(peer, &bytes).await
            }
            Err(Unread::TooBig) => Some(ResponseFrame::refusal(&[], WireError::TooBig)),
            Err(Unread::NoRoom(head)) => Some(too_much(interaction_of(&head))),
            Err(Unread::Gone) => None,
        };
        if let Some(answer) = answer {
            reply(send, answer, &self.share, counters).await;
        }
    }

    async fn answer(&self, peer: PublicKey, bytes: &[u8]) -> Option<ResponseFrame> {
        match RequestFrame::decode(bytes) {
            Ok(frame) if is_news(&self.core, &frame.request).await => {
                let from = Contact::new(peer, frame.addresses.clone(), PROTOCOL_VERSION);
                self.core.incoming(from, None, frame, &self.pace).await
            }
            Ok(frame) => {
                let failure = Failure::new(ErrorCode::Refused, "this is not watched here");
                Some(ResponseFrame {
                    interaction: frame.interaction,
                    response: Response::Failure(failure),
                })
            }
            Err(error) => Some(ResponseFrame::refusal(bytes, error)),
        }
    }
}

async fn is_news(core: &Core, request: &Request) -> bool {
    let Request::Store(store) = request else {
        return false;
    };
    let key = store.item.key;
    let watched = core.look(move |kademlia| kademlia.watches(&key)).await;
    store.cache && watched.unwrap_or(false)
}
