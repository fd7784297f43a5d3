//! Inputs as people type them who know other prompts or other languages.

use logos::reader::Reader;
use logos::symbol::Symbols;
use logos::syntax::{Datum, SourceId, Syntax};

/// What is put between two numbers elsewhere.
const OPERATORS: [&str; 10] = ["+", "-", "*", "/", "=", "<", ">", "<=", ">=", ":="];

/// The datums of an input, if it is no more than a few.
fn few_datums(input: &str) -> Option<Vec<Syntax>> {
    const DATUMS_MAX: usize = 3;
    let mut symbols = Symbols::new();
    let mut reader = Reader::new(input, SourceId::default(), &mut symbols);
    let mut datums = Vec::new();
    while let Some(datum) = reader.next().ok()? {
        datums.push(datum);
        if datums.len() > DATUMS_MAX {
            return None;
        }
    }
    Some(datums)
}

fn written<'a>(input: &'a str, datum: &Syntax) -> &'a str {
    let span = datum.span();
    let text = input.get(span.start as usize..span.end as usize);
    text.unwrap_or_default()
}

/// An input that is a word and nothing more, or one in brackets, without comments and spaces.
pub fn single_word(input: &str) -> Option<String> {
    let datums = few_datums(input)?;
    let [datum] = datums.as_slice() else {
        return None;
    };
    match datum.datum() {
        Datum::Symbol(_) => Some(written(input, datum).to_string()),
        Datum::List(items, None) if items.len() == 1 => {
            Some(format!("({})", written(input, &items[0])))
        }
        _ => None,
    }
}

/// What is said of an input such as `2 + 2`, which is three values of which the last is shown.
pub fn in_front(input: &str) -> Option<String> {
    let datums = few_datums(input)?;
    let [one, operator, other] = datums.as_slice() else {
        return None;
    };
    let [one, operator, other] = [one, operator, other].map(|datum| written(input, datum));
    if !OPERATORS.contains(&operator) {
        return None;
    }
    let meant = match operator {
        ":=" => format!("(set! {one} {other})"),
        "=" => format!("(= {one} {other}), or (set! {one} {other}) to change it"),
        _ => format!("({operator} {one} {other})"),
    };
    Some(format!(
        "these are three values; what to do comes first: {meant}"
    ))
}
