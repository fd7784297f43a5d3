//! A large value on its way here.

use std::collections::BTreeMap;
use std::sync::Arc;

use dht::{Assembly, Command, Get, Manifest, OperationError, Outcome, Step, Transfer};
use tokio::task::JoinSet;

use super::shelf::Shelf;
use super::{ROOM_UNIT, Slot};
use crate::driver::{DhtFailure, locked};
use crate::error::NodeError;
use crate::keys::Id;
use crate::node::Node;

impl Node {
    /// The value that a manifest lists; `name` is the hash of the manifest. Dropped half-way, what was fetched
    /// stays for the next time.
    pub(crate) async fn fetch(
        self: &Arc<Node>,
        name: Id,
        manifest: Manifest,
    ) -> Result<Vec<u8>, NodeError> {
        let fetch = Fetch {
            node: self.clone(),
            name,
            slot: locked(&self.large.fetches).entry(name).or_default().clone(),
        };
        let mut slot = fetch.slot.lock().await;
        if let Some(value) = &*slot {
            // Somebody else wanted the same, and perhaps still others do.
            return Ok(value.to_vec());
        }
        let units = manifest.length().div_ceil(ROOM_UNIT) as u32;
        let room = self.large.room.acquire_many(units).await;
        let _room = room.map_err(|_| NodeError::Closed)?;
        let value = self.fetch_missing(name, manifest).await?;
        if Arc::strong_count(&fetch.slot) > FETCHING {
            *slot = Some(Arc::new(value.clone()));
        }
        Ok(value)
    }

    async fn fetch_missing(&self, name: Id, manifest: Manifest) -> Result<Vec<u8>, NodeError> {
        let (shelf, kept) = Shelf::open(self, name, manifest.length()).await;
        let mut assembly = Assembly::new(manifest);
        for (index, chunk) in kept {
            // One that was damaged on our disk is fetched again.
            let _ = assembly.put(index, chunk);
        }
        // Those that are the same are fetched once.
        let mut places = BTreeMap::<Id, Vec<usize>>::new();
        for (index, key) in assembly.missing() {
            places.entry(key).or_default().push(index);
        }
        let mut keys: Vec<(Id, Vec<usize>)> = places.into_iter().collect();
        keys.sort_by_key(|(_, places)| places[0]);
        let (count, mut left) = (assembly.manifest().count(), assembly.missing().count());
        tracing::debug!(%name, count, left, "fetching a large value");
        let mut transfer = Transfer::fetching(0..keys.len());
        let mut moving = JoinSet::new();
        let mut is_lost = true;
        loop {
            let until = match transfer.next(self.clock.now()) {
                Step::Move(place) => {
                    let (core, key) = (self.core.clone(), keys[place].0);
                    moving.spawn(async move {
                        (place, core.run(Command::Get(Get::content(key))).await)
                    });
                    continue;
                }
                Step::Done => break,
                Step::GaveUp(_) => {
                    let have = count - left;
                    return Err(NodeError::Incomplete {
                        have,
                        count,
                        is_lost,
                    });
                }
                Step::Wait => None,
                Step::Until(at) => Some(at),
            };
            let Some((place, found)) = self.joined(&mut moving, until).await else {
                continue;
            };
            match chunk(found)? {
                Ok(bytes) => {
                    for index in &keys[place].1 {
                        // Its hash is right, so it is the manifest that is wrong.
                        let checked = assembly.put(*index, bytes.clone());
                        checked.map_err(NodeError::Manifest)?;
                        left -= 1;
                    }
                    shelf.keep(keys[place].1[0], bytes).await;
                    transfer.moved(place);
                    self.pool.counters().chunks_fetched.add(1);
                    tracing::debug!(%name, left, "fetched a chunk");
                }
                Err(NobodyHasIt(is_certain)) => {
                    is_lost = is_certain;
                    transfer.failed(self.clock.now(), place);
                }
            }
        }
        shelf.clear();
        assembly.finish().map_err(NodeError::Manifest)
    }
}

/// A chunk was not found; whether those who should have it were reached, and do not.
struct NobodyHasIt(bool);

/// The bytes that came, or why to try again; an error if there is no sense in that.
fn chunk(found: Result<Outcome, DhtFailure>) -> Result<Result<Vec<u8>, NobodyHasIt>, NodeError> {
    Ok(match found {
        Ok(Outcome::Found(found)) => found.item.item().value.clone().ok_or(NobodyHasIt(true)),
        Ok(_) => return Err(NodeError::Closed),
        Err(DhtFailure::Operation(error)) => Err(NobodyHasIt(matches!(
            error,
            OperationError::ValueNotFound(_)
        ))),
        Err(failure) => return Err(failure.into()),
    })
}

/// Those who hold a slot when only one wants its value: the node, and who fetches it.
const FETCHING: usize = 2;

/// A wish for a value; the last that goes takes the slot along.
struct Fetch {
    node: Arc<Node>,
    name: Id,
    slot: Slot,
}

impl Drop for Fetch {
    fn drop(&mut self) {
        let mut fetches = locked(&self.node.large.fetches);
        if Arc::strong_count(&self.slot) <= FETCHING {
            fetches.remove(&self.name);
        }
    }
}
