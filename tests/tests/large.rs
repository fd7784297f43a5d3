//! Values larger than one item, between real programs: a holder is killed while its chunks are fetched.
#![cfg(unix)]

use logos_tests::{Background, Folder, Node, Ran, key_of, logos, run};

/// 32 MiB in which no 64 KiB are like any others.
const FILM: &str = "
    (define (film)
      (let ((bytes (make-bytevector (* 512 65536) 7)))
        (let loop ((n 0))
          (if (< n 512)
              (begin
                (bytevector-u8-set! bytes (* n 65536) (quotient n 256))
                (bytevector-u8-set! bytes (+ (* n 65536) 1) (modulo n 256))
                (loop (+ n 1)))
              bytes))))";
const CHUNKS: usize = 513;

#[test]
fn a_large_value_survives_a_holder_that_is_killed_while_it_is_read() {
    let folders: Vec<Folder> = (0..3).map(|_| Folder::new()).collect();
    let first = Node::start(&folders[0], &[]);
    let ticket = first.ticket.clone();
    let mut nodes = vec![first];
    nodes.extend(
        folders[1..]
            .iter()
            .map(|folder| Node::start(folder, &[&ticket])),
    );

    let author = Folder::new();
    let put = format!("{FILM} (:stored (await (dht-put \"film\" (film))))");
    let ran = run(logos(&author).args(["--join", &ticket, "-e", &put]));
    let expected = Ran {
        output: "3\n".into(),
        errors: String::new(),
        status: Some(0),
    };
    assert_eq!(ran, expected);

    let get = format!(
        "{FILM} (let ((got (await (dht-get \"film\" \"{}\")))) (display (equal? got (film))) (newline))",
        key_of(&author)
    );
    let reader = Folder::new();
    let mut command = logos(&reader);
    command.envs([("LOGOS_LOG", "node::large=debug"), ("NO_COLOR", "1")]);
    let reading = Background::start_with_errors(command.args(["--join", &ticket, "-e", &get]));
    let mut left = CHUNKS;
    while left > CHUNKS / 2 {
        left = chunks_left(&reading.line()).unwrap_or(left);
    }
    // Nobody answers any more, so it cannot be complete before one is gone for good.
    nodes.iter().for_each(|node| node.signal("-STOP"));
    nodes.remove(1).kill();
    nodes.iter().for_each(|node| node.signal("-CONT"));
    let mut after = Vec::new();
    let answer = loop {
        let line = reading.line();
        match chunks_left(&line) {
            Some(left) => after.push(left),
            None => break line,
        }
    };
    assert_eq!(answer, "#t");
    assert_eq!(reading.status(), Some(0));
    assert_eq!(after.last(), Some(&0));
    assert!(after.len() > 16, "it was all but complete before");
    for node in nodes {
        assert_eq!(node.stop("-TERM"), Some(0));
    }
}

/// How many chunks are missing, if a line tells.
fn chunks_left(line: &str) -> Option<usize> {
    let (_, left) = line.rsplit_once("left=")?;
    left.trim().parse().ok()
}

#[test]
fn a_large_value_is_shown_and_limited_like_any_other() {
    let (mine, other) = (Folder::new(), Folder::new());
    let stranger = Node::start(&other, &[]);
    let node = Node::start(&mine, &[&stranger.ticket]);
    let value = |expression: &str| {
        let ran = run(logos(&mine).args(["-e", expression]));
        assert_eq!(
            (ran.errors.as_str(), ran.status),
            ("", Some(0)),
            "{expression}"
        );
        ran.output.trim_end().to_string()
    };
    let numbers = "(define numbers (iota 100000)) ";
    let put = format!("{numbers} (:stored (await (dht-put \"numbers\" numbers)))");
    assert_eq!(value(&put), "1");
    let get = format!("{numbers} (equal? numbers (await (dht-get \"numbers\")))");
    assert_eq!(value(&get), "#t");
    let item = "(let ((item (await (dht-item \"numbers\" {:value #f}))))
      (list (:chunks item) (< 65536 (:size item) 1000000) (:value item) (:deleted item) (:meta item)))";
    assert_eq!(value(item), "(8 #t #f #f {})");
    let small = "(begin (await (dht-put \"small\" '(1 2))) (:chunks (await (dht-item \"small\"))))";
    assert_eq!(value(small), "0");
    let kind =
        "(guard (e (#t (list (error-kind e) (error-message e)))) (await (dht-get \"numbers\")))";
    let ran = run(logos(&mine).args(["--memory", "250K", "-e", kind]));
    assert!(ran.output.contains(":too-big"), "{ran:?}");
    let gone = "(begin (await (dht-delete \"numbers\"))
      (guard (e (#t (error-kind e))) (await (dht-get \"numbers\" {:fresh #t}))))";
    assert_eq!(value(gone), ":not-found");
    assert_eq!(node.stop("-TERM"), Some(0));
    assert_eq!(stranger.stop("-TERM"), Some(0));
}
