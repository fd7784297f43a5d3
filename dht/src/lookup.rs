//! One walk towards an id (Kademlia, section 2.3), without rounds: whenever an answer comes, the next
//! nearest node is asked.
//!
//! Owns who is known, who was asked, and when the walk is over. Refuses to send, to time and to judge:
//! it is told of answers and failures and says whom to ask next.

use std::collections::BTreeMap;

use crate::contact::{Contact, PublicKey};
use crate::id::{Distance, Id};
use crate::{ALPHA, K};

/// Most contacts a lookup keeps in mind; the farthest are forgotten.
pub const LOOKUP_CANDIDATES_MAX: usize = 128;
/// Most nodes a lookup asks.
pub const LOOKUP_REQUESTS_MAX: u32 = 256;

/// How often an overdue node is asked, once everybody nearer or as near was: messages get lost.
const ASKED_MAX: u8 = 2;
/// After so many silent contacts and none that answered, whoever named them is not believed any more.
const BAD_REFERRALS_MAX: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    InFlight,
    /// Overdue: no longer waited for, but welcome if it answers after all.
    Slow,
    Answered,
    Failed,
    /// Named only by somebody whose other contacts were all silent: not asked.
    Doubted,
}

#[derive(Debug)]
struct Candidate {
    distance: Distance,
    contact: Contact,
    state: State,
    /// Length of the chain of referrals that led here; 1 for our own table.
    hops: u32,
    asked: u8,
    /// Requests neither answered nor failed yet.
    outstanding: u8,
    /// Who named it; `None` for our own table.
    referrer: Option<Id>,
}

/// What became of the contacts somebody named.
#[derive(Clone, Copy, Debug, Default)]
struct Referrals {
    silent: u32,
    answered: u32,
}

#[derive(Debug)]
pub(crate) struct Lookup {
    own: Id,
    target: Id,
    /// Nearest first.
    candidates: Vec<Candidate>,
    in_flight: usize,
    referrals: BTreeMap<Id, Referrals>,
    pub(crate) requests: u32,
    pub(crate) failures: u32,
}

impl Lookup {
    pub(crate) fn new(own: Id, target: Id, seeds: impl IntoIterator<Item = Contact>) -> Self {
        let mut lookup = Self {
            own,
            target,
            candidates: Vec::new(),
            in_flight: 0,
            referrals: BTreeMap::new(),
            requests: 0,
            failures: 0,
        };
        lookup.learn(seeds, 1, None);
        lookup
    }

    pub(crate) fn target(&self) -> &Id {
        &self.target
    }

    /// The next node to ask, if one may be asked now. It counts as in flight from here on.
    pub(crate) fn next(&mut self) -> Option<Contact> {
        if self.in_flight >= ALPHA || self.requests >= LOOKUP_REQUESTS_MAX {
            return None;
        }
        let place = self.to_ask()?;
        let candidate = &mut self.candidates[place];
        candidate.state = State::InFlight;
        candidate.asked += 1;
        candidate.outstanding += 1;
        self.in_flight += 1;
        self.requests += 1;
        Some(candidate.contact.clone())
    }

    /// The nearest not asked yet, or else the nearest overdue one worth asking again.
    fn to_ask(&self) -> Option<usize> {
        let mut counted = 0;
        let mut again = None;
        for (place, candidate) in self.candidates.iter().enumerate() {
            match candidate.state {
                State::Waiting => return Some(place),
                State::Slow if again.is_none() && candidate.asked < ASKED_MAX => {
                    again = Some(place)
                }
                _ => {}
            }
            counted += usize::from(candidate.counts());
            if counted == K {
                break;
            }
        }
        again
    }

    /// A node answered, naming these contacts. Returns the hops to it, or `None` if it was never asked.
    pub(crate) fn answered(&mut self, id: &Id, contacts: Vec<Contact>) -> Option<u32> {
        let hops = self.settle(id, State::Answered)?;
        self.learn(contacts, hops + 1, Some(*id));
        Some(hops)
    }

