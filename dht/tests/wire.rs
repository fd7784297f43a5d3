//! The bytes on the wire: golden vectors, damage, and noise.

use std::sync::Arc;

use dht::wire::{
    self, FRAME_BYTES_MAX, RequestFrame, ResponseFrame, WireError, decode_item, encode_item,
};
use dht::{
    ADDRESSES_MAX, Address, CONTACTS_MAX, Contact, Draft, ErrorCode, FUTURE_MS_MAX, Failure,
    FindValue, Id, InteractionId, Item, ItemError, META_BYTES_MAX, NAME_BYTES_MAX, Nodes,
    PublicKey, RELAY_BYTES_MAX, Request, Response, Store, VALUE_BYTES_MAX, Value, Version,
    item_key,
};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

const NOW: u64 = 1_700_000_000_000;

fn author() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn draft() -> Draft {
    Draft {
        name: "recipes/bread".into(),
        value: Some(b"{:flour 500 :water 330}".to_vec()),
        timestamp: NOW,
        expires: NOW + 86_400_000,
        meta: [("lang".to_owned(), "en".to_owned())].into(),
    }
}

fn item() -> Item {
    Item::sign(&author(), draft()).unwrap()
}

fn contact(number: u8) -> Contact {
    let ip = Address::Ip(([192, 0, 2, number], 4433).into());
    let relay = Address::Relay("https://relay.example".into());
    Contact::new(PublicKey::from_bytes([number; 32]), vec![ip, relay], 1)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn requests() -> Vec<RequestFrame> {
    let version = Version {
        timestamp: NOW,
        digest: Id::hash(b"version"),
    };
    let bodies = [
        Request::Ping,
        Request::Store(Store {
            item: Arc::new(item()),
            cache: true,
        }),
        Request::FindNode {
            target: Id::hash(b"target"),
        },
        Request::FindValue(FindValue {
            key: item().key,
            newer_than: Some(version),
            fresh: true,
        }),
        Request::Watch {
            key: item().key,
            lasting_ms: 600_000,
        },
    ];
    let frame = |request| RequestFrame {
        interaction: InteractionId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        addresses: contact(1).addresses().to_vec(),
        request,
    };
    bodies.map(frame).into()
}

fn responses() -> Vec<ResponseFrame> {
    let failure = Failure::new(ErrorCode::Superseded, "newer");
    let item = Arc::new(item());
    let bodies = [
        Response::Pong,
        Response::Stored,
        Response::Nodes(Nodes {
            contacts: vec![contact(1), contact(2)],
            held: None,
        }),
        Response::Value(Value {
            item: item.clone(),
            contacts: vec![contact(3)],
        }),
        Response::Watching {
            lasting_ms: 600_000,
        },
        Response::Failure(Failure {
            newer: Some(item),
            ..failure
        }),
    ];
    bodies
        .map(|response| ResponseFrame {
            interaction: InteractionId(9),
            response,
        })
        .into()
}

#[test]
fn the_signed_bytes_and_the_key_do_not_change() {
    let item = item();
    assert_eq!(
        hex(&item.preimage()),
        include_str!("golden/item-preimage.hex").trim()
    );
    assert_eq!(
        item.key.to_string(),
        include_str!("golden/item-key.hex").trim()
    );
    assert_eq!(
        hex(&encode_item(&item)),
        include_str!("golden/item.hex").trim()
    );
    let tombstone = Item::sign(
        &author(),
        Draft {
            value: None,
            ..draft()
        },
    )
    .unwrap();
    assert_eq!(
        hex(&tombstone.preimage()),
        include_str!("golden/tombstone-preimage.hex").trim()
    );
}

#[test]
fn frames_do_not_change() {
    let frames: Vec<String> = requests()
        .iter()
        .map(|frame| hex(&frame.encode()))
        .chain(responses().iter().map(|frame| hex(&frame.encode())))
        .collect();
    let golden: Vec<&str> = include_str!("golden/frames.hex").lines().collect();
    assert_eq!(frames, golden);
}

#[test]
fn frames_round_trip_and_neither_lack_nor_carry_a_byte() {
    for frame in requests() {
        let mut bytes = frame.encode();
        assert_eq!(RequestFrame::decode(&bytes), Ok(frame));
        for end in 0..bytes.len() {
            assert!(RequestFrame::decode(&bytes[..end]).is_err());
        }
        bytes.push(0);
        assert_eq!(RequestFrame::decode(&bytes), Err(WireError::Malformed));
    }
    for frame in responses() {
        let mut bytes = frame.encode();
        assert_eq!(ResponseFrame::decode(&bytes), Ok(frame));
        for end in 0..bytes.len() {
            assert!(ResponseFrame::decode(&bytes[..end]).is_err());
        }
        bytes.push(0);
        assert_eq!(ResponseFrame::decode(&bytes), Err(WireError::Malformed));
    }
}

#[test]
fn the_largest_answer_fits_its_frame() {
    let relay = Address::Relay("r".repeat(RELAY_BYTES_MAX));
    let contacts = (0..CONTACTS_MAX)
        .map(|n| {
            let key = PublicKey::from_bytes([n as u8; 32]);
            Contact::new(key, vec![relay.clone(); ADDRESSES_MAX], u16::MAX)
        })
        .collect();
    let largest = Draft {
        name: "n".repeat(NAME_BYTES_MAX),
        value: Some(vec![0xff; VALUE_BYTES_MAX]),
        timestamp: u64::MAX,
        expires: u64::MAX,
        meta: [(String::new(), "m".repeat(META_BYTES_MAX))].into(),
    };
    let item = Arc::new(Item::sign(&author(), largest).unwrap());
    let response = Response::Value(Value { item, contacts });
    let bytes = ResponseFrame {
        interaction: InteractionId(u128::MAX),
        response,
    }
    .encode();
    assert!(bytes.len() <= FRAME_BYTES_MAX, "{}", bytes.len());
    assert!(ResponseFrame::decode(&bytes).is_ok());
}

#[test]
fn bad_frames_are_answered_with_the_right_code() {
    let good = requests()[0].encode();
    let mut version = good.clone();
    version[1] = 9;
    let mut kind = good.clone();
    kind[18] = 99;
    let oversized = vec![0; FRAME_BYTES_MAX + 1];
    let cases: [(&[u8], ErrorCode); 5] = [
        (&version, ErrorCode::UnsupportedProtocol),
        (&kind, ErrorCode::UnknownRequest),
        (&good[..good.len() - 1], ErrorCode::BadRequest),
        (&oversized, ErrorCode::TooBig),
        (b"", ErrorCode::BadRequest),
    ];
    for (bytes, code) in cases {
        let error = RequestFrame::decode(bytes).unwrap_err();
        assert_eq!(error.code(), code);
        let refusal = ResponseFrame::refusal(bytes, error).encode();
        let Response::Failure(failure) = ResponseFrame::decode(&refusal).unwrap().response else {
            panic!("a refusal is a failure");
        };
        assert_eq!(failure.code, code);
    }
    let refusal = ResponseFrame::refusal(&kind, WireError::UnknownKind(99));
    assert_eq!(refusal.interaction, requests()[0].interaction);
}

#[test]
fn lists_and_strings_beyond_their_limits_are_refused() {
    // A Nodes answer claiming 2^60 contacts, and one claiming 21 that are there.
    let mut header = responses()[2].encode();
    header.truncate(19);
    let mut bytes = header.clone();
    bytes.extend([253, 0, 0, 0, 0, 0, 0, 0, 16]);
    assert_eq!(ResponseFrame::decode(&bytes), Err(WireError::Malformed));
    let contacts = vec![contact(1); CONTACTS_MAX + 1];
    let response = Response::Nodes(Nodes {
        contacts,
        held: None,
    });
    let bytes = ResponseFrame {
        interaction: InteractionId(1),
        response,
    }
    .encode();
    assert_eq!(ResponseFrame::decode(&bytes), Err(WireError::Malformed));
    let mut long = item();
    long.name = "n".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(decode_item(&encode_item(&long)), Err(WireError::Malformed));
}

#[test]
fn items_are_refused_for_what_is_wrong_with_them() {
    type Damage = fn(&mut Item);
    let cases: [(Damage, ItemError); 7] = [
        (
            |item| item.value = Some(b"other".to_vec()),
            ItemError::ValueHash,
        ),
        (|item| item.timestamp += 1, ItemError::Signature),
        (|item| item.name.push('!'), ItemError::KeyMismatch),
        (
            |item| item.key = Id::hash(b"elsewhere"),
            ItemError::KeyMismatch,
        ),
        (
            |item| item.public_key = PublicKey::from_bytes([3; 32]),
            ItemError::KeyMismatch,
        ),
        (|item| item.created_with = 2, ItemError::UnknownVersion),
        (|item| item.value_hash = None, ItemError::Malformed),
    ];
    for (damage, error) in cases {
        let mut item = item();
        damage(&mut item);
        assert_eq!(item.check(NOW).unwrap_err(), error);
    }
    assert!(item().check(NOW).is_ok());
    assert!(item().check(NOW - FUTURE_MS_MAX).is_ok());
    assert_eq!(
        item().check(NOW - FUTURE_MS_MAX - 1).unwrap_err(),
        ItemError::FromTheFuture
    );
    assert_eq!(
        item().check(NOW + 86_400_000).unwrap_err(),
        ItemError::Expired
    );
    // Somebody else's signature over the same words.
    let mut theirs = item();
    theirs.public_key = SigningKey::from_bytes(&[8; 32]).verifying_key().into();
    theirs.key = item_key(&theirs.public_key, &theirs.name);
    assert_eq!(theirs.check(NOW).unwrap_err(), ItemError::Signature);
    // A stub's signature holds.
    assert!(item().to_stub().check(NOW).is_ok());
}

#[test]
fn no_draft_beyond_the_limits_is_signed() {
    let too_big = [
        Draft {
            value: Some(vec![0; VALUE_BYTES_MAX + 1]),
            ..draft()
        },
        Draft {
            name: "n".repeat(NAME_BYTES_MAX + 1),
            ..draft()
        },
        Draft {
            meta: [("k".into(), "v".repeat(META_BYTES_MAX))].into(),
            ..draft()
        },
    ];
    for draft in too_big {
        assert_eq!(Item::sign(&author(), draft).unwrap_err(), ItemError::TooBig);
    }
    let nameless = Draft {
        name: String::new(),
        ..draft()
    };
    assert_eq!(
        Item::sign(&author(), nameless).unwrap_err(),
        ItemError::Malformed
    );
}

#[test]
fn every_flipped_bit_is_noticed() {
    let good = item();
    let bytes = encode_item(&good);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(decoded) = decode_item(&damaged) {
            let checked = decoded.check(NOW);
            assert!(checked.is_err(), "bit {bit}: {checked:?}");
        }
    }
}

