//! Chunks of large values that are being fetched: what was verified is not fetched again, although the program was
//! ended meanwhile. Bounded; the value that was left alone the longest goes first.

use redb::{ReadableDatabase, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::{Store, Table, record};
use crate::error::DataError;
use crate::keys::Id;

/// Most bytes kept of values that are not complete yet.
const FETCHED_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Which values are being fetched, by the hash of their manifest.
pub(super) const FETCHES: Table = Table::new("fetches");
/// Their chunks: the hash of the manifest, then the place, two bytes.
pub(super) const FETCHED: Table = Table::new("fetched");

/// A value that is being fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct FetchRecord {
    /// When that began for the last time, milliseconds since 1970.
    begun: u64,
    /// Bytes of the whole value.
    length: u64,
}

/// A chunk and its place in the value.
pub type FetchedChunk = (usize, Vec<u8>);

impl Store {
    /// A value is to be fetched: what is kept of it from an earlier time. Others may have to make room.
    pub fn begin_fetch(
        &self,
        manifest: &Id,
        length: u64,
        now: u64,
    ) -> Result<Vec<FetchedChunk>, DataError> {
        self.write(|write| {
            make_room(write, manifest, length)?;
            let fetch = FetchRecord { begun: now, length };
            super::put(write, FETCHES, manifest.as_bytes(), &fetch)
        })?;
        self.read(|database| {
            let table = database.begin_read()?.open_table(FETCHED)?;
            let mut chunks = Vec::new();
            for entry in
                table.range(places(manifest).0.as_slice()..=places(manifest).1.as_slice())?
            {
                let (key, bytes) = entry?;
                let place = key
                    .value()
                    .last_chunk::<2>()
                    .map_or(0, |place| u16::from_be_bytes(*place));
                chunks.push((usize::from(place), bytes.value().to_vec()));
            }
            Ok(chunks)
        })
    }

    /// Keeps chunks that were verified.
    pub fn keep_fetched(&self, manifest: &Id, chunks: &[FetchedChunk]) -> Result<(), DataError> {
        self.write(|write| {
            // Its place was perhaps given to others meanwhile.
            if write
                .open_table(FETCHES)?
                .get(manifest.as_bytes().as_slice())?
                .is_none()
            {
                return Ok(());
            }
            let mut table = write.open_table(FETCHED)?;
            for (place, chunk) in chunks {
                table.insert(key(manifest, *place).as_slice(), chunk.as_slice())?;
            }
            Ok(())
        })
    }

    /// The value is complete, or not wanted any more.
    pub fn end_fetch(&self, manifest: &Id) -> Result<(), DataError> {
        self.write(|write| forget(write, manifest.as_bytes()))
    }
}

fn key(manifest: &Id, place: usize) -> Vec<u8> {
    // A value has at most 1024 chunks.
    let place = u16::try_from(place).unwrap_or(u16::MAX);
    [manifest.as_bytes().as_slice(), &place.to_be_bytes()].concat()
}

fn places(manifest: &Id) -> (Vec<u8>, Vec<u8>) {
    (key(manifest, 0), key(manifest, usize::MAX))
}

/// Gives up other values, the one begun first to begin with, until there is room for one of that length.
fn make_room(write: &WriteTransaction, manifest: &Id, length: u64) -> Result<(), redb::Error> {
    let mut others = Vec::new();
    for entry in write.open_table(FETCHES)?.iter()? {
        let (key, bytes) = entry?;
        if key.value() != manifest.as_bytes() {
            let fetch: FetchRecord = record(bytes.value())?;
            others.push((fetch.begun, fetch.length, key.value().to_vec()));
        }
    }
    others.sort_unstable();
    let mut total = length + others.iter().map(|(_, length, _)| length).sum::<u64>();
    for (_, length, other) in others {
        if total <= FETCHED_BYTES_MAX {
            break;
        }
        forget(write, &other)?;
        total -= length;
    }
    Ok(())
}

fn forget(write: &WriteTransaction, manifest: &[u8]) -> Result<(), redb::Error> {
    write.open_table(FETCHES)?.remove(manifest)?;
    let first = [manifest, &[0, 0]].concat();
    let last = [manifest, &[0xff, 0xff]].concat();
    let mut table = write.open_table(FETCHED)?;
    table.retain_in(first.as_slice()..=last.as_slice(), |_, _| false)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_is_kept_until_the_value_is_complete() {
        let store = Store::in_memory();
        let (one, other) = (Id::hash(b"one"), Id::hash(b"other"));
        assert_eq!(store.begin_fetch(&one, 100, 1).unwrap(), []);
        store.begin_fetch(&other, 100, 2).unwrap();
        let chunks = [(0, vec![1; 5]), (700, vec![2; 9])];
        store.keep_fetched(&one, &chunks).unwrap();
        store.keep_fetched(&other, &[(1, vec![3])]).unwrap();
        assert_eq!(store.begin_fetch(&one, 100, 3).unwrap(), chunks);
        store.end_fetch(&one).unwrap();
        assert_eq!(store.begin_fetch(&one, 100, 4).unwrap(), []);
        assert_eq!(store.begin_fetch(&other, 100, 5).unwrap(), [(1, vec![3])]);
    }

    #[test]
    fn the_value_left_alone_the_longest_makes_room() {
        let store = Store::in_memory();
        let ids: Vec<Id> = (0u8..3).map(|n| Id::hash(&[n])).collect();
        let half = FETCHED_BYTES_MAX / 2;
        for (begun, place) in [(1, 0), (2, 1), (3, 0)] {
            store.begin_fetch(&ids[place], half, begun).unwrap();
            store.keep_fetched(&ids[place], &[(9, vec![7])]).unwrap();
        }
        store.begin_fetch(&ids[2], half, 4).unwrap();
        // Whose place was given away keeps nothing more.
        store.keep_fetched(&ids[1], &[(10, vec![8])]).unwrap();
        assert_eq!(store.begin_fetch(&ids[0], half, 5).unwrap(), [(9, vec![7])]);
        assert_eq!(store.begin_fetch(&ids[1], half, 6).unwrap(), []);
    }
}
