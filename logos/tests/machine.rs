//! The machine as programs see it: values, control, limits. Every program here is run in several ways that must not differ.

mod common;

use common::{check, check_error, evaluate, evaluate_in, evaluate_program};
use logos::vm::{Bounds, Profile, Status, Vm};

/// Programs and their values.
const PROGRAMS: &[(&str, &str)] = &[
    // A builtin that collects among the operands of a call half prepared, where earlier calls have left values.
    (
        "(list (guard (e ((memq (error-kind e) '(:a)) 1)) (with-limits {:fuel 100000} (lambda () 1))) \
         (with-exception-handler (lambda (e) 0) (lambda () (raise-continuable 'ask))) (await (spawn (lambda () (yield) 1))))",
        "(1 0 1)",
    ),
    (
        "(define (leave n) (let ((p (list n n n))) (vector p p p p p p)) (vector-ref (vector n n) 1)) (define (id x) x) \
         (define (f n) (if (= n 0) '() (let ((v (leave n))) (cons (id (list n (id (list v)))) (f (- n 1)))))) (f 4)",
        "((4 (4)) (3 (3)) (2 (2)) (1 (1)))",
    ),
    (
        "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (fib 15)",
        "610",
    ),
    (
        "(define (tak x y z) (if (not (< y x)) z (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y)))) (tak 9 6 3)",
        "6",
    ),
    (
        "(let loop ((i 0) (acc '())) (if (< i 5) (loop (+ i 1) (cons i acc)) acc))",
        "(4 3 2 1 0)",
    ),
    (
        "(define (f . xs) xs) (list (f) (f 1) (f 1 2 3))",
        "(() (1) (1 2 3))",
    ),
    (
        "(define f (case-lambda ((a) (list 'one a)) ((a b) (list 'two b)) ((a . r) r))) (list (f 1) (f 1 2) (f 1 2 3))",
        "((one 1) (two 2) (2 3))",
    ),
    (
        "(let ((x 1)) (define (get) x) (set! x 2) (list x (get)))",
        "(2 2)",
    ),
    (
        "(letrec ((even? (lambda (n) (if (= n 0) #t (odd? (- n 1))))) (odd? (lambda (n) (if (= n 0) #f (even? (- n 1)))))) (list (even? 100) (odd? 100)))",
        "(#t #f)",
    ),
    (
        "(define (make) (define a 1) (define (b) (+ a c)) (define c 10) (b)) (make)",
        "11",
    ),
    (
        "(let loop ((i 0) (thunks '())) (if (= i 3) (list ((car thunks)) ((car (cdr thunks)))) (loop (+ i 1) (cons (lambda () i) thunks))))",
        "(2 1)",
    ),
    (
        "(let outer ((i 0) (n 0)) (if (= i 3) n (let inner ((j 0) (n n)) (if (= j 4) (outer (+ i 1) n) (inner (+ j 1) (+ n 1))))))",
        "12",
    ),
    (
        "(+ 1 (let loop ((i 0)) (if (= i 10) i (loop (+ i 1)))))",
        "11",
    ),
    ("(call/cc (lambda (k) (+ 1 (k 42))))", "42"),
    (
        "(define k #f) (define n 0) (+ 1 (call/cc (lambda (c) (set! k c) 1))) (set! n (+ n 1)) (if (< n 3) (k n)) n",
        "3",
    ),
    (
        "(define r '()) (define (note x) (set! r (cons x r))) (define k #f) (dynamic-wind (lambda () (note 'in)) (lambda () (call/cc (lambda (c) (set! k c))) (note 'body)) (lambda () (note 'out))) (if (< (length r) 6) (k 1)) (reverse r)",
        "(in body out in body out)",
    ),
    (
        "(call-with-values (lambda () (values 1 2 3)) list)",
        "(1 2 3)",
    ),
    (
        "(let-values (((a b) (values 1 2)) ((c) (values 3))) (list a b c))",
        "(1 2 3)",
    ),
    (
        "(guard (e ((pair? e) 'no) (#t (list 'caught e))) (raise 7))",
        "(caught 7)",
    ),
    (
        "(guard (e (#t (error-irritants e))) (error \"no\" 1 2))",
        "(1 2)",
    ),
    (
        "(guard (e (#t (list 'outer e))) (guard (e ((eq? e 'other) 1)) (raise 'this)))",
        "(outer this)",
    ),
    (
        "(with-exception-handler (lambda (e) 10) (lambda () (+ 1 (raise-continuable 'c))))",
        "11",
    ),
    (
        "(guard (e (#t (error-kind e))) (with-exception-handler (lambda (e) 10) (lambda () (+ 1 (raise 'c)))))",
        ":user",
    ),
    (
        "(let ((p (make-parameter 10 (lambda (x) (* x 2))))) (list (p) (parameterize ((p 3)) (p)) (p)))",
        "(20 6 20)",
    ),
    (
        "(define (deep n) (if (= n 0) 0 (+ 1 (deep (- n 1))))) (deep 50000)",
        "50000",
    ),
    (
        "(define (f n) (if (= n 0) 0 (+ 1 (call/cc (lambda (k) (f (- n 1))))))) (f 20000)",
        "20000",
    ),
    ("(apply + 1 2 '(3 4))", "10"),
    (
        "(list (quotient -7 2) (remainder -7 2) (modulo -7 2) (quotient 7 -2) (modulo 7 -2))",
        "(-3 -1 1 -3 -1)",
    ),
    (
        "(list (* 99999999999 99999999999) (- (expt 2 61)) (+ 4611686018427387903 1) (/ 6 4))",
        "(9999999999800000000001 -2305843009213693952 4611686018427387904 3/2)",
    ),
    (
        "(list (+ 0.1 0.2) (* 1e200 1e200) (- 0.0) (/ 1 3.0))",
        "(0.30000000000000004 +inf.0 -0.0 0.3333333333333333)",
    ),
    (
        "(let ((v (make-vector 3 0))) (vector-set! v 0 'a) (vector->list v))",
        "(a 0 0)",
    ),
    (
        "(define-syntax swap! (syntax-rules () ((_ a b) (let ((tmp a)) (set! a b) (set! b tmp))))) (let ((tmp 1) (other 2)) (swap! tmp other) (list tmp other))",
        "(2 1)",
    ),
    (
        "(defmacro (twice x) (list 'begin x x)) (define n 0) (twice (set! n (+ n 1))) n",
        "2",
    ),
    (
        "(define (f x) (car x)) (define (car x) 42) (list (f 1) (car 1))",
        "(42 42)",
    ),
    (
        "(define (f x) (if (< x 1) 'a 'b)) (define (g x) (+ x 1)) (define (h x) (if (not x) 1 2)) (define (< a b) #t) (define (+ a b) 'plus) (define (not x) x) (list (f 5) (g 1) (h #t))",
        "(a plus 1)",
    ),
    (
        "(define x (spawn (lambda () (yield) (+ 1 2)))) (define y (spawn (lambda () 4))) (list (%await y) (%await x))",
        "(4 3)",
    ),
    ("(eval '(let ((x 1)) (+ x 2)))", "3"),
    ("(eval (list 'quote (vector 1 2)))", "#(1 2)"),
    // A loop that never runs again, whose name is the whole of its body.
    ("(procedure? (let loop () loop))", "#t"),
    (
        "(define (f) (let loop ((i 0)) loop)) (procedure? ((f) 1))",
        "#t",
    ),
    // A form of `eval` is taken up again after it has ended, and from an earlier unit of it while it runs.
    (
        "(define k #f) (define seen '()) \
         (set! seen (cons (eval '(+ 1 (call/cc (lambda (c) (set! k c) 1)))) seen)) \
         (if (< (length seen) 3) (k (* 10 (length seen)))) seen",
        "(21 11 2)",
    ),
    (
        "(define k #f) (define seen '()) \
         (set! seen (cons (eval '(begin (define z (call/cc (lambda (c) (set! k c) 1))) (* z 10))) seen)) \
         (if (< (length seen) 3) (k (length seen))) seen",
        "(20 10 10)",
    ),
    (
        "(eval '(begin (define n 0) (define k #f) (call/cc (lambda (c) (set! k c))) (set! n (+ n 1)) (if (< n 3) (k 1)) n))",
        "3",
    ),
    // Code of `eval` that a continuation keeps while that of others comes and goes.
    (
        "(define k #f) (define seen '()) \
         (define (others i) (if (> i 0) (begin (eval (list 'if (list '= i 0) ''(a b) (list 'list i \"text\"))) (others (- i 1))))) \
         (set! seen (cons (eval '(list \"kept\" (call/cc (lambda (c) (set! k c) 1)) '(1 2))) seen)) \
         (others 20) (if (< (length seen) 3) (k (length seen))) seen",
        "((\"kept\" 2 (1 2)) (\"kept\" 1 (1 2)) (\"kept\" 1 (1 2)))",
    ),
    (
        "(guard (e (#t (error-kind e))) (%with-limits 1000 #f (lambda () (let loop () (loop)))))",
        ":fuel-exhausted",
    ),
    (
        "(guard (e (#t (error-kind e))) (%with-limits #f 100000 (lambda () (let loop ((l '())) (loop (cons 1 l))))))",
        ":memory-exhausted",
    ),
    (
        "(define (deep n) (if (= n 0) 0 (+ 1 (deep (- n 1))))) (guard (e (#t (error-kind e))) (%with-limits #f 100000 (lambda () (deep 100000))))",
        ":memory-exhausted",
    ),
    (
        "(%with-limits 100000 #f (lambda () (guard (e (#t (error-kind e))) (%with-limits 1000 #f (lambda () (guard (e (#t 'inner)) (let loop () (loop))))))))",
        ":fuel-exhausted",
    ),
    (
        "(call-with-values (lambda () (fuel-used (lambda () (let loop ((i 0)) (if (= i 10) i (loop (+ i 1))))))) list)",
        "(10 131)",
    ),
];

