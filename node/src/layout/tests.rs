use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

use super::{LayoutError, lay_out};

fn check(input: &str, expected: &str) {
    let laid_out = lay_out(input).unwrap();
    assert_eq!(laid_out, expected, "{input}");
    assert_eq!(lay_out(&laid_out).unwrap(), expected, "twice: {input}");
}

#[test]
fn what_fits_stands_on_a_line() {
    let checks = [
        ("", ""),
        ("  (+ 1\n   2)  ", "(+ 1 2)\n"),
        ("(define   x\n 1)", "(define x 1)\n"),
        (
            "(define (square x)\n\n  (* x x))",
            "(define (square x) (* x x))\n",
        ),
        ("'( a . b )  #( 1 2 )", "'(a . b)\n#(1 2)\n"),
        ("{:a 1\n :b [x  y]}", "{:a 1 :b [x y]}\n"),
        ("`(a ,b\n,@c)", "`(a ,b ,@c)\n"),
        ("`(a , b\n,  @c ,@ @d)", "`(a ,b , @c ,@@d)\n"),
        (
            "#\\( #\\space \"a ; b\" |c d| #u8(1 2)",
            "#\\(\n#\\space\n\"a ; b\"\n|c d|\n#u8(1 2)\n",
        ),
        ("#0=(a . #0#)", "#0=(a . #0#)\n"),
        ("(f #| why |# x)", "(f #| why |# x)\n"),
        ("#!/usr/bin/env logos\n1", "#!/usr/bin/env logos\n1\n"),
        ("#;(a\nb) c", "#;(a b)\nc\n"),
    ];
    for (input, expected) in checks {
        check(input, expected);
    }
}

#[test]
fn bodies_of_several_forms_are_broken() {
    check(
        "(define (f x) \"Twice.\" :test (= (f 1) 2) (let ((y x)) (display y) (newline)) (cond ((= x 1) 2) (else (* 2 x))))",
        "\
(define (f x)
  \"Twice.\"
  :test (= (f 1) 2)
  (let ((y x))
    (display y)
    (newline))
  (cond ((= x 1) 2)
        (else (* 2 x))))
",
    );
    check(
        "(let loop ((i 0)) (when (< i 3) (display i) (loop (+ i 1))))",
        "\
(let loop ((i 0))
  (when (< i 3)
    (display i)
    (loop (+ i 1))))
",
    );
    check(
        "(let ((x 1) (y 2)) (if (< x y) (call-with-arguments x y) (call-with-arguments y x)))",
        "\
(let ((x 1) (y 2))
  (if (< x y)
      (call-with-arguments x y)
      (call-with-arguments y x)))
",
    );
    check(
        "(let name ((x 1)) (name x))",
        "(let name ((x 1)) (name x))\n",
    );
    check(
        "(cond ((null? x) (f x) (g x)) ((assv 1 x) => cdr) (else (f x) (g x)))",
        "\
(cond ((null? x)
       (f x)
       (g x))
      ((assv 1 x) => cdr)
      (else (f x)
            (g x)))
",
    );
    check(
        "(syntax-rules () ((_ x . body) (let () . body)) ((_ (x y ...) . body) (let ((x 1)) (f y) ... . body)))",
        "\
(syntax-rules ()
  ((_ x . body) (let () . body))
  ((_ (x y ...) . body)
   (let ((x 1))
     (f y) ...
     . body)))
",
    );
    check("(begin 1)", "(begin 1)\n");
    check("'(define a b c)", "'(define a b c)\n");
}

