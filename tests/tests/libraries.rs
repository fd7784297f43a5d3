//! Libraries from the network: what they may use, and that they stay what they were.

use logos_tests::{Folder, Node, Ran, logos, run};

/// Runs a script in a practice network, where it is known as `me`.
fn practise(folder: &Folder, text: &str) -> Ran {
    let text = format!("(alias \"me\" (my-key))\n{text}");
    let script = folder.write("main.logos", &text);
    run(logos(folder).args(["--swarm", "3"]).arg(script))
}

const PUBLISHED: &str = r#"
    (define (publish name . forms)
      (await (dht-put name (apply string-append (map (lambda (form) (format "~s " form)) forms)))))
    (define (kind-of form)
      (guard (e (#t (error-kind e))) (eval form (interaction-environment))))
"#;

#[test]
fn a_library_from_the_network_is_used_and_pinned() {
    let folder = Folder::new();
    let text = format!(
        "{PUBLISHED}
         (publish \"shapes\" '(define-library (shapes) (export area) (import (scheme base))
                              (begin (define (area r) (* 3 r r)))))
         (import (prefix (from me \"shapes\") s:))
         (write (s:area 2))"
    );
    let first = practise(&folder, &text);
    assert_eq!((first.output.as_str(), first.errors.as_str()), ("12", ""));
    let lock = || std::fs::read_to_string(folder.path().join("logos.lock")).unwrap();
    let pinned = lock();
    assert!(pinned.starts_with("\"me/shapes\" \""), "{pinned}");
    assert_eq!(practise(&folder, &text).output, "12");

    let changed = practise(&folder, &text.replace("(* 3 r r)", "(* 4 r r)"));
    assert_eq!(changed.output, "");
    assert!(changed.errors.contains(":superseded"), "{}", changed.errors);
    assert_eq!(lock(), pinned);
    std::fs::remove_file(folder.path().join("logos.lock")).unwrap();
    let accepted = practise(&folder, &text.replace("(* 3 r r)", "(* 4 r r)"));
    assert_eq!(accepted.output, "16");
    assert_ne!(lock(), pinned);
}

#[test]
fn damaged_pins_are_neither_passed_over_nor_overwritten() {
    let text = format!(
        "{PUBLISHED}
         (publish \"shapes\" '(define (area r) (* 3 r r)))
         (import (from me \"shapes\"))
         (write (area 2))"
    );
    let pin = "\"ann/circles\" \"00ff\"\n";
    for (damage, line) in [
        ("<<<<<<< HEAD\n", 1),
        ("\n)\n", 2),
        ("\"me/shapes\"\n", 1),
        ("\"me/shapes\" \"00\" \"11\"\n", 1),
        ("\"me/shapes\" (\n", 1),
        ("\"me/sha\n", 1),
    ] {
        let folder = Folder::new();
        let lock = folder.write("logos.lock", &format!("{damage}{pin}"));
        let ran = practise(&folder, &text);
        assert_eq!((ran.output.as_str(), ran.status), ("", Some(1)), "{ran:?}");
        let said = format!(
            "error :file: {}, line {line}, is not a library and its hash, two strings: ",
            lock.display()
        );
        assert!(ran.errors.starts_with(&said), "{damage}: {}", ran.errors);
        let left = std::fs::read_to_string(&lock).unwrap();
        assert_eq!(left, format!("{damage}{pin}"));
    }
    // What is whole is kept; empty lines are nothing.
    let folder = Folder::new();
    let lock = folder.write("logos.lock", &format!("\n{pin}\n"));
    assert_eq!(practise(&folder, &text).output, "12");
    let left = std::fs::read_to_string(&lock).unwrap();
    assert!(
        left.starts_with(&format!("{pin}\"me/shapes\" \"")),
        "{left}"
    );
}

#[test]
fn a_library_from_the_network_may_do_what_the_import_says() {
    let folder = Folder::new();
    let text = format!(
        "{PUBLISHED}
         (publish \"files\" '(define (there? name) (file-exists? name)))
         (publish \"sly\"
           '(define-syntax remove-it (syntax-rules () ((_ name) (delete-file name))))
           '(define (evaluated form) (eval form)))
         (publish \"macros\" '(defmacro (take-it) ''(exit 7)))
         (publish \"parts\" '(import \"main.logos\"))
         (publish \"nested\" '(import (from me \"files\" node)) '(define (asked) (there? \"x\")))
         (define (tell form) (write (kind-of form)) (newline))
         (tell '(begin (import (from me \"files\")) (there? \"x\")))
         (tell '(begin (import (from me \"files\" local)) (there? \"x\")))
         (tell '(begin (import (from me \"sly\")) (remove-it \"x\")))
         (tell '(evaluated 1))
         (tell '(import (from me \"macros\")))
         (tell '(import (from me \"parts\" node)))
         (tell '(begin (import (from me \"nested\")) (asked)))
         (tell '(import (from me \"missing\")))
         (tell '(import (from me shapes)))"
    );
    let done = practise(&folder, &text);
    let expected = "\
:unknown-name
#f
:unknown-name
:unknown-name
:unknown-name
:not-allowed
:unknown-name
:not-found
:bad-syntax
";
    assert_eq!((done.output.as_str(), done.errors.as_str()), (expected, ""));
}

#[test]
fn without_the_network_there_are_no_libraries_from_it() {
    let folder = Folder::new();
    let ran = run(logos(&folder).args(["--offline", "-e", "(import (from ann \"shapes\"))"]));
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.errors.contains(":not-allowed: `import`"),
        "{}",
        ran.errors
    );
}

#[test]
fn a_library_is_kept_for_when_its_owner_is_away() {
    let (mine, other) = (Folder::new(), Folder::new());
    let owner = Node::start(&other, &[]);
    // Nobody else is there to store it yet: the owner keeps it.
    let put = r#"(guard (e ((eq? (error-kind e) :unreachable) 'kept))
                   (await (dht-put "shapes" "(define (area r) (* 3 r r))")))"#;
    let stored = run(logos(&other).args(["-e", put]));
    assert_eq!(stored.output, "kept\n");
    let key = run(logos(&other).arg("key")).output;
    let key = key.trim();
    let script = mine.write(
        "main.logos",
        &format!("(import (from \"{key}\" \"shapes\")) (write (area 2))"),
    );
    let first = run(logos(&mine).args(["--join", &owner.ticket]).arg(&script));
    assert_eq!((first.output.as_str(), first.errors.as_str()), ("12", ""));
    assert_eq!(owner.stop("-TERM"), Some(0));
    let again = run(logos(&mine).arg(&script));
    assert_eq!((again.output.as_str(), again.errors.as_str()), ("12", ""));
}
