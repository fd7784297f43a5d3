use std::time::Instant;

use super::*;
use crate::jobs::{Control, Evaluation, Job, Versions};
use crate::keys::Id;

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
    let parts = Parts {
        identity: Identity::random(),
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
