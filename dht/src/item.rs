//! Signed items: the only thing the network stores.
//!
//! Owns the fields of an item, the bytes that are signed, the order of versions and every check an item
//! must pass on its own. Refuses to judge who passed it on (`blocks`) or whether to keep it (`storage`).
//!
//! An item with a value is *full*; without a value but with `value_hash` it is a *stub* (the value is
//! gone, the signature still holds); without either it is a *tombstone*, the signed wish to delete.
//!
//! An item of nobody is *content*: immutable, unsigned, and found by what it contains. Its key is the hash of
//! its value and its `expires`, so that nobody can change either; see [`Item::content`].
//!
//! # The signed bytes
//!
//! Every part is length-prefixed by a big-endian `u32`; numbers are big-endian inside their part:
//!
//! ```text
//! "logos/item/1" value_hash(64 or 0) timestamp(8) expires(8) name count(4) {key value}… created_with(2)
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::contact::PublicKey;
use crate::id::{self, Id};
use crate::message::ErrorCode;
use crate::wire;

/// Largest value in bytes.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// Longest name in bytes; the shortest is 1.
pub const NAME_BYTES_MAX: usize = 512;
/// Largest sum of the lengths of all keys and values in `meta`, in bytes.
pub const META_BYTES_MAX: usize = 4 * 1024;
/// Most entries in `meta`.
pub const META_ENTRIES_MAX: usize = 64;
/// How far in the future a timestamp may lie, in milliseconds.
pub const FUTURE_MS_MAX: u64 = 60_000;
/// The version written into `created_with`, and the newest one understood.
pub const ITEM_VERSION: u16 = 1;

/// The author of content. No signature of this key is ever valid: it is a point of small order.
pub const NOBODY: PublicKey = PublicKey::from_bytes([0; 32]);
/// Bytes of a value's hash that tell content apart: as hard to collide as ed25519 is to forge.
pub const CONTENT_DIGEST_BYTES: usize = 32;
/// What every content is called.
const CONTENT_NAME: &str = "content";

const CONTENT_DOMAIN: &[u8] = b"logos/content/1";
const ITEM_DOMAIN: &[u8] = b"logos/item/1";
const KEY_DOMAIN: &[u8] = b"logos/key/1";

/// The key/value strings an author attaches to an item.
pub type Meta = BTreeMap<String, String>;

/// A named, signed value. Anyone can check it from its bytes alone; see [`Item::check`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// SHA-512 over public key and name: where the item lives. See [`item_key`].
    pub key: Id,
    /// The value; absent in a stub and in a tombstone.
    #[serde(with = "wire::optional_bytes")]
    pub value: Option<Vec<u8>>,
    /// SHA-512 of the value; absent only in a tombstone.
    pub value_hash: Option<Id>,
    /// When its author says it was made, in milliseconds since 1970.
    pub timestamp: u64,
    /// When to forget it, in milliseconds since 1970; 0 is never.
    pub expires: u64,
    /// The author's name for it.
    #[serde(deserialize_with = "wire::bounded_string::<_, NAME_BYTES_MAX>")]
    pub name: String,
    /// The author's key/value strings.
    #[serde(deserialize_with = "wire::meta")]
    pub meta: Meta,
    /// Protocol version of its author.
    pub created_with: u16,
    /// The author.
    pub public_key: PublicKey,
    /// The author's ed25519 signature over [`Item::preimage`].
    pub signature: ItemSignature,
}

/// The 64 bytes of an ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ItemSignature(pub [u8; 64]);

/// What an author says about an item before signing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// 1 to [`NAME_BYTES_MAX`] bytes.
    pub name: String,
    /// The value, at most [`VALUE_BYTES_MAX`] bytes; `None` makes a tombstone.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970: the greater of now and one more than the author's last for this name.
    pub timestamp: u64,
    /// Milliseconds since 1970; 0 is never. Never earlier than was given before for this name.
    pub expires: u64,
    /// At most [`META_ENTRIES_MAX`] entries of together [`META_BYTES_MAX`] bytes.
    pub meta: Meta,
}

/// The order of an author's versions of one name: by timestamp, then by SHA-512 of the signed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The item's timestamp.
    pub timestamp: u64,
    /// SHA-512 of [`Item::preimage`].
    pub digest: Id,
}

