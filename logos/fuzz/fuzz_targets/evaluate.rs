//! Any text is read, expanded, compiled and run, or refused, within its limits; however it is sliced, and whenever memory is collected, it
//! comes to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logos::vm::{Bounds, Profile, Status, Vm};
use std::cell::RefCell;

thread_local! {
    static TEMPLATE: RefCell<Vm> = RefCell::new(Vm::new(Profile::Pure));
}

const BOUNDS: Bounds = Bounds { fuel: Some(50_000), memory: Some(2 << 20) };

/// A collection at every request takes time: only of texts that end soon.
const STRESSED_FUEL_MAX: u64 = 5_000;

/// What a text comes to, in slices of so much fuel.
fn run(text: &str, slice: u64, stress: bool) -> (Status, String, u64) {
    let mut vm = TEMPLATE.with_borrow_mut(Vm::fork);
    vm.set_stress(stress);
    vm.begin("fuzz", text, BOUNDS);
    let status = loop {
        match vm.run(slice) {
            Status::Yield => {}
            status => break status,
        }
    };
    assert!(vm.fuel_used() <= 50_000);
    let told = match vm.condition() {
        Some(condition) => condition.rendered(&vm.machine).to_string(),
        None => logos::printer::write_limited(&vm.machine, vm.result()),
    };
    (status, told, vm.fuel_used())
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let plain = run(text, u64::MAX, false);
    assert_eq!(plain, run(text, 1 + data.len() as u64 * 37 % 777, false));
    if plain.2 < STRESSED_FUEL_MAX {
        assert_eq!(plain, run(text, u64::MAX, true));
    }
});
