//! The reader: text to [`Syntax`], one datum at a time.
//!
//! Owns the lexical syntax (R7RS 7.1.1 and 7.1.2, with square brackets, dicts and keywords), labels
//! excepted from being resolved: they stay in the syntax. Takes time in proportion to the text and
//! keeps what is open on a stack of its own, so nesting costs memory and nothing else. Refuses to grow
//! past the limits it is given, and tells a text that is not finished from one that is wrong.

mod error;
mod open;
mod token;
mod word;

pub use error::{ReadError, ReadErrorKind};
pub use token::{CHARACTER_NAMES, is_delimiter};
pub use word::is_plain_name;

use crate::number::{Number, cost};
use crate::symbol::Symbols;
use crate::syntax::{Datum, SourceId, Span, Syntax};
use open::{Dot, Open, OpenKind, bytes, entries, push_tail};
use std::collections::BTreeSet;
use token::Token;

/// What reading has made so far, or may make at most. The sizes are fixed by this module, the same on
/// every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meter {
    /// Data made, each quote mark and its name counted too.
    pub nodes: u64,
    /// Bytes taken, by the sizes below.
    pub bytes: u64,
    /// Work on the digits of large numbers, as [`cost::parse_beyond`] prices it. All other work is in
    /// proportion to the length of the text.
    pub work: u64,
}

impl Meter {
    /// Nothing yet.
    pub const ZERO: Meter = Meter {
        nodes: 0,
        bytes: 0,
        work: 0,
    };
    /// No limit.
    pub const UNLIMITED: Meter = Meter {
        nodes: u64::MAX,
        bytes: u64::MAX,
        work: u64::MAX,
    };
}

/// Bytes counted for a datum besides its contents.
pub const NODE_BYTES: u64 = 64;
/// Bytes counted for each datum held by another.
pub const ITEM_BYTES: u64 = 8;
/// Bytes counted for each bracket, mark and label, since each is remembered while it is open.
pub const OPEN_BYTES: u64 = 48;

/// What a text is, as a prompt wants to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Whole data, or nothing at all.
    Complete,
    /// More text is needed; this is still open.
    Incomplete(Span),
    /// It is wrong.
    Invalid(ReadError),
}

/// Whether `text` could be read whole. Its spans belong to no source.
pub fn check(text: &str) -> Check {
    let mut symbols = Symbols::new();
    let mut reader = Reader::new(text, SourceId::default(), &mut symbols);
    loop {
        match reader.next() {
            Ok(Some(_)) => {}
            Ok(None) => return Check::Complete,
            Err(ReadError {
                kind: ReadErrorKind::Incomplete { open },
                ..
            }) => {
                return Check::Incomplete(open);
            }
            Err(error) => return Check::Invalid(error),
        }
    }
}

