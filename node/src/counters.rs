//! What a node counts besides its part of the DHT: bytes, connections, jobs, chunks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dht::Metrics;

/// Counters that any thread may raise.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) connections_in: Counter,
    pub(crate) dials_resumed: Counter,
    pub(crate) early_refused: Counter,
    pub(crate) jobs_run: Counter,
    pub(crate) jobs_refused: Counter,
    pub(crate) job_fuel: Counter,
    pub(crate) chunks_stored: Counter,
    pub(crate) chunks_fetched: Counter,
}

/// A number that only grows, unless what it counts ends.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: usize) {
        self.add_many(count as u64);
    }

    pub(crate) fn add_many(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of the connections that others opened, as long as it is.
#[derive(Debug)]
pub(crate) struct Connected(Arc<Counters>);

impl Connected {
    pub(crate) fn new(counters: &Arc<Counters>) -> Connected {
        counters.connections_in.add(1);
        Connected(counters.clone())
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections_in.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a node counted since it started, and what it holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeMetrics {
    /// What its part of the DHT counted.
    pub dht: Metrics,
    /// Bytes of frames that came in.
    pub bytes_in: u64,
    /// Bytes of frames that went out.
    pub bytes_out: u64,
    /// Open connections that others opened.
    pub connections_in: u64,
    /// Open connections that it opened.
    pub connections_out: u64,
    /// Dials of peers that were connected before, in which the first request travelled with the first packet.
    pub dials_resumed: u64,
    /// First requests that travelled so in vain, and were sent again.
    pub early_refused: u64,
    /// Jobs it ran for others, or for us as a referee.
    pub jobs_run: u64,
    /// Jobs it refused or did not finish.
    pub jobs_refused: u64,
    /// Fuel of the jobs it ran.
    pub job_fuel: u64,
    /// Jobs that run or wait.
    pub jobs_running: u64,
    /// Chunks of large values it stored with others.
    pub chunks_stored: u64,
    /// Chunks of large values it fetched from others.
    pub chunks_fetched: u64,
    /// Contacts in its routing table.
    pub contacts: u64,
    /// Items it holds.
    pub items: u64,
    /// Bytes of them.
    pub item_bytes: u64,
    /// Peers it refuses.
    pub blocked: u64,
    /// How long it has been running, in milliseconds; 0 if it does not.
    pub running_ms: u64,
}
