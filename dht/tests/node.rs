//! One node's state machine, event by event.

mod common;

use std::sync::Arc;

use common::sends;
use dht::{
    Action, Address, BLOCK_MS, BlockReason, Command, Config, Contact, Draft, Ed25519, ErrorCode,
    Event, FUTURE_MS_MAX, FindValue, Get, Id, InteractionId, Item, Kademlia, KnownKeys,
    OperationError, OperationId, Outcome, PublicKey, Put, Request, Response, SendError,
    SignatureCheck, Store, Token, UNVERIFIED_DIAL_MS, Value,
};
use ed25519_dalek::{Signer, SigningKey};

const NOW: u64 = 1_700_000_000_000;

fn node() -> Kademlia {
    Kademlia::new(Config::default(), PublicKey::from_bytes([1; 32]), [2; 32])
}

fn peer(number: u8) -> Contact {
    let address = Address::Ip(([10, 0, 0, number], 4433).into());
    Contact::new(PublicKey::from_bytes([number; 32]), vec![address], 1)
}

fn draft(timestamp: u64) -> Draft {
    Draft {
        name: "a".into(),
        value: Some(b"x".to_vec()),
        timestamp,
        ..Draft::default()
    }
}

fn signed(draft: Draft) -> Arc<Item> {
    Arc::new(Item::sign(&SigningKey::from_bytes(&[5; 32]), draft).unwrap())
}

fn incoming(from: Contact, request: Request) -> Event {
    let interaction = InteractionId(7);
    Event::Incoming {
        from,
        observed: None,
        interaction,
        token: Token(3),
        request,
    }
}

/// Sends a request to the node; its reply and everything else it wants done.
fn ask(node: &mut Kademlia, now: u64, from: Contact, request: Request) -> (Response, Vec<Action>) {
    let mut actions = node.handle(now, incoming(from, request));
    let place = actions
        .iter()
        .position(|action| matches!(action, Action::Reply { .. }))
        .unwrap();
    let Action::Reply {
        token: Token(3),
        interaction: InteractionId(7),
        response,
    } = actions.remove(place)
    else {
        panic!("the reply carries its token and interaction")
    };
    (response, actions)
}

fn code(response: &Response) -> Option<ErrorCode> {
    match response {
        Response::Failure(failure) => Some(failure.code),
        _ => None,
    }
}

fn store(item: Arc<Item>) -> Request {
    Request::Store(Store { item, cache: false })
}

/// Brings a peer into the node's table, by asking it and answering its ping.
fn introduce(node: &mut Kademlia, now: u64, number: u8) {
    let (_, actions) = ask(node, now, peer(number), Request::Ping);
    let (exchange, to, request) = sends(&actions).remove(0);
    assert_eq!((to, request), (peer(number), Request::Ping));
    node.handle(
        now,
        Event::Answered {
            exchange,
            response: Response::Pong,
        },
    );
    assert!(node.contacts().contains(&peer(number)));
}

#[test]
fn nobody_enters_the_table_before_we_reached_them() {
    let mut node = node();
    let (response, actions) = ask(&mut node, NOW, peer(9), Request::Ping);
    assert_eq!(response, Response::Pong);
    assert!(node.contacts().is_empty());
    let (exchange, ..) = sends(&actions)[0];
    let actions = node.handle(
        NOW,
        Event::Answered {
            exchange,
            response: Response::Pong,
        },
    );
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::SaveContact(c) if *c == peer(9)))
    );
    assert_eq!(node.contacts(), [peer(9)]);
}

/// An answer to a ping of a peer, and how the peer was found.
fn answer_ping(node: &mut Kademlia, actions: &[Action], address: Option<Address>) -> Vec<Action> {
    let (exchange, _, request) = sends(actions).remove(0);
    assert_eq!(request, Request::Ping);
    let response = Response::Pong;
    let event = Event::AnsweredFrom {
        exchange,
        address,
        response,
    };
    node.handle(NOW, event)
}

fn ip(text: &str) -> Address {
    Address::Ip(text.parse().unwrap())
}

#[test]
fn who_answers_only_over_its_own_connection_stays_out_of_the_table() {
    let mut node = node();
    let (_, actions) = ask(&mut node, NOW, peer(9), Request::Ping);
    answer_ping(&mut node, &actions, None);
    assert!(node.contacts().is_empty());
    // It is served as before, but for a minute nobody tries there again.
    let (response, actions) = ask(&mut node, NOW + 1, peer(9), Request::Ping);
    assert_eq!((response, sends(&actions).len()), (Response::Pong, 0));
    let later = NOW + UNVERIFIED_DIAL_MS;
    let (_, actions) = ask(&mut node, later, peer(9), Request::Ping);
    assert_eq!(sends(&actions).len(), 1);
}

