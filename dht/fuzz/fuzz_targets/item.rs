//! Items from anywhere: whatever decodes encodes to the same item again, and checking it never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(item) = dht::wire::decode_item(bytes) {
        let again = dht::wire::decode_item(&dht::wire::encode_item(&item));
        assert_eq!(again.as_ref(), Ok(&item));
        let stub = item.to_stub();
        assert_eq!(stub.preimage(), item.preimage());
        let _ = item.check(1_700_000_000_000);
    }
});
