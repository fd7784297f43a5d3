//! Errors as a person sees them: what happened, the line with one marked span, the calls that led there.

use super::dispatch::link_pc;
use super::{Fault, Machine, Vm, stack, stubs};
use crate::core::TAKES_VALUES;
use crate::opcode::{Op, noted};
use crate::printer::{self, Style};
use crate::symbol::Symbol;
use crate::syntax::{Place, SourceId, Span};
use crate::value::{Kind, Value};
use std::borrow::Cow;
use std::fmt;
use unicode_width::UnicodeWidthChar as _;

/// Fields of an error object.
pub mod fields {
    /// A keyword.
    pub const KIND: usize = 0;
    /// A string.
    pub const MESSAGE: usize = 1;
    /// A list.
    pub const IRRITANTS: usize = 2;
    /// A vector of source, start and end, and where a macro introduced it the same of the place in its definition; or `#f`.
    pub const SPAN: usize = 3;
    /// A list of vectors: name or `#f`, source, start, end.
    pub const TRACE: usize = 4;
    /// What belongs to the error besides: a dict or `#f`.
    pub const PAYLOAD: usize = 5;
    /// How many there are.
    pub const COUNT: usize = 6;
}

use fields::{COUNT, IRRITANTS, KIND, MESSAGE, SPAN, TRACE};

/// What making an error costs, beside its message.
const ERROR_FUEL: u64 = 40;
/// What its trace costs, however many calls there are: what surrounds a computation makes no difference to its fuel.
const TRACE_FUEL: u64 = 80;
/// The longest message, and the longest name, of an error that is told when nobody waited for it.
const BRIEF_CHARACTERS: usize = 1_000;
/// Calls kept in a trace.
const TRACE_MAX: usize = 12;
/// The longest line of a source that is shown whole, in characters.
const LINE_CHARACTERS_MAX: usize = 100;

/// An error that ended an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its kind, a keyword such as `:unknown-name`.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// The values concerned, as `write` prints them.
    pub irritants: Vec<String>,
    /// Where.
    pub span: Span,
    /// The place in the definition of the macro used there, if the fault lies in that.
    pub origin: Span,
    /// The calls that led there, innermost first: name and place.
    pub trace: Vec<(String, Span)>,
}

impl Condition {
    /// The user stopped the evaluation.
    pub(super) fn interrupted() -> Condition {
        Condition::plain(":interrupted", "stopped by you")
    }

    pub(super) fn exhausted(fault: Fault) -> Condition {
        match fault {
            Fault::FuelExhausted => Condition::plain(
                ":fuel-exhausted",
                "the fuel given to this computation is used up",
            ),
            _ => Condition::plain(
                ":memory-exhausted",
                "the memory given to this computation is used up",
            ),
        }
    }

    fn plain(kind: &str, message: &str) -> Condition {
        Condition {
            kind: kind.to_string(),
            message: message.to_string(),
            irritants: Vec::new(),
            span: Span::NONE,
            origin: Span::NONE,
            trace: Vec::new(),
        }
    }

    pub(super) fn raised(m: &Machine, raised: Value) -> Condition {
        Condition::within(m, raised, usize::MAX)
    }

    /// The same of limited length.
    pub(super) fn brief(m: &Machine, raised: Value) -> Condition {
        Condition::within(m, raised, BRIEF_CHARACTERS)
    }

