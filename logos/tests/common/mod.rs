//! Running programs and looking at what comes of them.
#![allow(dead_code)]

use logos::printer::write_limited;
use logos::syntax::{Datum, Span, Syntax};
use logos::vm::{Answer, Bounds, Profile, Status, Vm};

/// What came of a program: its value as written or its error's kind, and the fuel it used.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Ended {
    /// `Ok` with the written value, `Err` with the error's kind and message.
    pub result: Result<String, (String, String)>,
    /// Units of fuel.
    pub fuel: u64,
}

/// Evaluates a text in a world, in slices of the given size.
pub fn evaluate_in(vm: &mut Vm, text: &str, bounds: Bounds, slice: u64) -> Ended {
    vm.begin("test", text, bounds);
    end(vm, slice)
}

/// Evaluates a whole program, which may choose to see only what it imports.
pub fn evaluate_program(vm: &mut Vm, text: &str, bounds: Bounds, slice: u64) -> Ended {
    vm.begin_program("test", text, bounds);
    end(vm, slice)
}

/// The world around these programs has no files.
fn finds_no_file(vm: &mut Vm) -> bool {
    let Some(request) = vm.poll_request().filter(|it| it.name == "file-exists?") else {
        return false;
    };
    let no = Syntax::new(Datum::Bool(false), Span::NONE);
    vm.resume(request.id, Answer::Value(no));
    true
}

fn end(vm: &mut Vm, slice: u64) -> Ended {
    let status = loop {
        match vm.run(slice) {
            Status::Yield => {}
            Status::Idle if finds_no_file(vm) => {}
            status => break status,
        }
    };
    let result = match status {
        Status::Done => Ok(write_limited(&vm.machine, vm.result())),
        Status::Failed => {
            let condition = vm.condition().expect("a failed evaluation has a condition");
            Err((condition.kind.clone(), condition.message.clone()))
        }
        status => Err(("".to_string(), format!("{status:?}"))),
    };
    Ended {
        result,
        fuel: vm.fuel_used(),
    }
}

/// Evaluates a text in a new world.
pub fn evaluate(text: &str) -> Ended {
    evaluate_in(
        &mut Vm::new(Profile::Node),
        text,
        Bounds::default(),
        u64::MAX,
    )
}

/// Asserts what a program gives.
pub fn check(text: &str, expected: &str) {
    assert_eq!(evaluate(text).result.as_deref(), Ok(expected), "{text}");
}

/// Asserts with which kind of error a program ends.
pub fn check_error(text: &str, kind: &str) {
    let ended = evaluate(text);
    assert_eq!(
        ended.result.as_ref().map_err(|e| e.0.as_str()),
        Err(kind),
        "{text}: {ended:?}"
    );
}
