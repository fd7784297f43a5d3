//! Random programs, each run in several ways that must not differ: in one go and in small slices, with a collection at every request
//! for memory, as a job that travelled, and from printed source. Value or error and fuel have to agree to the unit.
//!
//! `LOGOS_PROGRAMS` says how many (default 150) and `LOGOS_SEED` which; `LOGOS_LAST` names a file to keep the program at hand in, for one that
//! does not end. What all of them came to is printed as one hash, which has to be
//! the same in debug and release builds.

// A test may look at its environment; the language may not.
#![allow(clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;
mod programs;

use common::{Ended, evaluate_in};
use logos::job::{Outcome, Run, Terms};
use logos::vm::{Bounds, Profile, Vm};
use programs::{Dice, program};
use sha2::{Digest, Sha512};

/// Programs are cut short by both limits now and then.
fn bounds(dice: &mut Dice) -> Bounds {
    let fuel = [2_000, 20_000, 300_000, 300_000, 300_000][dice.below(5)];
    let memory = [200 << 10, 2 << 20, 16 << 20][dice.below(3)];
    Bounds {
        fuel: Some(fuel),
        memory: Some(memory),
    }
}

fn job(world: &mut Vm, template: &mut Vm, text: &str, bounds: Bounds) -> Option<Outcome> {
    let ended = evaluate_in(
        world,
        &format!("(lambda () {text})"),
        Bounds::default(),
        u64::MAX,
    );
    ended.result.ok()?;
    let thunk = world.result();
    let bytes = world.encode(thunk, false, 1 << 20).ok()?;
    let terms = Terms {
        bounds,
        ..Terms::default()
    };
    let mut run = Run::in_world(template.fork(), &bytes, terms);
    loop {
        if let Some(outcome) = run.run(100_000) {
            return Some(outcome);
        }
    }
}

/// The outcome of a job in the words of [`Ended`].
fn told(template: &mut Vm, outcome: &Outcome) -> String {
    let mut vm = template.fork();
    let value = vm
        .decode(&outcome.bytes)
        .unwrap_or_else(|error| panic!("{error:?} in {outcome:?}"));
    logos::printer::write_limited(&vm.machine, value)
}

