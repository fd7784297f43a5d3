//! Values of arguments, each with what to say when it is another.

use std::collections::BTreeMap;
use std::time::Duration;

use logos::number::{Number, to_f64};
use logos::symbol::Symbols;
use logos::syntax::{Datum, Syntax};
use node::keys::{Id, PublicKey, from_hex};
use node::service::Version;

use super::{LONGEST, Owner, is_hex};
use crate::host::data::Reply;

/// Reads the arguments of one request.
#[derive(Debug)]
pub struct Reader<'a> {
    procedure: &'a str,
    symbols: &'a Symbols,
}

impl<'a> Reader<'a> {
    /// For a request of that name.
    pub fn new(procedure: &'a str, symbols: &'a Symbols) -> Reader<'a> {
        Reader { procedure, symbols }
    }

    /// The error that something else was needed.
    pub fn wrong(&self, what: &str, given: &Syntax) -> Reply {
        let given = match given.datum() {
            Datum::String(text) => format!("{text:?}"),
            Datum::Number(number) => logos::number::to_text(number, 10),
            Datum::Symbol(symbol) => self.symbols.text(*symbol).to_string(),
            Datum::Bytes(bytes) => format!("a bytevector of {} bytes", bytes.len()),
            Datum::Bool(true) => "#t".into(),
            Datum::Bool(false) => "#f".into(),
            Datum::List(..) => "a list".into(),
            Datum::Dict(_) => "a dict".into(),
            _ => "another value".into(),
        };
        Reply::wrong(format!(
            "`{}` needs {what}, but got {given}",
            self.procedure
        ))
    }

    /// The error that there is no such option.
    pub fn unknown_option(&self, key: &str, known: &str) -> Reply {
        let procedure = self.procedure;
        Reply::wrong(format!(
            "`{procedure}` has no option `{key}`: it has {known}"
        ))
    }

    /// A string.
    pub fn text(&self, syntax: &Syntax, what: &str) -> Result<String, Reply> {
        let found = text(syntax).ok_or_else(|| self.wrong(what, syntax))?;
        Ok(found.to_string())
    }

    /// The name of an item.
    pub fn name(&self, syntax: &Syntax, what: &str) -> Result<String, Reply> {
        let name = self.text(syntax, what)?;
        if name.is_empty() {
            return Err(self.wrong("a name that is not empty", syntax));
        }
        Ok(name)
    }

    /// A bytevector.
    pub fn bytes(&self, syntax: &Syntax) -> Result<Vec<u8>, Reply> {
        let found = bytes(syntax).ok_or_else(|| self.wrong("a bytevector", syntax))?;
        Ok(found.to_vec())
    }

    /// A whole number that is not negative.
    pub fn count(&self, syntax: &Syntax) -> Result<usize, Reply> {
        let number = match syntax.datum() {
            Datum::Number(Number::Int(number)) => usize::try_from(*number).ok(),
            _ => None,
        };
        number.ok_or_else(|| self.wrong("a whole number that is not negative", syntax))
    }

    /// Whether an option is on.
    pub fn truth(&self, key: &str, syntax: &Syntax) -> Result<bool, Reply> {
        match syntax.datum() {
            Datum::Bool(truth) => Ok(*truth),
            _ => Err(self.wrong(&format!("`{key}` to be #t or #f"), syntax)),
        }
    }

    /// A version of an item as an answer told it; `#f` is none.
    pub fn version(&self, syntax: &Syntax) -> Result<Option<Version>, Reply> {
        match (syntax.datum(), list(syntax)) {
            (Datum::Bool(false), _) => Ok(None),
            (_, Some([timestamp, digest])) => Ok(Some(Version {
                timestamp: self.count(timestamp)? as u64,
                digest: self.id(digest, "a version of an item")?,
            })),
            _ => Err(self.wrong("a version of an item", syntax)),
        }
    }

    /// Seconds.
    pub fn duration(&self, syntax: &Syntax) -> Result<Duration, Reply> {
        let seconds = match syntax.datum() {
            Datum::Number(number) => Some(to_f64(number)).filter(|seconds| *seconds >= 0.0),
            _ => None,
        };
        let seconds = seconds.ok_or_else(|| self.wrong("a number of seconds", syntax))?;
        Ok(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |time| time.min(LONGEST)))
    }

    /// A dict of strings.
    pub fn texts(&self, syntax: &Syntax) -> Result<BTreeMap<String, String>, Reply> {
        let wrong = || self.wrong("a dict of strings", syntax);
        let Datum::Dict(entries) = syntax.datum() else {
            return Err(wrong());
        };
        let word = |syntax: &Syntax| match syntax.datum() {
            Datum::Symbol(symbol) => Some(self.symbols.text(*symbol).to_string()),
            _ => text(syntax).map(str::to_string),
        };
        let entries = entries.iter().map(|(key, value)| {
            let entry = word(key).zip(word(value));
            entry.ok_or_else(wrong)
        });
        entries.collect()
    }

    /// A public key, its hex digits, or a petname.
    pub fn owner(&self, syntax: &Syntax) -> Result<Owner, Reply> {
        if let Some(bytes) = bytes(syntax) {
            let key = <[u8; 32]>::try_from(bytes)
                .map_err(|_| self.wrong("a public key of 32 bytes", syntax))?;
            return Ok(Owner::Key(PublicKey::from_bytes(key)));
        }
        let name = self.text(syntax, "a public key or an alias")?;
        Ok(match from_hex::<32>(&name).filter(|_| is_hex(syntax, 64)) {
            Some(key) => Owner::Key(PublicKey::from_bytes(key)),
            None => Owner::Petname(name),
        })
    }

    /// A list of those.
    pub fn owners(&self, syntax: &Syntax) -> Result<Vec<Owner>, Reply> {
        let keys = list(syntax).ok_or_else(|| self.wrong("a list of keys", syntax))?;
        keys.iter().map(|key| self.owner(key)).collect()
    }

    /// The name of a job: 64 bytes or their hex digits.
    pub fn job(&self, syntax: &Syntax) -> Result<Id, Reply> {
        self.id(syntax, "a job's name, 64 bytes or 128 hex digits")
    }

    /// The key of an item, in the same two ways.
    pub fn near(&self, syntax: &Syntax) -> Result<Id, Reply> {
        self.id(syntax, "the key of an item, 64 bytes or 128 hex digits")
    }

    fn id(&self, syntax: &Syntax, what: &str) -> Result<Id, Reply> {
        let id = match bytes(syntax) {
            Some(bytes) => <[u8; 64]>::try_from(bytes).ok(),
            None => text(syntax).and_then(from_hex::<64>),
        };
        let id = id.ok_or_else(|| self.wrong(what, syntax))?;
        Ok(Id::from_bytes(id))
    }

    /// Options: one dict, or keywords each followed by its value.
    pub fn options(&self, given: &[Syntax]) -> Result<Vec<(String, Syntax)>, Reply> {
        if let [dict] = given
            && let Datum::Dict(entries) = dict.datum()
        {
            let entries = entries.iter().cloned();
            return entries
                .map(|(key, value)| Ok((self.keyword(&key)?, value)))
                .collect();
        }
        if given
            .iter()
            .any(|given| matches!(given.datum(), Datum::Dict(_)))
        {
            let procedure = self.procedure;
            return Err(Reply::wrong(format!(
                "`{procedure}` takes its options in one dict, the last argument, or as keywords with their values, \
                 but not both"
            )));
        }
        let mut options = Vec::new();
        for pair in given.chunks(2) {
            let [key, value] = pair else {
                return Err(self.wrong("a value after every option", &pair[0]));
            };
            options.push((self.keyword(key)?, value.clone()));
        }
        Ok(options)
    }

    fn keyword(&self, syntax: &Syntax) -> Result<String, Reply> {
        match syntax.datum() {
            Datum::Symbol(symbol) if self.symbols.is_keyword(*symbol) => {
                Ok(self.symbols.text(*symbol).to_string())
            }
            _ => Err(self.wrong("options: keywords, each followed by its value", syntax)),
        }
    }
}

/// The text of a string.
pub fn text(syntax: &Syntax) -> Option<&str> {
    match syntax.datum() {
        Datum::String(text) => Some(text),
        _ => None,
    }
}

/// The bytes of a bytevector.
pub fn bytes(syntax: &Syntax) -> Option<&[u8]> {
    match syntax.datum() {
        Datum::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// The items of a list.
pub fn list(syntax: &Syntax) -> Option<&[Syntax]> {
    syntax.as_list()
}
