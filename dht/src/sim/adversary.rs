//! Nodes that do not do what the protocol says.
//!
//! Owns what each kind of malice does to an answer. A malicious node runs the real state machine; what it
//! says is changed on the way out.

use std::sync::Arc;

use crate::contact::{Contact, PublicKey};
use crate::id::Id;
use crate::item::{Item, ItemSignature, Meta};
use crate::message::{Nodes, Request, Response, Value};
use crate::{CONTACTS_MAX, K};

/// How late a stalling node answers, in milliseconds.
const STALL_MS: u64 = 3_000;

/// What a node does instead of what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adversary {
    /// Nothing.
    Honest,
    /// Answers every read with an item nobody signed.
    Forge,
    /// Claims to store, and never has anything.
    Drop,
    /// Answers so late that it costs its askers time.
    Stall,
    /// Lies about its neighbours: half of these invent them, half name nobody but one another.
    Misroute,
    /// Some of each.
    Mixed,
}

/// Everybody malicious, in the order of their ids: those who lie about their neighbours know each other.
#[derive(Debug, Default)]
pub(super) struct Gang {
    members: Vec<Contact>,
}

impl Gang {
    pub(super) fn new(mut members: Vec<Contact>) -> Self {
        members.sort_by_key(|contact| *contact.id());
        Self { members }
    }

    /// Members near an id. Who is near by XOR shares a prefix, and so stands near in the order of ids, too.
    fn near(&self, target: &Id) -> Vec<Contact> {
        let place = self.members.partition_point(|member| member.id() < target);
        let begin = place.saturating_sub(2 * K);
        let end = (place + 2 * K).min(self.members.len());
        let mut near = self.members[begin..end].to_vec();
        near.sort_by_key(|member| target.distance(member.id()));
        near.truncate(CONTACTS_MAX);
        near
    }
}

impl Adversary {
    /// What the `number`th malicious node does if malicious nodes are of this kind.
    pub(super) fn of(self, number: usize) -> Self {
        match self {
            Self::Mixed => [Self::Forge, Self::Drop, Self::Stall, Self::Misroute][number % 4],
            kind => kind,
        }
    }

    pub(super) fn delay_ms(self) -> u64 {
        if self == Self::Stall { STALL_MS } else { 0 }
    }

    /// The answer the `number`th malicious node gives instead of the true one.
    pub(super) fn corrupt(
        self,
        number: usize,
        gang: &Gang,
        request: &Request,
        answer: Response,
    ) -> Response {
        let misroute = |target: &Id| {
            let contacts = if (number / 4).is_multiple_of(2) {
                gang.near(target)
            } else {
                invented_contacts(target)
            };
            Response::Nodes(Nodes {
                contacts,
                held: None,
            })
        };
        match (self, request) {
            (Self::Forge, Request::FindValue(find)) => {
                let (item, contacts) = match answer {
                    Response::Value(value) => (Item::clone(&value.item), value.contacts),
                    _ => (invented(find.key), Vec::new()),
                };
                Response::Value(Value {
                    item: Arc::new(forged(item)),
                    contacts,
                })
            }
            (Self::Drop, Request::Store(_)) => Response::Stored,
            (Self::Drop, Request::FindValue(_)) => Response::Nodes(Nodes::default()),
            (Self::Misroute, Request::FindNode { target }) => misroute(target),
            (Self::Misroute, Request::FindValue(find)) => misroute(&find.key),
            _ => answer,
        }
    }
}

/// A real item with another value: the hash fits, the signature does not.
fn forged(mut item: Item) -> Item {
    let value = b"forged".to_vec();
    item.value_hash = Some(Id::hash(&value));
    item.value = Some(value);
    item.timestamp += 1;
    item
}

/// An item made up for a key whose author is unknown to the forger.
fn invented(key: Id) -> Item {
    Item {
        key,
        value: None,
        value_hash: None,
        timestamp: 1,
        expires: 0,
        name: "invented".into(),
        meta: Meta::new(),
        created_with: crate::ITEM_VERSION,
        public_key: PublicKey::from_bytes([1; 32]),
        signature: ItemSignature([0; 64]),
    }
}

/// Neighbours none of whom exists.
fn invented_contacts(target: &Id) -> Vec<Contact> {
    let invent = |n: u8| {
        let mut key = [n; 32];
        key[1..].copy_from_slice(&target.as_bytes()[..31]);
        let address = crate::Address::Ip(([127, 255, target.as_bytes()[0], n], 9).into());
        Contact::new(
            PublicKey::from_bytes(key),
            vec![address],
            crate::PROTOCOL_VERSION,
        )
    };
    (0..CONTACTS_MAX as u8).map(invent).collect()
}
