//! One walk towards an id (Kademlia, section 2.3), without rounds: whenever an answer comes, the next
//! nearest node is asked.
//!
//! Owns who is known, who was asked, and when the walk is over. Refuses to send, to time and to judge:
//! it is told of answers and failures and says whom to ask next.
//!
//! A walk may go along several *disjoint paths* (Baumgart & Mies, "S/Kademlia", 2007, section 4.4): the
//! seeds are dealt out among them, whoever is named belongs to the path of who named it first, and each
//! path asks its own. A liar misleads the path it stands on, and no other. Half of the paths begin at the
//! nearest known, half anywhere: liars who filled one of our buckets stand at the beginning of some paths only.

use std::cmp::Ordering;

use crate::contact::{Contact, PublicKey};
use crate::id::Id;
use crate::{ALPHA, DISJOINT, K};

/// Most contacts a lookup keeps in mind on each path; the farthest are forgotten.
pub const LOOKUP_CANDIDATES_MAX: usize = 64;
/// Most nodes a lookup asks.
pub const LOOKUP_REQUESTS_MAX: u32 = 256;
/// Of how many of its own nearest a path wants an answer, however near the other paths came.
const PATH_WIDTH: usize = K / DISJOINT;

/// How often an overdue node is asked, once everybody nearer or as near was: messages get lost.
const ASKED_MAX: u8 = 3;
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

/// Thousands of these lie in memory at once on a busy node, hence the small numbers.
#[derive(Debug)]
struct Candidate {
    contact: Contact,
    /// Length of the chain of referrals that led here; 1 for our own table.
    hops: u16,
    /// Who named it, as an index into `Lookup::referrals`; `None` for our own table.
    referrer: Option<u16>,
    /// Who named it, too: enough to believe in it when the first is not believed any more.
    second_referrer: Option<u16>,
    state: State,
    asked: u8,
    /// Requests neither answered nor failed yet.
    outstanding: u8,
    /// The path it belongs to.
    path: u8,
    /// To be asked however far away it is.
    is_wanted: bool,
    /// Where somebody else said that it is, while it was being asked.
    elsewhere: Option<Contact>,
    /// It was given up, and is asked once more where somebody else said that it is.
    is_retried: bool,
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
    paths: usize,
    in_flight: [usize; DISJOINT],
    referrals: Vec<Referrals>,
    has_wanted: bool,
    is_patient: bool,
    /// Requests each path keeps in flight.
    width: usize,
    pub(crate) requests: u32,
    pub(crate) failures: u32,
}

impl Lookup {
    /// A walk along so many disjoint paths, at most [`DISJOINT`]: half of them begin `elsewhere`, if there is
    /// anybody and more than one path. A patient one does not end before the
    /// overdue were asked again; any other asks them again only if they are more than have answered.
    pub(crate) fn new(
        own: Id,
        target: Id,
        seeds: Vec<Contact>,
        elsewhere: Vec<Contact>,
        paths: usize,
        is_patient: bool,
    ) -> Self {
        let paths = paths.clamp(1, DISJOINT);
        let mut lookup = Self {
            own,
            target,
            candidates: Vec::with_capacity(2 * K),
            paths,
            in_flight: [0; DISJOINT],
            referrals: Vec::new(),
            has_wanted: false,
            is_patient,
            width: ALPHA,
            requests: 0,
            failures: 0,
        };
        let near = if elsewhere.is_empty() {
            paths
        } else {
            paths.div_ceil(2)
        };
        for (number, seed) in seeds.into_iter().enumerate() {
            lookup.learn(seed, 1, None, number % near);
        }
        if near < paths {
            for (number, seed) in elsewhere.into_iter().enumerate() {
                lookup.learn(seed, 1, None, near + number % (paths - near));
            }
        }
        lookup
    }

    /// Asks one after the other on each path, as long as they answer in time.
    pub(crate) fn narrow(mut self) -> Self {
        self.width = 1;
        self
    }

    pub(crate) fn target(&self) -> &Id {
        &self.target
    }

    /// Whether the walk went along one path only.
    pub(crate) fn is_single(&self) -> bool {
        self.paths == 1
    }

