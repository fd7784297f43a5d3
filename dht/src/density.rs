//! How densely nodes lie in the id space.
//!
//! Owns the estimate of the network's density and what follows from it: the *radius* within which K nodes
//! are to be expected around any key, and whether the neighbourhood of a key looks crowded. Ids can be
//! ground (a key costs microseconds), so a neighbourhood says nothing about the network; the median over
//! walks to random places does, as long as nobody crowds half of the space.
//!
//! Distances are compared by their most significant 64 bits, which tell 2^60 nodes apart.

use std::collections::VecDeque;

use rand_core::Rng;

use crate::K;
use crate::contact::Contact;
use crate::id::{ID_BITS, Id};

/// Walks remembered.
pub(crate) const SAMPLES_MAX: usize = 31;
/// With fewer walks nothing is concluded from them.
const SAMPLES_MIN: usize = 5;
/// A neighbourhood so many times denser than the network is crowded. By chance hardly any key looks so: K
/// within the space where K / 3 are expected, even if the density is misjudged by a fourth.
const CROWDED: u64 = 3;
/// The same for half of the K: so many within the space where K / 7 are expected. Fewer ground ids than that are
/// a minority among the K nearest.
const CROWDED_HALF: u64 = 7;
/// Regions beside a crowded key that are searched, each half as large as the one before.
const REGIONS: usize = 6;

/// What walks to random places said of the network's density.
#[derive(Debug, Default)]
pub(crate) struct Density {
    /// How far the K-th nearest was each time.
    samples: VecDeque<u64>,
}

impl Density {
    /// A walk to a random place ended with these, nearest first.
    pub(crate) fn note(&mut self, target: &Id, nearest: &[Contact]) {
        if let Some(reach) = reach(target, nearest) {
            if self.samples.len() == SAMPLES_MAX {
                self.samples.pop_front();
            }
            self.samples.push_back(reach);
        }
    }

    /// Within what distance of a key K nodes are to be expected. Walks may be an hour old, and the network
    /// may have grown since: then our own neighbours, nearest first, know it; and before there were enough walks
    /// they are all there is to go by. Who crowds them too blinds us, but not the others who hold or look for
    /// the same key.
    pub(crate) fn radius(&self, own: &Id, neighbours: &[Contact]) -> Option<u64> {
        let here = reach(own, neighbours);
        if self.samples.len() < SAMPLES_MIN {
            return here;
        }
        let mut sorted: Vec<u64> = self.samples.iter().copied().collect();
        sorted.sort_unstable();
        let median = sorted[sorted.len() / 2];
        let here = here.map_or(u64::MAX, |near| near.saturating_add(near / 2));
        Some(median.min(here))
    }

    /// If the K nodes nearest to a key lie much closer together than the network does, with such a radius:
    /// that radius, within which others are to be expected.
    pub(crate) fn crowded(radius: u64, target: &Id, nearest: &[Contact]) -> Option<u64> {
        let is_within = |count, reach| reach_of(count, target, nearest).is_some_and(|r| r < reach);
        let is_crowded = is_within(K, radius / CROWDED) || is_within(K / 2, radius / CROWDED_HALF);
        is_crowded.then_some(radius)
    }
}

/// Random ids, one in each region beside a key: together the regions cover what lies within the radius but
/// the closest, crowded part.
pub(crate) fn beside(key: &Id, radius: u64, rng: &mut impl Rng) -> Vec<Id> {
    let outermost = radius.leading_zeros() as usize;
    (outermost..(outermost + REGIONS).min(ID_BITS))
        .map(|bit| key.with_bit_flipped(bit).random_with_prefix(bit + 1, rng))
        .collect()
}

/// Whether an id lies within the radius of a key.
pub(crate) fn is_within(radius: u64, key: &Id, id: &Id) -> bool {
    key.distance(id).prefix() <= radius
}

/// How far the K-th nearest is, if there are so many.
fn reach(target: &Id, nearest: &[Contact]) -> Option<u64> {
    reach_of(K, target, nearest)
}

