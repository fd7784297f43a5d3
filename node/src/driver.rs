//! The network side of a node: one endpoint, several protocols told apart by ALPN, a bounded pool
//! of connections, and the only loop between sockets, timers and the DHT's state machine.
//! Contacts nobody on its own: no relay but those its user names, no public DNS, no probing of the router.

mod bind;
mod core;
mod dial;
mod lan;
mod news;
mod pace;
mod pool;
mod room;
mod seats;
mod serve;
mod stream;
mod writer;

pub(crate) use bind::{
    Binding, as_addresses, bind, own_addresses, wait_for_relay, watch_addresses,
};
pub(crate) use core::{Core, DhtFailure, Versions, Watch, ask};
pub(crate) use lan::find_on_lan;
pub(crate) use news::hear_news;
pub(crate) use pool::{Blocks, Pool, locked};
pub(crate) use serve::serve;
pub(crate) use stream::{FrameReader, FrameWriter, ReadFailure};

/// The DHT's protocol.
pub const DHT_ALPN: &[u8] = b"logos/dht/1";
/// The job protocol.
pub const JOB_ALPN: &[u8] = b"logos/job/1";
