//! Whom we tell about new versions.
//!
//! Owns who wants to hear about which key, until when, and how much of our service one peer and one subnet may use
//! up. Refuses to tell anybody anything; that is for `watching`.

use std::collections::BTreeMap;
use std::fmt;

use crate::contact::{Contact, PublicKey, Subnet};
use crate::id::Id;

/// Watchers of one key.
pub const WATCHERS_PER_KEY_MAX: usize = 32;
/// Keys watched by others.
pub const WATCHED_KEYS_MAX: usize = 4096;
/// Keys watched by one peer: all that one of ours would watch, as in a small network we are near every key.
pub const WATCHES_PER_PEER_MAX: usize = super::watching::WATCHES_MAX;
/// Watches set by the peers of one subnet.
pub const WATCHES_PER_SUBNET_MAX: usize = WATCHED_KEYS_MAX / 4;

/// Which limit leaves no room for a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// Of keys.
    Keys,
    /// Of watchers of this key.
    Key,
    /// Of watches of this peer.
    Peer,
    /// Of watches of this peer's subnet.
    Subnet,
}

#[derive(Debug)]
struct Watcher {
    contact: Contact,
    subnet: Option<Subnet>,
    until: u64,
}

/// Who wants to be told about what.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    keys: BTreeMap<Id, Vec<Watcher>>,
    /// How many watches each peer has.
    peers: BTreeMap<PublicKey, usize>,
    /// How many watches the peers of each subnet have.
    subnets: BTreeMap<Subnet, usize>,
}

impl Watchers {
    /// Sets somebody's watch of a key for so long, in place of an earlier one; 0 ends it.
    pub(super) fn set(
        &mut self,
        now: u64,
        from: &Contact,
        subnet: Option<Subnet>,
        key: Id,
        lasting_ms: u64,
    ) -> Result<(), Full> {
        let mut of_key = self.keys.remove(&key).unwrap_or_default();
        let ended = of_key.extract_if(.., |watcher| {
            watcher.contact.is(from.id()) || watcher.until <= now
        });
        for ended in ended.collect::<Vec<_>>() {
            self.discount(&ended);
        }
        let set = match self.room(from, subnet.as_ref(), &of_key) {
            _ if lasting_ms == 0 => Ok(()),
            Ok(()) => {
                let watcher = Watcher {
                    contact: from.clone(),
                    subnet,
                    until: now + lasting_ms,
                };
                self.count(&watcher);
                of_key.push(watcher);
                Ok(())
            }
            Err(full) => Err(full),
        };
        if !of_key.is_empty() {
            self.keys.insert(key, of_key);
        }
        set
    }

    /// Everybody who is to be told about a key.
    pub(super) fn of(&self, now: u64, key: &Id) -> Vec<Contact> {
        let watchers = self.keys.get(key).into_iter().flatten();
        let current = watchers.filter(|watcher| watcher.until > now);
        current.map(|watcher| watcher.contact.clone()).collect()
    }

    /// Somebody is gone, as far as it cannot be dialled.
    pub(super) fn forget(&mut self, id: &Id) {
        self.retain(|watcher| !watcher.contact.is(id) || !watcher.contact.addresses().is_empty());
    }

    /// Forgets watches that have ended.
    pub(super) fn tidy(&mut self, now: u64) {
        self.retain(|watcher| watcher.until > now);
    }

    /// Whether there is room for one more watch; the key itself is taken out meanwhile.
    fn room(
        &self,
        from: &Contact,
        subnet: Option<&Subnet>,
        of_key: &[Watcher],
    ) -> Result<(), Full> {
        let of_peer = self.peers.get(&from.public_key());
        let of_subnet = subnet.and_then(|subnet| self.subnets.get(subnet));
        if of_key.is_empty() && self.keys.len() >= WATCHED_KEYS_MAX {
            Err(Full::Keys)
        } else if of_key.len() >= WATCHERS_PER_KEY_MAX {
            Err(Full::Key)
        } else if of_peer.is_some_and(|count| *count >= WATCHES_PER_PEER_MAX) {
            Err(Full::Peer)
        } else if of_subnet.is_some_and(|count| *count >= WATCHES_PER_SUBNET_MAX) {
            Err(Full::Subnet)
        } else {
            Ok(())
        }
    }

    fn retain(&mut self, keep: impl Fn(&Watcher) -> bool) {
        let mut gone = Vec::new();
        self.keys.retain(|_, watchers| {
            gone.extend(watchers.extract_if(.., |watcher| !keep(watcher)));
            !watchers.is_empty()
        });
        gone.iter().for_each(|watcher| self.discount(watcher));
    }

