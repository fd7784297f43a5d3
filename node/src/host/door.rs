//! The door between programs on one data folder: a socket in the folder, which only its owner can
//! open, through which the others ask the one that runs the node for what they would ask a node
//! of their own. What they evaluate stays with them. Refuses other users and other versions.
//!
//! ```text
//! both     version(2, big-endian)
//! then     { length(4, big-endian) body(as all records of the node are written) }
//! guest    Ask(number, what) | Cancel(number)
//! keeper   (number, reply), in the order in which they end
//! ```
//!
//! A guest that is gone cancels what it asked for. Systems without such sockets have no door: a
//! folder serves one program there.

mod frames;
mod guest;
mod keeper;
mod socket;

pub use guest::{ConnectFailure, Guest, connect};
pub use keeper::Keeper;

use serde::{Deserialize, Serialize};

use super::asks::NodeAsk;
use dht::LARGE_VALUE_BYTES_MAX;

/// To be raised whenever what is asked or replied is written in another way.
const DOOR_VERSION: u16 = 6;
/// Largest frame of a guest: the largest value, and what is around it.
const SAID_BYTES_MAX: usize = LARGE_VALUE_BYTES_MAX + 64 * 1024;
/// Largest frame of a keeper: many outcomes in one verdict, many verdicts in one list.
const REPLY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most programs that one keeper lets in.
const GUESTS_MAX: usize = 64;
/// Most that one guest may ask for at once.
const ASKS_MAX: usize = 10_000;

/// What a guest says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Said {
    /// Do this.
    Ask(u64, NodeAsk),
    /// What was asked under this number is not wanted any more.
    Cancel(u64),
}

#[cfg(all(test, unix))]
mod tests;
