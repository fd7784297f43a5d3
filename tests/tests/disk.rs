//! What becomes of a data folder whose program is killed, or whose file is not what it should be.
#![cfg(unix)]

use std::fs;

use logos_tests::{Background, Folder, Node, key_of, logos, run};

const FILE: &str = "node.redb";

/// The node is killed at whatever it is doing when so many puts were acknowledged. It is the only one, so what was
/// acknowledged is on its disk, or lost.
#[test]
fn a_node_that_is_killed_while_it_writes_has_everything_it_acknowledged() {
    let (holder, writer) = (Folder::new(), Folder::new());
    let mut names = Vec::new();
    for (round, acknowledged) in [1, 5, 23, 60].into_iter().enumerate() {
        let node = Node::start(&holder, &[]);
        let program = format!(
            "(define value (make-vector 2000 7))
             (define (put n)
               (then (dht-put (string-append \"{round} \" (number->string n)) (list n value) {{:require 1}})
                     (lambda (report) (display n) (newline))))
             (let loop ((n 0))
               (for-each await (map put (iota 8 n)))
               (loop (+ n 8)))"
        );
        let mut command = logos(&writer);
        command.args(["--join", &node.ticket, "-e", &program]);
        let writing = Background::start(&mut command);
        let told: Vec<String> = (0..acknowledged).map(|_| writing.line()).collect();
        node.kill();
        names.extend(told.iter().map(|n| (format!("{round} {n}"), n.clone())));
        writing.kill();

        let node = Node::start(&holder, &[]);
        let list: Vec<String> = names
            .iter()
            .map(|(name, n)| format!("(\"{name}\" {n})"))
            .collect();
        let check = format!(
            "(define value (make-vector 2000 7))
             (for-each
               (lambda (item)
                 (if (not (equal? (await (dht-get (car item) \"{}\")) (list (cadr item) value)))
                     (error \"another value\" item)))
               '({}))
             (display \"all there\")",
            key_of(&writer),
            list.join(" ")
        );
        let reader = Folder::new();
        let ran = run(logos(&reader).args(["--join", &node.ticket, "-e", &check]));
        assert_eq!(
            (ran.output.as_str(), ran.status),
            ("all there", Some(0)),
            "{ran:?}"
        );
        node.kill();
    }
}

/// Its disk is full, or it is killed, when the file is made: what it leaves does not keep the next one from beginning.
#[test]
fn a_file_that_could_not_be_made_is_made_the_next_time() {
    for kept in ["trap '' XFSZ", "trap - XFSZ"] {
        let folder = Folder::new();
        let mut limited = std::process::Command::new("sh");
        let first = logos(&folder);
        limited.args(["-c", &format!("{kept}; ulimit -f 64; exec \"$@\""), "sh"]);
        limited.arg(first.get_program());
        limited.args(first.get_args());
        limited.args(["-e", "(node-info)"]);
        for (name, value) in first.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        let ran = run(&mut limited);
        assert_ne!(ran.status, Some(0), "{kept}: {ran:?}");
        assert!(!folder.path().join(FILE).exists(), "{kept}");
        let ran = run(logos(&folder).args(["-e", "(dict? (node-info))"]));
        assert_eq!(
            (ran.output.as_str(), ran.errors.as_str(), ran.status),
            ("#t\n", "", Some(0)),
            "{kept}"
        );
    }
}

#[test]
fn a_file_that_is_damaged_newer_or_something_else_is_named_and_left_as_it_is() {
    let good = Folder::new();
    let node = Node::start(&good, &[]);
    let put = "(begin (await (dht-put \"n\" (make-vector 9000 1) {:require 0})) 1)";
    assert_eq!(run(logos(&good).args(["-e", put])).status, Some(0));
    assert_eq!(node.stop("-TERM"), Some(0));
    let content = fs::read(good.path().join(FILE)).unwrap();

    let mut without_head = content.clone();
    without_head[..512].fill(0x55);
    let cut_off = content[..content.len() / 3].to_vec();
    let cases = [
        ("something else", b"%PDF-1.7 a letter to Ann".to_vec()),
        ("zeroes", vec![0; 50_000]),
        ("without its head", without_head),
        ("cut off", cut_off),
    ];
    for (what, bytes) in cases {
        let folder = Folder::new();
        let file = folder.path().join(FILE);
        fs::write(&file, &bytes).unwrap();
        for command in [
            &["-e", "(node-info)"][..],
            &["node", "--listen", "127.0.0.1:0"],
        ] {
            let ran = run(logos(&folder).args(command));
            assert_eq!(
                (ran.output.as_str(), ran.status),
                ("", Some(1)),
                "{what}: {ran:?}"
            );
            let names = ran.errors.contains(file.to_str().unwrap());
            assert!(
                names && ran.errors.contains("move it away"),
                "{what}: {}",
                ran.errors
            );
            assert!(fs::read(&file).unwrap() == bytes, "{what}: it was changed");
        }
    }
    // What needs no node does not care.
    let folder = Folder::new();
    fs::write(folder.path().join(FILE), b"something else").unwrap();
    assert_eq!(run(logos(&folder).args(["-e", "(+ 1 2)"])).output, "3\n");
}
