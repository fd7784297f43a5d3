//! What others ask of us.
//!
//! Owns the answers. Refuses the blocked, the hasty and the unprovable, each with its error code, and never
//! believes an address it was told.

use super::Kademlia;
use crate::K;
use crate::contact::{Address, Contact};
use crate::event::{Action, Notice, Token};
use crate::id::Id;
use crate::message::{
    ErrorCode, Failure, FindValue, InteractionId, Nodes, Request, Response, Store, Value,
};
use crate::shares::Claimant;
use crate::storage::{Incoming, Kept, Refusal};

/// How long a cached copy lives at the nodes nearest to its key, in milliseconds. Each bit farther halves it.
pub const CACHE_MS_MAX: u64 = 60 * 60 * 1000;
/// How long a cached copy lives at least.
pub const CACHE_MS_MIN: u64 = 60 * 1000;

impl Kademlia {
    pub(super) fn incoming(
        &mut self,
        now: u64,
        from: Contact,
        observed: Option<Address>,
        interaction: InteractionId,
        token: Token,
        request: Request,
    ) {
        self.metrics.received.note(&request);
        let before = self.outbox.len();
        let response = if self.is_blocked(&from.public_key(), now) {
            refuse(ErrorCode::Refused, "you are blocked")
        } else if !self.rate_limit.admits(now, &from.public_key()) {
            refuse(ErrorCode::Busy, "too many requests")
        } else {
            let response = self.serve(now, &from, observed.as_ref(), request);
            if !self.is_blocked(&from.public_key(), now) {
                self.meet(now, from.clone(), observed.as_ref());
            }
            response
        };
        let from = from.public_key();
        if let Response::Failure(Failure { code, .. }) = &response {
            let code = *code;
            self.metrics.refused.note(code);
            self.outbox.push(Action::Emit(Notice::Refused {
                from,
                interaction,
                code,
            }));
        }
        // Whoever is blocked for this very request is still told why; connections close after that.
        let is_blocked = self.is_blocked(&from, now);
        let place = if is_blocked {
            before
        } else {
            self.outbox.len()
        };
        let reply = Action::Reply {
            token,
            interaction,
            response,
        };
        self.outbox.insert(place, reply);
    }

    fn serve(
        &mut self,
        now: u64,
        from: &Contact,
        observed: Option<&Address>,
        request: Request,
    ) -> Response {
        match request {
            Request::Ping => Response::Pong,
            Request::FindNode { target } => Response::Nodes(Nodes {
                contacts: self.nearest_for(from, &target),
                held: None,
            }),
            Request::FindValue(find) => self.serve_value(now, from, find),
            Request::Store(store) => self.serve_store(now, from, observed, &store),
            Request::Watch { key, lasting_ms } => {
                let subnet = observed.and_then(Address::subnet);
                self.serve_watch(now, from, subnet, key, lasting_ms)
            }
        }
    }

    fn serve_value(&mut self, now: u64, from: &Contact, find: FindValue) -> Response {
        let FindValue {
            key,
            newer_than,
            fresh,
        } = find;
        let item = self.storage.read(now, &key, fresh);
        match item {
            Some(item) if newer_than.is_none_or(|version| item.version() > version) => {
                let contacts = if fresh {
                    self.nearest_for(from, &key)
                } else {
                    Vec::new()
                };
                Response::Value(Value {
                    item: item.item().clone(),
                    contacts,
                })
            }
            older => Response::Nodes(Nodes {
                contacts: self.nearest_for(from, &key),
                held: older.map(|item| item.version()),
            }),
        }
    }

    fn serve_store(
        &mut self,
        now: u64,
        from: &Contact,
        observed: Option<&Address>,
        store: &Store,
    ) -> Response {
        let item = match self.judge(now, from, &store.item.key, &store.item) {
            Ok(item) => item,
            Err(error) => return refuse(error.code(), error),
        };
        let cached_until = store
            .cache
            .then(|| now.saturating_add(self.cache_ms(item.key())));
        let claimant = Claimant {
            source: from.public_key(),
            subnet: observed.and_then(Address::subnet),
        };
        let incoming = Incoming {
            cached_until,
            claimant,
            ..self.incoming_item(now, item, from)
        };
        match self.keep(now, incoming) {
            Kept::New(_) | Kept::Same => Response::Stored,
            Kept::Older(newer) => Response::Failure(Failure {
                newer: Some(newer.item().clone()),
                ..Failure::new(ErrorCode::Superseded, "a newer version is held")
            }),
            Kept::Refused(Refusal::Item(error)) => refuse(error.code(), error),
            Kept::Refused(Refusal::Stub) => refuse(ErrorCode::Refused, "a stub of a living item"),
            Kept::Refused(Refusal::OverQuota) => refuse(ErrorCode::OverQuota, "no room for you"),
        }
    }

    /// Whom we would ask ourselves: contacts that answered last time, and soon, without the one asking.
    fn nearest_for(&self, from: &Contact, target: &Id) -> Vec<Contact> {
        self.table.nearest(target, K, |entry| {
            entry.failures == 0 && entry.is_responsive() && !entry.is(from.id())
        })
    }

    /// How long we keep a cached copy: shorter by half for each bit its key lies outside the region our
    /// own bucket covers.
    fn cache_ms(&self, key: &Id) -> u64 {
        let outside = self
            .table
            .depth()
            .saturating_sub(self.me.id().common_prefix(key));
        (CACHE_MS_MAX >> outside.min(63)).max(CACHE_MS_MIN)
    }
}

fn refuse(code: ErrorCode, detail: impl std::fmt::Display) -> Response {
    Response::Failure(Failure::new(code, detail))
}
