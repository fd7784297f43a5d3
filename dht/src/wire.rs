//! Bytes on the wire and on disk.
//!
//! Owns the layout of frames and the only use of bincode, so that it can be replaced: golden vectors hold
//! the format. Refuses frames above [`FRAME_BYTES_MAX`], lists longer than their named limit, and
//! anything left over at the end; no length is believed before the bytes behind it are there.
//!
//! ```text
//! frame = version(2, big-endian) interaction(16, big-endian) kind(1) body(bincode 2, standard configuration)
//! ```
//!
//! The body of a request starts with the addresses its sender says it can be dialled at. One QUIC stream
//! carries one request frame and its answer, each ended by the end of the stream.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::contact::{ADDRESSES_MAX, Address};
use crate::id::Id;
use crate::item::{Item, META_BYTES_MAX, META_ENTRIES_MAX, Meta};
use crate::message::{
    ErrorCode, Failure, FindValue, InteractionId, Nodes, PROTOCOL_VERSION, Request, Response,
    Store, Value,
};

/// Largest frame in bytes: the largest item and twenty contacts fit.
pub const FRAME_BYTES_MAX: usize = 96 * 1024;
/// Bytes before the body of a frame.
pub const HEADER_BYTES: usize = 19;

const PING: u8 = 0;
const STORE: u8 = 1;
const FIND_NODE: u8 = 2;
const FIND_VALUE: u8 = 3;
const WATCH: u8 = 4;

const PONG: u8 = 128;
const STORED: u8 = 129;
const NODES: u8 = 130;
const VALUE: u8 = 131;
const WATCHING: u8 = 132;
const FAILURE: u8 = 255;

/// A request as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFrame {
    /// The interaction it belongs to.
    pub interaction: InteractionId,
    /// Where the sender says it can be dialled; empty if it serves nobody. Hints only.
    pub addresses: Vec<Address>,
    /// What is asked.
    pub request: Request,
}

/// An answer as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseFrame {
    /// The interaction of the request.
    pub interaction: InteractionId,
    /// What is answered.
    pub response: Response,
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// More than [`FRAME_BYTES_MAX`] bytes.
    TooBig,
    /// The protocol version in front is not ours.
    UnsupportedProtocol(u16),
    /// The kind of message is unknown.
    UnknownKind(u8),
    /// Cut short, too long, or out of some limit.
    Malformed,
}

impl WireError {
    /// The error code a peer is told.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::TooBig => ErrorCode::TooBig,
            Self::UnsupportedProtocol(_) => ErrorCode::UnsupportedProtocol,
            Self::UnknownKind(_) => ErrorCode::UnknownRequest,
            Self::Malformed => ErrorCode::BadRequest,
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooBig => write!(f, "the frame is larger than {FRAME_BYTES_MAX} bytes"),
            Self::UnsupportedProtocol(version) => write!(f, "unsupported protocol {version}"),
            Self::UnknownKind(kind) => write!(f, "unknown kind of message {kind}"),
            Self::Malformed => f.write_str("the frame is malformed"),
        }
    }
}

impl std::error::Error for WireError {}

impl RequestFrame {
    /// The bytes of this frame.
    pub fn encode(&self) -> Vec<u8> {
        let addresses = &self.addresses[..self.addresses.len().min(ADDRESSES_MAX)];
        let (kind, mut bytes) = match &self.request {
            Request::Ping => (PING, frame(&(addresses,))),
            Request::Store(store) => (STORE, frame(&(addresses, store))),
            Request::FindNode { target } => (FIND_NODE, frame(&(addresses, target))),
            Request::FindValue(find) => (FIND_VALUE, frame(&(addresses, find))),
            Request::Watch { key, lasting_ms } => (WATCH, frame(&(addresses, key, lasting_ms))),
        };
        put_header(&mut bytes, self.interaction, kind);
        bytes
    }

