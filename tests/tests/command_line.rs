//! The command line, output for output and status for status.

use std::time::{Duration, Instant};

use logos_tests::{Folder, Node, Ran, logos, peak_memory, run, run_with_input};

fn ran(output: &str, errors: &str, status: i32) -> Ran {
    Ran {
        output: output.into(),
        errors: errors.into(),
        status: Some(status),
    }
}

/// Runs with these arguments and nothing on standard input.
fn with(arguments: &[&str]) -> Ran {
    run(logos(&Folder::new()).args(arguments))
}

#[test]
fn expressions_print_their_last_value() {
    let checks: &[(&[&str], &str)] = &[
        (&["-e", "(+ 1 2)"], "3\n"),
        (&["-e", "1 2 \"three\""], "\"three\"\n"),
        (&["-e", "(define x 5)", "-e", "(* x x)"], "25\n"),
        (&["-e", "(if #f #f)"], ""),
        (&["-e", ""], ""),
        (&["-e", "-5"], "-5\n"),
        (&["-e", "(display \"a\") 'b"], "ab\n"),
        (&["-e", "(spawn (lambda () (sleep 0.01) 7))"], "7\n"),
        (&["--pure", "-e", "{:b 1 :a 2}"], "{:a 2 :b 1}\n"),
    ];
    for (arguments, output) in checks {
        assert_eq!(with(arguments), ran(output, "", 0), "{arguments:?}");
    }
}

#[test]
fn errors_show_the_line_and_mark_the_place() {
    let expected = "\
error :wrong-argument: `car` needs a pair, but got 5
 --> -e:1:4
1 | 1 (car 5)
  |   ^^^^^^^
";
    let expected = expected.replace("-e:1:4", "-e:1:3");
    assert_eq!(with(&["-e", "1 (car 5)"]), ran("", &expected, 1));
}

/// A mistake is shown where the user made it, not inside the library; where all calls were tail calls, the form they began in is.
#[test]
fn errors_are_shown_in_the_users_own_text() {
    for (text, place) in [
        ("(map car 5)", "1 | (map car 5)\n  | ^^^^^^^^^^^\n"),
        (
            "(list (dht-get \"a\"))",
            "1 | (list (dht-get \"a\"))\n  |       ^^^^^^^^^^^^^\n",
        ),
        (
            "1 (dht-get \"a\")",
            "1 | 1 (dht-get \"a\")\n  |   ^^^^^^^^^^^^^\n",
        ),
    ] {
        let ran = with(&["--offline", "-e", text]);
        assert!(ran.errors.contains(place), "{text}: {}", ran.errors);
        assert_eq!(ran.status, Some(1), "{text}");
    }
}

#[test]
fn every_end_has_its_status() {
    let checks: &[(&[&str], i32)] = &[
        (&["-e", "(if #f #f)"], 0),
        (&["-e", "(raise 1)"], 1),
        (
            &[
                "-e",
                "(with-limits {:fuel 1000} (lambda () (let loop () (loop))))",
            ],
            1,
        ),
        (
            &[
                "-e",
                "(with-limits {:memory 100000} (lambda () (make-vector 1000000 0)))",
            ],
            1,
        ),
        // A limit of a job is not this program's.
        (
            &[
                "--swarm",
                "3",
                "-e",
                "(remote (let loop () (loop)) :fuel 10000)",
            ],
            1,
        ),
        (&["--json", "doc", "surely-no-such-name"], 1),
        (&["--nonsense"], 2),
        (&["--swarm", "3", "--join", "logosabc", "-e", "1"], 2),
        (&["--join", "logosabc", "-e", "1"], 2),
        (&["--offline", "--listen", "127.0.0.1:0", "-e", "1"], 2),
        (&["--color", "sometimes", "-e", "1"], 2),
        (&["-e", "1", "no-such-file.logos"], 2),
        (&["-e", "1", "key"], 2),
        (&["--swarm", "3,liars=1,liars=2", "-e", "1"], 2),
        (&["submit", "--n", "0", "-e", "1"], 2),
        (&["submit", "--quorum", "0", "-e", "1"], 2),
        (&["node", "--swarm", "3"], 2),
        (&["attach", "--offline"], 2),
        (&["job"], 2),
        (&["no-such-file.logos"], 2),
        (&["--fuel", "1X", "-e", "1"], 2),
        (&["--swarm", "3", "--offline", "-e", "1"], 2),
        (&["--fuel", "1M", "-e", "(let loop () (loop))"], 3),
        (
            &[
                "--fuel",
                "1M",
                "-e",
                "(guard (e (#t 'caught)) (let loop () (loop)))",
            ],
            3,
        ),
        (
            &[
                "--memory",
                "32M",
                "-e",
                "(let loop ((l '())) (loop (cons 1 l)))",
            ],
            4,
        ),
        (
            &[
                "--memory",
                "32M",
                "-e",
                "(guard (e (#t 'caught)) (let loop ((l '())) (loop (cons 1 l))))",
            ],
            4,
        ),
        (&["-e", "(dht-get \"nobody is there\")"], 5),
        (&["-e", "(remote 1)"], 5),
        (&["--swarm", "1", "-e", "(remote 1 :n 1 :quorum 2)"], 5),
        (&["--swarm", "1", "-e", "(remote 1 :memory 9000000000)"], 5),
        (
            &["--swarm", "1,lazy=1", "-e", "(remote 1 :timeout 0.05)"],
            5,
        ),
        // This time it was the program that would not wait.
        (&["-e", "(await (spawn (lambda () (sleep 9))) 0.01)"], 1),
        (&["submit", "-e", "1"], 5),
    ];
    for (arguments, status) in checks {
        let ran = with(arguments);
        assert_eq!(ran.status, Some(*status), "{arguments:?}: {ran:?}");
        assert_eq!(ran.output, "", "{arguments:?}");
    }
}

