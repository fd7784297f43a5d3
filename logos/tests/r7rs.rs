//! The report on Scheme (R7RS-small), section by section: what it says of each example, as data. `r7rs/*.scm` hold programs and, after `;=>`, what
//! the last form is to give as `write` shows it, or after `;!>` the kind of error it is to raise and how the message begins. The forms of a file
//! are evaluated in order in one world, thrice: in one go, in small slices of fuel, and with a collection whenever memory is asked for; values and
//! fuel have to be the same.

mod common;

use common::{Ended, evaluate_in, evaluate_program};
use logos::vm::{Bounds, Profile, Vm};

/// What the last form of a program is to come to.
enum Expected<'a> {
    Value(&'a str),
    /// The kind, and how the message begins.
    Error(&'a str),
}

/// The programs of a file: where each begins, its text, and what is expected of it.
fn programs(text: &str) -> Vec<(usize, String, Expected<'_>)> {
    let mut programs = Vec::new();
    let mut program = String::new();
    let mut begins = 1;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with(";;") {
            continue;
        }
        if program.is_empty() {
            begins = number + 1;
        }
        let (form, expected) = if let Some((form, value)) = line.split_once(" ;=> ") {
            (form, Some(Expected::Value(value)))
        } else if let Some((form, error)) = line.split_once(" ;!> ") {
            (form, Some(Expected::Error(error)))
        } else {
            (line, None)
        };
        program.push_str(form);
        program.push('\n');
        if let Some(expected) = expected {
            programs.push((begins, std::mem::take(&mut program), expected));
        }
    }
    assert!(
        program.trim().is_empty(),
        "nothing is expected of {program}"
    );
    programs
}

fn is_as_expected(ended: &Ended, expected: &Expected<'_>) -> bool {
    match (&ended.result, expected) {
        (Ok(value), Expected::Value(expected)) => value == expected,
        (Err((kind, message)), Expected::Error(expected)) => {
            !message.is_empty() && format!("{kind} {message}").starts_with(expected)
        }
        _ => false,
    }
}

/// More than any example needs: one that goes on for ever fails.
const BOUNDS: Bounds = Bounds {
    fuel: Some(50_000_000),
    memory: None,
};

/// Checks a file of the report's examples.
fn check(name: &str, text: &str) {
    let mut base = Vm::new(Profile::Node);
    let (mut whole, mut sliced, mut stressed) = (base.fork(), base.fork(), base.fork());
    stressed.set_stress(true);
    check_each(name, text, |program| {
        [
            evaluate_in(&mut whole, program, BOUNDS, u64::MAX),
            evaluate_in(&mut sliced, program, BOUNDS, 101),
            evaluate_in(&mut stressed, program, BOUNDS, u64::MAX),
        ]
    });
}

/// Checks each program by evaluating it in three ways.
fn check_each(name: &str, text: &str, mut evaluate: impl FnMut(&str) -> [Ended; 3]) {
    let programs = programs(text);
    let mut wrong = Vec::new();
    for (line, program, expected) in &programs {
        let [ended, sliced, stressed] = evaluate(program);
        if !is_as_expected(&ended, expected) || ended != sliced || ended != stressed {
            let expected = match expected {
                Expected::Value(text) | Expected::Error(text) => text,
            };
            wrong.push(format!(
                "{name}:{line}: {}\n  expected {expected}\n  got      {ended:?}\n  sliced   {sliced:?}\n  stressed {stressed:?}",
                program.trim()
            ));
        }
    }
    assert!(!programs.is_empty());
    let all = programs.len();
    let wrong = (wrong.len(), wrong.join("\n"));
    assert!(wrong.0 == 0, "{} of {all} are wrong\n{}", wrong.0, wrong.1);
}

macro_rules! sections {
    ($($function:ident $file:literal;)*) => {
        $(#[test]
        fn $function() {
            check($file, include_str!(concat!("r7rs/", $file)));
        })*
    };
}

sections! {
    primitive_expressions "4.1-primitive.scm";
    derived_expressions "4.2-derived.scm";
    macros "4.3-macros.scm";
    program_structure "5-program.scm";
    equivalence "6.1-equivalence.scm";
    numbers "6.2-numbers.scm";
    complex_numbers "6.2-complex.scm";
    booleans "6.3-booleans.scm";
    lists "6.4-lists.scm";
    symbols "6.5-symbols.scm";
    characters "6.6-characters.scm";
    strings "6.7-strings.scm";
    vectors "6.8-vectors.scm";
    bytevectors "6.9-bytevectors.scm";
    control "6.10-control.scm";
    exceptions "6.11-exceptions.scm";
    environments "6.12-environments.scm";
    ports "6.13-ports.scm";
    system "6.14-system.scm";
    lexical_structure "7.1-lexical.scm";
}

#[test]
fn libraries() {
    let mut base = Vm::new(Profile::Node);
    check_each(
        "5.6-libraries.scm",
        include_str!("r7rs/5.6-libraries.scm"),
        |program| {
            let mut stressed = base.fork();
            stressed.set_stress(true);
            [
                evaluate_program(&mut base.fork(), program, BOUNDS, u64::MAX),
                evaluate_program(&mut base.fork(), program, BOUNDS, 101),
                evaluate_program(&mut stressed, program, BOUNDS, u64::MAX),
            ]
        },
    );
}

/// Appendix A, and the SRFIs that are here whole: each name of each library can be imported by itself.
#[test]
fn names_of_the_libraries() {
    let mut world = Vm::new(Profile::Pure);
    let mut missing = Vec::new();
    for line in include_str!("r7rs/libraries.txt").lines() {
        let (library, names) = line.split_once(") ").expect("a library and its names");
        for name in names.split_whitespace() {
            let import = format!("(import (only {library}) {name}))");
            if let Err(error) = evaluate_in(&mut world, &import, BOUNDS, u64::MAX).result {
                missing.push(format!("{library}) {name}: {error:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
