//! Real processes on loopback: nodes joined by tickets, items that outlive those who put them,
//! computations agreed upon.
#![cfg(unix)]

use logos_tests::{Background, Folder, Node, PATIENCE, Ran, eventually, key_of, logos, run};
use std::time::Instant;

const FIB: &str = "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))";

/// Four nodes; the first is whom the others join.
struct Network {
    folders: Vec<Folder>,
    nodes: Vec<Option<Node>>,
    ticket: String,
}

impl Network {
    fn start() -> Network {
        let folders: Vec<Folder> = (0..4).map(|_| Folder::new()).collect();
        let first = Node::start(&folders[0], &[]);
        let ticket = first.ticket.clone();
        let mut nodes = vec![Some(first)];
        for folder in &folders[1..] {
            nodes.push(Some(Node::start(folder, &[&ticket])));
        }
        Network {
            folders,
            nodes,
            ticket,
        }
    }

    /// Evaluates as somebody who joins through the node of that number.
    fn evaluate(&self, data: &Folder, through: usize, expression: &str) -> Ran {
        let ticket = match &self.nodes[through] {
            Some(node) => &node.ticket,
            None => &self.ticket,
        };
        run(logos(data).args(["--join", ticket, "-e", expression]))
    }

    /// The same; it must succeed.
    fn value(&self, data: &Folder, through: usize, expression: &str) -> String {
        let ran = self.evaluate(data, through, expression);
        assert_eq!(
            (ran.errors.as_str(), ran.status),
            ("", Some(0)),
            "{expression}: {}",
            ran.output
        );
        ran.output.trim_end().to_string()
    }
}

/// Evaluates as somebody who joins nobody; it must succeed.
fn value(data: &Folder, expression: &str) -> String {
    let ran = run(logos(data).args(["-e", expression]));
    let is_right = ran.errors.is_empty() && ran.status == Some(0);
    assert!(is_right, "{expression}: {ran:?}");
    ran.output.trim_end().to_string()
}

/// A node's key as `write` prints it.
fn bytes_of_key(folder: &Folder) -> String {
    let key = key_of(folder);
    let byte = |at| {
        u8::from_str_radix(&key[at..at + 2], 16)
            .unwrap()
            .to_string()
    };
    let bytes: Vec<String> = (0..64).step_by(2).map(byte).collect();
    format!("#u8({})", bytes.join(" "))
}

/// The bytes of a bytevector as `write` prints it.
fn bytes(text: &str) -> Vec<u8> {
    let inner = text
        .strip_prefix("#u8(")
        .and_then(|text| text.strip_suffix(')'));
    let inner = inner.unwrap_or_else(|| panic!("no bytevector: {text}"));
    inner.split(' ').map(|byte| byte.parse().unwrap()).collect()
}

#[test]
fn items_outlive_who_put_them_and_who_held_them() {
    let mut network = Network::start();
    let (fifth, sixth) = (Folder::new(), Folder::new());
    let key = network.value(&fifth, 0, "(:key (await (dht-put \"greeting\" \"hello\")))");
    let get = format!("(dht-get \"greeting\" \"{}\")", key_of(&fifth));
    assert_eq!(network.value(&sixth, 0, &get), "\"hello\"");

    let key = bytes(&key);
    let distances = network.folders.iter().map(|folder| {
        let id = network_id(&network, folder);
        let distance: Vec<u8> = id.iter().zip(&key).map(|(a, b)| a ^ b).collect();
        distance
    });
    let distances: Vec<_> = distances.collect();
    let nearest = (0..4).min_by_key(|&index| &distances[index]).unwrap();
    let other = (nearest + 1) % 4;
    let key_before = key_of(&network.folders[nearest]);
    network.nodes[nearest].take().unwrap().kill();
    assert_eq!(network.value(&Folder::new(), other, &get), "\"hello\"");

    // It comes back on its data, without being told whom to join, and alone has it all.
    let again = Node::start(&network.folders[nearest], &[]);
    network.nodes[nearest] = Some(again);
    assert_eq!(key_of(&network.folders[nearest]), key_before);
    for index in (0..4).filter(|&index| index != nearest) {
        let status = network.nodes[index].take().unwrap().stop("-TERM");
        assert_eq!(status, Some(0));
    }
    assert_eq!(network.value(&Folder::new(), nearest, &get), "\"hello\"");
    assert_eq!(network.nodes[nearest].take().unwrap().stop("-INT"), Some(0));
}

