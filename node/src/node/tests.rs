use std::time::Instant;

use dht::wire::RequestFrame;
use dht::{Draft, InteractionId, Item, Request, Response};
use tokio::runtime::Handle;

use super::*;
use crate::driver::{DHT_ALPN, JOB_ALPN, ask};
use crate::jobs::{Control, Evaluation, Job, Versions};
use crate::keys::Id;
use crate::service::{Config, Read, Service};

/// Who runs nothing.
struct Idle;

impl Evaluator for Idle {
    fn versions(&self) -> Versions {
        Versions {
            fuel_schedule: 0,
            language: 0,
            stdlib: Id::hash(b"none"),
        }
    }

    fn evaluate(&self, _: &Job, _: &Control) -> Evaluation {
        Evaluation::Refused("nothing is run here".into())
    }
}

async fn start() -> Arc<Node> {
    start_as(Identity::random()).await
}

async fn start_as(identity: Identity) -> Arc<Node> {
    let parts = Parts {
        identity,
        store: Store::in_memory(),
        evaluator: Arc::new(Idle),
        limits: Limits::default(),
        behaviour: Behaviour::Honest,
        clock: Clock::new(),
    };
    let place = Place {
        binding: Binding::Loopback,
        serves: true,
        first: Vec::new(),
        relays: Vec::new(),
    };
    Node::start(parts, place).await.unwrap()
}

/// Has a node say that it is at these addresses.
async fn claim(node: &Node, addresses: &[SocketAddr]) {
    node.moved(as_addresses(addresses)).await;
}

async fn until<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !check().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn addresses_of(node: &Node, peer: &Node) -> Option<Vec<dht::Address>> {
    let contacts = node.contacts().await.unwrap();
    let key = peer.identity.public();
    let contact = contacts
        .iter()
        .find(|contact| contact.public_key() == key)?;
    Some(contact.addresses().to_vec())
}

async fn answers(node: &Node) -> u64 {
    node.metrics().await.unwrap().dht.requests_answered
}