#[test]
fn programs_give_their_values() {
    for (program, expected) in PROGRAMS {
        check(program, expected);
    }
}

#[test]
fn collecting_at_every_request_changes_nothing() {
    for (program, _) in PROGRAMS {
        let plain = evaluate(program);
        let mut vm = Vm::new(Profile::Node);
        vm.set_stress(true);
        if program.contains("deep") || program.contains("20000") {
            continue;
        }
        assert_eq!(
            evaluate_in(&mut vm, program, Bounds::default(), u64::MAX),
            plain,
            "{program}"
        );
    }
}

#[test]
fn the_size_of_slices_changes_nothing() {
    for (program, _) in PROGRAMS {
        let whole = evaluate(program);
        for slice in [1, 7, 1000] {
            let mut vm = Vm::new(Profile::Node);
            assert_eq!(
                evaluate_in(&mut vm, program, Bounds::default(), slice),
                whole,
                "{program} in slices of {slice}"
            );
        }
    }
}

/// What a form given to `eval` leaves behind that makes no procedure and defines nothing.
#[test]
fn evaluated_forms_leave_nothing() {
    let programs = [
        "(let loop ((i 0)) (if (< i 4000) (begin (eval '(+ 1 2)) (loop (+ i 1))) i))",
        "(let loop ((i 0)) (if (< i 4000) (begin (eval (list 'quote (list i \"text\" 0.1))) (loop (+ i 1))) i))",
        "(let loop ((i 0)) (if (< i 4000) (begin (guard (e (#t 0)) (eval '(car (vector 1)))) (loop (+ i 1))) i))",
        "(define (loop i) (if (< i 4000) (eval `(loop (+ ,i 1))) i)) (loop 0)",
        "(define (loop i) (if (< i 4000) (eval `(,loop (+ ,i 1))) i)) (loop 0)",
        "(define (loop i) (if (< i 4000) (eval `(,loop (+ ,i 1)) (environment '(scheme base))) i)) (loop 0)",
        "(let loop ((i 0)) (if (< i 4000) (begin (environment '(only (scheme base) car)) (environment '(scheme cxr)) (loop (+ i 1))) i))",
        "(define e (environment '(scheme base)))
         (let loop ((i 0)) (if (< i 4000) (begin (eval '(let lp ((i 0)) (if (< i 3) (lp (+ i 1)) i)) e) (loop (+ i 1))) i))",
    ];
    for program in programs {
        let bounds = Bounds {
            fuel: None,
            memory: Some(1 << 19),
        };
        let mut vm = Vm::new(Profile::Pure);
        let ended = evaluate_in(&mut vm, program, bounds, u64::MAX);
        assert_eq!(ended.result.as_deref(), Ok("4000"), "{program}");
    }
}

#[test]
fn running_out_is_exact_and_cannot_be_caught() {
    let program = "(guard (e (#t 'caught)) (dynamic-wind (lambda () 1) (lambda () (let loop () (loop))) (lambda () (set! done #t))))";
    let mut vm = Vm::new(Profile::Node);
    for fuel in [100_u64, 1_000, 12_345] {
        let bounds = Bounds {
            fuel: Some(fuel),
            memory: None,
        };
        let ended = evaluate_in(&mut vm, program, bounds, u64::MAX);
        assert_eq!(
            ended.result.map_err(|e| e.0),
            Err(":fuel-exhausted".to_string())
        );
        assert_eq!(ended.fuel, fuel);
    }
    let bounds = Bounds {
        fuel: None,
        memory: Some(4 << 20),
    };
    let program = "(guard (e (#t 'caught)) (let loop ((l '())) (loop (cons l l))))";
    let ended = evaluate_in(&mut vm, program, bounds, u64::MAX);
    assert_eq!(
        ended.result.map_err(|e| e.0),
        Err(":memory-exhausted".to_string())
    );
    assert!(
        vm.machine.peak_memory() <= 4 << 20,
        "{}",
        vm.machine.peak_memory()
    );
    assert_eq!(
        evaluate_in(&mut vm, "(+ 1 2)", Bounds::default(), u64::MAX)
            .result
            .as_deref(),
        Ok("3"),
        "the world lives on"
    );
}

#[test]
fn errors_have_their_kinds() {
    for (program, kind) in [
        ("(car 5)", ":wrong-argument"),
        ("(fob)", ":unknown-name"),
        ("(5 5)", ":not-a-procedure"),
        ("((lambda (x) x))", ":wrong-count"),
        ("(cons 1)", ":wrong-count"),
        ("(vector-ref (vector 1 2) 2)", ":out-of-range"),
        ("(/ 1 0)", ":divide-by-zero"),
        ("(if)", ":bad-syntax"),
        ("(+ 1", ":bad-syntax"),
        ("(raise 42)", ":user"),
        ("(letrec ((a b) (b 1)) a)", ":unknown-name"),
        // The operator comes first.
        ("(nothing (car 5))", ":unknown-name"),
        ("(define (f x) (later (car x))) (f 5)", ":unknown-name"),
        (
            "(define (f x) (later (set-car! x 2))) (define p (list 1)) (guard (e (#t #t)) (f p)) (raise (if (= (car p) 1) (make-error :right \"\" '()) 0))",
            ":right",
        ),
        ("(define (f x) (f (car x))) (f 5)", ":wrong-argument"),
        ("(vector-set! '#(1 2) 0 1)", ":wrong-argument"),
        ("(apply car '((1) 2))", ":wrong-count"),
        (
            "(define k #f) (%with-limits 1000 #f (lambda () (call/cc (lambda (c) (set! k c))))) (if k (let ((c k)) (set! k #f) (c 1)))",
            ":not-allowed",
        ),
        (
            "(define k #f) (%await (spawn (lambda () (call/cc (lambda (c) (set! k c)))))) (k 1)",
            ":not-allowed",
        ),
    ] {
        check_error(program, kind);
    }
}

#[test]
fn a_program_that_imports_sees_only_that() {
    let run = |text: &str| {
        let mut vm = Vm::new(Profile::Node);
        let ended = evaluate_program(&mut vm, text, Bounds::default(), u64::MAX);
        ended.result.unwrap_or_else(|(kind, _)| kind)
    };
    assert_eq!(
        run("(import (scheme base)) (define (f x) (* x 2)) (f 21)"),
        "42"
    );
    assert_eq!(run("(import (only (scheme base) + quote)) (+ 1 2)"), "3");
    assert_eq!(
        run("(import (only (scheme base) +)) (- 1 2)"),
        ":unknown-name"
    );
    assert_eq!(run("(import (prefix (scheme base) b:)) (b:+ 1 2)"), "3");
    assert_eq!(
        run(
            "(define-library (shapes) (export area) (import (scheme base)) (begin (define k 3) (define (area r) (* k r r)))) (import (scheme base) (shapes)) (area 2)"
        ),
        "12"
    );
    assert_eq!(run("(import (no such library))"), ":not-found");
}

#[test]
fn an_input_that_is_over_can_be_taken_up_again() {
    let mut vm = Vm::new(Profile::Node);
    let mut run = |text: &str| {
        let ended = evaluate_in(&mut vm, text, Bounds::default(), u64::MAX);
        ended.result.unwrap_or_else(|(kind, _)| kind)
    };
    run("(define k #f) (define after 0)");
    assert_eq!(
        run("(+ 100 (call/cc (lambda (c) (set! k c) 1))) (set! after 1) 7"),
        "7"
    );
    assert_eq!(run("(k 5) (set! after 2)"), "105");
    assert_eq!(run("after"), "1");
    assert_eq!(run("(guard (e (#t 'caught)) (k 6))"), "106");
    run("(define seen '())");
    let begun = "(begin (define k (call/cc (lambda (c) c))) (set! seen (cons 'rest seen)) 8) (set! seen (cons 'behind seen))";
    assert_eq!(run(begun), "#<void>");
    assert_eq!(run("(k 5) (set! seen 'no)"), "8");
    assert_eq!(run("(list k seen)"), "(5 (rest behind rest))");
    run(
        "(define stranger #f) (await (spawn (lambda () (call/cc (lambda (c) (set! stranger c))))))",
    );
    assert_eq!(run("(stranger 1)"), ":not-allowed");
}

/// An input's code and literals stay; what it took to expand the form that failed does not.
#[test]
fn what_an_input_that_failed_held_is_given_back() {
    let numbers: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
    let peak_after_many = |last: &str, is_right: bool| {
        let mut vm = Vm::new(Profile::Node);
        let text = format!("(list '({}) {last})", numbers.join(" "));
        for _ in 0..20 {
            let ended = evaluate_in(&mut vm, &text, Bounds::default(), u64::MAX);
            assert_eq!(ended.result.is_ok(), is_right);
        }
        vm.machine.peak_memory()
    };
    let (failed, ended) = (
        peak_after_many("(car 5)", false),
        peak_after_many("(car '(5))", true),
    );
    assert!(failed <= ended + ended / 10, "{failed} {ended}");
}

#[test]
fn a_misspelt_name_is_guessed() {
    let ended = evaluate("(define (area r) r) (aera 1)");
    let (_, message) = ended.result.expect_err("the name is unknown");
    assert!(message.contains("`area`"), "{message}");
}

#[test]
fn depth_is_data() {
    check(
        "(define (nest n) (let loop ((i 0) (x '())) (if (= i n) x (loop (+ i 1) (list x))))) (equal? (nest 1000000) (nest 1000000))",
        "#t",
    );
    check(
        "(let loop ((i 0) (x 1)) (if (= i 1000000) (begin (eval (list 'quote x)) 'done) (loop (+ i 1) (list x))))",
        "done",
    );
    check(
        "(equal? (%decode (%encode (let loop ((i 0) (x 1)) (if (= i 300000) x (loop (+ i 1) (list x)))))) 1)",
        "#f",
    );
    for text in [
        "(".repeat(1_000_000),
        "'".repeat(1_000_000),
        "#;".repeat(1_000_000),
    ] {
        let ended = evaluate(&text);
        assert_eq!(
            ended.result.map_err(|e| e.0),
            Err(":bad-syntax".to_string())
        );
    }
}

#[test]
fn a_fork_is_a_world_of_its_own() {
    let mut first = Vm::new(Profile::Node);
    let mut second = first.fork();
    let run = |vm: &mut Vm, text: &str| evaluate_in(vm, text, Bounds::default(), u64::MAX).result;
    assert_eq!(
        run(&mut second, "(define x 1) (define (car y) 'mine) (car x)").as_deref(),
        Ok("mine")
    );
    assert_eq!(run(&mut first, "(car '(2))").as_deref(), Ok("2"));
    assert!(run(&mut first, "x").is_err());
    let program = "(define (f n) (if (= n 0) '() (cons n (f (- n 1))))) (length (f 1000))";
    let plain = evaluate_in(
        &mut Vm::new(Profile::Node),
        program,
        Bounds::default(),
        u64::MAX,
    );
    assert_eq!(
        evaluate_in(
            &mut Vm::new(Profile::Node).fork(),
            program,
            Bounds::default(),
            u64::MAX
        ),
        plain
    );
}

#[test]
fn where_slices_end_counts_for_nobody() {
    let mut base = Vm::new(Profile::Pure);
    for text in [
        "(guard (e (#t 'out)) (with-limits {:fuel 100000} (lambda () (with-limits {:fuel 40} (lambda () (let loop () (loop)))))))",
        "(list (with-limits {:fuel 1000} (lambda () (with-limits {:fuel 900} (lambda () (with-limits {:fuel 800} (lambda () (iota 9))))))) (guard (e (#t 1)) (with-limits {:fuel 9} (lambda () (iota 99)))))",
        "(await (spawn (lambda () (with-limits {:fuel 500} (lambda () (yield) (guard (e (#t 'out)) (with-limits {:fuel 30} (lambda () (yield) (iota 99)))))))))",
    ] {
        let whole = evaluate_in(&mut base.fork(), text, Bounds::default(), u64::MAX);
        assert!(whole.result.is_ok(), "{whole:?}");
        for slice in (1..60).chain([100, 150, 333]) {
            let sliced = evaluate_in(&mut base.fork(), text, Bounds::default(), slice);
            assert_eq!(whole, sliced, "in slices of {slice}: {text}");
        }
    }
}

#[test]
fn the_collector_stumbles_over_nothing_that_calls_and_procedures_with_cases_leave() {
    let mut base = Vm::new(Profile::Pure);
    for text in [
        "(list (iota 3) (list (cons (iota 3) (iota 4)) ((case-lambda ((a) (list 'one a)) ((a b . more) (list 'more a b more))) 1 2 3)))",
        "(list ((lambda () (yield) (guard (e (#t 'no)) ((let ((f (case-lambda ((a) a) (() 'none)))) f))))))",
        // A handler that returns from what cannot be continued.
        "(list (guard (e (#t (map error-message (error-irritants e)))) ((update {:a 1} :a (lambda (x) 1)) (with-exception-handler (lambda (e) 1) (lambda () (with-exception-handler (lambda (e) 2) (lambda () (error \"first\" (list 1 2)))))))))",
        // A call with the wrong number of arguments makes an error above words that are in use.
        "(let ((a (list 1 2)) (b (iota 3))) (list (guard (e (#t (error-kind e))) (let f ((i 0)) (+ 1 (f)))) a (guard (e (#t (error-kind e))) ((lambda (x) x))) b))",
        "(call/cc (lambda (k) (for-each (let ((f (case-lambda ((a) (k a))))) f) '(1))))",
    ] {
        let run = |vm: &mut Vm| evaluate_in(vm, text, Bounds::default(), u64::MAX);
        let plain = run(&mut base.fork());
        assert!(plain.result.is_ok(), "{plain:?}");
        let mut stressed = base.fork();
        stressed.set_stress(true);
        assert_eq!(plain, run(&mut stressed), "{text}");
    }
}

#[test]
fn a_continuation_that_makes_an_object_of_values_is_found_where_it_has_moved() {
    // The array may end where it was: how far things are moved depends on how many collections there were.
    for collections in 0..8 {
        let text = format!(
            "(define (leave n) (if (> n 0) (begin (list n) (leave (- n 1))))) (leave {collections})
             ((lambda (x) (call/cc (lambda (k) (if #t (k 1 (vector-length (list->vector '()))) x)))) 1)"
        );
        let mut vm = Vm::new(Profile::Pure);
        vm.set_stress(true);
        vm.set_plain(true);
        let ended = evaluate_in(&mut vm, &text, Bounds::default(), u64::MAX);
        assert_eq!(ended.result, Ok("#<values 1 0>".into()), "{collections}");
    }
}

#[test]
fn calls_of_very_many_arguments_are_made_or_refused() {
    let mut vm = Vm::new(Profile::Pure);
    let mut run = |text: &str| evaluate_in(&mut vm, text, Bounds::default(), u64::MAX).result;
    let setting = "(define big (iota 1048575)) (define more (append big '(1 2)))
                   (define (try thunk) (guard (e (#t (error-kind e))) (thunk)))
                   (define (deep n) (if (= n 0) (apply + big) (+ 1 (deep (- n 1)))))
                   (defmacro many (a . rest) (length rest))";
    assert!(run(setting).is_ok());
    for (text, expected) in [
        ("(apply + big)", "549754241025"),
        ("(deep 20000)", "549754261025"),
        ("(length (apply list big))", "1048575"),
        ("(apply car big)", ":wrong-count"),
        ("(apply + more)", ":too-big"),
        (
            "(call-with-values (lambda () (apply values big)) (lambda all (length all)))",
            "1048575",
        ),
        (
            "(call-with-values (lambda () (call/cc (lambda (k) (apply k big)))) (lambda all (length all)))",
            "1048575",
        ),
        (
            "(apply (lambda all (call/cc (lambda (k) (k (length all))))) big)",
            "1048575",
        ),
        ("(eval (cons 'many big))", "1048574"),
        ("(eval (cons 'many more))", ":too-big"),
        ("(eval (cons '+ big))", ":too-big"),
    ] {
        assert_eq!(
            run(&format!("(try (lambda () {text}))")).as_deref(),
            Ok(expected),
            "{text}"
        );
    }
}

#[test]
fn what_a_very_wide_frame_calls_has_room() {
    let mut base = Vm::new(Profile::Pure);
    let names: String = (0..50_000).map(|n| format!("(v{n} {n})")).collect();
    for (text, expected) in [
        ("(call-with-values list list)", "(())"),
        (
            "(eval '(let loop ((i 0)) (if (< i 10) (loop (+ i 1)) i)))",
            "10",
        ),
        ("(guard (e (#t 'caught)) (v1 2))", "caught"),
        ("(call/cc procedure?)", "#t"),
        ("(with-limits {:fuel 1000} list)", "()"),
        ("(dynamic-wind list list list)", "()"),
        ("(begin (yield) (await (spawn list)))", "()"),
        ("(read (open-input-string \"(1 2)\"))", "(1 2)"),
    ] {
        let text = format!("(define (wide) (let ({names}) (list {text} v3))) (car (wide))");
        let ended = evaluate_in(&mut base.fork(), &text, Bounds::default(), u64::MAX);
        assert_eq!(ended.result.as_deref(), Ok(expected));
    }
}

#[test]
fn what_the_library_compiles_late_counts_for_nobody() {
    let mut late = Vm::new(Profile::Pure);
    let mut early = late.fork();
    early.compile_library();
    let program = "(define (f n) (if (= n 0) '() (cons n (f (- n 1))))) \
                   (list (fold + 0 (filter even? (f 500))) (sort (f 20) <) (format \"~a\" 1) \
                   (string-join (map number->string (f 3)) \", \"))";
    let (mut values, mut failures) = (0, 0);
    for memory in (4_000..40_000).step_by(200) {
        let bounds = Bounds {
            fuel: Some(100_000),
            memory: Some(memory),
        };
        let run = |vm: &mut Vm| evaluate_in(vm, program, bounds, u64::MAX);
        let ended = run(&mut late.fork());
        assert_eq!(ended, run(&mut early.fork()), "{memory}");
        let mut stressed = late.fork();
        stressed.set_stress(true);
        assert_eq!(ended, run(&mut stressed), "{memory}");
        match ended.result {
            Ok(_) => values += 1,
            Err(_) => failures += 1,
        }
    }
    assert!(values > 10 && failures > 10, "{values} {failures}");
}

#[test]
fn a_continuation_of_another_task_or_an_ended_limit_is_refused_before_anything_else_happens() {
    // What is inside `dynamic-wind` is not entered, and the error can be caught where it is made.
    let keep = "(define k #f) (define (keep) (call/cc (lambda (c) (set! k c) 0))) (define said '()) \
                (define (say what) (set! said (cons what said))) (define (try) (guard (e (#t (say (error-kind e)))) (k 1)))";
    for (text, expected) in [
        (
            "(await (spawn (lambda () (dynamic-wind (lambda () (say 'in)) keep (lambda () (say 'out)))))) (try) said",
            "(:not-allowed out in)",
        ),
        (
            "(await (spawn (lambda () (guard (e (#t 0)) (dynamic-wind (lambda () (say 'in)) keep (lambda () (say 'out))))))) (try) said",
            "(:not-allowed out in)",
        ),
        (
            "(await (spawn (lambda () (with-permit (semaphore 1) keep)))) (try) said",
            "(:not-allowed)",
        ),
        (
            "(keep) (await (spawn (lambda () (dynamic-wind void (lambda () (try) (say 'inside)) (lambda () (say 'out)))))) said",
            "(out inside :not-allowed)",
        ),
        (
            "(with-limits {:fuel 9000} keep) (dynamic-wind void (lambda () (try) (say 'inside)) (lambda () (say 'out))) said",
            "(out inside :not-allowed)",
        ),
        (
            "(with-limits {:fuel 9000} (lambda () (dynamic-wind (lambda () (say 'in)) keep void))) (try) said",
            "(:not-allowed in)",
        ),
    ] {
        for is_stressed in [false, true] {
            let mut vm = Vm::new(Profile::Pure);
            vm.set_stress(is_stressed);
            let program = format!("{keep} {text}");
            let ended = evaluate_in(&mut vm, &program, Bounds::default(), 101);
            assert_eq!(ended.result.as_deref(), Ok(expected), "{text}");
        }
    }
}

/// Whatever a task was doing when its slice ended and something else began: it goes on afterwards.
#[test]
fn a_task_that_computes_survives_what_begins_meanwhile() {
    const WORK: &str = "
        (define (count n) (if (> n 0) (count (- n 1)) 'counted))
        (define (sum n) (let loop ((i 0) (total 0)) (if (= i n) total (loop (+ i 1) (+ total (* i i))))))
        (define (deep n) (if (= n 0) 0 (+ 1 (deep (- n 1)))))
        (define (many . all) (apply + all))
        (define (work)
          (list (count 700)
                (map (lambda (n) (list n (sum n) (apply many (iota n)))) (iota 12))
                (deep 300)
                (call-with-values (lambda () (apply values (iota 9))) list)
                (guard (e (#t (error-kind e))) (dynamic-wind void (lambda () (sum 40) (car 5)) void))
                (fold + 0 (map deep (iota 10)))
                (sort (map (lambda (i) (modulo (* i 37) 11)) (iota 20)) <)
                (string-length (apply string-append (map number->string (iota 50))))))
        (define t (spawn work))";
    let wanted = evaluate(&format!("{WORK} (work)")).result;
    assert!(wanted.is_ok());
    for (slice, is_stressed) in [
        (1, false),
        (7, false),
        (40, false),
        (150, true),
        (1000, true),
    ] {
        let mut vm = Vm::new(Profile::Pure);
        vm.set_stress(is_stressed);
        let begun = evaluate_in(&mut vm, WORK, Bounds::default(), u64::MAX);
        assert!(begun.result.is_ok());
        let mut turns = 0;
        while vm.has_tasks() {
            let status = vm.run(slice);
            assert!(matches!(status, Status::Yield | Status::Idle), "{status:?}");
            match turns % 3 {
                0 => {
                    let other = evaluate_in(&mut vm, "(+ 1 2)", Bounds::default(), u64::MAX);
                    assert_eq!(other.result.as_deref(), Ok("3"));
                }
                1 => {
                    vm.begin("test", "(await t)", Bounds::default());
                    assert_eq!(vm.run(slice), Status::Yield);
                    vm.interrupt();
                    assert_eq!(vm.run(slice), Status::Failed);
                }
                _ => {}
            }
            turns += 1;
        }
        assert!(turns > 3, "{turns}");
        let ended = evaluate_in(&mut vm, "(await t)", Bounds::default(), slice);
        assert_eq!(ended.result, wanted, "{slice}");
    }
}
