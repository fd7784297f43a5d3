//! Text to tokens, in parsers of nom. Each takes the text that is left and gives what it found and the
//! text after that; none calls itself, and each looks at every character a bounded number of times.

use super::error::excerpt;
use super::word::{simple_name, word};
use crate::unicode;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::character::complete::{anychar, char, hex_digit1, one_of};
use nom::combinator::{opt, value};
use nom::error::{ErrorKind, ParseError};
use nom::sequence::terminated;
use nom::{IResult, Parser};

/// One token. Brackets are named by the one that closes them.
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> {
    OpenList(char),
    OpenVector(char),
    OpenBytes(char),
    OpenDict,
    Close(char),
    /// `'` and its like: the name it stands for.
    Mark(&'static str),
    Dot,
    /// `#;`
    SkipNext,
    /// `#1=`
    Label(u32),
    /// `#1#`
    Reference(u32),
    /// `#!fold-case`, `#!no-fold-case`
    FoldCase(bool),
    Bool(bool),
    /// What must be a number, or is wrong.
    Numeral(&'a str),
    Char(char),
    String(String),
    /// A name without bars, not yet folded.
    Name(&'a str),
    /// A name between bars.
    BarName(String),
}

/// What a parser cannot go on with: where, as the text that was left there, and why.
#[derive(Debug)]
pub struct Fault<'a> {
    pub rest: &'a str,
    /// How many bytes of `rest` to mark.
    pub length: usize,
    /// Whether the text ended too early.
    pub incomplete: bool,
    pub message: String,
    pub hint: Option<String>,
}

impl<'a> ParseError<&'a str> for Fault<'a> {
    fn from_error_kind(rest: &'a str, _kind: ErrorKind) -> Fault<'a> {
        let length = rest.chars().next().map_or(0, char::len_utf8);
        let message = String::new();
        Fault {
            rest,
            length,
            incomplete: false,
            message,
            hint: None,
        }
    }

    fn append(_rest: &'a str, _kind: ErrorKind, other: Fault<'a>) -> Fault<'a> {
        other
    }
}

pub type Parsed<'a, T> = IResult<&'a str, T, Fault<'a>>;

pub fn invalid<'a, T>(
    rest: &'a str,
    length: usize,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> Parsed<'a, T> {
    let (message, hint): (String, String) = (message.into(), hint.into());
    let hint = (!hint.is_empty()).then_some(hint);
    Err(nom::Err::Failure(Fault {
        rest,
        length,
        incomplete: false,
        message,
        hint,
    }))
}

fn incomplete<T>(rest: &str, message: impl Into<String>) -> Parsed<'_, T> {
    let message = message.into();
    Err(nom::Err::Failure(Fault {
        rest,
        length: 0,
        incomplete: true,
        message,
        hint: None,
    }))
}

/// Whitespace and comments, except `#;`.
pub fn atmosphere(input: &str) -> Parsed<'_, ()> {
    let mut rest = input;
    loop {
        rest = rest.trim_ascii_start();
        match rest.as_bytes().first() {
            Some(b';') => {
                let ends = |byte: u8| byte == b'\n' || byte == b'\r';
                let length = rest.bytes().position(ends);
                rest = &rest[length.unwrap_or(rest.len())..];
            }
            Some(b'#') if rest.starts_with("#|") => rest = block_comment(rest)?.0,
            // A vertical tab, or one of Unicode's own spaces.
            Some(&byte) if byte == b'\x0b' || !byte.is_ascii() => {
                let (after, space) = take_while(unicode::is_whitespace).parse(rest)?;
                if space.is_empty() {
                    return Ok((rest, ()));
                }
                rest = after;
            }
            _ => return Ok((rest, ())),
        }
    }
}

/// `#| … |#`, which nests.
fn block_comment(input: &str) -> Parsed<'_, ()> {
    let (mut rest, _) = tag("#|").parse(input)?;
    let mut depth = 1_usize;
    while depth > 0 {
        let (found, _) = take_till(|c| c == '#' || c == '|').parse(rest)?;
        let step: Parsed<'_, &str> = alt((tag("#|"), tag("|#"))).parse(found);
        rest = match step {
            Ok((after, "#|")) => {
                depth += 1;
                after
            }
            Ok((after, _)) => {
                depth -= 1;
                after
            }
            Err(_) => match found.char_indices().nth(1) {
                Some((next, _)) => &found[next..],
                None => return incomplete(input, "This comment is not closed."),
            },
        };
    }
    Ok((rest, ()))
}

