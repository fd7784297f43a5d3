//! Programs that mean harm, each under the same limits: how they end and with how much fuel is known to the unit, in every build, and neither the
//! count of memory nor the heap passes its bound. `expected.txt` has them; where it is wrong, the test prints what should stand there.

mod paid;
mod programs;

use logos::vm::{Bounds, Profile, Status, Vm};

const FUEL: u64 = 1_000_000;
const MEMORY: u64 = 8 << 20;
/// Words that the heap may take beyond twice the limit: its nursery, and the library.
const HEAP_WORDS_BESIDES: u64 = (4 << 20) / 8;

const EXPECTED: &str = include_str!("expected.txt");

/// What comes of an attack: the error and the fuel.
fn outcome(base: &mut Vm, name: &str, text: &str) -> String {
    let mut vm = base.fork();
    let bounds = Bounds {
        fuel: Some(FUEL),
        memory: Some(MEMORY),
    };
    vm.begin("attack", &programs::program(text, MEMORY), bounds);
    let mut heap_words = 0;
    let status = loop {
        let status = vm.run(20_000);
        heap_words = heap_words.max(vm.machine.heap.total_words() as u64);
        if status != Status::Yield {
            break status;
        }
    };
    assert!(
        heap_words <= 2 * MEMORY / 8 + HEAP_WORDS_BESIDES,
        "the heap took {heap_words} words: {name}"
    );
    let peak = vm.machine.peak_memory();
    assert!(peak <= MEMORY, "{peak} bytes were counted: {name}");
    let kind = match vm.condition() {
        Some(condition) => condition.kind.clone(),
        None => format!("{status:?}"),
    };
    format!("{kind} {}", vm.fuel_used())
}

#[test]
fn every_attack_ends_as_it_always_did() {
    let mut base = Vm::new(Profile::Pure);
    let mut told = String::new();
    for (name, text) in programs::ATTACKS {
        told += &format!("{name}: {}\n", outcome(&mut base, name, text));
    }
    let differing: Vec<&str> = told
        .lines()
        .filter(|line| !EXPECTED.lines().any(|known| known == *line))
        .collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert_eq!(told.lines().count(), EXPECTED.lines().count());
}

/// Under small limits, so that a collection at every request does not take long.
#[test]
fn neither_collections_nor_slices_change_an_attack() {
    let mut base = Vm::new(Profile::Pure);
    let bounds = Bounds {
        fuel: Some(8_000),
        memory: Some(300 << 10),
    };
    let mut run = |text: &str, slice: u64, stress: bool| {
        let mut vm = base.fork();
        vm.set_stress(stress);
        vm.begin("attack", &programs::program(text, 300 << 10), bounds);
        let status = loop {
            let status = vm.run(slice);
            if status != Status::Yield {
                break status;
            }
        };
        let condition = vm
            .condition()
            .map(|it| it.rendered(&vm.machine).to_string());
        (status, condition, vm.fuel_used())
    };
    for (name, text) in programs::ATTACKS {
        let plain = run(text, u64::MAX, false);
        assert_eq!(plain, run(text, 77, false), "in slices: {name}");
        assert_eq!(plain, run(text, u64::MAX, true), "with collections: {name}");
    }
}

#[test]
fn what_is_large_is_paid_for() {
    let mut base = Vm::new(Profile::Pure);
    for it in paid::WORKS {
        let mut fuel = |times: u64| {
            let text = format!(
                "{} (define (work) {}) (let loop ((i 0)) (if (< i {times}) (begin (work) (loop (+ i 1)))))",
                it.before, it.work
            );
            let mut vm = base.fork();
            vm.begin("work", &text, Bounds::default());
            assert_eq!(vm.run(u64::MAX), Status::Done, "{}", it.name);
            vm.fuel_used()
        };
        let least = it.times * it.least;
        // What belongs to a whole program is done once, and before.
        let used = match it.times {
            1 => fuel(1),
            times => fuel(times) - fuel(0),
        };
        assert!(used >= least, "{}: {used} of {least}", it.name);
    }
}

#[test]
fn what_is_kept_is_counted() {
    let mut base = Vm::new(Profile::Pure);
    let kept = programs::ATTACKS.iter();
    for (name, text) in kept.filter(|it| it.0.starts_with("kept: ")) {
        let mut vm = base.fork();
        let bounds = Bounds {
            fuel: Some(30 * FUEL),
            memory: Some(MEMORY / 2),
        };
        vm.begin("attack", &programs::program(text, MEMORY), bounds);
        while vm.run(u64::MAX) == Status::Yield {}
        let kind = vm.condition().map(|it| it.kind.clone());
        assert_eq!(kind.as_deref(), Some(":memory-exhausted"), "{name}");
    }
}
