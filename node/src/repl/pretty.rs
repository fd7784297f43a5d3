//! Values laid out for people: long ones over several lines, long bytevectors by their beginning.
//! Scripts and `-e` print values as `write` does.

use logos::reader::Reader;
use logos::symbol::Symbols;
use logos::syntax::{Datum, SourceId, Syntax};

/// Longest written value that is laid out, in bytes; a longer one is shown as it is.
const LENGTH_MAX: usize = 64 * 1024;
/// Deepest nesting that is laid out.
const DEPTH_MAX: usize = 64;
/// Characters of a line.
const WIDTH: usize = 100;
/// Longest bytevector that is shown whole, in bytes.
const BYTES_MAX: usize = 16;
/// Bytes shown of a longer one.
const BYTES_SHOWN: usize = 4;

/// A value as `write` prints it, laid out.
pub fn pretty(written: &str) -> String {
    if written.len() > LENGTH_MAX || depth(written) > DEPTH_MAX {
        return written.to_string();
    }
    let mut symbols = Symbols::new();
    let mut reader = Reader::new(written, SourceId::default(), &mut symbols);
    // What has no written form of its own, such as a procedure, cannot be read.
    let Ok(Some(value)) = reader.next() else {
        return written.to_string();
    };
    let layout = Layout { written };
    let mut text = String::new();
    layout.put(&value, 0, &mut text);
    text
}

/// What a string that `write` printed says, if it is one.
pub fn page(written: &str) -> Option<String> {
    if !written.starts_with('"') {
        return None;
    }
    let mut symbols = Symbols::new();
    let read = Reader::new(written, SourceId::default(), &mut symbols).next();
    match read.ok()??.datum() {
        Datum::String(text) => Some(text.to_string()),
        _ => None,
    }
}

/// At least the depth of nesting.
fn depth(written: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in written.bytes() {
        match byte {
            b'(' | b'{' | b'\'' | b'`' | b',' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

struct Layout<'a> {
    written: &'a str,
}

/// One line for each of these, after an opening bracket.
enum Part<'a> {
    Item(&'a Syntax),
    Entry(&'a Syntax, &'a Syntax),
}

impl Layout<'_> {
    /// Adds a value that begins in column `indent`. The depth is bounded.
    fn put(&self, value: &Syntax, indent: usize, text: &mut String) {
        let flat = self.flat(value);
        if indent + flat.chars().count() <= WIDTH {
            text.push_str(&flat);
            return;
        }
        let (open, parts, close): (_, Vec<Part<'_>>, _) = match value.datum() {
            Datum::List(items, None) => ("(", items.iter().map(Part::Item).collect(), ")"),
            Datum::Vector(items) => ("#(", items.iter().map(Part::Item).collect(), ")"),
            Datum::Dict(entries) => {
                let entries = entries.iter().map(|(key, value)| Part::Entry(key, value));
                ("{", entries.collect(), "}")
            }
            _ => {
                text.push_str(&flat);
                return;
            }
        };
        text.push_str(open);
        let inner = indent + open.len();
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                text.push('\n');
                text.push_str(&" ".repeat(inner));
            }
            match part {
                Part::Item(item) => self.put(item, inner, text),
                Part::Entry(key, value) => {
                    let key = self.flat(key);
                    let column = inner + key.chars().count() + 1;
                    text.push_str(&key);
                    text.push(' ');
                    self.put(value, column, text);
                }
            }
        }
        text.push_str(close);
    }

    /// A value in one line. The depth is bounded.
    fn flat(&self, value: &Syntax) -> String {
        let together = |parts: Vec<String>| parts.join(" ");
        match value.datum() {
            Datum::Bytes(bytes) if bytes.len() > BYTES_MAX => {
                let shown = bytes[..BYTES_SHOWN]
                    .iter()
                    .map(|byte| format!("{byte:02x}"));
                format!("#u8({}… {} bytes)", shown.collect::<String>(), bytes.len())
            }
            Datum::List(items, None) if self.slice(value).starts_with('(') => {
                let items = items.iter().map(|item| self.flat(item)).collect();
                format!("({})", together(items))
            }
            Datum::Vector(items) => {
                let items = items.iter().map(|item| self.flat(item)).collect();
                format!("#({})", together(items))
            }
            Datum::Dict(entries) => {
                let entries = entries.iter();
                let entries = entries
                    .map(|(key, value)| format!("{} {}", self.flat(key), self.flat(value)))
                    .collect();
                format!("{{{}}}", together(entries))
            }
            _ => self.slice(value).to_string(),
        }
    }

    fn slice(&self, value: &Syntax) -> &str {
        let span = value.span();
        self.written
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_stay_as_they_are() {
        let values = [
            "42",
            "\"a (b\"",
            "(1 . 2)",
            "'(a b)",
            "#u8(1 2 3)",
            "{:a 1 :b (2 3)}",
            "#<procedure f>",
            "(#<promise> 1)",
            "#0=(1 . #0#)",
            "#\\(",
            "",
        ];
        for value in values {
            assert_eq!(pretty(value), value);
        }
    }

    #[test]
    fn long_values_are_broken_where_they_nest() {
        let word = "x".repeat(60);
        let value = format!("{{:first ({word} {word}) :second 2}}");
        let expected = format!("{{:first ({word}\n         {word})\n :second 2}}");
        assert_eq!(pretty(&value), expected);
    }

    #[test]
    fn keys_are_shown_by_their_beginning() {
        let key = format!("#u8(159 85{})", " 0".repeat(30));
        assert_eq!(pretty(&key), "#u8(9f550000… 32 bytes)");
    }

    #[test]
    fn no_depth_is_too_much() {
        let deep = "(".repeat(30_000) + &")".repeat(30_000);
        assert_eq!(pretty(&deep), deep);
    }
}
