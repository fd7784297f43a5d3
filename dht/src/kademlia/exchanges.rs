//! Requests of ours and their answers.
//!
//! Owns who was asked what and until when, and the judgement on items that were passed on. Refuses to
//! decide what is asked; that is for the tasks and the upkeep.

use std::sync::Arc;

use super::tasks::TaskId;
use super::{Kademlia, Timer};
use crate::contact::{Address, Contact};
use crate::event::{Action, BlockReason, ExchangeId, Notice};
use crate::id::Id;
use crate::item::{Item, ItemError, VerifiedItem};
use crate::message::{InteractionId, Request, Response};
use crate::shares::Claimant;
use crate::storage::{Incoming, Kept};
use crate::table::Offer;
use crate::wire::{RequestFrame, encode_item};

/// How long an answer is waited for at all, in milliseconds.
pub const REQUEST_TIMEOUT_MS: u64 = 4_000;
/// Most requests in flight.
pub const EXCHANGES_MAX: usize = 32_768;
/// An answer is overdue after the measured round trip, but within these bounds, in milliseconds.
const OVERDUE_MS: std::ops::RangeInclusive<u64> = 200..=2_000;
/// Until something was measured, an answer is overdue after so many milliseconds.
const OVERDUE_UNKNOWN_MS: u64 = 1_000;

/// What an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A step of a task's lookup.
    Find(TaskId),
    /// Storing a task's item.
    Store(TaskId),
    /// Whether somebody who said so has a task's item.
    ReadBack(TaskId),
    /// Setting a task's watch.
    Watch(TaskId),
    /// Whether somebody is there.
    Ping,
    /// A copy on the path, a newer version for who had an older one.
    Copy,
    /// News for a watcher. One that cannot be dialled is told over the connection it opened.
    News,
    /// An item for a nearer newcomer.
    Handover,
}

impl Purpose {
    /// Whether something is done before the deadline if the answer is overdue.
    fn is_hurried(self) -> bool {
        matches!(self, Self::Find(_) | Self::Store(_) | Self::ReadBack(_))
    }
}

/// Where an answer came from.
#[derive(Debug)]
pub(super) enum Origin {
    /// From the addresses the request was sent to.
    AsSent,
    /// From this one, where we dialled the peer; `None` if we did not get there.
    At(Option<Address>),
}

