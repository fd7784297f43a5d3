//! Values sealed to recipients: only they, and whoever sealed them, can read them; nobody else can
//! tell who they are or how many. Refuses keys that cannot keep a secret, and more recipients than
//! there are slots.
//!
//! ```text
//! magic  ephemeral key(32)  { slot(32 + 16) } x SLOTS  body(n + 16)
//! ```
//!
//! The body is encrypted under a random key of its own (ChaCha20-Poly1305, RFC 8439). Each recipient has
//! a slot that holds that key, encrypted under what X25519 (RFC 7748) makes of the ephemeral key and
//! theirs: ed25519 keys have an X25519 form. All slots are always there: the others are random bytes, and
//! the order is random, too. Slots and body hold only under the item's key, so what was sealed under
//! one name cannot be passed off under another.

use std::collections::BTreeSet;

use dht::LARGE_VALUE_BYTES_MAX;
use ed25519_dalek::{SigningKey, VerifyingKey};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest as _, Sha512};

use crate::error::NodeError;
use crate::identity::random_bytes;
use crate::keys::{Id, PublicKey};

/// What a sealed value begins with; no encoded datum does.
const MAGIC: &[u8] = b"logos/sealed/1";
/// Separates these hashes from all others.
const SLOT_DOMAIN: &[u8] = b"logos/seal/1";
/// Slots of every sealed value; one is for whoever seals it.
const SLOTS: usize = 32;
/// Most recipients besides ourselves.
pub const RECIPIENTS_MAX: usize = SLOTS - 1;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const SLOT_BYTES: usize = KEY_BYTES + TAG_BYTES;
const HEADER_BYTES: usize = MAGIC.len() + KEY_BYTES + SLOTS * SLOT_BYTES;
/// The longest value that can be sealed.
pub const SEALED_BYTES_MAX: usize = LARGE_VALUE_BYTES_MAX - HEADER_BYTES - TAG_BYTES;

type Key = [u8; KEY_BYTES];

/// Whether a value is sealed.
pub fn is_sealed(value: &[u8]) -> bool {
    value.starts_with(MAGIC)
}

/// Seals the value of an item to `recipients` and to whoever signs it.
pub fn seal(
    value: &[u8],
    item: &Id,
    me: &SigningKey,
    recipients: &[PublicKey],
) -> Result<Vec<u8>, NodeError> {
    let own = PublicKey::from(me.verifying_key());
    let all: BTreeSet<PublicKey> = recipients.iter().copied().chain([own]).collect();
    if all.len() > SLOTS {
        let why = format!("a value can be sealed to at most {RECIPIENTS_MAX} recipients");
        return Err(NodeError::WrongArgument(why));
    }
    let ephemeral = SigningKey::from_bytes(&random_bytes());
    let shown = ephemeral.verifying_key().to_bytes();
    let content: Key = random_bytes();
    let mut slots = [(); SLOTS].map(|()| random_bytes::<SLOT_BYTES>());
    for (place, recipient) in random_places().into_iter().zip(&all) {
        let key = slot_key(&ephemeral, recipient, &shown, recipient).ok_or_else(|| {
            NodeError::WrongArgument("a recipient's key is no key that can keep a secret".into())
        })?;
        let slot = encrypt(&key, item, content.to_vec());
        slots[place].copy_from_slice(&slot);
    }
    let mut sealed = Vec::with_capacity(HEADER_BYTES + value.len() + TAG_BYTES);
    sealed.extend_from_slice(MAGIC);
    sealed.extend_from_slice(&shown);
    sealed.extend(slots.iter().flatten());
    sealed.extend(encrypt(&content, item, value.to_vec()));
    Ok(sealed)
}

/// What is sealed in the value of an item, if it is sealed to `me`.
pub fn open(sealed: &[u8], item: &Id, me: &SigningKey) -> Option<Vec<u8>> {
    let rest = sealed.strip_prefix(MAGIC)?;
    let (shown, rest) = rest.split_first_chunk::<KEY_BYTES>()?;
    let (slots, body) = rest.split_at_checked(SLOTS * SLOT_BYTES)?;
    let own = PublicKey::from(me.verifying_key());
    let key = slot_key(me, &PublicKey::from_bytes(*shown), shown, &own)?;
    let mut slots = slots.chunks_exact(SLOT_BYTES);
    let content = slots.find_map(|slot| decrypt(&key, item, slot.to_vec()))?;
    decrypt(&content.try_into().ok()?, item, body.to_vec())
}

