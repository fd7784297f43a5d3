//! Runs the last argument, a thunk, as a job in a world of its own, after evaluating the others: a tool for those who work on the language.
use logos::job::{Run, Terms};
use logos::vm::{Bounds, Profile, Status, Vm};

fn main() {
    let mut vm = Vm::new(Profile::Node);
    let mut last = logos::value::Value::VOID;
    for text in std::env::args().skip(1) {
        vm.begin("argument", &text, Bounds::default());
        while vm.run(10_000_000) == Status::Yield {}
        last = vm.result();
    }
    let program = vm
        .encode(last, false, 1 << 20)
        .unwrap_or_else(|fault| panic!("{fault:?}"));
    println!("{} bytes", program.len());
    let mut run = Run::new(
        &program,
        Terms {
            bounds: Bounds {
                fuel: Some(100_000_000),
                memory: Some(64 << 20),
            },
            ..Terms::default()
        },
    );
    let outcome = loop {
        if let Some(outcome) = run.run(1_000_000) {
            break outcome;
        }
    };
    let value = vm
        .decode(&outcome.bytes)
        .expect("an outcome is an encoding");
    println!(
        "{:?} setup {} fuel {}: {}",
        outcome.ending,
        outcome.setup_fuel,
        outcome.fuel,
        logos::printer::write_limited(&vm.machine, value)
    );
}
