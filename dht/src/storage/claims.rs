//! For how long content counts to whoever brought it.
//!
//! Content has no author, so nobody can delete it, and whoever holds a chunk seldom knows the manifest that lists
//! it. So it counts to its source for a day after it was brought, and after that to nobody: it stays, is republished
//! and read as before, but of what nobody reads it gives way first. Where the manifest is held, too, and is deleted
//! or superseded, its chunks are released at once: they count to nobody, are passed on to nobody, and give way
//! before everything else. Whoever brings such a chunk anew claims it anew; so nothing that several values share is
//! lost while there is room, or while somebody who wants it is there.
//!
//! Owns these claims. Refuses to drop anything: that is for `room`, when there is need.

use super::{Held, Incoming, Storage};
use crate::contact::PublicKey;
use crate::id::Id;
use crate::item::Item;

/// How long content counts to whoever brought it last, in milliseconds.
pub const CLAIM_MS: u64 = 24 * 60 * 60 * 1000;

/// Whether an item counts to whoever brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Until then.
    Until(u64),
    /// No longer: nobody brought it for a day.
    Lapsed,
    /// No longer: what listed it is gone.
    Released,
}

impl Claim {
    /// The claim of whoever brings an item now; what is not content counts for as long as it is held.
    pub(super) fn new(now: u64, item: &Item) -> Self {
        match item.is_content() {
            true => Self::Until(now.saturating_add(CLAIM_MS)),
            false => Self::Until(u64::MAX),
        }
    }

    pub(super) fn is_held(self) -> bool {
        matches!(self, Self::Until(_))
    }
}

impl Storage {
    /// Content came again, from somebody who may claim it if nobody else does.
    pub(super) fn claim(&mut self, now: u64, incoming: &Incoming) {
        let key = *incoming.item.key();
        let Some(held) = self.items.get(&key).filter(|held| held.is_content()) else {
            return;
        };
        let may_claim = match held.claim.is_held() {
            true => held.claimant.source == incoming.claimant.source,
            false => !self.is_over_quota(incoming),
        };
        if may_claim && incoming.cached_until.is_none() {
            let (claim, claimant) = (Claim::new(now, incoming.item.item()), &incoming.claimant);
            self.alter(&key, |held| {
                (held.claim, held.claimant) = (claim, claimant.clone());
            });
        }
    }

    /// What listed this content is gone; it counts no longer, if it came from the same source.
    pub(crate) fn release(&mut self, key: &Id, source: &PublicKey) {
        let is_theirs =
            |held: &&Held| held.is_content() && !held.own && held.claimant.source == *source;
        if self.items.get(key).filter(is_theirs).is_some() {
            self.alter(key, |held| {
                (held.claim, held.last_read) = (Claim::Released, 0);
            });
            self.schedule(key);
        }
    }
}

impl Storage {
    /// The first thing that is due but for claims; those that are lapse.
    pub(super) fn next_but_claims(&mut self, now: u64) -> Option<Id> {
        loop {
            let &(at, key) = self.due.first().filter(|(at, _)| *at <= now)?;
            let held = self.items.get(&key)?;
            if held.claimed_until() != Some(at) {
                return Some(key);
            }
            self.alter(&key, |held| held.claim = Claim::Lapsed);
            self.schedule(&key);
        }
    }
}

impl Held {
    /// Whether this is content, held in earnest and still there.
    fn is_content(&self) -> bool {
        let item = self.item.item();
        item.is_content() && item.value.is_some() && self.cached_until.is_none()
    }

    /// Whether what listed it is gone, as far as we know.
    pub(crate) fn is_released(&self) -> bool {
        self.claim == Claim::Released
    }

    /// When it ceases to count to whoever brought it.
    pub(super) fn claimed_until(&self) -> Option<u64> {
        match self.claim {
            Claim::Until(end) if self.is_content() && !self.own => Some(end),
            _ => None,
        }
    }
}