/// The key of one recipient's slot; `None` if the other key is no point that keeps the secret.
fn slot_key(
    mine: &SigningKey,
    other: &PublicKey,
    shown: &Key,
    recipient: &PublicKey,
) -> Option<Key> {
    let other = VerifyingKey::from_bytes(other.as_bytes()).ok()?;
    if other.is_weak() {
        return None;
    }
    let shared = other.to_montgomery().mul_clamped(mine.to_scalar_bytes());
    let mut hash = Sha512::new();
    for part in [SLOT_DOMAIN, shared.as_bytes(), shown, recipient.as_bytes()] {
        hash.update(part);
    }
    hash.finalize()[..KEY_BYTES].try_into().ok()
}

/// The places of slots in random order.
fn random_places() -> Vec<usize> {
    let mut places: Vec<(u64, usize)> = (0..SLOTS)
        .map(|place| (u64::from_le_bytes(random_bytes()), place))
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(_, place)| place).collect()
}

/// Every key is used once, so the nonce is always the same.
fn cipher(key: &Key) -> (LessSafeKey, Nonce) {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has the cipher's length");
    (LessSafeKey::new(key), Nonce::assume_unique_for_key([0; 12]))
}

fn encrypt(key: &Key, item: &Id, mut bytes: Vec<u8>) -> Vec<u8> {
    let (cipher, nonce) = cipher(key);
    cipher
        .seal_in_place_append_tag(nonce, Aad::from(item.as_bytes()), &mut bytes)
        .expect("a value is far shorter than what the cipher can take");
    bytes
}

fn decrypt(key: &Key, item: &Id, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let (cipher, nonce) = cipher(key);
    let opened = cipher.open_in_place(nonce, Aad::from(item.as_bytes()), &mut bytes);
    let length = opened.ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32])
    }

    fn public(person: &SigningKey) -> PublicKey {
        PublicKey::from(person.verifying_key())
    }

    #[test]
    fn recipients_and_the_sealer_can_open_it_and_nobody_else() {
        let people: Vec<SigningKey> = (1..=33).map(person).collect();
        let item = Id::hash(b"item");
        for count in [0, 1, 2, 31] {
            let to: Vec<PublicKey> = people[1..=count].iter().map(public).collect();
            let sealed = seal(b"secret", &item, &people[0], &to).unwrap();
            assert!(is_sealed(&sealed));
            for (index, person) in people.iter().enumerate() {
                let expected = (index <= count).then(|| b"secret".to_vec());
                assert_eq!(open(&sealed, &item, person), expected, "{index} of {count}");
                assert_eq!(open(&sealed, &Id::hash(b"other"), person), None);
            }
            // How many they are cannot be seen from the size, nor who they are from the bytes.
            assert_eq!(sealed.len(), HEADER_BYTES + 6 + TAG_BYTES);
            for recipient in &to {
                let mut windows = sealed.windows(KEY_BYTES);
                assert!(!windows.any(|window| window == recipient.as_bytes()));
            }
        }
        let too_many: Vec<PublicKey> = people[1..].iter().map(public).collect();
        assert!(seal(b"secret", &item, &people[0], &too_many).is_err());
    }

    #[test]
    fn what_was_changed_or_cut_off_does_not_open() {
        let (me, item) = (person(1), Id::hash(b"item"));
        let sealed = seal(b"secret", &item, &me, &[]).unwrap();
        for length in [
            0,
            MAGIC.len(),
            MAGIC.len() + 5,
            HEADER_BYTES,
            sealed.len() - 1,
        ] {
            assert_eq!(open(&sealed[..length], &item, &me), None);
        }
        for at in [0, MAGIC.len(), HEADER_BYTES, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&changed, &item, &me), None, "{at}");
        }
    }

    #[test]
    fn keys_that_keep_no_secret_are_refused() {
        // The neutral element, and bytes that are no point.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut nothing = [0; 32];
        nothing[0] = 2;
        for key in [neutral, nothing] {
            let to = [PublicKey::from_bytes(key)];
            assert!(seal(b"secret", &Id::hash(b"item"), &person(1), &to).is_err());
        }
    }
}
