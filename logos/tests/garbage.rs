//! Every builtin, the internal ones too (a stranger's job can name them), called with every kind of value in every place:
//! an error is an answer, a panic is not.

use logos::builtins::BUILTINS;
use logos::vm::{Bounds, Profile, Status, Vm};

/// One of each kind of value, and the numbers at the edges.
const VALUES: &[&str] = &[
    "#t",
    "'()",
    "(void)",
    "(eof-object)",
    "0",
    "1",
    "7",
    "-1",
    "2305843009213693951",
    "-2305843009213693952",
    "(expt 2 80)",
    "1/3",
    "0.5",
    "+nan.0",
    "#\\x",
    "\"\"",
    "\"text\"",
    "(make-string 3 #\\λ)",
    "'name",
    "':key",
    "(list 1 2 3)",
    "(cons 1 2)",
    "(list (cons 1 2))",
    "(let ((l (list 1 2))) (set-cdr! (cdr l) l) l)",
    "(vector)",
    "(vector 1 2 3)",
    "(bytevector)",
    "(bytevector 1 2 3)",
    "{}",
    "{:a 1}",
    "(make-hash-table)",
    "(make-point 1 2)",
    "point",
    "make-point",
    "point-x",
    "car",
    "apply",
    "(lambda x x)",
    "(lambda (a) a)",
    "(lambda (a b) a)",
    "(lambda () 1)",
    "(make-parameter 1)",
    "(delay 1)",
    "(make-promise 1)",
    "(spawn (lambda () 1))",
    "(open-input-string \"(a b\")",
    "(open-output-string)",
    "(open-input-bytevector (bytevector 1))",
    "(current-output-port)",
    "(make-error :user \"message\" '())",
    "(call/cc (lambda (k) k))",
    "(%%dynamic)",
    "(%%handler-state car)",
    "(%%winder-state car car)",
    "(%%parameter-state '())",
    "(environment '(scheme base))",
];

const DEFINITIONS: &str =
    "(define-record-type point (make-point x y) point? (x point-x set-point-x!) (y point-y))";

const BOUNDS: Bounds = Bounds {
    fuel: Some(200_000),
    memory: Some(8 << 20),
};

fn finish(vm: &mut Vm) {
    loop {
        match vm.run(50_000) {
            Status::Yield => {}
            Status::Idle => {
                vm.interrupt();
            }
            _ => return,
        }
        while vm.poll_request().is_some() {}
    }
}

/// A small generator; the seed is fixed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

#[test]
fn no_builtin_panics_whatever_it_is_given() {
    let mut vm = Vm::new(Profile::Pure);
    vm.begin_inside("definitions", DEFINITIONS, Bounds::default());
    finish(&mut vm);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for builtin in BUILTINS.iter() {
        let mut calls: Vec<Vec<&str>> = vec![vec![]];
        calls.extend(VALUES.iter().map(|value| vec![*value]));
        let most = builtin.most.min(builtin.fewest + 2).min(5);
        for _ in 0..150 {
            let count = builtin.fewest.min(5)
                + dice.below(most.max(1).saturating_sub(builtin.fewest.min(5)) + 1);
            let given = (0..count).map(|_| VALUES[dice.below(VALUES.len())]);
            calls.push(given.collect());
        }
        for call in calls {
            let text = format!("({} {})", builtin.name, call.join(" "));
            eprintln!("{text}");
            vm.begin_inside("call", &text, BOUNDS);
            finish(&mut vm);
        }
        // The world still works.
        vm.begin_inside(
            "after",
            "(equal? (vector 1 \"a\" 2.5) (vector 1 \"a\" 2.5))",
            Bounds::default(),
        );
        finish(&mut vm);
        assert_eq!(
            vm.result(),
            logos::value::Value::TRUE,
            "after {}",
            builtin.name
        );
    }
}
