//! What one node does unasked, hour by hour.

use std::cell::Cell;
use std::sync::Arc;

use dht::{
    Action, Address, Command, Config, Contact, Draft, ErrorCode, Event, Failure, FindValue, Get,
    Id, InteractionId, Item, K, Kademlia, Nodes, OperationId, PublicKey, REPUBLISH_MS, Request,
    Response, Store, Token, Value, limits,
};
use ed25519_dalek::SigningKey;

const NOW: u64 = 1_700_000_000_000;
const MINUTE: u64 = 60_000;

fn peer(number: u8) -> Contact {
    let address = Address::Ip(([10, 0, 0, number], 4433).into());
    Contact::new(PublicKey::from_bytes([number; 32]), vec![address], 1)
}

fn signed(name: &str, timestamp: u64) -> Arc<Item> {
    let draft = Draft {
        name: name.into(),
        value: Some(b"x".to_vec()),
        timestamp,
        ..Draft::default()
    };
    Arc::new(Item::sign(&SigningKey::from_bytes(&[5; 32]), draft).unwrap())
}

fn superseded(newer: Arc<Item>) -> Response {
    Response::Failure(Failure {
        newer: Some(newer),
        ..Failure::new(ErrorCode::Superseded, "newer")
    })
}

/// A node in a network of peers that answer at once.
struct Network {
    node: Kademlia,
    peers: Vec<Contact>,
    /// What the peers answer to a store.
    on_store: Response,
    /// If they answer with a newer version each time: how many such answers are left.
    ever_newer: Cell<u64>,
    /// What the node asked whom, pings left out.
    asked: Vec<(Contact, Request)>,
    removed: Vec<Id>,
    /// Contacts forgotten on disk.
    forgotten: Vec<PublicKey>,
}

impl Network {
    fn of(peers: u8) -> Self {
        let own = PublicKey::from_bytes([1; 32]);
        let mut network = Self {
            node: Kademlia::new(Config::default(), own, [2; 32]),
            peers: (9..9 + peers).map(peer).collect(),
            on_store: Response::Stored,
            ever_newer: Cell::new(0),
            asked: Vec::new(),
            removed: Vec::new(),
            forgotten: Vec::new(),
        };
        for peer in network.peers.clone() {
            network.asked_by(NOW, &peer, Request::Ping);
        }
        network.asked.clear();
        network
    }

    /// Lets a peer ask the node something; what it replies.
    fn asked_by(&mut self, now: u64, from: &Contact, request: Request) -> Response {
        let reply = self.happens(
            now,
            Event::Incoming {
                from: from.clone(),
                observed: None,
                interaction: InteractionId(7),
                token: Token(3),
                request,
            },
        );
        reply.expect("every request is answered")
    }

    fn stored_by(&mut self, now: u64, from: u8, item: &Arc<Item>, cache: bool) {
        let item = item.clone();
        let request = Request::Store(Store { item, cache });
        assert_eq!(self.asked_by(now, &peer(from), request), Response::Stored);
    }

    /// One event and everything that follows from it at once.
    fn happens(&mut self, now: u64, event: Event) -> Option<Response> {
        let mut reply = None;
        let mut waiting = vec![event];
        while let Some(event) = waiting.pop() {
            for action in self.node.handle(now, event) {
                match action {
                    Action::Send {
                        exchange,
                        to,
                        frame,
                        ..
                    } => {
                        let response = self.answer(&to, &frame.request);
                        if frame.request != Request::Ping {
                            self.asked.push((to, frame.request));
                        }
                        waiting.push(Event::Answered { exchange, response });
                    }
                    Action::Reply { response, .. } => reply = Some(response),
                    Action::RemoveItem(key) => self.removed.push(key),
                    Action::ForgetContact(key) => self.forgotten.push(key),
                    _ => {}
                }
            }
        }
        reply
    }

    fn answer(&self, to: &Contact, request: &Request) -> Response {
        match request {
            Request::Ping => Response::Pong,
            Request::Store(_) if self.ever_newer.get() > 0 => {
                self.ever_newer.update(|left| left - 1);
                superseded(signed("a", NOW + 1_000 - self.ever_newer.get()))
            }
            Request::Store(_) => self.on_store.clone(),
            Request::FindNode { target } | Request::FindValue(FindValue { key: target, .. }) => {
                let mut contacts = self.peers.clone();
                contacts.retain(|contact| contact != to);
                contacts.sort_by_key(|contact| target.distance(contact.id()));
                contacts.truncate(K);
                Response::Nodes(Nodes {
                    contacts,
                    held: None,
                })
            }
            Request::Watch { lasting_ms, .. } => Response::Watching {
                lasting_ms: *lasting_ms,
            },
        }
    }

