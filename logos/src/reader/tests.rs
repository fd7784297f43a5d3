use super::*;
use crate::number;
use proptest::prelude::*;

/// Data in a form that shows their structure: `[a b . c]` is a list, `L0=` a label.
fn show(symbols: &Symbols, datum: &Syntax) -> String {
    let all = |items: &[Syntax]| {
        let shown: Vec<String> = items.iter().map(|item| show(symbols, item)).collect();
        shown.join(" ")
    };
    match datum.datum() {
        Datum::Bool(value) => format!("{value}"),
        Datum::Number(Number::Int(value)) => format!("{value}"),
        Datum::Number(value) => format!("{value:?}"),
        Datum::Char(c) => format!("{c:?}"),
        Datum::String(text) => format!("{text:?}"),
        Datum::Bytes(bytes) => format!("bytes{bytes:?}"),
        Datum::Symbol(symbol) => symbols.text(*symbol).to_string(),
        Datum::List(items, None) => format!("[{}]", all(items)),
        Datum::List(items, Some(tail)) => format!("[{} . {}]", all(items), show(symbols, tail)),
        Datum::Vector(items) => format!("V[{}]", all(items)),
        Datum::Dict(entries) => {
            let entry =
                |(k, v): &(Syntax, Syntax)| format!("{}={}", show(symbols, k), show(symbols, v));
            let shown: Vec<String> = entries.iter().map(entry).collect();
            format!("D[{}]", shown.join(" "))
        }
        Datum::Labelled(number, inner) => format!("L{number}={}", show(symbols, inner)),
        Datum::Reference(number) => format!("R{number}"),
        other => format!("{other:?}"),
    }
}

fn read_all(text: &str) -> Result<String, ReadError> {
    let mut symbols = Symbols::new();
    let mut data = Vec::new();
    let mut reader = Reader::new(text, SourceId(1), &mut symbols);
    while let Some(datum) = reader.next()? {
        data.push(datum);
    }
    let shown: Vec<String> = data.iter().map(|datum| show(&symbols, datum)).collect();
    Ok(shown.join(" "))
}

fn check_read(text: &str, expected: &str) {
    match read_all(text) {
        Ok(shown) => assert_eq!(shown, expected, "reading {text}"),
        Err(error) => panic!("reading {text}: {error:?}"),
    }
}

