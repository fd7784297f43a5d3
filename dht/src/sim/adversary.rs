//! Nodes that do not do what the protocol says.
//!
//! Owns what each kind of malice does to an answer. A malicious node runs the real state machine; what it
//! says is changed on the way out.

use std::sync::Arc;

use crate::contact::{Contact, PublicKey};
use crate::id::Id;
use crate::item::{Item, ItemSignature, Meta};
use crate::message::{Nodes, Request, Response, Value};

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
    /// Names neighbours that do not exist.
    Misroute,
    /// Some of each.
    Mixed,
}

impl Adversary {
    /// What node `index` does if malicious nodes are of this kind.
    pub(super) fn of(self, index: usize) -> Self {
        match self {
            Self::Mixed => [Self::Forge, Self::Drop, Self::Stall, Self::Misroute][(index / 5) % 4],
            kind => kind,
        }
    }

    pub(super) fn delay_ms(self) -> u64 {
        if self == Self::Stall { 3_000 } else { 0 }
    }

    /// The answer that leaves instead of the true one, if any does.
    pub(super) fn corrupt(self, request: &Request, answer: Response) -> Option<Response> {
        let answer = match (self, request) {
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
            (Self::Misroute, Request::FindNode { target }) => misdirection(target),
            (Self::Misroute, Request::FindValue(find)) => misdirection(&find.key),
            _ => answer,
        };
        Some(answer)
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

/// Neighbours nearer than anybody, none of whom exists.
fn misdirection(target: &Id) -> Response {
    let invent = |n: u8| {
        let mut key = [n; 32];
        key[1..].copy_from_slice(&target.as_bytes()[..31]);
        let address = crate::Address::Ip(([10, 255, target.as_bytes()[0], n], 9).into());
        Contact::new(
            PublicKey::from_bytes(key),
            vec![address],
            crate::PROTOCOL_VERSION,
        )
    };
    Response::Nodes(Nodes {
        contacts: (0..20).map(invent).collect(),
        held: None,
    })
}