#[test]
fn of_the_addresses_told_only_the_proven_one_is_kept() {
    let mut node = node();
    let (private, public) = (ip("192.168.77.2:4001"), ip("20.0.0.9:4001"));
    let key = PublicKey::from_bytes([9; 32]);
    let told = Contact::new(key, vec![private, public.clone()], 1);
    let (_, actions) = ask(&mut node, NOW, told.clone(), Request::Ping);
    answer_ping(&mut node, &actions, Some(public.clone()));
    let proven = Contact::new(key, vec![public], 1);
    assert_eq!(node.contacts(), [proven]);
    // What it says besides is no reason to doubt it.
    let (_, actions) = ask(&mut node, NOW + 1, told, Request::Ping);
    assert_eq!(sends(&actions), []);
}

#[test]
fn limits_per_subnet_count_where_peers_were_reached() {
    let mut node = node();
    for number in 9..19 {
        let public = ip(&format!("20.0.0.9:{number}"));
        let addresses = vec![ip("192.168.77.2:4001"), public.clone()];
        let told = Contact::new(PublicKey::from_bytes([number; 32]), addresses, 1);
        let (_, actions) = ask(
            &mut node,
            NOW + u64::from(number) * 60_000,
            told,
            Request::Ping,
        );
        answer_ping(&mut node, &actions, Some(public));
    }
    assert_eq!(node.contacts().len(), 2);
}

#[test]
fn who_moves_to_where_nobody_reaches_it_leaves_the_table() {
    let mut node = node();
    introduce(&mut node, NOW, 9);
    let key = peer(9).public_key();
    let moved = Contact::new(key, vec![ip("192.168.77.2:4001")], 1);
    let (_, actions) = ask(&mut node, NOW, moved, Request::Ping);
    let actions = answer_ping(&mut node, &actions, None);
    assert!(node.contacts().is_empty());
    let is_forgotten = |action: &Action| matches!(action, Action::ForgetContact(k) if *k == key);
    assert!(actions.iter().any(is_forgotten));
}

#[test]
fn a_watcher_that_cannot_be_dialled_is_told_over_its_own_connection() {
    let mut node = node();
    let item = signed(draft(NOW));
    let watch = Request::Watch {
        key: item.key,
        lasting_ms: 60_000,
    };
    let (response, actions) = ask(&mut node, NOW, peer(9), watch);
    assert_eq!(response, Response::Watching { lasting_ms: 60_000 });
    answer_ping(&mut node, &actions, None);
    let (_, actions) = ask(&mut node, NOW + 1, peer(8), store(item));
    let told: Vec<_> = sends(&actions)
        .into_iter()
        .filter(|(_, to, request)| to.id() == peer(9).id() && matches!(request, Request::Store(_)))
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1.addresses(), []);
}

#[test]
fn who_serves_nobody_is_served_but_never_dialled() {
    let mut node = node();
    let shy = Contact::new(PublicKey::from_bytes([9; 32]), Vec::new(), 1);
    let (response, actions) = ask(&mut node, NOW, shy, Request::Ping);
    assert_eq!((response, sends(&actions).len()), (Response::Pong, 0));
}

#[test]
fn a_thousand_liars_cannot_aim_us_at_a_victim() {
    let mut node = node();
    let victim = Address::Ip(([10, 9, 9, 9], 53).into());
    let mut dials = 0;
    for number in 0..1000u32 {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        let liar = Contact::new(PublicKey::from_bytes(key), vec![victim.clone()], 1);
        let (_, actions) = ask(&mut node, NOW + u64::from(number), liar, Request::Ping);
        dials += sends(&actions).len();
    }
    assert_eq!(dials, 1);
    let later = NOW + UNVERIFIED_DIAL_MS + 10_000;
    node.handle(later, Event::Timer);
    let liar = Contact::new(PublicKey::from_bytes([77; 32]), vec![victim], 1);
    assert_eq!(
        sends(&ask(&mut node, later, liar, Request::Ping).1).len(),
        1
    );
}

/// A ping that was observed to come from somewhere; whom the node dials because of it.
fn met_from(node: &mut Kademlia, now: u64, from: Contact, observed: &str) -> Vec<Contact> {
    let event = Event::Incoming {
        from,
        observed: Some(ip(observed)),
        interaction: InteractionId(7),
        token: Token(3),
        request: Request::Ping,
    };
    let sent = sends(&node.handle(now, event));
    sent.into_iter().map(|(_, to, _)| to).collect()
}

fn keyed(number: u32, addresses: &[&str]) -> Contact {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    let addresses = addresses.iter().map(|text| ip(text)).collect();
    Contact::new(PublicKey::from_bytes(key), addresses, 1)
}

#[test]
fn a_stranger_is_dialled_at_the_host_it_asks_from_if_it_says_that_it_is_there() {
    let mut node = node();
    let told = keyed(9, &["20.0.0.9:53", "21.0.0.1:4433", "192.168.1.2:4433"]);
    let dialled = met_from(&mut node, NOW, told, "21.0.0.1:777");
    assert_eq!(dialled, [keyed(9, &["21.0.0.1:4433", "192.168.1.2:4433"])]);
    let moving = keyed(8, &["20.0.0.8:53"]);
    assert_eq!(
        met_from(&mut node, NOW, moving.clone(), "22.0.0.1:7"),
        [moving]
    );
}