    /// Reads a frame. Whatever the bytes, it neither panics nor holds more than a few times their size.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let (interaction, kind, body) = open_frame(bytes)?;
        let (addresses, request) = match kind {
            PING => (decode::<(Addresses,)>(body)?.0, Request::Ping),
            STORE => decode::<(Addresses, Store)>(body)
                .map(|(addresses, store)| (addresses, Request::Store(store)))?,
            FIND_NODE => decode::<(Addresses, Id)>(body)
                .map(|(addresses, target)| (addresses, Request::FindNode { target }))?,
            FIND_VALUE => decode::<(Addresses, FindValue)>(body)
                .map(|(addresses, find)| (addresses, Request::FindValue(find)))?,
            WATCH => {
                let (addresses, key, lasting_ms) = decode::<(Addresses, Id, u64)>(body)?;
                (addresses, Request::Watch { key, lasting_ms })
            }
            unknown => return Err(WireError::UnknownKind(unknown)),
        };
        Ok(Self {
            interaction,
            addresses: addresses.0,
            request,
        })
    }
}

impl ResponseFrame {
    /// The bytes of this frame.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, mut bytes) = match &self.response {
            Response::Pong => (PONG, frame(&())),
            Response::Stored => (STORED, frame(&())),
            Response::Nodes(nodes) => (NODES, frame(nodes)),
            Response::Value(value) => (VALUE, frame(value)),
            Response::Watching { lasting_ms } => (WATCHING, frame(lasting_ms)),
            Response::Failure(failure) => (FAILURE, frame(failure)),
        };
        put_header(&mut bytes, self.interaction, kind);
        bytes
    }

    /// Reads a frame. Whatever the bytes, it neither panics nor holds more than a few times their size.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let (interaction, kind, body) = open_frame(bytes)?;
        let response = match kind {
            PONG => decode::<()>(body).map(|()| Response::Pong)?,
            STORED => decode::<()>(body).map(|()| Response::Stored)?,
            NODES => Response::Nodes(decode::<Nodes>(body)?),
            VALUE => Response::Value(decode::<Value>(body)?),
            WATCHING => Response::Watching {
                lasting_ms: decode(body)?,
            },
            FAILURE => Response::Failure(decode::<Failure>(body)?),
            unknown => return Err(WireError::UnknownKind(unknown)),
        };
        Ok(Self {
            interaction,
            response,
        })
    }

    /// The answer to bytes that are no request: the right error code, under the interaction named in
    /// them as far as that could be read.
    pub fn refusal(request: &[u8], error: WireError) -> Self {
        let interaction = request
            .get(2..18)
            .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
            .map_or(0, u128::from_be_bytes);
        Self {
            interaction: InteractionId(interaction),
            response: Response::Failure(Failure::new(error.code(), error)),
        }
    }
}

/// An item as kept on disk, as evidence, or as a ticket: the same bytes as inside a frame.
pub fn encode_item(item: &Item) -> Vec<u8> {
    encode(item)
}

/// The inverse of [`encode_item`]. The item still has to be checked.
pub fn decode_item(bytes: &[u8]) -> Result<Item, WireError> {
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(WireError::TooBig);
    }
    decode(bytes)
}

/// Any of this crate's records, for a driver that keeps them on disk.
pub fn encode_record<T: Serialize>(record: &T) -> Vec<u8> {
    encode(record)
}

/// The inverse of [`encode_record`].
pub fn decode_record<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    if bytes.len() > 2 * FRAME_BYTES_MAX {
        return Err(WireError::TooBig);
    }
    decode(bytes)
}

fn configuration() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<{ 2 * FRAME_BYTES_MAX }>()
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Writing to a vector cannot fail, and no type of ours refuses to be serialised.
    bincode::serde::encode_to_vec(value, bincode::config::standard())
        .expect("our own types can be encoded")
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    match bincode::serde::borrow_decode_from_slice(bytes, configuration()) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        Ok(_) | Err(_) => Err(WireError::Malformed),
    }
}

/// A frame with room for its header in front.
fn frame<T: Serialize>(body: &T) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    bincode::serde::encode_into_std_write(body, &mut bytes, bincode::config::standard())
        .expect("our own types can be encoded");
    bytes
}