    fn count(&mut self, watcher: &Watcher) {
        *self.peers.entry(watcher.contact.public_key()).or_default() += 1;
        if let Some(subnet) = &watcher.subnet {
            *self.subnets.entry(subnet.clone()).or_default() += 1;
        }
    }

    fn discount(&mut self, watcher: &Watcher) {
        one_less(&mut self.peers, &watcher.contact.public_key());
        if let Some(subnet) = &watcher.subnet {
            one_less(&mut self.subnets, subnet);
        }
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keys => "too many keys are watched",
            Self::Key => "too many watch this key",
            Self::Peer => "you watch too many keys",
            Self::Subnet => "your subnet watches too many keys",
        })
    }
}

fn one_less<Key: Ord>(counts: &mut BTreeMap<Key, usize>, key: &Key) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: usize) -> Contact {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Contact::new(PublicKey::from_bytes(bytes), Vec::new(), 1)
    }

    fn key(number: usize) -> Id {
        Id::hash(&number.to_be_bytes())
    }

    fn subnet(number: usize) -> Option<Subnet> {
        Some(Subnet::V4([number as u8, 0, 0]))
    }

    #[test]
    fn one_peer_leaves_room_for_others() {
        let mut watchers = Watchers::default();
        for n in 0..WATCHES_PER_PEER_MAX {
            assert_eq!(watchers.set(1, &peer(1), None, key(n), 10), Ok(()));
        }
        let next = key(WATCHES_PER_PEER_MAX);
        assert_eq!(watchers.set(1, &peer(1), None, next, 10), Err(Full::Peer));
        assert_eq!(watchers.set(1, &peer(2), None, next, 10), Ok(()));
        // What it has may be renewed, and what it gives up makes room.
        assert_eq!(watchers.set(2, &peer(1), None, key(0), 10), Ok(()));
        assert_eq!(watchers.of(11, &key(0)), [peer(1)]);
        assert_eq!(watchers.set(2, &peer(1), None, key(1), 0), Ok(()));
        assert_eq!(watchers.set(2, &peer(1), None, next, 10), Ok(()));
    }

    #[test]
    fn one_subnet_leaves_room_for_others() {
        let mut watchers = Watchers::default();
        for n in 0..WATCHES_PER_SUBNET_MAX {
            let peer = peer(n / 100);
            assert_eq!(watchers.set(1, &peer, subnet(1), key(n), 10), Ok(()));
        }
        let next = key(WATCHES_PER_SUBNET_MAX);
        let newcomer = peer(999);
        let refused = watchers.set(1, &newcomer, subnet(1), next, 10);
        assert_eq!(refused, Err(Full::Subnet));
        assert_eq!(watchers.set(1, &newcomer, subnet(2), next, 10), Ok(()));
    }

    #[test]
    fn what_ended_counts_no_longer() {
        let mut watchers = Watchers::default();
        for n in 0..WATCHES_PER_PEER_MAX {
            assert_eq!(
                watchers.set(1, &peer(n % 2), subnet(n % 2), key(n), 10),
                Ok(())
            );
        }
        watchers.forget(peer(0).id());
        assert_eq!(watchers.peers.len(), 1);
        watchers.tidy(11);
        assert!(watchers.keys.is_empty());
        assert!(watchers.peers.is_empty() && watchers.subnets.is_empty());
    }

    #[test]
    fn a_key_has_so_many_watchers_and_there_are_so_many_keys() {
        let mut watchers = Watchers::default();
        for n in 0..WATCHERS_PER_KEY_MAX {
            assert_eq!(watchers.set(1, &peer(n), None, key(0), 10), Ok(()));
        }
        assert_eq!(watchers.set(1, &peer(99), None, key(0), 10), Err(Full::Key));
        // Who ended has made room.
        assert_eq!(watchers.set(11, &peer(99), None, key(0), 10), Ok(()));
        assert_eq!(watchers.of(11, &key(0)), [peer(99)]);
        for n in 1..WATCHED_KEYS_MAX {
            assert_eq!(
                watchers.set(11, &peer(100 + n / 200), None, key(n), 10),
                Ok(())
            );
        }
        let next = key(WATCHED_KEYS_MAX);
        assert_eq!(watchers.set(11, &peer(1), None, next, 10), Err(Full::Keys));
    }
}
