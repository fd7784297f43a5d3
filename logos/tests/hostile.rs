//! Programs that mean harm to the builtins of data: huge counts, cycles, depth, chosen collisions. Each must end by its limit, in time that its
//! fuel pays for, without a panic.

mod common;

use common::{Ended, evaluate_in};
use logos::vm::{Bounds, Profile, Vm};

const MEMORY: u64 = 96 << 20;

fn run(vm: &mut Vm, text: &str, fuel: u64) -> Ended {
    run_within(vm, text, fuel, MEMORY)
}

fn run_within(vm: &mut Vm, text: &str, fuel: u64, memory: u64) -> Ended {
    let bounds = Bounds {
        fuel: Some(fuel),
        memory: Some(memory),
    };
    evaluate_in(vm, text, bounds, 1_000_000)
}

/// Huge and overflowing counts.
#[test]
fn huge_counts_exhaust_the_memory() {
    let mut vm = Vm::new(Profile::Pure);
    for count in ["1000000000", "2000000000000000000", "2305843009213693951"] {
        for call in [
            "(make-string N #\\a)",
            "(make-string N #\\λ)",
            "(make-bytevector N 1)",
            "(string-repeat \"abc\" N)",
            "(string-pad-left \"\" N)",
            "(string-pad-right \"λ\" N)",
        ] {
            let text = call.replace('N', count);
            let ended = run(&mut vm, &text, 1 << 60);
            let kind = ended.result.as_ref().map_err(|e| e.0.as_str());
            assert_eq!(kind, Err(":memory-exhausted"), "{text}");
            assert!(ended.fuel < 100_000, "{text} used {}", ended.fuel);
        }
    }
    for text in [
        "(let loop ((s \"ab\")) (loop (string-append s s)))",
        "(let loop ((s #u8(1 2))) (loop (bytevector-append s s)))",
        "(define o (open-output-string)) (let loop () (write-string \"0123456789\" o) (loop))",
        "(define o (open-output-bytevector)) (let loop () (write-bytevector #u8(1 2 3 4 5 6 7) o) (loop))",
        "(define t (make-hash-table)) (let loop ((i 0)) (hash-table-set! t i i) (loop (+ i 1)))",
        "(define t (make-hash-table eq?)) (let loop () (hash-table-set! t (list 1) 1) (loop))",
        "(let loop ((i 0) (d {})) (loop (+ i 1) (put d i i)))",
        "(let loop ((i 0)) (string->symbol (string-append \"long-name-that-nobody-knows\" (number->string i))) (loop (+ i 1)))",
        "(let loop ((kept '())) (loop (cons (gensym) kept)))",
        "(let loop ((s \"x\")) (loop (%write-to-string (list s s s s s s s s))))",
    ] {
        let ended = run_within(&mut vm, text, 1 << 60, 8 << 20);
        assert_eq!(
            ended.result.as_ref().map_err(|e| e.0.as_str()),
            Err(":memory-exhausted"),
            "{text}"
        );
    }
}

/// Depth is data.
#[test]
fn deep_data_is_no_problem() {
    let mut vm = Vm::new(Profile::Pure);
    let define = "(define (nest n x) (if (= n 0) x (nest (- n 1) (list x)))) (define deep (nest 100000 'end)) \
                  (define (long n l) (if (= n 0) l (long (- n 1) (cons n l)))) (define wide (long 100000 '())) (define tower (let loop ((n 50000) (x 1)) (if (= n 0) x (loop (- n 1) (vector x)))))";
    assert!(run(&mut vm, define, 1 << 40).result.is_ok());
    for (text, expected) in [
        ("(string-length (%write-to-string deep))", "200003"),
        ("(string-length (%write-to-string wide))", "588896"),
        ("(string-length (%write-to-string tower))", "150001"),
        (
            "(define o (open-output-string)) (write-shared (list deep deep) o) (string-length (get-output-string o))",
            "200012",
        ),
        ("(equal? deep (nest 100000 'end))", "#t"),
        ("(equal? wide (long 100000 '()))", "#t"),
        ("(get (dict deep 'found) (nest 100000 'end))", "found"),
        ("(get (dict wide 'found) (long 100000 '()))", "found"),
        (
            "(hash-table-ref/default (alist->hash-table (list (cons deep 'found))) (nest 100000 'end) 0)",
            "found",
        ),
        (
            "(equal? (read (open-input-string (%write-to-string deep))) deep)",
            "#t",
        ),
        (
            "(length (read (open-input-string (%write-to-string wide))))",
            "100000",
        ),
    ] {
        let ended = run(&mut vm, text, 1 << 40);
        assert_eq!(ended.result.as_deref(), Ok(expected), "{text}");
    }
}

