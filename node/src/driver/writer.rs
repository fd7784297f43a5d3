//! What waits for the disk. Changes are made durable in the order they were decided, many at
//! once; an acknowledgement leaves only after everything decided before it is durable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dht::{ErrorCode, Failure, OperationError, Outcome, Response, wire::ResponseFrame};
use tokio::sync::{mpsc, oneshot};

use super::core::DhtFailure;
use crate::error::DataError;
use crate::store::{Change, Store};

/// Most batches waiting for the disk; whoever decides more waits.
const BATCHES_MAX: usize = 256;
/// Most batches made durable at once.
const BATCHES_AT_ONCE_MAX: usize = 64;

/// Something that may leave once what was decided before it is durable.
#[derive(Debug)]
pub(crate) enum Release {
    /// An answer to a peer.
    Reply(oneshot::Sender<ResponseFrame>, ResponseFrame),
    /// The end of an operation of our own.
    Finished(
        oneshot::Sender<Result<Outcome, DhtFailure>>,
        Result<Outcome, OperationError>,
    ),
}

#[derive(Debug)]
struct Batch {
    changes: Vec<Change>,
    releases: Vec<Release>,
}

/// The way to the disk.
#[derive(Debug)]
pub(crate) struct Writer {
    batches: mpsc::Sender<Batch>,
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts writing to `store`; ends when the writer is dropped and everything is written.
    pub(crate) fn start(store: Store) -> (Writer, tokio::task::JoinHandle<()>) {
        let (batches, receiver) = mpsc::channel(BATCHES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(write_all(store, receiver, waiting.clone()));
        (Writer { batches, waiting }, task)
    }

    /// Makes `changes` durable, then lets `releases` go. Without changes on either side, those
    /// that acknowledge nothing go at once.
    pub(crate) async fn write(&self, changes: Vec<Change>, mut releases: Vec<Release>) {
        if changes.is_empty() {
            let idle = self.waiting.load(Ordering::Acquire) == 0;
            let (later, now): (Vec<_>, Vec<_>) = std::mem::take(&mut releases)
                .into_iter()
                .partition(|release| !idle && release.acknowledges());
            now.into_iter().for_each(Release::go);
            releases = later;
        }
        if changes.is_empty() && releases.is_empty() {
            return;
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        // The receiver lives as long as any writer does.
        let _ = self.batches.send(Batch { changes, releases }).await;
    }
}

async fn write_all(store: Store, mut batches: mpsc::Receiver<Batch>, waiting: Arc<AtomicUsize>) {
    let mut group = Vec::new();
    let mut behind = Behind::default();
    while batches.recv_many(&mut group, BATCHES_AT_ONCE_MAX).await > 0 {
        let count = group.len();
        let mut changes = behind.changes();
        let mut releases = Vec::new();
        for batch in group.drain(..) {
            changes.extend(batch.changes);
            releases.extend(batch.releases);
        }
        let written = apply(&store, changes.clone()).await;
        let was_behind = behind.is_behind();
        match &written {
            Ok(()) => behind = Behind::default(),
            Err(error) => {
                if was_behind {
                    tracing::debug!(%error, "still cannot write to the data folder");
                } else {
                    // Whoever runs the node is to know, once: until it can write again, nothing is stored.
                    tracing::error!("cannot write to the data folder: {error}");
                }
                behind.note(changes);
            }
        }
        for release in releases {
            match &written {
                Ok(()) => release.go(),
                Err(error) => release.fail(error),
            }
        }
        // Who is behind counts as one more batch, so that nothing is acknowledged past it.
        waiting.fetch_add(usize::from(behind.is_behind()), Ordering::AcqRel);
        waiting.fetch_sub(count + usize::from(was_behind), Ordering::AcqRel);
    }
}

/// The changes that the disk refused, to be tried again with the next ones: what is in memory must not be
/// acknowledged later, as held already, without being on disk. The last change of each thing is enough.
#[derive(Debug, Default)]
struct Behind {
    changes: BTreeMap<(u8, Vec<u8>), Change>,
}

impl Behind {
    fn is_behind(&self) -> bool {
        !self.changes.is_empty()
    }

    fn changes(&self) -> Vec<Change> {
        self.changes.values().cloned().collect()
    }

    fn note(&mut self, changes: Vec<Change>) {
        for change in changes {
            self.changes.insert(change.place(), change);
        }
    }
}

async fn apply(store: &Store, changes: Vec<Change>) -> Result<(), DataError> {
    if changes.is_empty() {
        return Ok(());
    }
    if !store.is_on_disk() {
        return store.apply(&changes);
    }
    let store = store.clone();
    match tokio::task::spawn_blocking(move || store.apply(&changes)).await {
        Ok(written) => written,
        Err(_) => Err(DataError::Io(
            "(data folder)".into(),
            "writing was interrupted".into(),
        )),
    }
}

impl Release {
    /// Whether it tells somebody that something is kept.
    fn acknowledges(&self) -> bool {
        match self {
            Release::Reply(_, frame) => matches!(frame.response, Response::Stored),
            Release::Finished(_, outcome) => matches!(outcome, Ok(Outcome::Stored(_))),
        }
    }

    // A receiver that is gone does not want to know any more.
    fn go(self) {
        match self {
            Release::Reply(sender, frame) => drop(sender.send(frame)),
            Release::Finished(sender, outcome) => {
                drop(sender.send(outcome.map_err(DhtFailure::Operation)));
            }
        }
    }

    fn fail(self, error: &DataError) {
        match self {
            Release::Reply(sender, frame) => {
                let why = match error {
                    DataError::Full(_) => "the disk is full",
                    _ => "the disk refused",
                };
                let failure = Failure::new(ErrorCode::Internal, why);
                let response = Response::Failure(failure);
                drop(sender.send(ResponseFrame {
                    interaction: frame.interaction,
                    response,
                }));
            }
            Release::Finished(sender, _) => drop(sender.send(Err(DhtFailure::Disk(error.clone())))),
        }
    }
}

#[cfg(test)]
mod tests {
    use dht::InteractionId;

    use super::*;
    use crate::store::crashes::{Disk, open, record};

    fn answer() -> (Release, oneshot::Receiver<ResponseFrame>) {
        let (sender, receiver) = oneshot::channel();
        let frame = ResponseFrame {
            interaction: InteractionId(7),
            response: Response::Stored,
        };
        (Release::Reply(sender, frame), receiver)
    }

    /// What is held in memory is not acknowledged either before the disk has it.
    #[tokio::test]
    async fn a_full_disk_acknowledges_nothing_until_it_has_all_of_it() {
        let disk = Disk::default();
        let backend = disk.clone();
        let store = Store::on_backends(move || backend.clone()).unwrap();
        let (writer, writing) = Writer::start(store.clone());
        let mut filler = 0;
        let refused = loop {
            let change = Change::StoreItem(record(&format!("{filler}"), 1, 60_000));
            let (release, answer) = answer();
            writer.write(vec![change], vec![release]).await;
            let response = answer.await.unwrap().response;
            if response != Response::Stored {
                break response;
            }
            filler += 1;
            disk.fill(filler >= 2);
            assert!(filler < 400, "it is never full");
        };
        let expected = Failure::new(ErrorCode::Internal, "the disk is full");
        assert_eq!(refused, Response::Failure(expected));
        // The same once more changes nothing in memory.
        let (release, again) = answer();
        writer.write(Vec::new(), vec![release]).await;
        assert_ne!(again.await.unwrap().response, Response::Stored);
        disk.fill(false);
        let (release, again) = answer();
        writer.write(Vec::new(), vec![release]).await;
        assert_eq!(again.await.unwrap().response, Response::Stored);
        drop(writer);
        writing.await.unwrap();
        drop(store);
        let kept = open(disk.synced()).unwrap().items().unwrap();
        assert_eq!(kept.len(), filler + 1);
    }
}
