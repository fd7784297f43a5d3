//! The part of the language that is written in Logos, as a user sees it: values, and the messages for mistakes.

// The tests of the examples read files; the language does not.
#![allow(clippy::disallowed_methods)]

use logos::syntax::{Datum, Span, Syntax};
use logos::vm::{Answer, Bounds, Profile, Status, Vm};
use std::path::Path;

/// Evaluates a text in the world and gives its value as `write` prints it, or the error's kind and message.
fn evaluate(vm: &mut Vm, text: &str) -> String {
    vm.begin("test", text, Bounds::default());
    loop {
        match vm.run(1_000_000) {
            Status::Yield => {}
            Status::Done => return logos::printer::write_limited(&vm.machine, vm.result()),
            Status::Idle => return "idle".to_string(),
            Status::Failed => {
                let condition = vm.condition().expect("a failed evaluation has a condition");
                let mut shown = format!("{} {}", condition.kind, condition.message);
                for irritant in &condition.irritants {
                    shown.push(' ');
                    shown.push_str(irritant);
                }
                return shown;
            }
        }
    }
}

/// Checks pairs of a text and what it gives, one after another in one world.
fn check(cases: &[(&str, &str)]) {
    let mut vm = Vm::new(Profile::Node);
    let mut stressed = vm.fork();
    stressed.set_stress(true);
    for (text, expected) in cases {
        assert_eq!(&evaluate(&mut vm, text), expected, "{text}");
        // A collection at every request takes time: only where little is asked for.
        if vm.machine.fuel_used() < 20_000 {
            assert_eq!(&evaluate(&mut stressed, text), expected, "stressed: {text}");
        }
    }
}

#[test]
fn parts_of_lists() {
    check(&[
        ("(cadr '(1 2 3))", "2"),
        ("(cddddr '(1 2 3 4 5))", "(5)"),
        ("(caadar '((1 (2 3))))", "2"),
        (
            "(map (lambda (f) (f '(1 2 3 4 5))) (list first second third fourth fifth))",
            "(1 2 3 4 5)",
        ),
        ("(last '(1 2 3))", "3"),
        ("(last-pair '(1 2 . 3))", "(2 . 3)"),
        ("(take '(a b c) 2)", "(a b)"),
        ("(drop '(a b c) 2)", "(c)"),
        ("(take-right '(a b c) 2)", "(b c)"),
        ("(drop-right '(a b c) 2)", "(a)"),
        (
            "(call-with-values (lambda () (split-at '(a b c) 1)) list)",
            "((a) (b c))",
        ),
        ("(take-while even? '(2 4 5 6))", "(2 4)"),
        ("(drop-while even? '(2 4 5 6))", "(5 6)"),
        (
            "(call-with-values (lambda () (span even? '(2 4 5 6))) list)",
            "((2 4) (5 6))",
        ),
        (
            "(call-with-values (lambda () (break odd? '(2 4 5 6))) list)",
            "((2 4) (5 6))",
        ),
        (
            "(let ((ls (list 'one 'two 'five!))) (list-set! ls 2 'three) ls)",
            "(one two three)",
        ),
    ]);
}

#[test]
fn making_lists() {
    check(&[
        ("(iota 5)", "(0 1 2 3 4)"),
        ("(iota 3 1)", "(1 2 3)"),
        ("(iota 3 1 1/2)", "(1 3/2 2)"),
        ("(range 4)", "(0 1 2 3)"),
        ("(range 2 5)", "(2 3 4)"),
        ("(range 10 0 -3)", "(10 7 4 1)"),
        ("(range 5 2)", "()"),
        ("(list-tabulate 4 (lambda (i) (* i i)))", "(0 1 4 9)"),
        (
            "(unfold (lambda (x) (> x 5)) (lambda (x) (* x x)) (lambda (x) (+ x 1)) 1)",
            "(1 4 9 16 25)",
        ),
        (
            "(unfold-right zero? (lambda (x) (* x x)) (lambda (x) (- x 1)) 5)",
            "(1 4 9 16 25)",
        ),
        ("(append! (list 1 2) '() (list 3) (list 4))", "(1 2 3 4)"),
        ("(append!)", "()"),
        (
            "(append! '(1 2) (list 3))",
            ":wrong-argument `append!` cannot change a list written in the program; copy it first with `list-copy`: (2)",
        ),
        ("(append-reverse '(3 2 1) '(4 5))", "(1 2 3 4 5)"),
        ("(concatenate '((1) () (2 3)))", "(1 2 3)"),
        ("(flatten '(1 (2 (3 ()) 4) ((5))))", "(1 2 3 4 5)"),
        (
            "(zip '(one two three) '(1 2 3))",
            "((one 1) (two 2) (three 3))",
        ),
        ("(unzip '((one 1) (two 2)))", "((one two) (1 2))"),
    ]);
}

#[test]
fn going_over_lists() {
    check(&[
        ("(map cadr '((a b) (d e) (g h)))", "(b e h)"),
        (
            "(map (lambda (n) (expt n n)) '(1 2 3 4 5))",
            "(1 4 27 256 3125)",
        ),
        ("(map + '(1 2 3) '(4 5 6))", "(5 7 9)"),
        ("(map + '(1 2 3) '(4 5))", "(5 7)"),
        ("(map + '(1 2 3) '(4 5) '(10 20 30))", "(15 27)"),
        (
            "(let ((count 0)) (map (lambda (ignored) (set! count (+ count 1)) count) '(a b)))",
            "(1 2)",
        ),
        (
            "(let ((v (make-vector 5))) (for-each (lambda (i) (vector-set! v i (* i i))) '(0 1 2 3 4)) (vector->list v))",
            "(0 1 4 9 16)",
        ),
        (
            "(let ((all '())) (for-each (lambda (a b) (set! all (cons (list a b) all))) '(1 2) '(3 4)) all)",
            "((2 4) (1 3))",
        ),
        ("(fold cons* '() '(a b c) '(1 2 3))", "(c 3 b 2 a 1)"),
        ("(fold + 0 '(1 2 3))", "6"),
        ("(fold cons '() '(1 2 3))", "(3 2 1)"),
        ("(fold + 0 #(1 2 3))", "6"),
        ("(fold-left list '() '(1 2 3))", "(((() 1) 2) 3)"),
        ("(fold-right cons '() '(1 2 3))", "(1 2 3)"),
        ("(fold-right list 'end '(1 2) '(3 4))", "(1 3 (2 4 end))"),
        ("(reduce max 0 '(3 9 2))", "9"),
        ("(reduce - 0 '(1 2 3 4))", "2"),
        ("(reduce + 0 '())", "0"),
        ("(reduce-right append '() '((1) (2) (3)))", "(1 2 3)"),
        (
            "(append-map (lambda (x) (list x (- x))) '(1 3 8))",
            "(1 -1 3 -3 8 -8)",
        ),
        (
            "(filter-map (lambda (x) (and (number? x) (* x x))) '(a 1 b 3 c 7))",
            "(1 9 49)",
        ),
        ("(filter even? '(0 7 8 8 43 -4))", "(0 8 8 -4)"),
        ("(vector->list (filter even? #(1 2 3 4)))", "(2 4)"),
        ("(remove even? '(0 7 8 8 43 -4))", "(7 43)"),
        (
            "(call-with-values (lambda () (partition (lambda (x) (not (number? x))) '(one 2 3 four five 6))) list)",
            "((one four five) (2 3 6))",
        ),
        ("(delete 3 '(1 3 2 3))", "(1 2)"),
        ("(delete-duplicates '(1 2 1 3 2) =)", "(1 2 3)"),
        (
            "(any (lambda (x) (and (even? x) (* x x))) '(1 3 4 6))",
            "16",
        ),
        ("(any < '(3 1 4) '(2 7 1))", "#t"),
        ("(any even? '())", "#f"),
        ("(every (lambda (x) (and (even? x) (* x x))) '(2 4))", "16"),
        ("(every < '(3 1) '(2 7))", "#f"),
        ("(every even? '())", "#t"),
        ("(count even? '(1 2 4))", "2"),
        ("(count < '(1 2 4) '(2 1 5))", "2"),
        ("(find even? '(3 1 4 1 5 9))", "4"),
        ("(find-tail even? '(3 1 37 -8 -5 0 0))", "(-8 -5 0 0)"),
        ("(list-index even? '(3 1 4 1 5 9))", "2"),
        ("(list-index = '(3 1 4) '(2 7 4))", "2"),
    ]);
}

#[test]
fn the_rest_of_srfi_1() {
    check(&[
        ("(xcons '(b c) 'a)", "(a b c)"),
        (
            "(map (lambda (f) (f '(1 2 3 4 5 6 7 8 9 10))) (list sixth seventh eighth ninth tenth))",
            "(6 7 8 9 10)",
        ),
        (
            "(tenth '(1 2))",
            ":out-of-range `tenth` needs a list of at least 10, but got (1 2)",
        ),
        (
            "(call-with-values (lambda () (car+cdr '(1 . 2))) list)",
            "(1 2)",
        ),
        ("(define ring (circular-list 'a 'b 'c))", "#<void>"),
        ("(take ring 7)", "(a b c a b c a)"),
        ("(list (length+ '(1 2)) (length+ ring))", "(2 #f)"),
        (
            "(length+ '(1 . 2))",
            ":wrong-argument `length+` needs a list, but got (1 . 2)",
        ),
        (
            "(map (lambda (x) (list (proper-list? x) (circular-list? x) (dotted-list? x))) (list '() '(1 2) ring '(1 . 2) '(1 2 . 3) 5))",
            "((#t #f #f) (#t #f #f) (#f #t #f) (#f #f #t) (#f #f #t) (#f #f #t))",
        ),
        (
            "(list (not-pair? 1) (not-pair? '(1)) (null-list? '()) (null-list? ring))",
            "(#t #f #t #f)",
        ),
        (
            "(null-list? 5)",
            ":wrong-argument `null-list?` needs a list, but got 5",
        ),
        ("(pair-fold cons '() '(a b c))", "((c) (b c) (a b c))"),
        (
            "(pair-fold (lambda (p tail) (set-cdr! p tail) p) '() (list 1 2 3))",
            "(3 2 1)",
        ),
        ("(pair-fold-right cons '() '(a b c))", "((a b c) (b c) (c))"),
        (
            "(pair-fold list 0 '(1 2) '(3 4))",
            "((2) (4) ((1 2) (3 4) 0))",
        ),
        (
            "(let ((all '())) (pair-for-each (lambda (p) (set! all (cons p all)) (set-cdr! p '())) (list 1 2 3)) all)",
            "((3) (2) (1))",
        ),
        ("(unzip1 '((1 a) (2 b)))", "(1 2)"),
        (
            "(call-with-values (lambda () (unzip2 '((1 one) (2 two) (3 three)))) list)",
            "((1 2 3) (one two three))",
        ),
        (
            "(call-with-values (lambda () (unzip3 '((1 2 3) (4 5 6)))) list)",
            "((1 4) (2 5) (3 6))",
        ),
        (
            "(call-with-values (lambda () (unzip5 '((1 2 3 4 5) (a b c d e)))) list)",
            "((1 a) (2 b) (3 c) (4 d) (5 e))",
        ),
        (
            "(receive (a . rest) (call-with-values (lambda () (unzip4 '((1 2 3 4)))) list) (list a rest))",
            "(((1) (2) (3) (4)) ())",
        ),
        ("(receive all (values 1 2) all)", "(1 2)"),
        // A procedure that takes nothing at all has nothing to tell of itself.
        (
            "(define none (case-lambda)) (list (doc none) (source none) (tests none) (check none))",
            "(#f #f () {:failed () :passed 0})",
        ),
        (
            "(map (lambda (lists) (apply list= eqv? lists)) '(() ((1)) ((1 2) (1 2)) ((1 2) (1 2) (1 2 3)) ((1 2) (1 3))))",
            "(#t #t #t #f #f)",
        ),
        (
            "(list (lset<= eq? '(a) '(a b a) '(a b c c)) (lset<= eq?) (lset<= eq? '(a) '(b)) (lset= eq? '(b e a) '(a e b) '(e e b a)) (lset= eq? '(a) '(a b)))",
            "(#t #t #f #t #f)",
        ),
        // What is compared comes in the order of the lists.
        ("(lset= (lambda (a b) (= a (- b))) '(1 2) '(-2 -1))", "#t"),
        ("(lset-xor eq? '(a b c d e) '(a e i o u))", "(u o i b c d)"),
        ("(lset-xor eq? '(a) '(a) '(a))", "(a)"),
        (
            "(list (lset-xor eq?) (lset-xor eq? '(a b c d e)))",
            "(() (a b c d e))",
        ),
        (
            "(call-with-values (lambda () (lset-diff+intersection eq? '(a b c d) '(b) '(d e))) list)",
            "((a c) (b d))",
        ),
    ]);
}

