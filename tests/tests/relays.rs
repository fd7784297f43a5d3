//! Real processes and a real relay on loopback: who can be reached only through it is, and nobody is made to
//! contact a relay that its user did not name.
#![cfg(unix)]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use logos_tests::{Background, Folder, Ran, Relay, eventually, key_of, logos, run};
use node::ticket::Ticket;

/// Whoever cannot reach a relay gives up waiting after a few seconds.
const SOON: Duration = Duration::from_secs(30);

/// A node and its ticket.
struct Node {
    _running: Background,
    ticket: Ticket,
    folder: Folder,
}

fn start(address: &str, options: &[&str]) -> Node {
    let folder = Folder::new();
    let mut command = logos(&folder);
    command.args(["node", "--listen", address]).args(options);
    let running = Background::start(&mut command);
    let ticket = running.line();
    let ticket = ticket
        .strip_prefix("ticket: ")
        .expect("a ticket is printed");
    let ticket = ticket.parse().expect("it is a ticket");
    assert_eq!(running.line(), "ready");
    Node {
        _running: running,
        ticket,
        folder,
    }
}

/// The same node, as somebody sees it who knows of its relay only.
fn through_relay(node: &Node) -> String {
    let ticket = Ticket {
        addresses: Vec::new(),
        ..node.ticket.clone()
    };
    assert!(ticket.relay.is_some(), "it names no relay");
    ticket.to_string()
}

/// An address from which nobody on 127.0.0.1 can be reached, if this machine has one.
fn elsewhere() -> &'static str {
    match std::net::UdpSocket::bind("[::1]:0") {
        Ok(_) => "[::1]:0",
        Err(_) => "127.0.0.1:0",
    }
}

fn succeeded(ran: &Ran) -> &str {
    assert_eq!((ran.status, ran.errors.as_str()), (Some(0), ""), "{ran:?}");
    ran.output.trim_end()
}

/// Takes whoever connects, and counts them.
struct Listener {
    listener: TcpListener,
    url: String,
}

impl Listener {
    fn new() -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener
            .set_nonblocking(true)
            .expect("sockets need not wait");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        Listener { listener, url }
    }

    fn accepted(&self) -> usize {
        std::iter::from_fn(|| self.listener.accept().ok()).count()
    }
}

#[test]
fn who_has_no_direct_way_to_each_other_puts_and_gets_through_a_relay() {
    let relay = Relay::start();
    let first = start("127.0.0.1:0", &["--relay", &relay.url]);
    let ticket = through_relay(&first);
    let second = start(elsewhere(), &["--relay", &relay.url, "--join", &ticket]);
    let before = relay.bytes();

    // Somebody whom only the second node can be reached by, and it only through the relay.
    let me = Folder::new();
    let value = "x".repeat(20_000);
    let put = format!("(begin (await (dht-put \"letter\" \"{value}\" {{:require 2}})) 'done)");
    let ticket = through_relay(&second);
    let options = [
        "--listen",
        "127.0.0.1:0",
        "--relay",
        &relay.url,
        "--join",
        &ticket,
    ];
    assert_eq!(
        succeeded(&run(logos(&me).args(options).args(["-e", &put]))),
        "done"
    );
    let get = format!(
        "(string-length (await (dht-get \"letter\" \"{}\")))",
        key_of(&me)
    );
    let other = Folder::new();
    let ticket = through_relay(&first);
    let options = [
        "--listen",
        elsewhere(),
        "--relay",
        &relay.url,
        "--join",
        &ticket,
    ];
    assert_eq!(
        succeeded(&run(logos(&other).args(options).args(["-e", &get]))),
        "20000"
    );
    assert!(
        relay.bytes() > before + 20_000,
        "it did not go through the relay"
    );

    // The two are in each other's tables, where they were reached.
    for node in [&first, &second] {
        let known = "(map (lambda (peer) (:addresses peer)) (peers))";
        let told = eventually("they know each other", || {
            let ran = run(logos(&node.folder).args(["-e", known]));
            (ran.status == Some(0) && ran.output.contains(&relay.url)).then_some(ran)
        });
        assert!(told.errors.is_empty(), "{told:?}");
    }
}

#[test]
fn nobody_contacts_a_relay_that_only_others_name() {
    let (relay, spy) = (Relay::start(), Listener::new());
    let public = start("127.0.0.1:0", &[]);
    let named = Ticket {
        relay: Some(spy.url.parse().unwrap()),
        ..public.ticket.clone()
    };
    // Its other addresses lead to it; with a wrong one nothing does, however long it is tried.
    let wrong = Ticket {
        addresses: vec!["127.0.0.1:1".parse().unwrap()],
        ..named.clone()
    };
    let ask = "(length (peers))";
    for options in [vec![], vec!["--relay", relay.url.as_str()]] {
        for (ticket, expected) in [(&named, "1"), (&wrong, "0")] {
            let (folder, ticket) = (Folder::new(), ticket.to_string());
            let mut command = logos(&folder);
            command.args(["--join", &ticket, "-e", ask]).args(&options);
            command.args(["--listen", "127.0.0.1:0"]);
            assert_eq!(succeeded(&run(&mut command)), expected);
        }
    }
    assert_eq!(spy.accepted(), 0, "somebody was made to contact it");
    // It would have been noticed.
    let folder = Folder::new();
    let ticket = named.to_string();
    let options = ["--join", &ticket, "--relay", &spy.url, "-e", ask];
    run(logos(&folder).args(options));
    assert!(spy.accepted() > 0);
}

#[test]
fn a_ticket_that_needs_a_relay_says_which() {
    let relay = Relay::start();
    let node = start("127.0.0.1:0", &["--relay", &relay.url]);
    let ticket = through_relay(&node);
    let ran = run(logos(&Folder::new()).args(["--join", &ticket, "-e", "(peers)"]));
    assert_eq!(ran.status, Some(2));
    let advice = format!("--relay {}/", relay.url);
    assert!(ran.errors.contains(&advice), "{ran:?}");

    let wrong = run(logos(&Folder::new()).args(["node", "--relay", "relay.example"]));
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.errors.contains("relay.example"), "{wrong:?}");
    for contradiction in ["--swarm=3", "--offline", "--pure"] {
        let options = ["--relay", &relay.url, contradiction, "-e", "1"];
        assert_eq!(run(logos(&Folder::new()).args(options)).status, Some(2));
    }
    assert_eq!(relay.accepted(), 1, "only the node connected");
}

#[test]
fn a_dead_relay_does_not_stop_a_node() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", dead.local_addr().unwrap());
    drop(dead);
    let folder = Folder::new();
    let mut command = logos(&folder);
    let began = Instant::now();
    command.args(["node", "--listen", "127.0.0.1:0", "--relay", &url]);
    let running = Background::start_with_errors(&mut command);
    let mut lines = [running.line(), running.line(), running.line()];
    assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    lines.sort();
    let [complaint, ready, ticket] = lines;
    assert_eq!(ready, "ready");
    let expected = format!("logos: cannot reach {url}/: ");
    assert!(complaint.starts_with(&expected), "{complaint}");
    let ticket: Ticket = ticket.strip_prefix("ticket: ").unwrap().parse().unwrap();
    assert_eq!(ticket.relay, None);
    let ticket = ticket.to_string();
    let ran = run(logos(&Folder::new()).args(["--join", &ticket, "-e", "(length (peers))"]));
    assert_eq!(succeeded(&ran), "1");
}