/// What of a result a job can tell as well.
fn expected_of_job(result: &Result<String, (String, String)>) -> String {
    match result {
        Ok(value) => format!("(done {value} "),
        Err((kind, _)) if kind == ":fuel-exhausted" || kind == ":memory-exhausted" => {
            format!("({} ", &kind[1..])
        }
        Err((kind, _)) => format!("(error {kind} "),
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn however_a_program_is_run_it_comes_to_the_same() {
    let (count, seed) = (number("LOGOS_PROGRAMS", 150), number("LOGOS_SEED", 1));
    let mut template = Vm::new(Profile::Pure);
    let mut compiled = Vm::new(Profile::Pure);
    compiled.compile_library();
    let kept = std::env::var_os("LOGOS_LAST");
    let mut hash = Sha512::new();
    let mut ends = std::collections::BTreeMap::<String, u64>::new();
    for index in 0..count {
        let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(index));
        let (text, is_whole) = program(&mut dice);
        let bounds = bounds(&mut dice);
        if let Some(path) = &kept {
            std::fs::write(path, format!("{text}\n;; {bounds:?}\n"))
                .expect("a file can be written");
        }
        let slice = 1 + dice.below(500) as u64;
        let run = |vm: &mut Vm, slice: u64| evaluate_in(vm, &text, bounds, slice);
        let plain = run(&mut template.fork(), u64::MAX);
        assert_eq!(
            plain,
            run(&mut compiled.fork(), slice),
            "with the library compiled beforehand, in slices of {slice}: {text}"
        );
        let mut stressed = template.fork();
        // A collection at every request takes time: only of programs that end soon.
        if plain.fuel < 20_000 {
            stressed.set_stress(true);
            assert_eq!(
                plain,
                run(&mut stressed, u64::MAX),
                "with collections: {text}"
            );
        }
        plainly_compiled(&mut compiled, &text, bounds, &plain);
        if is_whole {
            from_source(&mut compiled, &text, bounds, &plain);
            as_job(&mut compiled, &text, &mut dice);
        }
        let end = plain
            .result
            .as_ref()
            .map_or_else(|error| error.0.clone(), |_| "value".into());
        *ends.entry(end).or_default() += 1;
        hash.update(format!("{plain:?}"));
    }
    let hash: String = hash.finalize()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("{count} programs from seed {seed}: {ends:?}, {hash}");
    // A generator whose programs all fail would show nothing.
    assert!(
        ends.get("value").is_some_and(|&values| values * 4 > count),
        "{ends:?}"
    );
}

/// Without instructions for builtins it comes to the same value or error. The fuel is another: an instruction costs nothing where the builtin
/// would charge for looking at its operands, and stack is put aside by the word.
fn plainly_compiled(template: &mut Vm, text: &str, bounds: Bounds, plain: &Ended) {
    let is_exhausted = |ended: &Ended| {
        let kind = ended.result.as_ref().err().map(|error| &error.0);
        kind.is_some_and(|kind| kind.ends_with("exhausted"))
    };
    let mut vm = template.fork();
    vm.set_plain(true);
    let other = evaluate_in(&mut vm, text, bounds, u64::MAX);
    if !is_exhausted(plain) && !is_exhausted(&other) && !text.contains("with-limits") {
        assert_eq!(
            plain.result, other.result,
            "without instructions for builtins: {text}"
        );
    }
}

/// Read and evaluated from inside the language, it comes to the same value or error.
fn from_source(template: &mut Vm, text: &str, bounds: Bounds, plain: &Ended) {
    if plain
        .result
        .as_ref()
        .is_err_and(|error| error.0.ends_with("exhausted"))
        // Neither how much of what is in memory is alive nor how much stack there is to put aside is the same there.
        || text.contains("with-limits")
    {
        return;
    }
    let mut vm = template.fork();
    let roomy = Bounds {
        fuel: bounds.fuel.map(|fuel| 10 * fuel + 1_000_000),
        memory: bounds.memory.map(|memory| 10 * memory),
    };
    let quoted =
        format!("(define form '{text}) (eval (read (open-input-string (%write-to-string form))))");
    let evaluated = evaluate_in(&mut vm, &quoted, roomy, u64::MAX);
    assert_eq!(
        plain.result, evaluated.result,
        "from printed source: {text}"
    );
}

/// As a job it comes to what it comes to at home, for the same fuel.
fn as_job(template: &mut Vm, text: &str, dice: &mut Dice) {
    // How much of what is in memory is alive is not the same at home.
    if text.contains("{:memory") {
        return;
    }
    let bounds = Bounds {
        fuel: Some(2_000_000),
        memory: Some([1 << 20, 16 << 20][dice.below(2)]),
    };
    let mut world = template.fork();
    let Some(outcome) = job(&mut world, template, text, bounds) else {
        return;
    };
    let again = job(&mut template.fork(), template, text, bounds);
    assert_eq!(Some(&outcome), again.as_ref(), "as a job twice: {text}");
    let mut home = template.fork();
    let call = format!(
        "(call-with-values (lambda () (fuel-used (lambda () {text}))) (lambda (value fuel) (list 'used fuel value)))"
    );
    let at_home = evaluate_in(
        &mut home,
        &call,
        Bounds {
            // The call around it costs a little, too.
            fuel: Some(2_010_000),
            ..bounds
        },
        u64::MAX,
    );
    let told = told(template, &outcome);
    if told.starts_with("(fuel-exhausted ") && outcome.fuel == 2_000_000 {
        return;
    }
    match &at_home.result {
        Ok(listed) => {
            let inside = listed
                .strip_prefix("(used ")
                .and_then(|rest| rest.split_once(' '));
            let (fuel, value) = inside.expect("a list of three");
            let value = value.strip_suffix(')').unwrap_or(value);
            // What has no written form differs in its name, and what is long is cut.
            if !value.contains("#<") && !value.contains('…') {
                assert!(
                    told.starts_with(&expected_of_job(&Ok(value.to_string()))),
                    "{told} but {value}: {text}"
                );
            }
            // At home something more is alive, which a collection forced by the limit would charge for.
            let is_far =
                home.machine.peak_memory() + (512 << 10) < bounds.memory.unwrap_or(u64::MAX);
            if told.starts_with("(done ") && is_far {
                assert_eq!(fuel, outcome.fuel.to_string(), "fuel as a job: {text}");
            }
        }
        error => assert!(
            told.starts_with(&expected_of_job(error))
                || error.as_ref().is_err_and(|e| e.0.ends_with("exhausted")),
            "{told} but {error:?}: {text}"
        ),
    }
}
