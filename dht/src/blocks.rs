//! Peers we have nothing to do with for a while.
//!
//! Owns who is blocked, until when, how often it happened, and how much evidence of it may be kept. Refuses to hold
//! evidence: that goes to disk with the record and stays there.

use std::collections::BTreeMap;

use crate::BLOCK_MS;
use crate::contact::PublicKey;
use crate::event::{BlockReason, BlockRecord};

/// Most peers remembered as blocked; beyond it, whoever's block ends first is forgotten.
pub const BLOCKS_MAX: usize = 16_384;
/// Most bytes of evidence kept of all blocks together; beyond it, that of whose block ends first is forgotten.
pub const EVIDENCE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Doubling ends here: 1 024 days.
const DOUBLINGS_MAX: u32 = 10;
/// How long after its end a block still doubles the next one, in milliseconds.
const MEMORY_MS: u64 = 30 * BLOCK_MS;

#[derive(Clone, Copy, Debug)]
struct Block {
    until: u64,
    strikes: u32,
    reason: BlockReason,
    evidence_bytes: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Blocks {
    blocks: BTreeMap<PublicKey, Block>,
    /// Evidence of all of them.
    evidence_bytes: usize,
}

/// What a new block changes about others, on disk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// Blocks to be forgotten.
    pub(crate) forgotten: Vec<PublicKey>,
    /// Blocks whose evidence is to be forgotten.
    pub(crate) bared: Vec<BlockRecord>,
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

    /// Blocks somebody, for twice as long as the last time; and says what gives way for that.
    pub(crate) fn add(
        &mut self,
        now: u64,
        public_key: PublicKey,
        reason: BlockReason,
        evidence: Vec<u8>,
    ) -> (BlockRecord, Given) {
        let known = self.blocks.get(&public_key);
        let strikes = known.map_or(0, |block| block.strikes) + 1;
        let block = Block {
            until: now.saturating_add(BLOCK_MS << (strikes - 1).min(DOUBLINGS_MAX)),
            strikes,
            reason,
            evidence_bytes: evidence.len(),
        };
        let given = self.insert(public_key, block);
        let record = BlockRecord {
            evidence,
            ..block.record(public_key)
        };
        (record, given)
    }

    /// Takes up a block from disk; and says what gives way for that.
    pub(crate) fn load(&mut self, record: &BlockRecord) -> Given {
        let block = Block {
            until: record.until,
            strikes: record.strikes,
            reason: record.reason,
            evidence_bytes: record.evidence_bytes,
        };
        self.insert(record.public_key, block)
    }

    pub(crate) fn remove(&mut self, public_key: &PublicKey) -> bool {
        let removed = self.blocks.remove(public_key);
        self.evidence_bytes -= removed.map_or(0, |block| block.evidence_bytes);
        removed.is_some()
    }

    /// Everybody blocked now, without evidence.
    pub(crate) fn list(&self, now: u64) -> Vec<BlockRecord> {
        let blocked = self.blocks.iter().filter(|(_, block)| block.until > now);
        blocked
            .map(|(public_key, block)| block.record(*public_key))
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
        for public_key in &ended {
            self.remove(public_key);
        }
        ended
    }

    fn insert(&mut self, public_key: PublicKey, block: Block) -> Given {
        let mut given = Given::default();
        self.remove(&public_key);
        if self.blocks.len() >= BLOCKS_MAX
            && let Some(first) = self.ending_first(|_| true)
        {
            self.remove(&first);
            given.forgotten.push(first);
        }
        while self.evidence_bytes + block.evidence_bytes > EVIDENCE_BYTES_MAX
            && let Some(first) = self.ending_first(|block| block.evidence_bytes > 0)
            && let Some(block) = self.blocks.get_mut(&first)
        {
            self.evidence_bytes -= std::mem::take(&mut block.evidence_bytes);
            given.bared.push(block.record(first));
        }
        self.evidence_bytes += block.evidence_bytes;
        self.blocks.insert(public_key, block);
        given
    }