/// The id of the node with that data folder, as its peers see it.
fn network_id(network: &Network, folder: &Folder) -> Vec<u8> {
    let key = key_of(folder);
    let hex = (0..key.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&key[at..at + 2], 16).unwrap());
    let hex: Vec<String> = hex.map(|byte| byte.to_string()).collect();
    let question = format!(
        "(let loop ((all (peers))) \
           (if (equal? (:key (car all)) #u8({})) (:id (car all)) (loop (cdr all))))",
        hex.join(" ")
    );
    // A peer is known only once it was reached.
    eventually("everybody knows everybody", || {
        let ran = network.evaluate(&Folder::new(), 0, &question);
        (ran.status == Some(0)).then(|| bytes(ran.output.trim_end()))
    })
}

#[test]
fn computations_agree_to_the_unit_of_fuel() {
    let network = Network::start();
    let me = Folder::new();
    let ask = format!("{FIB} (await (remote (fib 22) :n 3 :quorum 2))");
    assert_eq!(network.value(&me, 0, &ask), "17711");

    let fuels = format!("{FIB} (map :fuel (:receipts (verdict (remote (fib 22) :n 3 :quorum 3))))");
    let fuels = network.value(&me, 0, &fuels);
    let local = format!(
        "{FIB} (call-with-values (lambda () (fuel-used (lambda () (fib 22)))) (lambda (value fuel) fuel))"
    );
    let local = run(logos(&me).args(["-e", &local])).output;
    let local = local.trim_end();
    // A slow peer may have been joined by one more.
    let fuels: Vec<&str> = fuels.trim_matches(['(', ')']).split(' ').collect();
    assert!(
        fuels.len() >= 3 && fuels.iter().all(|fuel| *fuel == local),
        "{fuels:?}, not {local}"
    );
}

#[test]
fn limits_are_outcomes_and_errors_come_back() {
    let network = Network::start();
    let me = Folder::new();
    let checks = [
        (
            "(:status (verdict (remote (let loop () (loop)) :fuel 1000000)))",
            ":fuel-exhausted",
        ),
        (
            "(:status (verdict (remote (let loop ((l '())) (loop (cons 1 l))) :memory 33554432)))",
            ":memory-exhausted",
        ),
        (
            "(:status (verdict (remote (guard (e (#t 'caught)) (let loop () (loop))) :fuel 1000000)))",
            ":fuel-exhausted",
        ),
        (
            "(guard (e (#t (error-kind e))) (await (remote (let loop () (loop)) :fuel 1000000)))",
            ":fuel-exhausted",
        ),
        (
            "(guard (e (#t (error-kind e))) (await (remote (car 5))))",
            ":wrong-argument",
        ),
        (
            "(guard (e (#t (error-kind e))) (await (remote (vector-ref (vector 1) 9))))",
            ":out-of-range",
        ),
        (
            "(guard (e (#t (error-kind e))) (await (dht-get \"nothing\")))",
            ":not-found",
        ),
        (
            "(remote-map (lambda (x) (* x x)) (list 1 2 3) {:n 2 :quorum 2})",
            "(1 4 9)",
        ),
        ("(let ((y 20)) (remote (+ y 1)))", "21"),
        ("(remote-eval '(* 6 7) {:n 2 :quorum 2})", "42"),
    ];
    for (expression, expected) in checks {
        assert_eq!(network.value(&me, 0, expression), expected, "{expression}");
    }
}

