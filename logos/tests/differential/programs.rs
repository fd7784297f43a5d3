//! A generator of programs: mostly of the right types, now and then wild.

use std::fmt::Write as _;

/// A small generator of numbers.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        // splitmix64, so that neighbouring seeds differ.
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Dice((z ^ z >> 31) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Int,
    Bool,
    List,
    Text,
    Vector,
    Dict,
    /// A procedure from an integer to an integer.
    Function,
}

const TYPES: [Type; 7] = [
    Type::Int,
    Type::Bool,
    Type::List,
    Type::Text,
    Type::Vector,
    Type::Dict,
    Type::Function,
];

struct Generator<'a> {
    dice: &'a mut Dice,
    /// Names in scope.
    names: Vec<(String, Type)>,
    fresh: usize,
    /// Parts still to be made, so that programs end.
    left: usize,
}

/// A program, and whether it is one expression: now and then one is damaged.
pub fn program(dice: &mut Dice) -> (String, bool) {
    let left = 20 + dice.below(120);
    let mut generator = Generator {
        dice,
        names: Vec::new(),
        fresh: 0,
        left,
    };
    let kind = TYPES[generator.dice.below(6)];
    let text = generator.expression(kind, 6);
    if dice.one_in(12) {
        return (damaged(&text, dice), false);
    }
    (text, true)
}

/// A program with a word left out, doubled or changed for another of its own: what comes of it is still the same every time.
fn damaged(text: &str, dice: &mut Dice) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    let (place, other) = (dice.below(words.len()), dice.below(words.len()));
    match dice.below(3) {
        0 => drop(words.remove(place)),
        1 => words.insert(place, words[other]),
        _ => words[place] = words[other],
    }
    words.join(" ")
}

