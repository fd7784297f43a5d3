//! Any text is read or refused, within bounds that follow from its length, and what is read is the same when it is
//! cut out and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logos::number::EXACT_LITERAL_DIGITS_MAX;
use logos::reader::{Meter, NODE_BYTES, Reader};
use logos::symbol::Symbols;
use logos::syntax::{SourceId, Span, Syntax};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut symbols = Symbols::new();
    let mut reader = Reader::new(text, SourceId(1), &mut symbols);
    let mut data: Vec<Syntax> = Vec::new();
    let error = loop {
        let before = reader.position();
        match reader.next() {
            Ok(Some(datum)) => {
                assert!(reader.position() > before, "each datum takes some text");
                data.push(datum);
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let made = reader.made();
    let length = text.len() as u64;
    assert!(made.nodes <= 3 * length, "{made:?} for {length} bytes");
    // What is exact may have more digits than are written.
    let exact = text.to_ascii_lowercase().matches("#e").count() as u64;
    let digits = exact * EXACT_LITERAL_DIGITS_MAX as u64;
    assert!(
        made.bytes <= 4 * NODE_BYTES * length + 2 * digits,
        "{made:?} for {length} bytes"
    );
    let slice = |span: Span| {
        let slice = text.get(span.start as usize..span.end as usize);
        slice.expect("spans lie on characters of the text")
    };
    if let Some(error) = error {
        slice(error.span);
        assert!(!error.message.is_empty());
    }
    // Directives change how the text after them is read.
    if !text.contains("#!") {
        for datum in &data {
            let again = slice(datum.span());
            let mut reader = Reader::new(again, SourceId(1), &mut symbols);
            let copy = reader
                .next()
                .expect("it was read before")
                .expect("it is not empty");
            assert_eq!(copy.span().end as usize, again.len());
            assert!(reader.next().is_ok_and(|rest| rest.is_none()));
        }
    }
    let limits = Meter {
        nodes: made.nodes,
        ..made
    };
    let mut reader = Reader::new(text, SourceId(1), &mut symbols).with_limits(limits);
    let count = std::iter::from_fn(|| reader.next().ok().flatten()).count();
    assert_eq!(
        count,
        data.len(),
        "what was made is enough to make it again"
    );
});