fn put_header(bytes: &mut [u8], interaction: InteractionId, kind: u8) {
    bytes[..2].copy_from_slice(&PROTOCOL_VERSION.to_be_bytes());
    bytes[2..18].copy_from_slice(&interaction.0.to_be_bytes());
    bytes[18] = kind;
}

fn open_frame(bytes: &[u8]) -> Result<(InteractionId, u8, &[u8]), WireError> {
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(WireError::TooBig);
    }
    let (version, rest) = bytes.split_first_chunk::<2>().ok_or(WireError::Malformed)?;
    let version = u16::from_be_bytes(*version);
    if version != PROTOCOL_VERSION {
        return Err(WireError::UnsupportedProtocol(version));
    }
    let (interaction, rest) = rest.split_first_chunk::<16>().ok_or(WireError::Malformed)?;
    let (kind, body) = rest.split_first().ok_or(WireError::Malformed)?;
    Ok((
        InteractionId(u128::from_be_bytes(*interaction)),
        *kind,
        body,
    ))
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Addresses(#[serde(deserialize_with = "bounded_vec::<_, _, ADDRESSES_MAX>")] Vec<Address>);

/// Reads a list of at most `MAX` elements, growing as they arrive.
pub(crate) fn bounded_vec<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct List<T, const MAX: usize>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MAX} elements")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            if sequence.size_hint().is_some_and(|length| length > MAX) {
                return Err(A::Error::custom("too many elements"));
            }
            while let Some(element) = sequence.next_element()? {
                if list.len() == MAX {
                    return Err(A::Error::custom("too many elements"));
                }
                list.push(element);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(List::<T, MAX>(PhantomData))
}

/// Reads a string of at most `MAX` bytes.
pub(crate) fn bounded_string<'de, D, const MAX: usize>(deserializer: D) -> Result<String, D::Error>
where
    D: Deserializer<'de>,
{
    struct Bounded<const MAX: usize>;
    impl<const MAX: usize> Visitor<'_> for Bounded<MAX> {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a string of at most {MAX} bytes")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
            if text.len() > MAX {
                Err(E::custom("too long"))
            } else {
                Ok(text.to_owned())
            }
        }
    }
    deserializer.deserialize_str(Bounded::<MAX>)
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Text(#[serde(deserialize_with = "bounded_string::<_, META_BYTES_MAX>")] String);

/// Reads an item's meta: sorted, each key once, within its limits.
pub(crate) fn meta<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Meta, D::Error> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Meta;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(
                f,
                "at most {META_ENTRIES_MAX} sorted entries of {META_BYTES_MAX} bytes"
            )
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Meta, A::Error> {
            let mut meta = Meta::new();
            let mut bytes = 0;
            while let Some((Text(key), Text(value))) = map.next_entry::<Text, Text>()? {
                bytes += key.len() + value.len();
                let sorted = meta.last_key_value().is_none_or(|(last, _)| *last < key);
                if !sorted || bytes > META_BYTES_MAX || meta.len() == META_ENTRIES_MAX {
                    return Err(A::Error::custom("meta out of order or too big"));
                }
                meta.insert(key, value);
            }
            Ok(meta)
        }
    }
    deserializer.deserialize_map(Entries)
}

/// An optional byte string, written and read as one block.
pub(crate) mod optional_bytes {
    use super::{Deserialize, Deserializer, Visitor, fmt};

    struct Out<'a>(&'a [u8]);

    impl serde::Serialize for Out<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    struct In(Vec<u8>);

    impl<'de> Deserialize<'de> for In {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Bytes;
            impl Visitor<'_> for Bytes {
                type Value = In;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("bytes")
                }

                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<In, E> {
                    Ok(In(bytes.to_vec()))
                }

                fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<In, E> {
                    Ok(In(bytes))
                }
            }
            // Borrowing: the length is checked against the bytes that are there before any copy.
            deserializer.deserialize_bytes(Bytes)
        }
    }

    pub(crate) fn serialize<S: serde::Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&bytes.as_deref().map(Out), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<In>::deserialize(deserializer)?.map(|bytes| bytes.0))
    }
}
