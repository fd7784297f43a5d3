//! The one error type that callers of the node see. Each has a kind, the keyword a Logos program
//! meets; anything the network or the disk did wrong is told here, never by a panic.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use dht::ManifestError;

use crate::consensus::Verdict;
use crate::service::PutCounts;

/// Why an operation of the node failed.
#[derive(Debug, Clone)]
pub enum NodeError {
    /// No peer could be reached, or fewer than were required.
    Unreachable(String),
    /// Fewer peers stored an item than were required; this node keeps it.
    NotStored(PutCounts),
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

/// What is said where there is nobody to ask.
pub const NO_PEERS: &str = "no peers are known; join somebody, or start practice peers";

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
            NodeError::Unreachable(_) | NodeError::NotStored(_) | NodeError::Closed => {
                "unreachable"
            }
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
            NodeError::NotStored(counts) => counts.fmt(f),
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

/// How few stored an item, and why not more.
impl fmt::Display for PutCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (refused, silent) = (self.rejected.len(), self.timed_out);
        match (self.stored, refused + silent) {
            (0, 0) => {
                return f.write_str("nobody else could be reached to store it; this node keeps it");
            }
            (0, _) => f.write_str("no peer stored it, this node keeps it")?,
            (1, _) => f.write_str("only 1 peer stored it")?,
            (stored, _) => write!(f, "only {stored} peers stored it")?,
        }
        if refused > 0 {
            let reasons: BTreeSet<&str> = self.rejected.iter().map(|(_, why)| &**why).collect();
            let reasons = Vec::from_iter(reasons).join(", ");
            write!(f, "; {refused} refused: {reasons}")?;
        }
        if silent > 0 {
            write!(f, "; {silent} did not answer")?;
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::PublicKey;

    #[test]
    fn who_stored_nothing_is_counted_with_reasons() {
        let peer = PublicKey::from_bytes([1; 32]);
        let rejected = |why: &[&str]| why.iter().map(|why| (peer, why.to_string())).collect();
        let check = |stored, why: &[&str], timed_out, expected: &str| {
            let counts = PutCounts {
                stored,
                rejected: rejected(why),
                timed_out,
            };
            assert_eq!(NodeError::NotStored(counts).to_string(), expected);
        };
        let nobody = "nobody else could be reached to store it; this node keeps it";
        check(0, &[], 0, nobody);
        check(1, &[], 0, "only 1 peer stored it");
        check(2, &[], 3, "only 2 peers stored it; 3 did not answer");
        let refused = "no peer stored it, this node keeps it; 3 refused: busy, internal error";
        check(0, &["internal error", "busy", "busy"], 0, refused);
    }
}