impl Origin {
    /// The peer at the addresses that are proven to lead to it.
    fn proven(self, to: &Contact) -> Option<Contact> {
        match self {
            Origin::AsSent => Some(to.clone()),
            Origin::At(address) => {
                let address = address?;
                let is_all = to.addresses() == std::slice::from_ref(&address);
                let proven = || Contact::new(to.public_key(), vec![address], to.version());
                Some(if is_all { to.clone() } else { proven() })
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Exchange {
    to: Contact,
    sent_at: u64,
    overdue_at: u64,
    deadline: u64,
    purpose: Purpose,
    /// Nothing was measured with this peer before.
    is_first: bool,
}

impl Kademlia {
    /// Sends a request to somebody as we know them, or as told if we do not. False if that may not be.
    pub(super) fn send(
        &mut self,
        now: u64,
        to: &Contact,
        interaction: InteractionId,
        request: Request,
        purpose: Purpose,
    ) -> bool {
        let known = self.table.entry(to.id()).map(|entry| entry.contact.clone());
        let connected = Contact::new(to.public_key(), Vec::new(), to.version());
        let to = match &known {
            Some(known) => known,
            // It can be told over the connection it opened, and not in another way.
            None if purpose == Purpose::News && self.dials.is_elsewhere(to) => &connected,
            None => to,
        };
        self.send_exactly(now, to, interaction, request, purpose)
    }

    /// Sends a request to these very addresses.
    pub(super) fn send_exactly(
        &mut self,
        now: u64,
        to: &Contact,
        interaction: InteractionId,
        request: Request,
        purpose: Purpose,
    ) -> bool {
        if to.id() == self.me.id()
            || self.is_blocked(&to.public_key(), now)
            || self.exchanges.len() >= EXCHANGES_MAX
        {
            return false;
        }
        let known = self.table.entry(to.id());
        let is_known = known.is_some();
        let is_proven = known.is_some_and(|entry| entry.contact == *to);
        let measured = known.and_then(|entry| entry.round_trip.overdue_ms());
        let is_first = measured.is_none();
        // Somebody new has to be connected to first: how long that takes is measured apart.
        let usual = self.first_round_trip.overdue_ms();
        let usual = usual.unwrap_or(OVERDUE_UNKNOWN_MS);
        // Who is much slower than everybody else is not waited for: perhaps it stalls.
        let overdue = measured.map_or(usual, |measured| measured.min(2 * usual));
        let is_connected = purpose == Purpose::News && to.addresses().is_empty();
        let dialled = match is_proven || is_connected {
            true => Some(to.clone()),
            false => self.dials.admits(now, to),
        };
        // Whoever is in the table is asked everywhere or not at all: nowhere else is no news of where it is.
        let is_whole = |dialled: &Contact| !is_known || dialled == to;
        let Some(to) = dialled.filter(is_whole) else {
            return false;
        };
        let exchange = ExchangeId(self.number());
        let overdue_at = now + overdue.clamp(*OVERDUE_MS.start(), *OVERDUE_MS.end());
        let deadline = now + REQUEST_TIMEOUT_MS;
        if purpose.is_hurried() {
            self.timers.insert((overdue_at, Timer::Overdue(exchange)));
        }
        let sent = Exchange {
            to: to.clone(),
            sent_at: now,
            overdue_at,
            deadline,
            purpose,
            is_first,
        };
        self.exchanges.insert(exchange, sent);
        self.metrics.requests_sent += 1;
        let frame = RequestFrame {
            interaction,
            addresses: self.me.addresses().to_vec(),
            request,
        };
        self.outbox.push(Action::Send {
            exchange,
            to,
            frame,
            deadline,
        });
        true
    }

    pub(super) fn answered(
        &mut self,
        now: u64,
        id: ExchangeId,
        origin: Origin,
        response: Response,
    ) {
        let Some(exchange) = self.end_exchange(id) else {
            return;
        };
        self.metrics.requests_answered += 1;
        let Exchange {
            to,
            sent_at,
            purpose,
            is_first,
            ..
        } = exchange;
        let took_ms = now.saturating_sub(sent_at);
        self.metrics.request_ms.note(took_ms);
        if is_first && !to.addresses().is_empty() {
            self.first_round_trip.measure(took_ms);
        }
        if !self.is_blocked(&to.public_key(), now) {
            // Half of a first exchange was the handshake, most likely.
            let round_trip_ms = if is_first { took_ms / 2 } else { took_ms };
            match origin.proven(&to) {
                Some(proven) => self.reached(now, &to, &proven, round_trip_ms),
                None => self.found_elsewhere(&to, purpose),
            }
        }
        match purpose {
            Purpose::Find(task) => self.find_answered(now, task, &to, response),
            Purpose::Store(task) => self.store_answered(now, task, &to, response),
            Purpose::ReadBack(task) => self.read_back_answered(now, task, &to, response),
            Purpose::Watch(task) => {
                let is_set = matches!(response, Response::Watching { .. });
                self.watch_answered(task, is_set);
            }
            Purpose::Ping => drop(self.pinging.remove(&to.public_key())),
            Purpose::Copy | Purpose::News => drop(self.take_newer(now, &to, response)),
            Purpose::Handover => {
                self.handovers_in_flight -= 1;
                self.take_newer(now, &to, response);
            }
        }
    }

    /// No answer came, or will come.
    pub(super) fn unanswered(&mut self, now: u64, id: ExchangeId) {
        let Some(exchange) = self.end_exchange(id) else {
            return;
        };
        self.metrics.requests_failed += 1;
        let Exchange { to, purpose, .. } = exchange;
        self.table.failed(to.id());
        self.dials.failed(&to);
        match purpose {
            Purpose::Find(task) => self.find_failed(now, task, &to),
            Purpose::Store(task) => self.store_failed(now, task, &to),
            Purpose::ReadBack(task) => self.read_back_failed(now, task, &to),
            Purpose::Watch(task) => self.watch_answered(task, false),
            Purpose::Ping => drop(self.pinging.remove(&to.public_key())),
            Purpose::Copy => {}
            Purpose::News => self.news_lost(&to),
            Purpose::Handover => self.handovers_in_flight -= 1,
        }
    }

    /// An answer is later than it should be: a lookup goes on without it, a store is repeated.
    pub(super) fn overdue(&mut self, now: u64, id: ExchangeId) {
        let Some(exchange) = self.exchanges.get(&id) else {
            return;
        };
        match exchange.purpose {
            Purpose::Find(task) => {
                let slow = *exchange.to.id();
                self.find_overdue(now, task, &slow);
            }
            Purpose::Store(task) => {
                let slow = exchange.to.clone();
                self.store_overdue(now, task, &slow);
            }
            Purpose::ReadBack(task) => {
                let slow = exchange.to.clone();
                self.read_back_overdue(now, task, &slow);
            }
            _ => {}
        }
    }

    /// Checks an item somebody passed on under `key`; whoever passes on a forgery is blocked.
    pub(super) fn judge(
        &mut self,
        now: u64,
        from: &Contact,
        key: &Id,
        item: &Arc<Item>,
    ) -> Result<VerifiedItem, ItemError> {
        let held = self.storage.held(key).map(|held| &held.item);
        if let Some(held) = held.filter(|held| held.item() == item) {
            return Ok(held.clone());
        }
        let verified = if item.key != *key {
            Err(ItemError::KeyMismatch)
        } else if item.is_content() && held.is_some_and(|held| !held.is_same_content(item)) {
            Err(ItemError::Malformed)
        } else {
            VerifiedItem::new(item.clone(), &*self.signatures)
        };
        if let Err(error) = verified {
            let from = from.public_key();
            self.metrics.bad_items += 1;
            self.outbox
                .push(Action::Emit(Notice::BadItem { from, error }));
            if error.is_punishable() {
                let reason = match error {
                    ItemError::KeyMismatch => BlockReason::WrongKey,
                    _ => BlockReason::ForgedItem,
                };
                self.block(now, from, reason, encode_item(item));
            }
        }
        verified
    }

    /// If the answer to a store says that there is a newer version, takes it and gives it back; but not if it may not be
    /// kept, as then it is no news for others either.
    pub(super) fn take_newer(
        &mut self,
        now: u64,
        from: &Contact,
        response: Response,
    ) -> Option<VerifiedItem> {
        let Response::Failure(failure) = response else {
            return None;
        };
        let newer = failure.newer?;
        // Only what we hold can have been superseded.
        let held = self.storage.held(&newer.key)?.version();
        let newer = self.judge(now, from, &newer.key, &newer).ok()?;
        if newer.version() < held || newer.check_times(now).is_err() || newer.item().is_stub() {
            return None;
        }
        if newer.version() == held {
            return Some(newer);
        }
        let incoming = self.incoming_item(now, newer.clone(), from);
        let kept = self.keep(now, incoming);
        matches!(kept, Kept::New(_)).then_some(newer)
    }

    /// An item from somebody, to be held in earnest.
    pub(super) fn incoming_item(
        &mut self,
        now: u64,
        item: VerifiedItem,
        from: &Contact,
    ) -> Incoming {
        Incoming {
            item,
            own: false,
            cached_until: None,
            claimant: Claimant {
                source: from.public_key(),
                subnet: from.subnets().into_iter().next(),
            },
            republish_at: self.next_republish(now),
        }
    }

    /// Somebody answered, but not from where it says that it can be dialled.
    fn found_elsewhere(&mut self, to: &Contact, purpose: Purpose) {
        self.dials.led_elsewhere(to);
        let known = self.table.entry(to.id());
        let is_disowned = known.is_some_and(|entry| !entry.contact.is_within(to));
        if purpose == Purpose::Ping && is_disowned {
            // It is not where it was when we reached it, by its own word, nor where it says that it is.
            self.forget(to.public_key());
        }
    }

    /// We reached somebody, dialled as `sent`, where it is `contact`: it may enter the table.
    fn reached(&mut self, now: u64, sent: &Contact, contact: &Contact, took_ms: u64) {
        if contact.addresses().is_empty() {
            // It answered over a connection of its own: nobody else could reach it.
            return;
        }
        if contact.is_within(sent) {
            self.dials.proven(sent, contact);
        } else {
            self.dials.led_elsewhere(sent);
        }
        let known = self
            .table
            .entry(contact.id())
            .map(|entry| entry.contact == *contact);
        let offer = self.table.reached(now, contact.clone(), took_ms);
        for evicted in self.table.take_evicted() {
            self.outbox.push(Action::ForgetContact(evicted));
            self.outbox
                .push(Action::Emit(Notice::ContactRemoved(evicted)));
        }
        self.answered_knock(now, contact);
        match offer {
            Offer::Added => {
                self.outbox.push(Action::SaveContact(contact.clone()));
                self.outbox
                    .push(Action::Emit(Notice::ContactAdded(contact.public_key())));
                self.welcome(now, contact);
            }
            Offer::Revived => self.welcome(now, contact),
            Offer::Known if known == Some(false) => {
                self.outbox.push(Action::SaveContact(contact.clone()));
            }
            Offer::Known | Offer::Cached | Offer::Refused => {}
        }
    }

    fn end_exchange(&mut self, id: ExchangeId) -> Option<Exchange> {
        let exchange = self.exchanges.remove(&id)?;
        if exchange.purpose.is_hurried() {
            self.timers
                .remove(&(exchange.overdue_at, Timer::Overdue(id)));
        }
        Some(exchange)
    }

    /// When the next exchange is given up, and which. All have the same time, so that is the oldest.
    pub(super) fn next_deadline(&self) -> Option<(u64, ExchangeId)> {
        let first = self.exchanges.first_key_value();
        first.map(|(id, exchange)| (exchange.deadline, *id))
    }
}