    /// The next node to ask, if one may be asked now. It counts as in flight from here on.
    pub(crate) fn next(&mut self) -> Option<Contact> {
        let is_busy = |count: &usize| *count >= self.width;
        if self.in_flight[..self.paths].iter().all(is_busy) || self.requests >= LOOKUP_REQUESTS_MAX
        {
            return None;
        }
        let place = self.to_ask(|path| self.in_flight[path] < self.width)?;
        let candidate = &mut self.candidates[place];
        candidate.state = State::InFlight;
        candidate.asked += 1;
        candidate.outstanding += 1;
        self.in_flight[usize::from(candidate.path)] += 1;
        self.requests += 1;
        Some(candidate.contact.clone())
    }

    /// The nearest not asked yet on a path that may ask, or else the nearest overdue one worth asking
    /// again.
    fn to_ask(&self, may_ask: impl Fn(usize) -> bool) -> Option<usize> {
        let mut again = None;
        let mut scope = Scope::of(self);
        for (place, candidate) in self.candidates.iter().enumerate() {
            let is_open = scope.includes(candidate) && may_ask(usize::from(candidate.path));
            match candidate.state {
                State::Waiting if is_open => return Some(place),
                State::Slow if is_open && candidate.asked < ASKED_MAX => {
                    again = again.or(Some(place));
                }
                _ => {}
            }
            if scope.is_full() {
                break;
            }
        }
        again.filter(|_| self.is_patient || !self.has_answers())
    }

    /// A node answered, naming these contacts. Returns the hops to it, or `None` if it was never asked.
    pub(crate) fn answered(&mut self, id: &Id, mut contacts: Vec<Contact>) -> Option<u32> {
        let place = self.settle(id, State::Answered)?;
        let (hops, path) = (self.candidates[place].hops, self.candidates[place].path);
        contacts.sort_by(|one, other| self.nearer(one.id(), other.id()));
        // Two candidates with one id would share its answer: the other of them would be waited for in vain.
        contacts.dedup_by(|one, other| one.is(other.id()));
        let places = self.places(&contacts);
        let referrer = self.referrals.len() as u16;
        self.referrals.push(self.judge(&places));
        // The farthest first, so that the places of the others stay true.
        for (contact, place) in contacts.into_iter().zip(places).rev() {
            self.learn_at(place, contact, hops + 1, Some(referrer), usize::from(path));
        }
        Some(u32::from(hops))
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

    /// These are asked as well, however far they are from the target.
    pub(crate) fn want(&mut self, contacts: Vec<Contact>) {
        self.has_wanted |= !contacts.is_empty();
        for (number, contact) in contacts.into_iter().enumerate() {
            let id = *contact.id();
            self.learn(contact, 1, None, number % self.paths);
            if let Ok(place) = self.place(&id) {
                self.candidates[place].is_wanted = true;
            }
        }
    }

    /// Whether the K nearest were contacted, of each path its nearest and everybody wanted, and nothing
    /// nearer is left. While more are overdue than have answered, the overdue are waited for.
    pub(crate) fn is_finished(&self) -> bool {
        let mut scope = Scope::of(self);
        let mut is_settled = true;
        for candidate in &self.candidates {
            let is_nearest = scope.counted < K || candidate.is_wanted;
            if scope.includes(candidate) && candidate.counts() {
                // Beyond the K nearest a path is not waited for once it has asked.
                is_settled &= match candidate.state {
                    State::Answered => true,
                    State::InFlight => !is_nearest,
                    _ => false,
                };
            }
            if scope.is_full() || !is_settled {
                break;
            }
        }
        (is_settled && self.to_ask(|_| true).is_none() && self.has_answers())
            || (self.requests >= LOOKUP_REQUESTS_MAX
                && self.in_flight.iter().all(|count| *count == 0))
    }

    /// Whether everyone of the K nearest, and everybody wanted, was asked and a majority answered: of all, and
    /// of the wanted by themselves, as those nearer may be in league. While more are overdue than have answered,
    /// nobody has: whoever was just cut off finds all others overdue, and none failed yet.
    pub(crate) fn has_majority(&self) -> bool {
        let (mut counted, mut all, mut wanted) = (0, Tally::default(), Tally::default());
        for candidate in self.candidates.iter().filter(|c| c.counts()) {
            counted += 1;
            if counted > K && !candidate.is_wanted {
                if self.has_wanted {
                    continue;
                }
                break;
            }
            if candidate.state == State::Waiting {
                return false;
            }
            all.note(candidate);
            if candidate.is_wanted {
                wanted.note(candidate);
            }
        }
        all.is_majority() && (wanted.asked == 0 || wanted.is_majority()) && self.has_answers()
    }

    /// The `count` nearest of those that were asked, whatever came of it: liars that fail on purpose crowd a
    /// place as well.
    pub(crate) fn nearest_asked(&self, count: usize) -> Vec<Contact> {
        let asked = self.candidates.iter().filter(|c| c.asked > 0);
        let nearest = asked.take(count);
        nearest.map(|candidate| candidate.contact.clone()).collect()
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

    /// Who comes after the K nearest that answered, whether it was asked or not.
    pub(crate) fn spares(&self, count: usize) -> Vec<Contact> {
        let mut answered = 0;
        let usable = self.candidates.iter().filter(|candidate| {
            let is_answered = candidate.state == State::Answered;
            answered += usize::from(is_answered);
            (is_answered && answered > K) || candidate.state == State::Waiting
        });
        let spares = usable.take(count);
        spares.map(|candidate| candidate.contact.clone()).collect()
    }

    /// Whether this is one of the `count` nearest known, not counting those that failed.
    pub(crate) fn is_among_nearest(&self, id: &Id, count: usize) -> bool {
        let counted = self
            .candidates
            .iter()
            .filter(|candidate| candidate.counts());
        counted
            .take(count)
            .any(|candidate| candidate.contact.is(id))
    }

    /// The overdue that are nearer than the K-th nearest that answered.
    pub(crate) fn nearest_slow(&self) -> Vec<Contact> {
        let mut answered = 0;
        let nearer = self.candidates.iter().take_while(|candidate| {
            answered += usize::from(candidate.state == State::Answered);
            answered < K
        });
        let slow = nearer.filter(|candidate| candidate.state == State::Slow);
        slow.map(|candidate| candidate.contact.clone()).collect()
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
                self.in_flight[usize::from(candidate.path)] -= 1;
            }
            candidate.state = State::Failed;
        }
    }

