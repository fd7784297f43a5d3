//! A text as its smallest parts, each exactly as written. Only for texts that can be read: what a
//! part means is the reader's affair.

use logos::reader::is_delimiter;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `(` and its like, `#(` and `#u8(` included.
    Open,
    /// `)` and its like.
    Close,
    /// `'` and its like, `#;`, `#1=`: belongs to what follows.
    Prefix,
    /// Anything else that is not a comment.
    Atom,
    /// From `;` to the end of the line, and a first line for the system.
    LineComment,
    /// `#| … |#`.
    BlockComment,
}

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lexeme<'a> {
    pub part: Part,
    /// As written, blanks at the end of a comment left out.
    pub text: &'a str,
    /// Line ends between the part before and this one.
    pub lines_before: usize,
}

impl Lexeme<'_> {
    pub fn is_comment(&self) -> bool {
        matches!(self.part, Part::LineComment | Part::BlockComment)
    }
}

/// The parts of a text, in order.
pub fn lexemes(text: &str) -> Vec<Lexeme<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    let mut rest = text;
    let mut lines_before = 0;
    if rest.starts_with("#!/") || rest.starts_with("#! ") {
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        found.push(Lexeme {
            part: Part::LineComment,
            text: rest[..length].trim_end(),
            lines_before,
        });
        rest = &rest[length..];
    }
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() || first != '#' && is_delimiter(first) && !is_sign(first) {
            lines_before +=
                usize::from(first == '\n' || first == '\r' && !rest.starts_with("\r\n"));
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (part, length) = part(rest, first);
        let (text, after) = rest.split_at(length);
        let text = if part == Part::LineComment {
            text.trim_end()
        } else {
            text
        };
        found.push(Lexeme {
            part,
            text,
            lines_before,
        });
        (rest, lines_before) = (after, 0);
    }
    found
}

/// Whether a delimiter is more than a blank.
fn is_sign(c: char) -> bool {
    "()[]{}\";|'`,".contains(c)
}

/// The part that a text begins with, and its length.
fn part(rest: &str, first: char) -> (Part, usize) {
    match first {
        '(' | '[' | '{' => (Part::Open, 1),
        ')' | ']' | '}' => (Part::Close, 1),
        '\'' | '`' => (Part::Prefix, 1),
        ',' if rest.starts_with(",@") => (Part::Prefix, 2),
        ',' => (Part::Prefix, 1),
        ';' => (
            Part::LineComment,
            rest.find(['\n', '\r']).unwrap_or(rest.len()),
        ),
        '"' => (Part::Atom, quoted(rest, '"')),
        '#' => after_hash(rest),
        _ => (Part::Atom, word(rest, 0)),
    }
}

fn after_hash(rest: &str) -> (Part, usize) {
    let after = &rest[1..];
    if after.starts_with('|') {
        return (Part::BlockComment, block_comment(rest));
    }
    if after.starts_with(';') {
        return (Part::Prefix, 2);
    }
    if let Some(character) = after.strip_prefix('\\') {
        // The character itself may be a delimiter.
        let character = character.chars().next().map_or(0, char::len_utf8);
        return (Part::Atom, word(rest, 2 + character));
    }
    let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 && after[digits..].starts_with('=') {
        return (Part::Prefix, digits + 2);
    }
    let length = word(rest, 1);
    if rest[length..].starts_with(['(', '[']) {
        (Part::Open, length + 1)
    } else {
        (Part::Atom, length)
    }
}

/// The length of a name or number, from a byte that belongs to it on; parts of a name may stand
/// between bars.
fn word(rest: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(c) = rest[at..].chars().next() {
        match c {
            '|' => at += quoted(&rest[at..], '|'),
            c if is_delimiter(c) => break,
            c => at += c.len_utf8(),
        }
    }
    at
}

/// The length of what stands between two of `close`.
fn quoted(rest: &str, close: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == close => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let left = &rest[at..];
        if left.starts_with("#|") {
            (depth, at) = (depth + 1, at + 2);
        } else if left.starts_with("|#") {
            (depth, at) = (depth - 1, at + 2);
        } else if let Some(c) = left.chars().next() {
            at += c.len_utf8();
        } else {
            return at;
        }
        if depth == 0 {
            return at;
        }
    }
}