/// Exponentially many paths, and what has no end.
#[test]
fn what_does_not_end_is_stopped_by_fuel() {
    let mut vm = Vm::new(Profile::Pure);
    for text in [
        "(define (tower n) (if (= n 0) '(1) (let ((b (tower (- n 1)))) (list b b)))) (display (%write-to-string (tower 100)))",
        "(define x (list 1)) (set-cdr! x x) (write-simple x (open-output-string))",
        "(define (tower n) (if (= n 0) '(1) (let ((b (tower (- n 1)))) (list b b)))) (get (dict (tower 100) 1) (tower 100))",
        "(define p (string-append (make-string 5000 #\\a) \"b\")) (define t (make-string 20000 #\\a)) (let loop () (string-search p t) (loop))",
        "(let loop () (guard (e (#t 1)) (string-ref \"abc\" 7)) (loop))",
        "(let loop () (hash-table-set! (make-hash-table) (make-vector 100 1) 1) (loop))",
        "(let loop () (random 1000000000000000000000000000000) (loop))",
    ] {
        let ended = run(&mut vm, text, 20_000_000);
        let kind = ended.result.as_ref().map_err(|e| e.0.as_str());
        assert!(
            matches!(kind, Err(":fuel-exhausted" | ":memory-exhausted")),
            "{text}: {kind:?}"
        );
    }
}

/// Work and fuel grow together: `N` times as much of the first costs at least about `N` times as much of the second.
#[test]
fn fuel_grows_with_the_work() {
    let mut vm = Vm::new(Profile::Pure);
    let prepare = "(define (numbers n l) (if (= n 0) l (numbers (- n 1) (cons n l)))) \
                   (define (strings n l) (if (= n 0) l (strings (- n 1) (cons (make-string 10 #\\a) l)))) \
                   (define (pairs n l) (if (= n 0) l (pairs (- n 1) (cons (cons n n) l))))";
    assert!(run(&mut vm, prepare, 1 << 40).result.is_ok());
    for (setup, call) in [
        ("(make-string N #\\a)", "(string-append x x)"),
        ("(make-string N #\\λ)", "(string-copy x)"),
        ("(make-string N #\\a)", "(string-upcase x)"),
        ("(make-string N #\\a)", "(string->list x)"),
        ("(make-string N #\\a)", "(string-search \"b\" x)"),
        ("(make-string N #\\a)", "(string-split x #\\a)"),
        ("(make-string N #\\a)", "(string=? x (string-copy x))"),
        ("(make-string N #\\a)", "(string-ci=? x x)"),
        ("(make-string N #\\a)", "(string->symbol x)"),
        ("(make-string N #\\a)", "(string->utf8 x)"),
        ("(make-string N #\\a)", "(hash x)"),
        ("(make-string N #\\a)", "(%write-to-string x)"),
        ("(make-string N #\\a)", "(read-line (open-input-string x))"),
        ("(make-string N #\\a)", "(read (open-input-string x))"),
        ("(make-bytevector N 1)", "(bytevector-append x x)"),
        ("(make-bytevector N 97)", "(utf8->string x)"),
        ("(strings N '())", "(string-join x \",\")"),
        ("(numbers N '())", "(%write-to-string x)"),
        ("(numbers N '())", "(equal? x (numbers N '()))"),
        ("(numbers N '())", "(dict x 1)"),
        ("(pairs N '())", "(list->dict x)"),
        ("(pairs N '())", "(alist->hash-table x)"),
        ("(list->dict (pairs N '()))", "(keys x)"),
        (
            "(list->dict (pairs N '()))",
            "(merge x (list->dict (pairs N '())))",
        ),
        (
            "(list->dict (pairs N '()))",
            "(equal? x (list->dict (pairs N '())))",
        ),
        ("(alist->hash-table (pairs N '()))", "(hash-table->alist x)"),
        ("(alist->hash-table (pairs N '()))", "(hash-table-copy x)"),
        (
            "(alist->hash-table (pairs N '()))",
            "(hash-table-merge! (make-hash-table) x)",
        ),
    ] {
        let mut used = |n: &str| {
            let text = format!(
                "(define x {setup}) (call-with-values (lambda () (fuel-used (lambda () {call} 0))) (lambda (v used) used))"
            )
            .replace('N', n);
            let ended = run(&mut vm, &text, 1 << 50);
            ended
                .result
                .expect(&text)
                .parse::<u64>()
                .expect("fuel is a number")
        };
        let (small, large) = (used("1000"), used("16000"));
        assert!(large > 8 * small, "{call} of {setup}: {small}, {large}");
    }
}

