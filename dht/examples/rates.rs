//! How many items one thread can check in a second, beside what the signature library does alone:
//!
//! ```text
//! cargo run --release -p dht --example rates
//! ```
//!
//! Both take turns on the same items, so that whatever else this machine does is the same for both.
// This measures; nothing here is part of the state machine.
#![allow(clippy::disallowed_methods)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use dht::{Draft, Item, KnownKeys, VerifiedItem};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};

const AUTHORS: u16 = 100;
const ITEMS: usize = 500;
const ROUNDS: usize = 31;

fn main() {
    println!(
        "| value bytes | signatures alone/s | with decoding the key/s | items/s | items of that |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for size in [0, 100, 1024, 64 * 1024] {
        let items = items(size);
        let signed: Vec<Signed> = items.iter().map(Signed::of).collect();
        let known = KnownKeys::default();
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            times[0].push(time(&signed, |one| {
                one.key.verify_strict(&one.preimage, &one.signature).is_ok()
            }));
            times[1].push(time(&signed, |one| {
                let key = VerifyingKey::from_bytes(&one.key_bytes);
                key.is_ok_and(|key| key.verify_strict(&one.preimage, &one.signature).is_ok())
            }));
            times[2].push(time(&items, |item| {
                VerifiedItem::new(item.clone(), &known).is_ok()
            }));
        }
        let [alone, decoding, whole] = times.map(|mut times| {
            times.sort();
            ITEMS as f64 / times[ROUNDS / 2].as_secs_f64()
        });
        println!(
            "| {size} | {alone:.0} | {decoding:.0} | {whole:.0} | {:.1} % |",
            whole / alone * 100.0
        );
    }
}

struct Signed {
    key: VerifyingKey,
    key_bytes: [u8; 32],
    preimage: Vec<u8>,
    signature: Signature,
}

impl Signed {
    fn of(item: &Arc<Item>) -> Signed {
        let key_bytes = *item.public_key.as_bytes();
        Signed {
            key: VerifyingKey::from_bytes(&key_bytes).expect("authors have good keys"),
            key_bytes,
            preimage: item.preimage(),
            signature: Signature::from_bytes(&item.signature.0),
        }
    }
}

fn items(size: usize) -> Vec<Arc<Item>> {
    let author = |number: u16| {
        let mut secret = [7; 32];
        secret[..2].copy_from_slice(&number.to_be_bytes());
        SigningKey::from_bytes(&secret)
    };
    let authors: Vec<SigningKey> = (0..AUTHORS).map(author).collect();
    let item = |number: usize| {
        let draft = Draft {
            name: format!("recipes/bread-{number}"),
            value: Some(vec![number as u8; size]),
            timestamp: 1_700_000_000_000,
            ..Draft::default()
        };
        let author = &authors[number % authors.len()];
        Arc::new(Item::sign(author, draft).expect("a good draft is signed"))
    };
    (0..ITEMS).map(item).collect()
}

/// How long it takes to check all of these; each must pass.
fn time<T>(all: &[T], is_good: impl Fn(&T) -> bool) -> Duration {
    let began = Instant::now();
    assert!(all.iter().all(is_good), "everything was signed well");
    began.elapsed()
}
