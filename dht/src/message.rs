//! What nodes ask and answer.
//!
//! Owns the shapes of requests, answers and error codes. Refuses to know how they become bytes (`wire`)
//! or what they do (`kademlia`). The transport authenticates the sender, so no message names it.

use std::fmt;
use std::sync::Arc;

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::contact::Contact;
use crate::id::Id;
use crate::item::{Item, Version};
use crate::wire;

/// The protocol version this crate speaks.
pub const PROTOCOL_VERSION: u16 = 1;
/// Most contacts in one answer; equals K.
pub const CONTACTS_MAX: usize = 20;
/// Longest detail text of a failure in bytes.
pub const DETAIL_BYTES_MAX: usize = 256;

/// The random 128-bit name of one interaction, used by every node taking part in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InteractionId(pub u128);

impl InteractionId {
    /// A fresh random one.
    pub fn random(rng: &mut impl Rng) -> Self {
        Self(u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()))
    }
}

impl fmt::Display for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What one node asks another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Are you there?
    Ping,
    /// Keep this item. To a node watching the item's key it is also the news of a new version.
    Store(Store),
    /// Who do you know nearest to this id?
    FindNode {
        /// The id.
        target: Id,
    },
    /// The item under this key, or who you know nearest to it.
    FindValue(FindValue),
    /// Tell me about new versions under this key.
    Watch {
        /// The key.
        key: Id,
        /// For how long, in milliseconds; 0 ends the watch.
        lasting_ms: u64,
    },
}

/// The body of [`Request::Store`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// The item.
    pub item: Arc<Item>,
    /// Keep it only as a cached copy, which fresh reads ignore and nobody republishes.
    pub cache: bool,
}

/// The body of [`Request::FindValue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindValue {
    /// The key.
    pub key: Id,
    /// Only a version strictly newer than this is of interest.
    pub newer_than: Option<Version>,
    /// Ignore cached copies, and name the nearest nodes even beside a value.
    pub fresh: bool,
}

/// What a node answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// I am here.
    Pong,
    /// The item is kept.
    Stored,
    /// The nodes nearest to the target I know; to `FindValue` also: I have nothing newer.
    Nodes(Nodes),
    /// The item.
    Value(Value),
    /// You will be told about new versions.
    Watching {
        /// For how long, in milliseconds.
        lasting_ms: u64,
    },
    /// No.
    Failure(Failure),
}

/// The body of [`Response::Nodes`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    /// Nearest first, at most [`CONTACTS_MAX`].
    #[serde(deserialize_with = "wire::bounded_vec::<_, _, CONTACTS_MAX>")]
    pub contacts: Vec<Contact>,
    /// The version I hold when it is not newer than `newer_than`.
    pub held: Option<Version>,
}

/// The body of [`Response::Value`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// The item.
    pub item: Arc<Item>,
    /// Nearest first, at most [`CONTACTS_MAX`]; empty unless the read is fresh.
    #[serde(deserialize_with = "wire::bounded_vec::<_, _, CONTACTS_MAX>")]
    pub contacts: Vec<Contact>,
}

/// The body of [`Response::Failure`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why.
    pub code: ErrorCode,
    /// For a person to read; at most [`DETAIL_BYTES_MAX`] bytes, and never trusted.
    #[serde(deserialize_with = "wire::bounded_string::<_, DETAIL_BYTES_MAX>")]
    pub detail: String,
    /// The newer item, with [`ErrorCode::Superseded`].
    pub newer: Option<Arc<Item>>,
}

impl Failure {
    /// A failure with a detail text, cut to its limit.
    pub fn new(code: ErrorCode, detail: impl fmt::Display) -> Self {
        let mut detail = detail.to_string();
        if detail.len() > DETAIL_BYTES_MAX {
            let end = (0..=DETAIL_BYTES_MAX)
                .rev()
                .find(|end| detail.is_char_boundary(*end));
            detail.truncate(end.unwrap_or(0));
        }
        Self {
            code,
            detail,
            newer: None,
        }
    }
}

/// Why a request was not served. The numbers are what travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ErrorCode {
    /// The request is malformed.
    BadRequest = 1,
    /// There is no such request.
    UnknownRequest = 2,
    /// The node failed on its own account.
    Internal = 3,
    /// The frame or the item is larger than allowed.
    TooBig = 4,
    /// The protocol version of the frame or of the item is unknown.
    UnsupportedProtocol = 5,
    /// The item's signature or value hash does not hold.
    UnverifiableProvenance = 6,
    /// The item's key is not the hash of its author and name.
    KeyMismatch = 7,
    /// The node holds a newer version, and sends it along.
    Superseded = 8,
    /// The sender's share of the node's storage is used up.
    OverQuota = 9,
    /// The sender asks too often, or the node has too much to do.
    Busy = 10,
    /// The node does not want to: the item is expired or from the future, or the sender is blocked.
    Refused = 11,
}

impl ErrorCode {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 11] = [
        Self::BadRequest,
        Self::UnknownRequest,
        Self::Internal,
        Self::TooBig,
        Self::UnsupportedProtocol,
        Self::UnverifiableProvenance,
        Self::KeyMismatch,
        Self::Superseded,
        Self::OverQuota,
        Self::Busy,
        Self::Refused,
    ];

    /// The number that travels.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadRequest => "bad request",
            Self::UnknownRequest => "unknown request",
            Self::Internal => "internal error",
            Self::TooBig => "too big",
            Self::UnsupportedProtocol => "unsupported protocol",
            Self::UnverifiableProvenance => "unverifiable provenance",
            Self::KeyMismatch => "key mismatch",
            Self::Superseded => "superseded",
            Self::OverQuota => "over quota",
            Self::Busy => "busy",
            Self::Refused => "refused",
        })
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| serde::de::Error::custom("unknown error code"))
    }
}
