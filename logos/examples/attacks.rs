//! What programs that mean harm can get: each attack of the tests runs in a process of its own under the same limits, which prints the fuel,
//! the time, the time of a unit of fuel, the largest resident size and the error.
//!
//! `cargo run --release -p logos --example attacks [PART-OF-A-NAME]`

// A benchmark reads the clock; the language does not.
#![allow(clippy::disallowed_methods)]

#[path = "../tests/attacks/programs.rs"]
mod programs;

use logos::vm::{Bounds, Profile, Status, Vm};
use std::process::Command;
use std::time::Instant;

const FUEL: u64 = 20_000_000;
const MEMORY: u64 = 64 << 20;
/// The first argument of a process that runs one attack.
const CHILD: &str = "--attack";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [first, name] if first == CHILD => attack(name),
        [] => all(""),
        [part, ..] => all(part),
    }
}

/// Runs one attack and prints its figures.
fn attack(name: &str) {
    let found = programs::ATTACKS.iter().find(|(known, _)| *known == name);
    let (_, text) = found.expect("the parent names an attack");
    let text = programs::program(text, MEMORY);
    let mut vm = Vm::new(Profile::Pure);
    let bounds = Bounds {
        fuel: Some(FUEL),
        memory: Some(MEMORY),
    };
    let (began, busy) = (Instant::now(), processor_seconds());
    vm.begin("attack", &text, bounds);
    let status = loop {
        match vm.run(1_000_000) {
            Status::Yield => {}
            status => break status,
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    let busy = processor_seconds()
        .zip(busy)
        .map(|(end, begin)| end - begin);
    let busy = busy.unwrap_or(seconds);
    let fuel = vm.fuel_used();
    let outcome = match vm.condition() {
        Some(condition) => condition.kind.clone(),
        None => format!("{status:?}"),
    };
    println!(
        "{:7.2} ns  {fuel:9} fuel  {seconds:6.3} s  {:4} MiB  {outcome:18} {name}",
        busy * 1e9 / fuel as f64,
        resident_peak_kib() / 1024,
    );
}

/// Seconds that a processor spent on this thread, which other processes do not lengthen; `None` where the system does not tell.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// The largest resident size of this process so far; 0 where the system does not tell.
fn resident_peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// Runs every attack whose name has the part, each in a process of its own.
fn all(part: &str) {
    let program = std::env::current_exe().expect("a running program has a path");
    for (name, _) in programs::ATTACKS.iter().filter(|it| it.0.contains(part)) {
        let status = Command::new(&program).args([CHILD, name]).status();
        match status {
            Ok(status) if status.success() => {}
            other => println!("{name}: {other:?}"),
        }
    }
}