/// What a table shows depends on no address.
#[test]
fn tables_agree_under_stress() {
    let text = "(define t (make-hash-table)) (define e (make-hash-table eq?)) \
                (define (fill n kept) (if (= n 0) kept (let ((k (list n (number->string n)))) (hash-table-set! t k n) (hash-table-set! e k n) (fill (- n 1) (cons k kept))))) \
                (define keys (fill 200 '())) \
                (call-with-values (lambda () (fuel-used (lambda () (apply + (map (lambda (k) (+ (hash-table-ref/default t k 0) (hash-table-ref/default e k 0))) keys))))) list)";
    let mut base = Vm::new(Profile::Pure);
    let calm = run(&mut base.fork(), text, 1 << 40);
    let mut stressed = base.fork();
    stressed.set_stress(true);
    assert_eq!(calm, run(&mut stressed, text, 1 << 40));
    assert!(calm.result.is_ok_and(|shown| shown.starts_with("(40200 ")));
}

/// A walk that needs more memory than is free collects and begins anew; what its caller holds is still right afterwards.
#[test]
fn walks_survive_a_collection_in_their_midst() {
    let text = "(define (long n l) (if (= n 0) l (long (- n 1) (cons n l)))) \
                (define (garbage n) (if (> n 0) (begin (make-vector 1000 0) (garbage (- n 1))))) \
                (define a (long 8000 '())) (define b (long 8000 '())) (define t (make-hash-table)) (hash-table-set! t a 'a) (define d (dict a 'a)) \
                (define (try n ok) (if (= n 0) ok (begin (garbage (modulo (* 7 n) 31)) \
                  (try (- n 1) (and ok (eq? (car (assoc b (list (cons 1 2) (cons a 'x)))) a) (eq? a (car (member b (list 1 a 2)))) (equal? (list a) (list b)) (eq? (hash-table-ref/default t b 0) 'a) \
                    (eq? (get d b) 'a) (eq? (get (put d b 'b) a) 'b) (= 2 (size (merge d {:x 1}))) (= 38898 (string-length (%write-to-string (list a 1)))) \
                    (= 8000 (length (read (open-input-string (%write-to-string a)))))))))) \
                (try 30 #t)";
    let mut vm = Vm::new(Profile::Pure);
    let mut ends = Vec::new();
    for memory in [5 << 18, 6 << 18, 7 << 18, 2 << 20, 9 << 18, 64 << 20] {
        let ended = run_within(&mut vm.fork(), text, 1 << 50, memory);
        ends.push(ended.result);
    }
    assert!(
        ends.iter().all(
            |end| matches!(end, Err((kind, _)) if kind == ":memory-exhausted")
                || end.as_deref() == Ok("#t")
        ),
        "{ends:?}"
    );
    assert_eq!(ends.last().and_then(|end| end.as_deref().ok()), Some("#t"));
}

/// In the pure profile nobody is asked for anything: the console is at its end, and there are no files.
#[test]
fn the_pure_profile_touches_nothing() {
    let mut vm = Vm::new(Profile::Pure);
    for (text, expected) in [
        ("(read-char)", Ok("#<eof>")),
        ("(read-line)", Ok("#<eof>")),
        ("(list (read) (char-ready?))", Ok("(#<eof> #t)")),
        ("(open-input-file \"/etc/passwd\")", Err(":not-allowed")),
        ("(load \"/etc/passwd\")", Err(":not-allowed")),
        ("(import \"/etc/passwd\")", Err(":not-allowed")),
        ("(include \"/etc/passwd\")", Err(":not-allowed")),
        ("(file-exists? \"/etc/passwd\")", Err(":not-allowed")),
        (
            "(call-with-port (%file-port 0 #f #f) read-char)",
            Err(":not-allowed"),
        ),
        ("(current-second)", Err(":not-allowed")),
        ("(command-line)", Err(":not-allowed")),
        ("(exit)", Err(":not-allowed")),
    ] {
        let ended = run(&mut vm, text, 1_000_000);
        let result = ended.result.as_deref().map_err(|error| error.0.as_str());
        assert_eq!(result, expected, "{text}");
    }
}