    /// Whether no more are overdue than have answered.
    fn has_answers(&self) -> bool {
        self.count(State::Slow) <= self.count(State::Answered)
    }

    fn count(&self, state: State) -> usize {
        self.candidates
            .iter()
            .filter(|candidate| candidate.state == state)
            .count()
    }

    fn nearer(&self, one: &Id, other: &Id) -> Ordering {
        let target = self.target.prefix();
        let first = (target ^ one.prefix()).cmp(&(target ^ other.prefix()));
        first.then_with(|| {
            let distance = |id: &Id| self.target.distance(id);
            distance(one).cmp(&distance(other))
        })
    }

    /// Where somebody stands, or would.
    fn place(&self, id: &Id) -> Result<usize, usize> {
        self.candidates
            .binary_search_by(|candidate| self.nearer(candidate.contact.id(), id))
    }

    /// Where each of these stands or would, nearest first: one walk along the candidates for all of them.
    fn places(&self, contacts: &[Contact]) -> Vec<Result<usize, usize>> {
        let target = self.target.prefix();
        let mut begin = 0;
        let mut find = |contact: &Contact| {
            let near = target ^ contact.prefix();
            let rest = &self.candidates[begin..];
            let nearer = |candidate: &Candidate| target ^ candidate.contact.prefix() < near;
            begin += rest.iter().take_while(|other| nearer(other)).count();
            match self.candidates.get(begin) {
                Some(other) if other.contact.is(contact.id()) => Ok(begin),
                Some(other) if other.contact.prefix() == contact.prefix() => {
                    self.place(contact.id())
                }
                _ => Err(begin),
            }
        };
        contacts.iter().map(&mut find).collect()
    }

    fn learn(&mut self, contact: Contact, hops: u16, referrer: Option<u16>, path: usize) {
        let place = self.place(contact.id());
        self.learn_at(place, contact, hops, referrer, path);
    }

