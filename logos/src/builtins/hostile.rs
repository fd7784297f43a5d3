//! What a program that is sent here may do with the names of the library's own. Programs do not know them, but macros put them into programs,
//! and who writes the bytes of a program may write any name.

use super::{BUILTINS, MACHINE_PREFIX};
use crate::reference::tests::VALUES;
use crate::vm::{Bounds, Profile, Status, Vm};
use proptest::prelude::*;

/// A builtin, or one of the library's procedures that hands on what it is given, and the fewest arguments it takes.
type Named = (&'static str, usize);

const PROCEDURES: &[Named] = &[
    ("%parameterize", 2),
    ("%tests", 0),
    ("%fill-port", 1),
    ("%fill-port-and-apply", 3),
    ("%source-next!", 1),
    ("%queue-next", 1),
    ("%acquire", 1),
    ("%await-or", 2),
    ("await", 1),
    ("cancel!", 1),
    ("raise", 1),
    ("raise-continuable", 1),
    ("call-with-values", 2),
    ("fuel-used", 1),
    ("with-exception-handler", 2),
    ("apply", 2),
    ("yield", 0),
];

fn own_builtins() -> impl Iterator<Item = &'static super::Builtin> {
    let own = BUILTINS.iter().filter(|builtin| {
        builtin.name.starts_with('%') && !builtin.name.starts_with(MACHINE_PREFIX)
    });
    own.filter(|builtin| builtin.profile == Profile::Pure)
}

/// Runs a text in the library's world; whatever it does, it ends.
fn run_inside(vm: &mut Vm, text: &str) {
    let bounds = Bounds {
        fuel: Some(100_000),
        memory: Some(8 << 20),
    };
    vm.begin_inside("test", text, bounds);
    let mut slices = 0;
    while vm.run(10_000) == Status::Yield {
        slices += 1;
        assert!(slices < 100, "{text}");
    }
}

#[test]
fn one_call_with_any_arguments_does_not_panic() {
    let mut vm = Vm::new(Profile::Pure);
    let mut tried = 0;
    for builtin in own_builtins() {
        for count in builtin.fewest..=builtin.most.min(builtin.fewest + 1).min(4) {
            let values = if count < 3 { VALUES } else { &VALUES[..7] };
            for choice in 0..values.len().pow(count as u32) {
                let mut rest = choice;
                let arguments = (0..count).map(|_| {
                    let value = values[rest % values.len()];
                    rest /= values.len();
                    value
                });
                let arguments: Vec<&str> = arguments.collect();
                run_inside(
                    &mut vm,
                    &format!("({} {})", builtin.name, arguments.join(" ")),
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}

/// A program of such calls inside each other, inside guards, limits, tasks and continuations, that keeps some values for later.
fn program() -> impl Strategy<Value = String> {
    let named: Vec<Named> = own_builtins()
        .map(|builtin| (builtin.name, builtin.fewest))
        .chain(PROCEDURES.iter().copied())
        .collect();
    let simple = prop_oneof![
        5 => prop::sample::select(VALUES).prop_map(str::to_string),
        2 => (0..4).prop_map(|place| format!("(vector-ref kept {place})")),
        1 => prop::sample::select(&["0", "'()", "car"][..]).prop_map(str::to_string),
    ];
    simple.prop_recursive(5, 60, 4, move |inner| {
        let call = prop::sample::select(named.clone());
        let call = (call, prop::collection::vec(inner.clone(), 4), 0..6).prop_map(
            |((name, fewest), arguments, more)| {
                let count = (fewest + usize::from(more == 0)).min(arguments.len());
                format!("({name} {})", arguments[..count].join(" "))
            },
        );
        let one = |before: &'static str, after: &'static str| {
            inner
                .clone()
                .prop_map(move |x| format!("{before}{x}{after}"))
        };
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            8 => call,
            1 => one("(lambda ignored ", ")"),
            1 => two.clone().prop_map(|(a, b)| format!("(guard (e (#t {a})) {b})")),
            1 => one("(call/cc (lambda (k) (vector-set! kept 0 k) ", "))"),
            1 => (0..4, inner.clone()).prop_map(|(at, x)| format!("(vector-set! kept {at} {x})")),
            1 => one("(with-limits {':fuel 5000} (lambda () ", "))"),
            1 => one("(spawn (lambda () ", "))"),
            1 => two.clone().prop_map(|(a, b)| {
                format!("(dynamic-wind (lambda () {a}) (lambda () {b}) (lambda () {a}))")
            }),
            1 => two.prop_map(|(a, b)| format!("({a} {b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn programs_of_such_calls_do_not_panic(text in program()) {
        let mut vm = Vm::new(Profile::Pure);
        vm.begin_inside("test", "(define kept (make-vector 4 0))", Bounds::default());
        vm.run(u64::MAX);
        for _ in 0..3 {
            run_inside(&mut vm, &text);
        }
    }
}

/// What holds places in a stack is not for programs from elsewhere.
#[test]
fn a_program_does_not_come_with_the_machines_own_names() {
    let mut vm = Vm::new(Profile::Pure);
    for builtin in BUILTINS.iter() {
        let text = format!("(%decode (%program (lambda () {})))", builtin.name);
        vm.begin_inside("test", &text, Bounds::default());
        let ended = vm.run(u64::MAX);
        if builtin.name.starts_with(MACHINE_PREFIX) {
            assert_eq!(ended, Status::Failed, "{}", builtin.name);
            let message = &vm.condition().expect("it failed").message;
            assert!(
                message.contains("the library has no such name"),
                "{message}"
            );
        } else {
            assert_eq!(ended, Status::Done, "{}", builtin.name);
        }
    }
}
