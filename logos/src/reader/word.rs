//! Words: names and numbers, all that brackets, spaces and the like do not tell apart.

use super::error::excerpt;
use super::token::{Parsed, Token, invalid, is_delimiter};
use crate::number::{self, Number, ParseError};
use crate::unicode;
use nom::Parser;
use nom::bytes::complete::take_till;
use std::borrow::Cow;

/// What most words are: a name of ASCII characters that begins as only names do. `None` says nothing about the word.
pub fn simple_name(input: &str) -> Option<(&str, &str)> {
    let bytes = input.as_bytes();
    if !is_ascii_name_start(*bytes.first()?) {
        return None;
    }
    let is_part = |byte: u8| is_ascii_name_start(byte) || is_ascii_name_continue(byte);
    let length = bytes.iter().position(|&byte| !is_part(byte));
    let length = length.unwrap_or(bytes.len());
    match bytes.get(length) {
        None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'(' | b')' | b'[' | b']' | b'{' | b'}') => {
            Some((&input[length..], &input[..length]))
        }
        Some(_) => None,
    }
}

/// A name, a number or the dot.
pub fn word(input: &str) -> Parsed<'_, Token<'_>> {
    let (rest, word) = take_till(is_delimiter).parse(input)?;
    if rest.starts_with('\'') {
        let hint = "Put a space before the quote mark, or write the text between two `\"`.";
        let what = format!("There is a quote mark right behind {}.", excerpt(word));
        return invalid(rest, 1, what, hint);
    }
    if word == "." {
        return Ok((rest, Token::Dot));
    }
    let first = word.chars().next().unwrap_or(' ');
    let is_signed = matches!(first, '+' | '-' | '.');
    match name_fault(word) {
        None if is_signed && is_special(word) => Ok((rest, Token::Numeral(word))),
        None => Ok((rest, Token::Name(word))),
        Some(_) if is_signed || first.is_ascii_digit() => Ok((rest, Token::Numeral(word))),
        // The grammar has no such names, and an example of R7RS 4.2.8 does. They are written between bars: behind a comma they would be misread.
        Some((0, '@')) if word.chars().all(is_name_part) => Ok((rest, Token::Name(word))),
        Some((at, c)) => {
            let (what, hint) = describe_name_fault(c);
            invalid(&input[at..], c.len_utf8(), what, hint)
        }
    }
}

/// Whether a word that could be a name is the number that it looks like.
fn is_special(word: &str) -> bool {
    ["+inf.0", "-inf.0", "+nan.0", "-nan.0"]
        .iter()
        .any(|known| match word.split_at_checked(known.len()) {
            Some((start, rest)) if start.eq_ignore_ascii_case(known) => {
                rest.is_empty() || number::has_form(word)
            }
            _ => false,
        })
}

/// The number that a [`Token::Numeral`] writes; else what is wrong and what to do about it.
pub fn numeral(word: &str) -> Result<Number, (String, String)> {
    let shown = excerpt(word);
    number::parse_literal(word).map_err(|error| match error {
        ParseError::TooBig => {
            let most = number::EXACT_LITERAL_DIGITS_MAX;
            let what =
                format!("The number {shown} is too big: it would have more than {most} digits.");
            (
                what,
                "A program can compute it instead, as in `(expt 10 200000)`.".to_string(),
            )
        }
        ParseError::DivideByZero => (
            format!("The number {shown} divides by zero."),
            String::new(),
        ),
        ParseError::NotANumber => {
            let hint = "A name cannot begin with a digit.".to_string();
            (format!("{shown} is not a number."), hint)
        }
    })
}

/// The first character that keeps `word` from being a name without bars, and where it is: R7RS 7.1.1,
/// `<identifier>`. Words that are numbers are not recognised here.
fn name_fault(word: &str) -> Option<(usize, char)> {
    let mut characters = word.char_indices().peekable();
    let (_, first) = *characters.peek()?;
    if first == '.' || first == '+' || first == '-' {
        characters.next();
        // `-5x`, `+.5` and `.5x` are broken numbers; `-x`, `->`, `...` and `+.x` are names.
        if first != '.' && characters.peek().is_some_and(|&(_, c)| c == '.') {
            characters.next();
        }
        if let Some(&(at, c)) = characters.peek()
            && c.is_ascii_digit()
        {
            return Some((at, c));
        }
        if matches!(word, "+i" | "-i" | "+I" | "-I") {
            return Some((1, 'i'));
        }
    } else if !is_name_start(first) {
        return Some((0, first));
    }
    characters.find(|&(_, c)| !is_name_part(c))
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || is_name_continue(c)
}

fn is_name_start(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_ascii_name_start(byte),
        _ => unicode::is_name_start(c),
    }
}

fn is_name_continue(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_ascii_name_continue(byte),
        _ => unicode::is_name_continue(c),
    }
}

fn is_ascii_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || b"!$%&*/:<=>?^_~".contains(&byte)
}

fn is_ascii_name_continue(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'@')
}

fn describe_name_fault(c: char) -> (String, &'static str) {
    match c {
        '“' | '”' | '„' | '«' | '»' => (
            format!("The mark `{c}` means nothing here."),
            "Text is written between two `\"`.",
        ),
        '‘' | '’' => (
            format!("The mark `{c}` means nothing here."),
            "The quote mark is the straight `'`.",
        ),
        '\\' => (
            "A backslash means nothing here.".to_string(),
            "A character is written `#\\a`.",
        ),
        _ if c.is_control() => {
            let what = format!(
                "A character that cannot be seen (number {}) is here.",
                c as u32
            );
            (what, "Take it out.")
        }
        _ => (
            format!("A name cannot have `{c}` here."),
            "If the name must be so, write it between bars: `|odd name|`.",
        ),
    }
}

/// Whether a symbol with this text is written without bars (and without folding case) in a program.
pub fn is_plain_name(text: &str) -> bool {
    !text.is_empty() && text != "." && name_fault(text).is_none() && !is_special(text)
}

/// The name, folded when asked for.
pub fn folded(name: &str, fold_case: bool) -> Cow<'_, str> {
    let is_small = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if !fold_case || name.bytes().all(is_small) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(unicode::string_foldcase(name))
}
