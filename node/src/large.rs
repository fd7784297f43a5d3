//! Values larger than one item, on their way: cut into chunks that are put before the manifest which lists them,
//! and fetched again from whoever holds them, many at once. What was verified is kept until the value is
//! complete. Refuses a manifest that makes no sense, or promises more than is wanted, before anything is fetched.

mod fetch;
mod shelf;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use dht::{
    Command, ErrorCode, LARGE_VALUE_BYTES_MAX, Manifest, ManifestError, OperationError, Outcome,
    PublicKey, Put, Step, Transfer,
};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::driver::DhtFailure;
use crate::error::NodeError;
use crate::keys::Id;
use crate::node::Node;

/// Bytes of values fetched at the same time; more wait their turn.
const FETCHING_BYTES_MAX: usize = 4 * LARGE_VALUE_BYTES_MAX;
/// Room is counted in units of so many bytes.
const ROOM_UNIT: usize = 1024;
/// Milliseconds between two chunks that are published later.
const LATER_MS: u64 = 25;
/// Chunks kept at once that are published later.
const KEPT_AT_ONCE: usize = 64;

/// The large values of a node that are on their way here.
#[derive(Debug)]
pub(crate) struct Large {
    /// By the hash of their manifest. Who wants the same at the same time shares one fetch.
    fetches: Mutex<BTreeMap<Id, Slot>>,
    room: Arc<Semaphore>,
}

/// A value, once it is there.
type Slot = Arc<AsyncMutex<Option<Arc<Vec<u8>>>>>;

impl Default for Large {
    fn default() -> Large {
        Large {
            fetches: Mutex::default(),
            room: Arc::new(Semaphore::new(FETCHING_BYTES_MAX / ROOM_UNIT)),
        }
    }
}

/// What became of the chunks of a value.
#[derive(Debug)]
pub(crate) struct Tally {
    /// So many peers at least stored each.
    pub(crate) stored: usize,
    /// Who would not store one of them, and why.
    pub(crate) rejected: BTreeSet<(PublicKey, ErrorCode)>,
    /// Most that did not answer about one.
    pub(crate) timed_out: usize,
}

impl Tally {
    fn note(&mut self, report: &dht::PutReport) {
        self.stored = self.stored.min(report.stored);
        self.rejected.extend(report.rejected.iter().copied());
        self.timed_out = self.timed_out.max(report.timed_out);
    }
}

/// How it went with one chunk.
enum Moved {
    /// It is stored, though perhaps at fewer peers than wanted.
    Stored(dht::PutReport),
    /// Others could not keep up: later perhaps.
    Later,
    /// There is nobody else.
    Alone,
}

impl Node {
    /// Stores the chunks of a value with the peers nearest to each. Where nobody is, and with `require` 0, they
    /// are kept here, and published when somebody is.
    pub(crate) async fn put_chunks(
        &self,
        manifest: &Arc<Manifest>,
        value: &Arc<Vec<u8>>,
        require: Option<usize>,
        read_back: bool,
    ) -> Result<Tally, NodeError> {
        let mut tally = Tally {
            stored: usize::MAX,
            rejected: BTreeSet::new(),
            timed_out: 0,
        };
        if require == Some(0) {
            self.keep_chunks(manifest, value).await?;
            tally.stored = 0;
            return Ok(tally);
        }
        let mut transfer = Transfer::storing(distinct(manifest));
        let mut moving = JoinSet::new();
        loop {
            let until = match transfer.next(self.clock.now()) {
                Step::Move(index) => {
                    let (core, item) = (self.core.clone(), chunk(manifest, value, index)?);
                    moving.spawn(async move {
                        let put = Put {
                            item,
                            require,
                            read_back,
                        };
                        (index, moved(core.run(Command::Put(put)).await))
                    });
                    continue;
                }
                Step::Done => return Ok(tally),
                Step::GaveUp(_) => {
                    tally.stored = 0;
                    break;
                }
                Step::Wait => None,
                Step::Until(at) => Some(at),
            };
            let Some((index, moved)) = self.joined(&mut moving, until).await else {
                continue;
            };
            match moved? {
                Moved::Stored(report) => {
                    tally.note(&report);
                    transfer.moved(index);
                    self.pool.counters().chunks_stored.add(1);
                    let is_late = report
                        .rejected
                        .iter()
                        .any(|(_, code)| *code == ErrorCode::Busy);
                    if is_late || report.timed_out > 0 {
                        transfer.slow_down();
                    }
                }
                Moved::Later => transfer.failed(self.clock.now(), index),
                Moved::Alone => {
                    tally.stored = 0;
                    break;
                }
            }
        }
        drop(moving);
        self.keep_chunks(manifest, value).await?;
        Ok(tally)
    }

