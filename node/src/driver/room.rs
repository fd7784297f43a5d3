//! Memory for what peers are sending and nobody has judged yet, and for the answers they have not read yet. Small
//! frames are read, and said, as they come; a larger one only if there is room for it, of all peers together and of
//! that peer's share. Nobody waits for room: what lies unread would stop the rest of its connection.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Frames up to this size need no room.
pub(crate) const SMALL_BYTES: usize = 2 * 1024;
/// For all peers together, in one direction.
const ROOM_KIB: usize = 64 * 1024;
/// For one: more than the frames of the DHT that can be under way at once on one connection.
const ROOM_PER_PEER_KIB: usize = 8 * 1024;

/// The room for all.
#[derive(Debug, Default)]
pub(crate) struct Room {
    coming: Half,
    going: Half,
}

/// The room of one peer, shared by its connections.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    /// For what it sends.
    pub(crate) coming: ShareOf,
    /// For what it is sent: who reads nothing keeps nobody from being heard.
    pub(crate) going: ShareOf,
}

/// The room for all, in one direction.
#[derive(Debug)]
struct Half(Arc<Semaphore>);

/// The room of one peer, in one direction.
#[derive(Debug, Clone)]
pub(crate) struct ShareOf {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
}

/// Room taken; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Default for Half {
    fn default() -> Half {
        Half(Arc::new(Semaphore::new(ROOM_KIB)))
    }
}

impl Room {
    pub(crate) fn share(&self) -> Share {
        Share {
            coming: self.coming.share(),
            going: self.going.share(),
        }
    }
}

impl Half {
    fn share(&self) -> ShareOf {
        ShareOf {
            all: self.0.clone(),
            own: Arc::new(Semaphore::new(ROOM_PER_PEER_KIB)),
        }
    }
}

impl ShareOf {
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
        let is_full = |share: &ShareOf| share.take(SMALL_BYTES + 1).is_none();
        let mut taken = Vec::new();
        let (last, filling) = shares.split_last().unwrap();
        for share in filling {
            assert!(!is_full(&last.coming));
            taken.push(share.coming.take(ROOM_PER_PEER_KIB * 1024));
            assert!(is_full(&share.coming));
            assert!(!is_full(&share.going), "the other direction has its own");
        }
        assert!(is_full(&last.coming) && !is_full(&last.going));
        taken.pop();
        assert!(!is_full(&last.coming));
    }
}
