//! How long a world takes to be ready: the first of the process, which also meets cold caches and fresh pages, then others, then forks.
//! Run several times, as the first is measured once for each process:
//! `cargo run --release -p logos --example startup [once]`; with `once`, nothing is done after the first, for a profiler.

// A benchmark reads the clock; the language does not.
#![allow(clippy::disallowed_methods)]

use logos::vm::{Profile, Vm};
use std::time::{Duration, Instant};

fn main() {
    let mut first = Vec::new();
    let first_took = timed(|| first.push(Vm::new(Profile::Pure)));
    println!("first {first_took:?}");
    if std::env::args().any(|argument| argument == "once") {
        return;
    }
    let mut world = first.remove(0);
    let others = median((0..50).map(|_| timed(|| drop(Vm::new(Profile::Pure)))));
    let forks = median((0..50).map(|_| timed(|| drop(world.fork()))));
    println!("others {others:?}, forks {forks:?} (medians of 50)");
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2]
}
