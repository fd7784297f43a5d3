//! What a unit of fuel takes in time, builtin by builtin: each is called with arguments of every kind and of growing size, again and
//! again within a fuel limit, and the time is divided by the fuel. A builtin far above the median is a hole in the metering.
//!
//! `cargo run --release -p logos --example prices [PART-OF-A-NAME [SIZE …]]`; prints the dearest call of each builtin, the dearest last.

// A benchmark reads the clock; the language does not.
#![allow(clippy::disallowed_methods)]

use logos::builtins::{BUILTINS, Builtin};
use logos::vm::{Bounds, Profile, Status, Vm};
use std::time::Instant;

/// Names of values of every kind, some as large as the size says.
const VALUES: &[(&str, &str)] = &[
    ("zero", "0"),
    ("one", "1"),
    ("small", "7"),
    ("minus", "-3"),
    ("size", "N"),
    ("half", "(quotient N 2)"),
    ("big", "(+ 1 (expt 3 N))"),
    ("big2", "(- (expt 7 (quotient N 2)))"),
    (
        "ratio",
        "(/ (+ 1 (expt 3 (quotient N 8))) (expt 2 (quotient N 8)))",
    ),
    ("float", "1.2345678901234567e100"),
    ("small-float", "0.1"),
    ("char", "#\\x"),
    ("wide-char", "#\\λ"),
    ("empty", "\"\""),
    ("text", "(make-string N #\\a)"),
    ("text2", "(string-append (make-string (- N 1) #\\a) \"b\")"),
    ("wide-text", "(make-string N #\\ß)"),
    ("wider-text", "(make-string N #\\𝒳)"),
    ("digits", "(make-string N #\\7)"),
    (
        "point",
        "(string-append \"1.\" (make-string N #\\7) \"e5\")",
    ),
    (
        "datum-text",
        "(string-append (make-string N #\\() (make-string N #\\)))",
    ),
    (
        "words",
        "(apply string-append (map (lambda (i) \"ab \") (iota N)))",
    ),
    ("symbol", "'name"),
    ("keyword", "':key"),
    ("nil", "'()"),
    ("list", "(iota N)"),
    ("list2", "(reverse (iota N))"),
    ("equal-list", "(map (lambda (i) 1) (iota N))"),
    ("chars", "(map (lambda (i) #\\a) (iota N))"),
    ("texts", "(map (lambda (i) \"ab\") (iota N))"),
    ("pairs", "(map (lambda (i) (cons i i)) (iota N))"),
    (
        "nested",
        "(let loop ((n N) (l '())) (if (= n 0) l (loop (- n 1) (list l))))",
    ),
    ("vector", "(make-vector N 1)"),
    ("vector2", "(list->vector (iota N))"),
    ("bytes", "(make-bytevector N 97)"),
    ("bytes2", "(make-bytevector N 98)"),
    ("dict", "(fold (lambda (i d) (put d i i)) {} (iota N))"),
    (
        "text-dict",
        "(fold (lambda (i d) (put d (number->string i) i)) {} (iota N))",
    ),
    (
        "table",
        "(alist->hash-table (map (lambda (i) (cons i i)) (iota N)))",
    ),
    ("f0", "(lambda () 1)"),
    ("f1", "(lambda (a) a)"),
    ("f2", "(lambda (a b) a)"),
    ("less", "<"),
    ("port", "(open-input-string (make-string N #\\a))"),
    (
        "datum-port",
        "(open-input-string (apply string-append (map (lambda (i) \"(a 1.5) \") (iota N))))",
    ),
    (
        "byte-port",
        "(open-input-bytevector (make-bytevector N 97))",
    ),
    ("out", "(open-output-string)"),
    ("byte-out", "(open-output-bytevector)"),
    ("promise", "(make-promise 1)"),
    ("error", "(make-error ':user \"m\" (iota N))"),
    ("encoded", "(%encode (iota N))"),
];

const SIZE: usize = 2_000;
/// Random choices of arguments for each builtin and size.
const TRIALS: usize = 25;
const LIMITS: Bounds = Bounds {
    fuel: Some(400_000),
    memory: Some(256 << 20),
};
/// Builtins that share their values.
const GROUP: usize = 60;
/// With less fuel than this used, the time says nothing.
const FUEL_MIN: u64 = 5_000;

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