    /// The same with names and a message of at most so many characters.
    fn within(m: &Machine, raised: Value, longest: usize) -> Condition {
        let named = |symbol: Symbol| m.symbols.text(symbol).chars().take(longest).collect();
        if !m.heap.is(raised, Kind::Error) {
            let mut condition =
                Condition::plain(":user", "a value was raised that nobody handled:");
            condition.irritants = vec![printer::write_limited(m, raised)];
            return condition;
        }
        let field = |index| m.heap.field(raised, index);
        let kind: String = field(KIND).as_symbol().map_or(":user".to_string(), named);
        let message = match m.is_string(field(MESSAGE)) {
            true if m.heap.string_length(field(MESSAGE)) > longest => {
                printer::print_limited(m, field(MESSAGE), Style::Display, longest)
            }
            true => m.heap.string_text(field(MESSAGE)),
            false => String::new(),
        };
        let mut condition = Condition::plain(&kind, &message);
        let mut irritants = field(IRRITANTS);
        while irritants.is_pair() && condition.irritants.len() < TRACE_MAX {
            condition
                .irritants
                .push(printer::write_limited(m, m.heap.car(irritants)));
            irritants = m.heap.cdr(irritants);
        }
        condition.span = read_span(m, field(SPAN), 0);
        condition.origin = read_span(m, field(SPAN), 3);
        let mut trace = field(TRACE);
        while trace.is_pair() {
            let call = m.heap.car(trace);
            let name = m.heap.field(call, 0).as_symbol();
            let name = name.map_or(String::new(), named);
            condition.trace.push((name, read_span(m, call, 1)));
            trace = m.heap.cdr(trace);
        }
        condition
    }

    /// What the message is about, to be shown after it. The messages about what is written wrongly say it themselves.
    pub fn shown_irritants(&self) -> &[String] {
        match self.kind.as_str() {
            ":bad-syntax" | ":unknown-name" => &[],
            _ => &self.irritants,
        }
    }

    /// The condition as text, with the line it happened in.
    pub fn rendered<'a>(&'a self, m: &'a Machine) -> Rendered<'a> {
        Rendered {
            condition: self,
            machine: m,
        }
    }
}

/// How many values are written when a raised value is told.
pub(crate) fn shown_values(m: &Machine, raised: Value) -> usize {
    if !m.heap.is(raised, Kind::Error) {
        return 1;
    }
    let mut irritants = m.heap.field(raised, IRRITANTS);
    let mut count = 0;
    while irritants.is_pair() && count < TRACE_MAX {
        count += 1;
        irritants = m.heap.cdr(irritants);
    }
    count
}

/// Whether a place is in the library's sources, which are the first of every world, after the empty one. A user looks for mistakes in
/// their own.
pub(super) fn is_library(span: Span) -> bool {
    (span.source.0 as usize) <= crate::STDLIB.len()
}

/// The place that three numbers of a vector, from `from` on, stand for.
pub(crate) fn read_span(m: &Machine, vector: Value, from: usize) -> Span {
    if !m.heap.is(vector, Kind::Vector) || m.heap.length(vector) < from + 3 {
        return Span::NONE;
    }
    let number = |index| m.heap.field(vector, from + index).as_fixnum().unwrap_or(0) as u32;
    Span {
        source: SourceId(number(0)),
        start: number(1),
        end: number(2),
    }
}

/// A condition that prints itself.
#[derive(Debug)]
pub struct Rendered<'a> {
    condition: &'a Condition,
    machine: &'a Machine,
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let condition = self.condition;
        write!(f, "error {}: {}", condition.kind, condition.message)?;
        for irritant in condition.shown_irritants() {
            write!(f, " {irritant}")?;
        }
        self.place(f, condition.span)?;
        if !condition.origin.is_none() {
            f.write_str("\nby this part of the definition of the macro:")?;
            self.place(f, condition.origin)?;
        }
        for (name, span) in &condition.trace {
            if !span.is_none() && !name.is_empty() {
                let (line, _) = self.machine.sources.line_column(*span);
                write!(
                    f,
                    "\n  in `{name}`, {}:{line}",
                    self.machine.sources.source(span.source).name
                )?;
            }
        }
        Ok(())
    }
}