    /// A node failed, lied, or may not be asked.
    pub(crate) fn failed(&mut self, id: &Id) {
        if self.settle(id, State::Failed).is_some() {
            self.failures += 1;
        }
    }

    /// A node is overdue: others may be asked in its place.
    pub(crate) fn overdue(&mut self, id: &Id) {
        self.settle(id, State::Slow);
    }

    /// Whether the K nearest were contacted and nothing nearer is left. While more are overdue than have
    /// answered, the overdue are waited for.
    pub(crate) fn is_finished(&self) -> bool {
        let mut nearest = self
            .candidates
            .iter()
            .filter(|candidate| candidate.counts())
            .take(K);
        let settled = nearest.all(|candidate| candidate.state == State::Answered)
            && self.to_ask().is_none()
            && self.count(State::Slow) <= self.count(State::Answered);
        settled || (self.requests >= LOOKUP_REQUESTS_MAX && self.in_flight == 0)
    }

    /// Whether everyone of the K nearest was asked and a majority answered.
    pub(crate) fn has_majority(&self) -> bool {
        let (mut answered, mut total) = (0, 0);
        for candidate in self
            .candidates
            .iter()
            .filter(|candidate| candidate.counts())
            .take(K)
        {
            match candidate.state {
                State::Waiting => return false,
                State::Answered => answered += 1,
                _ => {}
            }
            total += 1;
        }
        total > 0 && answered > total / 2
    }

    /// The `count` nearest nodes that answered, nearest first.
    pub(crate) fn nearest_answered(&self, count: usize) -> Vec<Contact> {
        let answered = self
            .candidates
            .iter()
            .filter(|c| c.state == State::Answered);
        answered
            .take(count)
            .map(|candidate| candidate.contact.clone())
            .collect()
    }

    /// Whether somebody answered.
    pub(crate) fn was_answered(&self) -> bool {
        self.candidates
            .iter()
            .any(|candidate| candidate.state == State::Answered)
    }

    /// Takes somebody out of consideration, in whatever state.
    pub(crate) fn exclude(&mut self, public_key: &PublicKey) {
        let found = self
            .candidates
            .iter_mut()
            .find(|c| c.contact.public_key() == *public_key);
        if let Some(candidate) = found {
            if candidate.state == State::InFlight {
                self.in_flight -= 1;
            }
            candidate.state = State::Failed;
        }
    }

    fn count(&self, state: State) -> usize {
        self.candidates
            .iter()
            .filter(|candidate| candidate.state == state)
            .count()
    }

    fn learn(
        &mut self,
        contacts: impl IntoIterator<Item = Contact>,
        hops: u32,
        referrer: Option<Id>,
    ) {
        let is_believed = !referrer.is_some_and(|referrer| self.is_doubted(&referrer));
        for contact in contacts {
            let distance = self.target.distance(contact.id());
            if *contact.id() == self.own {
                continue;
            }
            let found = self
                .candidates
                .binary_search_by(|c| c.distance.cmp(&distance));
            let state = if is_believed {
                State::Waiting
            } else {
                State::Doubted
            };
            match found {
                Ok(place) if is_believed && self.candidates[place].state == State::Doubted => {
                    let candidate = &mut self.candidates[place];
                    (candidate.state, candidate.referrer) = (State::Waiting, referrer);
                }
                Ok(_) => {}
                Err(place) => {
                    let candidate = Candidate {
                        distance,
                        contact,
                        state,
                        hops,
                        asked: 0,
                        outstanding: 0,
                        referrer,
                    };
                    self.candidates.insert(place, candidate);
                }
            }
        }
        while self.candidates.len() > LOOKUP_CANDIDATES_MAX
            && self
                .candidates
                .last()
                .is_some_and(|last| last.state != State::InFlight)
        {
            self.candidates.pop();
        }
    }

