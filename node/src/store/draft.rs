//! A file that is read and never written: what would be written stays in memory. So it can be tried whether a
//! database opens, and its mending after a crash succeeds, before anything in the file is changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// Bytes that are taken over into memory at once.
const PAGE_BYTES: u64 = 4096;

/// The file and what would be written to it.
#[derive(Debug)]
pub(super) struct Draft {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Bytes of the file that are not cut off.
    kept: u64,
    length: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Draft {
    /// The draft of a file that is there.
    pub(super) fn of(path: &Path) -> io::Result<Draft> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let state = State {
            file,
            kept: length,
            length,
            pages: BTreeMap::new(),
        };
        Ok(Draft {
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A page as it would be now.
    fn page(&mut self, number: u64) -> io::Result<Vec<u8>> {
        if let Some(page) = self.pages.get(&number) {
            return Ok(page.clone());
        }
        let start = number * PAGE_BYTES;
        let there = self.kept.saturating_sub(start).min(PAGE_BYTES);
        let mut page = vec![0; PAGE_BYTES as usize];
        if there > 0 {
            self.file.seek(SeekFrom::Start(start))?;
            self.file.read_exact(&mut page[..there as usize])?;
        }
        Ok(page)
    }

    /// Each page that a range touches: its number, and where in it and in the range the common part lies.
    fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let position = offset + at as u64;
            let inside = (position % PAGE_BYTES) as usize;
            let count = (PAGE_BYTES as usize - inside).min(length - at);
            let part = (position / PAGE_BYTES, inside, at, count);
            at += count;
            (count > 0).then_some(part)
        })
    }
}

impl StorageBackend for Draft {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        if offset + out.len() as u64 > state.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, inside, at, count) in State::parts(offset, out.len()) {
            let page = state.page(number)?;
            out[at..at + count].copy_from_slice(&page[inside..inside + count]);
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        if length < state.length {
            let number = length / PAGE_BYTES;
            let mut page = state.page(number)?;
            page[(length % PAGE_BYTES) as usize..].fill(0);
            state.pages.insert(number, page);
            state.pages.retain(|kept, _| *kept <= number);
            state.kept = state.kept.min(length);
        }
        state.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        for (number, inside, at, count) in State::parts(offset, data.len()) {
            let mut page = state.page(number)?;
            page[inside..inside + count].copy_from_slice(&data[at..at + count]);
            state.pages.insert(number, page);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::Folder;

    #[derive(Debug, Clone)]
    enum Change {
        Write(u64, Vec<u8>),
        Length(u64),
    }

    fn change() -> impl Strategy<Value = Change> {
        let bytes = prop::collection::vec(any::<u8>(), 0..6000);
        prop_oneof![
            (0u64..20_000, bytes).prop_map(|(offset, bytes)| Change::Write(offset, bytes)),
            (0u64..30_000).prop_map(Change::Length),
        ]
    }

    proptest! {
        /// It reads like a file that was really written, and the file is never changed.
        #[test]
        fn it_reads_as_if_it_were_written(
            content in prop::collection::vec(any::<u8>(), 0..20_000),
            changes in prop::collection::vec(change(), 0..12),
        ) {
            let folder = Folder::new();
            let path = folder.path().join("file");
            std::fs::write(&path, &content).unwrap();
            let draft = Draft::of(&path).unwrap();
            let mut model = content.clone();
            for change in changes {
                match change {
                    Change::Write(offset, bytes) if offset as usize + bytes.len() <= model.len() => {
                        draft.write(offset, &bytes).unwrap();
                        model[offset as usize..][..bytes.len()].copy_from_slice(&bytes);
                    }
                    Change::Write(..) => {}
                    Change::Length(length) => {
                        draft.set_len(length).unwrap();
                        model.resize(length as usize, 0);
                    }
                }
                prop_assert_eq!(draft.len().unwrap(), model.len() as u64);
                let mut read = vec![1; model.len()];
                draft.read(0, &mut read).unwrap();
                prop_assert!(read == model);
            }
            prop_assert!(draft.read(model.len() as u64, &mut [0]).is_err());
            prop_assert!(std::fs::read(&path).unwrap() == content);
        }
    }
}