#[test]
fn data_are_read() {
    for (text, expected) in [
        ("", ""),
        ("; nothing\n #| at #| all |# |# #;(a b)", ""),
        ("\u{feff}#!/usr/bin/env logos\n1", "1"),
        ("#! shell\n1", "1"),
        (
            "1 -2 +3 1/2",
            "1 -2 3 Rational(Ratio { numer: 1, denom: 2 })",
        ),
        ("#xff #b-101 #o17 #d9", "255 -5 15 9"),
        (
            "#t #f #true #false #T #FALSE",
            "true false true false true false",
        ),
        (
            "a Ab + - ... .. ->x +x -x .foo +.x a.b a@b <=? !$%&*/:<=>?^_~",
            "a Ab + - ... .. ->x +x -x .foo +.x a.b a@b <=? !$%&*/:<=>?^_~",
        ),
        ("λ naïve 名前 🍞", "λ naïve 名前 🍞"),
        (":name : :a:b", ":name : :a:b"),
        (
            "|a b| |\\x41;| |x\\|y| || |a\\tb| |A\nb|",
            "a b A x|y  a\tb A\nb",
        ),
        ("a|b c|d", "a b c d"),
        ("()", "[]"),
        ("(a (b) [c])", "[a [b] [c]]"),
        (
            "(a . b) (a b . c) (a . (b c)) (a . ()) (a . (b . c)) (a . [b . (c . d)])",
            "[a . b] [a b . c] [a b c] [a] [a b . c] [a b c . d]",
        ),
        (
            "(a . 'b) (a . #;x (b)) (a . b #;c) (a #;b . c) (a . #(b))",
            "[a quote b] [a b] [a . b] [a . c] [a . V[b]]",
        ),
        ("(a . #0=(b . #0#))", "[a . L0=[b . R0]]"),
        (
            "'a `(b ,c ,@d) '()",
            "[quote a] [quasiquote [b [unquote c] [unquote-splicing d]]] [quote []]",
        ),
        ("' a '#;b c ''d", "[quote a] [quote c] [quote [quote d]]"),
        ("#(a #(b)) #[a]", "V[a V[b]] V[a]"),
        (
            "#u8(0 255 #x10) #U8[] #u8()",
            "bytes[0, 255, 16] bytes[] bytes[]",
        ),
        ("{} {:a 1 b {c d}}", "D[] D[:a=1 b=D[c=d]]"),
        ("#;a b #;#;a b c (#;a) (a #;#;b c)", "b c [] [a]"),
        ("(a #;(b #;c d) e)", "[a e]"),
        ("#0=(a #0#) #0=b", "L0=[a R0] L0=b"),
        ("(#1=a #2='#1# #;#3=x #3=y)", "[L1=a L2=[quote R1] L3=y]"),
        (
            "#\\a #\\space #\\x41 #\\x #\\λ #\\( #\\) #\\; #\\  #\\NUL",
            "error",
        ),
        (
            "#\\a #\\space #\\x41 #\\x #\\λ #\\( #\\) #\\; #\\  #\\null",
            "'a' ' ' 'A' 'x' 'λ' '(' ')' ';' ' ' '\\0'",
        ),
        ("#\\alarm#\\backspace", "error"),
        ("(#\\a)(#\\()", "['a'] ['(']"),
        (
            r#""a\n\t\\\"\a\b\r\|" "\x41;\x3bb;" """#,
            r#""a\n\t\\\"\u{7}\u{8}\r|" "Aλ" """#,
        ),
        (
            "\"a\\  \n   b\" \"a\r\nb\rc\" \"λ\"",
            r#""ab" "a\nb\nc" "λ""#,
        ),
        (
            "#!fold-case ABC #\\A |ABC| #!no-fold-case ABC",
            "abc 'A' ABC ABC",
        ),
        ("1;c\n2\"x\"3(4)5", "1 2 \"x\" 3 [4] 5"),
        ("+inf.0", "Float(inf)"),
        ("(f\u{a0}x)", "[f x]"),
        ("`(,a,b)", "[quasiquote [[unquote a] [unquote b]]]"),
        ("(a , b)", "[a [unquote b]]"),
    ] {
        match expected {
            "error" => assert!(read_all(text).is_err(), "reading {text}"),
            _ => check_read(text, expected),
        }
    }
}

