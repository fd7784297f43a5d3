//! Where the chunks of a value that is being fetched are kept meanwhile. Many are written at once, and none if
//! the value is complete before.

use dht::CHUNK_BYTES;
use tokio::sync::mpsc;

use crate::keys::Id;
use crate::node::Node;
use crate::store::{FetchedChunk, Store};

/// Chunks written at once.
const BATCH: usize = 4 * 1024 * 1024 / CHUNK_BYTES;
/// Chunks on their way to be written.
const WAITING: usize = 8;

/// The place of one value. Dropped, it still writes what it was given.
pub(super) struct Shelf {
    chunks: mpsc::Sender<Option<FetchedChunk>>,
}

impl Shelf {
    /// Opens the place of a value of that length; what it holds from an earlier time. A disk that refuses is no
    /// reason not to fetch the value.
    pub(super) async fn open(node: &Node, name: Id, length: usize) -> (Shelf, Vec<FetchedChunk>) {
        let now = node.clock.now();
        let begin = move |store: &Store| store.begin_fetch(&name, length as u64, now);
        let kept = node.with_store(begin).await;
        let kept = kept.transpose().unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot keep what is fetched");
            None
        });
        let (chunks, receiver) = mpsc::channel(WAITING);
        tokio::spawn(write(node.store.clone(), name, receiver));
        (Shelf { chunks }, kept.unwrap_or_default())
    }

    /// Keeps a chunk.
    pub(super) async fn keep(&self, index: usize, chunk: Vec<u8>) {
        // Whoever writes them lives as long as the shelf.
        let _ = self.chunks.send(Some((index, chunk))).await;
    }

    /// The value is complete: nothing of it is kept any longer.
    pub(super) fn clear(self) {
        tokio::spawn(async move { self.chunks.send(None).await });
    }
}

async fn write(store: Store, name: Id, mut chunks: mpsc::Receiver<Option<FetchedChunk>>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        match chunks.recv().await {
            Some(Some(chunk)) => {
                batch.push(chunk);
                if batch.len() == BATCH {
                    let full = std::mem::take(&mut batch);
                    let _ = store
                        .run(move |store| store.keep_fetched(&name, &full))
                        .await;
                }
            }
            Some(None) => {
                let _ = store.run(move |store| store.end_fetch(&name)).await;
                return;
            }
            None => {
                let _ = store
                    .run(move |store| store.keep_fetched(&name, &batch))
                    .await;
                return;
            }
        }
    }
}