    fn learn_at(
        &mut self,
        found: Result<usize, usize>,
        contact: Contact,
        hops: u16,
        referrer: Option<u16>,
        path: usize,
    ) {
        let is_believed = !referrer.is_some_and(|referrer| self.is_doubted(referrer));
        let room = self.paths * LOOKUP_CANDIDATES_MAX;
        if contact.is(&self.own) {
            return;
        }
        let state = if is_believed {
            State::Waiting
        } else {
            State::Doubted
        };
        match found {
            // It was forgotten just now, for somebody nearer.
            Ok(place) if place >= self.candidates.len() => {}
            Ok(place) if is_believed && self.candidates[place].state == State::Doubted => {
                let candidate = &mut self.candidates[place];
                (candidate.state, candidate.referrer) = (State::Waiting, referrer);
                candidate.path = path as u8;
                candidate.contact = contact.or_at(&candidate.contact);
            }
            Ok(place) => {
                let candidate = &mut self.candidates[place];
                if is_believed && candidate.referrer != referrer {
                    candidate.second_referrer = candidate.second_referrer.or(referrer);
                    candidate.is_said_to_be(&contact);
                }
            }
            Err(place) if place >= room.min(self.candidates.len() + 1) => {}
            Err(place) => {
                let candidate = Candidate {
                    contact,
                    hops,
                    referrer,
                    second_referrer: None,
                    state,
                    asked: 0,
                    outstanding: 0,
                    path: path as u8,
                    is_wanted: false,
                    elsewhere: None,
                    is_retried: false,
                };
                self.candidates.insert(place, candidate);
            }
        }
        while self.candidates.len() > room
            && let Some(last) = self.candidates.last()
            && last.state != State::InFlight
            && !last.is_wanted
        {
            self.candidates.pop();
        }
    }

    /// Moves a candidate that was asked to another state; where it stands, or `None` if that changes
    /// nothing.
    fn settle(&mut self, id: &Id, state: State) -> Option<usize> {
        let place = self.place(id).ok()?;
        let candidate = &mut self.candidates[place];
        let path = usize::from(candidate.path);
        if state == State::Failed {
            candidate.outstanding = candidate.outstanding.saturating_sub(1);
            if candidate.outstanding > 0 {
                // The other request may still be answered.
                if candidate.state == State::InFlight {
                    self.in_flight[path] -= 1;
                    candidate.state = State::Slow;
                    candidate.look_elsewhere();
                }
                return None;
            }
        }
        let before = candidate.state;
        match before {
            State::InFlight => self.in_flight[path] -= 1,
            State::Slow => {}
            // It is to be asked elsewhere, and answers after all.
            State::Waiting if candidate.asked > 0 && state == State::Answered => {}
            State::Waiting | State::Answered | State::Failed | State::Doubted => return None,
        }
        candidate.state = state;
        candidate.look_elsewhere();
        if let Some(referrer) = candidate.referrer {
            let referrals = &mut self.referrals[referrer as usize];
            match state {
                State::Answered => referrals.answered += 1,
                _ => referrals.silent += u32::from(before == State::InFlight),
            }
            if self.is_doubted(referrer) {
                self.doubt(referrer);
            }
        }
        Some(place)
    }

    /// What is known already of contacts somebody names: who names the silent ones of another liar is one.
    fn judge(&self, places: &[Result<usize, usize>]) -> Referrals {
        let mut referrals = Referrals::default();
        for place in places.iter().flatten() {
            match self.candidates[*place].state {
                State::Answered => referrals.answered += 1,
                State::Failed | State::Slow => referrals.silent += 1,
                _ => {}
            }
        }
        referrals
    }

    fn is_doubted(&self, referrer: u16) -> bool {
        self.referrals[referrer as usize].are_doubtful()
    }

    /// Leaves out whom nobody but doubted referrers named. Somebody else may still name them.
    fn doubt(&mut self, referrer: u16) {
        let referrals = &self.referrals;
        for candidate in &mut self.candidates {
            if candidate.state == State::Waiting && candidate.referrer == Some(referrer) {
                candidate.referrer = candidate.second_referrer.take();
                let is_believed = candidate
                    .referrer
                    .is_some_and(|second| !referrals[second as usize].are_doubtful());
                if !is_believed {
                    candidate.state = State::Doubted;
                }
            }
        }
    }
}

/// How many of those asked answered.
#[derive(Default)]
struct Tally {
    asked: usize,
    answered: usize,
}

impl Tally {
    fn note(&mut self, candidate: &Candidate) {
        self.asked += 1;
        self.answered += usize::from(candidate.state == State::Answered);
    }

