//! Data as programs see it: text, records, dicts, tables, bytes, ports, and how all of it is written. Every program runs twice, the second time
//! with a collection whenever memory is asked for.

mod common;

use common::evaluate_in;
use logos::job::{Run, Terms};
use logos::printer::write_limited;
use logos::vm::{Bounds, Profile, Vm};

/// Evaluates each text in one world; gives what differs from what is expected, an error being its kind and message.
fn differences(vm: &mut Vm, cases: &[(&str, &str)]) -> Vec<String> {
    let mut differences = Vec::new();
    for (text, expected) in cases {
        let shown = match evaluate_in(vm, text, Bounds::default(), 1_000_000).result {
            Ok(shown) => shown,
            Err((kind, message)) => format!("{kind} {message}"),
        };
        if &shown != expected {
            differences.push(format!("{text}\n  expected {expected}\n  got      {shown}"));
        }
    }
    differences
}

fn check(cases: &[(&str, &str)]) {
    let mut base = Vm::new(Profile::Node);
    let mut wrong = differences(&mut base.fork(), cases);
    let mut stressed = base.fork();
    stressed.set_stress(true);
    wrong.extend(
        differences(&mut stressed, cases)
            .into_iter()
            .map(|d| format!("stressed: {d}")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A label means the value it stands before, wherever it is referred to later.
#[test]
fn labels() {
    check(&[
        ("'((a #0=(1) 2) #0#)", "((a (1) 2) (1))"),
        ("'((#0=(1) 2) #0#)", "(((1) 2) (1))"),
        ("'(#0=#1=(1) #1# #0#)", "((1) (1) (1))"),
        ("'((x #0=(1)) a b c #0#)", "((x (1)) a b c (1))"),
        (
            "'((x #0=(1)) (y #1=(2)) #0# #1#)",
            "((x (1)) (y (2)) (1) (2))",
        ),
        ("'((x #0=5) y #0#)", "((x 5) y 5)"),
        ("'(#(#0=(1)) #0#)", "(#((1)) (1))"),
        (
            "(let ((x '((a #0=(1) 2) #0#))) (eq? (cadr (car x)) (cadr x)))",
            "#t",
        ),
        ("'{a #0=(1 2)}", "{a (1 2)}"),
        ("'({a #0=(1 2)} #0#)", "({a (1 2)} (1 2))"),
        ("'{#0=a #0#}", "{a a}"),
        ("'{k #0=(a) m #0#}", "{k (a) m (a)}"),
        (
            "'({#0=(1) #1=(2)} #0# #1# {#1# #0#})",
            "({(1) (2)} (1) (2) {(2) (1)})",
        ),
        ("'#0={k #0#}", "#0={k #0#}"),
        (
            "(let ((x '#0={k (1 #0#)})) (eq? x (cadr (get x 'k))))",
            "#t",
        ),
        (
            "'#0=(a {k #(#0#) m 2 z #0#})",
            "#0=(a {k #(#0#) m 2 z #0#})",
        ),
        (
            "'#0={#0# 1}",
            ":bad-syntax a dict cannot be a part of one of its own keys",
        ),
        (
            "'(1 #0=(a {(b #0#) 1}))",
            ":bad-syntax a dict cannot be a part of one of its own keys",
        ),
        (
            "(let* ((p (list 1)) (d {:a p}) (out (open-output-string))) (write-shared (list (list 'x p) p d) out) \
             (define text (get-output-string out)) (list text (read (open-input-string text))))",
            "(\"((x #0=(1)) #0# {:a #0#})\" ((x (1)) (1) {:a (1)}))",
        ),
    ]);
}

/// What `write-shared` writes of random data that share parts, and of cycles, is read back as the same.
#[test]
fn what_is_written_with_labels_is_read_back() {
    let program = "
        (define (any-part parts) (list-ref parts (random (length parts))))
        (define (grow parts)
          (let ((a (any-part parts)) (b (any-part parts)))
            (case (random 5)
              ((0) (cons a b))
              ((1) (list a 'x b))
              ((2) (vector a b a))
              ((3) {:a a :b b})
              (else (list a)))))
        (define (grown parts left)
          (if (= left 0) parts (grown (cons (grow parts) parts) (- left 1))))
        (define (text-of value)
          (let ((out (open-output-string)))
            (write-shared value out)
            (get-output-string out)))
        (let loop ((left 300) (wrong '()))
          (if (= left 0)
              wrong
              (let* ((ring (list 1 2))
                     (value (begin
                              (set-cdr! (cdr ring) (if (= 0 (random 2)) ring '()))
                              (grown (list ring (vector 'v) \"s\" 5) (random 12))))
                     (text (text-of value))
                     (again (text-of (read (open-input-string text)))))
                (loop (- left 1) (if (equal? text again) wrong (cons (list text again) wrong))))))";
    for is_stressed in [false, true] {
        let mut vm = Vm::new(Profile::Pure);
        vm.set_stress(is_stressed);
        let ended = evaluate_in(&mut vm, program, Bounds::default(), 1_000_000);
        assert_eq!(ended.result, Ok("()".to_string()));
    }
}

#[test]
fn strings() {
    check(&[
        ("(make-string 3 #\\x)", "\"xxx\""),
        ("(make-string 2 #\\λ)", "\"λλ\""),
        ("(string #\\a #\\λ #\\b)", "\"aλb\""),
        (
            "(list (string) (string-length \"\") (string-length \"aλ🍞\"))",
            "(\"\" 0 3)",
        ),
        (
            "(list (string-ref \"aλ🍞\" 2) (string-ref \"abc\" 0))",
            "(#\\🍞 #\\a)",
        ),
        (
            "(define s (string-copy \"hello\")) (string-set! s 1 #\\λ) (string-set! s 4 #\\!) s",
            "\"hλll!\"",
        ),
        (
            "(string-set! \"abc\" 0 #\\x)",
            ":wrong-argument `string-set!` cannot change a string written in the program; copy it first with `string-copy`:",
        ),
        (
            "(string-ref \"abc\" 3)",
            ":out-of-range `string-ref` needs a place from 0 to below 3, but got",
        ),
        (
            "(string-length 5)",
            ":wrong-argument `string-length` needs a string, but got",
        ),
        (
            "(list (substring \"hello\" 1 3) (substring \"hλllo\" 1) (substring \"abc\" 3 3))",
            "(\"el\" \"λllo\" \"\")",
        ),
        (
            "(substring \"abc\" 2 1)",
            ":out-of-range `substring` needs a place from 0 to below 2, but got",
        ),
        (
            "(list (string-append) (string-append \"ab\" \"cλ\" \"\" \"defghijklmnop\"))",
            "(\"\" \"abcλdefghijklmnop\")",
        ),
        (
            "(string-append \"a\" 'b)",
            ":wrong-argument `string-append` needs a string, but got",
        ),
        (
            "(list (string->list \"aλc\") (string->list \"abcd\" 1 3) (list->string '(#\\x #\\λ)))",
            "((#\\a #\\λ #\\c) (#\\b #\\c) \"xλ\")",
        ),
        (
            "(list->string '(1 2))",
            ":wrong-argument `list->string` needs a list of characters, but got",
        ),
        (
            "(list (string->vector \"ab\") (vector->string #(#\\a #\\b #\\λ) 1))",
            "(#(#\\a #\\b) \"bλ\")",
        ),
        (
            "(define s (make-string 10 #\\-)) (string-copy! s 2 \"hello world\" 6) (string-copy! s 1 s 2 9) s",
            "\"-world----\"",
        ),
        (
            "(define s (string-copy \"0123456789abcdefghij\")) (string-copy! s 3 s 0 17) s",
            "\"0120123456789abcdefg\"",
        ),
        (
            "(define s (string-copy \"0123456789abcdefghij\")) (string-copy! s 0 s 3) s",
            "\"3456789abcdefghijhij\"",
        ),
        (
            "(define s (make-string 3 #\\a)) (string-copy! s 1 \"λλ\") s",
            "\"aλλ\"",
        ),
        (
            "(string-copy! (make-string 2) 1 \"abc\")",
            ":out-of-range `string-copy!` has no room for so many characters from place",
        ),
        (
            "(define s (make-string 4 #\\a)) (string-fill! s #\\é 1 3) s",
            "\"aééa\"",
        ),
        (
            "(list (string-upcase \"Straße\") (string-downcase \"ΧΑΟΣ\") (string-foldcase \"Straße\"))",
            "(\"STRASSE\" \"χαος\" \"strasse\")",
        ),
        (
            "(list (string=? \"a\" \"a\" \"a\") (string=? \"a\" \"b\") (string<? \"a\" \"b\" \"c\") (string<? \"a\" \"aa\") (string>? \"b\" \"a\" \"a\") (string<=? \"a\" \"a\" \"b\") (string>=? \"b\" \"a\" \"a\"))",
            "(#t #f #t #t #f #t #t)",
        ),
        (
            "(list (string-ci=? \"Straße\" \"STRASSE\") (string-ci<? \"a\" \"B\") (string-ci>? \"a\" \"B\"))",
            "(#t #t #f)",
        ),
        (
            "(string=? \"a\" 'a)",
            ":wrong-argument `string=?` needs a string, but got",
        ),
        (
            "(list (string->utf8 \"aλ\") (utf8->string #u8(97 206 187)) (string->utf8 \"abc\" 1 2) (utf8->string #u8(97 98 99) 1))",
            "(#u8(97 206 187) \"aλ\" #u8(98) \"bc\")",
        ),
        (
            "(utf8->string #u8(255))",
            ":wrong-argument `utf8->string` needs bytes that are text in UTF-8, but got",
        ),
        ("(equal? (substring \"aλb\" 0 1) \"a\")", "#t"),
    ]);
}

#[test]
fn searching_and_editing() {
    check(&[
        (
            "(list (string-search \"lo\" \"hello\") (string-search \"x\" \"hello\") (string-search \"\" \"abc\") (string-search \"aab\" \"aaaaab\") (string-search \"l\" \"hello\" 3) (string-search \"abcabd\" \"abcabcabd\"))",
            "(3 #f 0 3 3 3)",
        ),
        (
            "(list (string-contains \"hello\" \"lo\") (string-contains \"aλb\" \"λ\"))",
            "(3 1)",
        ),
        (
            "(string-search (string-append (make-string 5000 #\\a) \"b\") (string-append (make-string 20000 #\\a) \"b\"))",
            "15000",
        ),
        (
            "(string-search \"ab\" (string-append (make-string 4097 #\\a) \"b\"))",
            "4096",
        ),
        (
            "(list (string-split \"a,b,,c\" #\\,) (string-split \" two  words \") (string-split \"a--b-c\" \"--\") (string-split \"\" #\\,) (string-split \"\") (string-split \"λ,é\" #\\,))",
            "((\"a\" \"b\" \"\" \"c\") (\"two\" \"words\") (\"a\" \"b-c\") (\"\") () (\"λ\" \"é\"))",
        ),
        (
            "(string-split \"abc\" \"\")",
            ":wrong-argument `string-split` needs a character or a string that is not empty as its separator, but got",
        ),
        (
            "(list (string-join '(\"a\" \"b\" \"c\")) (string-join '(\"a\" \"bλ\") \", \") (string-join '()) (string-join '(\"\" \"\") \"-\"))",
            "(\"a b c\" \"a, bλ\" \"\" \"-\")",
        ),
        (
            "(string-join '(\"a\" 5))",
            ":wrong-argument `string-join` needs a list of strings, but got",
        ),
        (
            "(list (string-trim \"  a b \") (string-trim-left \"  a \") (string-trim-right \" a  \") (string-trim \"xxaxx\" #\\x) (string-trim \"   \"))",
            "(\"a b \" \"a \" \" a\" \"axx\" \"\")",
        ),
        (
            "(list (string-pad-left \"7\" 3) (string-pad-left \"1234\" 3) (string-pad-right \"7\" 3 #\\.) (string-pad-right \"1234\" 3) (string-pad-left \"7\" 3 #\\λ))",
            "(\"  7\" \"234\" \"7..\" \"123\" \"λλ7\")",
        ),
        (
            "(list (string-reverse \"aλc\") (string-repeat \"ab\" 3) (string-repeat \"\" 1000000000000) (string-repeat \"a\" 0))",
            "(\"cλa\" \"ababab\" \"\" \"\")",
        ),
        (
            "(list (string-prefix? \"he\" \"hello\") (string-prefix? \"hello!\" \"hello\") (string-suffix? \"lo\" \"hello\") (string-suffix? \"\" \"\"))",
            "(#t #f #t #t)",
        ),
    ]);
}

#[test]
fn characters_and_symbols() {
    check(&[
        (
            "(list (char->integer #\\λ) (integer->char 955) (char-upcase #\\ß) (char-downcase #\\Σ) (char-foldcase #\\Σ) (digit-value #\\٣) (digit-value #\\a))",
            "(955 #\\λ #\\ß #\\σ #\\σ 3 #f)",
        ),
        (
            "(integer->char 55296)",
            ":wrong-argument `integer->char` needs the number of a character, up to 1114111 and not from 55296 to 57343, but got",
        ),
        (
            "(list (char<? #\\a #\\b #\\c) (char=? #\\a #\\a) (char-ci=? #\\a #\\A) (char>? #\\a #\\b) (char<=? #\\a #\\a) (char>=? #\\a #\\b))",
            "(#t #t #t #f #t #f)",
        ),
        (
            "(list (char-alphabetic? #\\λ) (char-numeric? #\\5) (char-whitespace? #\\space) (char-upper-case? #\\A) (char-lower-case? #\\A) (char? #\\a) (char? 1))",
            "(#t #t #t #t #f #t #f)",
        ),
        (
            "(char<? #\\a 1)",
            ":wrong-argument `char<?` needs a character, but got",
        ),
        (
            "(list (symbol->string 'abc) (string->symbol \"odd one\") (symbol? 'a) (symbol? :a) (keyword? :a) (keyword? 'a) (symbol=? 'a 'a 'a) (symbol=? 'a 'b))",
            "(\"abc\" |odd one| #t #t #t #f #t #f)",
        ),
        (
            "(list (keyword->string :abc) (string->keyword \"abc\") (symbol->keyword 'x) (keyword->symbol :x) (eq? (string->keyword \"q\") :q))",
            "(\"abc\" :abc :x x #t)",
        ),
        (
            "(let ((a (gensym)) (b (gensym))) (list (symbol? a) (eq? a b) (eq? a a)))",
            "(#t #f #t)",
        ),
        ("(gensym)", "g1"),
        ("(list (gensym \"x\") (gensym 'y))", "(x1 y2)"),
        (
            "(list (boolean? #f) (boolean? 0) (boolean=? #t #t) (boolean=? #t #f) (void? (void)) (eof-object) (eof-object? (eof-object)))",
            "(#t #f #t #f #t #<eof> #t)",
        ),
        (
            "(boolean=? 1 1)",
            ":wrong-argument `boolean=?` needs a boolean, but got",
        ),
        (
            "(memq 'r7rs (features))",
            "(r7rs exact-closed exact-complex ieee-float full-unicode ratios logos logos-0.1.0)",
        ),
    ]);
}

#[test]
fn records() {
    check(&[
        (
            "(define-record-type <point> (make-point x y) point? (x point-x) (y point-y set-point-y!)) (define p (make-point 1 2)) (set-point-y! p 'b) (list p (point-x p) (point-y p) (point? p) (point? 5))",
            "(#<point x: 1 y: b> 1 b #t #f)",
        ),
        (
            "(list make-point point-x <point>)",
            "(#<procedure make-point> #<procedure point-x> #<record-type point>)",
        ),
        (
            "(point-x 5)",
            ":wrong-argument `point-x` needs a record of type `point`, but got",
        ),
        (
            "(point-x)",
            ":wrong-count `point-x` takes 1 argument, but got 0 arguments",
        ),
        (
            "(make-point 1)",
            ":wrong-count `make-point` takes 2 arguments, but got 1 argument",
        ),
        (
            "(map point-x (list (make-point 1 2) (make-point 3 4)))",
            "(1 3)",
        ),
        ("(apply make-point '(1 2))", "#<point x: 1 y: 2>"),
        ("(procedure? point-x)", "#t"),
        (
            "(define-record-type thing (make-thing b) thing? (a thing-a) (b thing-b)) (make-thing 7)",
            "#<thing a: #f b: 7>",
        ),
        (
            "(list (equal? (make-point 1 2) (make-point 1 2)) (record? p) (record? 1))",
            "(#f #t #f)",
        ),
        (
            "(define-record-type point (make-point* x) other-point? (x x)) (point? (make-point* 1))",
            "#f",
        ),
        (
            "(define q (make-point 1 #f)) (set-point-y! q q) q",
            "#0=#<point x: 1 y: #0#>",
        ),
        (
            "(let loop ((i 0) (s 0)) (if (= i 1000) s (loop (+ i 1) (+ s (point-x (make-point i 0))))))",
            "499500",
        ),
    ]);
}

#[test]
fn dicts() {
    check(&[
        ("{:b 2 :a 1}", "{:a 1 :b 2}"),
        (
            "(define d {:name \"Ann\" :age (+ 1 9)}) (list d (get d :name) (get d :none) (get d :none 5) (:age d) (:none d 7) (dict? d) (dict? '()))",
            "({:age 10 :name \"Ann\"} \"Ann\" #f 5 10 7 #t #f)",
        ),
        (
            "(list (put d :age 11) d (without d :age) (without d :nothing) (size d) (has? d :age) (has? d 1))",
            "({:age 11 :name \"Ann\"} {:age 10 :name \"Ann\"} {:name \"Ann\"} {:age 10 :name \"Ann\"} 2 #t #f)",
        ),
        (
            "(list (keys d) (vals d) (dict->list d) (list->dict '((a . 1) (b . 2) (a . 3))))",
            "((:age :name) (10 \"Ann\") ((:age . 10) (:name . \"Ann\")) {a 3 b 2})",
        ),
        (
            "(list (merge {:a 1 :b 2} {:b 3 :c 4} {:c 5}) (merge) (merge {:a 1}) (dict) {})",
            "({:a 1 :b 3 :c 5} {} {:a 1} {} {})",
        ),
        (
            "(dict \"b\" 1 '(1 2) 2 5 3 #\\a 4 #t 5 #f 6 '() 7 'sym 8 #(1) 9 #u8(1) 10 {:x 1} 11 1.5 12 1/2 13)",
            "{#f 6 #t 5 () 7 1/2 13 1.5 12 5 3 #\\a 4 \"b\" 1 sym 8 (1 2) 2 #(1) 9 #u8(1) 10 {:x 1} 11}",
        ),
        (
            "(dict 1.0 'inexact 1 'exact -0.0 'minus 0 'zero 1e300 'big)",
            "{0 zero -0.0 minus 1 exact 1.0 inexact 1e300 big}",
        ),
        (
            "(keys (dict '(1 2) 1 '(1) 2 '(1 2 3) 3 '(0 9) 4 '(1 . 2) 5))",
            "((0 9) (1) (1 . 2) (1 2) (1 2 3))",
        ),
        (
            "(keys (dict \"b\" 1 \"a\" 2 \"\" 3 \"ab\" 4 \"λ\" 5 \"é\" 6))",
            "(\"\" \"a\" \"ab\" \"b\" \"é\" \"λ\")",
        ),
        (
            "(define k (list 1 2)) (define e (dict k 'x)) (set-car! k 9) (list (get e '(1 2)) (get e k))",
            "(x #f)",
        ),
        (
            "(set-car! (car (keys e)) 7)",
            ":wrong-argument `set-car!` cannot change a list written in the program; copy it first with `list-copy`:",
        ),
        (
            "(set-cdr! (cdr (car (car (dict->list e)))) 7)",
            ":wrong-argument `set-cdr!` cannot change a list written in the program; copy it first with `list-copy`:",
        ),
        (
            "(list (get e '(1 2)) (map (lambda (key) (set-car! key 7) key) (map list-copy (keys e))))",
            "(x ((7 2)))",
        ),
        (
            "(define s (string-copy \"abc\")) (define f (dict s 1)) (string-set! s 0 #\\x) (list (get f \"abc\") f)",
            "(1 {\"abc\" 1})",
        ),
        (
            "(string-set! (car (keys f)) 0 #\\x)",
            ":wrong-argument `string-set!` cannot change a string written in the program; copy it first with `string-copy`:",
        ),
        (
            "(put d car 1)",
            ":wrong-argument a key of a dict can only be data (no procedures, records or the like), but is",
        ),
        (
            "(put d (list 1 car) 1)",
            ":wrong-argument a key of a dict can only be data (no procedures, records or the like), but is",
        ),
        (
            "(define c (list 1 2)) (set-cdr! (cdr c) c) (put d c 1)",
            ":wrong-argument a key of a dict cannot contain itself, as does",
        ),
        ("(get (dict '(1 2 1 2) 5) c 'none)", "none"),
        (
            "(dict 1)",
            ":wrong-count `dict` takes keys and values in turn, but the last key has no value",
        ),
        ("(get 5 :a)", ":wrong-argument `get` needs a dict, but got"),
        ("(:a 5)", ":wrong-argument `:a` needs a dict, but got"),
        (
            "(list (equal? {:a 1 :b '(1)} {:b '(1) :a 1}) (equal? {:a 1} {:a 2}) (equal? {:a 1} {:b 1}) (equal? {} {}) (equal? {:a 1} {:a 1 :b 2}))",
            "(#t #f #f #t #f)",
        ),
        (
            "(define (fill n d) (if (= n 0) d (fill (- n 1) (put d (modulo (* n 7919) 1009) n)))) (define big (fill 400 {})) (list (size big) (has? big 1) (get big 0 0))",
            "(400 #t 0)",
        ),
        (
            "(define (ascending? l) (or (null? (cdr l)) (and (< (car l) (cadr l)) (ascending? (cdr l))))) (list (size big) (ascending? (keys big)) (car (%dict-entry big 0)) (= (car (%dict-entry big 399)) (car (reverse (keys big)))))",
            "(400 #t 1 #t)",
        ),
        (
            "(define (drain d ks) (if (null? ks) d (drain (without d (car ks)) (cdr ks)))) (drain big (keys big))",
            "{}",
        ),
        (
            "(let ((m (merge big {-1 'low 1 'one 5000 'high}))) (list (size m) (get m -1) (get m 1) (get m 5000) (car (keys m)) (get m 2) (equal? (merge {1 2} big) big)))",
            "(402 low one high -1 #f #t)",
        ),
        ("(equal? (list->dict (reverse (dict->list big))) big)", "#t"),
        (
            "(define shared (list 1)) (get (dict (list shared shared) 'found) '((1) (1)))",
            "found",
        ),
        (
            "(let ((v (vector 1))) (let ((d {:v v})) (vector-set! v 0 d) d))",
            "#0={:v #(#0#)}",
        ),
    ]);
}

#[test]
fn hash_tables() {
    check(&[
        (
            "(define t (make-hash-table)) (hash-table-set! t 'a 1) (hash-table-set! t \"b\" 2) (hash-table-set! t '(1 2) 3) (list (hash-table-ref/default t 'a 0) (hash-table-ref/default t (string #\\b) 0) (hash-table-ref/default t (list 1 2) 0) (hash-table-ref/default t 'c 'none) (hash-table-size t) t)",
            "(1 2 3 none 3 #<hash-table 3>)",
        ),
        (
            "(list (hash-table-keys t) (hash-table-values t) (hash-table->alist t))",
            "((a \"b\" (1 2)) (1 2 3) ((a . 1) (\"b\" . 2) ((1 2) . 3)))",
        ),
        (
            "(hash-table-delete! t \"b\") (hash-table-set! t 'a 9) (hash-table-set! t \"b\" 5) (list (hash-table->alist t) (hash-table-exists? t 'a) (hash-table-exists? t 'z))",
            "(((a . 9) ((1 2) . 3) (\"b\" . 5)) #t #f)",
        ),
        (
            "(define u (hash-table-copy t)) (hash-table-clear! t) (list (hash-table-size t) (hash-table-keys t) (hash-table-size u) (hash-table-ref/default u 'a 0))",
            "(0 () 3 9)",
        ),
        (
            "(define p (cons 1 2)) (define q (make-hash-table eq?)) (hash-table-set! q p 'found) (list (hash-table-ref/default q p 0) (hash-table-ref/default q (cons 1 2) 0) (hash-table-ref/default q car 0))",
            "(found 0 0)",
        ),
        (
            "(define objects (map (lambda (n) (list n)) '(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20))) (define q (make-hash-table eqv?)) (for-each (lambda (o) (hash-table-set! q o (car o))) objects) (define garbage (make-vector 100000 0)) (map (lambda (o) (hash-table-ref/default q o 'lost)) objects)",
            "(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)",
        ),
        (
            "(define q (make-hash-table)) (define-record-type point (make-point x) point? (x x)) (define a (make-point 1)) (define b (make-point 1)) (hash-table-set! q a 'a) (hash-table-set! q (list b) 'b) (list (hash-table-ref/default q a 0) (hash-table-ref/default q b 0) (hash-table-ref/default q (list b) 0) (hash-table-ref/default q (list a) 0))",
            "(a 0 b 0)",
        ),
        (
            "(define s (make-hash-table string=?)) (hash-table-set! s \"x\" 1) (list (hash-table-ref/default s (string #\\x) 0))",
            "(1)",
        ),
        (
            "(hash-table-set! s 'x 1)",
            ":wrong-argument this hash table needs a string as a key, but got",
        ),
        (
            "(make-hash-table <)",
            ":wrong-argument `make-hash-table` needs equal?, eqv?, eq?, string=? or string-ci=? to tell keys apart, but got",
        ),
        (
            "(hash-table->alist (hash-table-merge! (alist->hash-table '((a . 1) (b . 2) (a . 3))) (alist->hash-table '((b . 5) (c . 6)))))",
            "((a . 1) (b . 5) (c . 6))",
        ),
        (
            "(define n (make-hash-table)) (let loop ((i 0)) (if (< i 500) (begin (hash-table-set! n i (* i i)) (if (= 0 (modulo i 3)) (hash-table-delete! n (quotient i 2))) (loop (+ i 1))))) (list (hash-table-size n) (hash-table-ref/default n 499 0) (hash-table-ref/default n 0 'gone) (hash-table-ref/default n 248 'gone) (length (hash-table-keys n)))",
            "(333 249001 gone 61504 333)",
        ),
        (
            "(list (hash-table-ref/default (alist->hash-table '((1 . a) (1.0 . b) (1/2 . c) (100000000000000000000 . d) (1e300 . e))) 1.0 0) (hash-table-ref/default (alist->hash-table '((100000000000000000000 . d) (1e300 . e)) eqv?) (* 10000000000 10000000000) 0) (hash-table-ref/default (alist->hash-table '((1/2 . c)) eqv?) (/ 2 4) 0))",
            "(b d c)",
        ),
        (
            "(list (= (hash \"abc\") (hash (string #\\a #\\b #\\c))) (= (hash '(1 #(2 {:a 3}))) (hash (list 1 (vector 2 {:a 3})))) (< (hash 'x 10) 10) (= (hash-by-identity p) (hash-by-identity p)) (= (string-hash \"λ\") (string-hash (substring \"aλ\" 1))))",
            "(#t #t #t #t #t)",
        ),
        (
            "(hash-table-ref/default '() 1 2)",
            ":wrong-argument `hash-table-ref/default` needs a hash table, but got",
        ),
    ]);
}

#[test]
fn bytevectors() {
    check(&[
        (
            "(list (make-bytevector 3 7) (make-bytevector 2) (bytevector 1 2 255) (bytevector) (bytevector? #u8()) (bytevector? 1))",
            "(#u8(7 7 7) #u8(0 0) #u8(1 2 255) #u8() #t #f)",
        ),
        (
            "(define b (bytevector 1 2 3 4 5)) (bytevector-u8-set! b 0 9) (list (bytevector-u8-ref b 0) (bytevector-length b) (bytevector-copy b 1 3) (bytevector-append b #u8(6) #u8()))",
            "(9 5 #u8(2 3) #u8(9 2 3 4 5 6))",
        ),
        ("(bytevector-copy! b 1 b 0 4) b", "#u8(9 9 2 3 4)"),
        ("(bytevector-copy! b 0 #u8(1 2 3) 1) b", "#u8(2 3 2 3 4)"),
        ("(bytevector-fill! b 0 1 3) b", "#u8(2 0 0 3 4)"),
        (
            "(bytevector-copy! b 3 b)",
            ":out-of-range `bytevector-copy!` has no room for so many bytes from place",
        ),
        (
            "(bytevector 256)",
            ":wrong-argument `bytevector` needs a byte, a whole number from 0 to 255, but got",
        ),
        (
            "(bytevector-u8-ref b 5)",
            ":out-of-range `bytevector-u8-ref` needs a place from 0 to below 5, but got",
        ),
        (
            "(list (equal? #u8(1 2) (bytevector 1 2)) (equal? #u8(1 2) #u8(1 3)))",
            "(#t #f)",
        ),
    ]);
}

#[test]
fn ports() {
    check(&[
        (
            "(define i (open-input-string \"aλc\\nsecond\\r\\nlast\")) (list (peek-char i) (read-char i) (read-char i) (read-line i) (read-line i) (read-line i) (read-line i) (read-char i))",
            "(#\\a #\\a #\\λ \"c\" \"second\" \"last\" #<eof> #<eof>)",
        ),
        (
            "(define i (open-input-string \"hello world\")) (list (read-string 5 i) (read-string 100 i) (read-string 1 i) (char-ready? i))",
            "(\"hello\" \" world\" #<eof> #t)",
        ),
        (
            "(define o (open-output-string)) (write-char #\\a o) (write-string \"bλc\" o) (write-string \"hello\" o 1 3) (newline o) (write \"q\\\"\" o) (display \"q\\\"\" o) (write '(1 \"s\" #\\c sym) o) (display '(1 \"s\" #\\c sym) o) (get-output-string o)",
            "\"abλcel\\n\\\"q\\\\\\\"\\\"q\\\"(1 \\\"s\\\" #\\\\c sym)(1 s c sym)\"",
        ),
        (
            "(define o (open-output-string)) (let loop ((i 0)) (if (< i 300) (begin (write i o) (loop (+ i 1))))) (string-length (get-output-string o))",
            "790",
        ),
        (
            "(define o (open-output-string)) (parameterize ((current-output-port o)) (display \"in\") (write 'side)) (get-output-string o)",
            "\"inside\"",
        ),
        (
            "(define i (open-input-bytevector #u8(1 2 3 4 5))) (list (peek-u8 i) (read-u8 i) (read-bytevector 2 i) (u8-ready? i) (read-bytevector 9 i) (read-u8 i) (read-bytevector 1 i))",
            "(1 1 #u8(2 3) #t #u8(4 5) #<eof> #<eof>)",
        ),
        (
            "(define i (open-input-bytevector #u8(1 2 3))) (define b (make-bytevector 5 0)) (list (read-bytevector! b i 1 3) b (read-bytevector! b i) b (read-bytevector! b i))",
            "(2 #u8(3 1 2 0 0) 1 #u8(3 1 2 0 0) #<eof>)",
        ),
        (
            "(define o (open-output-bytevector)) (write-u8 7 o) (write-bytevector #u8(1 2 3) o) (write-bytevector #u8(1 2 3) o 1 2) (get-output-bytevector o)",
            "#u8(7 1 2 3 2)",
        ),
        (
            "(define i (open-input-string \"(1 . 2) abc \\\"x\\\" #;(no) :k {:a 1} 'q ; end\")) (list (read i) (read i) (read i) (read i) (read i) (read i) (read i) (read i))",
            "((1 . 2) abc \"x\" :k {:a 1} 'q #<eof> #<eof>)",
        ),
        (
            "(read (open-input-string \"(1 2\"))",
            ":bad-syntax the text ends inside a datum: The bracket `(` is not closed: a `)` is missing.",
        ),
        (
            "(guard (e ((read-error? e) 'read-error)) (read (open-input-string \")\")))",
            "read-error",
        ),
        (
            "(define i (open-input-string \"#!fold-case ABC DEF #!no-fold-case GHI\")) (list (read i) (read i) (read i))",
            "(abc def GHI)",
        ),
        (
            "(define text (string-append \"(\" (string-repeat \"abc \" 1000) \") tail\")) (define i (open-input-string text)) (list (length (read i)) (read i) (read i))",
            "(1000 tail #<eof>)",
        ),
        (
            "(define x (read (open-input-string \"#0=(1 2 . #0#)\"))) (eq? x (cddr x))",
            "#t",
        ),
        (
            "(define i (open-input-string \"x\")) (list (port? i) (input-port? i) (output-port? i) (textual-port? i) (binary-port? i) (input-port-open? i)) ",
            "(#t #t #f #t #f #t)",
        ),
        (
            "(close-port i) (list (input-port-open? i) i (port? 5))",
            "(#f #<input-port> #f)",
        ),
        (
            "(read-char i)",
            ":wrong-argument `read-char` cannot use a port that has been closed",
        ),
        (
            "(read-u8 (open-input-string \"x\"))",
            ":wrong-argument `read-u8` needs a port to read bytes from, but got",
        ),
        (
            "(write-char #\\a (open-input-string \"x\"))",
            ":wrong-argument `write-char` needs a port to write characters to, but got",
        ),
        (
            "(list (output-port? (current-output-port)) (flush-output-port))",
            "(#t #<void>)",
        ),
        (
            "(get-output-string (current-output-port))",
            ":wrong-argument `get-output-string` needs a port that `open-output-string` made, but got",
        ),
    ]);
}

/// What is written of a value, and what `write-shared`, `write-simple` and `display` write of it.
#[test]
fn written_forms() {
    check(&[
        (
            "(list 1 -1/2 1.5 +inf.0 -0.0 100000000000000000000 1e21)",
            "(1 -1/2 1.5 +inf.0 -0.0 100000000000000000000 1e21)",
        ),
        (
            "(list #\\a #\\space #\\newline #\\null #\\λ #\\x1)",
            "(#\\a #\\space #\\newline #\\null #\\λ #\\x1)",
        ),
        (
            "\"tab\\t nl\\n bell\\a quote\\\" back\\\\ \\x1; λ\"",
            "\"tab\\t nl\\n bell\\a quote\\\" back\\\\ \\x1; λ\"",
        ),
        (
            "(list '|a b| '|| 'λ '|1| '+ '... '|a\\|b| '|x\\ny| '|.|)",
            "(|a b| || λ |1| + ... |a\\|b| |x\\ny| |.|)",
        ),
        (
            "(list '() #t #f (void) (eof-object) car (lambda (x) x))",
            "(() #t #f #<void> #<eof> #<procedure car> #<procedure>)",
        ),
        ("(define (area r) r) area", "#<procedure area>"),
        ("'(1 (2 . 3) #(a #(b)) . 4)", "(1 (2 . 3) #(a #(b)) . 4)"),
        (
            "'(quote (quasiquote ((unquote a) (unquote-splicing b))))",
            "'`(,a ,@b)",
        ),
        (
            "(list '(quote) '(quote a b) '(quote . a))",
            "((quote) (quote a b) (quote . a))",
        ),
        (
            "(list (make-parameter 1) (current-error-port) (open-input-bytevector #u8()))",
            "(#<parameter> #<output-port> #<binary-input-port>)",
        ),
        (
            "(list (delay 1) (make-promise (list 1)))",
            "(#<promise delayed> #<promise (1)>)",
        ),
        (
            "(guard (e (#t e)) (error \"Bad thing:\" 1 '(2)))",
            "#<error :user \"Bad thing:\" (1 (2))>",
        ),
        ("(list (values 1 2) (values))", "(#<values 1 2> #<values>)"),
        (
            "(define x (list 1 2)) (set-cdr! (cdr x) x) (define v (vector x x 1)) (vector-set! v 2 v) v",
            "#0=#(#1=(1 2 . #1#) #1# #0#)",
        ),
        ("(define a (list 'a)) (list a a)", "((a) (a))"),
        (
            "(define (shown write) (let ((o (open-output-string))) (write (list a a (vector a)) o) (get-output-string o))) (list (shown write-shared) (shown write) (shown write-simple) (shown display))",
            "(\"(#0=(a) #0# #(#0#))\" \"((a) (a) #((a)))\" \"((a) (a) #((a)))\" \"((a) (a) #((a)))\")",
        ),
        (
            "(define q (list 'quote 'x)) (set-cdr! (cdr q) q) q",
            "#0=(quote x . #0#)",
        ),
        (
            "(define l (list 'quote (list 1))) (let ((o (open-output-string))) (write-shared (list (cdr l) l) o) (get-output-string o))",
            "\"(#0=((1)) (quote . #0#))\"",
        ),
        (
            "(define (rest-of n) (if (= n 0) '() (cons n (rest-of (- n 1))))) (define long (rest-of 300)) (set-cdr! (list-tail long 299) long) (string-length (%write-to-string long))",
            "1102",
        ),
        (
            "(list (list {:a \"x\"} #\\y) (%display-to-string (list {:a \"x\"} #\\y)))",
            "(({:a \"x\"} #\\y) \"({:a x} y)\")",
        ),
    ]);
}

#[test]
fn chance() {
    check(&[
        (
            "(define (draw n) (if (= n 0) '() (cons (random 6) (draw (- n 1))))) (define all (draw 200)) (list (apply max all) (apply min all))",
            "(5 0)",
        ),
        (
            "(list (random 1) (< -1 (random 100000000000000000000000) 100000000000000000000000) (exact? (random 10)) (< 0.0 (random) 1.0) (< 0.0 (random 2.5) 2.5))",
            "(0 #t #t #t #t)",
        ),
        (
            "(random 0)",
            ":wrong-argument `random` needs a number greater than 0, but got",
        ),
        (
            "(random -5)",
            ":wrong-argument `random` needs a number greater than 0, but got",
        ),
    ]);
}

#[test]
fn equality_of_graphs() {
    check(&[
        (
            "(define a (list 1 2)) (set-cdr! (cdr a) a) (define b (list 1 2 1 2)) (set-cdr! (cdr (cdr (cdr b))) b) (equal? a b)",
            "#t",
        ),
        (
            "(define (tower n) (if (= n 0) '() (let ((below (tower (- n 1)))) (cons below below)))) (equal? (tower 60) (tower 60))",
            "#t",
        ),
        (
            "(define v (make-vector 3 0)) (vector-fill! v v) (define w (make-vector 3 0)) (vector-fill! w w) (list (equal? v w) (equal? v (vector v v)))",
            "(#t #f)",
        ),
        (
            "(define (ring n) (let ((l (make-list n 1))) (set-cdr! (list-tail l (- n 1)) l) l)) (equal? (ring 1009) (ring 1013))",
            "#t",
        ),
    ]);
}

/// What a thunk gives as a job in a world of its own.
fn job(definitions: &str, thunk: &str) -> String {
    let mut vm = Vm::new(Profile::Node);
    let text = format!("{definitions} {thunk}");
    let made = evaluate_in(&mut vm, &text, Bounds::default(), u64::MAX);
    assert!(made.result.is_ok(), "{text}: {made:?}");
    let thunk = vm.result();
    let program = vm
        .encode(thunk, false, 1 << 20)
        .expect("the thunk can be sent");
    let mut run = Run::new(&program, Terms::default());
    let outcome = loop {
        if let Some(outcome) = run.run(1_000_000) {
            break outcome;
        }
    };
    let value = vm
        .decode(&outcome.bytes)
        .expect("an outcome is an encoding");
    write_limited(&vm.machine, value)
}

#[test]
fn data_travels() {
    check(&[
        (
            "(define d {:a '(1 2) \"b\" {1.5 #(x)} '(k 1) #u8(1 2)}) (list (equal? (%decode (%encode d)) d) (%decode (%encode d)))",
            "(#t {\"b\" {1.5 #(x)} :a (1 2) (k 1) #u8(1 2)})",
        ),
        ("(%decode (%encode {}))", "{}"),
    ]);
    let point =
        "(define-record-type point (make-point x y) point? (x point-x) (y point-y set-point-y!))";
    assert_eq!(
        job(
            point,
            "(lambda () (let ((p (make-point 1 2))) (set-point-y! p 5) (list (point-x p) (point-y p) (point? p) (point? 1))))"
        ),
        "(done (1 5 #t #f) \"\")"
    );
    assert_eq!(
        job(point, "(lambda () (display (make-point 1 '(2))))"),
        "(done #<void> \"#<point x: 1 y: (2)>\")"
    );
    assert_eq!(
        job(
            "",
            "(lambda () (list (random 100) (random 100) (random 1000000000000000000000)))"
        ),
        job(
            "",
            "(lambda () (list (random 100) (random 100) (random 1000000000000000000000)))"
        ),
    );
}
