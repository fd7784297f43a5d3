//! Files and the console's input, as programs read and write them; files that import and include one another.

use logos_tests::{Folder, Ran, logos, run, run_with_input};

/// Runs a script in its folder with this on its standard input.
fn script(folder: &Folder, text: &str, input: &str) -> Ran {
    folder.write("main.logos", text);
    let data = Folder::new();
    let mut command = logos(&data);
    command.arg("main.logos").current_dir(folder.path());
    run_with_input(&mut command, input)
}

/// What a script prints that ends well.
fn printed(folder: &Folder, text: &str, input: &str) -> String {
    let ran = script(folder, text, input);
    assert_eq!((ran.errors.as_str(), ran.status), ("", Some(0)), "{text}");
    ran.output
}

#[test]
fn what_is_written_is_read_again() {
    let folder = Folder::new();
    let text = r#"
        (call-with-output-file "text" (lambda (p) (write '(a "b" 1.5) p) (newline p) (display "λ𝒳 second" p)))
        (call-with-input-file "text"
          (lambda (p) (write (list (read p) (read-line p) (read-char p) (peek-char p) (read-string 99 p) (read-line p)))))
        (newline)
        (call-with-port (open-binary-output-file "bytes") (lambda (p) (write-u8 1 p) (write-bytevector #u8(2 3 255) p)))
        (write (call-with-port (open-binary-input-file "bytes")
          (lambda (p) (list (read-u8 p) (peek-u8 p) (read-bytevector 9 p) (read-u8 p)))))
        (newline)
        (with-output-to-file "text" (lambda () (display "anew")))
        (write (with-input-from-file "text" read-line))
        (write (list (file-exists? "text") (delete-file "text") (file-exists? "text")))"#;
    let expected = "((a \"b\" 1.5) \"\" #\\λ #\\𝒳 \"𝒳 second\" #<eof>)
(1 2 #u8(2 3 255) #<eof>)
\"anew\"(#t #<void> #f)";
    assert_eq!(printed(&folder, text, ""), expected);
}

/// Far more than one reading brings, characters cut in two included.
#[test]
fn long_files_are_read_to_their_end() {
    let folder = Folder::new();
    let line = "aλ𝒳".repeat(30_000);
    folder.write("long", &format!("{line}\n{line}"));
    let text = r#"
        (define (count next) (call-with-input-file "long" (lambda (p) (let loop ((n 0)) (if (eof-object? (next p)) n (loop (+ n 1)))))))
        (write (list (count read-char) (count read-line) (count (lambda (p) (read-string 7 p)))))
        (write (call-with-input-file "long" (lambda (p) (let ((first (read-line p))) (string=? first (read-line p))))))"#;
    assert_eq!(printed(&folder, text, ""), "(180001 2 25715)#t");
}

/// What was read already is not copied again with every piece that comes.
#[test]
fn reading_much_at_once_costs_what_its_pieces_cost() {
    let folder = Folder::new();
    folder.write("long", &"0123456789abcde\n".repeat(400_000));
    let text = r#"
        (define (cost count)
          (call-with-values
            (lambda ()
              (fuel-used
                (lambda ()
                  (call-with-port (open-binary-input-file "long") (lambda (p) (read-bytevector count p))))))
            (lambda (bytes fuel) fuel)))
        (write (< (cost 6400000) (* 12 (cost 800000))))
        (write (call-with-port (open-binary-input-file "long") (lambda (p) (bytevector-length (read-bytevector 9000000 p)))))"#;
    assert_eq!(printed(&folder, text, ""), "#t6400000");
}

#[test]
fn the_console_is_read_as_it_is_typed() {
    let folder = Folder::new();
    let text = r#"
        (write (list (read-line) (read-char) (peek-char) (read-line) (read) (read-string 3) (read-line) (char-ready?) (read-line)))
        (write (read))
        (write (map read-line (list (current-input-port))))"#;
    let expected =
        "(\"one two\" #\\a #\\b \"bc\" (1 (2 3)) \" re\" \"st\" #f \"last\")#<eof>(#<eof>)";
    let input = "one two\nabc\n(1 (2\n 3)) rest\nlast";
    assert_eq!(printed(&folder, text, input), expected);
}

#[test]
fn a_task_that_waits_for_input_lets_others_run() {
    let folder = Folder::new();
    let text = r#"
        (define said '())
        (define typed (spawn (lambda () (read-line))))
        (spawn (lambda () (set! said (cons 'other said))))
        (write (list (await typed) said))"#;
    assert_eq!(printed(&folder, text, "x\n"), "(\"x\" (other))");
}

#[test]
fn what_cannot_be_done_says_why() {
    let folder = Folder::new();
    folder.write("data", "x");
    std::fs::write(folder.path().join("bad"), [b'a', 0xff]).expect("the file is written");
    for (expression, expected) in [
        (
            "(open-input-file \"nowhere\")",
            ":file nowhere cannot be opened: No such file or directory (os error 2)",
        ),
        (
            "(open-output-file \"no/where\")",
            ":file no/where cannot be opened: No such file or directory (os error 2)",
        ),
        (
            "(delete-file \"nowhere\")",
            ":file nowhere cannot be deleted: No such file or directory (os error 2)",
        ),
        (
            "(open-input-file 5)",
            ":wrong-argument `open-input-file` needs the name of a file, a string, but got",
        ),
        (
            "(call-with-input-file \"bad\" read-line)",
            ":file bad is not UTF-8 text",
        ),
        (
            "(let ((p (open-input-file \"data\"))) (close-port p) (read-char p))",
            ":wrong-argument `read-char` cannot use a port that has been closed",
        ),
        (
            "(let ((p (open-input-file \"data\"))) (write-char #\\a p))",
            ":wrong-argument `write-char` needs a port to write characters to, but got",
        ),
        (
            "(call-with-output-file \"/dev/full\" (lambda (p) (display \"x\" p)))",
            ":file /dev/full cannot be written: No space left on device (os error 28)",
        ),
        (
            "(map open-input-file (map (lambda (i) \"data\") (range 300)))",
            ":file a program can have 256 files open at once, and has",
        ),
    ] {
        let text = format!(
            "(display (guard (e (#t (display (error-kind e)) (display \" \") (error-message e))) {expression}))"
        );
        assert_eq!(printed(&folder, &text, ""), expected, "{expression}");
    }
}

#[test]
fn files_import_and_include_one_another() {
    let folder = Folder::new();
    folder.write(
        "shapes.logos",
        "(import \"parts/numbers.logos\") (define (area r) (* pi r r)) (define-syntax twice (syntax-rules () ((_ e) (begin e e))))
         (display \"once \")",
    );
    std::fs::create_dir(folder.path().join("parts")).expect("a folder");
    // A path is relative to the file that names it.
    folder.write("parts/numbers.logos", "(include \"pi.logos\")");
    folder.write("parts/pi.logos", "(define pi 3)");
    folder.write(
        "deep.sld",
        "(define-library (deep) (export f) (import (scheme base)) (begin (define (f) (g)) (define (g) 42)))",
    );
    let text = r#"
        (import "shapes.logos")
        (import (prefix (only "shapes.logos" area) the-) "deep.sld")
        (twice (display (the-area 2)))
        (write (list (area 1) (f)))
        (write (guard (e (#t (error-kind e))) (eval 'g)))
        (write (guard (e (#t (error-kind e))) (eval 'pi)))
        (let () (include "parts/pi.logos") (write (* 2 pi)))"#;
    let expected = "once 1212(3 42):unknown-name:unknown-name6";
    assert_eq!(printed(&folder, text, ""), expected);
}

/// Whoever imported the file has gone on, and cannot be made to go on from there again.
#[test]
fn a_continuation_of_a_file_that_was_loaded_is_refused() {
    let folder = Folder::new();
    folder.write(
        "part.logos",
        "(define k #f) (define v (call/cc (lambda (c) (set! k c) 0))) (display (list 'v v))",
    );
    let text = "(import \"part.logos\") (display 'on) (k 1) (display 'end)";
    let ran = script(&folder, text, "");
    let error =
        "error :not-allowed: this continuation belongs to a file or library that has been loaded";
    assert_eq!((ran.output.as_str(), ran.status), ("(v 0)on", Some(1)));
    assert_eq!(ran.errors.lines().next(), Some(error));
}

/// What a script has started is waited for, also when nothing else is to be done.
#[test]
fn a_script_waits_for_a_task_that_computes_for_long() {
    let folder = Folder::new();
    let text =
        "(spawn (lambda () (let loop ((n 3000000)) (if (> n 0) (loop (- n 1)) (display 'done)))))";
    assert_eq!(printed(&folder, text, ""), "done");
}

/// A task that fails must not do so in silence, unless somebody takes care of it.
#[test]
fn errors_that_nothing_waits_for_are_told_at_the_end() {
    let folder = Folder::new();
    let told = "error :wrong-argument: `car` needs a pair, but got 1\n --> main.logos:1:32\n\
        1 | (define task (spawn (lambda () (car 1)))) (yield) (display 'end)\n  |                                ^^^^^^^\n\
        (nothing waited for this, so it is told here)\n";
    let text = "(define task (spawn (lambda () (car 1)))) (yield) (display 'end)";
    let ran = script(&folder, text, "");
    assert_eq!(
        (ran.output.as_str(), ran.errors.as_str(), ran.status),
        ("end", told, Some(1))
    );
    let task = "(define task (spawn (lambda () (car 1)))) (yield)";
    for cared in [
        "(guard (e (#t #f)) (await task))",
        "(await (recover task error-kind))",
        "(await (promise-settle (list task)))",
        "(await (promise-any (list task (spawn (lambda () 1)))))",
        "(guard (e (#t #f)) (await task 1))",
        "(define p (delay-force task)) (guard (e (#t #f)) (force p))",
    ] {
        let ran = script(&folder, &format!("{task} {cared} (display 'end)"), "");
        let expected = ("end", "", Some(0));
        assert_eq!(
            (ran.output.as_str(), ran.errors.as_str(), ran.status),
            expected,
            "{cared}"
        );
    }
    // What is cancelled, and the losers of a race, are no surprise.
    for text in [
        "(define t (spawn (lambda () (sleep 9)))) (yield) (cancel t)",
        "(await (promise-race (list (spawn (lambda () 1)) (spawn (lambda () (sleep 9))))))",
        "(define t (then (spawn (lambda () (sleep 9))) car)) (yield) (cancel t)",
        "(guard (e (#t #f)) (await (promise-all (map (lambda (n) (spawn (lambda () (yield) (car n)))) '(1 2 3)))))",
        "(guard (e (#t #f)) (await (map-concurrently car '(1 2 3 4))))",
        "(define (f n) (spawn (lambda () (sleep (* n 0.01)) (error \"x\" n)))) (guard (e (#t #f)) (await (promise-all (map f '(1 2 3)))))",
        "(define late (spawn (lambda () (sleep 0.05) (car 1)))) (guard (e (#t #f)) (await late 0.01))",
        "(guard (e (#t #f)) (with-limits {:fuel 5000} (lambda () (await (spawn (lambda () (let loop () (loop))))))))",
    ] {
        let ran = script(&folder, &format!("{text} (display 'end)"), "");
        let expected = ("end", "", Some(0));
        assert_eq!(
            (ran.output.as_str(), ran.errors.as_str(), ran.status),
            expected,
            "{text}"
        );
    }
    // Of very many some are told.
    let many = "(define all (map (lambda (n) (spawn (lambda () (car n)))) (iota 1000)))";
    let ran = script(&folder, many, "");
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.errors.matches("error :wrong-argument").count(), 16);
    assert!(
        ran.errors
            .ends_with("so they are told here; there are 984 more)\n"),
        "{}",
        ran.errors
    );
    // All are known that somebody looks at later.
    let looked_at = format!(
        "{many} (yield) (for-each (lambda (it) (guard (e (#t #f)) (await it))) all) (display 'end)"
    );
    let ran = script(&folder, &looked_at, "");
    assert_eq!(
        (ran.output.as_str(), ran.errors.as_str(), ran.status),
        ("end", "", Some(0))
    );
    let but_one =
        format!("{many} (yield) (for-each (lambda (it) (guard (e (#t #f)) (await it))) (cdr all))");
    let ran = script(&folder, &but_one, "");
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.errors.matches("error :wrong-argument").count(), 1);
    let but_the_last = format!(
        "{many} (yield) (for-each (lambda (it) (guard (e (#t #f)) (await it))) (take all 990))"
    );
    let ran = script(&folder, &but_the_last, "");
    let told = "error :user: 10 errors of tasks or requests that nothing waited for\n";
    assert_eq!((ran.errors.as_str(), ran.status), (told, Some(1)));
    // Nothing of the program's memory is held by what is to be told, and no text is longer than somebody reads.
    let large = "(define (large n) (make-vector 1000000 n)) \
        (for-each (lambda (n) (spawn (lambda () (raise (large n)))) (yield)) (iota 16)) \
        (spawn (lambda () (error (make-string 1000000 #\\a) (large 1)))) (yield) (display (vector-length (large 1)))";
    let ran = run(logos(&folder).args(["--memory", "40M", "-e", large]));
    assert_eq!(
        (ran.output.as_str(), ran.status),
        ("1000000", Some(1)),
        "{}",
        ran.errors
    );
    assert!(ran.errors.len() < 20_000, "{}", ran.errors.len());
    // Whatever else the program ends with, they are told.
    for (end, status) in [
        ("(exit 7)", 7),
        ("(exit)", 0),
        ("(vector-ref (vector) 0)", 1),
    ] {
        let ran = script(&folder, &format!("{task} {end}"), "");
        assert_eq!(ran.status, Some(status), "{}", ran.errors);
        assert!(ran.errors.contains("`car` needs a pair"), "{}", ran.errors);
    }
}

#[test]
fn mistakes_in_other_files_are_shown_there() {
    let folder = Folder::new();
    folder.write("wrong.logos", "(define x 1)\n(car x)");
    folder.write("open.logos", "(define (f");
    folder.write("circle.logos", "(import \"round.logos\")");
    folder.write("round.logos", "(import \"circle.logos\")");
    for (text, expected) in [
        (
            "(import \"wrong.logos\")",
            "error :wrong-argument: `car` needs a pair, but got 1\n --> wrong.logos:2:1\n2 | (car x)\n  | ^^^^^^^\n",
        ),
        (
            "(include \"open.logos\")",
            "error :bad-syntax: The bracket `(` is not closed: a `)` is missing.\n --> open.logos:1:9\n1 | (define (f\n  |         ^\n",
        ),
        (
            "(import \"circle.logos\")",
            "error :bad-syntax: circle.logos is being imported already: it imports itself\n --> round.logos:1:9\n1 | (import \"circle.logos\")\n  |         ^^^^^^^^^^^^^^\n",
        ),
        (
            "(import \"nowhere.logos\")",
            "error :file: nowhere.logos cannot be read: No such file or directory (os error 2)\n --> main.logos:1:1\n1 | (import \"nowhere.logos\")\n  | ^^^^^^^^^^^^^^^^^^^^^^^^\n",
        ),
    ] {
        let ran = script(&folder, text, "");
        assert_eq!(
            (ran.errors.as_str(), ran.status),
            (expected, Some(1)),
            "{text}"
        );
    }
}

#[test]
fn a_program_may_end_itself() {
    let folder = Folder::new();
    for (text, output, status) in [
        ("(display 1) (exit) (display 2)", "1", 0),
        ("(exit #f)", "", 1),
        ("(exit 7)", "", 7),
        (
            "(dynamic-wind (lambda () (display \"in \")) (lambda () (exit 3)) (lambda () (display \"out\")))",
            "in out",
            3,
        ),
        (
            "(dynamic-wind (lambda () #f) (lambda () (emergency-exit 3)) (lambda () (display \"out\")))",
            "",
            3,
        ),
        ("(guard (e (#t 'caught)) (exit 5))", "", 5),
        ("(await (spawn (lambda () (exit 6))))", "", 6),
        ("(spawn (lambda () (exit 6)))", "", 6),
    ] {
        let ran = script(&folder, text, "");
        let expected = (output, "", Some(status));
        assert_eq!(
            (ran.output.as_str(), ran.errors.as_str(), ran.status),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_script_knows_its_arguments_and_the_time() {
    let folder = Folder::new();
    folder.write(
        "main.logos",
        "(write (command-line)) (write (<= 0 (current-jiffy) (current-jiffy))) (write (< 1.7e9 (current-second) 1e11))
         (write (get-environment-variable \"LOGOS_TEST_VARIABLE\")) (write (get-environment-variable \"LOGOS_NO_VARIABLE\"))
         (write (assoc \"LOGOS_TEST_VARIABLE\" (get-environment-variables)))",
    );
    let data = Folder::new();
    let mut command = logos(&data);
    command
        .args(["main.logos", "a", "b c"])
        .current_dir(folder.path());
    command.env("LOGOS_TEST_VARIABLE", "set");
    let ran = run_with_input(&mut command, "");
    let expected = "(\"main.logos\" \"a\" \"b c\")#t#t\"set\"#f(\"LOGOS_TEST_VARIABLE\" . \"set\")";
    assert_eq!((ran.output.as_str(), ran.errors.as_str()), (expected, ""));
}

#[test]
fn libraries_are_found_in_files_of_their_names() {
    let folder = Folder::new();
    folder.write(
        "shapes.logos",
        "(define-library (shapes) (export area) (import (scheme base) (shapes round)) (begin (define (area r) (* pi r r))))",
    );
    std::fs::create_dir(folder.path().join("shapes")).unwrap();
    folder.write(
        "shapes/round.sld",
        "(define-library (shapes round) (export pi) (import (scheme base)) (begin (define pi 3)))",
    );
    folder.write("plain.logos", "(define (double x) (* 2 x))");
    let run_text = |text: &str| {
        let script = folder.write("main.logos", text);
        run(logos(&folder).arg(script))
    };
    let text = "(import (scheme base) (scheme write) (shapes) (prefix (plain) p:)) (write (p:double (area 2)))";
    let done = run_text(text);
    assert_eq!((done.output.as_str(), done.errors.as_str()), ("24", ""));
    // What a program defines itself comes first.
    let own = "(define-library (shapes) (export area) (import (logos)) (begin (define area 5))) \
               (import (scheme base) (scheme write) (shapes)) (write area)";
    assert_eq!(run_text(own).output, "5");
    let known = "(cond-expand ((and (library (shapes round)) (not (library (shapes square)))) (import (shapes round)) (display pi)))
                 (define-library (of here) (export size) (import (scheme base)) (cond-expand ((library (plain)) (import (plain)) (begin (define size (double 4))))))
                 (import (of here)) (display size) (display (cond-expand ((library (nowhere)) 1) (else 2)))";
    let done = run_text(known);
    assert_eq!((done.output.as_str(), done.errors.as_str()), ("382", ""));
    let missing = run_text("(import (shapes square))").errors;
    assert!(
        missing.contains("there is no library (shapes square), nor a file"),
        "{missing}"
    );
    assert!(missing.contains("shapes/square.logos or "), "{missing}");
    folder.write("loop.logos", "(import (loop))");
    let circle = run_text("(import (loop))").errors;
    assert!(circle.contains("it imports itself"), "{circle}");
}
