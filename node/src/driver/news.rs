//! News over connections that we opened: whoever cannot be dialled hears of what it watches all the same.
//! Nothing else is taken on them, and nothing that is not watched.

use std::sync::Arc;
use std::time::Duration;

use dht::wire::{FRAME_BYTES_MAX, RequestFrame, ResponseFrame};
use dht::{Contact, ErrorCode, Failure, PROTOCOL_VERSION, PublicKey, Request, Response};
use iroh::endpoint::{Connection, RecvStream, SendStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::core::Core;
use super::pool::Pool;

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
    loop {
        tokio::select! {
            connection = opened.recv() => match connection {
                Some(connection) => {
                    connections.spawn(hear(pool.clone(), core.clone(), connection));
                }
                None => return,
            },
            Some(_) = connections.join_next() => lost.notify_waiters(),
        }
    }
}

async fn hear(pool: Arc<Pool>, core: Core, connection: Connection) {
    let peer = PublicKey::from_bytes(*connection.remote_id().as_bytes());
    // Bounded by how many streams a peer may have open; dropped with the connection.
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connection.accept_bi() => {
                let Ok((send, receive)) = accepted else { return };
                let (pool, core) = (pool.clone(), core.clone());
                streams.spawn(async move {
                    let told = take(&pool, &core, peer, send, receive);
                    let _ = tokio::time::timeout(NEWS_TIMEOUT, told).await;
                });
            }
            Some(_) = streams.join_next() => {}
        }
    }
}

async fn take(
    pool: &Pool,
    core: &Core,
    peer: PublicKey,
    mut send: SendStream,
    mut receive: RecvStream,
) {
    let Ok(bytes) = receive.read_to_end(FRAME_BYTES_MAX).await else {
        return;
    };
    pool.counters().bytes_in.add(bytes.len());
    let answer = match RequestFrame::decode(&bytes) {
        Ok(frame) if is_news(core, &frame.request).await => {
            let from = Contact::new(peer, frame.addresses.clone(), PROTOCOL_VERSION);
            core.incoming(from, None, frame).await
        }
        Ok(frame) => {
            let failure = Failure::new(ErrorCode::Refused, "this is not watched here");
            Some(ResponseFrame {
                interaction: frame.interaction,
                response: Response::Failure(failure),
            })
        }
        Err(error) => Some(ResponseFrame::refusal(&bytes, error)),
    };
    let Some(bytes) = answer.map(|answer| answer.encode()) else {
        return;
    };
    pool.counters().bytes_out.add(bytes.len());
    if send.write_all(&bytes).await.is_ok() && send.finish().is_ok() {
        let _ = send.stopped().await;
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
