//! Frames from anywhere: whatever decodes encodes to the same frame again, and serving it never panics.
#![no_main]

use dht::wire::{RequestFrame, ResponseFrame};
use dht::{Config, Contact, Event, Kademlia, PublicKey, Token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = ResponseFrame::decode(bytes) {
        assert_eq!(ResponseFrame::decode(&frame.encode()), Ok(frame));
    }
    match RequestFrame::decode(bytes) {
        Ok(frame) => {
            assert_eq!(RequestFrame::decode(&frame.encode()).as_ref(), Ok(&frame));
            let mut node = Kademlia::new(Config::default(), PublicKey::from_bytes([1; 32]), [2; 32]);
            let from = Contact::new(PublicKey::from_bytes([3; 32]), frame.addresses, 1);
            let event = Event::Incoming {
                from,
                observed: None,
                interaction: frame.interaction,
                token: Token(0),
                request: frame.request,
            };
            node.handle(1_700_000_000_000, event);
        }
        Err(error) => drop(ResponseFrame::refusal(bytes, error).encode()),
    }
});