fn reach_of(count: usize, target: &Id, nearest: &[Contact]) -> Option<u64> {
    let last = nearest.get(count - 1)?;
    Some(target.distance(last.id()).prefix())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::PublicKey;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    const OWN: Id = Id::from_bytes([9; 64]);

    fn contacts(count: u32) -> Vec<Contact> {
        let contact = |number: u32| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_be_bytes());
            Contact::new(PublicKey::from_bytes(key), Vec::new(), 1)
        };
        (0..count).map(contact).collect()
    }

    fn nearest(target: &Id, all: &[Contact], count: usize) -> Vec<Contact> {
        let mut sorted = all.to_vec();
        sorted.sort_by_key(|contact| target.distance(contact.id()));
        sorted.truncate(count);
        sorted
    }

    fn measured(all: &[Contact], crowd: &[Contact]) -> Density {
        let mut density = Density::default();
        for number in 0..SAMPLES_MAX as u32 {
            let target = Id::hash(&number.to_be_bytes());
            let mut found = nearest(&target, all, K);
            if number % 3 == 0 && !crowd.is_empty() {
                // A third of all walks ends among ground ids.
                found = crowd[..K].to_vec();
            }
            density.note(&target, &found);
        }
        density
    }

    #[test]
    fn the_radius_holds_as_many_as_expected_even_if_some_regions_are_crowded() {
        let all = contacts(4000);
        for crowd in [Vec::new(), contacts(K as u32)] {
            let density = measured(&all, &crowd);
            let radius = density.radius(&OWN, &[]).unwrap();
            let within = (0..50u32).map(|number| {
                let key = Id::hash(&[7, number as u8]);
                all.iter()
                    .filter(|contact| is_within(radius, &key, contact.id()))
                    .count()
            });
            let mean = within.sum::<usize>() as f64 / 50.0;
            assert!((K as f64 * 0.75..K as f64 * 1.5).contains(&mean), "{mean}");
        }
    }

    #[test]
    fn ground_ids_make_a_key_look_crowded_and_chance_hardly_ever_does() {
        let all = contacts(4000);
        let radius = measured(&all, &[]).radius(&OWN, &[]).unwrap();
        let by_chance = (0..1000u32).filter(|number| {
            let key = Id::hash(&number.to_be_bytes());
            Density::crowded(radius, &key, &nearest(&key, &all, K)).is_some()
        });
        assert!(by_chance.count() <= 3);
        let key = Id::hash(b"key");
        for count in [K / 2, K] {
            let mut ground = nearest(&key, &contacts(80_000), count);
            ground.extend(nearest(&key, &all, K));
            assert!(Density::crowded(radius, &key, &nearest(&key, &ground, K)).is_some());
        }
    }

    #[test]
    fn the_regions_beside_a_key_hold_nearly_everybody_within_the_radius() {
        let all = contacts(4000);
        let radius = measured(&all, &[]).radius(&OWN, &[]).unwrap();
        let mut rng = ChaCha8Rng::from_seed([3; 32]);
        let (mut found, mut total) = (0, 0);
        for number in 0..40u32 {
            let key = Id::hash(&number.to_be_bytes());
            let regions = beside(&key, radius, &mut rng);
            let swept: Vec<Contact> = regions
                .iter()
                .flat_map(|target| nearest(target, &all, K))
                .collect();
            let within = all
                .iter()
                .filter(|contact| is_within(radius, &key, contact.id()));
            for contact in within {
                total += 1;
                found += usize::from(swept.contains(contact));
            }
        }
        assert!(found * 10 >= total * 9, "{found} of {total}");
    }

    #[test]
    fn nothing_is_concluded_from_a_few_walks() {
        let all = contacts(100);
        let mut density = Density::default();
        for number in 1..SAMPLES_MIN as u32 {
            let target = Id::hash(&number.to_be_bytes());
            density.note(&target, &nearest(&target, &all, K));
        }
        let target = Id::hash(b"few");
        density.note(&target, &nearest(&target, &all, K - 1));
        assert_eq!(density.radius(&OWN, &[]), None);
        let neighbours = nearest(&OWN, &all, K);
        let here = OWN.distance(neighbours[K - 1].id()).prefix();
        assert_eq!(density.radius(&OWN, &neighbours), Some(here));
    }

    #[test]
    fn our_own_neighbours_tell_that_the_network_has_grown() {
        let density = measured(&contacts(400), &[]);
        let grown = nearest(&OWN, &contacts(8000), K);
        let before = density.radius(&OWN, &nearest(&OWN, &contacts(400), K));
        let after = density.radius(&OWN, &grown).unwrap();
        assert_eq!(before, density.radius(&OWN, &[]));
        assert!(after < before.unwrap() / 8);
    }
}
