//! The reference: what there is to say about every name that a program can use.
//!
//! Owns the form of documentation, shared by special forms, macros, builtins and procedures, and the collecting of all of it from where
//! each name is defined: the tables of forms and builtins, and the library's sources. Keeps no table of names of its own. A documentation
//! is a text: how a name is used, what it does in one line, perhaps more lines, and at last what it costs and which profile it needs.

use crate::builtins::{BUILTINS, TABLES};
use crate::expand::{Binding, print_syntax};
use crate::symbol::Symbol;
use crate::syntax::{Span, Syntax};
use crate::value::Value;
use crate::vm::{Profile, Vm};
use std::convert::Infallible;
use std::rc::Rc;

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where it stands in the reference: one of [`TOPICS`].
    pub topic: &'static str,
    /// How it is used.
    pub signature: String,
    /// What it does; the first line says it all in short.
    pub doc: String,
    /// What it costs beyond the call.
    pub price: String,
    /// The profile it needs.
    pub profile: Profile,
}

/// The topics, in the order of the reference, each with the parts of the library's sources that belong to it: a source and a part of it,
/// where another part of it belongs elsewhere. Tables of builtins name their topic themselves.
pub const TOPICS: &[(&str, &[(&str, &str)])] = &[
    (FORMS, &[("syntax", "")]),
    ("Numbers", &[("numbers", "")]),
    ("Characters", &[]),
    (
        "Strings",
        &[
            ("data", "strings"),
            ("data", "formatting"),
            ("srfi", "strings"),
        ],
    ),
    ("Symbols and keywords", &[]),
    ("Lists", &[("lists", ""), ("srfi", "")]),
    ("Vectors", &[("lists", "vectors")]),
    ("Bytes", &[]),
    ("Dicts", &[("data", "dicts")]),
    (
        "Hash tables",
        &[("data", "hash tables"), ("srfi", "hash tables")],
    ),
    ("Records", &[]),
    (
        "Control",
        &[("control", ""), ("environments", ""), ("data", "limits")],
    ),
    ("Errors", &[("data", "where an error came from")]),
    ("Ports and files", &[("ports", "")]),
    ("Promises and tasks", &[("promises", "")]),
    ("Network", &[("network", "")]),
    ("System", &[("system", "")]),
    (
        "Documentation and tests",
        &[("data", "what a definition carries")],
    ),
];

const FORMS: &str = "Forms";
/// What begins the line that names a part of a source of the library, and what ends it.
const PART: (&str, &str) = (";; ---- ", " ----");

const PRICE: &str = "Price: ";
const PROFILE: &str = "Profile: ";
/// The price of what costs nothing beyond the call.
const FREE: &str = "that of a call";

/// The text about what something does, with a line of what it costs and needs.
pub(crate) fn with_costs(
    doc: Option<&str>,
    price: Option<&str>,
    profile: Option<Profile>,
) -> Rc<str> {
    let mut text = String::new();
    if let Some(doc) = doc {
        text.push_str(doc);
        text.push('\n');
    }
    if let Some(price) = price {
        let price = if price.is_empty() { FREE } else { price };
        text.push_str(PRICE);
        text.push_str(price);
        text.push_str(". ");
    }
    text.push_str(PROFILE);
    text.push_str(profile.unwrap_or(Profile::Pure).name());
    text.push('.');
    text.into()
}

/// The opposite of [`with_costs`].
fn without_costs(text: &str) -> (&str, Option<&str>, Option<Profile>) {
    let (doc, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let split = last
        .strip_suffix('.')
        .and_then(|last| last.rsplit_once(PROFILE))
        .and_then(|(price, profile)| Some((price, Profile::named(profile)?)));
    let Some((price, profile)) = split else {
        return (text, None, None);
    };
    let price = price
        .strip_prefix(PRICE)
        .and_then(|price| price.strip_suffix(". "));
    (doc, price, Some(profile))
}

impl Vm {
    /// All that the library offers, by topic and name. What a definition lacks is empty here.
    pub fn reference(&mut self) -> Vec<Entry> {
        self.compile_library();
        let mut entries: Vec<Entry> = self
            .library
            .names()
            .into_iter()
            .filter_map(|symbol| self.entry(symbol, &self.library.lookup(symbol)?))
            .collect();
        let place = |topic: &str| TOPICS.iter().position(|(name, _)| *name == topic);
        entries.sort_by(|a, b| (place(a.topic), &a.name).cmp(&(place(b.topic), &b.name)));
        entries
    }

    pub(crate) fn entry(&self, symbol: Symbol, binding: &Binding) -> Option<Entry> {
        let name = self.machine.symbols.text(symbol).to_string();
        if name.starts_with('%') {
            return None;
        }
        let (topic, text) = match binding {
            Binding::Special(special) => (FORMS, special.documentation()),
            Binding::Macro(it) => {
                let show = |part: &Syntax| Ok(print_syntax(part, &self.machine.symbols));
                let Ok::<_, Infallible>(text) = it.documentation(&name, show);
                (self.topic_at(it.span), text)
            }
            Binding::Global(cell) => {
                let value = self.machine.global_value(*cell);
                let text = self.documentation(value, Some(&name));
                (self.topic_of(value), text.unwrap_or_default())
            }
        };
        let (signature, about) = text.split_once('\n').unwrap_or((&text, ""));
        let (doc, price, profile) = without_costs(about);
        Some(Entry {
            signature: signature.to_string(),
            name,
            topic,
            doc: doc.to_string(),
            price: price.unwrap_or_default().to_string(),
            profile: profile.unwrap_or(Profile::Pure),
        })
    }

    fn topic_of(&self, value: Value) -> &'static str {
        if let Some(index) = value.as_builtin() {
            let name = BUILTINS[index as usize].name;
            let holds = |table: &[crate::builtins::Builtin]| table.iter().any(|it| it.name == name);
            let table = TABLES.iter().find(|(_, table)| holds(table));
            return table.map_or("", |(topic, _)| topic);
        }
        match self.definition_span(value) {
            Some(span) => self.topic_at(span),
            // The parameters of the standard ports.
            None => "Ports and files",
        }
    }

    /// The topic that a place in the library's sources belongs to.
    fn topic_at(&self, span: Span) -> &'static str {
        let source = self.machine.sources.source(span.source);
        let before = source.text.get(..span.start as usize).unwrap_or("");
        let part = before
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(PART.0)?.strip_suffix(PART.1))
            .unwrap_or("");
        let topic_with = |wanted: (&str, &str)| {
            let found = TOPICS.iter().find(|(_, places)| places.contains(&wanted));
            found.map(|(topic, _)| *topic)
        };
        topic_with((&source.name, part))
            .or_else(|| topic_with((&source.name, "")))
            .unwrap_or("")
    }
}

#[cfg(test)]
pub(crate) mod tests;
