//! Finding one string in another, in linear time (Knuth, Morris, Pratt 1977), and taking strings apart at what is found.

use super::{char_argument, cut, string_argument};
use crate::builtins::{Builtin, range_arguments, wrong_argument};
use crate::heap::Heap;
use crate::unicode;
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};

const PRICE: &str = "1 for each character of both";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "string-search",
        "(string-search pattern string [start end])",
        (2, 4),
        PRICE,
        "The place of the first match of the pattern in the string, or #f.",
        string_search,
    ),
    Builtin::plain(
        "string-contains",
        "(string-contains string pattern [start end [pattern-start pattern-end]])",
        (2, 6),
        PRICE,
        "The place of the first match of the pattern in the string, or #f.",
        string_contains,
    ),
    Builtin::plain(
        "string-split",
        "(string-split string [separator])",
        (1, 2),
        "3 for each character, 12 for each piece",
        "The pieces between the separators, a character or a string; without one, the words between the white space.",
        string_split,
    ),
    Builtin::plain(
        "string-prefix?",
        "(string-prefix? prefix string [prefix-start prefix-end [start end]])",
        (2, 6),
        "1 for every 4 characters of the prefix",
        "Whether a string begins with a prefix.",
        is_prefix,
    ),
    Builtin::plain(
        "string-suffix?",
        "(string-suffix? suffix string [suffix-start suffix-end [start end]])",
        (2, 6),
        "1 for every 4 characters of the suffix",
        "Whether a string ends with a suffix.",
        is_suffix,
    ),
];

/// Characters that are searched at least before looking at the fuel again.
const STRETCH_MIN: usize = 4096;

/// A pattern with its failure table.
struct Pattern {
    characters: Vec<char>,
    /// For each place, the length of the longest proper prefix of the pattern that ends there.
    borders: Vec<u32>,
}

impl Pattern {
    fn new(characters: Vec<char>) -> Pattern {
        let mut borders = vec![0u32; characters.len()];
        let mut matched = 0usize;
        for place in 1..characters.len() {
            while matched > 0 && characters[place] != characters[matched] {
                matched = borders[matched - 1] as usize;
            }
            matched += usize::from(characters[place] == characters[matched]);
            borders[place] = matched as u32;
        }
        Pattern {
            characters,
            borders,
        }
    }

    /// The places of the matches, which do not overlap.
    fn matches(&self, text: impl Iterator<Item = char>) -> impl Iterator<Item = usize> {
        let mut matched = 0;
        text.enumerate().filter_map(move |(place, c)| {
            while matched > 0 && c != self.characters[matched] {
                matched = self.borders[matched - 1] as usize;
            }
            matched += usize::from(c == self.characters[matched]);
            if matched < self.characters.len() {
                return None;
            }
            matched = 0;
            Some(place + 1 - self.characters.len())
        })
    }
}

/// Reads a string argument as a pattern; it is paid for.
fn pattern(m: &mut Machine, arguments: Arguments, index: usize) -> Result<Pattern, Fault> {
    let length = m.heap.string_length(m.arg(arguments, index));
    if u32::try_from(length).is_err() {
        return Err(Fault::MemoryExhausted);
    }
    m.charge(2 * length as u64)?;
    m.ask_to_hold(length)?;
    let string = m.arg(arguments, index);
    Ok(Pattern::new(
        m.heap.string_chars(string, 0, length).collect(),
    ))
}

fn search(m: &mut Machine, procedure: &str, arguments: Arguments, pattern_index: usize) -> Outcome {
    let text_index = 1 - pattern_index;
    let wanted = string_argument(m, procedure, arguments, pattern_index)?;
    let text = string_argument(m, procedure, arguments, text_index)?;
    let length = m.heap.string_length(text);
    let (start, end) = range_arguments(m, procedure, arguments, 2, length)?;
    let wanted_length = m.heap.string_length(wanted);
    if wanted_length == 0 {
        return Ok(Value::fixnum(start as i64));
    }
    if wanted_length > end - start {
        return Ok(Value::FALSE);
    }
    let pattern = pattern(m, arguments, pattern_index)?;
    let text = m.arg(arguments, text_index);
    // What is found early costs little: the text is paid for a stretch at a time, each at least as long as what it repeats of the last.
    let stretch = wanted_length + wanted_length.max(STRETCH_MIN);
    let mut from = start;
    while end - from >= wanted_length {
        let to = end.min(from.saturating_add(stretch));
        m.charge((to - from) as u64)?;
        let found = pattern.matches(m.heap.string_chars(text, from, to)).next();
        if let Some(place) = found {
            return Ok(Value::fixnum((from + place) as i64));
        }
        // A match may begin in the last places of this stretch.
        from = to - (wanted_length - 1);
        if to == end {
            break;
        }
    }
    Ok(Value::FALSE)
}

