//! Peers we have nothing to do with for a while.
//!
//! Owns who is blocked, until when, and how often it happened. Refuses to hold evidence: that goes to disk
//! with the record and stays there.

use std::collections::BTreeMap;

use crate::BLOCK_MS;
use crate::contact::PublicKey;
use crate::event::{BlockReason, BlockRecord};

/// Most peers remembered as blocked; beyond it, whoever's block ends first is forgotten.
pub const BLOCKS_MAX: usize = 16_384;
/// Doubling ends here: 1 024 days.
const DOUBLINGS_MAX: u32 = 10;
/// How long after its end a block still doubles the next one, in milliseconds.
const MEMORY_MS: u64 = 30 * BLOCK_MS;

#[derive(Clone, Copy, Debug)]
struct Block {
    until: u64,
    strikes: u32,
    reason: BlockReason,
}

#[derive(Debug, Default)]
pub(crate) struct Blocks {
    blocks: BTreeMap<PublicKey, Block>,
}

impl Blocks {
    pub(crate) fn contains(&self, public_key: &PublicKey, now: u64) -> bool {
        !self.is_empty()
            && self
                .blocks
                .get(public_key)
                .is_some_and(|block| block.until > now)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Blocks somebody, for twice as long as the last time.
    pub(crate) fn add(
        &mut self,
        now: u64,
        public_key: PublicKey,
        reason: BlockReason,
        evidence: Vec<u8>,
    ) -> BlockRecord {
        let strikes = self
            .blocks
            .get(&public_key)
            .map_or(0, |block| block.strikes)
            + 1;
        let until = now.saturating_add(BLOCK_MS << (strikes - 1).min(DOUBLINGS_MAX));
        self.insert(
            public_key,
            Block {
                until,
                strikes,
                reason,
            },
        );
        BlockRecord {
            public_key,
            until,
            strikes,
            reason,
            evidence,
        }
    }

    /// Takes up a block from disk.
    pub(crate) fn load(&mut self, record: &BlockRecord) {
        let BlockRecord {
            public_key,
            until,
            strikes,
            reason,
            ..
        } = *record;
        self.insert(
            public_key,
            Block {
                until,
                strikes,
                reason,
            },
        );
    }

    pub(crate) fn remove(&mut self, public_key: &PublicKey) -> bool {
        self.blocks.remove(public_key).is_some()
    }

    /// Everybody blocked now, without evidence.
    pub(crate) fn list(&self, now: u64) -> Vec<BlockRecord> {
        let blocked = self.blocks.iter().filter(|(_, block)| block.until > now);
        blocked
            .map(|(public_key, block)| BlockRecord {
                public_key: *public_key,
                until: block.until,
                strikes: block.strikes,
                reason: block.reason,
                evidence: Vec::new(),
            })
            .collect()
    }

    /// Forgets blocks that ended long ago, and says whose.
    pub(crate) fn tidy(&mut self, now: u64) -> Vec<PublicKey> {
        let old = |block: &Block| block.until.saturating_add(MEMORY_MS) <= now;
        let ended: Vec<_> = self
            .blocks
            .iter()
            .filter(|(_, block)| old(block))
            .map(|(key, _)| *key)
            .collect();
        self.blocks.retain(|_, block| !old(block));
        ended
    }

    fn insert(&mut self, public_key: PublicKey, block: Block) {
        if self.blocks.len() >= BLOCKS_MAX
            && !self.blocks.contains_key(&public_key)
            && let Some(first) = self.blocks.iter().min_by_key(|(_, block)| block.until)
        {
            let first = *first.0;
            self.blocks.remove(&first);
        }
        self.blocks.insert(public_key, block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_lasts_twice_as_long() {
        let mut blocks = Blocks::default();
        let peer = PublicKey::from_bytes([1; 32]);
        assert_eq!(
            blocks.add(0, peer, BlockReason::ForgedItem, vec![]).until,
            BLOCK_MS
        );
        assert!(blocks.contains(&peer, BLOCK_MS - 1) && !blocks.contains(&peer, BLOCK_MS));
        let second = blocks.add(BLOCK_MS, peer, BlockReason::ForgedItem, vec![]);
        assert_eq!((second.until, second.strikes), (3 * BLOCK_MS, 2));
        assert_eq!(blocks.tidy(4 * BLOCK_MS), []);
        assert_eq!(blocks.tidy(3 * BLOCK_MS + MEMORY_MS), [peer]);
    }
}
