//! One node flooded by one core of strangers' requests, while its owner goes on using it.
//!
//! Owns the flooder, what it was answered, and how the owner fared meanwhile. The flooder speaks the
//! wire format and nothing else of a node; what it must not achieve is for its caller to demand.

mod flooder;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dht::{PublicKey, item_key};

use crate::client::{Answer, Client};
use crate::{Folder, Host, Node, resident_bytes};
pub use flooder::Flood;
use flooder::flood;
pub use report::{Owner, Report, Tally};

/// What a flood is like, and how long it lasts.
#[derive(Debug, Clone)]
pub struct Options {
    /// Of what.
    pub flood: Flood,
    /// Keys it comes from.
    pub identities: usize,
    /// Connections of each; a node lets eight in.
    pub connections: usize,
    /// Other nodes that the flooded one knows.
    pub neighbours: usize,
    /// For how long.
    pub lasting: Duration,
}

/// Starts a node and a neighbour, floods the node, and has its owner put and get through it before
/// and meanwhile.
pub fn run(options: &Options) -> Report {
    let (host, folder) = (Host::default(), Folder::new());
    let folders: Vec<Folder> = (0..options.neighbours).map(|_| Folder::new()).collect();
    let mut neighbours: Vec<Node> = Vec::new();
    for folder in &folders {
        let first = neighbours.first().map(|first| first.ticket.as_str());
        let joined = Node::start(folder, first.as_slice());
        neighbours.push(joined);
    }
    let first = neighbours.first().expect("a node alone stores nothing");
    let node = Node::start(&folder, &[&first.ticket]);
    let mut owner = Client::start_on(&host, &folder, &[]);
    let mut round = 0;
    let calm = use_node(&mut owner, &mut round, options.lasting / 4, || {});
    let resident = || resident_bytes(node.process()).unwrap_or(0);
    let mut samples = vec![resident()];
    let stop = Arc::new(AtomicBool::new(false));
    let flooding = {
        let (options, ticket, stop) = (options.clone(), node.ticket.clone(), stop.clone());
        let item = item_key(&public_key(&owner.key), "item");
        thread::spawn(move || flood(&options, &ticket, item, &stop))
    };
    let began = Instant::now();
    let flooded = use_node(&mut owner, &mut round, options.lasting, || {
        samples.push(resident());
    });
    stop.store(true, Ordering::Relaxed);
    let tally = flooding.join().expect("the flooder ends well");
    let took = began.elapsed();
    // Whoever was flooded serves others as before.
    let newcomer = Client::start(&host, &[&node.ticket]).get("item", &owner.key, true);
    Report {
        options: options.clone(),
        took,
        tally,
        calm,
        flooded,
        resident_bytes: samples,
        is_served_afterwards: newcomer.said.is_ok(),
    }
}

/// A key as the program prints it.
fn public_key(digits: &str) -> PublicKey {
    let byte = |place| u8::from_str_radix(&digits[2 * place..2 * place + 2], 16);
    PublicKey::from_bytes(std::array::from_fn(|place| {
        byte(place).expect("a key is written in hex digits")
    }))
}

/// Between two rounds of the owner: its neighbour limits how fast it may ask as well.
const ROUND: Duration = Duration::from_millis(100);

/// Puts and gets in turn for so long.
fn use_node(
    owner: &mut Client,
    round: &mut u64,
    lasting: Duration,
    mut sample: impl FnMut(),
) -> Owner {
    let began = Instant::now();
    let mut seen = Owner::default();
    let mut note = |answer: Answer| match answer.said {
        Ok(_) => seen.took.push(answer.took),
        Err(kind) => seen.failed.push(kind),
    };
    while began.elapsed() < lasting {
        *round += 1;
        let key = owner.key.clone();
        note(owner.put("item", *round, 1));
        note(owner.get("item", &key, true));
        note(owner.get("item", &key, false));
        sample();
        thread::sleep(ROUND);
    }
    seen.took.sort();
    seen
}
