//! What waits for the disk. Changes are made durable in the order they were decided, many at
//! once; an acknowledgement leaves only after everything decided before it is durable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dht::{ErrorCode, Failure, OperationError, Outcome, Response, wire::ResponseFrame};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant, sleep_until};

use super::core::DhtFailure;
use crate::error::DataError;
use crate::store::{Change, Store};

/// Most batches waiting for the disk; whoever decides more waits.
const BATCHES_MAX: usize = 256;
/// Most batches made durable at once.
const BATCHES_AT_ONCE_MAX: usize = 64;
/// How long a disk that refused is left alone; each time it refuses again twice as long, up to the other.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);
/// Most changes kept meanwhile that could be left undone without harm.
const DISPENSABLE_MAX: usize = 8192;

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
    let mut behind: Option<Behind> = None;
    loop {
        let received = batches.recv_many(&mut group, BATCHES_AT_ONCE_MAX);
        let count = match &behind {
            None => received.await,
            Some(behind) => tokio::select! {
                count = received => count,
                // It is tried again though nothing happens.
                () = sleep_until(behind.retry_at) => 0,
            },
        };
        let is_over = count == 0 && batches.is_closed() && batches.is_empty();
        let (mut changes, mut releases) = (Vec::new(), Vec::new());
        for batch in group.drain(..) {
            changes.extend(batch.changes);
            releases.extend(batch.releases);
        }
        let was_behind = behind.is_some();
        behind = match behind {
            Some(mut known) if !is_over && Instant::now() < known.retry_at => {
                known.pending.add(changes);
                Some(known)
            }
            known => write(&store, known, changes).await,
        };
        for release in releases {
            match &behind {
                Some(behind) if release.acknowledges() => release.fail(&behind.error),
                _ => release.go(),
            }
        }
        // Who is behind counts as one more batch, so that nothing is acknowledged past it.
        waiting.fetch_add(usize::from(behind.is_some()), Ordering::AcqRel);
        waiting.fetch_sub(count + usize::from(was_behind), Ordering::AcqRel);
        if is_over {
            return;
        }
    }
}

/// Makes durable what the disk refused before, and `changes`; what it refuses now.
async fn write(store: &Store, before: Option<Behind>, changes: Vec<Change>) -> Option<Behind> {
    let pause = before.as_ref().map(|before| before.pause);
    let mut pending = before.map(|before| before.pending).unwrap_or_default();
    pending.add(changes);
    let pending = Arc::new(pending);
    let (error, needless) = pending.clone().write(store).await.err()?;
    match pause {
        Some(_) => tracing::debug!(%error, "still cannot write to the data folder"),
        // Whoever runs the node is to know, once: until it can write again, nothing is stored.
        None => tracing::error!("cannot write to the data folder: {error}"),
    }
    let mut pending = Arc::unwrap_or_clone(pending);
    for place in &needless {
        pending.remove(place);
    }
    let pause = pause.map_or(RETRY_PAUSE_MIN, |pause| (2 * pause).min(RETRY_PAUSE_MAX));
    Some(Behind {
        pending,
        error,
        pause,
        retry_at: Instant::now() + pause,
    })
}

/// The disk refused something, and is asked again after a pause: what is in memory must not be acknowledged later,
/// as held already, without being on disk.
#[derive(Debug)]
struct Behind {
    pending: Pending,
    error: DataError,
    pause: Duration,
    retry_at: Instant,
}

type ChangePlace = (u8, Vec<u8>);

/// The last change of each thing. Of items and blocks there are no more than the state machine has room for; of what
/// could be left undone without harm no more than a maximum is kept.
#[derive(Debug, Clone, Default)]
struct Pending {
    changes: BTreeMap<ChangePlace, Change>,
    dispensable: usize,
}

impl Pending {
    fn add(&mut self, changes: Vec<Change>) {
        for change in changes {
            let (place, is_dispensable) = (change.place(), change.is_dispensable());
            self.remove(&place);
            if !is_dispensable || self.dispensable < DISPENSABLE_MAX {
                self.dispensable += usize::from(is_dispensable);
                self.changes.insert(place, change);
            }
        }
    }

    fn remove(&mut self, place: &ChangePlace) {
        let known = self.changes.remove(place);
        self.dispensable -= usize::from(known.is_some_and(|change| change.is_dispensable()));
    }

