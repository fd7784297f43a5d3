//! Who is told of news: also those whom nobody can dial, over the connection that they opened.

use std::sync::Arc;

use dht::{
    Action, Address, Command, Config, Contact, Draft, Event, ExchangeId, Id, InteractionId, Item,
    Kademlia, OperationId, PublicKey, Request, Response, SeenRecord, SendError, Store, Token,
};
use ed25519_dalek::SigningKey;

const NOW: u64 = 1_700_000_000_000;

fn node() -> Kademlia {
    Kademlia::new(Config::default(), PublicKey::from_bytes([1; 32]), [2; 32])
}

fn item(timestamp: u64) -> Arc<Item> {
    let draft = Draft {
        name: "news".into(),
        value: Some(b"x".to_vec()),
        timestamp,
        ..Draft::default()
    };
    Arc::new(Item::sign(&SigningKey::from_bytes(&[5; 32]), draft).unwrap())
}

fn dialled(number: u8) -> Contact {
    let address = Address::Ip(([10, 0, number, 1], 4433).into());
    Contact::new(PublicKey::from_bytes([number; 32]), vec![address], 1)
}

fn ask(node: &mut Kademlia, from: Contact, request: Request) -> Vec<Action> {
    let event = Event::Incoming {
        from,
        observed: None,
        interaction: InteractionId(7),
        token: Token(3),
        request,
    };
    node.handle(NOW, event)
}

fn store(timestamp: u64) -> Request {
    Request::Store(Store {
        item: item(timestamp),
        cache: false,
    })
}

/// The stores among what is sent, and to whom.
fn news(actions: &[Action]) -> Vec<(ExchangeId, Contact)> {
    let told = |action: &Action| match action {
        Action::Send {
            exchange,
            to,
            frame,
            ..
        } => matches!(frame.request, Request::Store(_)).then(|| (*exchange, to.clone())),
        _ => None,
    };
    actions.iter().filter_map(told).collect()
}

#[test]
fn who_cannot_be_dialled_is_told_until_it_is_gone_and_never_becomes_a_contact() {
    let mut node = node();
    let shy = Contact::new(PublicKey::from_bytes([9; 32]), Vec::new(), 1);
    let key = item(NOW).key;
    let lasting_ms = 60_000;
    ask(&mut node, shy.clone(), Request::Watch { key, lasting_ms });
    let told = news(&ask(&mut node, dialled(8), store(NOW)));
    assert_eq!(told.len(), 1);
    let (exchange, to) = told[0].clone();
    assert_eq!(to, shy);
    let response = Response::Stored;
    node.handle(NOW, Event::Answered { exchange, response });
    assert!(!node.contacts().contains(&shy));
    assert_eq!(node.metrics().news_told, 1);

    let told = news(&ask(&mut node, dialled(8), store(NOW + 1)));
    let (exchange, _) = told[0].clone();
    let reason = SendError::Unreachable;
    node.handle(NOW, Event::Failed { exchange, reason });
    assert_eq!(news(&ask(&mut node, dialled(8), store(NOW + 2))), []);
}

/// What the node tells those on it who watch.
fn updates(actions: &[Action]) -> Vec<Arc<Item>> {
    let update = |action: &Action| match action {
        Action::Updated { item, .. } => Some(item.item().clone()),
        _ => None,
    };
    actions.iter().filter_map(update).collect()
}

fn watch(node: &mut Kademlia, key: Id) {
    let operation = OperationId(1);
    let command = Command::Watch { key };
    node.handle(NOW, Event::Command { operation, command });
}

fn bring(node: &mut Kademlia, item: Arc<Item>, cache: bool) -> Vec<Action> {
    ask(node, dialled(8), Request::Store(Store { item, cache }))
}

#[test]
fn no_stub_is_told_as_a_deletion() {
    let mut node = node();
    // A copy, which says nothing to a watcher before somebody confirms it.
    bring(&mut node, item(NOW), true);
    watch(&mut node, item(NOW).key);
    let stub = Arc::new(item(NOW).to_stub());
    let actions = bring(&mut node, stub.clone(), true);
    assert_eq!(updates(&actions), [item(NOW)], "the item that is held");
    assert_eq!(updates(&bring(&mut node, stub, true)), []);
    // The stub of one that expired replaces what is held, and tells nothing either.
    let draft = Draft {
        name: "news".into(),
        value: Some(b"x".to_vec()),
        timestamp: NOW + 1,
        expires: NOW,
        ..Draft::default()
    };
    let expired = Item::sign(&SigningKey::from_bytes(&[5; 32]), draft).unwrap();
    let stub = Arc::new(expired.to_stub());
    assert_eq!(updates(&bring(&mut node, stub.clone(), false)), []);
    assert_eq!(node.item(&stub.key).unwrap().item(), &stub);
}

#[test]
fn nothing_older_than_what_was_seen_is_told() {
    let mut node = node();
    let version = Item::clone(&item(NOW + 5)).check(NOW).unwrap().version();
    let key = item(NOW).key;
    let record = SeenRecord {
        key,
        version,
        at: NOW,
    };
    node.handle(NOW, Event::LoadSeen(vec![record]));
    watch(&mut node, key);
    assert_eq!(updates(&bring(&mut node, item(NOW + 4), false)), []);
    let newer = item(NOW + 6);
    assert_eq!(updates(&bring(&mut node, newer.clone(), false)), [newer]);
}

#[test]
fn news_that_finds_no_room_is_told_all_the_same() {
    let config = Config {
        storage_bytes_max: 100,
        ..Config::default()
    };
    let mut node = Kademlia::new(config, PublicKey::from_bytes([1; 32]), [2; 32]);
    watch(&mut node, item(NOW).key);
    for cache in [true, false] {
        let news = item(NOW + u64::from(cache) * 3);
        let told = updates(&bring(&mut node, news.clone(), cache));
        assert_eq!(
            told,
            Vec::from_iter(cache.then_some(news)),
            "newer ones only"
        );
    }
    let too_new = item(NOW + 1_000_000);
    assert_eq!(updates(&bring(&mut node, too_new, true)), []);
    assert_eq!(node.storage_usage().0, 0);
}

#[test]
fn a_watch_that_is_set_anew_asks_again_and_tells_nothing_twice() {
    let mut node = node();
    let key = item(NOW).key;
    let operation = OperationId(1);
    let command = Command::Watch { key };
    assert!(!node.watches(&key));
    node.handle(NOW, Event::Command { operation, command });
    assert!(node.watches(&key));
    let told = ask(&mut node, dialled(8), store(NOW));
    assert_eq!(updates(&told).len(), 1);
    // Somebody to ask.
    let pinged = told.iter().find_map(|action| match action {
        Action::Send { exchange, .. } => Some(*exchange),
        _ => None,
    });
    let (exchange, response) = (pinged.unwrap(), Response::Pong);
    node.handle(NOW, Event::Answered { exchange, response });
    let again = node.handle(NOW, Event::WatchAnew { key });
    let asks = again.iter().any(|action| {
        matches!(action, Action::Send { frame, .. } if matches!(frame.request, Request::FindValue(_)))
    });
    assert!(asks, "{again:?}");
    assert_eq!(updates(&again), []);
    node.handle(NOW, Event::Cancel { operation });
    let none = node.handle(NOW, Event::WatchAnew { key });
    assert!(
        !none
            .iter()
            .any(|action| matches!(action, Action::Send { .. }))
    );
}
