//! Several programs on one data folder: one runs the node, the others ask it, and when it ends one
//! of them takes its place.
#![cfg(unix)]

use logos_tests::{Background, Folder, Node, Ran, eventually, logos, run, run_with_input};

fn value(data: &Folder, expression: &str) -> String {
    let ran = run(logos(data).args(["-e", expression]));
    assert_eq!(
        (ran.errors.as_str(), ran.status),
        ("", Some(0)),
        "{expression}: {}",
        ran.output
    );
    ran.output.trim_end().to_string()
}

#[test]
fn programs_on_one_folder_share_its_node() {
    let (mine, other) = (Folder::new(), Folder::new());
    let stranger = Node::start(&other, &[]);
    let node = Node::start(&mine, &[&stranger.ticket]);
    let key = run(logos(&mine).args(["key", "show"])).output;
    let checks = [
        ("(:stored (await (dht-put \"a\" {:b 1})))", "1"),
        ("(dht-get \"a\")", "{:b 1}"),
        ("(:name (await (dht-item \"a\")))", "\"a\""),
        ("(remote (* 6 7) :n 1)", "42"),
        ("(length (peers))", "1"),
        ("(:state (car (jobs)))", ":done"),
        ("(:contacts (node-info))", "1"),
        ("(alias \"me\" (my-key)) (dht-get \"a\" \"me\")", "{:b 1}"),
        ("(dht-get \"a\" \"me\")", "{:b 1}"),
        ("(begin (await (dht-delete \"a\")) 'gone)", "gone"),
        (
            "(guard (e (#t (error-kind e))) (await (dht-get \"a\" {:fresh #t})))",
            ":not-found",
        ),
        (
            "(guard (e (#t (error-kind e))) (await (dht-put 1 1)))",
            ":wrong-argument",
        ),
        ("(begin (swarm 3) (remote (+ 1 1)))", "2"),
    ];
    for (expression, expected) in checks {
        assert_eq!(value(&mine, expression), expected, "{expression}");
    }
    let bytes = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&key[at..at + 2], 16));
    let bytes: Vec<String> = bytes.map(|byte| byte.unwrap().to_string()).collect();
    let same = format!("(equal? (my-key) #u8({}))", bytes.join(" "));
    assert_eq!(value(&mine, &same), "#t");

    let second = run(logos(&mine).args(["node", "--listen", "127.0.0.1:0"]));
    assert_eq!(second.status, Some(1));
    assert!(second.errors.contains("another program"), "{second:?}");
    for closed in ["--offline", "--pure"] {
        let ran = run(logos(&mine).args([closed, "-e", "(+ 1 2)"]));
        let expected = Ran {
            output: "3\n".into(),
            errors: String::new(),
            status: Some(0),
        };
        assert_eq!(ran, expected);
    }
    assert_eq!(node.stop("-TERM"), Some(0));
    assert_eq!(value(&mine, "(length (jobs))"), "1");
}

#[test]
fn who_attaches_never_runs_a_node() {
    let mine = Folder::new();
    let alone = run(logos(&mine).arg("attach"));
    assert_eq!((alone.output.as_str(), alone.status), ("", Some(2)));
    assert!(alone.errors.contains("no node runs on"), "{}", alone.errors);
    let node = Node::start(&mine, &[]);
    let program = "(display (:listening (node-info)))";
    let attached = run_with_input(logos(&mine).arg("attach"), program);
    assert!(attached.output.starts_with("(127.0.0.1:"), "{attached:?}");
    assert_eq!((attached.errors.as_str(), attached.status), ("", Some(0)));
    assert_eq!(node.stop("-TERM"), Some(0));
}

#[test]
fn expressions_at_the_same_time_need_no_node() {
    let (mine, other) = (Folder::new(), Folder::new());
    let stranger = Node::start(&other, &[]);
    let ask = |number: usize| {
        let ticket = stranger.ticket.clone();
        let program = format!(
            "(await (dht-put \"n{number}\" {number})) \
             (display (await (dht-get \"n{number}\"))) (newline)"
        );
        Background::start(logos(&mine).args(["--join", &ticket, "-e", &program]))
    };
    let running: Vec<Background> = (0..4).map(ask).collect();
    for (number, program) in running.into_iter().enumerate() {
        assert_eq!(program.line(), number.to_string());
        assert_eq!(program.status(), Some(0));
    }
}

#[test]
fn one_takes_over_when_the_node_is_killed() {
    let (mine, other) = (Folder::new(), Folder::new());
    let stranger = Node::start(&other, &[]);
    let node = Node::start(&mine, &[&stranger.ticket]);
    // Long enough to be interrupted, by its fuel and not by a clock.
    let job = "(let loop ((i 0)) (if (< i 8000000) (loop (+ i 1)) i))";
    let program = format!(
        "(await (dht-put \"a\" 1))
         (define asked (remote {job} :n 1 :quorum 1))
         (display \"asked\") (newline)
         (display (await asked)) (newline)
         (display (await (dht-get \"a\"))) (newline)
         (let wait ()
           (if (not (guard (e (#t #f)) (await (dht-get \"go\"))))
               (begin (sleep 0.01) (wait))))
         (display (length (peers))) (newline)"
    );
    let guest = Background::start(logos(&mine).args(["-e", &program]));
    assert_eq!(guest.line(), "asked");
    eventually("the job is asked for", || {
        (value(&mine, "(length (jobs))") == "1").then_some(())
    });
    node.kill();
    assert_eq!(guest.line(), "8000000");
    assert_eq!(guest.line(), "1");
    // Now the guest is the one whom others ask, and the job it asked for again is there.
    assert_eq!(value(&mine, "(:state (car (jobs)))"), ":done");
    value(&mine, "(begin (await (dht-put \"go\" #t)) 1)");
    assert_eq!(guest.line(), "1");
    assert_eq!(guest.status(), Some(0));
    // The folder is free again.
    let again = Node::start(&mine, &[]);
    assert_eq!(again.stop("-TERM"), Some(0));
}
