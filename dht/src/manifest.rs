//! Values too large for one item: cut into content, listed in a manifest.
//!
//! Owns the cutting, the manifest's bytes, and the putting together of chunks that arrive in any order from
//! anybody. Refuses a chunk that is not the one listed, and a manifest that lies about its own lengths. Who
//! fetches what from whom is the driver's to decide; what was fetched before an interruption stays fetched.
//!
//! The chunks are [content](crate::Item::content), so that a holder can check each on its own. The manifest is
//! the value of an ordinary signed item marked by [`MANIFEST_META`]: its author vouches for the whole.
//!
//! ```text
//! manifest = "logos/manifest/1" length(8) expires(8) digests(32 each)     every part length-prefixed
//! ```

use std::fmt;

use crate::id::Id;
use crate::item::{
    CONTENT_DIGEST_BYTES, Item, ItemError, Meta, VALUE_BYTES_MAX, content_digest, content_key,
    put_part,
};

/// Bytes of every chunk but the last.
pub const CHUNK_BYTES: usize = VALUE_BYTES_MAX;
/// Most chunks of one value.
pub const CHUNKS_MAX: usize = 1024;
/// Largest value in bytes: 64 MiB.
pub const LARGE_VALUE_BYTES_MAX: usize = CHUNKS_MAX * CHUNK_BYTES;
/// The entry of an item's meta that says that its value is a manifest, and of which format.
pub const MANIFEST_META: (&str, &str) = ("logos/manifest", "1");

const MANIFEST_DOMAIN: &[u8] = b"logos/manifest/1";
/// Bytes before the digests: four lengths, the domain and two numbers.
const HEAD_BYTES: usize = 4 * 4 + 16 + 2 * 8;

type Digest = [u8; CONTENT_DIGEST_BYTES];

/// What a large value consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    length: usize,
    expires: u64,
    chunks: Vec<Digest>,
}

/// What is wrong with a manifest or a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestError {
    /// The value is larger than [`LARGE_VALUE_BYTES_MAX`].
    TooBig,
    /// The value fits into one item and needs no manifest.
    TooSmall,
    /// The bytes are no manifest of this format.
    Malformed,
    /// There is no such chunk.
    NoSuchChunk,
    /// This is not the chunk that is listed.
    WrongChunk,
    /// Chunks are missing.
    Incomplete,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooBig => "the value is larger than 64 MiB",
            Self::TooSmall => "the value fits into one item",
            Self::Malformed => "the manifest is malformed",
            Self::NoSuchChunk => "there is no such chunk",
            Self::WrongChunk => "this is not the chunk that is listed",
            Self::Incomplete => "chunks are missing",
        })
    }
}

impl std::error::Error for ManifestError {}

impl Manifest {
    /// The manifest of a value that does not fit into one item; its chunks will be forgotten when they expire.
    pub fn of(value: &[u8], expires: u64) -> Result<Self, ManifestError> {
        if value.len() > LARGE_VALUE_BYTES_MAX {
            return Err(ManifestError::TooBig);
        }
        if value.len() <= VALUE_BYTES_MAX {
            return Err(ManifestError::TooSmall);
        }
        Ok(Self {
            length: value.len(),
            expires,
            chunks: value.chunks(CHUNK_BYTES).map(content_digest).collect(),
        })
    }

