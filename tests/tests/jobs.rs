//! Submitting computations, and what is kept of them.
#![cfg(unix)]

use logos_tests::{Folder, Node, Ran, eventually, logos, run};

/// Peers, and a data folder that knows them.
struct World {
    mine: Folder,
    peers: Vec<Node>,
    _folders: Vec<Folder>,
}

impl World {
    fn new(count: usize) -> World {
        let mut peers: Vec<Node> = Vec::new();
        let mut folders = Vec::new();
        for _ in 0..count {
            let folder = Folder::new();
            let join: Vec<&str> = peers.iter().take(1).map(|peer| &*peer.ticket).collect();
            peers.push(Node::start(&folder, &join));
            folders.push(folder);
        }
        World {
            mine: Folder::new(),
            peers,
            _folders: folders,
        }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let ticket = &self.peers[0].ticket;
        run(logos(&self.mine).args(["--join", ticket]).args(arguments))
    }

    /// The same; what it prints when it goes well.
    fn output(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        let said = (ran.errors.as_str(), ran.status);
        assert_eq!(said, ("", Some(0)), "{arguments:?}: {}", ran.output);
        ran.output.trim_end().to_string()
    }

    /// A node on my folder.
    fn node(&self) -> Node {
        Node::start(&self.mine, &[&self.peers[0].ticket])
    }

    fn job_becomes(&self, id: &str, state: &str) -> String {
        let wanted = format!("state: {state}\n");
        eventually("the job's end", || {
            Some(self.output(&["job", id])).filter(|told| told.contains(&wanted))
        })
    }
}