#[test]
fn liars_of_one_subnet_leave_dials_for_others() {
    let mut node = node();
    let mut dials = 0;
    for number in 0..2_000u32 {
        let now = NOW + u64::from(number);
        let bogus = format!("21.{}.{}.1:9", number / 256, number % 256);
        let liar = keyed(number, &[&bogus]);
        for to in met_from(&mut node, now, liar, &format!("20.0.0.{}:9", number % 256)) {
            assert_eq!(to.addresses().len(), 1);
            dials += 1;
        }
        // Nobody answers.
        while let Some(at) = node.poll_timeout().filter(|at| *at <= now) {
            node.handle(at, Event::Timer);
        }
    }
    assert!(dials <= 64, "{dials}");
    let newcomer = keyed(5_000, &["23.0.0.1:4433"]);
    let later = NOW + 10_000;
    node.handle(later, Event::Timer);
    let dialled = met_from(&mut node, later, newcomer.clone(), "23.0.0.1:4433");
    assert_eq!(dialled, [newcomer]);
}

#[test]
fn all_first_contacts_that_do_not_answer_are_tried_in_turn() {
    let mut node = node();
    introduce(&mut node, NOW, 9);
    let contacts: Vec<Contact> = (10..40).map(peer).collect();
    let command = Command::Bootstrap { contacts };
    let operation = OperationId(1);
    node.handle(NOW, Event::Command { operation, command });
    let mut pinged = Vec::new();
    while let Some(at) = node.poll_timeout().filter(|at| *at < NOW + 600_000) {
        let mut sent = sends(&node.handle(at, Event::Timer));
        while let Some((exchange, to, request)) = sent.pop() {
            if to == peer(9) {
                let response = match request {
                    Request::Ping => Response::Pong,
                    _ => Response::Nodes(dht::Nodes::default()),
                };
                sent.extend(sends(
                    &node.handle(at, Event::Answered { exchange, response }),
                ));
            } else if request == Request::Ping && !pinged.contains(&to) {
                pinged.push(to);
            }
        }
    }
    assert_eq!(pinged.len(), 30);
}

#[test]
fn what_is_acknowledged_is_on_disk_first() {
    let item = signed(draft(NOW));
    let actions = node().handle(NOW, incoming(peer(9), store(item)));
    let place = |what: fn(&Action) -> bool| actions.iter().position(what).unwrap();
    let stored = place(|action| matches!(action, Action::StoreItem(_)));
    let replied = place(|action| matches!(action, Action::Reply { .. }));
    assert!(stored < replied);
}

#[test]
fn bad_items_are_refused_with_their_code_and_only_forgers_are_blocked() {
    let mut forged = Item::clone(&signed(draft(NOW)));
    forged.signature.0[0] ^= 1;
    let mut swapped = Item::clone(&signed(draft(NOW)));
    swapped.value = Some(b"y".to_vec());
    let mut elsewhere = Item::clone(&signed(draft(NOW)));
    elsewhere.key = Id::hash(b"elsewhere");
    let mut modern = Item::clone(&signed(draft(NOW)));
    modern.created_with = 2;
    let future = signed(draft(NOW + FUTURE_MS_MAX + 1));
    let expired = signed(Draft {
        expires: NOW - 1,
        ..draft(NOW - 9)
    });
    let cases = [
        (Arc::new(forged), ErrorCode::UnverifiableProvenance, true),
        (Arc::new(swapped), ErrorCode::UnverifiableProvenance, true),
        (Arc::new(elsewhere), ErrorCode::KeyMismatch, true),
        (Arc::new(modern), ErrorCode::UnsupportedProtocol, false),
        (future, ErrorCode::Refused, false),
        (expired, ErrorCode::Refused, false),
    ];
    for (item, expected, blocked) in cases {
        let mut node = node();
        let (response, actions) = ask(&mut node, NOW, peer(9), store(item.clone()));
        assert_eq!(code(&response), Some(expected), "{item:?}");
        assert_eq!(node.is_blocked(&peer(9).public_key(), NOW), blocked);
        let evidence = actions.iter().find_map(|action| match action {
            Action::Block(record) => Some(record.evidence.clone()),
            _ => None,
        });
        assert_eq!(evidence, blocked.then(|| dht::wire::encode_item(&item)));
        assert_eq!(node.storage_usage(), (0, 0));
    }
}