#[test]
fn liars_never_win_and_end_blocked() {
    let began = Instant::now();
    let program = "\
        (define (ask i) (await (remote (* i i) :n 5 :quorum 3)))
        (define wrong
          (let loop ((i 0) (wrong 0))
            (if (= i 200) wrong (loop (+ i 1) (if (= (ask i) (* i i)) wrong (+ wrong 1))))))
        (define all (peers))
        (list wrong
              (length (filter :blocked all))
              (length (filter (lambda (p) (and (:blocked p) (= (:convicted p) 0))) all)))";
    let ran = run(logos(&Folder::new()).args(["--swarm", "7,liars=2", "-e", program]));
    assert_eq!(
        (ran.output.as_str(), ran.errors.as_str()),
        ("(0 2 0)\n", "")
    );
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn lazy_peers_hold_nobody_up() {
    let program = "(remote-map (lambda (x) (* x x)) (range 10) {:n 5 :quorum 2 :timeout 10})";
    let ran = run(logos(&Folder::new()).args(["--swarm", "7,lazy=3", "-e", program]));
    assert_eq!(
        (ran.output.as_str(), ran.errors.as_str()),
        ("(0 1 4 9 16 25 36 49 64 81)\n", "")
    );
}

#[test]
fn whoever_holds_an_item_is_found_with_its_distance() {
    let network = Network::start();
    let owner = Folder::new();
    // The put waits for all that are asked; these are all there are.
    network.value(&owner, 0, "(:stored (await (dht-put \"a\" 1)))");
    let ask = |of: &str| {
        let program = format!(
            "(define found (where-is? {of}))
             (list (map :peer found)
                   (apply < 0 (append (map :distance found) '(1)))
                   (= 1 (length (delete-duplicates (map :timestamp found)))))"
        );
        network.value(&Folder::new(), 1, &program)
    };
    let of_name = eventually("all of them hold it", || {
        let found = ask(&format!("\"a\" \"{}\"", key_of(&owner)));
        (found.matches("#u8(").count() >= 4).then_some(found)
    });
    assert!(of_name.ends_with(" #t #t)"), "{of_name}");
    for folder in &network.folders {
        let peer = bytes_of_key(folder);
        assert!(of_name.contains(&peer), "{peer} in {of_name}");
    }
    assert_eq!(network.value(&owner, 2, "(where-is? \"nothing\")"), "()");
}

#[test]
fn a_put_that_requires_nobody_is_content_with_its_own_copy() {
    let alone = Folder::new();
    let put = "(:stored (await (dht-put \"a\" 1 {:require 0})))";
    assert_eq!(value(&alone, put), "0");
    assert_eq!(value(&alone, "(dht-get \"a\")"), "1");
    let distance = "(map :distance (where-is? \"a\"))";
    assert!(value(&alone, distance).starts_with("(0."));
}

#[test]
fn what_is_put_right_after_a_watch_was_asked_for_is_told() {
    let program = "
        (define told '())
        (define watching
          (dht-watch \"race\" (my-key) (lambda (item) (set! told (cons (:value item) told)))))
        (await (dht-put \"race\" 'first))
        (let wait ((left 1000))
          (if (and (null? told) (> left 0))
              (begin (sleep 0.01) (wait (- left 1)))))
        (cancel watching)
        told";
    let ran = run(logos(&Folder::new()).args(["--swarm", "7", "-e", program]));
    assert_eq!(
        (ran.output.as_str(), ran.errors.as_str()),
        ("(first)\n", "")
    );
}

#[test]
fn watchers_hear_of_news_when_the_nearest_holder_is_dead() {
    let mut network = Network::start();
    let (owner, watching) = (Folder::new(), Folder::new());
    network.value(&owner, 0, "(:stored (await (dht-put \"news\" 1)))");
    let program = format!(
        "(define asked
           (dht-watch \"news\" \"{}\"
             (lambda (item)
               (display (if (:deleted item) \"gone\" (:value item)))
               (newline))
             {{:newer-than 0}}))
         (await asked)",
        key_of(&owner)
    );
    // One whom the holders can tell, through the node of its folder, and one who serves nobody.
    let node = Node::start(&watching, &[&network.ticket]);
    let watchers = [
        Background::start(logos(&watching).args(["-e", &program])),
        Background::start(logos(&Folder::new()).args(["--join", &network.ticket, "-e", &program])),
    ];
    for watcher in &watchers {
        assert_eq!(watcher.line(), "1");
    }
    let nearest = "(map :peer (where-is? \"news\"))";
    let nearest = network.value(&owner, 0, nearest);
    let place = |folder: &Folder| nearest.find(&bytes_of_key(folder)).unwrap_or(usize::MAX);
    let first = (0..4).min_by_key(|&index| place(&network.folders[index]));
    let first = first.unwrap();
    network.nodes[first].take().unwrap().kill();
    let through = (first + 1) % 4;
    for (change, told) in [
        ("(dht-put \"news\" 2 {:require 1})", "2"),
        ("(dht-delete \"news\")", "gone"),
    ] {
        network.value(&owner, through, &format!("(begin (await {change}) 1)"));
        let began = Instant::now();
        for watcher in &watchers {
            assert_eq!(watcher.line(), told);
        }
        // Seen with `--nocapture`. It is never a reason to fail: how long it takes is this machine's affair.
        println!("{told} was told after {:?}", began.elapsed());
    }
    assert_eq!(node.stop("-TERM"), Some(0));
}

#[test]
fn everybody_can_say_who_they_are() {
    let network = Network::start();
    let (ann, other) = (Folder::new(), Folder::new());
    let said = "(publish-profile {:name \"Ann\" :about \"Bakes bread.\"})";
    network.value(&ann, 0, &format!("(begin (await {said}) 1)"));
    let program = format!(
        "(alias \"baker\" \"{}\")
         (define found (who-is? \"baker\"))
         (list (:name found) (:about found) (:version found) (:aliases found)
               (< 0 (:published found)))",
        key_of(&ann)
    );
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("(\"Ann\" \"Bakes bread.\" \"{version}\" (\"baker\") #t)");
    let found = eventually("the profile is found", || {
        let found = network.value(&other, 1, &program);
        found.contains("Ann").then_some(found)
    });
    assert_eq!(found, expected);
    // Every node says at least which version it is; a key nobody has says nothing.
    let ask = format!("(:version (who-is? \"{}\"))", key_of(&network.folders[2]));
    eventually("the node has published its profile", || {
        (network.value(&other, 1, &ask) == format!("{version:?}")).then_some(())
    });
    let nobody =
        "(let ((found (who-is? (make-bytevector 32 7)))) (list (:name found) (:published found)))";
    assert_eq!(network.value(&other, 1, nobody), "(#f #f)");
}

#[test]
fn links_are_followed() {
    let network = Network::start();
    let (ann, bo) = (Folder::new(), Folder::new());
    network.value(&ann, 0, "(:stored (await (dht-put \"bread\" 500)))");
    let program = format!(
        "(alias \"ann\" \"{}\")
         (define bread (link \"ann\" \"bread\"))
         (await (dht-put \"favourite\" bread))
         (await (dht-put \"best\" (link (my-key) \"favourite\")))
         (await (dht-put \"circle\" (link (my-key) \"circle\")))
         (list (await (dht-get bread))
               (await (dht-get \"best\"))
               (await (dht-get \"best\" {{:fresh #t}}))
               (:name (await (dht-item bread)))
               (equal? (:value (await (dht-item \"favourite\"))) bread)
               (= (length (where-is? bread)) (length (where-is? \"bread\" \"ann\")))
               (guard (e (#t (error-kind e))) (await (dht-get \"circle\")))
               (guard (e (#t (error-kind e))) (link \"nobody\" \"bread\")))",
        key_of(&ann)
    );
    assert_eq!(
        network.value(&bo, 1, &program),
        "(500 500 500 \"bread\" #t #t :not-found :not-found)"
    );
}

#[test]
fn a_sealed_value_is_for_its_recipients_alone() {
    let network = Network::start();
    let (ann, bo, eve) = (Folder::new(), Folder::new(), Folder::new());
    let put = format!(
        "(alias \"bo\" \"{}\")
         (:stored (await (dht-put \"letter\" {{:dear \"Bo\"}} {{:to (list \"bo\")}})))",
        key_of(&bo)
    );
    network.value(&ann, 0, &put);
    let get = format!("(dht-get \"letter\" \"{}\")", key_of(&ann));
    assert_eq!(network.value(&bo, 1, &get), "{:dear \"Bo\"}");
    assert_eq!(
        network.value(&ann, 1, "(:value (await (dht-item \"letter\")))"),
        "{:dear \"Bo\"}"
    );
    let refused = format!("(guard (e (#t (error-kind e))) (await {get}))");
    assert_eq!(network.value(&eve, 2, &refused), ":not-allowed");
    let nobody =
        "(guard (e (#t (error-kind e))) (await (dht-put \"a\" 1 {:to (list \"nobody\")})))";
    assert_eq!(network.value(&ann, 0, nobody), ":not-found");
}

#[test]
fn what_is_asked_wrongly_is_told_by_the_name_of_its_procedure() {
    let alone = Folder::new();
    let taken = "names of items that begin with `logos/` are taken";
    for (expression, expected) in [
        (
            "(await (dht-watch \"a\" display {:bogus 1}))",
            "`dht-watch` has no option `:bogus`: it has :newer-than",
        ),
        (
            "(await (dht-watch 7 display))",
            "`dht-watch` needs a name or a key, but got 7",
        ),
        (
            "(await (dht-put \"a\" 1 {:require 0} {:expires 1}))",
            "`dht-put` takes its options in one dict, the last argument, or as keywords with their values, but not both",
        ),
        (
            "(await (dht-put \"a\" 1 {:read-back 1}))",
            "`dht-put` needs `:read-back` to be #t or #f, but got 1",
        ),
        (
            "(where-is? \"a\" {:new #t})",
            "`where-is?` has no option `:new`: it has :fresh",
        ),
        ("(await (dht-put \"logos/profile\" 1))", taken),
        ("(await (dht-delete \"logos/profile\"))", taken),
    ] {
        let ran = run(logos(&alone).args(["-e", expression]));
        assert!(ran.errors.contains(expected), "{expression}: {ran:?}");
    }
}

#[test]
fn a_put_that_nobody_stores_says_so_in_numbers() {
    let program = "(guard (error (#t (list (error-kind error) (:stored (error-payload error))
                                           (:rejected (error-payload error)))))
                     (await (dht-put \"a\" 1)))";
    assert_eq!(value(&Folder::new(), program), "(:unreachable 0 ())");
}

#[test]
fn what_cannot_change_is_found_by_what_it_is() {
    let network = Network::start();
    let (ann, bo) = (Folder::new(), Folder::new());
    let put = "(define put (await (dht-put-immutable '(1 2 3))))";
    let key = network.value(&ann, 0, &format!("{put} (:key put)"));
    // Whoever puts the same puts it there.
    assert_eq!(network.value(&bo, 1, &format!("{put} (:key put)")), key);
    let get = |what: &str| network.value(&Folder::new(), 2, &format!("({what} {key})"));
    assert_eq!(get("dht-get"), "(1 2 3)");
    assert_eq!(
        get("(lambda (key) (:value (await (dht-item key))))"),
        "(1 2 3)"
    );
    let large = "(await (dht-put-immutable (make-bytevector 70000 1)))";
    let ran = network.evaluate(&ann, 0, large);
    assert!(ran.errors.contains("at most 65536 are allowed"), "{ran:?}");
}

#[test]
fn an_item_named_profile_is_like_any_other() {
    let program = "(begin
                     (await (dht-put \"profile\" 5 {:require 0}))
                     (await (publish-profile {:name \"Ann\"}))
                     (await (dht-put \"profile\" 6 {:require 0}))
                     (list (await (dht-get \"profile\")) (:name (who-is? (my-key)))
                           (length (where-is? \"profile\" {:fresh #t}))))";
    assert_eq!(value(&Folder::new(), program), "(6 \"Ann\" 1)");
}
