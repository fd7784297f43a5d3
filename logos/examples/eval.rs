//! Evaluates its arguments, one after another, and prints each value: a tool for those who work on the language.
// A tool may look at the clock; the language may not.
#![allow(clippy::disallowed_methods)]

use logos::vm::{Bounds, Profile, Status, Vm};

fn main() {
    let start = std::env::var("TIME").is_ok().then(std::time::Instant::now);
    let mut vm = Vm::new(Profile::Node);
    if let Some(start) = start {
        eprintln!("start {:?}", start.elapsed());
    }
    for text in std::env::args().skip(1) {
        let began = std::time::Instant::now();
        vm.begin("argument", &text, Bounds::default());
        let status = loop {
            match vm.run(10_000_000) {
                Status::Yield => {}
                status => break status,
            }
        };
        match status {
            Status::Done => println!(
                "{}",
                logos::printer::write_limited(&vm.machine, vm.result())
            ),
            _ => println!(
                "{status:?} {}",
                vm.condition()
                    .map_or(String::new(), |c| c.rendered(&vm.machine).to_string())
            ),
        }
        if start.is_some() {
            eprintln!(
                "fuel {} time {:?} peak {}",
                vm.fuel_used(),
                began.elapsed(),
                vm.machine.peak_memory()
            );
        }
    }
}
