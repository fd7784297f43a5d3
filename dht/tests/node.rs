//! One node's state machine, event by event.

use std::sync::Arc;

use dht::{
    Action, Address, BLOCK_MS, BlockReason, Command, Config, Contact, Draft, ErrorCode, Event,
    FUTURE_MS_MAX, FindValue, Get, Id, InteractionId, Item, Kademlia, OperationError, OperationId,
    Outcome, PublicKey, Put, Request, Response, SendError, Store, Token, UNVERIFIED_DIAL_MS, Value,
};
use ed25519_dalek::SigningKey;

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

fn sends(actions: &[Action]) -> Vec<(dht::ExchangeId, Contact, Request)> {
    let send = |action: &Action| match action {
        Action::Send {
            exchange,
            to,
            frame,
            ..
        } => Some((*exchange, to.clone(), frame.request.clone())),
        _ => None,
    };
    actions.iter().filter_map(send).collect()
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

#[test]
fn a_reader_never_goes_back() {
    let mut node = node();
    introduce(&mut node, NOW, 9);
    let (old, new) = (signed(draft(NOW - 5)), signed(draft(NOW)));
    let mut get = |number: u64, answer: &Arc<Item>| {
        let event = Event::Command {
            operation: OperationId(number),
            command: Command::Get(Get::plain(old.key)),
        };
        let (exchange, _, request) = sends(&node.handle(NOW, event)).remove(0);
        let value = Value {
            item: answer.clone(),
            contacts: Vec::new(),
        };
        let response = Response::Value(value);
        let mut actions = node.handle(NOW, Event::Answered { exchange, response });
        let place = actions
            .iter()
            .position(|action| matches!(action, Action::Finished { .. }));
        let Action::Finished { outcome, .. } = actions.remove(place.unwrap()) else {
            panic!()
        };
        (request, outcome)
    };
    assert!(matches!(get(1, &new).1, Ok(Outcome::Found(found)) if *found.item.item() == new));
    let (request, outcome) = get(2, &old);
    assert!(
        matches!(outcome, Err(OperationError::ValueNotFound(_))),
        "{outcome:?}"
    );
    let Request::FindValue(find) = request else {
        panic!("{request:?}")
    };
    assert!(find.newer_than.is_some());
    assert!(matches!(get(3, &new).1, Ok(Outcome::Found(found)) if *found.item.item() == new));
}

#[test]
fn commands_end_whatever_happens_to_their_requests() {
    let mut node = node();
    introduce(&mut node, NOW, 9);
    let item = signed(draft(NOW));
    let command = Command::Put(Put {
        item,
        require: None,
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