/// The token at the very start of `input`, which is not empty.
pub fn token(input: &str) -> Parsed<'_, Token<'_>> {
    if let Some((rest, name)) = simple_name(input) {
        return Ok((rest, Token::Name(name)));
    }
    let (rest, first) = anychar(input)?;
    match first {
        '(' => Ok((rest, Token::OpenList(')'))),
        '[' => Ok((rest, Token::OpenList(']'))),
        '{' => Ok((rest, Token::OpenDict)),
        ')' | ']' | '}' => Ok((rest, Token::Close(first))),
        '\'' => Ok((rest, Token::Mark("quote"))),
        '`' => Ok((rest, Token::Mark("quasiquote"))),
        ',' => {
            let (rest, at) = opt(char('@')).parse(rest)?;
            Ok((
                rest,
                Token::Mark(if at.is_some() {
                    "unquote-splicing"
                } else {
                    "unquote"
                }),
            ))
        }
        '"' => quoted(rest, '"').map(|(rest, text)| (rest, Token::String(text))),
        '|' => quoted(rest, '|').map(|(rest, text)| (rest, Token::BarName(text))),
        '#' => hash(input, rest),
        _ => word(input),
    }
}

/// Whether a name, a number and the like end before this character.
pub fn is_delimiter(c: char) -> bool {
    match c {
        '(' | ')' | '[' | ']' | '{' | '}' | '"' | ';' | '|' | '\'' | '`' | ',' => true,
        _ => unicode::is_whitespace(c),
    }
}

/// The contents of a string or of a name between bars, from after the opening `close` to after the closing one.
fn quoted(input: &str, close: char) -> Parsed<'_, String> {
    let mut text = String::new();
    let mut rest = input;
    loop {
        let (found, plain) = take_till(|c| c == close || c == '\\' || c == '\r').parse(rest)?;
        text.push_str(plain);
        let mut characters = found.chars();
        match characters.next() {
            Some('\\') => rest = escape(found, &mut text)?.0,
            // Every line ending is one newline.
            Some('\r') => {
                text.push('\n');
                rest = characters.as_str();
                rest = rest.strip_prefix('\n').unwrap_or(rest);
            }
            Some(_) => return Ok((characters.as_str(), text)),
            None if close == '"' => {
                return incomplete(input, "This text is not closed: a `\"` is missing.");
            }
            None => return incomplete(input, "This name is not closed: a `|` is missing."),
        }
    }
}

/// One escape, from its backslash; what it stands for is added to `text`.
fn escape<'a>(input: &'a str, text: &mut String) -> Parsed<'a, ()> {
    let (after, _) = char('\\').parse(input)?;
    if after.is_empty() {
        return incomplete(input, "This text ends with a backslash.");
    }
    let simple = alt((
        value('\x07', char('a')),
        value('\x08', char('b')),
        value('\t', char('t')),
        value('\n', char('n')),
        value('\r', char('r')),
        one_of("\"\\|"),
    ));
    let simple: Parsed<'_, char> = { simple }.parse(after);
    if let Ok((rest, c)) = simple {
        text.push(c);
        return Ok((rest, ()));
    }
    if after.starts_with(['x', 'X']) {
        let digits: Parsed<'_, &str> = terminated(hex_digit1, char(';')).parse(&after[1..]);
        let Ok((rest, digits)) = digits else {
            let hint = "Write it as `\\x41;`: the digits of the character, then a semicolon.";
            return invalid(input, 2, "This character code is not complete.", hint);
        };
        let Some(c) = character_of_code(digits) else {
            let length = input.len() - rest.len();
            return invalid(input, length, "There is no character with this code.", "");
        };
        text.push(c);
        return Ok((rest, ()));
    }
    line_continuation(input, after)
}

/// A backslash at the end of a line: the line's end and the next line's indentation are left out.
fn line_continuation<'a>(input: &'a str, after: &'a str) -> Parsed<'a, ()> {
    let blank = |c: char| c == ' ' || c == '\t';
    let (rest, _) = take_while(blank).parse(after)?;
    if rest.is_empty() {
        return incomplete(input, "This text ends with a backslash.");
    }
    let ending: Parsed<'_, &str> = alt((tag("\r\n"), tag("\n"), tag("\r"))).parse(rest);
    match ending {
        Ok((rest, _)) => take_while(blank).map(|_| ()).parse(rest),
        Err(_) => {
            let length = 1 + after.chars().next().map_or(0, char::len_utf8);
            let what = format!("{} means nothing in a text.", excerpt(&input[..length]));
            invalid(
                input,
                length,
                what,
                "For a backslash itself, write two of them: `\\\\`.",
            )
        }
    }
}

fn character_of_code(digits: &str) -> Option<char> {
    u32::from_str_radix(digits, 16)
        .ok()
        .and_then(char::from_u32)
}

/// What begins with `#`: `input` from there, `rest` after it.
fn hash<'a>(input: &'a str, rest: &'a str) -> Parsed<'a, Token<'a>> {
    let after = |length: usize| &rest[length..];
    match rest.chars().next() {
        Some('(') => Ok((after(1), Token::OpenVector(')'))),
        Some('[') => Ok((after(1), Token::OpenVector(']'))),
        Some(';') => Ok((after(1), Token::SkipNext)),
        Some('\\') => character(input, after(1)),
        Some('!') => directive(input, after(1)),
        Some(c) if c.is_ascii_digit() => label(input, rest),
        _ => hash_word(input),
    }
}

