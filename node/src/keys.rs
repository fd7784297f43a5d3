//! Keys, signatures and digests, and the one encoding everything signed or hashed here goes
//! through: domain-separated and length-prefixed. Refuses to know what the bytes mean.

use std::fmt;

pub use dht::{Id, PublicKey};
use ed25519_dalek::{Signature as DalekSignature, Signer as _, SigningKey, VerifyingKey};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of an ed25519 signature.
const SIGNATURE_BYTES: usize = 64;

/// An ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; SIGNATURE_BYTES]);

impl Signature {
    /// `message` signed with `key`.
    pub fn make(key: &SigningKey, message: &[u8]) -> Signature {
        Signature(key.sign(message).to_bytes())
    }

    /// Whether this is `key`'s signature over `message`, by the strict rules.
    pub fn holds(&self, key: &PublicKey, message: &[u8]) -> bool {
        VerifyingKey::from_bytes(key.as_bytes()).is_ok_and(|key| {
            key.verify_strict(message, &DalekSignature::from_bytes(&self.0))
                .is_ok()
        })
    }
}

/// Collects the fields of something to be signed or hashed: a domain, then every field behind
/// its length (u32, big-endian), so that no two different lists of fields give equal bytes.
#[derive(Debug)]
pub struct Preimage {
    bytes: Vec<u8>,
}

impl Preimage {
    /// Begins a preimage in `domain`, for example `logos/job/1`.
    pub fn new(domain: &str) -> Preimage {
        Preimage { bytes: Vec::new() }.field(domain.as_bytes())
    }

    /// Adds a field.
    pub fn field(mut self, field: &[u8]) -> Preimage {
        self.bytes
            .extend_from_slice(&(field.len() as u32).to_be_bytes());
        self.bytes.extend_from_slice(field);
        self
    }

    /// Adds a number as a field of eight bytes.
    pub fn number(self, number: u64) -> Preimage {
        self.field(&number.to_be_bytes())
    }

    /// What is to be signed.
    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The SHA-512 of the preimage.
    pub fn digest(self) -> Id {
        Id::hash(&self.bytes)
    }
}

/// Lower-case hex digits of `bytes`.
pub fn to_hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The bytes written as exactly twice as many hex digits.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(bytes)
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({}…)", to_hex(&self.0[..5]))
    }
}

struct SignatureVisitor;

impl<'de> Visitor<'de> for SignatureVisitor {
    type Value = Signature;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SIGNATURE_BYTES} bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Signature, A::Error> {
        let mut bytes = [0; SIGNATURE_BYTES];
        for byte in &mut bytes {
            *byte = seq
                .next_element()?
                .ok_or_else(|| A::Error::custom("too short"))?;
        }
        Ok(Signature(bytes))
    }
}

/// serde has no arrays of 64: a signature travels as a tuple of 64 bytes, without a length.
impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(SIGNATURE_BYTES)?;
        for byte in &self.0 {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(SIGNATURE_BYTES, SignatureVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_slide_into_each_other() {
        let one = Preimage::new("d").field(b"ab").field(b"c").digest();
        let other = Preimage::new("d").field(b"a").field(b"bc").digest();
        assert_ne!(one, other);
    }

    #[test]
    fn a_signature_holds_for_its_key_and_message_only() {
        let signer = SigningKey::from_bytes(&[1; 32]);
        let key = PublicKey::from(signer.verifying_key());
        let signature = Signature::make(&signer, b"hello");
        assert!(signature.holds(&key, b"hello"));
        assert!(!signature.holds(&key, b"hellp"));
        assert!(!signature.holds(&PublicKey::from_bytes([2; 32]), b"hello"));
    }
}
