//! The one error type that callers of the node see. Each has a kind, the keyword a Logos program
//! meets; anything the network or the disk did wrong is told here, never by a panic.

use std::fmt;
use std::path::PathBuf;

use dht::ManifestError;

use crate::consensus::Verdict;

/// Why an operation of the node failed.
#[derive(Debug, Clone)]
pub enum NodeError {
    /// No peer could be reached, or fewer than were required.
    Unreachable(String),
    /// The network answered: there is no such item.
    NotFound,
    /// Nobody answered in time.
    Timeout(String),
    /// Peers answered but did not agree; everything they said comes along.
    NoAgreement(Box<Verdict>),
    /// Something is larger than may be stored or sent.
    TooBig {
        /// What is too big.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The most there may be.
        limit: usize,
    },
    /// Peers, or this node, would not do it.
    Refused(String),
    /// The item's value is sealed, and not to us.
    NotForUs,
    /// An item was found, but not one whose signature holds.
    Unverifiable,
    /// An item was found whose value is said to be in chunks, and is not.
    Manifest(ManifestError),
    /// Chunks of a value were not found; the others are kept for the next try.
    Incomplete {
        /// How many are there.
        have: usize,
        /// How many there should be.
        count: usize,
        /// Whether those who should hold the missing ones were reached, and do not.
        is_lost: bool,
    },
    /// Somebody has a newer version than the one that was to be stored.
    Superseded,
    /// The argument makes no sense: a ticket that cannot be read, a quorum of zero.
    WrongArgument(String),
    /// The data folder cannot be used.
    Data(DataError),
    /// Somebody cancelled it.
    Cancelled,
    /// The node was shut down meanwhile.
    Closed,
}

/// Why a data folder cannot be used. Its files are left as they are.
#[derive(Debug, Clone)]
pub enum DataError {
    /// Another program holds the folder's lock.
    Locked(PathBuf),
    /// A file is damaged.
    Damaged(PathBuf, String),
    /// A file was written by a later version of this program.
    Newer(PathBuf, u64),
    /// There is no room left on the disk.
    Full(PathBuf),
    /// The file system refused.
    Io(PathBuf, String),
}

impl NodeError {
    /// The keyword of this error, without its colon.
    pub fn kind(&self) -> &'static str {
        match self {
            NodeError::Unreachable(_) | NodeError::Closed => "unreachable",
            NodeError::NotFound => "not-found",
            NodeError::Timeout(_) => "timeout",
            NodeError::NoAgreement(_) => "no-agreement",
            NodeError::TooBig { .. } => "too-big",
            NodeError::Refused(_) => "refused",
            NodeError::NotForUs => "not-allowed",
            NodeError::Unverifiable | NodeError::Manifest(_) => "unverifiable",
            NodeError::Incomplete { is_lost: true, .. } => "not-found",
            NodeError::Incomplete { .. } => "unreachable",
            NodeError::Superseded => "superseded",
            NodeError::WrongArgument(_) => "wrong-argument",
            NodeError::Data(_) => "file",
            NodeError::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeError::Unreachable(why) | NodeError::Refused(why) => f.write_str(why),
            NodeError::Timeout(why) | NodeError::WrongArgument(why) => f.write_str(why),
            NodeError::NotFound => f.write_str("no peer has such an item"),
            NodeError::NoAgreement(verdict) => f.write_str(&verdict.why),
            NodeError::TooBig { what, size, limit } => {
                write!(
                    f,
                    "{what} has {size} bytes, and at most {limit} are allowed"
                )
            }
            NodeError::NotForUs => f.write_str("the value of this item is sealed to others"),
            NodeError::Unverifiable => {
                f.write_str("an item was found, but its signature does not hold")
            }
            NodeError::Manifest(error) => {
                write!(
                    f,
                    "the value is in parts, and cannot be put together: {error}"
                )
            }
            NodeError::Incomplete {
                have,
                count,
                is_lost,
            } => {
                let why = match is_lost {
                    true => "nobody has the others",
                    false => "who has the others cannot be reached",
                };
                write!(
                    f,
                    "{have} of the value's {count} parts were found, and are kept; {why}"
                )
            }
            NodeError::Superseded => f.write_str("a newer version is already stored"),
            NodeError::Data(error) => error.fmt(f),
            NodeError::Cancelled => f.write_str("the job was cancelled"),
            NodeError::Closed => f.write_str("the node was shut down"),
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataError::Locked(path) => {
                write!(
                    f,
                    "another program is using the data folder {}",
                    path.display()
                )
            }
            DataError::Damaged(path, why) => {
                write!(
                    f,
                    "{} is damaged, or not a file of this program, and was left as it is: {why}; \
                     to begin anew, move it away",
                    path.display()
                )
            }
            DataError::Newer(path, version) => write!(
                f,
                "{} was written by a later version of this program (format {version}) \
                 and was left as it is; use that version, or another data folder",
                path.display()
            ),
            DataError::Full(path) => write!(
                f,
                "no room is left on the disk for {}; make some, nothing was lost",
                path.display()
            ),
            DataError::Io(path, why) => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for NodeError {}
impl std::error::Error for DataError {}

impl From<DataError> for NodeError {
    fn from(error: DataError) -> NodeError {
        NodeError::Data(error)
    }
}