#[test]
fn wrong_text_is_marked_and_explained() {
    for (text, marked, message) in [
        (")", ")", "There is a closing bracket `)` too many."),
        ("(a]", "]", "The bracket `]` cannot close what `(` opened."),
        (
            "#u8(1}",
            "}",
            "The bracket `}` cannot close what `#u8(` opened.",
        ),
        ("(a ')", "'", "A value must follow `'`."),
        ("(a #;)", "#;", "A value must follow `#;`."),
        ("(a #0=)", "#0=", "A value must follow `#0=`."),
        ("(. a)", ".", "There is no value before this dot."),
        ("(a . (. b))", ".", "There is no value before this dot."),
        ("(a .)", ")", "A value must follow the dot."),
        (
            "(a . b c)",
            "c",
            "Only one value can follow the dot of a list.",
        ),
        (
            "(a . (b) (c))",
            "(c)",
            "Only one value can follow the dot of a list.",
        ),
        ("(a . b . c)", ".", "This list already has a dot."),
        (". a", ".", "A dot has no meaning outside of a list."),
        ("#(a . b)", ".", "A dot has no meaning here."),
        ("{a . b}", ".", "A dot has no meaning here."),
        ("{:a 1 :b}", ":b", "The key `:b` has no value."),
        (
            "#u8(1 256)",
            "256",
            "Each value in `#u8(…)` must be a whole number from 0 to 255.",
        ),
        ("#0#", "#0#", "There is no label #0= before this."),
        ("(#;#0=a #0#)", "#0#", "There is no label #0= before this."),
        (
            "#0=#0#",
            "#0#",
            "The label #0= stands for nothing but itself.",
        ),
        (
            "#0=#1=#0#",
            "#0#",
            "The label #0= stands for nothing but itself.",
        ),
        ("(#0=a #0=b)", "#0=", "The label #0= is here twice."),
        (
            "#99999999999=a",
            "#99999999999",
            "The number of this label is too big.",
        ),
        ("#12", "#12", "`#12` means nothing here."),
        ("12abc", "12abc", "`12abc` is not a number."),
        ("-1x", "-1x", "`-1x` is not a number."),
        (".5x", ".5x", "`.5x` is not a number."),
        ("1/0", "1/0", "The number `1/0` divides by zero."),
        ("#xyz", "#xyz", "`#xyz` is not a number."),
        ("a#b", "#", "A name cannot have `#` here."),
        (
            "(f isn't)",
            "'",
            "There is a quote mark right behind `isn`.",
        ),
        ("(f 1, 2)", ",", "There is a comma between two values."),
        ("(+ 1,000 2)", ",", "There is a comma within a number."),
        ("“a”", "“", "The mark `“` means nothing here."),
        (
            "#\\spaec",
            "#\\spaec",
            "There is no character called `spaec`.",
        ),
        (
            "#\\xd800",
            "#\\xd800",
            "There is no character with this code.",
        ),
        (r#""a\qb""#, r"\q", r"`\q` means nothing in a text."),
        (r#""\x41""#, r"\x", "This character code is not complete."),
        (
            r#""\x110000;""#,
            r"\x110000;",
            "There is no character with this code.",
        ),
        ("#!eof", "#!eof", "`#!eof` means nothing here."),
        (
            "#<void>",
            "#<void>",
            "This is how a value without a written form is shown.",
        ),
        ("#", "#", "`#` means nothing here."),
        ("#'a", "#", "`#` means nothing here."),
    ] {
        let error = read_all(text).expect_err(text);
        assert_eq!(error.message, message, "reading {text}");
        assert_eq!(error.kind, ReadErrorKind::Invalid, "reading {text}");
        let span = error.span.start as usize..error.span.end as usize;
        assert_eq!(&text[span], marked, "reading {text}");
    }
}

#[test]
fn unfinished_text_says_what_is_open() {
    for (text, open) in [
        ("(a (b", "("),
        ("(a [b) ", "error"),
        ("#(a", "#("),
        ("#u8(1 2", "#u8("),
        ("{:a", "{"),
        ("\"abc", "\""),
        ("\"abc\\", "\""),
        ("\"abc\\   ", "\""),
        ("|abc", "|"),
        ("1 #| a #| b |#", "#|"),
        ("'", "'"),
        ("(a #;", "#;"),
        (",@", ",@"),
        ("#0=", "#0="),
        ("#\\", "#\\"),
        ("(a .", "("),
    ] {
        let error = read_all(text).expect_err(text);
        let ReadErrorKind::Incomplete { open: span } = error.kind else {
            assert_eq!(open, "error", "reading {text}: {error:?}");
            continue;
        };
        let shown = &text[span.start as usize..span.end as usize];
        assert_eq!(shown, open, "reading {text}");
        assert_eq!(
            check(text),
            Check::Incomplete(Span {
                source: SourceId(0),
                ..span
            })
        );
    }
}

#[test]
fn spans_cover_what_was_written() {
    let text = "  (a 'bc . #(d))  x";
    let mut symbols = Symbols::new();
    let mut reader = Reader::new(text, SourceId(7), &mut symbols);
    let list = reader.next().unwrap().unwrap();
    assert_eq!(reader.position(), 16);
    let slice = |datum: &Syntax| &text[datum.span().start as usize..datum.span().end as usize];
    let Datum::List(items, Some(tail)) = list.datum() else {
        panic!("{list:?}")
    };
    assert_eq!(list.span().source, SourceId(7));
    assert_eq!(slice(&list), "(a 'bc . #(d))");
    assert_eq!(slice(&items[1]), "'bc");
    assert_eq!(slice(&items[1].as_list().unwrap()[0]), "'");
    assert_eq!(slice(&items[1].as_list().unwrap()[1]), "bc");
    assert_eq!(slice(tail), "#(d)");
}

fn read_deep(depth: usize, open: &str, middle: &str, close: &str) {
    let text = [open.repeat(depth), middle.to_string(), close.repeat(depth)].concat();
    let mut symbols = Symbols::new();
    let mut reader = Reader::new(&text, SourceId(1), &mut symbols);
    // Some of these are wrong in the end.
    while let Ok(Some(_)) = reader.next() {}
}

#[test]
fn depth_is_data() {
    const DEPTH: usize = 1_000_000;
    for (open, middle, close) in [
        ("(", "", ")"),
        ("'", "a", ""),
        ("#;", "", "a "),
        ("#|", "", "|#"),
    ] {
        read_deep(DEPTH, open, middle, close);
    }
    for (open, middle, close) in [
        ("[", "a", "]"),
        ("#(", "", ")"),
        ("{a ", "b", "}"),
        (",@", "a", ""),
        ("(a . ", "b", ")"),
        ("(a . '", "b", ")"),
        ("(a . (b) ", "", ""),
        ("((a . ", "b", "))"),
        ("#;(", "", ")"),
        ("(#;a ", "", ")"),
    ] {
        read_deep(DEPTH / 10, open, middle, close);
    }
    let Check::Incomplete(open) = check(&"(".repeat(DEPTH)) else {
        panic!("a million open brackets are unfinished");
    };
    assert_eq!(open.start as usize, DEPTH - 1);
    let labels: String = (0..DEPTH / 10).map(|n| format!("#{n}=(")).collect();
    assert!(matches!(check(&labels), Check::Incomplete(_)));
}

#[test]
fn reading_goes_on_where_it_stopped() {
    let text = "#!fold-case A #;b (c) D";
    let mut symbols = Symbols::new();
    let (mut position, mut fold_case, mut shown) = (0, false, Vec::new());
    loop {
        let reader = Reader::new(text, SourceId(1), &mut symbols);
        let mut reader = reader.starting_at(position).with_fold_case(fold_case);
        let datum = reader.next().unwrap();
        (position, fold_case) = (reader.position(), reader.fold_case());
        match datum {
            Some(datum) => shown.push(show(&symbols, &datum)),
            None => break,
        }
    }
    assert_eq!(shown, ["a", "[c]", "d"]);
}

#[test]
fn limits_stop_the_reader() {
    for text in [
        "(a b c d e f)",
        "''''''a",
        "((((((",
        "#;#;#;#;#;#;",
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
    ] {
        for limits in [
            Meter {
                nodes: 3,
                ..Meter::UNLIMITED
            },
            Meter {
                bytes: 90,
                ..Meter::UNLIMITED
            },
        ] {
            let mut symbols = Symbols::new();
            let mut reader = Reader::new(text, SourceId(1), &mut symbols).with_limits(limits);
            let result = reader.next();
            let stopped = matches!(&result, Err(error) if error.kind == ReadErrorKind::TooBig);
            // Some of these have few nodes and many bytes.
            assert!(stopped || limits.nodes == 3, "{text} {result:?}");
            assert!(reader.next().unwrap().is_none());
        }
    }
}

/// Syntax as text that reads back as the same.
fn write(symbols: &Symbols, datum: &Syntax) -> String {
    let all = |items: &[Syntax]| {
        items
            .iter()
            .map(|item| write(symbols, item))
            .collect::<Vec<_>>()
            .join(" ")
    };
    match datum.datum() {
        Datum::Bool(value) => (if *value { "#t" } else { "#f" }).to_string(),
        Datum::Number(value) => number::to_text(value, 10),
        Datum::Char(c) => format!("#\\x{:x}", *c as u32),
        Datum::String(text) => {
            let escape = |c: char| format!("\\x{:x};", c as u32);
            format!("\"{}\"", text.chars().map(escape).collect::<String>())
        }
        Datum::Bytes(bytes) => {
            let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("#u8({})", bytes.join(" "))
        }
        Datum::Symbol(symbol) => match symbols.text(*symbol) {
            text if is_plain_name(text) => text.to_string(),
            text => {
                let escape = |c: char| format!("\\x{:x};", c as u32);
                format!("|{}|", text.chars().map(escape).collect::<String>())
            }
        },
        Datum::List(items, None) => format!("({})", all(items)),
        Datum::List(items, Some(tail)) => format!("({} . {})", all(items), write(symbols, tail)),
        Datum::Vector(items) => format!("#({})", all(items)),
        Datum::Dict(entries) => {
            let entry =
                |(k, v): &(Syntax, Syntax)| format!("{} {}", write(symbols, k), write(symbols, v));
            format!(
                "{{{}}}",
                entries.iter().map(entry).collect::<Vec<_>>().join(" ")
            )
        }
        Datum::Labelled(number, inner) => format!("#{number}={}", write(symbols, inner)),
        Datum::Reference(number) => format!("#{number}#"),
        other => panic!("the reader does not make {other:?}"),
    }
}

/// Texts of pieces that mean something, most of them wrong as a whole.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["(", ")", "[", "]", "{", "}", " ", "\n", "'", "`", ",", ",@", "#(", "#u8(", "#;", "#|", "|#", ";", "|", "\"", "\\", " . ", "#0=", "#0#", "#1=", "#1#", "#!fold-case ", "#!no-fold-case "]),
        4 => prop::sample::select(vec!["a", "B", " c ", ":k", "λ", "...", "->x", "+", "1", "-2.5", "1/2", "#xFF", "1e3", "+inf.0", "#t", "#false", "#\\a", "#\\space", "\"x\\n\"", "|a b|", " ", " ", " "]),
        1 => Just("é"),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// Texts that are right: data of all kinds within each other.
fn right() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a",
        "B",
        ":k",
        "λ",
        "...",
        "->x",
        "+",
        "|a b|",
        "||",
        "|1|",
        "|+inf.0|",
        "|.|",
        "1",
        "-2.5",
        "1/2",
        "#xFF",
        "1e300",
        "+nan.0",
        "#t",
        "#f",
        "#\\a",
        "#\\space",
        "#\\(",
        "\"x\\n\\\"\"",
        "()",
        "#u8(1 2)",
        "#;a b",
        "#|a|# b",
    ]);
    leaf.prop_map(str::to_string)
        .prop_recursive(5, 40, 4, |inner| {
            let some = prop::collection::vec(inner.clone(), 0..4).prop_map(|all| all.join(" "));
            prop_oneof![
                some.clone().prop_map(|all| format!("({all})")),
                some.clone().prop_map(|all| format!("[{all}]")),
                some.prop_map(|all| format!("#({all})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} . {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{{a} {b}}}")),
                inner.clone().prop_map(|a| format!("'{a}")),
                inner.prop_map(|a| format!(",@{a}")),
            ]
        })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![any::<String>(), pieces()]) {
        let mut symbols = Symbols::new();
        let mut reader = Reader::new(&text, SourceId(1), &mut symbols);
        let mut data = Vec::new();
        while let Ok(Some(datum)) = reader.next() {
            data.push(datum);
        }
        let limits = reader.made();
        prop_assert!(limits.nodes <= 3 * text.len() as u64);
        for datum in data {
            let span = datum.span();
            prop_assert!(text.get(span.start as usize..span.end as usize).is_some());
            let written = write(&symbols, &datum);
            let copy = Reader::new(&written, SourceId(1), &mut symbols).next();
            let copy = copy.map_err(|error| TestCaseError::fail(format!("{written}: {error:?}")))?;
            prop_assert_eq!(write(&symbols, &copy.unwrap()), written);
        }
    }

    #[test]
    fn right_text_reads_and_writes(text in right()) {
        let mut symbols = Symbols::new();
        let datum = Reader::new(&text, SourceId(1), &mut symbols).next();
        let datum = datum.map_err(|error| TestCaseError::fail(format!("{text}: {error:?}")))?;
        let written = write(&symbols, &datum.unwrap());
        let copy = Reader::new(&written, SourceId(1), &mut symbols).next().unwrap().unwrap();
        prop_assert_eq!(write(&symbols, &copy), written);
        // Every proper beginning is either whole data or unfinished, or at worst wrong, and never hangs.
        for (end, _) in text.char_indices() {
            check(&text[..end]);
        }
    }
}
