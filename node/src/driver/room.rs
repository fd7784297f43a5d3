//! Memory for what peers are sending and nobody has judged yet. Small frames are read as they come;
//! a larger one only if there is room for it, of all peers together and of its sender's share. Nobody
//! waits for room: what lies unread would stop the rest of its connection.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Frames up to this size need no room.
pub(crate) const SMALL_BYTES: usize = 2 * 1024;
/// For all peers together.
const ROOM_KIB: usize = 64 * 1024;
/// For one: more than the frames of the DHT that it can send at once on one connection.
const ROOM_PER_PEER_KIB: usize = 8 * 1024;

/// The room for all.
#[derive(Debug)]
pub(crate) struct Room(Arc<Semaphore>);

/// The room of one peer, shared by its connections.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
}

/// Room taken; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Default for Room {
    fn default() -> Room {
        Room(Arc::new(Semaphore::new(ROOM_KIB)))
    }
}

impl Room {
    pub(crate) fn share(&self) -> Share {
        Share {
            all: self.0.clone(),
            own: Arc::new(Semaphore::new(ROOM_PER_PEER_KIB)),
        }
    }
}

impl Share {
    /// Room for a frame of so many bytes, if there is any.
    pub(crate) fn take(&self, bytes: usize) -> Option<Taken> {
        let kibibytes = bytes.div_ceil(1024) as u32;
        let own = self.own.clone().try_acquire_many_owned(kibibytes).ok()?;
        let all = self.all.clone().try_acquire_many_owned(kibibytes).ok()?;
        Some(Taken {
            _own: own,
            _all: all,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_fills_its_share_and_many_fill_the_room() {
        let room = Room::default();
        let shares: Vec<Share> = (0..=ROOM_KIB / ROOM_PER_PEER_KIB)
            .map(|_| room.share())
            .collect();
        let is_full = |share: &Share| share.take(SMALL_BYTES + 1).is_none();
        let mut taken = Vec::new();
        let (last, filling) = shares.split_last().unwrap();
        for share in filling {
            assert!(!is_full(last));
            taken.push(share.take(ROOM_PER_PEER_KIB * 1024));
            assert!(is_full(share));
        }
        assert!(is_full(last));
        taken.pop();
        assert!(!is_full(last));
    }
}
