//! Who takes part in a simulated network.
//!
//! Owns the making of nodes: their keys, addresses, clocks, who is malicious, who stands behind NAT, and the
//! ids ground to surround a key. Refuses to run them.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::connections::Connections;
use super::{Adversary, Disk, Node, NodeIndex, Options};
use crate::contact::{Address, Contact, PublicKey};

/// Keys tried for each ground id and each node of the network: enough that all of them end up nearer than
/// any honest node.
const GRINDING: usize = 8;

/// How far the nodes behind NAT are out of step with the malicious ones.
const NAT_PHASE: usize = 3;

/// Every node of a network, all off: first the ordinary ones, then the ground ones.
pub(super) fn populate(options: &Options, rng: &mut ChaCha8Rng) -> Vec<Node> {
    let mut keys: Vec<PublicKey> = (0..options.nodes).map(|_| random_key(rng)).collect();
    keys.extend(ground_keys(options, rng));
    let mut malicious = 0;
    let mut nodes = Vec::with_capacity(keys.len());
    for (index, public_key) in keys.into_iter().enumerate() {
        let is_ground = index >= options.nodes;
        let is_malicious = is_ground || passes_whole(index, options.sybils);
        let adversary = if is_malicious {
            options.adversary.of(malicious)
        } else {
            Adversary::Honest
        };
        // Out of step with the malicious ones; and somebody has to be there for the first of them.
        let is_natted = index > 0 && !is_malicious && passes_whole(index + NAT_PHASE, options.nat);
        let addresses = if is_natted {
            Vec::new()
        } else {
            vec![address(index)]
        };
        let drift = options.drift_ms;
        let clock_ms = (rng.next_u64() % (2 * drift + 1)) as i64 - drift as i64;
        nodes.push(Node {
            contact: Contact::new(public_key, addresses, crate::PROTOCOL_VERSION),
            kademlia: None,
            adversary,
            number: malicious,
            clock_ms,
            wake: None,
            starts: 0,
            connections: Connections::default(),
            disk: Disk::default(),
        });
        malicious += usize::from(is_malicious);
    }
    nodes
}

/// Where a node can be dialled: its number is in its address.
fn address(index: NodeIndex) -> Address {
    let [_, a, b, c] = (index as u32).to_be_bytes();
    Address::Ip(([10, a, b, c], 4433).into())
}

/// Which node has this address, if any may.
pub(super) fn index_of(contact: &Contact) -> Option<NodeIndex> {
    match contact.addresses().first() {
        Some(Address::Ip(std::net::SocketAddr::V4(socket))) => {
            let [ten, a, b, c] = socket.ip().octets();
            (ten == 10).then(|| u32::from_be_bytes([0, a, b, c]) as usize)
        }
        _ => None,
    }
}

/// Evenly spread: `index * share` passes a whole number there.
fn passes_whole(index: usize, share: f64) -> bool {
    ((index + 1) as f64 * share).floor() > (index as f64 * share).floor()
}

/// Keys whose ids lie nearer to one place than anybody else's, found by trying.
fn ground_keys(options: &Options, rng: &mut ChaCha8Rng) -> Vec<PublicKey> {
    let Some((target, count)) = options.ground else {
        return Vec::new();
    };
    let mut nearest: Vec<(u64, PublicKey)> = Vec::new();
    for _ in 0..count * options.nodes * GRINDING {
        let key = random_key(rng);
        let distance = target.distance(&key.id()).prefix();
        let place = nearest.partition_point(|(known, _)| *known < distance);
        if place < count {
            nearest.insert(place, (distance, key));
            nearest.truncate(count);
        }
    }
    nearest.into_iter().map(|(_, key)| key).collect()
}

fn random_key(rng: &mut ChaCha8Rng) -> PublicKey {
    let mut key = [0; 32];
    rng.fill_bytes(&mut key);
    PublicKey::from_bytes(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use rand_core::SeedableRng;

    #[test]
    fn ground_ids_are_nearer_than_anybody_else() {
        let target = Id::hash(b"victim");
        let options = Options {
            nodes: 50,
            ground: Some((target, 5)),
            sybils: 0.2,
            nat: 0.1,
            adversary: Adversary::Mixed,
            ..Options::default()
        };
        let nodes = populate(&options, &mut ChaCha8Rng::from_seed([1; 32]));
        let distance = |node: &Node| target.distance(node.contact.id());
        let (ordinary, ground) = nodes.split_at(50);
        let farthest = ground.iter().map(distance).max();
        assert!(farthest < ordinary.iter().map(distance).min());
        assert!(
            ground
                .iter()
                .all(|node| node.adversary != Adversary::Honest)
        );
        let honest = |node: &&Node| node.adversary == Adversary::Honest;
        assert_eq!(ordinary.iter().filter(honest).count(), 40);
        let natted = ordinary
            .iter()
            .filter(|node| node.contact.addresses().is_empty());
        assert!((3..=5).contains(&natted.count()));
        for (index, node) in nodes.iter().enumerate() {
            let has_address = !node.contact.addresses().is_empty();
            assert_eq!(index_of(&node.contact), has_address.then_some(index));
        }
    }
}
