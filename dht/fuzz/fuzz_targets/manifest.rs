//! Manifests from anywhere: what decodes encodes to the same bytes, and promises no more than is allowed.
#![no_main]

use dht::{Assembly, LARGE_VALUE_BYTES_MAX, Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::decode(bytes) {
        assert_eq!(manifest.encode(), bytes);
        assert!(manifest.length() <= LARGE_VALUE_BYTES_MAX);
        let mut assembly = Assembly::new(manifest.clone());
        assert_eq!(assembly.missing().count(), manifest.count());
        let _ = assembly.put(0, bytes.to_vec());
    }
});