    fn is_majority(&self) -> bool {
        2 * self.answered > self.asked
    }
}

impl Referrals {
    fn are_doubtful(&self) -> bool {
        self.answered == 0 && self.silent >= BAD_REFERRALS_MAX
    }
}

impl Candidate {
    /// Whether the end of the lookup depends on this one.
    fn counts(&self) -> bool {
        !matches!(self.state, State::Failed | State::Slow | State::Doubted)
    }

    /// Somebody else names it, perhaps at other addresses: who named it first has not the last word.
    fn is_said_to_be(&mut self, contact: &Contact) {
        if contact.is_within(&self.contact) {
            return;
        }
        let elsewhere = contact.but_at(&self.contact);
        match self.state {
            _ if elsewhere.addresses().is_empty() => {}
            State::Waiting => self.contact = self.contact.or_at(contact),
            State::InFlight | State::Failed | State::Slow => {
                let known = self.elsewhere.take();
                self.elsewhere =
                    Some(known.map_or(elsewhere.clone(), |known| known.or_at(&elsewhere)));
                self.look_elsewhere();
            }
            State::Answered | State::Doubted => {}
        }
    }

    /// If it was given up where it was said to be first, it is asked where others say that it is; but once only, as
    /// otherwise liars could have us ask for ever.
    fn look_elsewhere(&mut self) {
        let is_given_up = matches!(self.state, State::Failed | State::Slow);
        if is_given_up
            && !self.is_retried
            && let Some(elsewhere) = self.elsewhere.take()
        {
            (self.contact, self.state) = (elsewhere, State::Waiting);
            self.is_retried = true;
        }
    }
}

/// Which candidates, nearest first, the end of a lookup depends on: the K nearest of all, the nearest of
/// each path, and those wanted.
struct Scope {
    counted: usize,
    on_path: [usize; DISJOINT],
    paths: usize,
    has_wanted: bool,
}

impl Scope {
    fn of(lookup: &Lookup) -> Self {
        Self {
            counted: 0,
            on_path: [0; DISJOINT],
            paths: lookup.paths,
            has_wanted: lookup.has_wanted,
        }
    }

    /// Whether the next candidate is among them.
    fn includes(&mut self, candidate: &Candidate) -> bool {
        let path = usize::from(candidate.path);
        let is_in = candidate.is_wanted || self.counted < K || self.on_path[path] < PATH_WIDTH;
        if candidate.counts() {
            self.counted += 1;
            self.on_path[path] += 1;
        }
        is_in
    }

