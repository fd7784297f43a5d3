//! Who is told of news: also those whom nobody can dial, over the connection that they opened.

use std::sync::Arc;

use dht::{
    Action, Address, Command, Config, Contact, Draft, Event, ExchangeId, InteractionId, Item,
    Kademlia, OperationId, PublicKey, Request, Response, SendError, Store, Token, Version,
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

#[test]
fn a_watch_that_is_set_anew_asks_again_and_tells_nothing_twice() {
    let mut node = node();
    let key = item(NOW).key;
    let operation = OperationId(1);
    let command = Command::Watch { key };
    assert!(!node.watches(&key));
    node.handle(NOW, Event::Command { operation, command });
    assert!(node.watches(&key));
    let updates = |actions: &[Action]| -> Vec<Version> {
        let update = |action: &Action| match action {
            Action::Updated { item, .. } => Some(item.version()),
            _ => None,
        };
        actions.iter().filter_map(update).collect()
    };
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