impl Generator<'_> {
    fn name(&mut self, kind: Type) -> String {
        self.fresh += 1;
        let name = format!("v{}", self.fresh);
        self.names.push((name.clone(), kind));
        name
    }

    fn known(&mut self, kind: Type) -> Option<String> {
        let fitting: Vec<&String> = self
            .names
            .iter()
            .filter(|it| it.1 == kind)
            .map(|it| &it.0)
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let place = self.dice.below(fitting.len());
        Some(fitting[place].clone())
    }

    fn expression(&mut self, kind: Type, depth: usize) -> String {
        // Something else than fits: errors are part of the language.
        let kind = if self.dice.one_in(80) {
            TYPES[self.dice.below(7)]
        } else {
            kind
        };
        if depth == 0 || self.left == 0 || self.dice.one_in(6) {
            return self.leaf(kind);
        }
        self.left -= 1;
        if self.dice.one_in(3) {
            return self.general(kind, depth - 1);
        }
        self.typed(kind, depth - 1)
    }

    fn leaf(&mut self, kind: Type) -> String {
        if !self.dice.one_in(3)
            && let Some(name) = self.known(kind)
        {
            return name;
        }
        let any = |dice: &mut Dice, all: &[&str]| all[dice.below(all.len())].to_string();
        match kind {
            Type::Int => any(
                self.dice,
                &[
                    "0",
                    "1",
                    "2",
                    "-1",
                    "7",
                    "10",
                    "255",
                    "1.5",
                    "-0.0",
                    "1/3",
                    "2305843009213693951",
                    "-2305843009213693952",
                    "123456789012345678901234567890",
                ],
            ),
            Type::Bool => any(self.dice, &["#t", "#f"]),
            Type::List => any(
                self.dice,
                &[
                    "'()",
                    "'(1 2 3)",
                    "(list 1 \"a\" #\\b)",
                    "'(1 . 2)",
                    "(iota 5)",
                    "'(a (b c) d)",
                ],
            ),
            Type::Text => any(
                self.dice,
                &[
                    "\"\"",
                    "\"abc\"",
                    "\"λx\"",
                    "(make-string 3 #\\z)",
                    "(string #\\a)",
                ],
            ),
            Type::Vector => any(
                self.dice,
                &[
                    "(vector)",
                    "#(1 2 3)",
                    "(make-vector 4 0)",
                    "(vector 1 (list 2) \"c\")",
                ],
            ),
            Type::Dict => any(
                self.dice,
                &[
                    "{}",
                    "{:a 1 :b 2}",
                    "{1 'one 2 'two}",
                    "(put {} \"k\" '(1))",
                ],
            ),
            Type::Function => any(
                self.dice,
                &[
                    "abs",
                    "square",
                    "(lambda (x) x)",
                    "(lambda (x) (+ x 1))",
                    "-",
                ],
            ),
        }
    }

    /// Forms that can have a value of any type.
    fn general(&mut self, kind: Type, depth: usize) -> String {
        let known = self.names.len();
        let text = match self.dice.below(20) {
            17 => self.defining(kind, depth),
            18 | 19 => self.control(kind, depth),
            0 => format!(
                "(if {} {} {})",
                self.expression(Type::Bool, depth),
                self.expression(kind, depth),
                self.expression(kind, depth)
            ),
            1 | 2 => self.binding(kind, depth),
            3 => {
                let (first, second) = (
                    self.expression(Type::Bool, depth),
                    self.expression(kind, depth),
                );
                let third = self.expression(kind, depth);
                format!("(cond ({first} {second}) (else {third}))")
            }
            4 => self.counted(kind, depth),
            5 => {
                let escape = self.name(Type::Bool);
                let inner = self.expression(kind, depth);
                let thrown = self.expression(kind, depth);
                let test = self.expression(Type::Bool, depth);
                format!("(call/cc (lambda ({escape}) (if {test} ({escape} {thrown}) {inner})))")
            }
            6 => {
                let inner = self.expression(kind, depth);
                let instead = self.expression(kind, depth);
                format!("(guard (e ((symbol? e) {instead}) ((error? e) {instead})) {inner})")
            }
            7 => {
                let raised = ["'oops", "(list 1 2)", "42"][self.dice.below(3)];
                let instead = self.expression(kind, depth);
                let test = self.expression(Type::Bool, depth);
                format!("(guard (e (#t {instead})) (if {test} (raise {raised}) {instead}))")
            }
            8 => {
                let log = self.name(Type::List);
                let inner = self.expression(kind, depth);
                format!(
                    "(let (({log} '())) (dynamic-wind (lambda () (set! {log} (cons 'in {log}))) (lambda () {inner}) (lambda () (set! {log} (cons 'out {log})))))"
                )
            }
            9 => {
                let (first, second) = (
                    self.expression(Type::Int, depth),
                    self.expression(kind, depth),
                );
                let (a, b) = (self.name(Type::Int), self.name(kind));
                let inner = self.expression(kind, depth);
                format!(
                    "(call-with-values (lambda () (values {first} {second})) (lambda ({a} {b}) {inner}))"
                )
            }
            10 => format!("(force (delay {}))", self.expression(kind, depth)),
            11 => {
                let inner = self.expression(kind, depth);
                let fuel = [50, 500, 100_000][self.dice.below(3)];
                let instead = self.leaf(kind);
                format!(
                    "(guard (e ((memq (error-kind e) '(:fuel-exhausted)) {instead})) (with-limits {{:fuel {fuel}}} (lambda () {inner})))"
                )
            }
            12 => format!(
                "(let () (define (helper) {}) (helper))",
                self.expression(kind, depth)
            ),
            13 => {
                let parameter = self.name(Type::Bool);
                let (first, second) = (self.leaf(kind), self.expression(kind, depth));
                format!(
                    "(let (({parameter} (make-parameter {first}))) (parameterize (({parameter} {second})) ({parameter})))"
                )
            }
            14 => format!(
                "(await (spawn (lambda () (yield) {})))",
                self.expression(kind, depth)
            ),
            15 => {
                let name = self.name(kind);
                let (first, second) = (self.expression(kind, depth), self.expression(kind, depth));
                format!("(let (({name} {first})) (set! {name} {second}) {name})")
            }
            _ => {
                let inner = self.expression(kind, depth);
                let instead = self.leaf(kind);
                format!(
                    "(with-exception-handler (lambda (e) {instead}) (lambda () (if (raise-continuable 'ask) {inner} {instead})))"
                )
            }
        };
        self.names.truncate(known);
        text
    }

    /// Forms that define something of their own first.
    fn defining(&mut self, kind: Type, depth: usize) -> String {
        match self.dice.below(7) {
            0 => {
                let (x, y) = (
                    self.expression(kind, depth),
                    self.expression(Type::Int, depth),
                );
                let changed = self.expression(kind, depth);
                format!(
                    "(let () (define-record-type spot (make-spot x y) spot? (x spot-x set-spot-x!) (y spot-y)) (define s (make-spot {x} {y})) (set-spot-x! s (if (spot? (spot-y s)) (spot-y s) {changed})) (spot-x s))"
                )
            }
            1 => {
                let (test, other) = (self.expression(kind, depth), self.expression(kind, depth));
                format!(
                    "(let-syntax ((either (syntax-rules (or) ((_ a or b) (let ((t a)) (if t t b))) ((_ a ...) (begin a ...))))) (let ((t {test})) (either #f or (either {other} t))))"
                )
            }
            2 => {
                let (n, value) = (
                    [1, 30, 3000][self.dice.below(3)],
                    self.expression(kind, depth),
                );
                format!(
                    "(letrec ((up? (lambda (n) (if (= n 0) {value} (down? (- n 1))))) (down? (lambda (n) (if (= n 0) {value} (up? (- n 1)))))) (up? {n}))"
                )
            }
            3 => {
                let (key, value) = (
                    self.expression(Type::Text, depth),
                    self.expression(kind, depth),
                );
                let (other, instead) = (
                    self.expression(Type::Text, depth),
                    self.expression(kind, depth),
                );
                format!(
                    "(let ((h (make-hash-table))) (hash-table-set! h {key} {value}) (hash-table-update! h {other} (lambda (x) x) (lambda () {instead})) (hash-table-ref/default h {key} {instead}))"
                )
            }
            4 => {
                let (one, two) = (self.expression(kind, depth), self.expression(kind, depth));
                let call = ["(f 1)", "(f 1 2)", "(f 1 2 3 4)"][self.dice.below(3)];
                format!(
                    "(let ((f (case-lambda ((a) {one}) ((a b . rest) (if (null? rest) {two} {one}))))) {call})"
                )
            }
            5 => {
                let (a, b) = (self.name(Type::Int), self.name(kind));
                let (first, second) = (
                    self.expression(Type::Int, depth),
                    self.expression(kind, depth),
                );
                let inner = self.expression(kind, depth);
                format!(
                    "(let-values ((({a} {b} . more) (values {first} {second} {first}))) (let ((x (car more))) {inner}))"
                )
            }
            _ => {
                // Evaluated where nothing of what is around it can be seen.
                let names = std::mem::take(&mut self.names);
                let inner = self.expression(kind, depth);
                self.names = names;
                format!("(eval '{inner})")
            }
        }
    }

    /// Stacks that are deep or entered again, tasks, and values that are large.
    fn control(&mut self, kind: Type, depth: usize) -> String {
        let value = self.expression(kind, depth);
        match self.dice.below(14) {
            9 => {
                let again = self.expression(kind, depth);
                format!(
                    "(let ((k #f) (n 0)) (let ((all (map (lambda (x) (call/cc (lambda (c) (if (= x 2) (set! k c)) {value}))) (iota 4)))) (set! n (+ n 1)) (if (< n 3) (k {again}) (list-ref all n))))"
                )
            }
            10 => {
                let (during, instead) =
                    (self.expression(kind, depth), self.expression(kind, depth));
                format!(
                    "(let* ((gate (spawn (lambda () (do ((i 0 (+ i 1))) ((= i 20) i) (yield))))) (waiting (spawn (lambda () (dynamic-wind (lambda () #f) (lambda () (await gate)) (lambda () {during})))))) (yield) (cancel waiting) (guard (e ((eq? (error-kind e) ':cancelled) {value})) (await waiting) {instead}))"
                )
            }
            11 => {
                let other = self.expression(kind, depth);
                format!(
                    "(let ((p (make-parameter {value} (lambda (x) (list x))))) (parameterize ((p {other})) (call/cc (lambda (k) (with-exception-handler (lambda (e) (k (car (p)))) (lambda () (raise (p))))))))"
                )
            }
            12 => {
                let other = self.expression(kind, depth);
                format!(
                    "(let* ((seen '()) (back #f) (v (dynamic-wind (lambda () (set! seen (cons 'in seen))) (lambda () (call/cc (lambda (c) (set! back c) {value}))) (lambda () (set! seen (cons 'out seen)))))) (if (< (length seen) 5) (back {other}) v))"
                )
            }
            13 => {
                // The handler returns, outside a guard that none of its clauses answer for.
                let (other, instead) = (self.expression(kind, depth), self.leaf(kind));
                let raises = [
                    "(raise 'oops)",
                    "(error \"bad\" 1)",
                    "(list (/ 1 0))",
                    "(list (string-append \"a\" 5))",
                    "(list (vector-ref (vector 1) 4))",
                    "(list (take '(1) 5))",
                    "(raise-continuable 'again)",
                ][self.dice.below(7)];
                format!(
                    "(guard (outer (#t {value})) (with-exception-handler (lambda (e) {other}) (lambda () (guard (inner ((string? inner) {instead})) (begin {raises} {instead})))))"
                )
            }
            0 => {
                let again = self.expression(kind, depth);
                format!(
                    "(let ((k #f) (n 0)) (let ((v (list n (call/cc (lambda (c) (set! k c) {value}))))) (set! n (+ n 1)) (if (< n 3) (k {again}) (cadr v))))"
                )
            }
            1 => {
                let n = [10, 900, 12_000][self.dice.below(3)];
                format!(
                    "(let ((v {value})) (let deep ((n {n})) (if (= n 0) v (let ((below (deep (- n 1)))) (if (eq? n 7) v below)))))"
                )
            }
            2 => {
                let n = [100, 3_000, 30_000][self.dice.below(3)];
                format!(
                    "(let loop ((i 0) (all '())) (if (< i {n}) (loop (+ i 1) (cons i all)) (let ((v {value})) (if (pair? all) v all))))"
                )
            }
            3 => {
                let size = [10, 2_000, 40_000][self.dice.below(3)];
                format!(
                    "(let ((v (make-vector {size} {value}))) (vector-set! v 3 (vector->list v 0 5)) (vector-ref (vector-copy v) 4))"
                )
            }
            4 => {
                let (other, limit) = (self.expression(kind, depth), 1 + self.dice.below(3));
                format!(
                    "(let ((all (map-concurrently (lambda (x) (yield) (if (odd? x) {value} {other})) (iota 5) {{:limit {limit}}}))) (list-ref all {limit}))"
                )
            }
            5 => {
                let other = self.expression(kind, depth);
                format!(
                    "(let* ((first (spawn (lambda () (yield) (yield) {value}))) (second (spawn (lambda () {other})))) (await (promise-race (list first second))))"
                )
            }
            6 => {
                let memory = [1_000, 50_000, 4_000_000][self.dice.below(3)];
                let instead = self.leaf(kind);
                format!(
                    "(guard (e ((memq (error-kind e) '(:memory-exhausted)) {instead})) (with-limits {{:memory {memory}}} (lambda () {value})))"
                )
            }
            7 => {
                let what = self.expression(Type::List, depth);
                format!(
                    "(guard (e ((and (error-object? e) (pair? (error-object-irritants e))) {value})) (dynamic-wind (lambda () #f) (lambda () (error \"bad\" {what})) (lambda () (list 1 2))))"
                )
            }
            _ => {
                let other = self.expression(kind, depth);
                format!(
                    "(force (let stream ((n 3)) (if (= n 0) (delay {value}) (delay-force (begin {other} (stream (- n 1)))))))"
                )
            }
        }
    }

    fn binding(&mut self, kind: Type, depth: usize) -> String {
        let form = ["let", "let*", "letrec"][self.dice.below(3)];
        let mut bindings = String::new();
        let mut names = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let of = TYPES[self.dice.below(7)];
            let value = self.expression(of, depth);
            self.fresh += 1;
            let name = format!("v{}", self.fresh);
            let _ = write!(bindings, "({name} {value})");
            names.push((name, of));
        }
        self.names.extend(names);
        let body = self.expression(kind, depth);
        format!("({form} ({bindings}) {body})")
    }

    /// A loop that ends.
    fn counted(&mut self, kind: Type, depth: usize) -> String {
        let count = [0, 1, 3, 20, 100][self.dice.below(5)];
        let (start, known) = (self.expression(kind, depth), self.names.len());
        let (counter, result) = (self.name(Type::Int), self.name(kind));
        let next = self.expression(kind, depth);
        self.names.truncate(known);
        if self.dice.one_in(2) {
            return format!(
                "(do (({counter} 0 (+ {counter} 1)) ({result} {start} {next})) ((= {counter} {count}) {result}))"
            );
        }
        format!(
            "(let loop (({counter} 0) ({result} {start})) (if (< {counter} {count}) (loop (+ {counter} 1) {next}) {result}))"
        )
    }

    fn typed(&mut self, kind: Type, depth: usize) -> String {
        match kind {
            Type::Int => self.int(depth),
            Type::Bool => self.bool(depth),
            Type::List => self.list(depth),
            Type::Text => self.text(depth),
            Type::Vector => self.vector(depth),
            Type::Dict => self.dict(depth),
            Type::Function => {
                let known = self.names.len();
                let name = self.name(Type::Int);
                let body = self.expression(Type::Int, depth);
                self.names.truncate(known);
                format!("(lambda ({name}) {body})")
            }
        }
    }

    fn int(&mut self, depth: usize) -> String {
        use Type::{Dict, Function, Int, List, Text, Vector};
        let mut e = |kind| self.expression(kind, depth);
        match e(Int).len() % 20 {
            0 | 1 => format!("(+ {} {})", e(Int), e(Int)),
            2 => format!("(* {} {})", e(Int), e(Int)),
            3 => format!("(- {} {})", e(Int), e(Int)),
            4 => format!("(quotient {} {})", e(Int), e(Int)),
            5 => format!("({} {})", e(Function), e(Int)),
            6 => format!("(length {})", e(List)),
            7 => format!("(fold + 0 (filter number? {}))", e(List)),
            8 => format!("(string-length {})", e(Text)),
            9 => format!("(vector-length {})", e(Vector)),
            10 => format!("(get {} :a {})", e(Dict), e(Int)),
            11 => format!("(apply max 1 (map {} (iota 4)))", e(Function)),
            12 => format!("(modulo {} {})", e(Int), e(Int)),
            13 => format!("(/ {} {})", e(Int), e(Int)),
            14 => format!(
                "(expt {} {})",
                e(Int),
                ["2", "10", "-1", "0.5"][self.dice.below(4)]
            ),
            15 => format!("(sqrt {})", e(Int)),
            16 => format!("(or (string->number {}) {})", e(Text), e(Int)),
            17 => format!("(bytevector-u8-ref (bytevector 1 2 {}) {})", e(Int), e(Int)),
            18 => format!("(vector-ref {} {})", e(Vector), e(Int)),
            _ => format!("(exact (floor {}))", e(Int)),
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        use Type::{Bool, Int, List, Text, Vector};
        let mut e = |kind| self.expression(kind, depth);
        match e(Bool).len() % 9 {
            0 => format!("(< {} {})", e(Int), e(Int)),
            1 => format!("(= {} {} {})", e(Int), e(Int), e(Int)),
            2 => format!("(and {} {})", e(Bool), e(Bool)),
            3 => format!("(or {} {})", e(Bool), e(Bool)),
            4 => format!("(not {})", e(Bool)),
            5 => format!("(equal? {} {})", e(List), e(List)),
            6 => format!("(string<? {} {})", e(Text), e(Text)),
            7 => format!("(eqv? {} {})", e(Int), e(Vector)),
            _ => format!("(pair? {})", e(List)),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        use Type::{Dict, Function, Int, List, Text, Vector};
        let mut e = |kind| self.expression(kind, depth);
        match e(List).len() % 20 {
            0 => format!("(cons {} {})", e(Int), e(List)),
            1 => format!("(map {} (iota {}))", e(Function), 4),
            2 => format!(
                "(filter odd? (map (lambda (x) (if (integer? x) (exact x) 0)) (filter number? {})))",
                e(List)
            ),
            3 => format!("(append {} {})", e(List), e(List)),
            4 => format!("(reverse {})", e(List)),
            5 => format!("(list {} {} {})", e(Int), e(Text), e(List)),
            6 => format!("(vector->list {})", e(Vector)),
            7 => format!("(string->list {})", e(Text)),
            8 => format!("(cdr {})", e(List)),
            9 => format!("`(a ,{} ,@{} z)", e(Int), e(List)),
            10 => format!("(for (x (iota 5)) (* x {}))", e(Int)),
            11 => format!("(keys {})", e(Dict)),
            12 => format!("(sort (filter real? {}) <)", e(List)),
            13 => format!(
                "(let ((t {})) (map (lambda (x y) (cons y x)) t (reverse t)))",
                e(List)
            ),
            14 => format!(
                "(read (open-input-string (call-with-output-string (lambda (p) (write {} p)))))",
                e(List)
            ),
            15 => format!(
                "(let ((seen '())) (for-each (lambda (x) (set! seen (cons x seen))) {}) seen)",
                e(List)
            ),
            16 => format!(
                "(let ((t {})) (if (pair? t) (set-car! t {})) t)",
                e(List),
                e(Int)
            ),
            17 => format!(
                "(let ((t (list-copy {}))) (if (pair? t) (list-set! t 0 {})) t)",
                e(List),
                e(List)
            ),
            18 => format!("(append! {} (keys {}))", e(List), e(Dict)),
            _ => format!("(match {} ((a . rest) rest) (_ {}))", e(List), e(List)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        use Type::{Int, List, Text};
        let mut e = |kind| self.expression(kind, depth);
        match e(Text).len() % 10 {
            0 => format!("(string-append {} {})", e(Text), e(Text)),
            1 => format!("(number->string {})", e(Int)),
            2 => format!("(string-upcase {})", e(Text)),
            3 => format!("(substring {} 0 1)", e(Text)),
            4 => format!(
                "(call-with-output-string (lambda (p) (write {} p)))",
                e(List)
            ),
            7 => format!("(string-repeat {} {})", e(Text), e(Int)),
            8 => format!("(number->string {} 16)", e(Int)),
            9 => format!("(symbol->string (string->symbol {}))", e(Text)),
            5 => format!("(list->string (reverse (string->list {})))", e(Text)),
            _ => format!("(string-join (map number->string (iota 3)) {})", e(Text)),
        }
    }

    fn vector(&mut self, depth: usize) -> String {
        use Type::{Function, Int, List, Vector};
        let mut e = |kind| self.expression(kind, depth);
        match e(Vector).len() % 6 {
            0 => format!("(vector {} {})", e(Int), e(List)),
            1 => format!("(vector-map {} (vector 1 2 3))", e(Function)),
            2 => format!("(list->vector {})", e(List)),
            3 => format!(
                "(let ((v (make-vector 3 {}))) (vector-set! v 1 {}) v)",
                e(Int),
                e(List)
            ),
            4 => format!("(vector-append {} {})", e(Vector), e(Vector)),
            _ => format!(
                "(let ((v (vector-copy {}))) (vector-fill! v {}) v)",
                e(Vector),
                e(Int)
            ),
        }
    }

    fn dict(&mut self, depth: usize) -> String {
        use Type::{Dict, Int, List, Text};
        let mut e = |kind| self.expression(kind, depth);
        match e(Dict).len() % 6 {
            0 => format!("(put {} {} {})", e(Dict), e(Int), e(List)),
            1 => format!("(put {} {} {})", e(Dict), e(Text), e(Int)),
            2 => format!("{{:a {} :b {}}}", e(Int), e(List)),
            3 => format!("(merge {} {})", e(Dict), e(Dict)),
            4 => format!("(without {} :a)", e(Dict)),
            _ => format!("(update {} :a (lambda (x) (list x)) {})", e(Dict), e(Int)),
        }
    }
}