/// What is wrong with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemError {
    /// Value, name or meta is larger than allowed.
    TooBig,
    /// The name is empty, or there is a value without its hash.
    Malformed,
    /// `created_with` is a version we do not know.
    UnknownVersion,
    /// `key` is not the hash of public key and name, or not the key that was asked for.
    KeyMismatch,
    /// The value is not the one whose hash was signed.
    ValueHash,
    /// The signature does not hold.
    Signature,
    /// The timestamp lies more than [`FUTURE_MS_MAX`] ahead of our clock.
    FromTheFuture,
    /// The item's `expires` has passed.
    Expired,
}

impl ItemError {
    /// Whether passing on such an item proves that the peer did not check it.
    pub fn is_punishable(self) -> bool {
        matches!(self, Self::KeyMismatch | Self::ValueHash | Self::Signature)
    }

    /// The error code a peer is told.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::TooBig => ErrorCode::TooBig,
            Self::Malformed => ErrorCode::BadRequest,
            Self::UnknownVersion => ErrorCode::UnsupportedProtocol,
            Self::KeyMismatch => ErrorCode::KeyMismatch,
            Self::ValueHash | Self::Signature => ErrorCode::UnverifiableProvenance,
            Self::FromTheFuture | Self::Expired => ErrorCode::Refused,
        }
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooBig => "the value, name or meta is too big",
            Self::Malformed => "the item is malformed",
            Self::UnknownVersion => "the item was made by an unknown protocol version",
            Self::KeyMismatch => "the key does not belong to this author and name",
            Self::ValueHash => "the value is not the one that was signed",
            Self::Signature => "the signature does not hold",
            Self::FromTheFuture => "the timestamp lies in the future",
            Self::Expired => "the item has expired",
        })
    }
}

impl std::error::Error for ItemError {}

/// Decides whether a signature holds. [`Ed25519`] is the real one; a simulator may remember answers.
pub trait SignatureCheck: Send + Sync {
    /// Whether `signature` is `public_key`'s over `preimage`.
    fn holds(&self, public_key: &PublicKey, preimage: &[u8], signature: &[u8; 64]) -> bool;
}

/// Strict ed25519 (RFC 8032, without small-order keys or non-canonical encodings).
#[derive(Clone, Copy, Debug, Default)]
pub struct Ed25519;

impl SignatureCheck for Ed25519 {
    fn holds(&self, public_key: &PublicKey, preimage: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(public_key.as_bytes()).is_ok_and(|key| {
            key.verify_strict(preimage, &Signature::from_bytes(signature))
                .is_ok()
        })
    }
}

/// Most authors' keys kept decoded.
const KNOWN_KEYS_MAX: usize = 1024;

/// [`Ed25519`] with the keys it decoded lately at hand: authors come back, and decoding a key takes a tenth of
/// the time of a check.
#[derive(Debug, Default)]
pub struct KnownKeys(Mutex<BTreeMap<PublicKey, VerifyingKey>>);

impl SignatureCheck for KnownKeys {
    fn holds(&self, public_key: &PublicKey, preimage: &[u8], signature: &[u8; 64]) -> bool {
        // What a panic elsewhere left behind is whole: every change is one insertion.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match known.get(public_key) {
            Some(key) => *key,
            None => {
                let Ok(key) = VerifyingKey::from_bytes(public_key.as_bytes()) else {
                    return false;
                };
                if known.len() >= KNOWN_KEYS_MAX {
                    known.clear();
                }
                known.insert(*public_key, key);
                key
            }
        };
        drop(known);
        let signature = Signature::from_bytes(signature);
        key.verify_strict(preimage, &signature).is_ok()
    }
}

/// The key under which `public_key`'s item `name` lives: SHA-512 of the length-prefixed
/// `"logos/key/1"`, public key and name.
pub fn item_key(public_key: &PublicKey, name: &str) -> Id {
    let mut bytes = Vec::with_capacity(64 + name.len());
    put_part(&mut bytes, KEY_DOMAIN);
    put_part(&mut bytes, public_key.as_bytes());
    put_part(&mut bytes, name.as_bytes());
    Id::hash(&bytes)
}

/// What tells a value apart from all others: the first bytes of its SHA-512.
pub fn content_digest(value: &[u8]) -> [u8; CONTENT_DIGEST_BYTES] {
    shortened(&Id::hash(value))
}

/// The key under which content lives: SHA-512 of the length-prefixed `"logos/content/1"`, `expires` and
/// digest.
pub fn content_key(digest: &[u8; CONTENT_DIGEST_BYTES], expires: u64) -> Id {
    let mut bytes = Vec::with_capacity(80);
    put_part(&mut bytes, CONTENT_DOMAIN);
    put_part(&mut bytes, &expires.to_be_bytes());
    put_part(&mut bytes, digest);
    Id::hash(&bytes)
}