    fn ending_first(&self, which: impl Fn(&Block) -> bool) -> Option<PublicKey> {
        let blocks = self.blocks.iter().filter(|(_, block)| which(block));
        let first = blocks.min_by_key(|(_, block)| block.until)?;
        Some(*first.0)
    }
}

impl Block {
    /// How it is told, without its evidence.
    fn record(&self, public_key: PublicKey) -> BlockRecord {
        BlockRecord {
            public_key,
            until: self.until,
            strikes: self.strikes,
            reason: self.reason,
            evidence: Vec::new(),
            evidence_bytes: self.evidence_bytes,
        }
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
            blocks.add(0, peer, BlockReason::ForgedItem, vec![]).0.until,
            BLOCK_MS
        );
        assert!(blocks.contains(&peer, BLOCK_MS - 1) && !blocks.contains(&peer, BLOCK_MS));
        let (second, _) = blocks.add(BLOCK_MS, peer, BlockReason::ForgedItem, vec![]);
        assert_eq!((second.until, second.strikes), (3 * BLOCK_MS, 2));
        assert_eq!(blocks.tidy(4 * BLOCK_MS), []);
        assert_eq!(blocks.tidy(3 * BLOCK_MS + MEMORY_MS), [peer]);
    }

    fn peer(number: usize) -> PublicKey {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        PublicKey::from_bytes(bytes)
    }

    #[test]
    fn whoever_is_forgotten_is_named() {
        let mut blocks = Blocks::default();
        let reason = BlockReason::ForgedItem;
        for n in 0..BLOCKS_MAX {
            let (_, given) = blocks.add(n as u64, peer(n), reason, vec![]);
            assert_eq!(given, Given::default());
        }
        let (_, given) = blocks.add(0, peer(7), reason, vec![]);
        assert_eq!(given, Given::default(), "it was blocked before");
        let (_, given) = blocks.add(1, peer(BLOCKS_MAX), reason, vec![]);
        assert_eq!(given.forgotten, [peer(0)]);
        let (record, _) = blocks.add(9, peer(BLOCKS_MAX + 1), reason, vec![]);
        let given = blocks.load(&BlockRecord {
            public_key: peer(BLOCKS_MAX + 2),
            ..record
        });
        assert_eq!(given.forgotten.len(), 1);
    }

    #[test]
    fn evidence_is_kept_up_to_its_maximum() {
        let mut blocks = Blocks::default();
        let reason = BlockReason::ForgedItem;
        let evidence = || vec![0; 1 << 20];
        let count = EVIDENCE_BYTES_MAX >> 20;
        for n in 0..count {
            let (record, given) = blocks.add(n as u64, peer(n), reason, evidence());
            assert_eq!((record.evidence_bytes, given), (1 << 20, Given::default()));
        }
        let (record, given) = blocks.add(99, peer(99), reason, evidence());
        assert_eq!(record.evidence.len(), 1 << 20);
        let [bared] = &given.bared[..] else {
            panic!("{given:?}")
        };
        assert_eq!((bared.public_key, bared.evidence_bytes), (peer(0), 0));
        assert!(blocks.contains(&peer(0), 99), "it is blocked all the same");
        // The same from disk.
        let mut loaded = Blocks::default();
        for n in 0..count {
            let public_key = peer(n);
            let evidence = Vec::new();
            let given = loaded.load(&BlockRecord {
                public_key,
                evidence,
                ..record
            });
            assert_eq!(given, Given::default());
        }
        loaded.remove(&peer(3));
        let none = loaded.add(1, peer(99), reason, evidence()).1;
        assert_eq!(none, Given::default());
        assert_eq!(loaded.add(1, peer(98), reason, vec![0]).1.bared.len(), 1);
        loaded.tidy(u64::MAX);
        assert_eq!(loaded.evidence_bytes, 0);
    }
}