    /// Makes all of it durable, or says why not, and what of it is needless: to forget what is not on disk.
    async fn write(self: Arc<Pending>, store: &Store) -> Result<(), (DataError, Vec<ChangePlace>)> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let written = store.run(move |store| {
            let written = store.apply(self.changes.values());
            written.map_err(|error| {
                let places = self.changes.iter();
                // If that cannot be read either, it is asked again later.
                let is_needless = |change: &Change| store.is_needless(change).ok();
                let known = places.map_while(|(place, change)| Some((place, is_needless(change)?)));
                let needless = known.filter(|(_, is_needless)| *is_needless);
                (error, needless.map(|(place, _)| place.clone()).collect())
            })
        });
        written.await.unwrap_or_else(|| {
            let why = "writing was interrupted".into();
            Err((DataError::Io("(data folder)".into(), why), Vec::new()))
        })
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
    use crate::keys::Id;
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
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let (release, again) = answer();
            writer.write(Vec::new(), vec![release]).await;
            if again.await.unwrap().response == Response::Stored {
                break;
            }
            assert!(Instant::now() < deadline, "it is not tried again");
            tokio::task::yield_now().await;
        }
        drop(writer);
        writing.await.unwrap();
        drop(store);
        let kept = open(disk.synced()).unwrap().items().unwrap();
        assert_eq!(kept.len(), filler + 1);
    }

    fn change(number: usize) -> Change {
        Change::StoreItem(record(&format!("{number}"), 1, 10))
    }

    fn removal(number: usize) -> Change {
        Change::RemoveItem(Id::hash(&number.to_be_bytes()))
    }

    /// While the disk refuses, it is asked now and then, not for every batch, and written to when it does no more.
    #[tokio::test(start_paused = true)]
    async fn a_disk_that_refuses_is_left_alone_and_written_to_in_the_end() {
        let disk = Disk::default();
        let backend = disk.clone();
        let store = Store::on_backends(move || backend.clone()).unwrap();
        let (writer, writing) = Writer::start(store.clone());
        disk.break_down(true);
        let before = disk.operations();
        let mut answers = Vec::new();
        for number in 0..1000 {
            let (release, answer) = answer();
            writer.write(vec![change(number)], vec![release]).await;
            answers.push(answer);
        }
        for answer in answers {
            assert_ne!(answer.await.unwrap().response, Response::Stored);
        }
        let tried = disk.operations() - before;
        assert!(tried < 50, "{tried} operations of a broken disk");
        disk.break_down(false);
        // Nothing more happens, but time passes.
        tokio::time::sleep(RETRY_PAUSE_MAX).await;
        assert_eq!(store.items().unwrap().len(), 1000);
        drop(writer);
        writing.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_given_up_meanwhile_takes_no_room() {
        let disk = Disk::default();
        let backend = disk.clone();
        let store = Store::on_backends(move || backend.clone()).unwrap();
        let kept = record("kept", 1, 10);
        store.apply(&[Change::StoreItem(kept.clone())]).unwrap();
        disk.fill(true);
        let mut changes: Vec<Change> = (0..10).map(removal).collect();
        changes.push(Change::RemoveItem(kept.item.key));
        let mut expected = vec![Change::RemoveItem(kept.item.key).place()];
        for number in 0..100 {
            let large = Change::StoreItem(record(&format!("{number}"), 1, 60_000));
            expected.push(large.place());
            changes.push(large);
        }
        let behind = write(&store, None, changes).await.unwrap();
        // What is not on disk need not be forgotten there.
        let left: Vec<ChangePlace> = behind.pending.changes.into_keys().collect();
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn of_what_can_be_forgotten_no_more_than_a_maximum_is_kept() {
        let mut pending = Pending::default();
        pending.add((0..3).map(change).collect());
        pending.add((0..2 * DISPENSABLE_MAX).map(removal).collect());
        assert_eq!(pending.changes.len(), 3 + DISPENSABLE_MAX);
        pending.add((0..2 * DISPENSABLE_MAX).map(removal).collect());
        assert_eq!(pending.changes.len(), 3 + DISPENSABLE_MAX);
        // What is removed is not stored, whether or not there is room for the removal.
        let stored = change(0);
        let Change::StoreItem(record) = &stored else {
            unreachable!()
        };
        pending.add(vec![Change::RemoveItem(record.item.key)]);
        assert_eq!(pending.changes.len(), 2 + DISPENSABLE_MAX);
        pending.remove(&removal(5).place());
        pending.add(vec![removal(DISPENSABLE_MAX + 5)]);
        assert_eq!(pending.changes.len(), 2 + DISPENSABLE_MAX);
    }
}