fn string_search(m: &mut Machine, arguments: Arguments) -> Outcome {
    search(m, "string-search", arguments, 0)
}

fn string_contains(m: &mut Machine, arguments: Arguments) -> Outcome {
    cut(m, "string-contains", arguments, 1, 4)?;
    search(m, "string-contains", arguments, 1)
}

/// Whether a stretch of one string is the same as another string.
fn has_at(heap: &Heap, string: Value, from: usize, part: Value) -> bool {
    let length = heap.string_length(part);
    heap.string_chars(string, from, from + length)
        .eq(heap.string_chars(part, 0, length))
}

fn affix(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    from: fn(usize, usize) -> usize,
) -> Outcome {
    cut(m, procedure, arguments, 0, 2)?;
    cut(m, procedure, arguments, 1, 4)?;
    let (part, string) = (m.arg(arguments, 0), m.arg(arguments, 1));
    let (short, long) = (m.heap.string_length(part), m.heap.string_length(string));
    if short > long {
        return Ok(Value::FALSE);
    }
    m.charge(short as u64 / 4)?;
    Ok(Value::boolean(has_at(
        &m.heap,
        string,
        from(short, long),
        part,
    )))
}

fn is_prefix(m: &mut Machine, arguments: Arguments) -> Outcome {
    affix(m, "string-prefix?", arguments, |_, _| 0)
}

fn is_suffix(m: &mut Machine, arguments: Arguments) -> Outcome {
    affix(m, "string-suffix?", arguments, |short, long| long - short)
}

/// Where a string is to be split.
enum Separator {
    Space,
    Character(char),
    Pattern(Pattern),
}

/// Calls `f` with the start and end of each piece of a string, from the first to the last.
fn each_piece(heap: &Heap, text: Value, separator: &Separator, mut f: impl FnMut(usize, usize)) {
    let length = heap.string_length(text);
    let characters = heap.string_chars(text, 0, length);
    let mut start = 0;
    match separator {
        Separator::Space => {
            for (place, c) in characters.enumerate() {
                if unicode::is_whitespace(c) {
                    if place > start {
                        f(start, place);
                    }
                    start = place + 1;
                }
            }
            if length > start {
                f(start, length);
            }
            return;
        }
        Separator::Character(wanted) => {
            for (place, c) in characters.enumerate() {
                if c == *wanted {
                    f(start, place);
                    start = place + 1;
                }
            }
        }
        Separator::Pattern(pattern) => {
            for place in pattern.matches(characters) {
                f(start, place);
                start = place + pattern.characters.len();
            }
        }
    }
    f(start, length);
}

fn separator(m: &mut Machine, arguments: Arguments) -> Result<Separator, Fault> {
    let Some(value) = m.optional(arguments, 1) else {
        return Ok(Separator::Space);
    };
    if value.as_char().is_some() {
        return char_argument(m, "string-split", arguments, 1).map(Separator::Character);
    }
    if m.is_string(value) && m.heap.string_length(value) > 0 {
        return pattern(m, arguments, 1).map(Separator::Pattern);
    }
    let what = "a character or a string that is not empty as its separator";
    Err(wrong_argument(m, "string-split", what, value))
}

fn string_split(m: &mut Machine, arguments: Arguments) -> Outcome {
    string_argument(m, "string-split", arguments, 0)?;
    let separator = separator(m, arguments)?;
    let text = m.arg(arguments, 0);
    let wide = !m.heap.string_is_narrow(text);
    m.charge(3 * m.heap.string_length(text) as u64)?;
    let (mut count, mut words) = (0usize, 0usize);
    each_piece(&m.heap, text, &separator, |start, end| {
        count += 1;
        words += 2 + Heap::blank_words(end - start, wide);
    });
    m.charge(12 * count as u64)?;
    m.ask_to_hold(2 * count)?;
    m.ensure(words)?;
    let text = m.arg(arguments, 0);
    let mut pieces = Vec::with_capacity(count);
    each_piece(&m.heap, text, &separator, |start, end| {
        pieces.push((start, end));
    });
    let mut list = Value::NIL;
    for (start, end) in pieces.into_iter().rev() {
        let piece = m.heap.string_blank(end - start, wide);
        m.heap.copy_characters(text, start, piece, 0, end - start);
        list = m.heap.cons(piece, list);
    }
    Ok(list)
}
