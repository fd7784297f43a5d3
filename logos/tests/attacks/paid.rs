//! Work on what is large, and what has to be paid for it at least: without the payment, hardly more than for the calls around it.

/// What is done: a name, what comes before, what is done again and again, how often, and the least fuel that each time costs.
pub struct Work {
    /// Its name.
    pub name: &'static str,
    /// What comes before.
    pub before: &'static str,
    /// An expression.
    pub work: &'static str,
    /// How often it is evaluated.
    pub times: u64,
    /// The least that each time costs.
    pub least: u64,
}

const fn work(
    name: &'static str,
    before: &'static str,
    work: &'static str,
    times: u64,
    least: u64,
) -> Work {
    Work {
        name,
        before,
        work,
        times,
        least,
    }
}

const NUMBERS: &str = "(define a (arithmetic-shift 1 1000000)) (define b (arithmetic-shift 1 1000000)) \
    (define t (make-hash-table eqv?)) (hash-table-set! t a 1)";

/// See the module's description.
pub const WORKS: &[Work] = &[
    work("eqv? as a test", NUMBERS, "(if (eqv? a b) 1 2)", 20, 3_900),
    work(
        "an error that nobody waits for",
        "(define e (make-error ':user \"bad\" (make-list 12 (make-list 200 1.5))))",
        "(begin (spawn (lambda () (raise e))) (yield))",
        20,
        6_400,
    ),
    work(
        "the divisor of large floats",
        "",
        "(gcd 1e300 7e200)",
        20,
        4_000,
    ),
    work(
        "the multiple of large floats",
        "",
        "(lcm 1e300 7e200)",
        20,
        4_000,
    ),
    work("eqv? as a value", NUMBERS, "(list (eqv? a b))", 20, 3_900),
    work(
        "eqv? that is called",
        NUMBERS,
        "(apply eqv? (list a b))",
        20,
        3_900,
    ),
    work("eq?", NUMBERS, "(list (eq? a b))", 20, 3_900),
    work("equal?", NUMBERS, "(equal? a b)", 20, 3_900),
    work("memv", NUMBERS, "(memv a (list b))", 20, 3_900),
    work("assv", NUMBERS, "(assv a (list (list b)))", 20, 3_900),
    work(
        "eqv? of fractions",
        NUMBERS,
        "(eqv? (/ 1 (+ a 1)) (/ 1 (+ b 1)))",
        5,
        3_900,
    ),
    // Hashing the key, then comparing it.
    work(
        "a key of a table",
        NUMBERS,
        "(hash-table-ref/default t b 0)",
        10,
        31_250 + 3_900,
    ),
    work(
        "an exact literal that is read",
        "",
        "(read (open-input-string \"#e1e9999\"))",
        5,
        20_000,
    ),
    work(
        "a complex literal that is read",
        "",
        "(read (open-input-string \"#e1e9999+1e1i\"))",
        5,
        40_000,
    ),
    work(
        "a complex number with exponents",
        "",
        "(string->number \"#e1e9999+1e1i\")",
        5,
        40_000,
    ),
    work(
        "a polar number with exponents",
        "",
        "(string->number \"#e1e9999@1e1\")",
        5,
        40_000,
    ),
    work(
        "an exact literal of a program",
        "'#e1e9999 '#e1e9999 '#e1e9999 '#e1e9999",
        "0",
        1,
        80_000,
    ),
    work(
        "documentation",
        "(eval (list 'define '(f) (make-string 100000 #\\a) 1))",
        "(doc f)",
        10,
        25000,
    ),
    work(
        "documentation of many clauses",
        "(eval (list 'define 'f \"x\" (cons 'case-lambda (map (lambda (i) (list (map (lambda (j) (string->symbol (string-append \"p\" (number->string j)))) (iota i)) 1)) (iota 40)))))",
        "(doc f)",
        5,
        8000,
    ),
    work(
        "documentation of a macro",
        "(eval (list 'define-syntax 'm (make-string 100000 #\\a) '(syntax-rules () ((_) 1))))",
        "(eval '(doc m))",
        5,
        50000,
    ),
    work(
        "a source",
        "(define (f) #| commentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcommentcomment |# 1)",
        "(source f)",
        10,
        3500,
    ),
    work(
        "an error that is a list",
        "(define l (iota 1000))",
        "(guard (e (#t 0)) (error l))",
        10,
        300,
    ),
    work(
        "a test that is a long text",
        "(define s (make-string 100000 #\\a))",
        "(eval (list 'define '(f) \"x\" ':test (list '= s) 1))",
        3,
        100000,
    ),
    work(
        "names of an expansion",
        "(define-syntax m (syntax-rules () ((_ (x ...) (n . r)) (m (t x ...) r)) ((_ (x ...) ()) (f x ...)))) (define long (string->symbol (make-string 10000 #\\a))) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_ (x ...) (n . r)) (list 'm (list long 'x '...) 'r)) '((_ (x ...) ()) (f x ...)))))",
        "(macroexpand '(m () (1 2 3 4 5 6 7 8)))",
        3,
        42000,
    ),
    work(
        "a large literal of rules",
        "(define a (arithmetic-shift 1 1000000)) (define b (arithmetic-shift 1 1000000)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list (list '_ a a a a a a a a) 1))))",
        "(eval (list 'm b b b b b b b b))",
        3,
        62400,
    ),
    work(
        "a large constant of a template",
        "(define n (arithmetic-shift 1 1000000)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_) (list 'quote (make-list 8 n))))))",
        "(macroexpand '(m))",
        3,
        31200,
    ),
    work(
        "a long prefix",
        "(define s (string->symbol (make-string 10000 #\\a)))",
        "(eval (list 'import (list 'prefix '(scheme char) s)))",
        3,
        120000,
    ),
    work(
        "a long name of a library",
        "(define s (string->symbol (make-string 100000 #\\a)))",
        "(eval (list 'cond-expand (list (list 'library (list s)) 1) '(else 2)))",
        3,
        50000,
    ),
    work(
        "a long name of a definition that is decoded",
        "(define b (bytevector-append (bytevector 80 2 11 144 78) (make-bytevector 10000 97) (bytevector 36 37)))",
        "(%decode b)",
        3,
        10000,
    ),
    work(
        "merging nothing",
        "(define l (make-list 1000 {}))",
        "(apply merge l)",
        3,
        19980,
    ),
    work(
        "a text that names a library",
        "(define s (make-string 100000 #\\a)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_) (list 'import (list 'from s s))))))",
        "(guard (e (#t 0)) (eval '(m)))",
        3,
        100000,
    ),
    work(
        "the name of a file",
        "(define s (make-string 100000 #\\a)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_) (list 'include s)))))",
        "(guard (e (#t 0)) (eval '(m)))",
        3,
        50000,
    ),
    work(
        "bytes of a template",
        "(define b (make-bytevector 320000 7)) (eval (list 'define-syntax 'm (list 'syntax-rules '() (list '(_) (list 'quote b)))))",
        "(macroexpand '(m))",
        3,
        10000,
    ),
];