#[test]
fn keys_decoded_before_hold_what_fresh_ones_hold() {
    let known = KnownKeys::default();
    let (mut held, mut refused) = (0, 0);
    // More authors than are remembered, the last of them twice.
    for number in (0..1100u16).chain(1000..1100) {
        let mut bytes = [3; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        let author = SigningKey::from_bytes(&bytes);
        // Every third signature is somebody else's, every seventh key is no key of anybody.
        let signer = match number % 3 {
            0 => SigningKey::from_bytes(&[5; 32]),
            _ => author.clone(),
        };
        let key = match number % 7 {
            0 => PublicKey::from_bytes([2; 32]),
            _ => PublicKey::from(author.verifying_key()),
        };
        let signature = signer.sign(&bytes).to_bytes();
        let holds = known.holds(&key, &bytes, &signature);
        assert_eq!(holds, Ed25519.holds(&key, &bytes, &signature), "{number}");
        *(if holds { &mut held } else { &mut refused }) += 1;
    }
    assert!(held > 500 && refused > 300);
}

#[test]
fn the_blocked_are_refused_for_a_day_and_then_for_two() {
    let mut node = node();
    let peer_key = peer(9).public_key();
    introduce(&mut node, NOW, 9);
    let mut forged = Item::clone(&signed(draft(NOW)));
    forged.signature.0[0] ^= 1;
    let forged = Arc::new(forged);
    ask(&mut node, NOW, peer(9), store(forged.clone()));
    assert!(node.contacts().is_empty());
    let (response, actions) = ask(&mut node, NOW + 1, peer(9), Request::Ping);
    assert_eq!(
        (code(&response), sends(&actions).len()),
        (Some(ErrorCode::Refused), 0)
    );
    let later = NOW + BLOCK_MS;
    assert_eq!(
        ask(&mut node, later, peer(9), Request::Ping).0,
        Response::Pong
    );
    ask(&mut node, later, peer(9), store(forged));
    assert!(node.is_blocked(&peer_key, later + 2 * BLOCK_MS - 1));
    let saved = node.blocked(later);
    let mut restarted = self::node();
    restarted.handle(later, Event::LoadBlocks(saved));
    assert!(restarted.is_blocked(&peer_key, later + 2 * BLOCK_MS - 1));
    restarted.handle(
        later,
        Event::Unblock {
            public_key: peer_key,
        },
    );
    assert!(!restarted.is_blocked(&peer_key, later));
    restarted.handle(
        later,
        Event::Block {
            public_key: peer_key,
            reason: BlockReason::Owner,
        },
    );
    assert!(restarted.is_blocked(&peer_key, later));
}

#[test]
fn an_older_version_is_answered_with_the_newer_one() {
    let mut node = node();
    let (old, new) = (signed(draft(NOW - 1)), signed(draft(NOW)));
    assert_eq!(
        ask(&mut node, NOW, peer(9), store(new.clone())).0,
        Response::Stored
    );
    let (response, _) = ask(&mut node, NOW, peer(8), store(old));
    let Response::Failure(failure) = response else {
        panic!("{response:?}")
    };
    assert_eq!(
        (failure.code, failure.newer),
        (ErrorCode::Superseded, Some(new))
    );
}

#[test]
fn who_asks_too_often_is_told_so() {
    let mut node = node();
    let busy = (0..2000)
        .filter(|_| {
            let (response, _) = ask(&mut node, NOW, peer(9), Request::Ping);
            code(&response) == Some(ErrorCode::Busy)
        })
        .count();
    assert_eq!(busy, 1500);
    assert_eq!(
        ask(&mut node, NOW, peer(8), Request::Ping).0,
        Response::Pong
    );
}

#[test]
fn a_find_says_what_is_newer_and_who_is_nearer() {
    let mut node = node();
    introduce(&mut node, NOW, 9);
    introduce(&mut node, NOW, 8);
    let item = signed(draft(NOW));
    ask(&mut node, NOW, peer(9), store(item.clone()));
    let find = |newer_than, fresh| {
        Request::FindValue(FindValue {
            key: item.key,
            newer_than,
            fresh,
        })
    };
    let (response, _) = ask(&mut node, NOW, peer(9), find(None, false));
    let plain = Value {
        item: item.clone(),
        contacts: Vec::new(),
    };
    assert_eq!(response, Response::Value(plain));
    let (response, _) = ask(&mut node, NOW, peer(9), find(None, true));
    let fresh = Value {
        item: item.clone(),
        contacts: vec![peer(8)],
    };
    assert_eq!(response, Response::Value(fresh));
    let version = node.item(&item.key).unwrap().version();
    let (response, _) = ask(&mut node, NOW, peer(9), find(Some(version), true));
    let Response::Nodes(nodes) = response else {
        panic!("{response:?}")
    };
    assert_eq!((nodes.contacts, nodes.held), (vec![peer(8)], Some(version)));
}

#[test]
fn a_lookup_goes_on_past_a_forger_and_blocks_it() {
    let mut node = node();
    introduce(&mut node, NOW, 9);
    introduce(&mut node, NOW, 8);
    let item = signed(draft(NOW));
    let command = Command::Get(Get::plain(item.key));
    let actions = node.handle(
        NOW,
        Event::Command {
            operation: OperationId(1),
            command,
        },
    );
    let asked = sends(&actions);
    assert_eq!(asked.len(), 2);
    let mut forged = Item::clone(&item);
    forged.signature.0[3] ^= 1;
    let lie = Value {
        item: Arc::new(forged),
        contacts: Vec::new(),
    };
    let lie = Event::Answered {
        exchange: asked[0].0,
        response: Response::Value(lie),
    };
    let actions = node.handle(NOW, lie);
    assert!(
        !actions
            .iter()
            .any(|action| matches!(action, Action::Finished { .. }))
    );
    assert!(node.is_blocked(&asked[0].1.public_key(), NOW));
    let truth = Value {
        item: item.clone(),
        contacts: Vec::new(),
    };
    let truth = Event::Answered {
        exchange: asked[1].0,
        response: Response::Value(truth),
    };
    let actions = node.handle(NOW, truth);
    let found = actions.iter().find_map(|action| match action {
        Action::Finished {
            outcome: Ok(Outcome::Found(found)),
            ..
        } => Some(found),
        _ => None,
    });
    assert_eq!(found.unwrap().item.item(), &item);
}

/// Lets a node that knows one peer read a key, and the peer answer with an item: what was asked first, how it ended,
/// and what else was to be done.
fn read(
    node: &mut Kademlia,
    number: u64,
    answer: &Arc<Item>,
) -> (Request, Result<Outcome, OperationError>, Vec<Action>) {
    let event = Event::Command {
        operation: OperationId(number),
        command: Command::Get(Get::plain(answer.key)),
    };
    let mut actions = node.handle(NOW, event);
    let (_, _, request) = sends(&actions).remove(0);
    // What is not found is asked for a second time, along several paths.
    for _ in 0..2 {
        let Some((exchange, ..)) = sends(&actions).into_iter().next() else {
            break;
        };
        let value = Value {
            item: answer.clone(),
            contacts: Vec::new(),
        };
        let response = Response::Value(value);
        actions = node.handle(NOW, Event::Answered { exchange, response });
    }
    let place = actions
        .iter()
        .position(|action| matches!(action, Action::Finished { .. }));
    let Action::Finished { outcome, .. } = actions.remove(place.unwrap()) else {
        panic!()
    };
    (request, outcome, actions)
}

#[test]
fn a_reader_never_goes_back() {
    let mut node = node();
    introduce(&mut node, NOW, 9);
    let (old, new) = (signed(draft(NOW - 5)), signed(draft(NOW)));
    let (_, outcome, actions) = read(&mut node, 1, &new);
    assert!(matches!(outcome, Ok(Outcome::Found(found)) if *found.item.item() == new));
    let seen = actions.iter().filter_map(|action| match action {
        Action::SaveSeen(record) => Some(*record),
        _ => None,
    });
    let seen: Vec<_> = seen.collect();
    assert_eq!(seen.len(), 1);
    let mut restarted = self::node();
    restarted.handle(NOW, Event::LoadSeen(seen));
    introduce(&mut restarted, NOW, 9);
    for mut node in [node, restarted] {
        let (request, outcome, _) = read(&mut node, 2, &old);
        assert!(
            matches!(outcome, Err(OperationError::ValueNotFound(_))),
            "{outcome:?}"
        );
        let Request::FindValue(find) = request else {
            panic!("{request:?}")
        };
        assert!(find.newer_than.is_some());
        let (_, outcome, actions) = read(&mut node, 3, &new);
        assert!(matches!(outcome, Ok(Outcome::Found(found)) if *found.item.item() == new));
        let is_saved = |action: &Action| matches!(action, Action::SaveSeen(_));
        assert!(!actions.iter().any(is_saved), "it is known");
    }
}

#[test]
fn who_is_cut_off_from_most_is_told_so_instead_of_something_old() {
    let item = signed(draft(NOW));
    for (answering, is_believed) in [(1, false), (2, true), (6, true)] {
        let mut node = node();
        (10..16).for_each(|number| introduce(&mut node, NOW, number));
        let mut actions = node.handle(
            NOW,
            Event::Command {
                operation: OperationId(1),
                command: Command::Get(Get::fresh(item.key)),
            },
        );
        let mut asked = 0;
        while outcome(&actions).is_none() {
            let mut next = Vec::new();
            for (exchange, ..) in sends(&actions) {
                asked += 1;
                let reason = SendError::Unreachable;
                let event = match asked <= answering {
                    true => Event::Answered {
                        exchange,
                        response: Response::Value(Value {
                            item: item.clone(),
                            contacts: Vec::new(),
                        }),
                    },
                    false => Event::Failed { exchange, reason },
                };
                next.extend(node.handle(NOW, event));
            }
            assert!(!next.is_empty(), "{answering} answer, and it goes on");
            actions = next;
        }
        match outcome(&actions) {
            Some(Ok(Outcome::Found(found))) if is_believed => assert_eq!(found.item.item(), &item),
            Some(Err(OperationError::CutOff(_))) if !is_believed => {}
            other => panic!("{answering}: {other:?}"),
        }
    }
}

/// The link was cut a moment ago: what was asked of the others is overdue, and nothing failed yet.
#[test]
fn who_was_just_cut_off_waits_for_the_overdue() {
    let item = signed(draft(NOW));
    let mut node = node();
    (10..16).for_each(|number| introduce(&mut node, NOW, number));
    let fresh = Event::Command {
        operation: OperationId(1),
        command: Command::Get(Get::fresh(item.key)),
    };
    let (mut now, mut asked) = (NOW, 0);
    let mut actions = node.handle(now, fresh);
    let ended = loop {
        if let Some(outcome) = outcome(&actions) {
            break outcome.clone();
        }
        let waiting = sends(&actions).into_iter();
        let nearest = waiting.filter(|(_, to, _)| *to == peer(10));
        let answers: Vec<_> = nearest.map(|(exchange, ..)| exchange).collect();
        asked += answers.len();
        actions = Vec::new();
        for exchange in answers {
            let response = Response::Value(Value {
                item: item.clone(),
                contacts: Vec::new(),
            });
            actions.extend(node.handle(now, Event::Answered { exchange, response }));
        }
        if actions.is_empty() {
            now = node.poll_timeout().expect("it goes on");
            actions = node.handle(now, Event::Timer);
        }
    };
    assert!(asked > 0);
    assert!(
        matches!(ended, Err(OperationError::CutOff(_))),
        "{ended:?} after {} ms",
        now - NOW
    );
}

#[test]
fn commands_end_whatever_happens_to_their_requests() {
    let mut node = node();
    introduce(&mut node, NOW, 9);
    let item = signed(draft(NOW));
    let command = Command::Put(Put {
        item,
        require: None,
        read_back: false,
    });
    let actions = node.handle(
        NOW,
        Event::Command {
            operation: OperationId(1),
            command,
        },
    );
    let (exchange, ..) = sends(&actions)[0];
    let failed = Event::Failed {
        exchange,
        reason: SendError::Unreachable,
    };
    let actions = node.handle(NOW + 1, failed.clone());
    let ended = |actions: &[Action]| {
        actions.iter().any(|action| {
            matches!(action, Action::Finished {
                outcome: Err(OperationError::NotStored(report)), ..
            } if report.stored == 0)
        })
    };
    assert!(ended(&actions), "{actions:?}");
    assert!(
        sends(&node.handle(NOW + 2, failed)).is_empty(),
        "a second report is harmless"
    );
    // An exchange nobody reports on is given up at its deadline.
    let command = Command::FindNode {
        target: Id::hash(b"x"),
    };
    node.handle(
        NOW + 3,
        Event::Command {
            operation: OperationId(2),
            command,
        },
    );
    let mut finished = false;
    let mut steps = 0;
    while !finished && steps < 100 {
        let at = node.poll_timeout().unwrap();
        let actions = node.handle(at, Event::Timer);
        finished = actions.iter().any(|action| {
            matches!(
                action,
                Action::Finished {
                    operation: OperationId(2),
                    outcome: Err(_)
                }
            )
        });
        steps += 1;
    }
    assert!(finished);
}

#[test]
fn items_from_disk_are_checked() {
    let mut node = node();
    let item = signed(draft(NOW));
    let mut rotten = Item::clone(&signed(Draft {
        name: "b".into(),
        ..draft(NOW)
    }));
    rotten.value = Some(b"bit rot".to_vec());
    let rotten_key = rotten.key;
    let record = |item| dht::ItemRecord {
        item,
        own: true,
        horizon: 0,
        source: PublicKey::from_bytes([1; 32]),
        subnet: None,
    };
    let records = vec![record(item.clone()), record(Arc::new(rotten))];
    let actions = node.handle(NOW, Event::LoadItems(records));
    assert!(
        actions
            .iter()
            .any(|a| matches!(a, Action::RemoveItem(key) if *key == rotten_key))
    );
    assert_eq!(
        node.items()
            .map(|held| held.item().clone())
            .collect::<Vec<_>>(),
        [item]
    );
}

#[test]
fn an_expired_item_is_not_served_and_leaves_a_stub() {
    let mut node = node();
    let item = signed(Draft {
        expires: NOW + 1000,
        ..draft(NOW)
    });
    ask(&mut node, NOW, peer(9), store(item.clone()));
    let find = FindValue {
        key: item.key,
        newer_than: None,
        fresh: false,
    };
    let (response, _) = ask(&mut node, NOW + 1000, peer(9), Request::FindValue(find));
    assert!(matches!(response, Response::Nodes(_)));
    node.handle(NOW + 1000, Event::Timer);
    assert!(node.item(&item.key).unwrap().item().is_stub());
    let (response, _) = ask(
        &mut node,
        NOW + 1001,
        peer(9),
        store(signed(draft(NOW - 9))),
    );
    assert_eq!(code(&response), Some(ErrorCode::Superseded));
}

/// A node that knows peers 9, 10, … and was told to put an item; the stores it sends once its lookup is over.
fn putting(
    put: Put,
    peers: u8,
    operation: u64,
) -> (Kademlia, Vec<(dht::ExchangeId, Contact, Request)>) {
    let mut node = node();
    for number in 9..9 + peers {
        introduce(&mut node, NOW, number);
    }
    let event = Event::Command {
        operation: OperationId(operation),
        command: Command::Put(put),
    };
    let mut finds = sends(&node.handle(NOW, event));
    let mut stores = Vec::new();
    while let Some((exchange, _, request)) = finds.pop() {
        assert!(matches!(request, Request::FindNode { .. }), "{request:?}");
        let nodes = dht::Nodes {
            contacts: (9..9 + peers).rev().take(20).map(peer).collect(),
            held: None,
        };
        let response = Response::Nodes(nodes);
        let actions = node.handle(NOW, Event::Answered { exchange, response });
        for send in sends(&actions) {
            match send.2 {
                Request::Store(_) => stores.push(send),
                _ => finds.push(send),
            }
        }
    }
    (node, stores)
}

fn outcome(actions: &[Action]) -> Option<Result<Outcome, OperationError>> {
    actions.iter().find_map(|action| match action {
        Action::Finished { outcome, .. } => Some(outcome.clone()),
        _ => None,
    })
}

fn answer(node: &mut Kademlia, exchange: dht::ExchangeId, response: Response) -> Vec<Action> {
    node.handle(NOW, Event::Answered { exchange, response })
}

#[test]
fn a_lost_store_is_sent_again_before_anybody_is_given_up() {
    let put = Put {
        item: signed(draft(NOW)),
        require: None,
        read_back: false,
    };
    let (mut node, stores) = putting(put, 3, 1);
    assert_eq!(stores.len(), 3);
    for (exchange, ..) in &stores[..2] {
        assert!(outcome(&answer(&mut node, *exchange, Response::Stored)).is_none());
    }
    let (lost, to, request) = &stores[2];
    let later = NOW + 3_000;
    let again = sends(&node.handle(later, Event::Timer));
    let repeated: Vec<_> = again
        .iter()
        .filter(|send| send.1 == *to && send.2 == *request)
        .collect();
    assert_eq!(repeated.len(), 1);
    let response = Response::Stored;
    let exchange = repeated[0].0;
    let actions = node.handle(later, Event::Answered { exchange, response });
    let Some(Ok(Outcome::Stored(report))) = outcome(&actions) else {
        panic!("{actions:?}")
    };
    assert_eq!((report.stored, report.timed_out), (3, 0));
    // The first one comes after all: nobody counts it twice.
    assert!(outcome(&answer(&mut node, *lost, Response::Stored)).is_none());
}

#[test]
fn who_refuses_gives_way_to_the_next_nearest() {
    let put = Put {
        item: signed(draft(NOW)),
        require: None,
        read_back: false,
    };
    let (mut node, stores) = putting(put, 25, 1);
    let places = stores.len();
    assert!((19..=20).contains(&places));
    let refusal = Response::Failure(dht::Failure::new(ErrorCode::OverQuota, "full"));
    let (exchange, refusing, _) = &stores[0];
    let instead = sends(&answer(&mut node, *exchange, refusal));
    assert!(matches!(instead[0].2, Request::Store(_)));
    assert!(stores.iter().all(|store| store.1 != instead[0].1));
    let mut last = Vec::new();
    for (exchange, ..) in stores[1..].iter().chain(&instead) {
        last = answer(&mut node, *exchange, Response::Stored);
    }
    let Some(Ok(Outcome::Stored(report))) = outcome(&last) else {
        panic!("{last:?}")
    };
    assert_eq!(report.stored, places);
    assert_eq!(
        report.rejected,
        [(refusing.public_key(), ErrorCode::OverQuota)]
    );
}

#[test]
fn reading_back_finds_out_who_only_claims_to_have_stored() {
    let item = signed(draft(NOW));
    let put = Put {
        item: item.clone(),
        require: Some(2),
        read_back: true,
    };
    let (mut node, stores) = putting(put, 3, 1);
    let mut asked = Vec::new();
    for (exchange, ..) in &stores {
        let actions = answer(&mut node, *exchange, Response::Stored);
        assert!(outcome(&actions).is_none(), "nothing is confirmed yet");
        asked.extend(sends(&actions));
    }
    assert_eq!(asked.len(), 3);
    assert!(
        asked
            .iter()
            .all(|(_, _, request)| matches!(request, Request::FindValue(find) if find.fresh))
    );
    let lie = Response::Nodes(dht::Nodes::default());
    assert!(outcome(&answer(&mut node, asked[0].0, lie)).is_none());
    let mut last = Vec::new();
    for (exchange, ..) in &asked[1..] {
        let value = Value {
            item: item.clone(),
            contacts: Vec::new(),
        };
        last = answer(&mut node, *exchange, Response::Value(value));
    }
    let Some(Ok(Outcome::Stored(report))) = outcome(&last) else {
        panic!("{last:?}")
    };
    assert_eq!((report.stored, report.confirmed), (2, 2));
    assert_eq!(
        report.rejected,
        [(asked[0].1.public_key(), ErrorCode::Internal)]
    );
}

/// The hourly upkeep asks by a stub who has a larger value, and sends it only to those who have not.
#[test]
fn republishing_sends_large_values_only_to_who_lacks_them() {
    let large = signed(Draft {
        value: Some(vec![7; 10_000]),
        ..draft(NOW)
    });
    let mut node = node();
    introduce(&mut node, NOW, 9);
    introduce(&mut node, NOW, 10);
    ask(&mut node, NOW, peer(9), store(large.clone()));
    let later = NOW + 2 * 3_600_000;
    let mut waiting = sends(&node.handle(later, Event::Timer));
    let (mut stubs, mut full) = (Vec::new(), Vec::new());
    while let Some((exchange, to, request)) = waiting.pop() {
        let response = match request {
            Request::Store(store) if store.item.is_stub() => {
                stubs.push(to.clone());
                if to == peer(9) {
                    Response::Stored
                } else {
                    Response::Failure(dht::Failure::new(ErrorCode::Refused, "a stub"))
                }
            }
            Request::Store(store) => {
                assert_eq!(store.item, large);
                full.push(to);
                Response::Stored
            }
            Request::Ping => Response::Pong,
            _ => Response::Nodes(dht::Nodes::default()),
        };
        waiting.extend(sends(
            &node.handle(later, Event::Answered { exchange, response }),
        ));
    }
    stubs.sort_by_key(Contact::public_key);
    assert_eq!(stubs, [peer(9), peer(10)]);
    assert_eq!(full, [peer(10)]);
}

/// Whoever is among the nearest gets the item as soon as it answers, and enough of them end the command; the
/// rest goes on without anybody waiting.
#[test]
fn a_put_ends_once_enough_of_the_nearest_have_it() {
    let item = signed(draft(NOW));
    let mut node = node();
    (9..39).for_each(|number| introduce(&mut node, NOW, number));
    let put = Put {
        item: item.clone(),
        require: Some(2),
        read_back: false,
    };
    let event = Event::Command {
        operation: OperationId(1),
        command: Command::Put(put),
    };
    let mut finds = sends(&node.handle(NOW, event));
    let (mut stored, mut report) = (0, None);
    while report.is_none() {
        finds.sort_by_key(|(_, peer, _)| std::cmp::Reverse(item.key.distance(peer.id())));
        let (exchange, ..) = finds.pop().expect("it ends before everybody was asked");
        let nodes = Response::Nodes(dht::Nodes::default());
        for send in sends(&answer(&mut node, exchange, nodes)) {
            match send.2 {
                Request::Store(_) => {
                    let actions = answer(&mut node, send.0, Response::Stored);
                    stored += 1;
                    report = outcome(&actions);
                    finds.extend(sends(&actions));
                }
                _ => finds.push(send),
            }
        }
    }
    let Some(Ok(Outcome::Stored(report))) = report else {
        panic!("{report:?}")
    };
    assert_eq!((report.stored, stored), (2, 2));
    assert!(!finds.is_empty() && node.writes_running() == 1);
    while let Some((exchange, _, request)) = finds.pop() {
        let response = match request {
            Request::Store(_) => {
                stored += 1;
                Response::Stored
            }
            _ => Response::Nodes(dht::Nodes::default()),
        };
        finds.extend(sends(&answer(&mut node, exchange, response)));
    }
    assert_eq!(node.writes_running(), 0);
    assert!((19..=20).contains(&stored), "{stored}");
}

#[test]
fn a_lost_read_back_is_sent_again() {
    let item = signed(draft(NOW));
    let put = Put {
        item: item.clone(),
        require: Some(1),
        read_back: true,
    };
    let (mut node, stores) = putting(put, 1, 1);
    let lost = sends(&answer(&mut node, stores[0].0, Response::Stored));
    assert!(matches!(lost[0].2, Request::FindValue(_)));
    let later = NOW + 3_000;
    let again = sends(&node.handle(later, Event::Timer));
    let (exchange, ..) = again
        .iter()
        .find(|send| send.1 == lost[0].1 && send.2 == lost[0].2)
        .expect("it is asked for again");
    let value = Response::Value(Value {
        item,
        contacts: Vec::new(),
    });
    let event = Event::Answered {
        exchange: *exchange,
        response: value,
    };
    let Some(Ok(Outcome::Stored(report))) = outcome(&node.handle(later, event)) else {
        panic!("it was read back")
    };
    assert_eq!((report.stored, report.confirmed), (1, 1));
}