fn shortened(hash: &Id) -> [u8; CONTENT_DIGEST_BYTES] {
    let mut digest = [0; CONTENT_DIGEST_BYTES];
    digest.copy_from_slice(&hash.as_bytes()[..CONTENT_DIGEST_BYTES]);
    digest
}

impl Item {
    /// An immutable item that lives under the hash of what it contains. Anybody may store it, nobody can
    /// change or delete it; it is forgotten when it expires.
    pub fn content(value: Vec<u8>, expires: u64) -> Result<Self, ItemError> {
        let hash = Id::hash(&value);
        let item = Self {
            key: content_key(&shortened(&hash), expires),
            value: Some(value),
            value_hash: Some(hash),
            timestamp: 0,
            expires,
            name: CONTENT_NAME.into(),
            meta: Meta::new(),
            created_with: ITEM_VERSION,
            public_key: NOBODY,
            signature: ItemSignature([0; 64]),
        };
        item.check_shape().map(|()| item)
    }

    /// Whether this is content, and nobody's.
    pub fn is_content(&self) -> bool {
        self.public_key == NOBODY
    }

    /// That content is what its key says, and nothing else was written into it.
    fn check_content(&self) -> Result<(), ItemError> {
        let Some(hash) = &self.value_hash else {
            return Err(ItemError::Signature);
        };
        if self.key != content_key(&shortened(hash), self.expires) {
            return Err(ItemError::KeyMismatch);
        }
        let is_plain = self.timestamp == 0
            && self.name == CONTENT_NAME
            && self.meta.is_empty()
            && self.signature.0 == [0; 64];
        if is_plain {
            Ok(())
        } else {
            Err(ItemError::Signature)
        }
    }

    /// Signs a draft. Fails only for a draft that nobody would accept.
    pub fn sign(author: &SigningKey, draft: Draft) -> Result<Self, ItemError> {
        let public_key = PublicKey::from(author.verifying_key());
        let mut item = Self {
            key: item_key(&public_key, &draft.name),
            value_hash: draft.value.as_deref().map(Id::hash),
            value: draft.value,
            timestamp: draft.timestamp,
            expires: draft.expires,
            name: draft.name,
            meta: draft.meta,
            created_with: ITEM_VERSION,
            public_key,
            signature: ItemSignature([0; 64]),
        };
        item.check_shape()?;
        item.signature = ItemSignature(author.sign(&item.preimage()).to_bytes());
        Ok(item)
    }

    /// Everything: shape, key, value, signature, and that the item is neither expired nor from the future.
    pub fn check(self, now: u64) -> Result<VerifiedItem, ItemError> {
        let verified = VerifiedItem::new(Arc::new(self), &Ed25519)?;
        verified.check_times(now)?;
        Ok(verified)
    }

    /// The signed bytes; see the module's documentation.
    pub fn preimage(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(192 + self.name.len());
        put_part(&mut bytes, ITEM_DOMAIN);
        put_part(
            &mut bytes,
            self.value_hash
                .as_ref()
                .map_or(&[], |hash| &hash.as_bytes()[..]),
        );
        put_part(&mut bytes, &self.timestamp.to_be_bytes());
        put_part(&mut bytes, &self.expires.to_be_bytes());
        put_part(&mut bytes, self.name.as_bytes());
        put_part(&mut bytes, &(self.meta.len() as u32).to_be_bytes());
        for (key, value) in &self.meta {
            put_part(&mut bytes, key.as_bytes());
            put_part(&mut bytes, value.as_bytes());
        }
        put_part(&mut bytes, &self.created_with.to_be_bytes());
        bytes
    }

    /// Whether this is the signed wish to delete.
    pub fn is_tombstone(&self) -> bool {
        self.value_hash.is_none()
    }

    /// Whether the value has been dropped although the item is no tombstone.
    pub fn is_stub(&self) -> bool {
        self.value.is_none() && self.value_hash.is_some()
    }

    /// Whether `expires` has passed.
    pub fn is_expired(&self, now: u64) -> bool {
        self.expires != 0 && self.expires <= now
    }

    /// The same item without its value.
    pub fn to_stub(&self) -> Self {
        Self {
            key: self.key,
            value: None,
            value_hash: self.value_hash,
            timestamp: self.timestamp,
            expires: self.expires,
            name: self.name.clone(),
            meta: self.meta.clone(),
            created_with: self.created_with,
            public_key: self.public_key,
            signature: self.signature,
        }
    }