/// Whether it ended with a value, the fuel, and nanoseconds.
fn timed(vm: &mut Vm, text: &str, bounds: Bounds) -> (bool, u64, u64) {
    vm.begin("prices", text, bounds);
    let began = Instant::now();
    let ended = loop {
        match vm.run(u64::MAX) {
            Status::Yield => {}
            Status::Done => break true,
            _ => break false,
        }
    };
    let nanoseconds = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    (ended, vm.fuel_used(), nanoseconds)
}

fn world(library: &mut Vm, size: usize) -> Vm {
    let mut vm = library.fork();
    for (name, value) in VALUES {
        let text = format!(
            "(define v-{name} {})",
            value.replace('N', &size.to_string())
        );
        let (made, ..) = timed(&mut vm, &text, Bounds::default());
        assert!(made, "{text}: {:?}", vm.condition());
    }
    vm
}

/// The dearest call: nanoseconds for a unit of fuel.
struct Dearest {
    rate: f64,
    call: String,
    fuel: u64,
}

/// The dearest call found in a world whose values are of this size.
fn dearest(vm: &mut Vm, size: usize, builtin: &Builtin, dice: &mut Dice) -> Option<Dearest> {
    let (fewest, most) = (builtin.fewest, builtin.most.min(builtin.fewest + 2).min(4));
    let mut found: Option<Dearest> = None;
    let mut tried = std::collections::BTreeSet::new();
    for _ in 0..TRIALS {
        let count = fewest + dice.below(most.max(fewest) - fewest + 1);
        let arguments: Vec<String> = (0..count)
            .map(|_| format!("v-{}", VALUES[dice.below(VALUES.len())].0))
            .collect();
        let call = format!("({} {})", builtin.name, arguments.join(" "));
        if !tried.insert(call.clone()) {
            continue;
        }
        // Most choices are mistakes: those are told from the rest by one call.
        let (works, ..) = timed(vm, &call, LIMITS);
        if !works {
            vm.interrupt();
            vm.run(1);
            continue;
        }
        let text = format!("(let loop ((i 0)) (if (< i 4000) (begin {call} (loop (+ i 1)))))");
        let (_, fuel, first) = timed(vm, &text, LIMITS);
        if fuel < FUEL_MIN {
            continue;
        }
        let rate = |nanoseconds: u64| nanoseconds as f64 / fuel as f64;
        if found
            .as_ref()
            .is_some_and(|known| rate(first) <= known.rate)
        {
            continue;
        }
        // The machine does other things as well: the shortest of three times counts.
        let again = (0..2).map(|_| timed(vm, &text, LIMITS).2);
        let rate = rate(again.fold(first, u64::min));
        if found.as_ref().is_none_or(|known| rate > known.rate) {
            let call = format!("{call} at size {size}");
            found = Some(Dearest { rate, call, fuel });
        }
    }
    found
}

fn main() {
    let part = std::env::args().nth(1).unwrap_or_default();
    let mut library = Vm::new(Profile::Pure);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let builtins: Vec<&Builtin> = BUILTINS
        .iter()
        .filter(|it| it.name.contains(&part))
        .collect();
    let mut all: Vec<Option<Dearest>> = builtins.iter().map(|_| None).collect();
    let mut sizes: Vec<usize> = std::env::args()
        .skip(2)
        .filter_map(|size| size.parse().ok())
        .collect();
    if sizes.is_empty() {
        sizes.push(SIZE);
    }
    for size in sizes {
        for (group, places) in builtins.chunks(GROUP).zip(all.chunks_mut(GROUP)) {
            // Some builtins spoil the values of others.
            let mut vm = world(&mut library, size);
            for (builtin, place) in group.iter().zip(places) {
                let found = dearest(&mut vm, size, builtin, &mut dice);
                let is_dearer =
                    |found: &Dearest| place.as_ref().is_none_or(|known| found.rate > known.rate);
                if found.as_ref().is_some_and(is_dearer) {
                    *place = found;
                }
            }
        }
    }
    for (builtin, _) in builtins
        .iter()
        .zip(&all)
        .filter(|(_, found)| found.is_none())
    {
        println!("nothing works: {}", builtin.name);
    }
    let mut all: Vec<Dearest> = all.into_iter().flatten().collect();
    all.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    for found in &all {
        println!(
            "{:8.2} ns for a unit ({} used): {}",
            found.rate, found.fuel, found.call
        );
    }
    if let Some(median) = all.get(all.len() / 2) {
        let largest = all.last().map_or(0.0, |found| found.rate);
        println!(
            "{} builtins, median {:.2}, largest {largest:.2}, {:.1} times the median",
            all.len(),
            median.rate,
            largest / median.rate
        );
    }
}