    /// Runs the node's timers until then.
    fn runs_until(&mut self, end: u64) {
        while let Some(at) = self.node.poll_timeout().filter(|at| *at <= end) {
            self.happens(at, Event::Timer);
        }
    }

    /// How many stores of this item, or of its stub, were sent since the last call.
    fn stores(&mut self, key: &Id) -> usize {
        let asked = std::mem::take(&mut self.asked);
        let of_it = asked.iter().filter(
            |(_, request)| matches!(request, Request::Store(store) if store.item.key == *key),
        );
        of_it.count()
    }
}

#[test]
fn an_item_is_republished_hourly_unless_somebody_else_just_did() {
    let item = signed("a", NOW);
    let mut network = Network::of(4);
    network.stored_by(NOW, 9, &item, false);
    network.runs_until(NOW + 50 * MINUTE);
    assert_eq!(network.stores(&item.key), 0, "it is not an hour old");
    network.stored_by(NOW + 50 * MINUTE, 10, &item, false);
    network.runs_until(NOW + 100 * MINUTE);
    assert_eq!(network.stores(&item.key), 0, "somebody republished it");
    network.runs_until(NOW + 111 * MINUTE);
    assert_eq!(network.stores(&item.key), 4, "nobody did for an hour");
}

#[test]
fn a_republisher_that_meets_a_newer_version_goes_on_with_that_one() {
    let (old, new) = (signed("a", NOW), signed("a", NOW + 1));
    let mut network = Network::of(4);
    network.stored_by(NOW, 9, &old, false);
    network.on_store = superseded(new.clone());
    network.runs_until(NOW + 61 * MINUTE);
    assert_eq!(network.node.item(&old.key).unwrap().item(), &new);
    let of_new = network
        .asked
        .iter()
        .filter(|(_, request)| matches!(request, Request::Store(store) if store.item == new));
    assert_eq!(of_new.count(), 4);
}

