//! 512-bit identifiers and the XOR metric (Maymounkov & Mazières, "Kademlia", 2002, section 2).
//!
//! Owns ids, distances and hexadecimal text for fixed-size bytes. Refuses to know what an id names:
//! nodes and items share one space.

use std::cmp::Ordering;
use std::fmt;

use rand_core::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha512};

/// Length of an id in bytes.
pub const ID_BYTES: usize = 64;
/// Length of an id in bits.
pub const ID_BITS: usize = ID_BYTES * 8;

/// A place in the 512-bit space: the SHA-512 of a node's public key, or an item's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id([u8; ID_BYTES]);

/// How far apart two ids are: their bitwise XOR, compared as a big-endian number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Distance([u8; ID_BYTES]);

impl Id {
    /// The id with exactly these bytes.
    pub const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// SHA-512 of `bytes`.
    pub fn hash(bytes: &[u8]) -> Self {
        Self(Sha512::digest(bytes).into())
    }

    /// The bytes of this id, most significant first.
    pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }

    /// The XOR distance between two ids; symmetric, and zero only to itself.
    pub fn distance(&self, other: &Self) -> Distance {
        let mut bytes = self.0;
        for (byte, theirs) in bytes.iter_mut().zip(other.0) {
            *byte ^= theirs;
        }
        Distance(bytes)
    }

    /// How many leading bits two ids share, 0 to 512.
    pub fn common_prefix(&self, other: &Self) -> usize {
        match self.prefix() ^ other.prefix() {
            0 => self.distance(other).leading_zeros(),
            different => different.leading_zeros() as usize,
        }
    }

    /// The most significant 64 bits: enough to tell most ids apart.
    pub fn prefix(&self) -> u64 {
        prefix(&self.0)
    }

    /// Bit `index`, counted from the most significant; `index` is below [`ID_BITS`].
    pub fn bit(&self, index: usize) -> bool {
        self.0[index / 8] & (0x80 >> (index % 8)) != 0
    }

    /// This id with bit `index` inverted.
    pub fn with_bit_flipped(mut self, index: usize) -> Self {
        self.0[index / 8] ^= 0x80 >> (index % 8);
        self
    }

    /// A random id sharing the first `bits` bits with this one.
    pub fn random_with_prefix(&self, bits: usize, rng: &mut impl Rng) -> Self {
        let mut bytes = [0; ID_BYTES];
        rng.fill_bytes(&mut bytes);
        for index in 0..bits.min(ID_BITS) {
            let mask = 0x80 >> (index % 8);
            bytes[index / 8] = (bytes[index / 8] & !mask) | (self.0[index / 8] & mask);
        }
        Self(bytes)
    }

    /// The smallest and the largest id sharing the first `bits` bits with this one.
    pub fn prefix_range(&self, bits: usize) -> (Self, Self) {
        let (mut low, mut high) = (self.0, self.0);
        for index in bits..ID_BITS {
            let mask = 0x80 >> (index % 8);
            low[index / 8] &= !mask;
            high[index / 8] |= mask;
        }
        (Self(low), Self(high))
    }

    /// Parses 128 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        parse_hex(text).map(Self)
    }
}

impl Distance {
    /// Leading zero bits: 512 for the distance to oneself.
    pub fn leading_zeros(&self) -> usize {
        match self.0.iter().position(|byte| *byte != 0) {
            Some(index) => index * 8 + self.0[index].leading_zeros() as usize,
            None => ID_BITS,
        }
    }

    /// The bytes, most significant first.
    pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }

    /// The most significant 64 bits.
    pub fn prefix(&self) -> u64 {
        prefix(&self.0)
    }
}

fn prefix(bytes: &[u8; ID_BYTES]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *bytes;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        let first = self.prefix().cmp(&other.prefix());
        first.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Distance {
    fn cmp(&self, other: &Self) -> Ordering {
        let first = self.prefix().cmp(&other.prefix());
        first.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Distance {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0[..6])?;
        f.write_str("…")
    }
}

impl fmt::Debug for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2^{}", ID_BITS - self.leading_zeros())
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_array(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_array(deserializer).map(Self)
    }
}

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads exactly `N` bytes from `2 N` hexadecimal digits of either case.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(bytes)
}

/// Serialises a fixed-size array without a length: a tuple of bytes.
pub(crate) fn serialize_array<S: Serializer, const N: usize>(
    bytes: &[u8; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeTuple;
    let mut tuple = serializer.serialize_tuple(N)?;
    for byte in bytes {
        tuple.serialize_element(byte)?;
    }
    tuple.end()
}

/// The inverse of [`serialize_array`].
pub(crate) fn deserialize_array<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    struct Visitor<const N: usize>;
    impl<'de, const N: usize> serde::de::Visitor<'de> for Visitor<N> {
        type Value = [u8; N];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{N} bytes")
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut sequence: A,
        ) -> Result<[u8; N], A::Error> {
            let mut bytes = [0; N];
            for (index, byte) in bytes.iter_mut().enumerate() {
                *byte = sequence
                    .next_element()?
                    .ok_or_else(|| serde::de::Error::invalid_length(index, &self))?;
            }
            Ok(bytes)
        }
    }
    deserializer.deserialize_tuple(N, Visitor::<N>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips() {
        let id = Id::hash(b"abc");
        // FIPS 180-4, SHA-512 example.
        assert!(
            id.to_string()
                .starts_with("ddaf35a193617abacc417349ae204131")
        );
        assert_eq!(Id::from_hex(&id.to_string()), Some(id));
        assert_eq!(Id::from_hex("ab"), None);
        assert_eq!(Id::from_hex(&"g".repeat(128)), None);
    }

    #[test]
    fn distance_is_a_metric() {
        let (a, b) = (Id::hash(b"a"), Id::hash(b"b"));
        assert_eq!(a.distance(&b), b.distance(&a));
        assert_eq!(a.distance(&a).leading_zeros(), ID_BITS);
        assert_eq!(a.common_prefix(&a.with_bit_flipped(77)), 77);
    }

    #[test]
    fn prefixes_bound_random_ids() {
        use rand_core::SeedableRng;
        let mut rng = rand_chacha::ChaCha8Rng::from_seed([7; 32]);
        let id = Id::hash(b"prefix");
        for bits in [0, 1, 9, 64, 511, 512] {
            let random = id.random_with_prefix(bits, &mut rng);
            let (low, high) = id.prefix_range(bits);
            assert!(id.common_prefix(&random) >= bits);
            assert!(low <= random && random <= high);
        }
    }
}
