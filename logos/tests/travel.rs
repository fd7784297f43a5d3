//! What travels: encodings held by golden vectors, round trips, hostile bytes, and jobs that cost what they cost at home.

mod common;

use common::{evaluate, evaluate_in};
use logos::job::{Ending, Outcome, Run, Terms};
use logos::printer::write_limited;
use logos::value::Value;
use logos::vm::{Bounds, Profile, Status, Vm};
use proptest::prelude::*;

fn value_of(vm: &mut Vm, text: &str) -> Value {
    let ended = evaluate_in(vm, text, Bounds::default(), u64::MAX);
    assert!(ended.result.is_ok(), "{text}: {ended:?}");
    vm.result()
}

fn encoded(text: &str) -> Vec<u8> {
    let mut vm = Vm::new(Profile::Node);
    let value = value_of(&mut vm, text);
    vm.encode(value, true, 1 << 20).expect("it is data")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Data and their encodings, byte for byte: a change here changes every signature and hash there is.
const GOLDEN: &[(&str, &str)] = &[
    ("#f", "4400"),
    ("'()", "4402"),
    ("0", "440500"),
    ("-1", "440501"),
    ("64", "44058001"),
    ("1.5", "4408000000000000f83f"),
    ("(expt 2 70)", "44060009000000000000000040"),
    ("1/2", "4407050205 04"),
    ("1-2i", "441a 0502 0503"),
    ("1.5+0.0i", "441a 08000000000000f83f 080000000000000000"),
    ("'a", "440b0161"),
    ("'(1 2)", "440d05020d050402"),
    ("(vector 1 'a)", "440e0205020b0161"),
    ("#t", "4401"),
    ("(void)", "4403"),
    ("(eof-object)", "4404"),
    ("-4611686018427387905", "4405818080808080808080 01"),
    ("(- (expt 2 70))", "44060109000000000000000040"),
    ("(/ 0. 0.)", "4408000000000000f87f"),
    ("-0.0", "440800000000000000 80"),
    ("#\\λ", "4409bb07"),
    ("(string #\\a #\\λ)", "440a0361cebb"),
    ("\"a\"", "440a0161"),
    ("':key", "440b043a6b6579"),
    ("'#(1)", "440e0105 02"),
    ("(bytevector 1 255)", "440f0201ff"),
    ("#u8(1 255)", "440f0201ff"),
    ("{:b 1 :a {}}", "4410020b023a611000 0b023a620502"),
    (
        "(alist->hash-table '((b . 1) (a . 2)))",
        "441801020b016205020b01610504",
    ),
    ("(make-hash-table eqv?)", "44180000"),
    (
        "(let ((t (make-hash-table string=?))) (hash-table-set! t (string #\\a) t) t)",
        "441318 02 01 0a0161 1400",
    ),
    (
        "(define-record-type point (make-point x y) point? (x point-x) (y point-y)) (make-point 1 2)",
        "4411120b05706f696e740e020b01780b0179050405020504",
    ),
    (
        "(make-error ':user \"m\" '(1))",
        "44150b053a757365720a01 6d0d05020200",
    ),
    ("(let ((x (list 1))) (cons x x))", "440d130d0502021400"),
    ("(let ((x (list 1))) (set-cdr! x x) x)", "44130d05021400"),
];

#[test]
fn encodings_are_what_they_always_were() {
    for (text, expected) in GOLDEN {
        assert_eq!(hex(&encoded(text)), expected.replace(' ', ""), "{text}");
    }
}

#[test]
fn data_written_in_a_program_encodes_as_data_made_by_one() {
    for (written, made) in [
        ("'(1 (2 . 3))", "(list 1 (cons 2 3))"),
        ("\"ab\"", "(string #\\a #\\b)"),
        ("'#(1 (2))", "(vector 1 (list 2))"),
        ("#u8(1 2)", "(bytevector 1 2)"),
        ("{'(1) \"a\"}", "(dict (list 1) (string #\\a))"),
    ] {
        assert_eq!(encoded(written), encoded(made), "{written}");
    }
}

#[test]
fn data_comes_back_as_it_went() {
    for text in [
        "'(a (b . c) #(1 2.5 \"s\") -7/3 #\\x)",
        "(list 1e300 (/ 0. 0.) (expt 7 99) (- (expt 7 99)) 4611686018427387904)",
        "(let ((x (list 1 2))) (list x x (cdr x)))",
        "(list 1+2i '(1/2-3/4i #(0.5-0.0i)) (make-rectangular (expt 7 99) -1))",
        "(hash-table->alist (alist->hash-table '((b . 1) (a . 2) (c . #(1)))))",
    ] {
        let direct = evaluate(text).result;
        let round = evaluate(&format!("(%decode (%encode {text}))")).result;
        assert_eq!(direct, round, "{text}");
    }
}

/// Two encodings of one complex number would be two names for it.
#[test]
fn complex_numbers_are_refused_in_any_other_form() {
    for (what, bytes) in [
        ("imaginary part of zero", "1a 0502 0500"),
        ("one part exact, one not", "1a 0502 080000000000000000"),
        ("a complex part", "1a 1a 0502 0502 0502"),
        ("no number", "1a 0502 01"),
        ("one part", "1a 0502"),
    ] {
        let ended = evaluate(&format!(
            "(%decode (bytevector #x44 {}))",
            bytes
                .replace(' ', "")
                .as_bytes()
                .chunks(2)
                .map(|byte| format!("#x{}", String::from_utf8_lossy(byte)))
                .collect::<Vec<_>>()
                .join(" ")
        ));
        assert!(ended.result.is_err(), "{what}: {ended:?}");
    }
}

/// A hash table comes back in the same order, telling keys apart in the same way, and holding itself where it did.
#[test]
fn hash_tables_come_back() {
    for (text, expected) in [
        (
            "(define t (make-hash-table)) (for-each (lambda (k) (hash-table-set! t k (list k))) '(c a (b) \"s\" 1.5)) (hash-table-delete! t 'a)
             (define u (%decode (%encode t)))
             (list (hash-table->alist u) (hash-table-ref/default u (list 'b) #f) (hash-table-ref/default u \"s\" #f))",
            "(((c c) ((b) (b)) (\"s\" \"s\") (1.5 1.5)) ((b)) (\"s\"))",
        ),
        (
            "(define t (make-hash-table eqv?)) (hash-table-set! t 1 't) (hash-table-set! t 'me t)
             (define u (%decode (%encode t)))
             (list (hash-table-ref/default u 1 #f) (eq? u (hash-table-ref/default u 'me #f)) (hash-table-size u))",
            "(t #t 2)",
        ),
        (
            "(define t (make-hash-table)) (do ((i 0 (+ i 1))) ((= i 1000)) (hash-table-set! t i (* i i)))
             (hash-table-ref/default (%decode (%encode t)) 999 #f)",
            "998001",
        ),
    ] {
        assert_eq!(evaluate(text).result.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn records_come_back_as_what_the_program_knows() {
    for (text, expected) in [
        (
            "(define-record-type point (make-point x y) point? (x point-x) (y point-y))
             (define p (%decode (%encode (make-point 1 2)))) (list (point? p) (point-x p))",
            "(#t 1)",
        ),
        (
            "(define-record-type point (make-point x) point? (x point-x)) (define bytes (%encode (make-point 1)))
             (define-record-type point (make-point x y) point? (x point-x) (y point-y))
             (point? (%decode bytes))",
            "#f",
        ),
        (
            "(define bytes (let () (define-record-type point (make-point x) point? (x point-x)) (%encode (make-point 1))))
             (define point 5) (record? (%decode bytes))",
            "#t",
        ),
    ] {
        assert_eq!(evaluate(text).result.as_deref(), Ok(expected), "{text}");
    }
}

fn run_job(text: &str, bounds: Bounds, slice: u64) -> Outcome {
    let mut vm = Vm::new(Profile::Node);
    let thunk = value_of(&mut vm, text);
    let program = vm.encode(thunk, false, 1 << 20).expect("it can be sent");
    let mut run = Run::new(
        &program,
        Terms {
            bounds,
            ..Terms::default()
        },
    );
    loop {
        if let Some(outcome) = run.run(slice) {
            return outcome;
        }
    }
}

fn written(outcome: &Outcome) -> String {
    let mut vm = Vm::new(Profile::Node);
    let value = vm
        .decode(&outcome.bytes)
        .expect("an outcome is an encoding");
    write_limited(&vm.machine, value)
}

const LIMITS: Bounds = Bounds {
    fuel: Some(10_000_000),
    memory: Some(16 << 20),
};

#[test]
fn a_job_is_what_the_program_is_at_home() {
    for (text, expected) in [
        (
            "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (lambda () (fib 12))",
            "(done 144 \"\")",
        ),
        (
            "(define (even n) (if (= n 0) #t (odd (- n 1)))) (define (odd n) (if (= n 0) #f (even (- n 1)))) (lambda () (even 101))",
            "(done #f \"\")",
        ),
        (
            "(let ((n 0)) (define (inc!) (set! n (+ n 1)) n) (inc!) (lambda () (inc!) (list n (inc!))))",
            "(done (2 3) \"\")",
        ),
        (
            "(define f (case-lambda ((a) 'one) ((a . r) r))) (lambda () (list (f 1) (f 1 2)))",
            "(done (one (2)) \"\")",
        ),
        (
            "(define (car x) 'mine) (lambda () (car 5))",
            "(done mine \"\")",
        ),
        (
            "(letrec ((a (lambda (n) (if (= n 0) 'a (b (- n 1))))) (b (lambda (n) (if (= n 0) 'b (a (- n 1)))))) (lambda () (a 7)))",
            "(done b \"\")",
        ),
        ("(define x '(1 2)) (lambda () (eq? x x))", "(done #t \"\")"),
        (
            "(define x (list 1 '(2))) (lambda () (set-car! x 3) (set-car! (car (cdr x)) 4))",
            "(error :wrong-argument \"`set-car!` cannot change a list written in the program; copy it first with `list-copy`:\" ((2)) \"\")",
        ),
        (
            "(lambda () (car 5))",
            "(error :wrong-argument \"`car` needs a pair, but got\" (5) \"\")",
        ),
        (
            "(lambda () (raise 'oops))",
            "(error :user \"a value was raised that nobody handled:\" (oops) \"\")",
        ),
    ] {
        let outcome = run_job(text, LIMITS, u64::MAX);
        assert_eq!(written(&outcome), expected, "{text}");
        assert_eq!(outcome, run_job(text, LIMITS, 100), "{text}: in slices");
    }
}

#[test]
fn a_job_costs_what_it_costs_at_home() {
    for (definitions, call) in [
        (
            "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))",
            "(fib 15)",
        ),
        (
            "(define k 3) (define (make n) (lambda (x) (let loop ((i 0) (s 0)) (if (= i x) (+ s n k) (loop (+ i 1) (+ s i))))))",
            "((make 5) 100)",
        ),
        (
            "(define (count . xs) (length xs))",
            "(apply count '(1 2 3 4))",
        ),
        (
            "(define (try f) (guard (e (#t (error-message e))) (f)))",
            "(try (lambda () (vector-ref (vector) 1)))",
        ),
    ] {
        let home = evaluate(&format!(
            "{definitions} (call-with-values (lambda () (fuel-used (lambda () {call}))) (lambda (v fuel) fuel))"
        ));
        let away = run_job(
            &format!("{definitions} (lambda () {call})"),
            LIMITS,
            u64::MAX,
        );
        assert_eq!(home.result, Ok(away.fuel.to_string()), "{call}");
    }
}

#[test]
fn limits_end_a_job_with_an_outcome() {
    let outcome = run_job(
        "(lambda () (guard (e (#t 'caught)) (let loop () (loop))))",
        LIMITS,
        1000,
    );
    assert_eq!(
        (outcome.ending, outcome.setup_fuel + outcome.fuel),
        (Ending::FuelExhausted, 10_000_000)
    );
    assert_eq!(written(&outcome), "(fuel-exhausted \"\")");
    let outcome = run_job(
        "(lambda () (guard (e (#t 'caught)) (let loop ((l '())) (loop (cons 1 l)))))",
        LIMITS,
        1000,
    );
    assert_eq!(written(&outcome), "(memory-exhausted \"\")");
    let outcome = run_job(
        "(lambda () (let loop ((l '()) (n 0)) (if (= n 600000) l (loop (cons 1.5 l) (+ n 1)))))",
        LIMITS,
        u64::MAX,
    );
    assert!(
        written(&outcome).starts_with("(error :too-big"),
        "{}",
        written(&outcome)
    );
}

#[test]
fn what_cannot_travel_says_which_variable_holds_it() {
    let ended = evaluate("(define k (call/cc (lambda (c) c))) (%program (lambda () k))");
    let (kind, message) = ended.result.expect_err("a continuation stays at home");
    assert_eq!(kind, ":not-sendable");
    assert!(message.contains("`k`"), "{message}");
}

#[test]
fn an_error_arrives_even_if_what_it_is_about_cannot_travel() {
    let outcome = run_job(
        "(lambda () (display \"so far\") (call/cc (lambda (c) (vector-length (lambda () c)))))",
        LIMITS,
        u64::MAX,
    );
    let told = written(&outcome);
    assert!(
        told.starts_with("(error :wrong-argument") && told.ends_with("() \"so far\")"),
        "{told}"
    );
    let outcome = run_job("(lambda () (call/cc (lambda (c) c)))", LIMITS, u64::MAX);
    let told = written(&outcome);
    assert!(told.starts_with("(error :not-sendable"), "{told}");
}

#[test]
fn a_program_is_the_same_whatever_its_locals_are_called() {
    let program = |text: &str| {
        let mut vm = Vm::new(Profile::Node);
        let thunk = value_of(&mut vm, text);
        vm.encode(thunk, false, 1 << 20).expect("it can be sent")
    };
    assert_eq!(
        program("(lambda () (let ((x 1) (y 2)) (+ x y)))"),
        program("(lambda () (let ((p 1) (q 2)) (+ p q)))")
    );
}

/// Decodes bytes in a world under limits, and runs what comes of it if it is a procedure.
fn decode_hostile(bytes: &[u8]) {
    let bounds = Bounds {
        fuel: Some(200_000),
        memory: Some(4 << 20),
    };
    let mut run = Run::new(
        bytes,
        Terms {
            bounds,
            ..Terms::default()
        },
    );
    while run.run(u64::MAX).is_none() {}
    let mut vm = Vm::new(Profile::Pure);
    vm.begin("test", "1", bounds);
    while vm.run(u64::MAX) == Status::Yield {}
    if let Ok(value) = vm.decode(bytes) {
        // Whatever decodes as data encodes to the same bytes: there is one encoding of each.
        if bytes[0] == logos::ship::DATA {
            let again = vm.encode(value, true, 1 << 20);
            assert_eq!(again.as_deref(), Ok(bytes), "{}", hex(bytes));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn random_bytes_harm_nobody(first in prop::sample::select(vec![b'D', b'P', 0]), rest in prop::collection::vec(0u8..0x28, 0..60)) {
        let mut bytes = vec![first];
        bytes.extend(rest);
        decode_hostile(&bytes);
    }

    #[test]
    fn damaged_programs_harm_nobody(place in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<prop::sample::Index>()) {
        let mut vm = Vm::new(Profile::Node);
        let thunk = value_of(&mut vm, "(define k '(1 2)) (define (f x) (if (pair? x) (cons k (f (cdr x))) (case-lambda ((a) k) ((a b) b)))) (lambda () (f (list 1 2)))");
        let program = vm.encode(thunk, false, 1 << 20).expect("it can be sent");
        let mut damaged = program.clone();
        let at = place.index(damaged.len());
        damaged[at] ^= 1 << bit;
        decode_hostile(&damaged);
        decode_hostile(&program[..cut.index(program.len())]);
    }
}

/// The encoding of a procedure whose code is this datum.
fn program_of(code: &str) -> Vec<u8> {
    let mut bytes = vec![logos::ship::PROGRAM, logos::ship::tag::CLOSURE, 0];
    bytes.extend(&encoded(&format!("'{code}"))[1..]);
    bytes.push(logos::ship::tag::END);
    bytes
}

fn run_program(program: &[u8]) -> String {
    let mut run = Run::new(
        program,
        Terms {
            bounds: LIMITS,
            ..Terms::default()
        },
    );
    loop {
        if let Some(outcome) = run.run(u64::MAX) {
            return written(&outcome);
        }
    }
}

#[test]
fn code_that_is_no_code_is_refused() {
    let whole = "(code () (lambda #f () #f (let ((0 (quote 5))) (local 0))))";
    assert_eq!(run_program(&program_of(whole)), "(done 5 \"\")");
    for code in [
        // A local outside its scope, before it, in its own value, twice.
        "(code () (lambda #f () #f (begin (let ((0 (quote 5))) (quote 1)) (local 0))))",
        "(code () (lambda #f () #f (begin (local 0) (let ((0 (quote 5))) (quote 1)))))",
        "(code () (lambda #f () #f (let ((0 (local 0))) (local 0))))",
        "(code () (lambda #f () #f (let ((0 (quote 1)) (0 (quote 2))) (local 0))))",
        "(code () (lambda #f () #f (begin (call (lambda #f (0) #f (quote 1)) (quote 2)) (local 0))))",
        "(code () (lambda #f () #f (captured 0)))",
        "(code () (lambda #f () #f (library no-such-name)))",
        "(code () (lambda #f () #f (case-lambda (quote 1))))",
        "(code () (lambda #f () #f (if (quote 1) (quote 2))))",
        "(code () (lambda #f () #f (begin)))",
        "(code () (quote 1))",
        "(code () (lambda #f (x) #f (quote 1)))",
        "(code 5 (lambda #f () #f (quote 1)))",
        "(code)",
        "5",
    ] {
        let outcome = run_program(&program_of(code));
        assert!(
            outcome.starts_with("(error :wrong-argument \"these bytes"),
            "{code}: {outcome}"
        );
    }
    // A captured variable that is no cell where the code expects one.
    let celled = "(code (#t) (lambda #f () #f (captured 0)))";
    let mut program = program_of(celled);
    program.pop();
    program.extend([logos::ship::tag::INTEGER, 2, logos::ship::tag::END]);
    assert!(
        run_program(&program).starts_with("(error :wrong-argument"),
        "{}",
        run_program(&program)
    );
}