    /// Bytes counted against quotas: what the item costs to hold.
    pub fn size(&self) -> usize {
        let meta: usize = self
            .meta
            .iter()
            .map(|(key, value)| key.len() + value.len() + 48)
            .sum();
        self.value.as_ref().map_or(0, Vec::len) + self.name.len() + meta + 320
    }

    fn check_shape(&self) -> Result<(), ItemError> {
        let meta_bytes: usize = self
            .meta
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        if self
            .value
            .as_ref()
            .is_some_and(|value| value.len() > VALUE_BYTES_MAX)
            || self.name.len() > NAME_BYTES_MAX
            || self.meta.len() > META_ENTRIES_MAX
            || meta_bytes > META_BYTES_MAX
        {
            return Err(ItemError::TooBig);
        }
        if self.name.is_empty() || (self.value.is_some() && self.value_hash.is_none()) {
            return Err(ItemError::Malformed);
        }
        Ok(())
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (&self.value, &self.value_hash) {
            (Some(_), _) => "full",
            (None, Some(_)) => "stub",
            (None, None) => "tombstone",
        };
        write!(
            f,
            "Item({kind} {:?} by {:?} at {})",
            self.name, self.public_key, self.timestamp
        )
    }
}

/// An item whose shape, key, value and signature were checked. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedItem {
    item: Arc<Item>,
    version: Version,
}

impl VerifiedItem {
    /// Checks everything about an item that does not depend on the time.
    pub fn new(item: Arc<Item>, signatures: &dyn SignatureCheck) -> Result<Self, ItemError> {
        item.check_shape()?;
        if item.created_with != ITEM_VERSION {
            return Err(ItemError::UnknownVersion);
        }
        if item.is_content() {
            item.check_content()?;
        } else if item.key != item_key(&item.public_key, &item.name) {
            return Err(ItemError::KeyMismatch);
        }
        if let Some(value) = &item.value
            && item.value_hash != Some(Id::hash(value))
        {
            return Err(ItemError::ValueHash);
        }
        let preimage = item.preimage();
        if !item.is_content() && !signatures.holds(&item.public_key, &preimage, &item.signature.0) {
            return Err(ItemError::Signature);
        }
        let version = Version {
            timestamp: item.timestamp,
            digest: Id::hash(&preimage),
        };
        Ok(Self { item, version })
    }

    /// That the item is neither expired nor from the future.
    pub fn check_times(&self, now: u64) -> Result<(), ItemError> {
        if self.item.timestamp > now.saturating_add(FUTURE_MS_MAX) {
            return Err(ItemError::FromTheFuture);
        }
        if self.item.is_expired(now) {
            return Err(ItemError::Expired);
        }
        Ok(())
    }

    /// The item.
    pub fn item(&self) -> &Arc<Item> {
        &self.item
    }

    /// Where it lives.
    pub fn key(&self) -> &Id {
        &self.item.key
    }

    /// Its place among the versions of this name.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether another is the same content, or a stub of it. Its key tells that only in part: of a stub's hash no more
    /// than the digest can be checked, so that anybody could make up a version newer than this.
    pub(crate) fn is_same_content(&self, other: &Item) -> bool {
        self.item.value_hash == other.value_hash
    }

    /// The stub of this item: the same version, without the value.
    pub fn to_stub(&self) -> Self {
        Self {
            item: Arc::new(self.item.to_stub()),
            version: self.version,
        }
    }
}

impl Version {
    /// The greatest version smaller than this one: "newer than that" means "this one or newer".
    pub fn just_below(self) -> Self {
        let mut digest = *self.digest.as_bytes();
        for byte in digest.iter_mut().rev() {
            let (less, borrowed) = byte.overflowing_sub(1);
            *byte = less;
            if !borrowed {
                return Self {
                    timestamp: self.timestamp,
                    digest: Id::from_bytes(digest),
                };
            }
        }
        Self {
            timestamp: self.timestamp.saturating_sub(1),
            digest: Id::from_bytes(digest),
        }
    }
}

impl fmt::Debug for ItemSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        id::write_hex(f, &self.0[..4])?;
        f.write_str("…")
    }
}

impl Serialize for ItemSignature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        id::serialize_array(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for ItemSignature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        id::deserialize_array(deserializer).map(Self)
    }
}

/// Appends `part` behind its length as a big-endian `u32`.
pub(crate) fn put_part(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
    bytes.extend_from_slice(part);
}
