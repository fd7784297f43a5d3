//! How long frames are, without encoding them.
//!
//! Owns the arithmetic of the wire format as far as its length goes. Refuses to be the format: a test holds
//! every length against what `wire` writes.

use crate::contact::{Address, Contact};
use crate::item::{Item, Version};
use crate::message::{Request, Response};
use crate::wire::HEADER_BYTES;

pub(super) fn request_bytes(addresses: &[Address], request: &Request) -> usize {
    let body = match request {
        Request::Ping => 0,
        Request::Store(store) => item(&store.item) + 1,
        Request::FindNode { .. } => 64,
        Request::FindValue(find) => 64 + option(find.newer_than.as_ref(), version) + 1,
        Request::Watch { lasting_ms, .. } => 64 + number(*lasting_ms),
    };
    HEADER_BYTES + list(addresses, address) + body
}

pub(super) fn response_bytes(response: &Response) -> usize {
    let body = match response {
        Response::Pong | Response::Stored => 0,
        Response::Nodes(nodes) => {
            list(&nodes.contacts, contact) + option(nodes.held.as_ref(), version)
        }
        Response::Value(value) => item(&value.item) + list(&value.contacts, contact),
        Response::Watching { lasting_ms } => number(*lasting_ms),
        Response::Failure(failure) => {
            1 + bytes(failure.detail.len()) + option(failure.newer.as_deref(), item)
        }
    };
    HEADER_BYTES + body
}

fn item(item: &Item) -> usize {
    let meta: usize = item
        .meta
        .iter()
        .map(|(key, value)| bytes(key.len()) + bytes(value.len()))
        .sum();
    64 + option(item.value.as_ref(), |value| bytes(value.len()))
        + option(item.value_hash.as_ref(), |_| 64)
        + number(item.timestamp)
        + number(item.expires)
        + bytes(item.name.len())
        + number(item.meta.len() as u64)
        + meta
        + number(u64::from(item.created_with))
        + 32
        + 64
}

fn contact(contact: &Contact) -> usize {
    32 + list(contact.addresses(), address) + number(u64::from(contact.version()))
}

fn address(address: &Address) -> usize {
    match address {
        Address::Ip(socket) => {
            let ip = if socket.is_ipv4() { 4 } else { 16 };
            2 + ip + number(u64::from(socket.port()))
        }
        Address::Relay(url) => 1 + bytes(url.len()),
    }
}

fn version(version: &Version) -> usize {
    number(version.timestamp) + 64
}

fn option<T>(value: Option<T>, length: impl Fn(T) -> usize) -> usize {
    1 + value.map_or(0, length)
}

fn list<T>(list: &[T], length: impl Fn(&T) -> usize) -> usize {
    number(list.len() as u64) + list.iter().map(length).sum::<usize>()
}

fn bytes(count: usize) -> usize {
    number(count as u64) + count
}

/// The length of a number in bincode's variable encoding.
fn number(number: u64) -> usize {
    match number {
        0..=250 => 1,
        251..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::PublicKey;
    use crate::id::Id;
    use crate::item::{Draft, Meta};
    use crate::message::{
        ErrorCode, Failure, FindValue, InteractionId, Nodes, Store, Value as Held,
    };
    use crate::wire::{RequestFrame, ResponseFrame};
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn draft(name: String, value: Vec<u8>, times: (u64, u64), meta: Meta) -> Arc<Item> {
        let draft = Draft {
            name: format!("n{name}"),
            value: (!value.is_empty()).then_some(value),
            timestamp: times.0,
            expires: times.1,
            meta,
        };
        Arc::new(Item::sign(&SigningKey::from_bytes(&[1; 32]), draft).unwrap())
    }

    fn contacts(count: u8, port: u16) -> Vec<Contact> {
        let contact = |number: u8| {
            let all = [
                Address::Ip(([10, 0, 0, number], port).into()),
                Address::Ip(([1, 2, 3, 4, 5, 6, 7, 8], port).into()),
                Address::Relay("https://relay.example".into()),
            ];
            let addresses = all[..usize::from(number % 4).min(3)].to_vec();
            Contact::new(PublicKey::from_bytes([number; 32]), addresses, 1)
        };
        (0..count).map(contact).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn lengths_are_those_of_the_encoded_frames(
            name in "[a-z]{0,300}",
            value in prop::collection::vec(any::<u8>(), 0..1000),
            times: (u64, u64),
            meta in prop::collection::btree_map("[a-z]{1,9}", "[a-z]{0,300}", 0..4),
            count in 0u8..20,
            port: u16,
            lasting_ms: u64,
        ) {
            let contacts = contacts(count, port);
            let item = draft(name, value, times, meta);
            let stub = Arc::new(item.to_stub());
            let key = Id::hash(b"key");
            let version = Version { timestamp: times.0, digest: key };
            let interaction = InteractionId(7);
            let requests = [
                Request::Ping,
                Request::Store(Store { item: item.clone(), cache: true }),
                Request::Store(Store { item: stub.clone(), cache: false }),
                Request::FindNode { target: key },
                Request::FindValue(FindValue { key, newer_than: Some(version), fresh: true }),
                Request::FindValue(FindValue { key, newer_than: None, fresh: true }),
                Request::Watch { key, lasting_ms },
            ];
            for request in requests {
                let addresses = contacts.last().map_or(Vec::new(), |c| c.addresses().to_vec());
                let counted = request_bytes(&addresses, &request);
                let frame = RequestFrame { interaction, addresses, request };
                prop_assert_eq!(counted, frame.encode().len());
            }
            let newer = Some(item.clone());
            let responses = [
                Response::Pong,
                Response::Stored,
                Response::Nodes(Nodes { contacts: contacts.clone(), held: Some(version) }),
                Response::Nodes(Nodes { contacts: contacts.clone(), held: None }),
                Response::Value(Held { item, contacts }),
                Response::Watching { lasting_ms },
                Response::Failure(Failure { newer, ..Failure::new(ErrorCode::Busy, "busy") }),
                Response::Failure(Failure::new(ErrorCode::Busy, "busy")),
            ];
            for response in responses {
                let counted = response_bytes(&response);
                let frame = ResponseFrame { interaction, response };
                prop_assert_eq!(counted, frame.encode().len());
            }
        }
    }
}