/// What is told of a job, but for its age.
fn lasting(told: &str) -> String {
    let lines = told.lines().filter(|line| !line.starts_with("submitted: "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn computations_are_submitted_from_the_command_line() {
    let world = World::new(3);
    let file = world.mine.write(
        "squares.logos",
        "#!/usr/bin/env logos\n(define (square x) (* x x))\n(define-record-type point (make-point x) point? (x point-x))\n\
         (define y 3)\n(define z (point-x (make-point 4)))\n(+ (square y) (square z)) ; five squared",
    );
    let file = file.to_str().unwrap();
    assert_eq!(world.output(&["submit", file]), "25");
    assert_eq!(
        world.output(&["submit", "-e", "1 (* 6 7)", "--n", "2"]),
        "42"
    );
    let full = [
        "submit",
        "--n",
        "3",
        "--quorum",
        "3",
        "--timeout",
        "60",
        "--fuel",
        "1M",
        "--memory",
        "32M",
        "--store",
        "kept \"so\"",
        "-e",
        "(list 1 2)",
    ];
    assert_eq!(world.output(&full), "(1 2)");
    assert_eq!(
        world.output(&["-e", "(dht-get \"kept \\\"so\\\"\")"]),
        "(1 2)"
    );
    let near = "7".repeat(128);
    let near = ["submit", "--near", &near, "--n", "1", "-e", "(+ 1 1)"];
    assert_eq!(world.output(&near), "2");

    let endless = "(let loop () (loop))";
    let checks: &[(&[&str], i32, &str)] = &[
        (
            &["submit", "--fuel", "10K", "-e", endless],
            1,
            ":fuel-exhausted",
        ),
        // More than anybody lends, and more than there is time for: nobody agrees on anything.
        (&["submit", "--memory", "1G", "-e", "1"], 5, ":refused"),
        (
            &["submit", "--timeout", "0.05", "-e", endless],
            5,
            ":timeout",
        ),
        (&["submit", "-e", "(car 1)"], 1, ":wrong-argument"),
        (&["submit", "-e", "(+ 1"], 1, "-e:1"),
        (
            &["submit", "--n", "1", "--quorum", "9", "-e", "1"],
            5,
            ":no-agreement",
        ),
        (&["submit", "-e", "(define x 1)"], 2, "nothing to compute"),
        (&["submit"], 2, "FILE"),
        (&["submit", "no-such-file.logos"], 2, "no-such-file"),
        (&["submit", "--near", "77", "-e", "1"], 2, "128 hex digits"),
        (&["submit", "--timeout", "0", "-e", "1"], 2, "--timeout"),
        (
            &["submit", "--detach", "--store", "x", "-e", "1"],
            2,
            "--store",
        ),
    ];
    for (arguments, status, said) in checks {
        let ran = world.run(arguments);
        assert_eq!(
            (ran.output.as_str(), ran.status),
            ("", Some(*status)),
            "{arguments:?}: {ran:?}"
        );
        assert!(ran.errors.contains(said), "{arguments:?}: {}", ran.errors);
    }
    let alone = run(logos(&Folder::new()).args(["submit", "-e", "1"]));
    assert_eq!(alone.status, Some(5), "{alone:?}");
}

#[test]
fn mistakes_in_what_is_submitted_are_shown_as_they_were_written() {
    let checks = [
        (
            "(define x 1) (let ((y)) x)",
            "\
error :bad-syntax: `let` expected a name and a value in brackets here, but found (y). It is written like (let ((x 1) (y 2)) (+ x y)).
 --> -e:1:20
1 | (define x 1) (let ((y)) x)
  |                    ^^^
",
        ),
        // What is ours stands for all that is sent.
        (
            "(define p (current-output-port))\n(begin\n p)",
            "\
error :not-sendable: `p` holds a port, which cannot be sent #<output-port>
 --> -e:2:1
2 | (begin
  | ^^^^^^
",
        ),
        (
            "(define x (car 1)) (+ x 1)",
            "\
error :wrong-argument: `car` needs a pair, but got 1
 --> -e:1:11
1 | (define x (car 1)) (+ x 1)
  |           ^^^^^^^
",
        ),
        (
            // Where it was at the peers tells nobody anything.
            "(define x 1) (car x)",
            "error :wrong-argument: `car` needs a pair, but got 1\n",
        ),
        // What looks as if it ended what is put around it is not done here.
        (
            "5) {:n 1 :quorum 1}) (display \"local\"",
            "\
error :bad-syntax: There is a closing bracket `)` too many. Take it out, or look for a missing opening bracket before it.
 --> -e:1:2
1 | 5) {:n 1 :quorum 1}) (display \"local\"
  |  ^
",
        ),
        (
            "(display \"here\") (+ 1",
            "\
error :bad-syntax: The bracket `(` is not closed: a `)` is missing.
 --> -e:1:18
1 | (display \"here\") (+ 1
  |                  ^
",
        ),
    ];
    for (text, errors) in checks {
        let ran = run(logos(&Folder::new()).args(["--swarm", "3", "submit", "-e", text]));
        let expected = Ran {
            output: String::new(),
            errors: errors.into(),
            status: Some(1),
        };
        assert_eq!(ran, expected, "{text}");
    }
    let commented = run(logos(&Folder::new()).args(["--swarm", "3", "submit", "-e", "5 ; five"]));
    assert_eq!(
        (commented.output.as_str(), commented.status),
        ("5\n", Some(0))
    );
}

#[test]
fn jobs_and_their_verdicts_outlive_restarts() {
    let world = World::new(3);
    assert_eq!(world.output(&["jobs"]), "");
    let node = world.node();
    assert_eq!(
        world.output(&["submit", "--quorum", "3", "-e", "(* 6 7)"]),
        "42"
    );
    assert_eq!(world.run(&["submit", "-e", "(car 1)"]).status, Some(1));
    let listed = world.output(&["jobs"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    let words = |line: &str| -> Vec<String> { line.split_whitespace().map(Into::into).collect() };
    assert_eq!(&words(lines[0])[1..2], ["done"], "{listed}");
    assert!(
        lines[0].contains("error") && lines[1].contains("value"),
        "{listed}"
    );
    let id = words(lines[1])[0].clone();
    let told = world.output(&["job", &id]);
    let parts = [
        "value: 42\n",
        "status: value\n",
        "why: 3 of 3 answers are equal",
        "receipts:\n",
    ];
    for part in parts {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.matches(", signature ").count(), 3, "{told}");
    node.kill();
    assert_eq!(lasting(&world.output(&["job", &id])), lasting(&told));
    let node = world.node();
    assert_eq!(lasting(&world.output(&["job", &id])), lasting(&told));
    assert_eq!(node.stop("-TERM"), Some(0));

    let whole = told
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("job: "))
        .unwrap();
    let verdict = format!("(:why (:verdict (job \"{whole}\")))");
    assert!(world.output(&["-e", &verdict]).contains("3 of 3 answers"));
    assert!(
        world
            .output(&["--json", "job", whole])
            .starts_with("{\"value\": \"{")
    );
    assert!(
        world
            .output(&["--json", "job", &id])
            .starts_with("{\"value\": \"{")
    );
    let checks = [("ffffffffffffffff", 1, "no job"), ("xyz", 2, "hex digits")];
    for (id, status, said) in checks {
        let ran = world.run(&["job", id]);
        assert_eq!(
            (ran.output.as_str(), ran.status),
            ("", Some(status)),
            "{ran:?}"
        );
        assert!(ran.errors.contains(said), "{ran:?}");
    }
}

#[test]
fn detached_jobs_wait_for_a_node_and_survive_its_death() {
    let world = World::new(2);
    let early = world.run(&["submit", "--detach", "--n", "2", "-e", "(* 6 7)"]);
    assert_eq!(early.status, Some(0), "{early:?}");
    assert!(early.errors.contains("no node runs"), "{early:?}");
    let early = early.output.trim_end().to_string();
    assert_eq!(early.len(), 128);
    assert!(world.output(&["job", &early]).contains("state: queued\n"));
    // One that is cancelled is never asked.
    let unwanted = world.run(&["-q", "submit", "--detach", "-e", "1"]).output;
    let cancel = format!("(:state (cancel-job \"{}\"))", unwanted.trim_end());
    assert_eq!(world.output(&["-e", &cancel]), ":cancelled");

    let node = world.node();
    let done = world.job_becomes(&early, "done");
    assert!(done.contains("value: 42\n"), "{done}");
    let long = "(let loop ((i 0)) (if (< i 4000000) (loop (+ i 1)) i))";
    let long = world.output(&["submit", "--detach", "--n", "2", "-e", long]);
    node.kill();
    let node = world.node();
    let done = world.job_becomes(&long, "done");
    assert!(done.contains("value: 4000000\n"), "{done}");
    assert!(
        world
            .output(&["job", unwanted.trim_end()])
            .contains("state: cancelled\n")
    );
    // What has ended cannot be cancelled any more.
    let late = format!("(:state (cancel-job \"{long}\"))");
    assert_eq!(world.output(&["-e", &late]), ":done");
    let nothing = format!(
        "(guard (e (#t (error-kind e))) (cancel-job \"{}\"))",
        "0".repeat(128)
    );
    assert_eq!(world.output(&["-e", &nothing]), ":not-found");
    assert_eq!(node.stop("-TERM"), Some(0));
}
