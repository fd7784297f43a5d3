//! Any bytes are decoded or refused within the fuel and memory that a job is given; what decodes as data has no other encoding.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logos::job::{Run, Terms};
use logos::vm::{Bounds, Profile, Vm};
use std::cell::RefCell;

thread_local! {
    static TEMPLATE: RefCell<Vm> = RefCell::new(Vm::new(Profile::Pure));
}

fuzz_target!(|data: &[u8]| {
    let bounds = Bounds { fuel: Some(100_000), memory: Some(4 << 20) };
    let world = || TEMPLATE.with_borrow_mut(Vm::fork);
    let mut run = Run::in_world(world(), data, Terms { bounds, ..Terms::default() });
    let outcome = loop {
        if let Some(outcome) = run.run(u64::MAX) {
            break outcome;
        }
    };
    assert!(outcome.setup_fuel.saturating_add(outcome.fuel) <= 100_000);
    let mut vm = world();
    vm.decode(&outcome.bytes).expect("an outcome is an encoding");
    let mut vm = world();
    if let Ok(value) = vm.decode(data)
        && data[0] == logos::ship::DATA
    {
        assert_eq!(vm.encode(value, true, usize::MAX).as_deref(), Ok(data));
    }
});
