//! Programs in several files: where the files are looked for that they name.

use logos::printer::write_limited;
use logos::syntax::{Datum, Span, Syntax};
use logos::vm::{Answer, Bounds, Profile, Status, Vm};

/// Runs the first of these files, each a path and a text, as a program: its value, or its error.
fn run(files: &[(&str, &str)]) -> String {
    let mut vm = Vm::new(Profile::Local);
    let (name, text) = files[0];
    vm.begin_program(name, text, Bounds::default());
    let status = loop {
        match vm.run(1_000) {
            Status::Yield => {}
            Status::Idle => answer(&mut vm, files),
            status => break status,
        }
    };
    match status {
        Status::Done => write_limited(&vm.machine, vm.result()),
        _ => vm
            .condition()
            .map_or(String::new(), |it| format!("{} {}", it.kind, it.message)),
    }
}

thread_local! {
    /// Whether the file that is open has been read.
    static OVER: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn answer(vm: &mut Vm, files: &[(&str, &str)]) {
    let request = vm.poll_request().expect("it waits for an answer");
    // An open file goes by its place among the files, and is read whole.
    if let Some(Datum::Number(file)) = request.arguments.first().map(Syntax::datum) {
        let file: usize = file.to_string().parse().expect("it was told a place");
        let is_over = OVER.with(|over| over.replace(true));
        let text = if is_over {
            Datum::Eof
        } else {
            Datum::String(files[file].1.into())
        };
        return vm.resume(request.id, Answer::Value(Syntax::new(text, Span::NONE)));
    }
    let path = match request.arguments.first().map(Syntax::datum) {
        Some(Datum::String(path)) => path.to_string(),
        other => panic!("{}: {other:?}", request.name),
    };
    let found = files.iter().find(|(name, _)| *name == path);
    let place = files.iter().position(|(name, _)| *name == path);
    let answer = match (request.name.as_str(), found) {
        ("file-exists?", found) => {
            Answer::Value(Syntax::new(Datum::Bool(found.is_some()), Span::NONE))
        }
        ("read-file", Some((_, text))) => {
            Answer::Value(Syntax::new(Datum::String((*text).into()), Span::NONE))
        }
        ("open-input-file", Some(_)) => {
            OVER.with(|over| over.set(false));
            let place = place.unwrap_or_default() as i64;
            Answer::Value(Syntax::new(Datum::Number(place.into()), Span::NONE))
        }
        _ => Answer::Error {
            kind: ":file".to_string(),
            message: format!("there is no file {path}"),
            payload: None,
        },
    };
    vm.resume(request.id, answer);
}

#[test]
fn libraries_find_their_siblings() {
    let a = "(define-library (cyc a) (export a) (import (scheme base) (cyc b)) (begin (define a (list 'a b))))";
    let b = "(define-library (cyc b) (export b) (import (scheme base)) (begin (define b 'b)))";
    assert_eq!(
        run(&[
            ("main.scm", "(import (scheme base) (cyc a)) a"),
            ("cyc/a.sld", a),
            ("cyc/b.sld", b),
        ]),
        "(a b)"
    );
    assert_eq!(
        run(&[
            ("work/main.scm", "(import (scheme base) (cyc a)) a"),
            ("work/cyc/a.sld", a),
            ("work/cyc/b.logos", b),
        ]),
        "(a b)"
    );
    // Beside the library comes first, and what is imported by path looks beside the program, too.
    assert_eq!(
        run(&[
            ("main.scm", "(import (scheme base) (cyc a)) a"),
            ("cyc/a.sld", a),
            ("cyc/b.sld", "(define b 'wrong)"),
            ("cyc/cyc/b.sld", b),
        ]),
        "(a b)"
    );
    assert_eq!(
        run(&[
            ("work/main.logos", "(import \"parts/a.logos\") a"),
            (
                "work/parts/a.logos",
                "(import (logos) (cyc b)) (define a b)"
            ),
            ("work/cyc/b.sld", b),
        ]),
        "b"
    );
    assert_eq!(
        run(&[
            ("work/main.scm", "(import (cyc a)) a"),
            ("work/cyc/a.sld", a),
        ]),
        ":not-found there is no library (cyc b), nor a file work/cyc/cyc/b.logos or work/cyc/cyc/b.sld or work/cyc/b.logos or work/cyc/b.sld"
    );
    assert_eq!(
        run(&[
            ("main.scm", "(import (cyc a)) a"),
            ("cyc/a.sld", a),
            (
                "cyc/b.sld",
                "(define-library (cyc b) (export b) (import (cyc a)) (begin (define b 1)))"
            ),
        ]),
        ":bad-syntax cyc/a.sld is being imported already: it imports itself"
    );
}

#[test]
fn included_files_name_others_beside_themselves() {
    assert_eq!(
        run(&[
            ("main.scm", "(include \"sub/a.scm\") (list a b c)"),
            (
                "sub/a.scm",
                "(define a 1) (include \"deep/b.scm\" \"c.scm\")"
            ),
            ("sub/deep/b.scm", "(define b 2)"),
            ("c.scm", "(define c 3)"),
        ]),
        "(1 2 3)"
    );
    // Where both are, the file beside the including one is meant.
    assert_eq!(
        run(&[
            ("work/main.scm", "(include \"sub/a.scm\") b"),
            ("work/sub/a.scm", "(include \"b.scm\")"),
            ("work/b.scm", "(define b 'wrong)"),
            ("work/sub/b.scm", "(define b 'right)"),
        ]),
        "right"
    );
    assert_eq!(
        run(&[
            ("main.scm", "(import (scheme base) (lib)) x"),
            (
                "lib.sld",
                "(define-library (lib) (export x) (import (scheme base)) (include \"sub/a.scm\"))"
            ),
            ("sub/a.scm", "(begin (include \"deep/b.scm\"))"),
            ("sub/deep/b.scm", "(define x 'x)"),
        ]),
        "x"
    );
    assert_eq!(
        run(&[
            ("main.scm", "(include \"sub/a.scm\")"),
            ("sub/a.scm", "(include \"b.scm\")"),
        ]),
        ":file there is no file sub/b.scm"
    );
}

#[test]
fn a_loaded_file_is_part_of_the_program() {
    let loaded = ("sub/defs.scm", "(define from-file (* 2 from-program))");
    for text in [
        "(import (scheme base) (scheme load)) (define from-program 4) (load \"sub/defs.scm\") from-file",
        "(define from-program 4) (load \"sub/defs.scm\") from-file",
    ] {
        assert_eq!(run(&[("main.scm", text), loaded]), "8", "{text}");
    }
}

/// What the program asks of the world when it ends itself.
fn status_of(text: &str) -> String {
    let mut vm = Vm::new(Profile::Local);
    vm.begin_program("main.scm", text, Bounds::default());
    loop {
        match vm.run(1_000) {
            Status::Yield => {}
            Status::Idle => {
                let request = vm.poll_request().expect("it waits for an answer");
                assert_eq!(request.name, "exit");
                return match request.arguments.first().map(Syntax::datum) {
                    Some(Datum::Number(status)) => status.to_string(),
                    other => panic!("{other:?}"),
                };
            }
            status => panic!("{text}: {status:?} {:?}", vm.condition()),
        }
    }
}

#[test]
fn a_program_ends_whatever_it_exits_with() {
    for (given, status) in [
        ("", "0"),
        ("#t", "0"),
        ("#f", "1"),
        ("0", "0"),
        ("255", "255"),
        ("256", "0"),
        ("-1", "255"),
        ("(expt 10 30)", "0"),
        ("2.5", "1"),
        ("'done", "1"),
        ("\"no\"", "1"),
    ] {
        for ends in ["exit", "emergency-exit"] {
            let text = format!("(guard (e (#t 'goes-on)) ({ends} {given}))");
            assert_eq!(status_of(&text), status, "{text}");
        }
    }
}