/// `#1=` or `#1#`.
fn label<'a>(input: &'a str, rest: &'a str) -> Parsed<'a, Token<'a>> {
    let (rest, digits) = take_while1(|c: char| c.is_ascii_digit()).parse(rest)?;
    let sign: Parsed<'_, char> = one_of("=#").parse(rest);
    let length = input.len() - rest.len();
    match (sign, digits.parse()) {
        (Ok((rest, '=')), Ok(number)) => Ok((rest, Token::Label(number))),
        (Ok((rest, _)), Ok(number)) => Ok((rest, Token::Reference(number))),
        (Ok(_), Err(_)) => invalid(input, length, "The number of this label is too big.", ""),
        (Err(_), _) => invalid(
            input,
            length,
            format!("{} means nothing here.", excerpt(&input[..length])),
            "A label is written `#1=value`, and used again as `#1#`.",
        ),
    }
}

/// `#!fold-case` and the like.
fn directive<'a>(input: &'a str, rest: &'a str) -> Parsed<'a, Token<'a>> {
    let (rest, name) = take_till(is_delimiter).parse(rest)?;
    match name {
        "fold-case" => Ok((rest, Token::FoldCase(true))),
        "no-fold-case" => Ok((rest, Token::FoldCase(false))),
        _ => {
            let length = input.len() - rest.len();
            let hint = "Only `#!fold-case` and `#!no-fold-case` can stand here.";
            let what = format!("{} means nothing here.", excerpt(&input[..length]));
            invalid(input, length, what, hint)
        }
    }
}

/// The names of characters in R7RS 6.6.
pub const CHARACTER_NAMES: [(&str, char); 9] = [
    ("alarm", '\x07'),
    ("backspace", '\x08'),
    ("delete", '\x7f'),
    ("escape", '\x1b'),
    ("newline", '\n'),
    ("null", '\0'),
    ("return", '\r'),
    ("space", ' '),
    ("tab", '\t'),
];

/// A character, from after `#\`.
fn character<'a>(input: &'a str, rest: &'a str) -> Parsed<'a, Token<'a>> {
    let Some(first) = rest.chars().next() else {
        return incomplete(input, "A character must follow `#\\`.");
    };
    // The first one counts even when it is a bracket or a space.
    let (end, _) = take_till(is_delimiter).parse(&rest[first.len_utf8()..])?;
    let name = &rest[..rest.len() - end.len()];
    if name.len() == first.len_utf8() {
        return Ok((end, Token::Char(first)));
    }
    let code = name
        .strip_prefix(['x', 'X'])
        .filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
    let named = CHARACTER_NAMES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known));
    match (named, code) {
        // The names are in small letters, unless case is folded, which never hurts here.
        (Some(&(_, c)), _) => Ok((end, Token::Char(c))),
        (None, Some(code)) => match character_of_code(code) {
            Some(c) => Ok((end, Token::Char(c))),
            None => {
                let length = input.len() - end.len();
                invalid(input, length, "There is no character with this code.", "")
            }
        },
        (None, None) => {
            let length = input.len() - end.len();
            let what = format!("There is no character called {}.", excerpt(name));
            let hint = "A character is written `#\\a`, a text of several `\"abc\"`. \
                        Some have names, such as `#\\space` and `#\\newline`.";
            invalid(input, length, what, hint)
        }
    }
}

/// `#t`, `#u8(`, `#xff` and what means nothing.
fn hash_word(input: &str) -> Parsed<'_, Token<'_>> {
    let (rest, word) = take_till(is_delimiter).parse(input)?;
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if is("#t") || is("#true") {
        return Ok((rest, Token::Bool(true)));
    }
    if is("#f") || is("#false") {
        return Ok((rest, Token::Bool(false)));
    }
    if is("#u8") {
        match rest.chars().next() {
            Some('(') => return Ok((&rest[1..], Token::OpenBytes(')'))),
            Some('[') => return Ok((&rest[1..], Token::OpenBytes(']'))),
            _ => {}
        }
    }
    let letter = word.chars().nth(1).map(|c| c.to_ascii_lowercase());
    if matches!(letter, Some('x' | 'b' | 'o' | 'd' | 'e' | 'i')) {
        return Ok((rest, Token::Numeral(word)));
    }
    if word.starts_with("#<") {
        let hint = "It can be shown, but not be written in a program.";
        return invalid(
            input,
            word.len(),
            "This is how a value without a written form is shown.",
            hint,
        );
    }
    let what = format!("{} means nothing here.", excerpt(word));
    invalid(
        input,
        word.len().max(1),
        what,
        "`#t` is true, `#f` is false, `#(1 2)` is a vector.",
    )
}