impl Rendered<'_> {
    fn place(&self, f: &mut fmt::Formatter<'_>, span: Span) -> fmt::Result {
        if span.is_none() {
            return Ok(());
        }
        let sources = &self.machine.sources;
        let source = sources.source(span.source);
        let (line, column) = sources.line_column(span);
        let text = source.text.lines().nth(line - 1).unwrap_or("");
        let gutter = line.to_string();
        let blank = " ".repeat(gutter.len());
        let marked = sources.slice(span).lines().next().unwrap_or("");
        let (text, column_shown) = excerpt(text, column - 1);
        let left = text.chars().count().saturating_sub(column_shown);
        let marked: usize = marked.chars().take(left).map(columns).sum();
        write!(f, "\n{blank}--> {}:{line}:{column}", source.name)?;
        write!(f, "\n{gutter} | {text}")?;
        // As wide as the text above it, tabs too.
        let blank_for = |it| match it {
            '\t' => "\t",
            it => &"  "[..columns(it)],
        };
        let before: String = text.chars().take(column_shown).map(blank_for).collect();
        write!(f, "\n{blank} | {before}{}", "^".repeat(marked.max(1)))
    }
}

/// How many columns of a terminal a character takes: at most 2.
fn columns(character: char) -> usize {
    character.width().unwrap_or(0).min(2)
}

/// What is shown of a line, and where in that the character at a column, from 0, stands: of a long line a part around the column.
fn excerpt(line: &str, column: usize) -> (Cow<'_, str>, usize) {
    let length = line.chars().count();
    if length <= LINE_CHARACTERS_MAX {
        return (Cow::Borrowed(line), column);
    }
    let latest = length - LINE_CHARACTERS_MAX;
    let start = column.saturating_sub(LINE_CHARACTERS_MAX / 4).min(latest);
    let kept: String = line.chars().skip(start).take(LINE_CHARACTERS_MAX).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if start < latest { "…" } else { "" };
    let shown = format!("{before}{kept}{after}");
    (Cow::Owned(shown), column - start + before.chars().count())
}

impl Machine {
    /// Makes an error and prepares to raise it: `return Err(m.error(…))`.
    pub fn error(&mut self, kind: &str, message: &str, irritants: &[Value]) -> Fault {
        let work = ERROR_FUEL + message.len() as u64 / 4 + irritants.len() as u64;
        if let Err(fault) = self.charge(work) {
            return fault;
        }
        let words = 1 + COUNT + crate::heap::Heap::text_words(message) + 2 * irritants.len();
        let kind = self.symbols.intern(kind);
        match self.rooted(irritants, words, |m, held| m.new_error(kind, message, held)) {
            Ok(error) => {
                self.raised = error;
                Fault::Raise { continuable: false }
            }
            Err(fault) => fault,
        }
    }

    fn new_error(&mut self, kind: Symbol, message: &str, irritants: &[Value]) -> Value {
        let text = self.heap.string(message);
        let list = irritants
            .iter()
            .rev()
            .fold(Value::NIL, |tail, &value| self.heap.cons(value, tail));
        let fields = [
            Value::symbol(kind),
            text,
            list,
            Value::FALSE,
            Value::NIL,
            Value::FALSE,
        ];
        self.heap.object(Kind::Error, 0, &fields)
    }
}

impl Vm {
    /// What a raised value, such as that of a promise that failed, says.
    pub fn condition_for(&self, raised: Value) -> Condition {
        Condition::raised(&self.machine, raised)
    }

    /// The calls that led to the frame at `fp`, innermost first: a place in the code that makes each, and what is written there.
    pub(super) fn calls(&self) -> Vec<(usize, Place)> {
        let m = &self.machine;
        debug_assert!(link_pc(0) == stack::UNDERFLOW_PC);
        let counts = |span: Span| !span.is_none() && (self.is_loading() || !is_library(span));
        let mut calls = Vec::new();
        let mut seen = 0;
        let mut given_up = None;
        // Whether all calls so far are the library's.
        let mut is_library_only = true;
        stack::walk(m, |back, frame| {
            let span = self.code.spans[back - 1];
            if is_library_only && given_up.is_none() {
                given_up = self.call_given_up(back, frame);
            }
            is_library_only &= !counts(span) && back != stubs::UNIT;
            if counts(span) {
                calls.push((back, self.place_of(back - 1)));
            }
            seen += 1;
            seen < TRACE_MAX
        });
        let left_at = m
            .left_at
            .filter(|&at| self.is_in_tail(at) && counts(self.code.spans[at]));
        if let Some(at) = left_at.or(given_up) {
            calls.insert(0, (at, self.place_of(at)));
        }
        calls
    }