    /// The bytes that are the value of the signed item.
    pub fn encode(&self) -> Vec<u8> {
        let digests = self.chunks.concat();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + digests.len());
        put_part(&mut bytes, MANIFEST_DOMAIN);
        put_part(&mut bytes, &(self.length as u64).to_be_bytes());
        put_part(&mut bytes, &self.expires.to_be_bytes());
        put_part(&mut bytes, &digests);
        bytes
    }

    /// The inverse of [`Self::encode`]. There is one encoding of each manifest; no other is accepted.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let mut rest = bytes;
        let mut part = || take_part(&mut rest).ok_or(ManifestError::Malformed);
        let (domain, length, expires, digests) = (part()?, part()?, part()?, part()?);
        let number = |part: &[u8]| <[u8; 8]>::try_from(part).map(u64::from_be_bytes);
        let (Ok(length), Ok(expires)) = (number(length), number(expires)) else {
            return Err(ManifestError::Malformed);
        };
        if domain != MANIFEST_DOMAIN || !rest.is_empty() {
            return Err(ManifestError::Malformed);
        }
        if length > LARGE_VALUE_BYTES_MAX as u64 {
            return Err(ManifestError::TooBig);
        }
        let length = length as usize;
        let (chunks, cut) = digests.as_chunks::<CONTENT_DIGEST_BYTES>();
        let is_whole = cut.is_empty() && chunks.len() == length.div_ceil(CHUNK_BYTES);
        if !is_whole || length <= VALUE_BYTES_MAX {
            return Err(ManifestError::Malformed);
        }
        Ok(Self {
            length,
            expires,
            chunks: chunks.to_vec(),
        })
    }

    /// Whether an item's meta says that its value is a manifest.
    pub fn is_marked(meta: &Meta) -> bool {
        meta.get(MANIFEST_META.0).map(String::as_str) == Some(MANIFEST_META.1)
    }

    /// Marks an item's meta.
    pub fn mark(meta: &mut Meta) {
        meta.insert(MANIFEST_META.0.into(), MANIFEST_META.1.into());
    }

    /// Bytes of the whole value. Believed or not, it is at most [`LARGE_VALUE_BYTES_MAX`].
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many chunks there are.
    pub fn count(&self) -> usize {
        self.chunks.len()
    }

    /// When the chunks are forgotten, in milliseconds since 1970; 0 is never.
    pub fn expires(&self) -> u64 {
        self.expires
    }

    /// Where a chunk lives.
    pub fn key(&self, index: usize) -> Option<Id> {
        let digest = self.chunks.get(index)?;
        Some(content_key(digest, self.expires))
    }

    /// What tells the chunks apart, in order.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.chunks.iter()
    }

    /// Where all chunks live, in order.
    pub fn keys(&self) -> impl Iterator<Item = Id> {
        let key = |digest| content_key(digest, self.expires);
        self.chunks.iter().map(key)
    }

    /// A chunk of the value this is the manifest of, as an item to be put.
    pub fn chunk(&self, value: &[u8], index: usize) -> Result<Item, ManifestError> {
        let place = self.place(index).ok_or(ManifestError::NoSuchChunk)?;
        let chunk = value.get(place).ok_or(ManifestError::NoSuchChunk)?;
        self.check(index, chunk)?;
        Item::content(chunk.to_vec(), self.expires).map_err(|error: ItemError| match error {
            ItemError::TooBig => ManifestError::TooBig,
            _ => ManifestError::WrongChunk,
        })
    }

    /// That these are the bytes of a chunk.
    pub fn check(&self, index: usize, chunk: &[u8]) -> Result<(), ManifestError> {
        let digest = self.chunks.get(index).ok_or(ManifestError::NoSuchChunk)?;
        let length = self.place(index).map_or(0, |place| place.len());
        if chunk.len() == length && content_digest(chunk) == *digest {
            Ok(())
        } else {
            Err(ManifestError::WrongChunk)
        }
    }

    /// Where in the value a chunk stands.
    fn place(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let begin = index.checked_mul(CHUNK_BYTES)?;
        let end = (begin + CHUNK_BYTES).min(self.length);
        (index < self.chunks.len()).then_some(begin..end)
    }
}

/// A large value as far as its chunks have arrived.
#[derive(Clone, Debug)]
pub struct Assembly {
    manifest: Manifest,
    chunks: Vec<Option<Vec<u8>>>,
}

