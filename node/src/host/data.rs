//! Values on their way between the program's thread and the others: syntax cannot leave its
//! thread, this can.

use std::borrow::Cow;
use std::collections::BTreeMap;

use logos::number::Number;
use logos::symbol::Symbols;
use logos::syntax::{Datum, Span, Syntax};
use logos::vm::Answer;
use serde::{Deserialize, Serialize};

/// A datum of the few kinds that answers are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Data {
    /// No value.
    Void,
    /// The end-of-file object.
    End,
    /// `#t`, `#f`.
    Bool(bool),
    /// An exact integer.
    Int(u64),
    /// A double.
    Real(f64),
    /// A string.
    Text(String),
    /// A symbol or keyword.
    Name(Cow<'static, str>),
    /// A bytevector.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Data>),
    /// A dict.
    Dict(Vec<(Data, Data)>),
}

impl Data {
    /// A dict whose keys are keywords, colons included.
    pub fn fields(fields: impl IntoIterator<Item = (&'static str, Data)>) -> Data {
        let entries = fields.into_iter();
        Data::Dict(
            entries
                .map(|(key, value)| (Data::Name(key.into()), value))
                .collect(),
        )
    }

    /// A count.
    pub fn count(count: usize) -> Data {
        Data::Int(count as u64)
    }

    /// A dict of strings.
    pub fn texts(texts: &BTreeMap<String, String>) -> Data {
        let entry =
            |(key, value): (&String, &String)| (Data::Text(key.clone()), Data::Text(value.clone()));
        Data::Dict(texts.iter().map(entry).collect())
    }

    /// The same as syntax. Answers are as deep as the code that makes them, so this may recurse.
    fn into_syntax(self, symbols: &mut Symbols) -> Syntax {
        let datum = match self {
            Data::Void => Datum::Void,
            Data::End => Datum::Eof,
            Data::Bool(value) => Datum::Bool(value),
            Data::Int(value) => Datum::Number(Number::from(value)),
            Data::Real(value) => Datum::Number(Number::from(value)),
            Data::Text(text) => Datum::String(text.into()),
            Data::Name(name) => Datum::Symbol(symbols.intern(&name)),
            Data::Bytes(bytes) => Datum::Bytes(bytes.into()),
            Data::List(items) => {
                let items = items.into_iter().map(|item| item.into_syntax(symbols));
                Datum::List(items.collect(), None)
            }
            Data::Dict(entries) => {
                let entries = entries.into_iter();
                let entries = entries
                    .map(|(key, value)| (key.into_syntax(symbols), value.into_syntax(symbols)));
                Datum::Dict(entries.collect())
            }
        };
        Syntax::new(datum, Span::NONE)
    }
}

/// What comes of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// A value.
    Value(Data),
    /// An error.
    Error {
        /// Its kind, colon included.
        kind: Cow<'static, str>,
        /// What happened, for a person.
        message: String,
        /// What belongs to it besides.
        payload: Option<Data>,
    },
}

impl Reply {
    /// An error of that kind, colon included.
    pub fn error(kind: &'static str, message: impl Into<String>) -> Reply {
        Reply::Error {
            kind: kind.into(),
            message: message.into(),
            payload: None,
        }
    }

    /// An error about what the program gave.
    pub fn wrong(message: impl Into<String>) -> Reply {
        Reply::error(":wrong-argument", message)
    }

    /// The same for the machine.
    pub fn into_answer(self, symbols: &mut Symbols) -> Answer {
        match self {
            Reply::Value(data) => Answer::Value(data.into_syntax(symbols)),
            Reply::Error {
                kind,
                message,
                payload,
            } => Answer::Error {
                kind: kind.into_owned(),
                message,
                payload: payload.map(|payload| payload.into_syntax(symbols)),
            },
        }
    }
}
