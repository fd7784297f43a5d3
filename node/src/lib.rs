#![forbid(unsafe_code)]
//! The effects of Logos: sockets, disk, clocks and threads around the pure machines.
//!
//! `service` is the door; behind it `driver` owns the network, `store` the disk, `jobs` the
//! threads that run other people's programs, `submit` the asking of others, `consensus` the vote.
//! Nothing here knows the language: programs and outcomes are bytes, an
//! [`Evaluator`](jobs::Evaluator) runs them.

mod clock;
pub mod consensus;
mod counters;
mod driver;
pub mod error;
pub mod identity;
pub mod jobs;
pub mod keys;
mod large;
mod node;
pub mod relay;
pub mod sealed;
pub mod service;
pub mod store;
mod submit;
pub mod swarm;
pub mod ticket;
mod watches;
pub mod wire;

#[cfg(test)]
mod testing;
