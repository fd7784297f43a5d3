//! Signature checks that are done once for the whole simulated network.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha512};

use crate::contact::PublicKey;
use crate::item::{Ed25519, SignatureCheck};

/// Most answers remembered before all are forgotten.
const REMEMBERED_MAX: usize = 1 << 20;

/// The real check, remembering its answers.
#[derive(Debug, Default)]
pub struct Remembered {
    answers: Mutex<BTreeMap<[u8; 32], bool>>,
}

impl SignatureCheck for Remembered {
    fn holds(&self, public_key: &PublicKey, preimage: &[u8], signature: &[u8; 64]) -> bool {
        let digest = Sha512::new()
            .chain_update(public_key.as_bytes())
            .chain_update(signature)
            .chain_update(preimage)
            .finalize();
        let mut name = [0; 32];
        name.copy_from_slice(&digest[..32]);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= REMEMBERED_MAX {
            answers.clear();
        }
        *answers
            .entry(name)
            .or_insert_with(|| Ed25519.holds(public_key, preimage, signature))
    }
}