#[test]
fn what_may_change_its_lists() {
    check(&[
        (
            "(list (take! (list 1 2 3) 2) (drop-right! (list 1 2 3) 2) (take-while! odd? (list 1 3 4)) (reverse! (list 1 2)) (append-reverse! (list 2 1) '(3)))",
            "((1 2) (1) (1 3) (2 1) (1 2 3))",
        ),
        (
            "(map (lambda (thunk) (call-with-values thunk list)) (list (lambda () (split-at! (list 1 2 3) 1)) (lambda () (span! odd? (list 1 2 3))) (lambda () (break! even? (list 1 2 3))) (lambda () (partition! odd? (list 1 2 3)))))",
            "(((1) (2 3)) ((1) (2 3)) ((1) (2 3)) ((1 3) (2)))",
        ),
        (
            "(list (map! - (list 1 2)) (map! + (list 1 2) '(10 20 30)) (append-map! list (list 1 2) '(3 4)) (concatenate! (list (list 1) (list 2))))",
            "((-1 -2) (11 22) (1 3 2 4) (1 2))",
        ),
        (
            "(list (filter! odd? (list 1 2 3)) (remove! odd? (list 1 2 3)) (delete! 2 (list 1 2 3)) (delete! 2 (list 1 2 3) <) (delete-duplicates! (list 1 2 1)) (alist-delete! 'a (list (cons 'a 1) (cons 'b 2))))",
            "((1 3) (2) (1 3) (1 2) (1 2) ((b . 2)))",
        ),
        (
            "(list (lset-union! eq? (list 'a) '(b)) (lset-intersection! eq? (list 'a 'b) '(b)) (lset-difference! eq? (list 'a 'b) '(b)) (lset-xor! eq? (list 'a 'b) '(b c)))",
            "((b a) (b) (a) (c a))",
        ),
        (
            "(list (any even? '(1 2 . x)) (every even? '(1 . x)) (find even? '(1 2 . x)))",
            "(#t #f 2)",
        ),
        (
            "(any even? '(1 3 . x))",
            ":wrong-argument `any` needs a list, but got (1 3 . x)",
        ),
        (
            "(every odd? '(1 3 . x))",
            ":wrong-argument `every` needs a list, but got (1 3 . x)",
        ),
        (
            "(find even? '(1 3 . x))",
            ":wrong-argument `find` needs a list, but got (1 3 . x)",
        ),
        (
            "(count even? '(1 2 . x))",
            ":wrong-argument `count` needs a list, but got (1 2 . x)",
        ),
        (
            "(filter! odd? '(1 . 2))",
            ":wrong-argument `filter!` needs a list, but got (1 . 2)",
        ),
        (
            "(let ((ring (circular-list 1 2))) (map! - ring) 1)",
            ":wrong-argument `map!` needs a list, but got #0=(1 2 . #0#)",
        ),
        (
            "(take! '(1) 2)",
            ":out-of-range `take!` needs a list of at least 2, but got (1)",
        ),
    ]);
}

#[test]
fn the_rest_of_srfi_13() {
    check(&[
        ("(list (string-null? \"\") (string-null? \"a\"))", "(#t #f)"),
        (
            "(list (string-take \"abcde\" 2) (string-drop \"abcde\" 2) (string-take-right \"abcde\" 2) (string-drop-right \"abcde\" 2))",
            r#"("ab" "cde" "de" "abc")"#,
        ),
        (
            "(string-take-right \"abc\" 4)",
            ":out-of-range `string-take-right` needs a place from 0 to below 4, but got 4",
        ),
        (
            "(list (string-pad \"325\" 5) (string-pad \"71325\" 5) (string-pad \"8871325\" 5) (string-pad \"7\" 3 #\\0) (string-pad \"abcd\" 3 #\\- 1 3))",
            r#"("  325" "71325" "71325" "007" "-bc")"#,
        ),
        (
            "(list (string-trim-both \" a b \") (string-trim-both \"xxaxx\" #\\x) (string-trim-both \"12a34\" char-numeric?) (string-trim-both \" a \" #\\space 1) (string-trim-both \"   \"))",
            r#"("a b" "a" "a" "a" "")"#,
        ),
        (
            "(list (string-skip \"aab\" #\\a) (string-skip \"aa\" #\\a) (string-skip \"aaba\" char-alphabetic? 1 3) (string-skip-right \"abb\" #\\b) (string-skip-right \"bb\" #\\b) (string-skip-right \"abb\" #\\b 0 1))",
            "(2 #f #f 0 #f 0)",
        ),
        (
            "(list (string-index \"abcab\" #\\a 1) (string-index \"abcab\" #\\a 1 3) (string-index-right \"abcab\" #\\a) (string-index-right \"abcab\" #\\a 0 3) (string-count \"abcab\" #\\a 1))",
            "(3 #f 3 0 1)",
        ),
        (
            "(list (string-any #\\a \"abc\" 1) (string-every #\\a \"aab\" 0 2) (string-filter #\\a \"aabaa\" 1) (string-delete #\\a \"abab\" 0 2) (string-fold cons '() \"abc\" 1) (string-fold-right cons '() \"abc\" 0 2))",
            r#"(#f #t "aaa" "b" (#\c #\b) (#\a #\b))"#,
        ),
        ("(string-concatenate '(\"ab\" \"\" \"c\"))", "\"abc\""),
        (
            "(string-concatenate '(\"ab\" 5))",
            ":wrong-argument `string-concatenate` needs a list of strings, but got 5",
        ),
        (
            "(list (string-contains-ci \"eek -- what a geek.\" \"EE\" 12 18) (string-contains-ci \"ΣΑΣ\" \"ας\") (string-contains-ci \"ab\" \"x\") (string-contains-ci \"abc\" \"xC\" 0 3 1 2))",
            "(15 1 #f 2)",
        ),
        (
            "(list (string-titlecase \"--capitalize tHIS sentence.\") (string-titlecase \"ǆ 3x ǉx\") (string-titlecase \"see Spot run\" 4 8))",
            r#"("--Capitalize This Sentence." "ǅ 3X ǈx" "Spot")"#,
        ),
        (
            "(list (string-replace \"It's easy.\" \"lots of fun to code up\" 5 9) (string-replace \"abc\" \"xyz\" 1 1 1 2))",
            r#"("It's lots of fun to code up." "aybc")"#,
        ),
        (
            "(list (string-tokenize \"  Help make programs run, run, RUN! \") (string-tokenize \"a1b22c\" char-alphabetic?) (string-tokenize \"aabca\" #\\a 1 4) (string-tokenize \"\"))",
            r#"(("Help" "make" "programs" "run," "run," "RUN!") ("a" "b" "c") ("a") ())"#,
        ),
        (
            "(list (string-unfold null? car cdr '(#\\a #\\b)) (string-unfold null? car cdr '(#\\a) \"<\" (lambda (seed) \">\")) (string-unfold-right null? car cdr '(#\\a #\\b) \">\" (lambda (seed) \"<\")))",
            r#"("ab" "<a>" "<ba>")"#,
        ),
        (
            "(string-unfold null? car cdr '(1))",
            ":wrong-argument `string-unfold` needs a procedure that gives characters, but got 1",
        ),
        (
            "(string-replace \"abc\" \"\" 2 1)",
            ":out-of-range `string-replace` needs a place from 0 to below 2, but got 2",
        ),
    ]);
}

#[test]
fn what_compares_strings_by_srfi_13() {
    check(&[
        (
            "(list (string= \"abc\" \"abc\") (string= \"xabc\" \"abc\" 1) (string= \"abcx\" \"yabcz\" 0 3 1 4) (string<> \"a\" \"b\"))",
            "(#t #t #t #t)",
        ),
        (
            "(list (string< \"abc\" \"abd\") (string> \"abc\" \"abd\") (string<= \"a\" \"a\") (string>= \"a\" \"b\") (string< \"zab\" \"ac\" 1))",
            "(#t #f #t #f #t)",
        ),
        (
            "(list (string-ci= \"aBc\" \"AbC\") (string-ci<> \"a\" \"A\") (string-ci< \"a\" \"B\") (string-ci> \"a\" \"B\") (string-ci<= \"A\" \"a\") (string-ci>= \"a\" \"B\"))",
            "(#t #f #t #f #t #f)",
        ),
        (
            "(string= \"abc\" 5)",
            ":wrong-argument `string=` needs a string, but got 5",
        ),
        (
            "(list (string-compare \"abc\" \"abd\" list vector +) (string-compare \"abc\" \"abc\" list - vector) (string-compare \"zb\" \"za\" - - list 1 2 1 2) (string-compare-ci \"AB\" \"abc\" list - -))",
            "((2) -3 (1) (2))",
        ),
        (
            "(list (string-prefix-length \"cancan\" \"candy\") (string-suffix-length \"place\" \"preface\") (string-prefix-length-ci \"ABc\" \"abd\") (string-suffix-length-ci \"xAB\" \"yab\"))",
            "(3 3 2 2)",
        ),
        (
            "(list (string-prefix? \"xab\" \"yabc\" 1 3 1) (string-suffix? \"bcx\" \"abcy\" 0 2 0 3) (string-prefix-ci? \"AB\" \"abc\") (string-suffix-ci? \"BC\" \"abc\") (string-prefix-ci? \"abc\" \"ab\"))",
            "(#t #t #t #t #f)",
        ),
        (
            "(list (string-contains \"eek -- what a geek.\" \"ee\" 12 18) (string-contains \"abcab\" \"xab\" 1 5 1) (= (string-hash \"ab\" 100) (string-hash \"xaby\" 100 1 3)) (= (string-hash-ci \"AB\") (string-hash-ci \"ab\")))",
            "(15 3 #t #t)",
        ),
    ]);
}

#[test]
fn what_makes_and_changes_strings_by_srfi_13() {
    check(&[
        (
            "(list (string-trim \" a \") (string-trim-right \" a \") (string-trim \"xxax\" #\\x) (string-trim-right \"a12\" char-numeric?) (string-trim \"  a  \" #\\space 1 4) (string-trim-left \" a \"))",
            r#"("a " " a" "ax" "a" "a " "a ")"#,
        ),
        (
            "(list (string-join '(\"foo\" \"bar\") \":\") (string-join '(\"foo\" \"bar\") \":\" 'suffix) (string-join '(\"foo\" \"bar\") \":\" 'prefix) (string-join '(\"a\" \"b\")) (string-join '() \":\" 'suffix) (string-join '() \":\" 'prefix) (string-join '() \":\" 'infix))",
            r#"("foo:bar" "foo:bar:" ":foo:bar" "a b" "" "" "")"#,
        ),
        (
            "(string-join '() \":\" 'strict-infix)",
            ":wrong-argument `string-join` needs a list of at least one string, but got ()",
        ),
        (
            "(string-join '() \":\" 'between)",
            ":wrong-argument `string-join` needs one of the words infix, strict-infix, prefix and suffix, but got between",
        ),
        (
            "(string-join '(\"a\" b) \":\")",
            ":wrong-argument `string-join` needs a list of strings, but got b",
        ),
        (
            "(list (string-reverse \"abcd\" 1) (string-reverse \"abcd\" 1 3) (string-upcase \"abc\" 1) (string-downcase \"ABC\" 0 2) (string-pad-right \"abcde\" 3 #\\- 3) (string-pad-right \"abcde\" 3 #\\- 1))",
            r#"("dcb" "cb" "BC" "ab" "de-" "bcd")"#,
        ),
        (
            "(define (changed f) (let ((s (string-copy \"hello WORLD\"))) (f s) s)) \
             (list (changed string-upcase!) (changed (lambda (s) (string-downcase! s 6))) (changed string-titlecase!) (changed string-reverse!) (changed (lambda (s) (string-reverse! s 0 5))) (changed (lambda (s) (string-map! char-upcase s 0 1))))",
            r#"("HELLO WORLD" "hello world" "Hello World" "DLROW olleh" "olleh WORLD" "Hello WORLD")"#,
        ),
        (
            "(string-upcase! \"abc\")",
            ":wrong-argument `string-upcase!` cannot change a string written in the program; copy it first with `string-copy`: \"abc\"",
        ),
        (
            "(string-map! (lambda (c) 1) (string #\\a))",
            ":wrong-argument `string-map!` needs a procedure that gives characters, but got 1",
        ),
        (
            "(list (reverse-list->string '(#\\a #\\b)) (substring/shared \"abc\" 1) (substring/shared \"abc\" 1 2) (string-append/shared \"a\" \"b\") (string-append/shared) (string-concatenate/shared '(\"a\" \"b\")))",
            r#"("ba" "bc" "b" "ab" "" "ab")"#,
        ),
        (
            "(list (string-concatenate-reverse '(\" must be\" \"Hello, I\") \" going.XXXX\" 7) (string-concatenate-reverse '(\"a\" \"b\")) (string-concatenate-reverse/shared '(\"a\" \"b\") \"c\"))",
            r#"("Hello, I must be going." "ba" "bac")"#,
        ),
        (
            "(list (xsubstring \"abcdef\" 2) (xsubstring \"abcdef\" -2) (xsubstring \"abc\" 0 7) (xsubstring \"abc\" 4) (xsubstring \"xabcx\" 1 3 1 4) (xsubstring \"\" 0 0))",
            r#"("cdefab" "efabcd" "abcabca" "bca" "bc" "")"#,
        ),
        (
            "(let ((s (make-string 5 #\\-))) (string-xcopy! s 1 \"ab\" 1 4) s)",
            r#""-bab-""#,
        ),
        (
            "(let ((places '())) (string-for-each-index (lambda (place) (set! places (cons place places))) \"abcd\" 1 3) places)",
            "(2 1)",
        ),
        (
            "(xsubstring \"\" 0 1)",
            ":wrong-argument `xsubstring` needs a string that is not empty, but got \"\"",
        ),
    ]);
}