impl Assembly {
    /// Nothing has arrived yet. Memory is taken as chunks arrive, not as the manifest promises.
    pub fn new(manifest: Manifest) -> Self {
        let chunks = vec![None; manifest.count()];
        Self { manifest, chunks }
    }

    /// What is put together.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A chunk arrived. One that is there already is no error.
    pub fn put(&mut self, index: usize, chunk: Vec<u8>) -> Result<(), ManifestError> {
        self.manifest.check(index, &chunk)?;
        self.chunks[index] = Some(chunk);
        Ok(())
    }

    /// The chunks still to be fetched, and their keys.
    pub fn missing(&self) -> impl Iterator<Item = (usize, Id)> {
        let missing = self.chunks.iter().enumerate();
        missing
            .filter(|(_, chunk)| chunk.is_none())
            .filter_map(|(index, _)| Some((index, self.manifest.key(index)?)))
    }

    /// The whole value, once nothing is missing.
    pub fn finish(self) -> Result<Vec<u8>, ManifestError> {
        let mut value = Vec::with_capacity(self.manifest.length);
        for chunk in self.chunks {
            value.extend(chunk.ok_or(ManifestError::Incomplete)?);
        }
        Ok(value)
    }
}

/// The part at the beginning of the rest, if it is all there.
fn take_part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let (part, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = behind;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VerifiedItem;
    use crate::item::Ed25519;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn value(length: usize, seed: u8) -> Vec<u8> {
        let byte = |n: usize| (n / 7) as u8 ^ (n >> 11) as u8 ^ seed;
        (0..length).map(byte).collect()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_bytes_of_a_manifest_and_the_keys_of_its_chunks_do_not_change() {
        let value = value(CHUNK_BYTES + 3, 5);
        let manifest = Manifest::of(&value, 1_800_000_000_000).unwrap();
        let bytes = manifest.encode();
        let head = format!(
            "00000010{}00000008{:016x}00000008{:016x}00000040{}{}",
            hex(b"logos/manifest/1"),
            CHUNK_BYTES + 3,
            1_800_000_000_000u64,
            hex(&content_digest(&value[..CHUNK_BYTES])),
            hex(&content_digest(&value[CHUNK_BYTES..])),
        );
        assert_eq!(hex(&bytes), head);
        assert_eq!(bytes.len(), HEAD_BYTES + 64);
        let keys: Vec<String> = (0..2)
            .map(|index| manifest.key(index).unwrap().to_string()[..32].into())
            .collect();
        assert_eq!(keys, GOLDEN_KEYS);
    }

    /// Computed by another program.
    const GOLDEN_KEYS: [&str; 2] = [
        "6ccb000b5e7cc2d2dfb528ddb3366e13",
        "752f41c05d0ca71c368cf0ca14f68a39",
    ];

    #[test]
    fn the_largest_value_and_its_manifest_fit() {
        let largest = Manifest {
            length: LARGE_VALUE_BYTES_MAX,
            expires: 0,
            chunks: vec![[7; CONTENT_DIGEST_BYTES]; CHUNKS_MAX],
        };
        let bytes = largest.encode();
        assert!(bytes.len() <= VALUE_BYTES_MAX);
        assert_eq!(Manifest::decode(&bytes), Ok(largest));
        let small = value(VALUE_BYTES_MAX, 1);
        assert_eq!(Manifest::of(&small, 0), Err(ManifestError::TooSmall));
        let large = vec![0; LARGE_VALUE_BYTES_MAX + 1];
        assert_eq!(Manifest::of(&large, 0), Err(ManifestError::TooBig));
    }

    #[test]
    fn a_manifest_that_lies_about_its_length_is_refused() {
        let manifest = Manifest::of(&value(3 * CHUNK_BYTES, 2), 0).unwrap();
        for length in [0, 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 1] {
            let liar = Manifest {
                length,
                ..manifest.clone()
            };
            assert_eq!(
                Manifest::decode(&liar.encode()),
                Err(ManifestError::Malformed)
            );
        }
        let huge = Manifest {
            length: usize::MAX,
            ..manifest.clone()
        };
        assert_eq!(Manifest::decode(&huge.encode()), Err(ManifestError::TooBig));
        let mut longer = manifest.encode();
        longer.push(0);
        assert_eq!(Manifest::decode(&longer), Err(ManifestError::Malformed));
    }

    #[test]
    fn chunks_are_items_that_pass_their_check_and_cannot_be_altered() {
        let value = value(2 * CHUNK_BYTES + 9, 3);
        let manifest = Manifest::of(&value, 77).unwrap();
        for index in 0..manifest.count() {
            let item = manifest.chunk(&value, index).unwrap();
            assert_eq!(Some(item.key), manifest.key(index));
            assert!(VerifiedItem::new(Arc::new(item.clone()), &Ed25519).is_ok());
            assert!(VerifiedItem::new(Arc::new(item.to_stub()), &Ed25519).is_ok());
            let mut meta = Meta::new();
            Manifest::mark(&mut meta);
            let altered = [
                Item {
                    expires: 78,
                    ..item.clone()
                },
                Item {
                    timestamp: 1,
                    ..item.clone()
                },
                Item {
                    name: "mine".into(),
                    ..item.clone()
                },
                Item {
                    value: Some(b"x".to_vec()),
                    ..item.clone()
                },
                Item {
                    value: None,
                    value_hash: None,
                    ..item.clone()
                },
                Item {
                    meta,
                    ..item.clone()
                },
            ];
            for item in altered {
                let error = VerifiedItem::new(Arc::new(item), &Ed25519).unwrap_err();
                assert!(error.is_punishable(), "{error:?}");
            }
        }
        let three = manifest.chunk(&value, 3);
        assert_eq!(three, Err(ManifestError::NoSuchChunk));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Whatever the order, however often, with damage between: the value comes out as it went in.
        #[test]
        fn chunks_in_any_order_give_the_value(
            length in VALUE_BYTES_MAX + 1..6 * CHUNK_BYTES,
            seed: u8,
            order in prop::collection::vec(any::<(u8, bool)>(), 0..24),
        ) {
            let value = value(length, seed);
            let manifest = Manifest::decode(&Manifest::of(&value, 0).unwrap().encode()).unwrap();
            let mut assembly = Assembly::new(manifest.clone());
            for (pick, is_damaged) in order {
                let index = usize::from(pick) % manifest.count();
                let mut chunk = manifest.chunk(&value, index).unwrap().value.unwrap();
                if is_damaged {
                    let place = usize::from(pick) % chunk.len();
                    chunk[place] ^= 1;
                }
                prop_assert_eq!(assembly.put(index, chunk).is_err(), is_damaged);
            }
            let missing: Vec<_> = assembly.missing().collect();
            if !missing.is_empty() {
                prop_assert_eq!(assembly.clone().finish(), Err(ManifestError::Incomplete));
            }
            for (index, key) in missing {
                let item = manifest.chunk(&value, index).unwrap();
                prop_assert_eq!(item.key, key);
                prop_assert_eq!(assembly.put(index, item.value.unwrap()), Ok(()));
            }
            prop_assert_eq!(assembly.finish(), Ok(value));
        }

        #[test]
        fn noise_is_no_manifest(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Manifest::decode(&bytes).is_err());
        }

        /// One encoding only: what decodes encodes to the same bytes.
        #[test]
        fn damaged_manifests_are_refused_or_are_another(at: u16, with in 1u8..) {
            let manifest = Manifest::of(&value(2 * CHUNK_BYTES + 1, 9), 5).unwrap();
            let mut bytes = manifest.encode();
            let place = usize::from(at) % bytes.len();
            bytes[place] ^= with;
            if let Ok(other) = Manifest::decode(&bytes) {
                prop_assert_ne!(&other, &manifest);
                prop_assert_eq!(other.encode(), bytes);
            }
        }
    }
}
