//! What a reader remembers of things begun, and how their contents become one datum.

use super::error::{ReadError, excerpt};
use crate::number::Number;
use crate::syntax::{Datum, Syntax};
use std::rc::Rc;
use std::vec::Drain;

/// Something begun and not yet ended.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    pub kind: OpenKind,
    /// Its bracket or mark: first byte, and one past the last.
    pub start: u32,
    pub end: u32,
    /// Where its items begin.
    pub base: usize,
}

#[derive(Debug, Clone, Copy)]
pub enum OpenKind {
    List {
        close: char,
        dot: Dot,
    },
    /// A list right behind a dot: its items belong to the list around it, `(a . (b))` is `(a b)`.
    Rest {
        close: char,
        dot: Dot,
    },
    Vector {
        close: char,
    },
    Bytes {
        close: char,
    },
    Dict,
    Mark(&'static str),
    Label(u32),
    /// `#;`, and how many labels there were before it.
    Skip {
        labels: usize,
    },
}

/// How far a list is with its dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dot {
    /// There is none.
    None,
    /// One value must follow.
    Pending,
    /// The last item is the tail.
    Tail,
    /// The tail was a list, and its items are among the others.
    Flat,
}

impl OpenKind {
    /// The closing bracket, if it is a bracket.
    pub fn close(self) -> Option<char> {
        match self {
            OpenKind::List { close, .. } | OpenKind::Rest { close, .. } => Some(close),
            OpenKind::Vector { close } | OpenKind::Bytes { close } => Some(close),
            OpenKind::Dict => Some('}'),
            OpenKind::Mark(_) | OpenKind::Label(_) | OpenKind::Skip { .. } => None,
        }
    }

    pub fn dot_mut(&mut self) -> Option<&mut Dot> {
        match self {
            OpenKind::List { dot, .. } | OpenKind::Rest { dot, .. } => Some(dot),
            _ => None,
        }
    }
}

/// Adds the value behind a dot; what `(quote x)` and its like hold is flat, too.
pub fn push_tail(items: &mut Vec<Syntax>, datum: Syntax) -> Dot {
    let Datum::List(more, last) = datum.datum() else {
        items.push(datum);
        return Dot::Tail;
    };
    items.extend(more.iter().cloned());
    items.extend(last.clone());
    if last.is_some() { Dot::Tail } else { Dot::Flat }
}

/// The contents of a bytevector.
pub fn bytes(items: Drain<'_, Syntax>) -> Result<Rc<[u8]>, ReadError> {
    let byte = |item: Syntax| {
        let value = match item.datum() {
            Datum::Number(Number::Int(value)) => u8::try_from(*value).ok(),
            _ => None,
        };
        value.ok_or_else(|| {
            let what = "Each value in `#u8(…)` must be a whole number from 0 to 255.";
            ReadError::invalid(item.span(), what)
        })
    };
    items.map(byte).collect()
}

/// The entries of a dict; `text` is what is being read.
pub fn entries(
    mut items: Drain<'_, Syntax>,
    text: &str,
) -> Result<Rc<[(Syntax, Syntax)]>, ReadError> {
    let mut entries = Vec::with_capacity(items.len() / 2);
    while let Some(key) = items.next() {
        let Some(value) = items.next() else {
            let span = key.span();
            let shown = excerpt(&text[span.start as usize..span.end as usize]);
            let hint = "A dict is written key, value, key, value: `{:name \"Ann\" :age 10}`.";
            let what = format!("The key {shown} has no value.");
            return Err(ReadError::invalid(span, what).hint(hint));
        };
        entries.push((key, value));
    }
    Ok(entries.into())
}