#[test]
fn scripts_and_json_end_with_the_same_status() {
    let folder = Folder::new();
    let checks: &[(&[&str], &str, i32)] = &[
        (&[], "(define x 1)", 0),
        (&[], "(car 1)", 1),
        (&["--fuel", "1M"], "(let loop () (loop))", 3),
        (
            &["--memory", "32M"],
            "(let loop ((l '())) (loop (cons 1 l)))",
            4,
        ),
        (&[], "(await (dht-get \"nobody is there\"))", 5),
    ];
    for (options, program, status) in checks {
        let script = folder.write("script.logos", program);
        let script = run(logos(&folder).args(*options).arg(script));
        assert_eq!(script.status, Some(*status), "{program}: {script:?}");
        let json = run(logos(&folder)
            .args(*options)
            .args(["--json", "-e", program]));
        assert_eq!(json.status, Some(*status), "{program}: {json:?}");
        assert_eq!(
            json.output.contains("\"error\": "),
            *status != 0,
            "{json:?}"
        );
    }
}

#[test]
fn what_the_profile_lacks_is_named() {
    let ran = with(&["--offline", "-e", "(peers)"]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.errors.contains("`peers`") && ran.errors.contains("node"),
        "{}",
        ran.errors
    );
}

/// Nobody reads any more, or the disk is full: neither is worth a panic.
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_ends_the_program() {
    use std::io::Read as _;
    use std::process::Stdio;
    let folder = Folder::new();
    let ugly = folder.write("ugly.logos", "( define  x 1)");
    let ugly = ugly.to_str().unwrap();
    let checks: &[&[&str]] = &[
        &["-e", "5"],
        &["-e", "(display 5)"],
        &["--json", "-e", "5"],
        &["key", "show"],
        &["test", ugly],
        &["fmt", "--check", ugly],
        &["doc"],
        &["--help"],
        &["node"],
    ];
    for arguments in checks {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let child = logos(&folder)
            .args(*arguments)
            .stdout(full.unwrap())
            .stderr(Stdio::piped())
            .spawn();
        let ended = child.unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        let expected =
            "logos: standard output cannot be written: No space left on device (os error 28)\n";
        assert_eq!(
            (said.as_str(), ended.status.code()),
            (expected, Some(1)),
            "{arguments:?}"
        );
    }
    for arguments in [
        &["--offline", "-e", "(iota 1000000)"][..],
        &["--json", "--offline", "-e", "(iota 1000000)"],
        &["--offline", "-e", "(display (iota 1000000))"],
        &["doc", "--all"],
    ] {
        let mut child = logos(&folder)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut beginning = [0; 5];
        let mut output = child.stdout.take().unwrap();
        output.read_exact(&mut beginning).unwrap();
        drop(output);
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(
            (said.as_str(), ended.status.code()),
            ("", Some(1)),
            "{arguments:?}"
        );
    }
    // Whoever closed standard error misses only what it says.
    let full = std::fs::File::options().write(true).open("/dev/full");
    let ended = logos(&folder)
        .args(["-e", "(car 1)"])
        .stderr(full.unwrap())
        .status();
    assert_eq!(ended.unwrap().code(), Some(1));
}