/// Reads one datum after another from a text.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    source: SourceId,
    symbols: &'a mut Symbols,
    position: usize,
    fold_case: bool,
    limits: Meter,
    made: Meter,
    /// What is open, outermost first.
    open: Vec<Open>,
    /// The data of everything that is open, in the order written.
    items: Vec<Syntax>,
    /// The labels of the datum being read, and the same in the order written.
    labels: BTreeSet<u32>,
    label_order: Vec<u32>,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `text`, which is the source `source`.
    pub fn new(text: &'a str, source: SourceId, symbols: &'a mut Symbols) -> Reader<'a> {
        let mut reader = Reader {
            text,
            source,
            symbols,
            position: 0,
            fold_case: false,
            limits: Meter::UNLIMITED,
            made: Meter::ZERO,
            open: Vec::new(),
            items: Vec::new(),
            labels: BTreeSet::new(),
            label_order: Vec::new(),
        };
        reader.skip_first_line();
        reader
    }

    /// Begins at a byte of the text: one that [`Reader::position`] gave, or 0.
    pub fn starting_at(mut self, position: usize) -> Reader<'a> {
        if position > 0 {
            self.position = position;
        }
        self
    }

    /// Stops with [`ReadErrorKind::TooBig`] before passing these limits.
    pub fn with_limits(mut self, limits: Meter) -> Reader<'a> {
        self.limits = limits;
        self
    }

    /// Begins in the state a `#!fold-case` (or its opposite) read earlier has left.
    pub fn with_fold_case(mut self, fold_case: bool) -> Reader<'a> {
        self.fold_case = fold_case;
        self
    }

    /// Whether names are folded at this point.
    pub fn fold_case(&self) -> bool {
        self.fold_case
    }

    /// The byte after the last datum read; after an error, the end of the text.
    pub fn position(&self) -> usize {
        self.position
    }

    /// What was made since the start.
    pub fn made(&self) -> Meter {
        self.made
    }

    /// Data made since the start.
    pub fn nodes(&self) -> u64 {
        self.made.nodes
    }

    /// Bytes taken since the start.
    pub fn bytes(&self) -> u64 {
        self.made.bytes
    }

    /// The next datum; `None` at the end of the text. After an error there is nothing more to read.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Syntax>, ReadError> {
        self.labels.clear();
        self.label_order.clear();
        let result = self.read();
        if result.is_err() {
            self.position = self.text.len();
            self.open.clear();
            self.items.clear();
        }
        result
    }

    fn read(&mut self) -> Result<Option<Syntax>, ReadError> {
        if u32::try_from(self.text.len()).is_err() {
            return Err(ReadError::too_big(self.span(0, 0)));
        }
        loop {
            self.skip_atmosphere()?;
            if self.position == self.text.len() {
                return match self.open.last() {
                    None => Ok(None),
                    Some(&open) => Err(self.still_open(open)),
                };
            }
            let start = self.position;
            let token = self.token()?;
            if let Some(datum) = self.take(token, start)? {
                return Ok(Some(datum));
            }
        }
    }

    /// Goes on by one token; gives the datum when it is whole.
    fn take(&mut self, token: Token<'a>, start: usize) -> Result<Option<Syntax>, ReadError> {
        let datum = match token {
            Token::OpenList(close) => return self.open_list(close, start),
            Token::OpenVector(close) => return self.open(OpenKind::Vector { close }, start),
            Token::OpenBytes(close) => return self.open(OpenKind::Bytes { close }, start),
            Token::OpenDict => return self.open(OpenKind::Dict, start),
            Token::SkipNext => {
                let labels = self.label_order.len();
                return self.open(OpenKind::Skip { labels }, start);
            }
            Token::Mark(name) => {
                self.refuse_comma(name, start)?;
                return self.open(OpenKind::Mark(name), start);
            }
            Token::Label(number) => {
                self.define_label(number, start)?;
                return self.open(OpenKind::Label(number), start);
            }
            Token::FoldCase(fold_case) => {
                self.fold_case = fold_case;
                return Ok(None);
            }
            Token::Dot => return self.dot(start),
            Token::Close(bracket) => return self.close(bracket, start),
            Token::Reference(number) => self.reference(number, start)?,
            Token::Bool(value) => Datum::Bool(value),
            Token::Numeral(word) => Datum::Number(self.number(word, start)?),
            Token::Char(value) => Datum::Char(value),
            Token::String(text) => Datum::String(text.into()),
            Token::Name(name) => {
                Datum::Symbol(self.symbols.intern(&word::folded(name, self.fold_case)))
            }
            // Bars keep the case as it is.
            Token::BarName(name) => Datum::Symbol(self.symbols.intern(&name)),
        };
        let contents = (self.position - start) as u64;
        let datum = self.make(datum, self.span(start, self.position), contents)?;
        self.complete(datum)
    }

    /// The number that `word` writes, whose price is charged before the work.
    fn number(&mut self, word: &str, start: usize) -> Result<Number, ReadError> {
        let span = self.span(start, self.position);
        let price = cost::parse_beyond(word);
        self.charge(
            Meter {
                work: price.work,
                bytes: price.bytes,
                ..Meter::ZERO
            },
            span,
        )?;
        word::numeral(word).map_err(|(message, hint)| {
            let error = ReadError::invalid(span, message);
            if hint.is_empty() {
                error
            } else {
                error.hint(hint)
            }
        })
    }

    // Beginnings.

    fn open(&mut self, kind: OpenKind, start: usize) -> Result<Option<Syntax>, ReadError> {
        let span = self.span(start, self.position);
        self.charge(
            Meter {
                bytes: OPEN_BYTES,
                ..Meter::ZERO
            },
            span,
        )?;
        let base = self.items.len();
        self.open.push(Open {
            kind,
            start: span.start,
            end: span.end,
            base,
        });
        Ok(None)
    }

    fn open_list(&mut self, close: char, start: usize) -> Result<Option<Syntax>, ReadError> {
        let parent = self.open.last_mut().and_then(|open| open.kind.dot_mut());
        let dot = Dot::None;
        match parent {
            Some(Dot::Pending) => self.open(OpenKind::Rest { close, dot }, start),
            _ => self.open(OpenKind::List { close, dot }, start),
        }
    }

    fn dot(&mut self, start: usize) -> Result<Option<Syntax>, ReadError> {
        let span = self.span(start, self.position);
        let hint = "A dot stands before the last value of a list, as in `(1 . 2)`.";
        let wrong = |message: &str| Err(ReadError::invalid(span, message).hint(hint));
        let count = self.items.len();
        match self.open.last_mut() {
            Some(Open { base, kind, .. }) => match kind.dot_mut() {
                Some(_) if *base == count => wrong("There is no value before this dot."),
                Some(dot @ Dot::None) => {
                    *dot = Dot::Pending;
                    Ok(None)
                }
                Some(_) => wrong("This list already has a dot."),
                None => wrong("A dot has no meaning here."),
            },
            None => wrong("A dot has no meaning outside of a list."),
        }
    }

    fn define_label(&mut self, number: u32, start: usize) -> Result<(), ReadError> {
        if !self.labels.insert(number) {
            let span = self.span(start, self.position);
            return Err(ReadError::invalid(
                span,
                format!("The label #{number}= is here twice."),
            ));
        }
        self.label_order.push(number);
        Ok(())
    }

    fn reference(&mut self, number: u32, start: usize) -> Result<Datum, ReadError> {
        let span = self.span(start, self.position);
        if !self.labels.contains(&number) {
            let hint = format!("A label is written before its value: `#{number}=value`.");
            let what = format!("There is no label #{number}= before this.");
            return Err(ReadError::invalid(span, what).hint(hint));
        }
        let mut names = self.open.iter().rev().map_while(|open| match open.kind {
            OpenKind::Label(name) => Some(name),
            _ => None,
        });
        if names.any(|name| name == number) {
            let what = format!("The label #{number}= stands for nothing but itself.");
            return Err(ReadError::invalid(span, what));
        }
        Ok(Datum::Reference(number))
    }

    /// A comma between the values of a list, as other languages have it, would silently quote.
    fn refuse_comma(&self, name: &str, start: usize) -> Result<(), ReadError> {
        let before = self.text[..start].chars().next_back();
        let after = self.text[self.position..].chars().next();
        let clings =
            before.is_some_and(|c| !crate::unicode::is_whitespace(c) && !"([{'`,@;".contains(c));
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if name == "unquote" && is_digit(before) && is_digit(after) {
            let span = self.span(start, self.position);
            let what = "There is a comma within a number.";
            let hint = "It is written without: `1000`, and `1.5` with a point.";
            return Err(ReadError::invalid(span, what).hint(hint));
        }
        if name == "unquote" && clings && after.is_none_or(crate::unicode::is_whitespace) {
            let span = self.span(start, self.position);
            let what = "There is a comma between two values.";
            return Err(ReadError::invalid(span, what).hint("A space is enough: `(+ 1 2)`."));
        }
        Ok(())
    }

    // Ends.

    fn close(&mut self, bracket: char, start: usize) -> Result<Option<Syntax>, ReadError> {
        let span = self.span(start, self.position);
        let Some(&open) = self.open.last() else {
            let what = format!("There is a closing bracket `{bracket}` too many.");
            let hint = "Take it out, or look for a missing opening bracket before it.";
            return Err(ReadError::invalid(span, what).hint(hint));
        };
        let Some(wanted) = open.kind.close() else {
            return Err(self.nothing_follows(open));
        };
        if wanted != bracket {
            let opened = self.slice(open);
            let what = format!("The bracket `{bracket}` cannot close what `{opened}` opened.");
            let hint = format!("Write `{wanted}` here, or look for a missing bracket before it.");
            return Err(ReadError::invalid(span, what).hint(hint));
        }
        self.open.pop();
        let whole = self.span(open.start as usize, self.position);
        let count = self.items.len() - open.base;
        let datum = match open.kind {
            OpenKind::List {
                dot: Dot::Pending, ..
            }
            | OpenKind::Rest {
                dot: Dot::Pending, ..
            } => {
                let what = "A value must follow the dot.";
                let hint = "A dot stands before the last value of a list, as in `(1 . 2)`.";
                return Err(ReadError::invalid(span, what).hint(hint));
            }
            OpenKind::List { dot, .. } => {
                let tail = if dot == Dot::Tail {
                    self.items.pop()
                } else {
                    None
                };
                Datum::List(self.items.drain(open.base..).collect(), tail)
            }
            OpenKind::Rest { dot, .. } => {
                self.end_rest(if dot == Dot::Tail {
                    Dot::Tail
                } else {
                    Dot::Flat
                });
                return Ok(None);
            }
            OpenKind::Vector { .. } => Datum::Vector(self.items.drain(open.base..).collect()),
            OpenKind::Bytes { .. } => Datum::Bytes(bytes(self.items.drain(open.base..))?),
            _ => Datum::Dict(entries(self.items.drain(open.base..), self.text)?),
        };
        let datum = self.make(datum, whole, count as u64 * ITEM_BYTES)?;
        self.complete(datum)
    }

    /// The list behind a dot has ended; so has the tail of the list around it.
    fn end_rest(&mut self, state: Dot) {
        if let Some(dot) = self.open.last_mut().and_then(|open| open.kind.dot_mut()) {
            *dot = state;
        }
    }

    /// Puts a whole datum where it belongs, ending the marks before it; gives it back when nothing is open.
    fn complete(&mut self, mut datum: Syntax) -> Result<Option<Syntax>, ReadError> {
        loop {
            let Some(open) = self.open.last_mut() else {
                return Ok(Some(datum));
            };
            let start = open.start as usize;
            let mark = Span {
                source: self.source,
                start: open.start,
                end: open.end,
            };
            match &mut open.kind {
                OpenKind::List { dot, .. } | OpenKind::Rest { dot, .. } => {
                    match dot {
                        Dot::None => self.items.push(datum),
                        Dot::Pending => *dot = push_tail(&mut self.items, datum),
                        Dot::Tail | Dot::Flat => {
                            let what = "Only one value can follow the dot of a list.";
                            return Err(ReadError::invalid(datum.span(), what));
                        }
                    }
                    return Ok(None);
                }
                OpenKind::Vector { .. } | OpenKind::Bytes { .. } | OpenKind::Dict => {
                    self.items.push(datum);
                    return Ok(None);
                }
                OpenKind::Skip { labels } => {
                    for label in self.label_order.drain(*labels..) {
                        self.labels.remove(&label);
                    }
                    self.open.pop();
                    return Ok(None);
                }
                &mut OpenKind::Mark(name) => {
                    let name = Datum::Symbol(self.symbols.intern(name));
                    let name = self.make(name, mark, 0)?;
                    let whole = mark.to(datum.span());
                    let items = Datum::List([name, datum].into(), None);
                    datum = self.make(items, whole, 2 * ITEM_BYTES)?;
                }
                &mut OpenKind::Label(number) => {
                    let whole = self.span(start, self.position);
                    datum = self.make(Datum::Labelled(number, datum), whole, ITEM_BYTES)?;
                }
            }
            self.open.pop();
        }
    }

    // What went wrong.

    fn still_open(&self, open: Open) -> ReadError {
        let span = self.source_span(open.start, open.end);
        let shown = self.slice(open);
        match open.kind.close() {
            Some(close) => {
                let what = format!("The bracket `{shown}` is not closed: a `{close}` is missing.");
                ReadError::incomplete(span, what)
            }
            None => ReadError::incomplete(span, format!("A value must follow `{shown}`.")),
        }
    }

    fn nothing_follows(&self, open: Open) -> ReadError {
        let span = self.source_span(open.start, open.end);
        ReadError::invalid(span, format!("A value must follow `{}`.", self.slice(open)))
    }

    fn fault(&self, fault: nom::Err<token::Fault<'_>>, start: usize) -> ReadError {
        let fault = match fault {
            nom::Err::Error(fault) | nom::Err::Failure(fault) => fault,
            // The parsers are complete ones.
            nom::Err::Incomplete(_) => return ReadError::invalid(self.span(start, start), ""),
        };
        let at = self.text.len() - fault.rest.len();
        let mut error = if fault.incomplete {
            let length = if self.text[start..].starts_with('#') {
                2
            } else {
                1
            };
            ReadError::incomplete(self.span(start, start + length), fault.message)
        } else {
            ReadError::invalid(self.span(at, at + fault.length), fault.message)
        };
        error.hint = fault.hint;
        error
    }

    // The text.

    /// A script's first line may name the program that runs it.
    fn skip_first_line(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.position = '\u{feff}'.len_utf8();
        }
        let rest = &self.text[self.position..];
        if rest.starts_with("#!/") || rest.starts_with("#! ") {
            self.position += rest.find(['\n', '\r']).unwrap_or(rest.len());
        }
    }

    fn skip_atmosphere(&mut self) -> Result<(), ReadError> {
        let input = &self.text[self.position..];
        match token::atmosphere(input) {
            Ok((rest, ())) => {
                self.position = self.text.len() - rest.len();
                Ok(())
            }
            Err(nom::Err::Failure(fault) | nom::Err::Error(fault)) => {
                let start = self.text.len() - fault.rest.len();
                Err(self.fault(nom::Err::Failure(fault), start))
            }
            Err(other) => Err(self.fault(other, self.position)),
        }
    }

    fn token(&mut self) -> Result<Token<'a>, ReadError> {
        let start = self.position;
        let (rest, token) =
            token::token(&self.text[start..]).map_err(|fault| self.fault(fault, start))?;
        self.position = self.text.len() - rest.len();
        Ok(token)
    }

    fn slice(&self, open: Open) -> &'a str {
        &self.text[open.start as usize..open.end as usize]
    }

    fn span(&self, start: usize, end: usize) -> Span {
        self.source_span(start as u32, end as u32)
    }

    fn source_span(&self, start: u32, end: u32) -> Span {
        Span {
            source: self.source,
            start,
            end,
        }
    }

    // The meter.

    fn make(&mut self, datum: Datum, span: Span, contents: u64) -> Result<Syntax, ReadError> {
        let bytes = NODE_BYTES + contents;
        self.charge(
            Meter {
                nodes: 1,
                bytes,
                ..Meter::ZERO
            },
            span,
        )?;
        Ok(Syntax::new(datum, span))
    }

    fn charge(&mut self, more: Meter, span: Span) -> Result<(), ReadError> {
        let (made, limits) = (&mut self.made, &self.limits);
        made.nodes += more.nodes;
        made.bytes += more.bytes;
        made.work = made.work.saturating_add(more.work);
        if made.nodes > limits.nodes || made.bytes > limits.bytes || made.work > limits.work {
            return Err(ReadError::too_big(span));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