    fn settle(&mut self, id: &Id, state: State) -> Option<u32> {
        let distance = self.target.distance(id);
        let place = self
            .candidates
            .binary_search_by(|c| c.distance.cmp(&distance))
            .ok()?;
        let candidate = &mut self.candidates[place];
        if state == State::Failed {
            candidate.outstanding = candidate.outstanding.saturating_sub(1);
            if candidate.outstanding > 0 {
                // The other request may still be answered.
                if candidate.state == State::InFlight {
                    self.in_flight -= 1;
                    candidate.state = State::Slow;
                }
                return None;
            }
        }
        let before = candidate.state;
        match before {
            State::InFlight => self.in_flight -= 1,
            State::Slow => {}
            State::Waiting | State::Answered | State::Failed | State::Doubted => return None,
        }
        candidate.state = state;
        let (hops, referrer) = (candidate.hops, candidate.referrer);
        if let Some(referrer) = referrer {
            let referrals = self.referrals.entry(referrer).or_default();
            match state {
                State::Answered => referrals.answered += 1,
                _ => referrals.silent += u32::from(before == State::InFlight),
            }
            if self.is_doubted(&referrer) {
                self.doubt(&referrer);
            }
        }
        Some(hops)
    }

    fn is_doubted(&self, referrer: &Id) -> bool {
        let referrals = self.referrals.get(referrer);
        referrals.is_some_and(|known| known.answered == 0 && known.silent >= BAD_REFERRALS_MAX)
    }

    /// Leaves out whom nobody but a doubted referrer named. Somebody else may still name them.
    fn doubt(&mut self, referrer: &Id) {
        for candidate in &mut self.candidates {
            if candidate.state == State::Waiting && candidate.referrer.as_ref() == Some(referrer) {
                candidate.state = State::Doubted;
            }
        }
    }
}