#[test]
fn hash_tables_tell_how_they_tell_keys_apart() {
    check(&[
        (
            "(map hash-table-equivalence-function (list (make-hash-table) (make-hash-table eq?) (make-hash-table eqv?) (make-hash-table string=?) (make-hash-table string-ci=?)))",
            "(#<procedure equal?> #<procedure eqv?> #<procedure eqv?> #<procedure string=?> #<procedure string-ci=?>)",
        ),
        (
            "(define ci (alist->hash-table '((\"Straße\" . 1) (\"b\" . 2)) string-ci=?)) (list (hash-table-ref/default ci \"STRASSE\" #f) (hash-table-ref/default ci \"B\" #f) (hash-table-ref/default ci \"c\" #f))",
            "(1 2 #f)",
        ),
        (
            "(let ((hash (hash-table-hash-function ci))) (list (= (hash \"STRASSE\") (hash \"straße\")) (= (string-ci-hash \"aB\" 100) (string-ci-hash \"Ab\" 100)) ((hash-table-hash-function (make-hash-table)) '(1) 1)))",
            "(#t #t 0)",
        ),
        (
            "(string-ci-hash 5)",
            ":wrong-argument `string-ci-hash` needs a string, but got 5",
        ),
        (
            "(make-hash-table (lambda (a b) #t))",
            ":wrong-argument `make-hash-table` needs equal?, eqv?, eq?, string=? or string-ci=? to tell keys apart, but got #<procedure>",
        ),
        (
            "(hash-table-equivalence-function 5)",
            ":wrong-argument `hash-table-equivalence-function` needs a hash table, but got 5",
        ),
    ]);
}

#[test]
fn finding_by_key() {
    check(&[
        ("(member (list 'a) '(b (a) c))", "((a) c)"),
        ("(member 2.0 '(1 2 3) =)", "(2 3)"),
        ("(assoc (list 'a) '(((a)) ((b)) ((c))))", "((a))"),
        ("(assoc 2.0 '((1 1) (2 4) (3 9)) =)", "(2 4)"),
        ("(assoc-ref '((a . 1)) 'a)", "1"),
        ("(assoc-ref '((a . 1)) 'b 'none)", "none"),
        (
            "(assoc-ref '(1) 'b)",
            ":wrong-argument `assoc-ref` needs a list of pairs, but got 1",
        ),
        (
            "(assq 'a '(1))",
            ":wrong-argument `assq` needs a list of pairs, but got 1",
        ),
        (
            "(memq 'c '(a . b))",
            ":wrong-argument `memq` needs a list, but got (a . b)",
        ),
        ("(alist-delete 'a '((a . 1) (b . 2) (a . 3)))", "((b . 2))"),
        ("(alist-set 'b 5 '((a . 1) (b . 2)))", "((a . 1) (b . 5))"),
        (
            "(lset-union eq? '(a b c d e) '(a e i o u))",
            "(u o i a b c d e)",
        ),
        ("(lset-intersection eq? '(a b c d e) '(a e i o u))", "(a e)"),
        ("(lset-difference eq? '(a b c d e) '(a e i o u))", "(b c d)"),
    ]);
}