    /// Keeps the chunks as our own, to be published bit by bit.
    async fn keep_chunks(
        &self,
        manifest: &Arc<Manifest>,
        value: &Arc<Vec<u8>>,
    ) -> Result<(), NodeError> {
        let mut publish_at = self.clock.now();
        let mut keeping = JoinSet::new();
        for index in distinct(manifest) {
            publish_at += LATER_MS;
            let (core, item) = (self.core.clone(), chunk(manifest, value, index)?);
            keeping.spawn(async move { core.run(Command::Keep { item, publish_at }).await });
            while keeping.len() >= KEPT_AT_ONCE
                && let Some(kept) = keeping.join_next().await
            {
                kept.unwrap_or(Err(DhtFailure::Closed))?;
            }
        }
        while let Some(kept) = keeping.join_next().await {
            kept.unwrap_or(Err(DhtFailure::Closed))?;
        }
        Ok(())
    }

    /// The next of these that ends, or nothing before the time given.
    async fn joined<T: 'static>(&self, running: &mut JoinSet<T>, until: Option<u64>) -> Option<T> {
        let next = async {
            match running.is_empty() {
                true => std::future::pending().await,
                false => running.join_next().await.and_then(Result::ok),
            }
        };
        match until {
            Some(at) => timeout_at(self.clock.instant(at).into(), next).await.ok()?,
            None => next.await,
        }
    }
}

/// The places of all chunks that are not the same as one before.
fn distinct(manifest: &Manifest) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let keys = manifest.keys().enumerate();
    keys.filter(|(_, key)| seen.insert(*key))
        .map(|(index, _)| index)
        .collect()
}

fn chunk(manifest: &Manifest, value: &[u8], index: usize) -> Result<Arc<dht::Item>, NodeError> {
    let chunk = manifest.chunk(value, index).map_err(NodeError::Manifest)?;
    Ok(Arc::new(chunk))
}

/// What an answer to a put means for the rest of the value.
fn moved(answer: Result<Outcome, DhtFailure>) -> Result<Moved, NodeError> {
    let report = match answer {
        Ok(Outcome::Stored(report)) => report,
        Ok(_) => return Err(NodeError::Closed),
        Err(DhtFailure::Operation(OperationError::NotStored(report))) => *report,
        Err(DhtFailure::Operation(OperationError::Busy | OperationError::OutOfTime)) => {
            return Ok(Moved::Later);
        }
        Err(failure) => return Err(failure.into()),
    };
    let was_busy = report
        .rejected
        .iter()
        .any(|(_, code)| *code == ErrorCode::Busy);
    Ok(match report.stored {
        0 if report.rejected.is_empty() && report.timed_out == 0 => Moved::Alone,
        0 if was_busy || report.rejected.is_empty() => Moved::Later,
        _ => Moved::Stored(report),
    })
}

/// The manifest that a value is, if it lists what is wanted and no more.
pub(crate) fn manifest_of(value: &[u8], at_most: usize) -> Result<Manifest, NodeError> {
    let manifest = Manifest::decode(value).map_err(NodeError::Manifest)?;
    if manifest.length() > at_most {
        return Err(NodeError::TooBig {
            what: "the value",
            size: manifest.length(),
            limit: at_most,
        });
    }
    Ok(manifest)
}

/// Cuts a value; hashing it takes a moment.
pub(crate) async fn cut(value: &Arc<Vec<u8>>, expires: u64) -> Result<Manifest, NodeError> {
    let value = value.clone();
    let cutting = tokio::task::spawn_blocking(move || Manifest::of(&value, expires));
    let manifest: Result<Manifest, ManifestError> = cutting.await.map_err(|_| NodeError::Closed)?;
    manifest.map_err(NodeError::Manifest)
}