#[test]
fn json_begins_on_a_line_of_its_own() {
    let ran = with(&[
        "--json",
        "-e",
        "(display \"a\") 1",
        "-e",
        "(display \"b\\n\") 2",
    ]);
    let lines: Vec<&str> = ran.output.lines().collect();
    assert!(
        matches!(lines[..], ["a", one, "b", two] if one.starts_with("{\"value\": \"1\"") && two.starts_with("{\"value\": \"2\"")),
        "{ran:?}"
    );
}

/// What is wrong is told by the name that was used, and before anything is asked of the network.
#[test]
fn wrong_arguments_are_told_in_the_words_of_who_gave_them() {
    let checks = [
        (
            "(link 5 5)",
            "`link` needs the name of an item, a string that is not empty, but got 5",
        ),
        (
            "(link \"me\" \"\")",
            "`link` needs the name of an item, a string that is not empty, but got \"\"",
        ),
        (
            "(link 5 \"x\")",
            "`link` needs a public key or an alias, but got 5",
        ),
        (
            "(dht-get \"\")",
            "`dht-get` needs a name that is not empty, but got \"\"",
        ),
        (
            "(dht-put \"\" 1)",
            "`dht-put` needs a name that is not empty, but got \"\"",
        ),
        (
            "(dht-delete \"\")",
            "`dht-delete` needs a name that is not empty, but got \"\"",
        ),
        (
            "(dht-watch \"\" \"me\" list)",
            "`dht-watch` needs a name that is not empty, but got \"\"",
        ),
        (
            "(dht-watch \"w\" 5)",
            "`dht-watch` needs a procedure as the last argument, but got 5",
        ),
        (
            "(remote 5 {:n 3} :n 4)",
            "`remote` takes its options in one dict, the last argument, or as keywords with their values, but not both",
        ),
        ("(choose 5 0)", "`choose` needs a verdict, but got 5"),
        (
            "(choose {:groups '()} 0)",
            "`choose` needs the number of a group of the verdict, but got 0",
        ),
        (
            "(remote-map 5 '(1))",
            "`remote-map` needs a procedure, but got 5",
        ),
        (
            "(remote-map list 5)",
            "`remote-map` needs a list, vector, string or dict, but got 5",
        ),
    ];
    for (text, message) in checks {
        let ran = with(&["-e", text]);
        let first = ran.errors.lines().next().unwrap_or_default();
        let expected = format!("error :wrong-argument: {message}");
        assert_eq!((first, ran.status), (&*expected, Some(1)), "{text}");
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let folder = Folder::new();
    let file = folder.write("file", "");
    let file = file.to_str().unwrap();
    let said = format!("logos: {file} is no folder, and data is kept in one\n");
    assert_eq!(with(&["--data", file, "key"]), ran("", &said, 2));

    let latin = std::fs::File::open(folder.write("latin.logos", "")).unwrap();
    std::fs::write(folder.path().join("latin.logos"), b"1 \xe9").unwrap();
    let ended = logos(&folder).arg("-").stdin(latin).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(
        said,
        "logos: standard input is not UTF-8 text, from byte 2\n"
    );

    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = with(&["node", "--listen", &address]);
    assert!(
        refused.errors.starts_with("logos: cannot listen: ")
            && refused.errors.contains("in use")
            && refused.status == Some(1),
        "{refused:?}"
    );

    let gone = Node::start(&folder, &[]);
    let ticket = gone.ticket.clone();
    gone.kill();
    let alone = with(&["--join", &ticket, "-e", "(dht-get \"x\")"]);
    let said =
        "error :unreachable: whom `--join` names does not answer, and no other peers are known\n";
    assert!(
        alone.errors.starts_with(said) && alone.status == Some(5),
        "{alone:?}"
    );
}

#[test]
fn expressions_end_at_the_first_error() {
    let arguments = ["-e", "1", "-e", "(car 2)", "-e", "(display 3)"];
    let plain = with(&arguments);
    assert_eq!((plain.output.as_str(), plain.status), ("1\n", Some(1)));
    let json = with(&[&["--json"][..], &arguments].concat());
    let lines: Vec<&str> = json.output.lines().collect();
    assert!(
        matches!(lines[..], [one, two] if one.starts_with("{\"value\": \"1\"") && two.starts_with("{\"error\": ")),
        "{json:?}"
    );
    assert_eq!((json.errors.as_str(), json.status), ("", Some(1)));
}

#[test]
fn json_is_one_line_for_each_expression() {
    let ran = with(&["--json", "-e", "(list 1 \"a\\nb\")", "-e", "(foo)"]);
    let lines: Vec<&str> = ran.output.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert!(
        lines[0].starts_with("{\"value\": \"(1 \\\"a\\\\nb\\\")\", \"fuel\": "),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with("{\"error\": {\"kind\": \"unknown-name\", \"message\": "),
        "{}",
        lines[1]
    );
    assert_eq!((ran.errors.as_str(), ran.status), ("", Some(1)));
}

#[test]
fn scripts_run_from_files_and_pipes() {
    let folder = Folder::new();
    let script = folder.write(
        "hello.logos",
        "#!/usr/bin/env logos\n(display \"hello\")\n(newline)\n41\n",
    );
    let script = script.to_str().unwrap();
    assert_eq!(with(&[script]), ran("hello\n", "", 0));
    assert_eq!(with(&["run", script]), ran("hello\n", "", 0));
    for arguments in [&["-"][..], &[]] {
        let piped = run_with_input(logos(&folder).args(arguments), "(display 1)\n(display 2)");
        assert_eq!(piped, ran("12", "", 0));
    }
    let open = run_with_input(logos(&folder).arg("-"), "(display 1) (car");
    assert_eq!((open.output.as_str(), open.status), ("1", Some(1)));
    assert!(
        open.errors.contains("standard input:1:13"),
        "{}",
        open.errors
    );
}

#[test]
fn a_script_that_ends_waits_for_what_it_started() {
    let folder = Folder::new();
    let script = folder.write(
        "tasks.logos",
        "(spawn (lambda () (sleep 0.05) (display \"late\")))\n(display \"soon \")",
    );
    assert_eq!(with(&[script.to_str().unwrap()]), ran("soon late", "", 0));
}

/// Also for what computes for longer than a slice.
#[test]
fn a_script_that_ends_waits_for_a_task_that_computes() {
    let folder = Folder::new();
    let task = "(define t (spawn (lambda () (let loop ((n 1000000)) \
                  (if (> n 0) (loop (- n 1)) (display \"done\"))))))";
    let script = folder.write("task.logos", task);
    assert_eq!(with(&[script.to_str().unwrap()]), ran("done", "", 0));
    assert_eq!(with(&["-e", task]), ran("done", "", 0));
}

#[test]
fn keys_are_made_kept_and_moved() {
    let folder = Folder::new();
    let key = |arguments: &[&str]| {
        let ran = run(logos(&folder).arg("key").args(arguments));
        assert_eq!(ran.status, Some(0), "{ran:?}");
        ran.output
    };
    let first = key(&["show"]);
    assert_eq!(first.len(), 65);
    assert!(
        first
            .trim_end()
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
    );
    assert_eq!(key(&[]), first);
    let file = folder.path().join("exported");
    let file = file.to_str().unwrap();
    key(&["export", file]);
    assert_ne!(key(&["new"]), first);
    key(&["import", file]);
    assert_eq!(key(&["show"]), first);
}

#[test]
fn a_key_in_use_is_not_replaced() {
    let folder = Folder::new();
    let file = folder.path().join("exported");
    let file = file.to_str().unwrap();
    assert_eq!(
        run(logos(&folder).args(["key", "export", file])).status,
        Some(0)
    );
    let before = run(logos(&folder).args(["key", "show"]));
    let node = Node::start(&folder, &[]);
    for arguments in [&["key", "new"][..], &["key", "import", file]] {
        let refused = run(logos(&folder).args(arguments));
        let said = format!(
            "logos: another program is using the data folder {} and its key: end that one first\n",
            folder.path().display()
        );
        assert_eq!(refused, ran("", &said, 1), "{arguments:?}");
    }
    assert_eq!(run(logos(&folder).args(["key", "show"])), before);
    node.kill();
    assert_eq!(run(logos(&folder).args(["key", "new"])).status, Some(0));
}

#[test]
fn tests_that_definitions_carry_are_counted() {
    let folder = Folder::new();
    let good =
        "(define (double x) \"Twice.\" :test (= (double 2) 4) :test (= (double 0) 0) (* 2 x))";
    let bad = "(define (half x) :test (= (half 2) 1) :test (= (half 2) 2) (/ x 2))";
    let file = folder.write("good.logos", good);
    assert_eq!(
        with(&["test", file.to_str().unwrap()]),
        ran("2 passed, 0 failed\n", "", 0)
    );
    let everywhere = r#"
        (define-syntax twice :test (= (twice 1) 1) (syntax-rules () ((_ e) (begin e e))))
        (defmacro (swapped a b) :test (= (swapped 1 2) 1) `(- ,b ,a))
        (begin (define (inner) :test (= (inner) 1) 1))
        (define choose :test (= (choose 1) 1) :test (= (choose 1 2) 2) (case-lambda ((a) a) ((a b) b)))
        (define-library (shapes) (export area) (import (logos))
          (begin (define (area r) :test (= (area 2) 12) (* 3 r r)) (define (inside) :test #t 1)))
    "#;
    let all = folder.write("everywhere.logos", everywhere);
    assert_eq!(
        with(&["test", all.to_str().unwrap()]),
        ran("7 passed, 0 failed\n", "", 0)
    );
    folder.write("bad.logos", bad);
    let both = with(&["test", folder.path().to_str().unwrap()]);
    assert_eq!(both.status, Some(1));
    assert!(
        both.output.ends_with("`half` fails\n10 passed, 1 failed\n"),
        "{}",
        both.output
    );
}

#[test]
fn files_are_tests_too() {
    /// Name, text, options; what comes of it.
    type Check = (
        &'static str,
        &'static [u8],
        &'static [&'static str],
        &'static str,
        i32,
    );
    let good = "(define (f) :test #t 1)";
    let checks: &[Check] = &[
        (
            "good.logos",
            good.as_bytes(),
            &[],
            "1 passed, 0 failed\n",
            0,
        ),
        ("some-test.logos", b"1", &[], "1 passed, 0 failed\n", 0),
        (
            "some-test.logos",
            good.as_bytes(),
            &[],
            "2 passed, 0 failed\n",
            0,
        ),
        (
            "some-test.logos",
            b"(exit 0)",
            &[],
            "1 passed, 0 failed\n",
            0,
        ),
        (
            "some-test.logos",
            b"(car 1)",
            &[],
            "0 passed, 1 failed\n",
            1,
        ),
        (
            "some-test.logos",
            b"(exit 7)",
            &[],
            "0 passed, 1 failed\n",
            1,
        ),
        ("left.logos", b"(exit 1)", &[], "0 passed, 1 failed\n", 1),
        ("latin.logos", b"\xe9", &[], "0 passed, 1 failed\n", 1),
        (
            "long.logos",
            b"(let loop () (loop))",
            &["--fuel", "1M"],
            "0 passed, 1 failed\n",
            3,
        ),
        (
            "long.logos",
            b"(define (f) :test (= (f) 2) :test (let loop () (loop)) :test (= (f) 1) 1)",
            &["--fuel", "1M"],
            "failed: (= (f) 2)\nfailed: (let loop () (loop))\n/long.logos: `f` fails\n1 passed, 2 failed\n",
            3,
        ),
        (
            "spawned.logos",
            b"(define (a) :test (begin (spawn (lambda () (car 1))) #t) 1)\n(define (b) :test (spawn (lambda () #f)) :test (spawn (lambda () 2)) 1)",
            &[],
            "failed: (spawn (lambda () #f))\n/spawned.logos: `b` fails\n2 passed, 2 failed\n",
            1,
        ),
        (
            "large.logos",
            b"(let loop ((l '())) (loop (cons 1 l)))",
            &["--memory", "32M"],
            "0 passed, 1 failed\n",
            4,
        ),
    ];
    for (name, text, options, output, status) in checks {
        let folder = Folder::new();
        std::fs::write(folder.path().join(name), text).unwrap();
        let all = folder.path().to_str().unwrap();
        let tested = run(logos(&Folder::new()).args(*options).args(["test", all]));
        assert_eq!(
            (tested.output.replace(all, "").as_str(), tested.status),
            (*output, Some(*status)),
            "{name}: {tested:?}"
        );
        assert_eq!(tested.errors.is_empty(), *status == 0, "{tested:?}");
    }
    // One that fails is no reason not to run the others.
    let folder = Folder::new();
    std::fs::write(folder.path().join("a.logos"), b"\xe9").unwrap();
    folder.write("b.logos", "(exit 2)");
    folder.write("c.logos", good);
    let all = folder.path().to_str().unwrap();
    let errors = format!(
        "logos: {all}/a.logos is not UTF-8 text, from byte 0\n\
         logos: {all}/b.logos ended with status 2\n"
    );
    assert_eq!(
        with(&["test", all]),
        ran("1 passed, 2 failed\n", &errors, 1)
    );
    assert_eq!(with(&["test", "no-such-file.logos"]).status, Some(2));
}

#[test]
fn sources_are_laid_out_and_checked() {
    let folder = Folder::new();
    let good = "(define x 1) ; one\n";
    let ugly = "; kept\n( define   x\n1 ) ; one";
    folder.write("good.logos", good);
    let file = folder.write("ugly.logos", ugly);
    let read = || std::fs::read_to_string(&file).unwrap();
    let (all, name) = (folder.path().to_str().unwrap(), file.to_str().unwrap());
    assert_eq!(
        with(&["fmt", "--check", all]),
        ran(&format!("{name}\n"), "", 1)
    );
    assert_eq!(read(), ugly);
    assert_eq!(with(&["fmt", all]), ran("", &format!("{name}\n"), 0));
    assert_eq!(read(), format!("; kept\n{good}"));
    assert_eq!(with(&["fmt", "--check", all]), ran("", "", 0));
    let piped = run_with_input(logos(&folder).args(["fmt", "-"]), ugly);
    assert_eq!(piped, ran(&format!("; kept\n{good}"), "", 0));

    let open = folder.write("open.logos", "(define x\n  (car");
    let open = open.to_str().unwrap();
    let said = format!("logos: {open}:2:3: this is never closed\n");
    assert_eq!(with(&["fmt", open]), ran("", &said, 1));
    assert_eq!(with(&["fmt", "no-such-file.logos"]).status, Some(2));
    assert_eq!(with(&["fmt"]).status, Some(2));
}

#[test]
fn documentation_is_shown() {
    let ran = with(&["doc", "car"]);
    let car = "(car pair)\nThe first part of a pair: of a list, its first element.\n\
        Price: that of a call. Profile: pure.\n";
    assert_eq!(ran.output, car);
    // A name that begins like an option.
    let arrow = with(&["doc", "->>"]).output;
    assert!(arrow.starts_with("(->> value f more …)\n"), "{arrow}");
    let index = with(&["doc"]).output;
    for beginning in [
        "Lists",
        "  (remote-eval program options …)  ",
        "  (car pair)  ",
    ] {
        assert!(
            index.lines().any(|line| line.starts_with(beginning)),
            "{index}"
        );
    }
    assert!(!index.contains("(%"));
    let whole = with(&["doc", "--all"]).output;
    assert!(whole.contains("\n### `(car pair)`\n"));
    let json = with(&["--json", "doc"]).output;
    assert!(json.contains("{\"name\": \"car\", \"topic\": \"Lists\", "));
}

#[test]
fn endless_programs_end_soon_and_small() {
    let began = Instant::now();
    let ran = with(&["--fuel", "1M", "-e", "(let loop () (loop))"]);
    assert_eq!(ran.status, Some(3));
    // Far below a second where nothing else runs.
    assert!(began.elapsed() < Duration::from_secs(20));

    let endless = "(let loop ((l '())) (loop (cons 1 l)))";
    let folder = Folder::new();
    let mut command = logos(&folder);
    command.args(["--memory", "32M", "-e", endless]);
    let (status, peak) = peak_memory(&mut command);
    assert_eq!(status, Some(4));
    assert!(
        peak.is_none_or(|peak| peak < (2 * 32 + 64) << 20),
        "{peak:?} bytes"
    );
}