#[test]
fn long_lines_are_broken_by_what_they_are() {
    let long = "a-name-that-is-rather-long-and-says-little";
    check(
        &format!("(call {long} {long} ({long} 1))"),
        &format!("(call {long}\n      {long}\n      ({long} 1))\n"),
    );
    check(
        &format!("(remote (f {long}) :n 5 :quorum 3 :peers {long})"),
        &format!("(remote (f {long})\n        :n 5\n        :quorum 3\n        :peers {long})\n"),
    );
    check(
        &format!("(let* ((one {long}) (two {long})) two)"),
        &format!("(let* ((one {long})\n       (two {long}))\n  two)\n"),
    );
    check(
        &format!("{{:one ({long} 1) :two ({long} 2) :three 3}}"),
        &format!("{{:one ({long} 1)\n :two ({long} 2)\n :three 3}}\n"),
    );
    check(
        &format!("(raise (make-error ':kind ({long}) 'x {long}))"),
        &format!(
            "(raise (make-error ':kind\n                   ({long})\n                   'x\n                   {long}))\n"
        ),
    );
    let words = "a-word-of-length-23-say ".repeat(4);
    check(
        &format!("'(only (scheme base) {words})"),
        &format!(
            "'(only (scheme base) {}\n  a-word-of-length-23-say)\n",
            words.trim_end().rsplit_once(' ').unwrap().0
        ),
    );
    let numbers: Vec<String> = (1000..1030).map(|number| number.to_string()).collect();
    check(
        &format!("'({})", numbers.join("\n")),
        &format!(
            "'({}\n  {})\n",
            numbers[..19].join(" "),
            numbers[19..].join(" ")
        ),
    );
}

#[test]
fn comments_stay_where_they_are_and_blank_lines_too() {
    check(
        ";; A file.   \n\n\n\n(define x 1)   ; one\n; two\n(define y\n ;; why\n\n 2 ; it is\n )",
        "\
;; A file.

(define x 1) ; one
; two
(define y
  ;; why

  2 ; it is
 )
",
    );
    check("(; first\n a)", "(; first\n a)\n");
    check("#| two\n   lines |#\n(a)", "#| two\n   lines |#\n(a)\n");
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    assert!(matches!(lay_out("(car"), Err(LayoutError::Incomplete(_))));
    assert!(matches!(lay_out("(car))"), Err(LayoutError::Invalid(_))));
}

#[test]
fn depth_is_only_data() {
    let deep = format!("{}x{}", "(f ".repeat(20_000), ")".repeat(20_000));
    assert!(lay_out(&deep).is_ok());
    let deep = format!("{}x{}", "(begin ".repeat(20_000), ")".repeat(20_000));
    assert!(lay_out(&deep).unwrap().len() < 20_000 * 220);
}

/// Source text with comments, line ends and blank lines anywhere they may be.
fn source() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        prop::sample::select(vec![
            "x",
            "define",
            "let",
            "cond",
            "if",
            "begin",
            "1.5",
            ":key",
            "\"a b\"",
            "\"a\n b\"",
            "#t",
            "#\\)",
            "#\\;",
            "|a b|",
            "lambda",
            "a-name-that-is-rather-long-and-says-little",
        ])
        .prop_map(String::from),
        any::<u16>().prop_map(|number| number.to_string()),
    ];
    let gap = || {
        prop::sample::select(vec![
            " ",
            " ",
            " ",
            "\n",
            "\n\n",
            " ; note\n",
            "\n;; own line\n",
            " #| block |# ",
            "\n\n\n\n",
            "\r\n",
            " #| two\nlines |#",
        ])
    };
    let group = move |element: prop::strategy::BoxedStrategy<String>| {
        let brackets = prop::sample::select(vec![("(", ")"), ("[", "]"), ("'(", ")"), ("#(", ")")]);
        let items = prop::collection::vec((gap(), element), 0..6);
        (brackets, items, gap()).prop_map(|((open, close), items, last)| {
            let items: String = items
                .into_iter()
                .map(|(gap, item)| gap.to_owned() + &item)
                .collect();
            format!("{open}{items}{last}{close}")
        })
    };
    let form = atom.prop_recursive(5, 60, 6, move |inner| group(inner.boxed()));
    prop::collection::vec((gap(), form), 0..4).prop_map(|items| {
        items
            .into_iter()
            .map(|(gap, item)| gap.to_owned() + &item)
            .collect()
    })
}

proptest! {
    /// That no token and no comment changes, the layout itself makes sure of.
    #[test]
    fn laying_out_twice_changes_nothing(text in source()) {
        let once = lay_out(&text).unwrap();
        assert_eq!(lay_out(&once).unwrap(), once, "{text}");
        assert!(once.lines().all(|line| line.trim_end() == line), "{once}");
    }
}