#[test]
fn contacts_of_earlier_runs_are_forgotten_on_disk_if_they_are_too_many_or_stay_silent() {
    let key = |number: u16| {
        let mut key = [200; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        PublicKey::from_bytes(key)
    };
    let mut network = Network::of(4);
    let silent = (0..500).map(|number| Contact::new(key(number), Vec::new(), 1));
    let saved: Vec<Contact> = silent.chain([peer(9)]).collect();
    network.happens(NOW, Event::LoadContacts(saved));
    let surplus = network.forgotten.len();
    let expected = 501 - limits::SAVED_CONTACTS_MAX;
    assert!((expected - 1..=expected).contains(&surplus), "{surplus}");
    network.runs_until(NOW + limits::DEAD_KEPT_MS + 2 * MINUTE);
    network.forgotten.sort();
    let mut all: Vec<PublicKey> = (0..500).map(key).collect();
    all.sort();
    assert_eq!(network.forgotten, all, "all but who is a contact now");
}

#[test]
fn a_republisher_goes_on_with_a_newer_version_once_an_hour() {
    let item = signed("a", NOW);
    let mut network = Network::of(4);
    network.stored_by(NOW, 9, &item, false);
    network.ever_newer.set(900);
    network.runs_until(NOW + 61 * MINUTE);
    assert_eq!(
        network.stores(&item.key),
        8,
        "the one held, and the newest met"
    );
    network.runs_until(NOW + 2 * 61 * MINUTE);
    assert_eq!(network.stores(&item.key), 8);
}

#[test]
fn a_republisher_does_not_go_on_with_what_it_may_not_keep() {
    let value = vec![7; 2_000];
    let content = Arc::new(Item::content(value, 0).unwrap());
    let mut forged = content.to_stub();
    let mut hash = *forged.value_hash.unwrap().as_bytes();
    let item = signed("a", NOW);
    // One of these is later in the order of versions than what is held.
    for byte in 0..4 {
        hash[63] = byte;
        forged.value_hash = Some(Id::from_bytes(hash));
        let future = signed("a", NOW + 24 * 60 * MINUTE);
        for (held, newer) in [(&item, future), (&content, Arc::new(forged.clone()))] {
            let mut network = Network::of(4);
            network.stored_by(NOW, 9, held, false);
            network.on_store = superseded(newer);
            network.runs_until(NOW + 61 * MINUTE);
            assert_eq!(network.node.item(&held.key).unwrap().item(), held);
            assert_eq!(network.stores(&held.key), 4);
        }
    }
}

/// The names of an item whose key has, or has not, K of the peers nearer than the node.
fn item_where(network: &Network, is_far: bool) -> Arc<Item> {
    let far = |item: &Arc<Item>| {
        let own = item.key.distance(network.node.me().id());
        let nearer = |peer: &&Contact| item.key.distance(peer.id()) < own;
        network.peers.iter().filter(nearer).count() >= K
    };
    let mut items = (0..).map(|number| signed(&format!("item {number}"), NOW));
    items.find(|item| far(item) == is_far).unwrap()
}

#[test]
fn far_items_nobody_reads_are_dropped_once_others_have_them() {
    for is_read in [false, true] {
        let mut network = Network::of(60);
        let [far, near] = [true, false].map(|is_far| item_where(&network, is_far));
        network.stored_by(NOW, 9, &far, false);
        network.stored_by(NOW, 9, &near, false);
        if is_read {
            network.runs_until(NOW + 90 * MINUTE);
            let find = FindValue {
                key: far.key,
                newer_than: None,
                fresh: false,
            };
            let read = Request::FindValue(find);
            let answer = network.asked_by(NOW + 90 * MINUTE, &peer(10), read);
            assert!(matches!(answer, Response::Value(_)));
        }
        network.runs_until(NOW + 2 * REPUBLISH_MS + MINUTE);
        assert_eq!(network.removed.contains(&far.key), !is_read);
        assert!(network.node.item(&near.key).is_some());
    }
}

#[test]
fn far_items_stay_while_others_do_not_take_them() {
    let mut network = Network::of(60);
    let far = item_where(&network, true);
    network.stored_by(NOW, 9, &far, false);
    network.on_store = Response::Failure(Failure::new(ErrorCode::OverQuota, "full"));
    network.runs_until(NOW + 3 * REPUBLISH_MS);
    assert!(network.node.item(&far.key).is_some());
}

#[test]
fn a_cached_copy_lives_shorter_the_farther_its_key_is() {
    let mut network = Network::of(60);
    let [far, near] = [true, false].map(|is_far| item_where(&network, is_far));
    network.stored_by(NOW, 9, &far, true);
    network.stored_by(NOW, 9, &near, true);
    let mut ends = [0, 0];
    let mut now = NOW;
    while ends.contains(&0) {
        now += MINUTE / 2;
        network.runs_until(now);
        for (end, item) in ends.iter_mut().zip([&far, &near]) {
            if *end == 0 && network.node.item(&item.key).is_none() {
                *end = now - NOW;
            }
        }
    }
    let [far_end, near_end] = ends;
    assert!(near_end <= limits::CACHE_MS_MAX + MINUTE);
    assert!((limits::CACHE_MS_MIN..=near_end / 2 + MINUTE).contains(&far_end));
    assert_eq!(network.stores(&far.key), 0, "copies are not republished");
}

#[test]
fn what_is_found_is_left_at_the_nearest_node_that_lacked_it() {
    let item = signed("a", NOW);
    let mut network = Network::of(5);
    let mut near = network.peers.clone();
    near.sort_by_key(|peer| item.key.distance(peer.id()));
    let event = Event::Command {
        operation: OperationId(1),
        command: Command::Get(Get::plain(item.key)),
    };
    // The nearest has it; of the others asked, the nearest is the one to keep a copy.
    let mut copies = Vec::new();
    let mut waiting = vec![event];
    let mut lacking = Vec::new();
    while let Some(event) = waiting.pop() {
        for action in network.node.handle(NOW, event) {
            let Action::Send {
                exchange,
                to,
                frame,
                ..
            } = action
            else {
                continue;
            };
            let response = match frame.request {
                Request::Store(store) => {
                    copies.push((to, store));
                    Response::Stored
                }
                _ if to == near[0] => Response::Value(Value {
                    item: item.clone(),
                    contacts: Vec::new(),
                }),
                _ => {
                    lacking.push(to);
                    Response::Nodes(Nodes::default())
                }
            };
            // The holder is the last to answer of the first three.
            waiting.insert(0, Event::Answered { exchange, response });
            waiting.sort_by_key(|event| match event {
                Event::Answered {
                    response: Response::Value(_),
                    ..
                } => 0,
                _ => 1,
            });
        }
    }
    lacking.sort_by_key(|peer| item.key.distance(peer.id()));
    let [(to, store)] = &copies[..] else {
        panic!("{copies:?}")
    };
    assert!(store.cache && store.item == item);
    assert_eq!(to, &lacking[0]);
}
