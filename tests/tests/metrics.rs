//! What a node counts and whom it knows, asked of real programs.
#![cfg(unix)]

use logos_tests::{Folder, Node, logos, run};

fn value(data: &Folder, expression: &str) -> String {
    let ran = run(logos(data).args(["-e", expression]));
    assert_eq!(
        (ran.errors.as_str(), ran.status),
        ("", Some(0)),
        "{expression}"
    );
    ran.output.trim_end().to_string()
}

#[test]
fn a_node_tells_what_it_counted_and_draws_whom_it_knows() {
    let folders: Vec<Folder> = (0..3).map(|_| Folder::new()).collect();
    let first = Node::start(&folders[0], &[]);
    let ticket = first.ticket.clone();
    let others: Vec<Node> = folders[1..]
        .iter()
        .map(|folder| Node::start(folder, &[&ticket]))
        .collect();
    let put = "(begin (await (dht-put \"n\" (make-vector 50000 1) {:require 2})) (await (dht-put \"m\" 1 {:require 2})) 1)";
    assert_eq!(value(&folders[1], put), "1");
    assert_eq!(
        value(
            &folders[2],
            "(guard (e (#t (error-kind e))) (await (dht-get \"n\")))"
        ),
        ":not-found"
    );
    let checks = [
        // The chunks, the manifest and the other.
        ("(< 2 (:puts metrics) 30)", "#t"),
        ("(= (:puts metrics) (:puts-stored metrics))", "#t"),
        ("(< 1 (:chunks-stored metrics))", "#t"),
        ("(<= (:gets-found metrics) (:gets metrics))", "#t"),
        (
            "(<= 1 (+ (:answered metrics) (:unanswered metrics)) (:asked metrics))",
            "#t",
        ),
        (
            "(= (:answered metrics) (:count (:request-ms metrics)))",
            "#t",
        ),
        (
            "(= (:lookups metrics) (apply + (map cdr (dict->list (:below (:lookup-ms metrics))))))",
            "#t",
        ),
        (
            "(<= (:p50 (:lookup-ms metrics)) (:p95 (:lookup-ms metrics)) (:p99 (:lookup-ms metrics)))",
            "#t",
        ),
        (
            "(list (:contacts metrics) (:blocked metrics) (:jobs-run metrics) (:bad-items metrics))",
            "(2 0 0 0)",
        ),
        ("(< 100000 (:bytes-out metrics))", "#t"),
        ("(< 0 (:connections-out metrics) 10)", "#t"),
        ("(< 0 (:seconds metrics) 10000)", "#t"),
        ("(<= (+ 2 (:chunks-stored metrics)) (:items metrics))", "#t"),
    ];
    for (expression, expected) in checks {
        let asked = format!("(define metrics (node-metrics)) {expression}");
        assert_eq!(value(&folders[1], &asked), expected, "{expression}");
    }
    let served = "(let ((metrics (node-metrics)))
        (list (< 2 (:store (:requests metrics))) (< 0 (:find-node (:requests metrics))) (:refused metrics)))";
    assert_eq!(value(&folders[0], served), "(#t #t {})");
    let job = "(begin (await (remote (* 6 7) :n 2 :quorum 2)) 1)";
    assert_eq!(value(&folders[1], job), "1");
    let worked =
        "(let ((metrics (node-metrics))) (list (:jobs-run metrics) (< 0 (:job-fuel metrics))))";
    assert_eq!(value(&folders[0], worked), "(1 #t)");

    let table = "(let ((table (routing-table)))
        (list (length table) (:shared-bits (car table)) (:waiting (car table))
              (map :failures (:contacts (car table))) (map :live (:contacts (car table)))))";
    assert_eq!(value(&folders[1], table), "(1 0 0 (0 0) (#t #t))");
    let picture = run(logos(&folders[1]).arg("peers"));
    let lines: Vec<&str> = picture.output.lines().collect();
    assert_eq!(lines[0], "bits  contacts", "{picture:?}");
    assert!(
        lines[1].starts_with("   0  ##..................  "),
        "{picture:?}"
    );
    assert!(lines[1].ends_with(" ms"), "{picture:?}");
    assert_eq!((lines.len(), picture.status), (2, Some(0)));
    for node in others {
        assert_eq!(node.stop("-TERM"), Some(0));
    }
    assert_eq!(first.stop("-TERM"), Some(0));
}