#[test]
fn sorting_keeps_the_order_of_equal_elements() {
    check(&[
        ("(sort '() <)", "()"),
        ("(sort '(3 1 2) <)", "(1 2 3)"),
        ("(sort '(3 1 2) >)", "(3 2 1)"),
        ("(vector->list (sort #(3 1 2) <))", "(1 2 3)"),
        ("(list-sort < '(2 1))", "(1 2)"),
        ("(let ((v (vector 3 1 2))) (vector-sort! < v) (vector->list v))", "(1 2 3)"),
        // Against insertion, element by element, for many pseudo-random lists of pairs with few different keys.
        (
            "(define (insert x sorted)
               (if (or (null? sorted) (< (car x) (car (car sorted)))) (cons x sorted) (cons (car sorted) (insert x (cdr sorted)))))
             (define (numbers count seed)
               (if (= count 0) '()
                   (let ((next (modulo (+ (* seed 1103515245) 12345) 2147483648)))
                     (cons (cons (modulo (quotient next 65536) 7) count) (numbers (- count 1) next)))))
             (every (lambda (n)
                      (let ((list (numbers n (* n 7))))
                        (equal? (sort list (lambda (a b) (< (car a) (car b)))) (fold insert '() list))))
                    (iota 60))",
            "#t",
        ),
        ("(let ((list (list 3 1 2))) (sort list <) list)", "(3 1 2)"),
    ]);
}

#[test]
fn map_can_be_entered_again() {
    check(&[
        (
            "(let ((k #f) (count 0) (results '()))
               (let ((result (map (lambda (x) (call/cc (lambda (c) (if (= x 2) (set! k c)) x))) '(1 2 3))))
                 (set! results (cons result results))
                 (set! count (+ count 1))
                 (if (< count 3) (k (* 10 count)))
                 results))",
            "((1 20 3) (1 10 3) (1 2 3))",
        ),
        (
            "(let ((k #f) (count 0) (results '()))
               (let ((result (vector-map (lambda (x) (call/cc (lambda (c) (if (= x 2) (set! k c)) x))) #(1 2 3))))
                 (set! results (cons result results))
                 (set! count (+ count 1))
                 (if (< count 3) (k (* 10 count)))
                 (map vector->list results)))",
            "((1 20 3) (1 10 3) (1 2 3))",
        ),
    ]);
}

#[test]
fn vectors() {
    check(&[
        (
            "(vector->list (vector-map cadr '#((a b) (d e) (g h))))",
            "(b e h)",
        ),
        (
            "(vector->list (vector-map + #(1 2) #(10 20 30)))",
            "(11 22)",
        ),
        (
            "(let ((sum 0)) (vector-for-each (lambda (x) (set! sum (+ sum x))) #(1 2 3)) sum)",
            "6",
        ),
        ("(vector-index even? #(1 3 4))", "2"),
        ("(vector-count even? #(1 2 4))", "2"),
        ("(vector-binary-search #(1 3 5 7) 5 -)", "2"),
        ("(vector-binary-search #(1 3 5 7) 4 -)", "#f"),
        (
            "(let ((v (vector 1 2 3))) (vector-swap! v 0 2) (vector->list v))",
            "(3 2 1)",
        ),
    ]);
}

#[test]
fn matching() {
    check(&[
        ("(match 5 (1 'one) (5 'five))", "five"),
        (
            "(match '(1 2 3) ((a b) 'two) ((a . rest) (list a rest)))",
            "(1 (2 3))",
        ),
        ("(match '(1 2 3 4) ((a ... z) (list a z)))", "((1 2 3) 4)"),
        (
            "(match '((a 1) (b 2)) (((k v) ...) (list k v)))",
            "((a b) (1 2))",
        ),
        (
            "(match '(1 (2 3) (4 5 6)) ((a (b ...) ...) (list a b)))",
            "(1 ((2 3) (4 5 6)))",
        ),
        ("(match '(1 2) ((a b c ...) (list a b c)))", "(1 2 ())"),
        (
            "(match 7 ((? odd? n) :when (> n 10) 'big) ((? odd? n) (list 'odd n)) (_ 'other))",
            "(odd 7)",
        ),
        ("(match :ok (:error 1) (:ok 2))", "2"),
        (
            "(match '(add 1 2) (('mul x y) (* x y)) (('add x y) (+ x y)))",
            "3",
        ),
        ("(match '(2 5) ((or (1 x) (2 x)) x))", "5"),
        ("(match 3 ((not 3) 'no) ((and x (not 4)) x))", "3"),
        ("(match 9 ((= sqrt root) root))", "3"),
        ("(match #(1 2 3) (#(a b ...) (list a b)))", "(1 (2 3))"),
        ("(match 5 (6 1))", ":no-match no pattern fits the value 5"),
        (
            "(match {:name 1 :age 5} ({:name n :age (? even? a)} 'even) ({:age a :name n} (list n a)))",
            "(1 5)",
        ),
        ("(match {:a {:b '(1 2)}} ({:a {:b (x y)}} (+ x y)))", "3"),
        ("(match {:a 1} ({:b x} x) ({} 'any))", "any"),
        (
            "(define-record-type point (make-point x y) point? (x point-x) (y point-y))
          (match (make-point 1 2) (($ point 3 y) 'no) (($ point x y) (list x y)))",
            "(1 2)",
        ),
        ("(match-let (((a b) '(1 2)) (c 3)) (list a b c))", "(1 2 3)"),
        // A pattern where a name stands in `let`: all values first.
        ("(let (((a b) '(1 2)) (c 3)) (list a b c))", "(1 2 3)"),
        (
            "(define a 10) (let (((a b) '(1 2)) (c a)) (list a b c))",
            "(1 2 10)",
        ),
        ("(let* (((a b) '(1 2)) (c a)) (list a b c))", "(1 2 1)"),
        (
            "(let ((#(x y) #(1 2)) ({:age n} {:age 5})) (list x y n))",
            "(1 2 5)",
        ),
        (
            "(let (((x . rest) '(1 2 3))) (define y 1) (list x rest y))",
            "(1 (2 3) 1)",
        ),
        ("(let ((part 1) ((a b) '(2 3))) (list part a b))", "(1 2 3)"),
        (
            "(let (((a b) '(1))) a)",
            ":no-match no pattern fits the value (1)",
        ),
        (
            "(let ((match-let 1) ((a) '(2))) (list match-let a))",
            "(1 2)",
        ),
        (
            "(let ((() 1)) 1)",
            ":bad-syntax `let` expected a name here, but found (). It is written like (let ((x 1) (y 2)) (+ x y)). ()",
        ),
        (
            "(map (match-lambda ((a b) (+ a b)) (n n)) '((1 2) 5))",
            "(3 5)",
        ),
        (
            "(let ((list vector) (if +)) (match '(1 2) ((a b) (- a b))))",
            "-1",
        ),
        (
            "(define (count-to n) (match n (0 'done) (n (count-to (- n 1))))) (count-to 100000)",
            "done",
        ),
    ]);
}

#[test]
fn names_of_patterns_are_names_anywhere_in_a_list_and_stand_once() {
    check(&[
        ("(match '(1 or 2) ((x or y) (list x or y)))", "(1 or 2)"),
        (
            "(match '(1 2 3 4) ((a and ? =) (list a and ? =)))",
            "(1 2 3 4)",
        ),
        ("(match #(1 2) (#(? x) (list ? x)))", "(1 2)"),
        ("(match '(1 2 3) ((a ... not) (list a not)))", "((1 2) 3)"),
        ("(match '(1 a) ((x 'a) x))", "1"),
        ("(match '(1 2) ((or (a 1) (1 a)) a))", "2"),
        (
            "(match '(1 2) ((a a) 'same))",
            ":bad-syntax The name `a` is used twice in this list. a",
        ),
        (
            "(match {:x 1 :y '((2))} ({:x a :y (((? odd? a) ...) ...)} a))",
            ":bad-syntax The name `a` is used twice in this list. a",
        ),
        (
            "(let (((a . a) '(1 . 2))) a)",
            ":bad-syntax The name `a` is used twice in this list. a",
        ),
        (
            "(for (#(a a) '(#(1 1))) a)",
            ":bad-syntax The name `a` is used twice in this list. a",
        ),
    ]);
}

/// Whoever uses a macro in a way it is not made for is told of that macro, not of those it stands on.
#[test]
fn misuse_of_macros_names_the_macro_used() {
    let written = |name: &str, forms: &str| {
        format!(":bad-syntax `{name}` cannot be used like this. It is written {forms}.")
    };
    let match_forms = "(match value (pattern body more ...) ...)";
    let for_forms = "(for ((name elements) (other others) ...) body more ...) or (for (name elements clause ...) body more ...)";
    let if_let_forms =
        "(if-let ((name value) ...) then else ...) or (if-let (name value) then else ...)";
    let when_let_forms =
        "(when-let ((name value) ...) body more ...) or (when-let (name value) body more ...)";
    let cases = [
        ("(match 5 n)", "match", match_forms),
        ("(match 5 (n))", "match", match_forms),
        ("(match 5 (1 2) (n :when #t))", "match", match_forms),
        (
            "(match-lambda 5)",
            "match-lambda",
            "(match-lambda (pattern body more ...) ...)",
        ),
        (
            "(match-let ((a)) 1)",
            "match-let",
            "(match-let () body more ...) or (match-let ((pattern value) others ...) body more ...)",
        ),
        ("(for ((x (range 3)) :let (y 1)) y)", "for", for_forms),
        ("(for (x (range 3) :let (y 1)) y)", "for", for_forms),
        ("(for ((x xs) :while #t) x)", "for", for_forms),
        ("(for ((x '(1)) :when) x)", "for", for_forms),
        ("(for ((x '(1))))", "for", for_forms),
        ("(for x 1)", "for", for_forms),
        ("(if-let ((x)) 1 2)", "if-let", if_let_forms),
        ("(when-let (x) 1)", "when-let", when_let_forms),
        (
            "(assert)",
            "assert",
            "(assert expression) or (assert expression message)",
        ),
    ];
    let mut vm = Vm::new(Profile::Node);
    for (text, name, forms) in cases {
        let shown = evaluate(&mut vm, text);
        assert!(shown.starts_with(&written(name, forms)), "{text}: {shown}");
    }
}

#[test]
fn comprehensions() {
    check(&[
        // A pattern of two in front looks like a name with its elements.
        ("(for ((a b) '((1 2) (3 4))) (+ a b))", "(3 7)"),
        (
            "(let ((ps '((1 2)))) (for ((a b) ps :when (< a b)) (+ a b)))",
            "(3)",
        ),
        ("(for (x '(1 2 3)) (* x x))", "(1 4 9)"),
        (
            "(for ((x '(1 2 3)) (y '(1 2 3)) :when (< x y)) (list x y))",
            "((1 2) (1 3) (2 3))",
        ),
        ("(for (x (range 10) :when (odd? x)) x)", "(1 3 5 7 9)"),
        (
            "(for ((n (range 4)) (m (range n))) (* n m))",
            "(0 0 2 0 3 6)",
        ),
        ("(for (((a b) '((1 2) (3 4)))) (+ a b))", "(3 7)"),
        ("(for (x #(1 2)) (- x))", "(-1 -2)"),
        ("(for (c \"abc\") (char-upcase c))", "(#\\A #\\B #\\C)"),
        (
            "(for (((key . value) {:b 2 :a 1})) (list key value))",
            "((:a 1) (:b 2))",
        ),
    ]);
}

#[test]
fn forms_for_everyday() {
    check(&[
        ("(-> 5 (- 3) -)", "-2"),
        ("(->> '(1 2 3) (map (lambda (x) (* x x))) (fold + 0))", "14"),
        ("(if-let (x (assv 2 '((1 . 2)))) x 'none)", "none"),
        ("(if-let (x (assv 1 '((1 . 2)))) (cdr x) 'none)", "2"),
        (
            "(when-let ((x (assv 2 '((2 . 3)))) (y (cdr x))) (+ y 1))",
            "4",
        ),
        ("(let ((i 0)) (while (< i 5) (set! i (+ i 1))) i)", "5"),
        ("(let ((i 0)) (until (= i 5) (set! i (+ i 1))) i)", "5"),
        ("(assert (= (+ 1 2) 3))", "#t"),
        (
            "(assert (= (+ 1 2) (* 2 2)))",
            ":user this does not hold: (= (+ 1 2) (* 2 2)); (+ 1 2) is 3; (* 2 2) is 4",
        ),
        (
            "(assert (memv 1 '(2)))",
            ":user this does not hold: (memv 1 '(2))",
        ),
        (
            "(assert (memv 1 '(2)) \"one is missing\")",
            ":user one is missing (memv 1 '(2))",
        ),
    ]);
}

#[test]
fn promises() {
    check(&[
        ("(force (delay (+ 1 2)))", "3"),
        ("(let ((p (delay (+ 1 2)))) (list (force p) (force p)))", "(3 3)"),
        ("(force 5)", "5"),
        ("(promise? (make-promise 5))", "#t"),
        (
            "(define integers (letrec ((next (lambda (n) (delay (cons n (next (+ n 1))))))) (next 0)))
             (define (head stream) (car (force stream)))
             (define (tail stream) (cdr (force stream)))
             (head (tail (tail integers)))",
            "2",
        ),
        (
            "(define (stream-filter p? s)
               (delay-force
                 (if (null? (force s))
                     (delay '())
                     (let ((h (car (force s))) (t (cdr (force s))))
                       (if (p? h) (delay (cons h (stream-filter p? t))) (stream-filter p? t))))))
             (head (tail (tail (stream-filter odd? integers))))",
            "5",
        ),
        ("(define (loop n) (if (= n 0) (delay 'done) (delay-force (loop (- n 1))))) (force (loop 1000000))", "done"),
        (
            "(define t (spawn (lambda () (yield) (yield) 1))) (define v1 (delay-force t)) (define v2 (delay-force t)) \
             (spawn (lambda () (force v1))) (spawn (lambda () (force v2))) (yield) \
             (list (await (promise-settle (list v1 v2 t))) (force v1) (force v2))",
            "(({:ok 1} {:ok 1} {:ok 1}) 1 1)",
        ),
        (
            "(define t (spawn (lambda () (yield) (yield) (raise 'no)))) (define v1 (delay-force t)) (define v2 (delay-force t)) \
             (define (kind v) (spawn (lambda () (guard (e (#t e)) (force v))))) \
             (define kinds (list (kind v1) (kind v2))) (yield) (list (map await kinds) (await (kind v1)) (await (kind v2)))",
            "((no no) no no)",
        ),
        // A promise that is forced while it is being forced keeps the first value.
        (
            "(define count 0)
             (define p (delay (begin (set! count (+ count 1)) (if (> count x) count (force p)))))
             (define x 5)
             (list (promise? p) (force p) (begin (set! x 10) (force p)))",
            "(#t 6 6)",
        ),
        (
            "(define f
               (let ((first? #t))
                 (delay (if first? (begin (set! first? #f) (force f)) 'second))))
             (force f)",
            "second",
        ),
        (
            "(define q
               (let ((count 5))
                 (define (get-count) count)
                 (define p (delay (if (<= count 0) count (begin (set! count (- count 1)) (force p) (set! count (+ count 2)) count))))
                 (list get-count p)))
             (let* ((before ((car q))) (value (force (cadr q)))) (list before value ((car q))))",
            "(5 0 10)",
        ),
        ("(force (delay-force 5))", ":wrong-argument `delay-force` needs an expression that gives a promise, but got 5"),
    ]);
}

#[test]
fn tasks() {
    check(&[
        ("(define p (spawn (lambda () (yield) 7))) (await p)", "7"),
        (
            "(await (then p (lambda (x) (spawn (lambda () (yield) (* 2 x))))))",
            "14",
        ),
        (
            "(await (recover (spawn (lambda () (car 5))) error-kind))",
            ":wrong-argument",
        ),
        (
            "(define log '()) (define (note x) (set! log (cons x log)))",
            "#<void>",
        ),
        (
            "(await (finally (spawn (lambda () 5)) (lambda () (note 'end)))) log",
            "(end)",
        ),
        (
            "(guard (e (#t (list (error-kind e) log))) (await (finally (spawn (lambda () (car 5))) (lambda () (note 'again)))))",
            "(:wrong-argument (again end))",
        ),
        (
            "(await (promise-race (list (spawn (lambda () (yield) 5)) (spawn (lambda () 6)))))",
            "6",
        ),
        (
            "(await (promise-all (list 1 (delay 2) (spawn (lambda () (yield) 3)))))",
            "(1 2 3)",
        ),
        ("(await (promise-all '()))", "()"),
        (
            "(guard (e (#t (list (error-kind e) (error-payload e)))) (await (promise-all (list 1 (spawn (lambda () (car 5)))))))",
            "(:wrong-argument {:index 1})",
        ),
        (
            "(guard (e (#t (list (error-irritants e) (error-payload e)))) (await (promise-all (list (spawn (lambda () (raise 42)))))))",
            "((42) {:index 0})",
        ),
        // What belongs to an error is looked up as in a dict, and its message tells it.
        (
            "(guard (e (#t (list (:index e) (get e ':index) (:other e) (get e 'other 'none) (:index (make-error ':user \"m\" '()) 7)))) (await (promise-all (list 1 (spawn (lambda () (car 5)))))))",
            "(1 1 #f none 7)",
        ),
        (
            "(await (promise-all (list 1 (spawn (lambda () (car 5))))))",
            ":wrong-argument the promise at index 1 failed: `car` needs a pair, but got 5",
        ),
        (
            "(await (promise-all (list (spawn (lambda () (raise 42))))))",
            ":user the promise at index 0 failed: a value was raised that nobody handled: 42",
        ),
        (
            "(await (promise-any (list (spawn (lambda () (car 5))) (spawn (lambda () (raise 'no))))))",
            ":user none of the promises gave a value; `car` needs a pair, but got 5; no was raised",
        ),
        (
            "(await (promise-any (map (lambda (n) (spawn (lambda () (error \"boom\" n)))) (iota 5))))",
            ":user none of the promises gave a value; boom 0; boom 1; boom 2; and 2 more",
        ),
        (
            "(guard (e (#t (map error-irritants (:errors e)))) (await (promise-any (list (spawn (lambda () (error \"a\" 1))) (spawn (lambda () (error \"b\" 2)))))))",
            "((1) (2))",
        ),
        (
            "(await (promise-settle (list 1 (spawn (lambda () (raise 'no))) (delay 3))))",
            "({:ok 1} {:error no} {:ok 3})",
        ),
        (
            "(await (promise-any (list (spawn (lambda () (car 5))) (spawn (lambda () (yield) 6)))))",
            "6",
        ),
        (
            "(guard (e (#t (list (error-kind e) (map error-kind (:errors (error-payload e)))))) (await (promise-any (list (spawn (lambda () (car 5))) (spawn (lambda () (car 6)))))))",
            "(:wrong-argument (:wrong-argument :wrong-argument))",
        ),
        (
            "(await (promise-race '()))",
            ":wrong-argument `promise-race` needs at least one promise, but got ()",
        ),
        // Two tasks take turns.
        (
            "(define log '())
             (define (talk name) (spawn (lambda () (note name) (yield) (note name))))
             (define a (talk 'a)) (define b (talk 'b)) (await a) (await b) log",
            "(b a b a)",
        ),
        (
            "(let build ((i 0) (p (spawn (lambda () 0)))) (if (< i 10000) (build (+ i 1) (then p (lambda (x) (+ x 1)))) (await p)))",
            "10000",
        ),
        (
            "(define log '()) (await (as-completed (list (spawn (lambda () (yield) 1)) 2) (lambda (p) (note (await p))))) log",
            "(1 2)",
        ),
    ]);
}

#[test]
fn cancelling() {
    check(&[
        ("(define log '()) (define (note x) (set! log (cons x log)))", "#<void>"),
        ("(define never (%promise 1 #f))", "#<void>"),
        (
            "(define t (spawn (lambda () (dynamic-wind (lambda () (note 'in)) (lambda () (await never)) (lambda () (note 'out))))))
             (yield) (list log (cancel t) (begin (yield) log))",
            "((in) #t (out in))",
        ),
        ("(await t)", ":cancelled this was cancelled"),
        ("(cancel t)", "#f"),
        // Nobody else waited for it, so it was cancelled too.
        ("(await never)", ":cancelled this was cancelled"),
        ("(define shared (%promise 1 #f)) (define other (spawn (lambda () (await shared)))) (define t (spawn (lambda () (await shared)))) (yield) (cancel t) (yield) (%promise-state shared)", "1"),
        ("(%promise-settle! shared #t 5) (await other)", "5"),
        // A task ends cancelled whatever it does.
        ("(define t (spawn (lambda () (guard (e (#t 'caught)) (await (%promise 1 #f)))))) (yield) (cancel t) (await t)", ":cancelled this was cancelled"),
        ("(define t (spawn (lambda () (cancel t) (note 'on) (yield) (note 'never)))) (guard (e (#t (list (error-kind e) log))) (await t))", "(:cancelled (on out in))"),
        // One that has not begun never does.
        ("(define t (spawn (lambda () (note 'never)))) (cancel t) (yield) (car log)", "on"),
        // It reaches what is waited for, through a chain.
        ("(define deep (%promise 1 #f)) (define t (then (then (spawn (lambda () (await deep))) list) list)) (yield) (cancel t) (yield) (yield) (yield) (error-kind (%promise-value deep))", ":cancelled"),
        // Losers are cancelled.
        ("(define loser (spawn (lambda () (await (%promise 1 #f))))) (await (promise-race (list loser 5)))", "5"),
        ("(await loser)", ":cancelled this was cancelled"),
        // Also when it was cancelled before its task had a turn.
        ("(define s (spawn (lambda () (yield) (yield) (yield) (note 'ran)))) (define p (then (then s list) list)) (cancel p) (guard (e (#t (note (error-kind e)))) (await p)) (yield) (yield) (yield) (list (error-kind (%promise-value s)) (car log))", "(:cancelled :cancelled)"),
        ("(define s (spawn (lambda () (yield) (yield) (yield) 'ran))) (define other (then s list)) (yield) (cancel (then s car)) (await other)", "(ran)"),
        ("(cancel (delay 5))", "#t"),
        ("(spawn (lambda () (5))) (define t (spawn (lambda () (await t)))) (await t)", ":not-allowed a task cannot wait for its own end"),
    ]);
}

#[test]
fn many_at_once() {
    check(&[
        ("(await (map-concurrently (lambda (x) (yield) (* x x)) (iota 10) {:limit 3}))", "(0 1 4 9 16 25 36 49 64 81)"),
        ("(await (map-concurrently (lambda (x) (spawn (lambda () (- x)))) #(1 2 3)))", "(-1 -2 -3)"),
        ("(await (map-concurrently list '()))", "()"),
        // Never more than the limit, and a generator is pulled no further.
        (
            "(define running 0) (define most 0) (define pulled 0)
             (define (work x)
               (set! running (+ running 1)) (set! most (max most running)) (yield) (yield) (set! running (- running 1)) x)
             (define (source) (if (= pulled 100) (eof-object) (begin (set! pulled (+ pulled 1)) pulled)))
             (define result (map-concurrently work source {:limit 7}))
             (yield) (yield)
             (list pulled most (length (await result)) most running)",
            "(7 7 100 7 0)",
        ),
        ("(guard (e (#t (list (error-kind e) (error-payload e)))) (await (map-concurrently (lambda (x) (yield) (/ 1 x)) '(1 2 0 4) {:limit 2})))", "(:divide-by-zero {:index 2})"),
        // Cancelled halfway, it stops and everybody is told.
        (
            "(define begun 0) (define ended 0)
             (define (wait x)
               (dynamic-wind (lambda () (set! begun (+ begun 1))) (lambda () (await (%promise 1 #f))) (lambda () (set! ended (+ ended 1)))))
             (define all (map-concurrently wait (iota 1000) {:limit 20}))
             (yield) (yield) (cancel all) (guard (e (#t (list (error-kind e) begun ended))) (await all))",
            "(:cancelled 20 20)",
        ),
        // The first failure ends it: nothing more is begun, of endless elements neither.
        (
            "(define begun 0) (guard (e (#t (list (:index e) begun))) (await (map-concurrently (lambda (x) (set! begun (+ begun 1)) (if (= x 5) (raise 'five)) x) (iota 1000) {:limit 2})))",
            "(5 6)",
        ),
        (
            "(define (from n) (delay (cons n (from (+ n 1))))) (guard (e (#t (:index e))) (await (map-concurrently (lambda (x) (if (= x 7) (car x)) x) (from 0) {:limit 3})))",
            "7",
        ),
        (
            "(await (spawn list) 'soon)",
            ":wrong-argument `await` needs a number of seconds that is not negative, but got soon",
        ),
        (
            "(await (spawn list) +nan.0)",
            ":wrong-argument `await` needs a number of seconds that is not negative, but got +nan.0",
        ),
        (
            "(with-timeout -1 (spawn list))",
            ":wrong-argument `with-timeout` needs a number of seconds that is not negative, but got -1",
        ),
        (
            "(await (map-concurrently / '(1 0)))",
            ":divide-by-zero the element at index 1 failed: `/` cannot divide by zero",
        ),
        (
            "(map-concurrently list '(1) {:limt 3})",
            ":wrong-argument `map-concurrently` needs an option called :limit, but got :limt",
        ),
        (
            "(map-concurrently list '(1) 3)",
            ":wrong-argument `map-concurrently` needs a dict such as {:limit 50}, but got 3",
        ),
        ("(map-concurrently list '(1) {:limit 0})", ":wrong-argument `map-concurrently` needs a :limit that is a whole number greater than 0, but got 0"),
        (
            "(define s (semaphore 2)) (define inside 0) (define most 0) (define order '())
             (define (enter i)
               (spawn (lambda ()
                 (with-permit s (lambda ()
                   (set! inside (+ inside 1)) (set! most (max most inside)) (set! order (cons i order)) (yield) (set! inside (- inside 1)) i)))))
             (list (await (promise-all (map enter (iota 6)))) most (reverse order))",
            "((0 1 2 3 4 5) 2 (0 1 2 3 4 5))",
        ),
        // Permits come back from failures, from tasks that were cancelled while holding one, and while waiting for one.
        (
            "(define s (semaphore 1))
             (define failing (spawn (lambda () (with-permit s (lambda () (car 5))))))
             (define holding (spawn (lambda () (with-permit s (lambda () (await (%promise 1 #f)))))))
             (define waiting (spawn (lambda () (with-permit s (lambda () 'never)))))
             (define last (spawn (lambda () (with-permit s (lambda () 'last)))))
             (yield) (yield) (cancel waiting) (cancel holding) (await last)",
            "last",
        ),
    ]);
}

/// A guard that none of its clauses answer for goes back to where the value was raised; nothing returns there when it cannot be continued.
#[test]
fn nobody_returns_to_an_error_past_a_guard_that_matched_nothing() {
    const RETURNED: &str = "(caught \"the handler returned, but this error cannot be continued\")";
    let bodies = [
        ("(list (/ 1 0))", RETURNED),
        ("(+ 1 (raise 5))", RETURNED),
        ("(begin (error \"x\") 7)", RETURNED),
        ("(list (read (open-input-string \")\")))", RETURNED),
        ("(list (string-append \"a\" 5))", RETURNED),
        ("(list (vector-ref (vector 1) 4))", RETURNED),
        ("(list (nope))", RETURNED),
        ("(list (car (take '(1) 5)))", RETURNED),
        ("(list (map (lambda (x) (/ x 0)) '(1 2)))", RETURNED),
        (
            "(list (with-limits {:fuel 1000} (lambda () (/ 1 0))))",
            RETURNED,
        ),
        (
            "(list (with-limits {:fuel 1000} (lambda () (let loop () (loop)))))",
            RETURNED,
        ),
        ("(list (await (spawn (lambda () (/ 1 0)))))", RETURNED),
        ("(list (call/cc (lambda (k) (+ 1 (raise k)))))", RETURNED),
        (
            "(list (guard (y ((string? y) 2)) (list (/ 1 0))))",
            RETURNED,
        ),
        ("(+ 1 (raise-continuable 5))", "11"),
        (
            "(list (guard (y ((string? y) 2)) (+ 1 (raise-continuable 5))))",
            "(11)",
        ),
    ];
    let cases = bodies.map(|(body, expected)| {
        let text = format!(
            "(guard (outer ((error? outer) (list 'caught (error-object-message outer))))
               (with-exception-handler (lambda (e) 10) (lambda () (guard (inner ((string? inner) 1)) {body}))))"
        );
        (text, expected)
    });
    let cases: Vec<(&str, &str)> = cases
        .iter()
        .map(|(text, it)| (text.as_str(), *it))
        .collect();
    check(&cases);
}

#[test]
fn errors_and_ends_are_asked_for_as_written() {
    check(&[
        (
            "(define f (case-lambda ((a) 1) ((a b . c) 2))) (f)",
            ":wrong-count `f` takes 1 or at least 2 arguments, but got 0 arguments",
        ),
        (
            "(define (outer) (case-lambda ((a) 1))) ((outer) 1 2)",
            ":wrong-count this procedure takes 1 argument, but got 2 arguments",
        ),
        (
            "(spawn 5)",
            ":wrong-argument `spawn` needs a procedure, but got 5",
        ),
        (
            "(then (delay 1) 'no)",
            ":wrong-argument `then` needs a procedure, but got no",
        ),
        (
            "(cadr '(1))",
            ":wrong-argument `cadr` needs pairs on its whole way, but got (1)",
        ),
        (
            "(exit 1 2)",
            ":wrong-count `exit` takes 0 or 1 arguments, but got 2 arguments",
        ),
        (
            "(error-object-message 5)",
            ":wrong-argument `error-object-message` needs an error, but got 5",
        ),
        (
            "(error-object-irritants 5)",
            ":wrong-argument `error-object-irritants` needs an error, but got 5",
        ),
        (
            "(make-error ':user \"m\" 5)",
            ":wrong-argument `make-error` needs a list, but got 5",
        ),
        ("(:a 5)", ":wrong-argument `:a` needs a dict, but got 5"),
    ]);
}

/// A limit reaches the tasks that began inside it: they are charged to it, and end with it.
#[test]
fn limits_reach_tasks() {
    check(&[
        (
            "(define t #f) (define n 0)
             (list (guard (e (#t (error-kind e)))
                     (with-limits {:fuel 100000}
                       (lambda () (set! t (spawn (lambda () (let loop () (set! n (+ n 1)) (yield) (loop))))) (await t))))
                   (let ((before n)) (yield) (yield) (= n before))
                   (guard (e (#t (error-kind e))) (await t)))",
            "(:fuel-exhausted #t :fuel-exhausted)",
        ),
        // Deep inside the setter, with handlers and exits that must not run.
        (
            "(define log '())
             (define (deep n) (if (= n 0) (await (spawn (lambda () (let loop () (loop))))) (+ 1 (deep (- n 1)))))
             (list (guard (e (#t (error-kind e)))
                     (with-limits {:fuel 200000}
                       (lambda ()
                         (guard (e (#t 'caught-inside))
                           (dynamic-wind (lambda () (set! log (cons 'in log))) (lambda () (deep 5000)) (lambda () (set! log (cons 'out log))))))))
                   log (+ 1 1))",
            "(:fuel-exhausted (in) 2)",
        ),
        (
            "(guard (e (#t (error-kind e)))
               (with-limits {:memory 2000000}
                 (lambda () (await (spawn (lambda () (let loop ((l '())) (loop (cons 1 l)))))))))",
            ":memory-exhausted",
        ),
        // The limit ends without having run out: what began inside it goes on no further.
        (
            "(define k 0) (define u #f)
             (list (with-limits {:fuel 100000} (lambda () (set! u (spawn (lambda () (let loop () (set! k (+ k 1)) (yield) (loop))))) (yield) 'left))
                   (let ((before k)) (yield) (yield) (= before k))
                   (guard (e (#t (list (error-kind e) (error-message e)))) (await u)))",
            "(left #t (:cancelled \"the limit that this task belonged to has ended\"))",
        ),
        // One that waits for what never comes ends as well.
        (
            "(define never (%promise 1 #f)) (define w #f)
             (with-limits {:fuel 100000} (lambda () (set! w (spawn (lambda () (await never)))) (yield)))
             (guard (e (#t (error-kind e))) (await w))",
            ":cancelled",
        ),
        // A `guard` around limits none of whose clauses takes the error hands it on as it is, and goes into none of what has ended again.
        (
            "(define log '())
             (define (note what) (lambda () (set! log (cons what log))))
             (list (guard (e (#t (error-message e)))
                     (guard (e ((symbol? e) 'symbol))
                       (dynamic-wind (note 'in)
                                     (lambda () (with-limits {:fuel 100000} (lambda () (dynamic-wind (note 'deep) (lambda () (error \"boom\")) (note 'out)))))
                                     (note 'end))))
                   (reverse log))",
            "(\"boom\" (in deep out end))",
        ),
        // Another task waits in a limit of its own while this one's runs out.
        (
            "(define slow (spawn (lambda () (with-limits {:fuel 1000000} (lambda () (yield) (yield) 'slow)))))
             (define fast (spawn (lambda () (guard (e (#t 'out)) (with-limits {:fuel 5000} (lambda () (let loop () (loop))))))))
             (list (await fast) (await slow))",
            "(out slow)",
        ),
        (
            "(define (nested) (with-limits {:fuel 20000} (lambda () (await (spawn (lambda () (with-limits {:fuel 1000000} (lambda () (let loop () (loop))))))))))
             (list (guard (e (#t (error-kind e))) (nested)) (guard (e (#t (error-kind e))) (with-limits {:fuel 50000} nested)))",
            "(:fuel-exhausted :fuel-exhausted)",
        ),
    ]);
}

/// So many elements take no more memory than themselves and what is in flight, and so many tasks are fine.
#[test]
fn a_hundred_thousand_at_once() {
    let text = "
        (define running 0) (define most 0)
        (define (work x) (set! running (+ running 1)) (set! most (max most running)) (yield) (set! running (- running 1)) x)
        (define source (let ((n 0)) (lambda () (if (= n 100000) (eof-object) (begin (set! n (+ n 1)) n)))))
        (list (apply + (await (map-concurrently work source {:limit 50}))) most running)";
    let mut vm = Vm::new(Profile::Pure);
    let bounds = Bounds {
        memory: Some(12 << 20),
        ..Bounds::default()
    };
    vm.begin("test", text, bounds);
    while vm.run(1_000_000) == Status::Yield {}
    let shown = logos::printer::write_limited(&vm.machine, vm.result());
    assert_eq!(shown, "(5000050000 50 0)", "{:?}", vm.condition());
    check(&[(
        "(apply + (await (promise-all (map (lambda (i) (spawn (lambda () (yield) i))) (iota 100000)))))",
        "4999950000",
    )]);
}

/// Collecting at every request for memory finds values that the machine forgot to hold.
#[test]
fn tasks_survive_a_collection_at_any_moment() {
    let mut vm = Vm::new(Profile::Node);
    vm.set_stress(true);
    let cases = [
        (
            "(await (promise-all (map (lambda (i) (spawn (lambda () (yield) (list i)))) (iota 5))))",
            "((0) (1) (2) (3) (4))",
        ),
        (
            "(await (map-concurrently (lambda (x) (yield) (list x)) (iota 4) {:limit 2}))",
            "((0) (1) (2) (3))",
        ),
        (
            "(define t (spawn (lambda () (await (%promise 1 #f))))) (define u (then t list)) (yield) (cancel u) (error-kind (%promise-value (begin (yield) (yield) t)))",
            ":cancelled",
        ),
        (
            "(define s (semaphore 1)) (await (promise-settle (map (lambda (i) (spawn (lambda () (with-permit s (lambda () (yield) (list i)))))) (iota 3))))",
            "({:ok (0)} {:ok (1)} {:ok (2)})",
        ),
        (
            "(await (promise-race (list (spawn (lambda () (yield) 1)) (delay (list 2)))))",
            "(2)",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(&mut vm, text), expected, "{text}");
    }
}

#[test]
fn strings_and_tables() {
    check(&[
        ("(string-map char-foldcase \"AbdEgH\")", "\"abdegh\""),
        (
            "(string-map (lambda (c k) ((if (eqv? k #\\u) char-upcase char-downcase) c)) \"studlycaps xxx\" \"ululululul\")",
            "\"StUdLyCaPs\"",
        ),
        (
            "(let ((v '())) (string-for-each (lambda (c) (set! v (cons (char->integer c) v))) \"abcde\") v)",
            "(101 100 99 98 97)",
        ),
        ("(string-index \"hello\" #\\l)", "2"),
        ("(string-index-right \"hello\" #\\l)", "3"),
        ("(string-count \"banana\" #\\a)", "3"),
        (
            "(list (string-any char-numeric? \"a1\") (string-every char-numeric? \"a1\"))",
            "(#t #f)",
        ),
        ("(filter char-alphabetic? \"a1b2\")", "\"ab\""),
        (
            "(string-tabulate (lambda (i) (integer->char (+ i 97))) 3)",
            "\"abc\"",
        ),
        (
            "(format \"~a and ~s: ~d, ~x~%~~\" \"x\" \"y\" 5 255)",
            "\"x and \\\"y\\\": 5, ff\\n~\"",
        ),
        ("(format #f \"~a\" '(1 \"b\"))", "\"(1 b)\""),
        (
            "(format \"~a\")",
            ":wrong-argument `format` needs a value for each ~a, but got \"~a\"",
        ),
        (
            "(format \"none\" 1)",
            ":wrong-argument `format` needs a ~a or the like for each value, but got 1",
        ),
        ("(update {:a 1} :a (lambda (x) (+ x 1)))", "{:a 2}"),
        ("(update {} :a (lambda (x) (+ x 1)) 0)", "{:a 1}"),
        (
            "(dict-fold (lambda (key value sum) (+ value sum)) 0 {:a 1 :b 2})",
            "3",
        ),
        (
            "(dict-map (lambda (key value) (list key value)) {:a 1})",
            "{:a (:a 1)}",
        ),
        (
            "(filter (lambda (entry) (> (cdr entry) 1)) {:a 1 :b 2})",
            "{:b 2}",
        ),
        (
            "(fold (lambda (entry sum) (+ (cdr entry) sum)) 0 {:a 1 :b 2})",
            "3",
        ),
        (
            "(let ((t (make-hash-table))) (hash-table-update!/default t 'a (lambda (n) (+ n 1)) 0) (hash-table-update! t 'a (lambda (n) (* n 5))) (hash-table-ref t 'a))",
            "5",
        ),
        (
            "(hash-table-ref (make-hash-table) 'x)",
            ":not-found the hash table has no such key: x",
        ),
        (
            "(hash-table-ref (make-hash-table) 'x (lambda () 'none))",
            "none",
        ),
        (
            "(hash-table-fold (alist->hash-table '((a . 1) (b . 2))) (lambda (key value sum) (+ value sum)) 0)",
            "3",
        ),
        ("(delete-duplicates '(1 2 1 \"a\" \"a\"))", "(1 2 \"a\")"),
        (
            "(call-with-output-string (lambda (port) (write 'x port)))",
            "\"x\"",
        ),
        (
            "(with-output-to-string (lambda () (display \"hi\")))",
            "\"hi\"",
        ),
        ("(with-input-from-string \"(1 2) 3\" read)", "(1 2)"),
        (
            "(let ((port (open-input-string \"x\"))) (list (call-with-port port read-char) (input-port-open? port)))",
            "(#\\x #f)",
        ),
    ]);
}

#[test]
fn limits_and_tests() {
    check(&[
        ("(guard (e (#t (error-kind e))) (with-limits {:fuel 1000} (lambda () (let loop () (loop)))))", ":fuel-exhausted"),
        ("(with-limits {} (lambda () 5))", "5"),
        ("(with-limits {:feul 5} (lambda () 5))", ":wrong-argument `with-limits` needs limits called :fuel and :memory, but got :feul"),
        (
            "(define (area r) \"The area of a circle.\" :test (= (area 0) 0) :test (= (area 1) 3) :test (car 5) (* 22/7 r r))
             (tests area)",
            "((= (area 0) 0) (= (area 1) 3) (car 5))",
        ),
        ("(:passed (check area))", "1"),
        ("(map :test (:failed (check area)))", "((= (area 1) 3) (car 5))"),
    ]);
}

#[test]
fn where_errors_come_from() {
    check(&[
        (
            "(define (half x) (if (odd? x) (error \"odd\" x) (/ x 2)))
             (define (both a b) (+ (half a) (half b)))
             (define e (guard (e (#t e)) (+ 1 (both 2 3))))
             (error-span e)",
            "{:column 31 :file \"test\" :line 1 :text \"(error \\\"odd\\\" x)\"}",
        ),
        ("(map :name (error-trace e))", "(half both #f #f)"),
        ("(map :line (error-trace e))", "(1 2 3 3)"),
        // A call in tail position has no frame, and is marked all the same.
        (
            "(define (place thunk) (get (error-span (guard (e (#t e)) (+ 1 (thunk)))) :text))
             (define (helper x) x) (define (main) (helper 1 2)) (place main)",
            "\"(helper 1 2)\"",
        ),
        ("(define (twice) (1 2)) (place twice)", "\"(1 2)\""),
        (
            "(define (total xs) (apply + xs)) (place (lambda () (+ 1 (total '(a)))))",
            "\"(apply + xs)\"",
        ),
        (
            "(define (show-all xs) (for-each display xs)) (place (lambda () (+ 1 (show-all 5))))",
            "\"(for-each display xs)\"",
        ),
        (
            "(place (lambda () (+ 1 (show-all (car '(5))))))",
            "\"(for-each display xs)\"",
        ),
        (
            "(define (pick d) (match d ((a) a))) (place (lambda () (+ 1 (pick 5))))",
            "\"(match d ((a) a))\"",
        ),
        // The note of an earlier one is not taken for it.
        (
            "(define (call f x) (+ 1 (f x)))
             (call (lambda (x) (show-all '()) 1) '())
             (guard (e (#t 1)) (call show-all '()))
             (place (lambda () (call vector->list 5)))",
            "\"(f x)\"",
        ),
        // Also below calls that the library makes, or the machine.
        (
            "(define (guarded thunk) (get (error-span (guard (e (#t e)) (thunk))) :text))
             (define (tail) (take '(1) 5)) (guarded tail)",
            "\"(take '(1) 5)\"",
        ),
        (
            "(guarded (lambda () (match 5 ((a) a))))",
            "\"(match 5 ((a) a))\"",
        ),
        (
            "(guarded (lambda () (let (((a b) '(1))) a)))",
            "\"(let (((a b) '(1))) a)\"",
        ),
        (
            "(guarded (lambda () (format 5)))",
            "\"(format 5)\"",
        ),
        ("(guarded (lambda () (range 1 2 0)))", "\"(range 1 2 0)\""),
        (
            "(place (lambda () (list (map (lambda (x) (take x 5)) '((1))))))",
            "\"(take x 5)\"",
        ),
        (
            "(place (lambda () (list (for-each (lambda (x) (take x 5)) '((1) (2))))))",
            "\"(take x 5)\"",
        ),
        (
            "(place (lambda () (list (filter (lambda (x) (take x 5)) '((1))))))",
            "\"(take x 5)\"",
        ),
        (
            "(place (lambda () (list (sort '(2 1) (lambda (a b) (take a b))))))",
            "\"(take a b)\"",
        ),
        (
            "(place (lambda () (list (await (spawn (lambda () (take '(1) 5)))))))",
            "\"(take '(1) 5)\"",
        ),
        (
            "(place (lambda () (list (with-limits {:fuel 100000} tail))))",
            "\"(take '(1) 5)\"",
        ),
        (
            "(define p (make-parameter 1)) (place (lambda () (list (parameterize ((p 2)) (tail)))))",
            "\"(take '(1) 5)\"",
        ),
        (
            "(place (lambda () (list (dynamic-wind void tail void))))",
            "\"(take '(1) 5)\"",
        ),
        (
            "(define (one x) (take x 5)) (map :name (error-trace (guard (e (#t e)) (list (map one '((1)))))))",
            "(one #f #f)",
        ),
        // Notes of earlier frames at the same place are not taken for theirs.
        (
            "(define (mapped f xs) (list (map f xs)))
             (place (lambda () (map (lambda (it) (list (mapped (car it) (cdr it)))) (list (cons (lambda (x) (last x)) '((1))) (cons last '(5))))))",
            "\"(map f xs)\"",
        ),
        (
            "(map (lambda (x) (last x)) '((1))) (place (lambda () (list (map last '(5)))))",
            "\"(map last '(5))\"",
        ),
        (
            "(spawn (lambda () (last '(1)))) (yield) (place (lambda () (list (await (spawn (lambda () (+ 1 (car (list-copy (car '(5)))))))))))",
            "\"(car (list-copy (car '(5))))\"",
        ),
        ("(error-span (make-error :user \"made\" '()))", "#f"),
        ("(error-trace (make-error :user \"made\" '()))", "()"),
        (
            "(error-span 5)",
            ":wrong-argument `error-span` needs an error, but got 5",
        ),
    ]);
}

#[test]
fn documentation_of_forms_and_macros() {
    check(&[
        (
            "(doc if)",
            "\"(if test then [else])\\nEvaluates the second part when the test is not #f, otherwise the third.\\n\
                As in (if (> n 0) n 0)\\nPrice: 1, the test and the part chosen. Profile: pure.\"",
        ),
        (
            "(define-syntax twice \"Does it twice.\" (syntax-rules () ((_ e) (begin e e)))) (doc twice)",
            "\"(twice e)\\nDoes it twice.\"",
        ),
        (
            "(doc car)",
            "\"(car pair)\\nThe first part of a pair: of a list, its first element.\\nPrice: that of a call. Profile: pure.\"",
        ),
        (
            "(define (f x) \"Adds one.\" (+ x 1)) (doc f)",
            "\"(f x)\\nAdds one.\"",
        ),
        (
            "(let ((if list)) (doc if))",
            "\"(list value …)\\nA new list of the values.\\nPrice: 1 for each value. Profile: pure.\"",
        ),
        (
            "(define (g x) \"Adds one.\" :price \"3\" :test (= (g 1) 2) (+ x 1)) (doc g)",
            "\"(g x)\\nAdds one.\\nPrice: 3. Profile: pure.\"",
        ),
        (
            "(define h :profile node (case-lambda ((a) a) ((a b) b))) (doc h)",
            "\"(h a [b])\\nProfile: node.\"",
        ),
        (
            "(defmacro (swapped a b) \"The other way round.\" `(list ,b ,a)) (doc swapped)",
            "\"(swapped a b)\\nThe other way round.\"",
        ),
        (
            "(define choose :test (= (choose 1) 1) (case-lambda ((a) a) ((a b) b))) (check choose)",
            "{:failed () :passed 1}",
        ),
        (
            "(define (f x) \"Adds one.\" :tset (= (f 1) 2) (+ x 1))",
            ":bad-syntax No clause of a definition is called `:tset`. There are :test, :price and :profile.",
        ),
        ("(begin (define (f) :ready) (f))", ":ready"),
        (
            "(check 5)",
            ":wrong-argument `check` needs a procedure (`logos test` runs the tests of all definitions), but got 5",
        ),
        (
            "(tests 'f)",
            ":wrong-argument `tests` needs a procedure (`logos test` runs the tests of all definitions), but got f",
        ),
        (
            "(define (f) :price 3 3)",
            ":bad-syntax A price is a text in double quotes, but this is 3. It is written like :price \"9 for each element\". 3",
        ),
        (
            "(define (f) :profile all 3)",
            ":bad-syntax A profile is one of pure, local and node, but this is all. all",
        ),
        ("(doc 5)", "#f"),
    ]);
}

/// An error in what a macro introduces shows the use and, below it, the definition.
#[test]
fn where_errors_in_macros_come_from() {
    let rendered = |program: &str| {
        let mut vm = Vm::new(Profile::Pure);
        vm.begin("test", program, Bounds::default());
        while vm.run(u64::MAX) == Status::Yield {}
        let condition = vm.condition().expect("the program fails");
        condition.rendered(&vm.machine).to_string()
    };
    assert_eq!(
        rendered(
            "(define-syntax first-of\n  (syntax-rules () ((_ x) (list (car x)))))\n(define (f y)\n\t(first-of y))\n(+ 1 (f 5))"
        ),
        "error :wrong-argument: `car` needs a pair, but got 5\n --> test:4:2\n4 | \t(first-of y))\n  | \t^^^^^^^^^^^^\n\
         by this part of the definition of the macro:\n --> test:2:33\n2 |   (syntax-rules () ((_ x) (list (car x)))))\n  |                                 ^^^^^^^\n  in `f`, test:4"
    );
    assert_eq!(
        rendered("(define-syntax m (syntax-rules () ((_ x) (if))))\n(m 1)"),
        "error :bad-syntax: `if` needs a test and one or two more parts, like (if (> n 0) n 0).\n --> test:2:1\n2 | (m 1)\n  | ^^^^^\n\
         by this part of the definition of the macro:\n --> test:1:42\n1 | (define-syntax m (syntax-rules () ((_ x) (if))))\n  |                                          ^^^^"
    );
    // The library's own macros show the use alone.
    assert_eq!(
        rendered("(for (x 5) x)"),
        "error :wrong-argument: `for` needs a list, vector, string or dict, but got 5\n --> test:1:1\n1 | (for (x 5) x)\n  | ^^^^^^^^^^^^^"
    );
}

/// What a beginner sees: what they did wrong, in words, with the values.
#[test]
fn messages() {
    check(&[
        (
            "(map car 5)",
            ":wrong-argument `map` needs a list, but got 5",
        ),
        (
            "(map car '(1 2))",
            ":wrong-argument `car` needs a pair, but got 1",
        ),
        (
            "(for-each display '(1 . 2))",
            ":wrong-argument `for-each` needs a list, but got (1 . 2)",
        ),
        (
            "(filter odd? 5)",
            ":wrong-argument `filter` needs a list, vector, string or dict, but got 5",
        ),
        (
            "(take '(1 2) 3)",
            ":out-of-range `take` needs a list of at least 3, but got (1 2)",
        ),
        (
            "(third '(1 2))",
            ":out-of-range `third` needs a list of at least 3, but got (1 2)",
        ),
        (
            "(sort < '(2 1))",
            ":wrong-argument `sort` needs the list first and then the procedure, as in (sort (list 2 1) <), but got #<procedure <>",
        ),
        (
            "(last '())",
            ":out-of-range `last` needs a list of at least 1, but got ()",
        ),
        (
            "(range 1 5 0)",
            ":wrong-argument `range` needs a step that is not 0, but got 0",
        ),
        (
            "(for (x 5) x)",
            ":wrong-argument `for` needs a list, vector, string or dict, but got 5",
        ),
        (
            "(cancel 5)",
            ":wrong-argument `cancel` needs a promise, but got 5",
        ),
        (
            "(defin unheard-of 3)",
            ":unknown-name nothing is named `defin` here; did you mean `define`? defin",
        ),
        (
            "(print 3)",
            ":unknown-name nothing is named `print` here; did you mean `display`? print",
        ),
        (
            "(:flour)",
            ":wrong-count `:flour` takes a dict and perhaps a default, but got 0 arguments",
        ),
        (
            "else",
            ":bad-syntax `else` has no meaning on its own. It is a part of other forms, like (cond ((> n 0) 'positive) (else 'other)).",
        ),
    ]);
}

#[test]
fn nothing_is_timed_where_there_is_no_clock() {
    let mut vm = Vm::new(Profile::Pure);
    for (text, procedure) in [
        ("(await (make-promise 1) 5)", "await"),
        ("(with-timeout 5 (make-promise 1))", "with-timeout"),
        ("(sleep 1)", "sleep"),
    ] {
        let expected = format!(
            ":not-allowed `{procedure}` is not allowed here: this program runs with the pure profile, and it needs local"
        );
        assert_eq!(evaluate(&mut vm, text), expected);
    }
    assert_eq!(evaluate(&mut vm, "(await (make-promise 1))"), "1");
}

#[test]
fn going_over_lists_needs_a_list() {
    let counts = [
        ("map", "at least 2"),
        ("for-each", "at least 2"),
        ("any", "at least 2"),
        ("every", "at least 2"),
        ("count", "at least 2"),
        ("list-index", "at least 2"),
        ("append-map", "at least 2"),
        ("filter-map", "at least 2"),
        ("vector-map", "at least 2"),
        ("vector-for-each", "at least 2"),
        ("string-map", "at least 2"),
        ("string-for-each", "at least 2"),
        ("pair-for-each", "at least 2"),
        ("fold", "at least 3"),
        ("fold-left", "at least 3"),
        ("fold-right", "at least 3"),
        ("pair-fold", "at least 3"),
    ];
    for (name, least) in counts {
        let program = format!("({name} (lambda () 1))");
        let expected = format!(":wrong-count `{name}` takes {least} arguments, but got 1 argument");
        check(&[(&program, &expected)]);
    }
    check(&[(
        "((case-lambda ((a) 1) ((a . b) 2)))",
        ":wrong-count this procedure takes at least 1 argument, but got 0 arguments",
    )]);
}

#[test]
fn of_several_lists_each_is_a_list() {
    check(&[
        ("(map + '(1 2) '(1 2) '(1 2 3))", "(3 6)"),
        (
            "(map + '(1 2) '(1 2) 5)",
            ":wrong-argument `map` needs a list, but got 5",
        ),
        ("(for-each + '(1 2) '(1 2 . 3) '(1 2 3))", "#<void>"),
        (
            "(for-each + '(1 2 3) '(1 2 . 3) '(1 2 3))",
            ":wrong-argument `for-each` needs a list, but got (1 2 . 3)",
        ),
        ("(any < '(2 1) '(1 2))", "#t"),
        (
            "(any < '(1) 5)",
            ":wrong-argument `any` needs a list, but got 5",
        ),
        (
            "(every < 5 '(1))",
            ":wrong-argument `every` needs a list, but got 5",
        ),
        (
            "(list-index = '(1 2) '(2 . 3) '(1 2))",
            ":wrong-argument `list-index` needs a list, but got (2 . 3)",
        ),
        (
            "(fold + 0 '(1 2) '(1 . 2))",
            ":wrong-argument `fold` needs a list, but got (1 . 2)",
        ),
        (
            "(fold-left + 0 '(1 2) '(1 . 2))",
            ":wrong-argument `fold-left` needs a list, but got (1 . 2)",
        ),
        (
            "(append-reverse '(1 . 2) '())",
            ":wrong-argument `append-reverse` needs a list, but got (1 . 2)",
        ),
        (
            "(for (x '(1 . 2)) x)",
            ":wrong-argument `for` needs a list, but got (1 . 2)",
        ),
    ]);
}

#[test]
fn ranges_end_where_steps_lead() {
    check(&[
        ("(range 0 1 0.25)", "(0.0 0.25 0.5 0.75)"),
        (
            "(range 0 +inf.0)",
            ":wrong-argument `range` needs a real number that is not infinite, but got +inf.0",
        ),
        (
            "(range 0 +nan.0)",
            ":wrong-argument `range` needs a real number that is not infinite, but got +nan.0",
        ),
        (
            "(range 1+i)",
            ":wrong-argument `range` needs a real number that is not infinite, but got 1+i",
        ),
        (
            "(range 0 1e308 1e-300)",
            ":wrong-argument `range` needs an end that so many steps reach, but got 1e308",
        ),
    ]);
}

#[test]
fn a_chosen_part_of_a_hash_table_keeps_its_test() {
    check(&[
        (
            "(hash-table-ref (filter (lambda (entry) #t) (alist->hash-table '((\"A\" . 1)) string-ci=?)) \"a\")",
            "1",
        ),
        (
            "(hash-table-ref/default (remove (lambda (entry) #f) (alist->hash-table '((1 . 2)) eqv?)) 1 0)",
            "2",
        ),
    ]);
}

#[test]
fn limits_are_numbers_of_any_size() {
    check(&[
        (
            "(with-limits {:fuel 100} 5)",
            ":wrong-argument `with-limits` needs a procedure, but got 5",
        ),
        (
            "(with-limits {:fuel (expt 2 70) :memory (expt 2 61)} (lambda () 5))",
            "5",
        ),
        (
            "(with-limits {:fuel (- (expt 2 70))} (lambda () 5))",
            ":wrong-argument `with-limits` needs whole numbers that are not negative, but got -1180591620717411303424",
        ),
    ]);
}

#[test]
fn what_the_profile_lacks_is_named_as_it_was_called() {
    let mut vm = Vm::new(Profile::Pure);
    for (text, procedure) in [
        ("(load \"x\")", "load"),
        ("(call-with-input-file \"x\" read)", "call-with-input-file"),
        ("(with-output-to-file \"x\" newline)", "with-output-to-file"),
        ("(emergency-exit 4)", "emergency-exit"),
        ("(exit 4)", "exit"),
    ] {
        let expected = format!(
            ":not-allowed `{procedure}` is not allowed here: this program runs with the pure profile, and it needs local"
        );
        assert_eq!(evaluate(&mut vm, text), expected);
    }
}

#[test]
fn a_name_stands_once_among_the_bindings_of_let() {
    check(&[
        ("(let (((a b) '(1 2)) (c 3)) (list a b c))", "(1 2 3)"),
        (
            "(let (((a ...) '(1 2)) (#(c) '#(3))) (list a c))",
            "((1 2) 3)",
        ),
        (
            "(let (((a b) '(1 2)) (a 3)) a)",
            ":bad-syntax The name `a` is used twice in this list. a",
        ),
        (
            "(let (((a b) '(1 2)) ({:c a} {:c 3})) a)",
            ":bad-syntax The name `a` is used twice in this list. a",
        ),
        ("(let* (((a b) '(1 2)) (a (+ a b))) a)", "3"),
    ]);
}

#[test]
fn patterns_are_quasiquoted_as_data_are() {
    check(&[
        ("(match '(a 5) (`(a ,x) x))", "5"),
        ("(match '(b 5) (`(a ,x) x) (_ 'other))", "other"),
        (
            "(match '(a 5 (1 2 3) #(7 8)) (`(a ,x (1 . ,r) #(,y 8)) (list x r y)))",
            "(5 (2 3) 7)",
        ),
        ("(match '((k 1) (k 2)) (`((k ,v) ...) v))", "(1 2)"),
        ("(match {:a 5 :b 6} (`{:a ,(? odd? x)} x))", "5"),
        ("(match '(1 \"b\" #\\c) (`(1 \"b\" #\\c) 'same))", "same"),
        ("(match 'a (`a 1))", "1"),
        ("(match '() (`() 1))", "1"),
        ("(let ((`(a ,x) '(a 4))) x)", "4"),
        (
            "(match '(a 5) (`(a ,x ,x) x))",
            ":bad-syntax The name `x` is used twice in this list. x",
        ),
        (
            "(match '(a b) (`(a ,@x) x))",
            ":bad-syntax `unquote` cannot be used like this. It is written (unquote pattern).",
        ),
    ]);
}

#[test]
fn a_pattern_written_wrongly_is_refused() {
    for (pattern, word, written) in [
        ("(?)", "?", "(? test pattern ...)"),
        ("(= square)", "=", "(= f pattern)"),
        ("($)", "$", "($ type pattern ...)"),
        ("(not)", "not", "(not pattern)"),
        ("(1 (not 1 2))", "not", "(not pattern)"),
        ("(and . 1)", "and", "(and pattern ...)"),
        ("(quote)", "quote", "(quote datum)"),
    ] {
        let program = format!("(match 1 ({pattern} 1))");
        let expected =
            format!(":bad-syntax `{word}` cannot be used like this. It is written {written}.");
        check(&[(&program, &expected)]);
    }
    check(&[
        (
            "(define-record-type point (make-point x) point? (x point-x)) (match (make-point 1) (($ point x) x))",
            "1",
        ),
        ("(match (make-point 1) (($ point x y) x) (_ 'none))", "none"),
    ]);
}

#[test]
fn values_are_counted_as_values() {
    check(&[
        (
            "(let-values (((a b) 1)) a)",
            ":wrong-count `let-values` needs 2 values here, but got 1 value",
        ),
        (
            "(let-values (((a) (values 1 2))) a)",
            ":wrong-count `let-values` needs 1 value here, but got 2 values",
        ),
        (
            "(let*-values (((a . b) (values))) a)",
            ":wrong-count `let*-values` needs at least 1 value here, but got 0 values",
        ),
        (
            "(define-values (a b) (values 1))",
            ":wrong-count `define-values` needs 2 values here, but got 1 value",
        ),
        (
            "(let () (define-values (a) (values 1 2)) a)",
            ":wrong-count `define-values` needs 1 value here, but got 2 values",
        ),
        (
            "(guard (e (#t (map :name (error-trace e)))) (let-values (((a b) (values 1 2))) (+ 1 (car a)) 3))",
            "(#f)",
        ),
    ]);
}

#[test]
fn a_record_type_defines_each_name_once() {
    check(&[
        (
            "(define-record-type p (make x) p? (x px) (x py))",
            ":bad-syntax The name `x` is used twice in this list. x",
        ),
        (
            "(define-record-type pt (pt x) pt? (x pt-x))",
            ":bad-syntax The name `pt` is used twice in this list. pt",
        ),
        (
            "(define-record-type pt (make-pt x) pt? (x pt-x pt-x))",
            ":bad-syntax The name `pt-x` is used twice in this list. pt-x",
        ),
        (
            "(define-record-type pt (make-pt x) pt? (x x)) (x (make-pt 1))",
            "1",
        ),
    ]);
}

#[test]
fn a_key_is_written_once_in_data() {
    check(&[
        (
            "'{:a 1 :a 2}",
            ":bad-syntax The key :a stands twice in this dict. :a",
        ),
        (
            "'(1 #({(b) 1 (b) 2}))",
            ":bad-syntax The key (b) stands twice in this dict.",
        ),
        (
            "`{:a 1 :a ,(+ 1 2)}",
            ":bad-syntax The key :a stands twice in this dict. :a",
        ),
        (
            "`(,(+ 1 2) {c 1 c 2})",
            ":bad-syntax The key c stands twice in this dict. c",
        ),
        ("(let ((k 'a)) `{,k 1 ,k 2 a 3})", "{a 3}"),
        (
            "(read (open-input-string \"(1 {a 2 a 3})\"))",
            ":bad-syntax the key a stands twice in a dict",
        ),
        (
            "(guard (e ((read-error? e) 'refused)) (read (open-input-string \"{(1) 2 (1) 3}\")))",
            "refused",
        ),
        (
            "(read (open-input-string \"{{a 1} 2 {a 2} {b 3}}\"))",
            "{{a 1} 2 {a 2} {b 3}}",
        ),
    ]);
}

#[test]
fn operands_are_named_by_their_place() {
    check(&[
        (
            "(gcd 1.5 2)",
            ":wrong-argument `gcd` needs an integer, but got 1.5",
        ),
        (
            "(gcd 1.5 3 6)",
            ":wrong-argument `gcd` needs an integer, but got 1.5",
        ),
        (
            "(lcm 2.5 3)",
            ":wrong-argument `lcm` needs an integer, but got 2.5",
        ),
        (
            "(lcm 3 2 2.5)",
            ":wrong-argument `lcm` needs an integer, but got 2.5",
        ),
        (
            "(list-ref 5 0)",
            ":wrong-argument `list-ref` needs a list, but got 5",
        ),
        (
            "(list-tail 5 1)",
            ":wrong-argument `list-tail` needs a list, but got 5",
        ),
        (
            "(list-ref '(1) 1)",
            ":out-of-range `list-ref` got a list with no element at place 1",
        ),
    ]);
}

#[test]
fn a_macro_used_with_a_dot_is_named() {
    check(&[
        (
            "(define-syntax m (syntax-rules () ((_ a b) a))) (m 1 . 5)",
            ":bad-syntax `m` cannot be used like this. It is written (m a b).",
        ),
        (
            "(receive . 5)",
            ":bad-syntax `receive` cannot be used like this. It is written (receive names expression body more ...).",
        ),
    ]);
}

#[test]
fn imports_suggest_what_there_is() {
    check(&[
        (
            "(import (only (scheme base) vector-rev))",
            ":unknown-name This library has no name vector-rev. Did you mean `vector-ref`? vector-rev",
        ),
        (
            "(import (only (scheme base) zyzzyva))",
            ":unknown-name This library has no name zyzzyva. zyzzyva",
        ),
    ]);
    let mut vm = Vm::new(Profile::Pure);
    assert_eq!(
        evaluate(&mut vm, "(import (scheme bse))"),
        ":not-found there is no library (scheme bse), nor a file scheme/bse.logos or scheme/bse.sld; did you mean (scheme base)?"
    );
}

/// What a program gives in a world with these files.
fn evaluate_with_files(files: &[(&str, &str)], program: &str) -> String {
    let mut vm = Vm::new(Profile::Local);
    vm.begin_program("main.logos", program, Bounds::default());
    loop {
        match vm.run(1_000_000) {
            Status::Yield => {}
            Status::Done => return logos::printer::write_limited(&vm.machine, vm.result()),
            Status::Failed => {
                let condition = vm.condition().expect("a failed evaluation has a condition");
                return format!("{} {}", condition.kind, condition.message);
            }
            Status::Idle => {
                let request = vm.poll_request().expect("the program waits for a file");
                let Some(Datum::String(path)) = request.arguments.first().map(Syntax::datum) else {
                    panic!("a file has a name: {request:?}");
                };
                let text = files.iter().find(|(name, _)| *name == &**path);
                let answer = match text {
                    Some((_, text)) => {
                        let text = Datum::String((*text).into());
                        Answer::Value(Syntax::new(text, Span::NONE))
                    }
                    None => Answer::Error {
                        kind: ":file".to_string(),
                        message: format!("there is no file {path}"),
                        payload: None,
                    },
                };
                vm.resume(request.id, answer);
            }
        }
    }
}

#[test]
fn a_file_is_one_library_however_its_path_is_written() {
    let files = [
        ("shapes.logos", "(define area 5) (define state (list 1))"),
        (
            "sub/round.logos",
            "(import \"../other/flat.logos\") (define round-area 1)",
        ),
        ("other/flat.logos", "(import \"../sub/./round.logos\")"),
        ("../up.logos", "(define higher 2)"),
    ];
    for (program, expected) in [
        // Importing a file only adds, whatever is chosen of it.
        ("(import (only \"shapes.logos\" area)) (+ area 1)", "6"),
        (
            "(import (prefix (except \"shapes.logos\" state) s:)) (+ s:area 1)",
            "6",
        ),
        (
            "(import (rename \"shapes.logos\" (state a))) \
             (import (prefix \"./shapes.logos\" b:)) (import (prefix \"sub/../shapes.logos\" c:)) \
             (list (eq? a b:state) (eq? a c:state))",
            "(#t #t)",
        ),
        ("(import \"a/../../up.logos\") higher", "2"),
        (
            "(import \"sub/round.logos\")",
            ":bad-syntax sub/round.logos is being imported already: it imports itself",
        ),
    ] {
        assert_eq!(evaluate_with_files(&files, program), expected, "{program}");
    }
}

/// An error of a program as a person sees it.
fn rendered(program: &str) -> String {
    let mut vm = Vm::new(Profile::Pure);
    vm.begin("test", program, Bounds::default());
    while vm.run(u64::MAX) == Status::Yield {}
    let condition = vm.condition().expect("the program fails");
    condition.rendered(&vm.machine).to_string()
}

#[test]
fn what_has_returned_is_in_no_trace() {
    assert_eq!(
        rendered("((make-parameter 1) 2)"),
        "error :wrong-count: a parameter takes no argument, but got 1 argument; `parameterize` gives it a value for a while\n \
         --> test:1:1\n1 | ((make-parameter 1) 2)\n  | ^^^^^^^^^^^^^^^^^^^^^^"
    );
    assert_eq!(
        rendered("(define (f) ((make-parameter 1) 2)) (f)"),
        "error :wrong-count: a parameter takes no argument, but got 1 argument; `parameterize` gives it a value for a while\n \
         --> test:1:13\n1 | (define (f) ((make-parameter 1) 2)) (f)\n  |             ^^^^^^^^^^^^^^^^^^^^^^\n  in `f`, test:1"
    );
}

#[test]
fn what_a_macro_gives_is_an_error_of_its_use() {
    assert_eq!(
        rendered("1\n(defmacro (f) (let ((x (list 1))) (set-cdr! x x) x))\n(f)"),
        "error :bad-syntax: a macro gave a circular list\n --> test:3:1\n3 | (f)\n  | ^^^"
    );
}

#[test]
fn of_a_long_line_a_part_is_shown() {
    let long = format!("(list {}(car 5) {})", "1 ".repeat(500), "2 ".repeat(500));
    let (before, after) = ("1 ".repeat(12), " 2".repeat(34));
    assert_eq!(
        rendered(&long),
        format!(
            "error :wrong-argument: `car` needs a pair, but got 5\n --> test:1:1007\n1 | … {before}(car 5){after}…\n  | {}^^^^^^^",
            " ".repeat(26)
        )
    );
}

/// Whatever a limit runs out in, whoever set it hears of it: with every amount of fuel a program comes to its value or to that error.
#[test]
fn a_limit_of_any_size_is_heard_of() {
    let bodies = [
        ("(spawn (lambda () (raise 'x))) (yield) 'v", "v", 2_500),
        (
            "(spawn (lambda () (raise (list 1 2 3)))) (yield) 'v",
            "v",
            2_500,
        ),
        (
            "(await (promise-all (map (lambda (i) (spawn (lambda () (yield) i))) '(1 2 3))))",
            "(1 2 3)",
            1_500,
        ),
        (
            "(await (map-concurrently (lambda (x) (yield) x) '(1 2 3) {:limit 2}))",
            "(1 2 3)",
            3_000,
        ),
        (
            "(await (recover (promise-any (list (spawn (lambda () (raise 1))))) (lambda (e) 'v)))",
            "v",
            4_000,
        ),
        (
            "(define s (semaphore 1)) (await (spawn (lambda () (with-permit s (lambda () (yield) 'v)))))",
            "v",
            1_500,
        ),
    ];
    let mut vm = Vm::new(Profile::Node);
    for (body, value, most) in bodies {
        let mut ended = std::collections::BTreeSet::new();
        for fuel in 1..most {
            let text = format!(
                "(guard (e (#t (error-kind e))) (with-limits {{:fuel {fuel}}} (lambda () {body})))"
            );
            let outcome = evaluate(&mut vm, &text);
            assert!(
                outcome == value || outcome == ":fuel-exhausted",
                "{text}: {outcome}"
            );
            ended.insert(outcome);
        }
        assert_eq!(ended.len(), 2, "{body}: {ended:?}");
    }
}

/// What is garbage where a limit of memory begins is not allowed besides.
#[test]
fn a_small_limit_of_memory_is_small_whatever_came_before() {
    let mut vm = Vm::new(Profile::Node);
    evaluate(
        &mut vm,
        "(define n 0) (define keep #f)
         (define (pairs bytes)
           (set! n 0)
           (guard (e (#t #f))
             (with-limits {:memory bytes}
               (lambda () (let loop ((x '())) (set! n (+ n 1)) (set! keep x) (loop (cons 1 x))))))
           (set! keep #f)
           n)
         (define (junk n) (if (> n 0) (begin (make-vector 10 0) (junk (- n 1)))))",
    );
    for bytes in [0u64, 1_000, 10_000, 1_000_000] {
        for junk in [0, 100, 100_000] {
            let text = format!("(begin (junk {junk}) (pairs {bytes}))");
            let pairs: u64 = evaluate(&mut vm, &text).parse().unwrap();
            assert!(8 * pairs < bytes + 4_000, "{text}: {pairs}");
            assert!(32 * pairs + 3_000 > bytes, "{text}: {pairs}");
        }
    }
}

/// On a terminal a character of Chinese takes two columns, a mark over a letter none.
#[test]
fn marks_stand_below_what_is_meant_whatever_its_width() {
    for (text, mark) in [
        ("(list \"日本\" (car 5))", "             ^^^^^^^"),
        ("(list \"e\u{301}\" (car 5))", "          ^^^^^^^"),
        ("(list\t(car 5))", "     \t^^^^^^^"),
        ("(list (日本 5))", "      ^^^^^^^^"),
    ] {
        let shown = rendered(text);
        assert_eq!(
            shown.lines().last(),
            Some(&*format!("  | {}", mark.trim_end())),
            "{text}"
        );
    }
}

#[test]
fn a_dict_that_is_too_big_is_called_one() {
    let dict = |entries: usize| {
        let entries: Vec<String> = (0..entries).map(|n| format!("{n} 0")).collect();
        format!("(size {{{}}})", entries.join(" "))
    };
    let refused = rendered(&dict(32_000));
    assert!(
        refused
            .starts_with("error :too-big: a dict with so many entries is too big to be compiled\n"),
        "{refused:.200}"
    );
    assert!(refused.len() < 1000, "{}", refused.len());
}

/// The programs in `examples/` that need no network print what `tests/examples/` says. `LOGOS_UPDATE=1` writes that anew.
#[test]
fn examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["tour", "numbers", "hat"] {
        let program = root.join(format!("../examples/{name}.logos"));
        let program = std::fs::read_to_string(program).expect("the example can be read");
        let mut vm = Vm::new(Profile::Pure);
        evaluate(&mut vm, &program);
        assert!(vm.condition().is_none(), "{name}: {:?}", vm.condition());
        let printed = vm.machine.take_output();
        let golden = root.join(format!("tests/examples/{name}.txt"));
        if std::env::var_os("LOGOS_UPDATE").is_some() {
            std::fs::write(&golden, &printed).expect("the output can be kept");
        }
        let expected = std::fs::read_to_string(golden).expect("the expected output can be read");
        assert_eq!(printed, expected, "{name}");
    }
}
