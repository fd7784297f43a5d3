//! In which order to ask. Peers are drawn at random from across the id space, never by nearness
//! to the job, and those of a subnet already drawn come after all others.

use std::collections::BTreeSet;

use dht::{Contact, Id};
use rand_core::Rng;

/// Most peers considered for one job.
const CANDIDATES_MAX: usize = 256;

/// Puts `contacts` in the order in which to ask them. The same generator gives the same order.
pub(crate) fn draw(mut contacts: Vec<Contact>, rng: &mut impl Rng) -> Vec<Contact> {
    contacts.sort_by_key(|contact| *contact.id());
    contacts.dedup_by_key(|contact| *contact.id());
    let mut drawn = Vec::new();
    while !contacts.is_empty() && drawn.len() < CANDIDATES_MAX {
        let target = Id::hash(&[]).random_with_prefix(0, rng);
        let nearest = (0..contacts.len())
            .min_by_key(|index| contacts[*index].id().distance(&target))
            .unwrap_or_default();
        drawn.push(contacts.swap_remove(nearest));
    }
    let mut seen = BTreeSet::new();
    let (first, later): (Vec<_>, Vec<_>) = drawn.into_iter().partition(|contact| {
        let subnets = contact.subnets();
        let is_new = subnets.iter().all(|subnet| !seen.contains(subnet));
        seen.extend(subnets);
        is_new
    });
    first.into_iter().chain(later).collect()
}

#[cfg(test)]
mod tests {
    use dht::{Address, PROTOCOL_VERSION, PublicKey};
    use rand_chacha::ChaCha12Rng;
    use rand_core::SeedableRng;

    use super::*;

    fn contact(n: u8, ip: [u8; 4]) -> Contact {
        let address = Address::Ip((ip, 1000).into());
        Contact::new(
            PublicKey::from_bytes([n; 32]),
            vec![address],
            PROTOCOL_VERSION,
        )
    }

    #[test]
    fn everybody_is_drawn_once_and_every_order_is_possible() {
        let contacts: Vec<Contact> = (0..5).map(|n| contact(n, [127, 0, 0, 1])).collect();
        let mut firsts = BTreeSet::new();
        for seed in 0..100 {
            let mut rng = ChaCha12Rng::from_seed([seed; 32]);
            let drawn = draw(contacts.clone(), &mut rng);
            let keys: BTreeSet<_> = drawn.iter().map(Contact::public_key).collect();
            assert_eq!((drawn.len(), keys.len()), (5, 5));
            firsts.insert(drawn[0].public_key());
        }
        assert_eq!(firsts.len(), 5);
    }

    #[test]
    fn one_subnet_does_not_fill_the_front() {
        let mut contacts: Vec<Contact> = (0..20).map(|n| contact(n, [9, 9, 9, n])).collect();
        contacts.push(contact(100, [8, 8, 8, 8]));
        contacts.push(contact(101, [7, 7, 7, 7]));
        for seed in 0..20 {
            let drawn = draw(contacts.clone(), &mut ChaCha12Rng::from_seed([seed; 32]));
            let front: BTreeSet<_> = drawn[..3].iter().flat_map(Contact::subnets).collect();
            assert_eq!(front.len(), 3);
        }
    }
}