    fn place_of(&self, at: usize) -> Place {
        Place {
            span: self.code.spans[at],
            origin: self
                .code
                .origins
                .get(&(at as u32))
                .copied()
                .unwrap_or_default(),
        }
    }

    fn is_in_tail(&self, at: usize) -> bool {
        matches!(
            Op::of(self.code.words[at]),
            Op::TailCall | Op::TailCallGlobal
        )
    }

    /// The call of a library's procedure in tail position that gave up this frame, which is to return to `back`.
    fn call_given_up(&self, back: usize, frame: Option<usize>) -> Option<usize> {
        let m = &self.machine;
        let (at, given_up) = m.passed_on;
        if at == 0 || frame != Some(given_up) {
            return None;
        }
        let is_begun_by_the_machine = [stubs::GUARD, stubs::DYNAMIC, stubs::LIMIT].contains(&back);
        if back == stubs::UNIT || is_begun_by_the_machine {
            return Some(at);
        }
        let (word, span) = (self.code.words[back - 1], self.code.spans[back - 1]);
        let is_unnamed = Op::of(word) == Op::Call && noted(word).is_none();
        if is_unnamed && !span.is_none() && is_library(span) {
            // The note would have been forgotten when the frame began.
            return Some(at);
        }
        // The note is of that call only if the procedure called there is the one that gave up its frame.
        let block = |place| self.code.block_at(place).map(|block| block.entry);
        let called = m.globals.get(noted(word).unwrap_or(word as usize));
        let is_it = |&procedure: &Value| {
            m.heap.is(procedure, Kind::Closure)
                && block(m.heap.field(procedure, 0).fixnum_value() as u32) == block(at as u32)
        };
        called.is_some_and(is_it).then_some(at)
    }

    /// Gives the error being raised its place and trace, if it has none. They are what the frames at `fp` say.
    pub(super) fn complete_error(&mut self) -> Result<(), Fault> {
        let m = &mut self.machine;
        m.top = m.top.max(m.fp + 2);
        if !m.heap.is(m.raised, Kind::Error) {
            return Ok(());
        }
        // Also for one that has its trace: where code has no source, as in a job, none ever has.
        m.charge(TRACE_FUEL)?;
        if m.heap.field(m.raised, TRACE) != Value::NIL {
            return Ok(());
        }
        let calls = self.calls();
        let m = &mut self.machine;
        let has_place = m.heap.field(m.raised, SPAN) != Value::FALSE;
        if let (false, Some(&(_, place))) = (has_place, calls.first()) {
            m.set_error_place(place);
        }
        let mut trace = Value::NIL;
        for &(place, Place { span, .. }) in calls.iter().rev() {
            let name = self.code.block_at(place as u32).and_then(|block| {
                block
                    .unit
                    .unit
                    .lambdas
                    .get(block.lambda as usize)
                    .and_then(|lambda| lambda.name)
            });
            let name = name.filter(|&name| {
                let text = self.machine.symbols.text(name);
                !text.starts_with(TAKES_VALUES)
            });
            let name = name.map_or(Value::FALSE, Value::symbol);
            let m = &mut self.machine;
            let numbers = [
                i64::from(span.source.0),
                i64::from(span.start),
                i64::from(span.end),
            ]
            .map(Value::fixnum);
            let made = m.rooted(&[trace], 7, |m, held| {
                let call =
                    m.heap
                        .object(Kind::Vector, 0, &[name, numbers[0], numbers[1], numbers[2]]);
                m.heap.cons(call, held[0])
            });
            trace = made?;
        }
        let raised = self.machine.raised;
        self.machine.heap.set_field(raised, TRACE, trace);
        Ok(())
    }
}
