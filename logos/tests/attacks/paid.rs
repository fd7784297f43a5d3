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
];