    /// Whether no further one can be.
    fn is_full(&self) -> bool {
        !self.has_wanted
            && self.counted >= K
            && self.on_path[..self.paths]
                .iter()
                .all(|count| *count >= PATH_WIDTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::Address;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn contact(number: u16) -> Contact {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        Contact::new(PublicKey::from_bytes(key), Vec::new(), 1)
    }

    impl Contact {
        /// The same peer, said to be at this port.
        fn at(&self, port: u16) -> Contact {
            let address = Address::Ip(([20, 0, 0, 9], port).into());
            Contact::new(self.public_key(), vec![address], self.version())
        }
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
            let mut lookup = Lookup::new(Id::hash(b"me"), target, nearest(&target, 0..size.min(5), 5), Vec::new(), 1, true);
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Answers name the same nodes twice, at other addresses: it ends as if they did not.
        #[test]
        fn whoever_is_named_twice_is_asked_once(
            size in 1u16..100,
            target: [u8; 8],
            paths in 1..=DISJOINT,
            ports in prop::collection::vec(any::<u16>(), 16),
        ) {
            let target = Id::hash(&target);
            let mut turn = 0;
            let mut twice = |count| {
                let mut named = nearest(&target, 0..size, count);
                for contact in named.clone() {
                    turn += 1;
                    named.insert(turn % named.len(), contact.at(ports[turn % ports.len()]));
                }
                named
            };
            let mut lookup = Lookup::new(Id::hash(b"me"), target, twice(3), Vec::new(), paths, true);
            let mut asked = BTreeSet::new();
            while let Some(next) = lookup.next() {
                prop_assert!(asked.insert(*next.id()), "nobody is asked twice");
                lookup.answered(next.id(), twice(K));
            }
            prop_assert!(lookup.is_finished());
            prop_assert_eq!(lookup.in_flight, [0; DISJOINT]);
            let ids = |contacts: Vec<Contact>| contacts.iter().map(|c| *c.id()).collect::<Vec<_>>();
            prop_assert_eq!(ids(lookup.nearest_answered(K)), ids(nearest(&target, 0..size, K)));
        }
    }

    #[test]
    fn who_names_only_the_silent_is_not_believed_for_long() {
        let target = Id::hash(b"target");
        let near = nearest(&target, 0..400, 400);
        let (liar, honest) = (near[300].clone(), near[301].clone());
        let mut lookup = Lookup::new(
            Id::hash(b"me"),
            target,
            vec![liar.clone(), honest.clone()],
            Vec::new(),
            1,
            true,
        );
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
    fn who_is_named_at_wrong_addresses_is_asked_where_others_say_it_is() {
        let target = Id::hash(b"target");
        let near = nearest(&target, 0..400, 400);
        let referrers = near[300..303].to_vec();
        let begin = || {
            let seeds = referrers.clone();
            let mut lookup = Lookup::new(Id::hash(b"me"), target, seeds, Vec::new(), 1, true);
            while lookup.next().is_some() {}
            lookup.answered(referrers[0].id(), vec![near[0].at(1)]);
            lookup
        };
        let (wrong, right) = (near[0].at(1), near[0].at(2));
        // Before it was asked, both are tried.
        let mut lookup = begin();
        lookup.answered(referrers[1].id(), vec![right.clone()]);
        assert_eq!(lookup.next(), Some(wrong.or_at(&right)));
        // After it failed or was late there, the other, whether that was named before or after.
        for (is_late, is_after) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut lookup = begin();
            assert_eq!(lookup.next(), Some(wrong.clone()));
            let name = |is_now: bool, lookup: &mut Lookup| {
                if is_now {
                    lookup.answered(referrers[1].id(), vec![right.clone()]);
                }
            };
            name(!is_after, &mut lookup);
            match is_late {
                true => lookup.overdue(wrong.id()),
                false => lookup.failed(wrong.id()),
            }
            name(is_after, &mut lookup);
            assert_eq!(lookup.next(), Some(right.clone()));
            lookup.failed(right.id());
            lookup.failed(right.id());
            // And not for ever.
            lookup.answered(referrers[2].id(), vec![near[0].at(3)]);
            assert_eq!(lookup.next(), None);
            assert_eq!(lookup.in_flight, [0; DISJOINT]);
        }
        // Whoever answers late at the first place is heard.
        let mut lookup = begin();
        lookup.next();
        lookup.overdue(wrong.id());
        lookup.answered(referrers[1].id(), vec![right.clone()]);
        assert_eq!(lookup.answered(wrong.id(), Vec::new()), Some(2));
        assert_eq!(lookup.next(), None);
    }

    #[test]
    fn whom_only_a_liar_named_is_asked_where_somebody_else_says_it_is() {
        let target = Id::hash(b"target");
        let near = nearest(&target, 0..400, 400);
        let (liar, honest) = (near[300].clone(), near[301].clone());
        let seeds = vec![liar.clone(), honest.clone()];
        let mut lookup = Lookup::new(Id::hash(b"me"), target, seeds, Vec::new(), 1, true);
        while lookup.next().is_some() {}
        let wrong = near[..20].iter().map(|contact| contact.at(1));
        lookup.answered(liar.id(), wrong.collect());
        for _ in 0..BAD_REFERRALS_MAX {
            let silent = lookup.next().unwrap();
            lookup.failed(silent.id());
        }
        assert_eq!(lookup.next(), None);
        lookup.answered(honest.id(), vec![near[19].at(2)]);
        let next = lookup.next().unwrap();
        assert_eq!(next, near[19].at(2).or_at(&near[19].at(1)));
    }

    #[test]
    fn whom_somebody_else_named_before_is_still_asked() {
        let target = Id::hash(b"target");
        let near = nearest(&target, 0..400, 400);
        let (liar, honest) = (near[300].clone(), near[301].clone());
        let seeds = vec![liar.clone(), honest.clone()];
        let mut lookup = Lookup::new(Id::hash(b"me"), target, seeds, Vec::new(), 1, true);
        while lookup.next().is_some() {}
        lookup.answered(liar.id(), near[..20].to_vec());
        lookup.answered(honest.id(), near[19..20].to_vec());
        for _ in 0..BAD_REFERRALS_MAX {
            let silent = lookup.next().unwrap();
            lookup.failed(silent.id());
        }
        assert_eq!(lookup.next(), Some(near[19].clone()));
    }

    #[test]
    fn who_repeats_a_lie_is_not_believed_at_all() {
        let target = Id::hash(b"target");
        let near = nearest(&target, 0..400, 400);
        let liars = near[300..302].to_vec();
        let mut lookup = Lookup::new(Id::hash(b"me"), target, liars.clone(), Vec::new(), 1, true);
        while lookup.next().is_some() {}
        lookup.answered(liars[0].id(), near[..20].to_vec());
        for _ in 0..BAD_REFERRALS_MAX {
            let silent = lookup.next().unwrap();
            lookup.failed(silent.id());
        }
        lookup.answered(liars[1].id(), near[..20].to_vec());
        assert_eq!(lookup.next(), None);
    }

    #[test]
    fn the_overdue_are_asked_again_when_all_others_were() {
        let target = Id::hash(b"target");
        let [near, far] = [0, 1].map(|place| nearest(&target, 0..2, 2)[place].clone());
        let mut lookup = Lookup::new(
            Id::hash(b"me"),
            target,
            vec![near.clone(), far.clone()],
            Vec::new(),
            1,
            true,
        );
        while lookup.next().is_some() {}
        lookup.overdue(near.id());
        lookup.answered(far.id(), Vec::new());
        assert!(!lookup.is_finished());
        for _ in 1..ASKED_MAX {
            assert_eq!(lookup.next(), Some(near.clone()));
            lookup.overdue(near.id());
        }
        lookup.failed(near.id());
        assert!(
            lookup.is_finished(),
            "some requests are left, and not waited for"
        );
        lookup.answered(near.id(), Vec::new());
        assert_eq!(lookup.nearest_answered(2), [near, far]);
    }

    #[test]
    fn without_patience_the_overdue_are_left_to_whoever_stores() {
        let target = Id::hash(b"target");
        let all = nearest(&target, 0..3, 3);
        let mut lookup = Lookup::new(Id::hash(b"me"), target, all.clone(), Vec::new(), 1, false);
        while lookup.next().is_some() {}
        lookup.overdue(all[0].id());
        assert_eq!(
            lookup.next(),
            Some(all[0].clone()),
            "nobody has answered yet"
        );
        lookup.overdue(all[0].id());
        lookup.answered(all[1].id(), Vec::new());
        lookup.answered(all[2].id(), Vec::new());
        assert!(lookup.is_finished());
        assert_eq!(lookup.nearest_slow(), all[..1]);
    }

    #[test]
    fn ourselves_are_never_asked() {
        let own = *contact(1).id();
        let mut lookup = Lookup::new(own, own, vec![contact(1), contact(2)], Vec::new(), 1, true);
        assert_eq!(lookup.next(), Some(contact(2)));
        assert_eq!(lookup.next(), None);
        assert!(!lookup.is_finished());
        assert_eq!(lookup.answered(contact(2).id(), vec![contact(1)]), Some(1));
        assert!(lookup.is_finished());
    }

    #[test]
    fn a_majority_suffices_once_everyone_was_asked() {
        let target = Id::hash(b"target");
        let mut lookup = Lookup::new(
            Id::hash(b"me"),
            target,
            (0..3).map(contact).collect(),
            Vec::new(),
            1,
            true,
        );
        let first = lookup.next().unwrap();
        let second = lookup.next().unwrap();
        lookup.answered(first.id(), Vec::new());
        lookup.answered(second.id(), Vec::new());
        assert!(!lookup.has_majority(), "one was not asked");
        lookup.next().unwrap();
        assert!(lookup.has_majority() && !lookup.is_finished());
    }

    #[test]
    fn who_answers_alone_among_the_overdue_is_no_majority() {
        let target = Id::hash(b"target");
        let all = nearest(&target, 0..4, 4);
        let mut lookup = Lookup::new(Id::hash(b"me"), target, all.clone(), Vec::new(), 1, true);
        let mut answered = false;
        while let Some(next) = lookup.next() {
            if next == all[0] {
                answered |= lookup.answered(next.id(), Vec::new()).is_some();
            } else {
                lookup.overdue(next.id());
            }
        }
        assert!(answered && !lookup.has_majority() && !lookup.is_finished());
        for _ in 0..ASKED_MAX {
            lookup.failed(all[1].id());
            lookup.failed(all[2].id());
        }
        assert!(
            lookup.has_majority(),
            "one is overdue, and one has answered"
        );
    }

    /// A liar names twenty nodes of its own, nearer than anybody; they name each other. On one path they
    /// are all that is found; on four the others come to the honest ones.
    #[test]
    fn a_liar_misleads_only_the_path_it_stands_on() {
        let target = Id::hash(b"target");
        let all = nearest(&target, 0..2000, 2000);
        let (liars, honest) = all.split_at(20);
        let honest_near = &honest[..K];
        let seeds = [
            liars[19].clone(),
            honest[500].clone(),
            honest[501].clone(),
            honest[502].clone(),
        ];
        let reached = |paths| {
            let mut lookup = Lookup::new(
                Id::hash(b"me"),
                target,
                seeds.to_vec(),
                Vec::new(),
                paths,
                true,
            );
            let mut asked = 0;
            while let Some(next) = lookup.next() {
                let is_liar = liars.contains(&next);
                asked += usize::from(!is_liar && honest_near.contains(&next));
                let named = if is_liar { liars } else { honest_near };
                lookup.answered(next.id(), named.to_vec());
            }
            assert!(lookup.is_finished());
            asked
        };
        assert_eq!(reached(1), 0, "the liars are the twenty nearest");
        assert!(reached(DISJOINT) >= PATH_WIDTH);
    }

    /// One of our buckets is full of liars: all the nearest we know.
    #[test]
    fn a_bucket_full_of_liars_misleads_half_of_the_paths() {
        let target = Id::hash(b"target");
        let all = nearest(&target, 0..2000, 2000);
        let (liars, honest) = all.split_at(40);
        let (near, elsewhere) = (liars[20..].to_vec(), honest[500..510].to_vec());
        let mut lookup = Lookup::new(Id::hash(b"me"), target, near, elsewhere, 2, true);
        let mut met = 0;
        while let Some(next) = lookup.next() {
            let is_liar = liars.contains(&next);
            met += usize::from(honest[..K].contains(&next));
            let named = if is_liar { &liars[..20] } else { &honest[..K] };
            lookup.answered(next.id(), named.to_vec());
        }
        assert!(lookup.is_finished() && met >= PATH_WIDTH, "{met}");
    }

    #[test]
    fn paths_share_nobody_and_each_keeps_its_own_requests_in_flight() {
        let target = Id::hash(b"target");
        let seeds = nearest(&target, 0..400, 100);
        let mut lookup = Lookup::new(
            Id::hash(b"me"),
            target,
            seeds[80..].to_vec(),
            Vec::new(),
            DISJOINT,
            true,
        );
        let mut asked = BTreeSet::new();
        let mut in_flight = Vec::new();
        loop {
            while let Some(next) = lookup.next() {
                assert!(asked.insert(*next.id()), "nobody is asked by two paths");
                in_flight.push(next);
            }
            assert!(in_flight.len() <= DISJOINT * ALPHA);
            let Some(next) = in_flight.pop() else { break };
            lookup.answered(next.id(), seeds[..K].to_vec());
        }
        assert!(lookup.is_finished());
        assert_eq!(lookup.nearest_answered(K), seeds[..K]);
    }

    #[test]
    fn the_wanted_are_asked_however_far_they_are() {
        let target = Id::hash(b"target");
        let all = nearest(&target, 0..400, 400);
        let mut lookup = Lookup::new(
            Id::hash(b"me"),
            target,
            all[..K].to_vec(),
            Vec::new(),
            1,
            true,
        );
        while let Some(next) = lookup.next() {
            lookup.answered(next.id(), Vec::new());
        }
        assert!(lookup.is_finished() && lookup.has_majority());
        lookup.want(vec![all[300].clone()]);
        assert!(!lookup.is_finished() && !lookup.has_majority());
        assert_eq!(lookup.next(), Some(all[300].clone()));
        lookup.answered(all[300].id(), Vec::new());
        assert!(lookup.is_finished() && lookup.has_majority());
    }
}