#[test]
fn one_more_than_just_below_is_the_version_itself() {
    let version = |timestamp, digest| Version {
        timestamp,
        digest: Id::from_bytes(digest),
    };
    let one = version(5, [1; 64]);
    assert!(one.just_below() < one);
    let mut below = [1; 64];
    below[63] = 0;
    assert_eq!(one.just_below(), version(5, below));
    assert_eq!(version(5, [0; 64]).just_below(), version(4, [0xff; 64]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn noise_is_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = RequestFrame::decode(&bytes);
        let _ = ResponseFrame::decode(&bytes);
        let _ = decode_item(&bytes);
        let _ = wire::decode_record::<dht::BlockRecord>(&bytes);
    }

    #[test]
    fn noise_behind_a_good_header_is_refused_without_panic(
        kind in prop::sample::select(vec![0u8, 1, 2, 3, 4, 128, 129, 130, 131, 132, 255]),
        noise in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut bytes = requests()[0].encode();
        bytes.truncate(18);
        bytes.push(kind);
        bytes.extend(noise);
        let _ = RequestFrame::decode(&bytes);
        let _ = ResponseFrame::decode(&bytes);
    }

    #[test]
    fn damaged_frames_never_bring_another_item(
        place in any::<prop::sample::Index>(),
        flips in 1u8..=255,
        which in 0usize..5,
    ) {
        let mut bytes = requests()[which].encode();
        let place = place.index(bytes.len());
        bytes[place] ^= flips;
        if let Ok(RequestFrame { request: Request::Store(store), .. }) = RequestFrame::decode(&bytes) {
            let decoded = Item::clone(&store.item);
            prop_assert!(decoded == item() || decoded.check(NOW).is_err());
        }
    }

    #[test]
    fn items_round_trip(
        value in prop::option::of(prop::collection::vec(any::<u8>(), 0..300)),
        name in "\\PC{1,40}",
        meta in prop::collection::btree_map("\\PC{0,9}", "\\PC{0,9}", 0..6),
        timestamp in 0..=NOW,
        expires in prop::sample::select(vec![0, NOW + 1]),
    ) {
        let item = Item::sign(&author(), Draft { name, value, timestamp, expires, meta }).unwrap();
        prop_assert_eq!(&decode_item(&encode_item(&item)).unwrap(), &item);
        prop_assert!(item.check(NOW).is_ok());
    }
}