impl Candidate {
    /// Whether the end of the lookup depends on this one.
    fn counts(&self) -> bool {
        !matches!(self.state, State::Failed | State::Slow | State::Doubted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn contact(number: u16) -> Contact {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        Contact::new(PublicKey::from_bytes(key), Vec::new(), 1)
    }

    fn nearest(target: &Id, contacts: impl Iterator<Item = u16>, count: usize) -> Vec<Contact> {
        let mut sorted: Vec<_> = contacts.map(contact).collect();
        sorted.sort_by_key(|contact| target.distance(contact.id()));
        sorted.truncate(count);
        sorted
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Answers arrive in any order, some nodes are dead or slow: never more than ALPHA in flight,
        /// nobody asked twice, it ends, and it ends at the K nearest that live.
        #[test]
        fn finds_the_nearest_that_live(
            size in 1u16..200,
            target: [u8; 8],
            order in prop::collection::vec(any::<(u16, u8)>(), 64),
        ) {
            let target = Id::hash(&target);
            let dead: BTreeSet<_> =
                (0..size).filter(|n| n % 7 == 3 && size > 20).map(|n| *contact(n).id()).collect();
            let mut lookup = Lookup::new(Id::hash(b"me"), target, nearest(&target, 0..size.min(5), 5));
            let mut in_flight: Vec<Contact> = Vec::new();
            let mut slow: Vec<Contact> = Vec::new();
            let mut asked = BTreeSet::new();
            let mut turn = 0;
            while !lookup.is_finished() {
                while let Some(next) = lookup.next() {
                    let again = !asked.insert(*next.id());
                    prop_assert!(!again || slow.contains(&next));
                    in_flight.push(next);
                }
                prop_assert!(in_flight.len() <= ALPHA);
                if in_flight.is_empty() {
                    // Nothing left to do but to wait for the overdue.
                    let late = slow.pop().expect("somebody is waited for");
                    in_flight.retain(|asked| *asked != late);
                    lookup.answered(late.id(), nearest(&target, 0..size, K));
                    continue;
                }
                let (pick, fate) = order[turn % order.len()];
                turn += 1;
                let picked = in_flight.remove(usize::from(pick) % in_flight.len());
                if dead.contains(picked.id()) {
                    lookup.failed(picked.id());
                } else if fate < 20 {
                    lookup.overdue(picked.id());
                    slow.push(picked);
                } else {
                    lookup.answered(picked.id(), nearest(&target, 0..size, 20 + K));
                }
                if fate % 3 == 0 && let Some(late) = slow.pop() {
                    in_flight.retain(|asked| *asked != late);
                    lookup.answered(late.id(), nearest(&target, 0..size, K));
                }
            }
            for late in slow {
                lookup.answered(late.id(), Vec::new());
            }
            while let Some(next) = lookup.next() {
                let answer = if dead.contains(next.id()) { None } else { Some(()) };
                match answer {
                    Some(()) => drop(lookup.answered(next.id(), Vec::new())),
                    None => lookup.failed(next.id()),
                }
            }
            let mut live = nearest(&target, 0..size, 20 + K);
            live.retain(|contact| !dead.contains(contact.id()));
            live.truncate(K);
            if lookup.was_answered() {
                prop_assert_eq!(lookup.nearest_answered(K), live);
            }
        }
    }

    #[test]
    fn who_names_only_the_silent_is_not_believed_for_long() {
        let target = Id::hash(b"target");
        let near = nearest(&target, 0..400, 400);
        let (liar, honest) = (near[300].clone(), near[301].clone());
        let mut lookup = Lookup::new(Id::hash(b"me"), target, [liar.clone(), honest.clone()]);
        while lookup.next().is_some() {}
        lookup.answered(liar.id(), near[..20].to_vec());
        for _ in 0..BAD_REFERRALS_MAX {
            let silent = lookup.next().unwrap();
            assert!(near[..20].contains(&silent));
            lookup.failed(silent.id());
        }
        assert_eq!(lookup.next(), None, "the other seventeen are left out");
        lookup.answered(honest.id(), near[19..25].to_vec());
        assert_eq!(
            lookup.next(),
            Some(near[19].clone()),
            "until somebody else names them"
        );
    }

    #[test]
    fn the_overdue_are_asked_once_more_when_all_others_were() {
        let target = Id::hash(b"target");
        let [near, far] = [0, 1].map(|place| nearest(&target, 0..2, 2)[place].clone());
        let mut lookup = Lookup::new(Id::hash(b"me"), target, [near.clone(), far.clone()]);
        while lookup.next().is_some() {}
        lookup.overdue(near.id());
        lookup.answered(far.id(), Vec::new());
        assert!(!lookup.is_finished());
        assert_eq!(lookup.next(), Some(near.clone()));
        lookup.failed(near.id());
        assert!(
            lookup.is_finished(),
            "one of two requests is left, and not waited for"
        );
        lookup.answered(near.id(), Vec::new());
        assert_eq!(lookup.nearest_answered(2), [near, far]);
    }

    #[test]
    fn ourselves_are_never_asked() {
        let own = *contact(1).id();
        let mut lookup = Lookup::new(own, own, [contact(1), contact(2)]);
        assert_eq!(lookup.next(), Some(contact(2)));
        assert_eq!(lookup.next(), None);
        assert!(!lookup.is_finished());
        assert_eq!(lookup.answered(contact(2).id(), vec![contact(1)]), Some(1));
        assert!(lookup.is_finished());
    }

    #[test]
    fn a_majority_suffices_once_everyone_was_asked() {
        let target = Id::hash(b"target");
        let mut lookup = Lookup::new(Id::hash(b"me"), target, (0..3).map(contact));
        let first = lookup.next().unwrap();
        let second = lookup.next().unwrap();
        lookup.answered(first.id(), Vec::new());
        lookup.answered(second.id(), Vec::new());
        assert!(!lookup.has_majority(), "one was not asked");
        lookup.next().unwrap();
        assert!(lookup.has_majority() && !lookup.is_finished());
    }
}