fn private() -> SocketAddr {
    "192.168.77.2:4001".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_connects_to_us_is_served_and_enters_no_table() {
    let (public, hidden) = (start().await, start().await);
    claim(&hidden, &[private()]).await;
    assert_eq!(hidden.join(vec![public.contact()]).await.unwrap(), 1);
    // We do ask it back, and it answers: over the connection that it opened.
    until("it is asked", || async { answers(&public).await > 0 }).await;
    assert_eq!(addresses_of(&public, &hidden).await, None);
    // As soon as it says where it really is, it is found there.
    let real = hidden.bound();
    claim(&hidden, &real).await;
    hidden.join(vec![public.contact()]).await.unwrap();
    let found = Some(as_addresses(&real));
    until("it is in the table", || async {
        addresses_of(&public, &hidden).await == found
    })
    .await;
    public.close().await;
    hidden.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_its_author_deleted_is_deleted() {
    let config = Config::default();
    let service = Service::open(config, Arc::new(Idle), Handle::current()).unwrap();
    let node = service.running().await.unwrap();
    let draft = |value| Draft {
        name: "a".into(),
        value,
        timestamp: 5,
        ..Draft::default()
    };
    let sign = |value| Item::sign(node.identity.signing_key(), draft(value)).unwrap();
    let whole = sign(Some(b"v".to_vec()));
    let stub = Item {
        value: None,
        ..whole.clone()
    };
    for (item, is_deleted) in [(whole, false), (stub, false), (sign(None), true)] {
        let read = service.whole(&node, &item, Read::default()).await.unwrap();
        assert_eq!(read.is_deleted, is_deleted);
    }
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_it_moved_is_believed_only_when_found_there() {
    let (public, peer) = (start().await, start().await);
    peer.join(vec![public.contact()]).await.unwrap();
    let home = Some(peer.addresses());
    until("it is in the table", || async {
        addresses_of(&public, &peer).await == home
    })
    .await;
    let before = answers(&public).await;
    claim(&peer, &[private()]).await;
    peer.join(vec![public.contact()]).await.unwrap();
    until("it is asked", || async { answers(&public).await > before }).await;
    // It is still found where we dialled it, and nowhere else.
    assert_eq!(addresses_of(&public, &peer).await, home);
    public.close().await;
    peer.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_addresses_the_one_where_it_was_found_is_told_to_others() {
    let (public, peer) = (start().await, start().await);
    let real = peer.bound();
    claim(&peer, &[private(), real[0]]).await;
    peer.join(vec![public.contact()]).await.unwrap();
    let found = Some(as_addresses(&real));
    until("it is in the table", || async {
        addresses_of(&public, &peer).await == found
    })
    .await;
    public.close().await;
    peer.close().await;
}

/// Asks somebody something over a new connection.
async fn ask_anew(node: &Node, to: &Contact, request: Request) -> Response {
    node.pool.close_peer(&to.public_key());
    let frame = RequestFrame {
        interaction: InteractionId(7),
        addresses: Vec::new(),
        request,
    };
    let (answer, reached) = ask(&node.pool, to, &frame).await.unwrap();
    assert_eq!(reached.as_ref(), to.addresses().first());
    answer.response
}

fn question() -> Request {
    Request::FindNode {
        target: Id::hash(b"somebody"),
    }
}

/// Dials with early data that was taken, and that was not.
fn early(node: &Node) -> (u64, u64) {
    let counters = node.pool.counters();
    (
        counters.dials_resumed.count(),
        counters.early_refused.count(),
    )
}

/// Asks until something is remembered that the next dial can be resumed with.
async fn get_known(node: &Node, to: &Contact) {
    let before = early(node).0;
    until("a dial is resumed", || async {
        ask_anew(node, to, question()).await;
        early(node).0 > before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_connected_before_is_asked_with_the_first_packet() {
    let (server, client) = (start().await, start().await);
    let to = server.contact();
    ask_anew(&client, &to, question()).await;
    assert_eq!(early(&client), (0, 0));
    get_known(&client, &to).await;
    let (resumed, refused) = early(&client);
    let answer = ask_anew(&client, &to, question()).await;
    assert!(matches!(answer, Response::Nodes(_)), "{answer:?}");
    assert_eq!(ask_anew(&client, &to, Request::Ping).await, Response::Pong);
    assert_eq!(early(&client), (resumed + 2, refused));
    let metrics = client.metrics().await.unwrap();
    assert_eq!(metrics.dials_resumed, resumed + 2);
    server.close().await;
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgot_us_is_asked_again() {
    let identity = Identity::random();
    let (server, client) = (start_as(identity.clone()).await, start().await);
    get_known(&client, &server.contact()).await;
    server.close().await;
    let server = start_as(identity).await;
    let (resumed, refused) = early(&client);
    let answer = ask_anew(&client, &server.contact(), question()).await;
    assert!(matches!(answer, Response::Nodes(_)), "{answer:?}");
    assert_eq!(early(&client), (resumed, refused + 1));
    server.close().await;
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_does_more_than_ask_waits_for_the_handshake() {
    let (server, client) = (start().await, start().await);
    let to = server.contact();
    let watch = Request::Watch {
        key: Id::hash(b"item"),
        lasting_ms: 60_000,
    };
    // Each of them could have been said early.
    get_known(&client, &to).await;
    let before = early(&client);
    let answer = ask_anew(&client, &to, watch).await;
    assert!(matches!(answer, Response::Watching { .. }), "{answer:?}");
    assert_eq!(early(&client), before);
    for protocol in [JOB_ALPN, DHT_ALPN] {
        get_known(&client, &to).await;
        let before = early(&client);
        client.pool.close_peer(&to.public_key());
        client.pool.connect(&to, protocol).await.unwrap();
        assert_eq!(early(&client), before);
    }
    server.close().await;
    client.close().await;
}
