//! Errors that a world raises itself, said in its own words: what is wrong with a text, a name without a value, a call with the wrong number
//! of arguments.

use super::report::is_library;
use super::{Condition, Fault, Machine, Vm, error_fields};
use crate::builtins;
use crate::core::TAKES_VALUES;
use crate::datum::to_value;
use crate::expand::{ErrorKind, ExpandError};
use crate::opcode::{self as o, Op};
use crate::reader::{ReadError, ReadErrorKind};
use crate::syntax::{Place, Span};
use crate::value::{Kind, Value};

impl Vm {
    /// An error at a place in the source.
    pub(super) fn syntax_fault(&mut self, kind: &str, message: &str, span: Span) -> Fault {
        let fault = self.machine.error(kind, message, &[]);
        if let Fault::Raise { .. } = fault {
            self.machine.set_error_place(span.into());
        }
        fault
    }

    pub(super) fn expand_fault(&mut self, error: ExpandError) -> Fault {
        let kind = match error.kind {
            ErrorKind::Host(host) => return host.into(),
            ErrorKind::BadSyntax => ":bad-syntax",
            ErrorKind::UnknownName => ":unknown-name",
            ErrorKind::User => ":user",
        };
        let message = with_hint(&error.message, error.hint.as_deref());
        let irritants = error
            .irritants
            .iter()
            .map(|i| to_value(&mut self.machine, i, false));
        let irritants: Vec<Value> = irritants.collect::<Result<_, _>>().unwrap_or_default();
        let irritants = if irritants.iter().any(|v| v.is_reference()) {
            Vec::new()
        } else {
            irritants
        };
        let fault = self.machine.error(kind, &message, &irritants);
        if let Fault::Raise { .. } = fault {
            self.machine.set_error_place(error.place);
        }
        fault
    }

    pub(super) fn read_fault(&mut self, error: ReadError) -> Fault {
        if matches!(error.kind, ReadErrorKind::TooBig) {
            // The reader was given what memory is left.
            return Fault::MemoryExhausted;
        }
        self.syntax_fault(
            ":bad-syntax",
            &with_hint(&error.message, error.hint.as_deref()),
            error.span,
        )
    }

    /// The global's name has no value: raises `:unknown-name` with the nearest name there is. Local names do not count: they do not travel, and
    /// an error is the same everywhere.
    pub(super) fn unknown_name(&mut self, global: usize) -> Fault {
        let name = self.machine.global_names[global];
        let text = self.machine.symbols.text(name).to_string();
        let known = self.user.names();
        let work = builtins::nearest_fuel(&text, known.len());
        if let Err(fault) = self.machine.charge(work) {
            return fault;
        }
        let names = known
            .iter()
            .map(|&symbol| self.machine.symbols.text(symbol))
            .filter(|name| !name.starts_with('%'));
        let message = match builtins::nearest(&text, names) {
            Some(same) if same == text => {
                format!("`{text}` is not visible here, where only what is imported is")
            }
            Some(near) => format!("nothing is named `{text}` here; did you mean `{near}`?"),
            None => format!("nothing is named `{text}` here"),
        };
        self.machine
            .error(":unknown-name", &message, &[Value::symbol(name)])
    }

    /// The closure in the frame at `fp` got the wrong number of arguments.
    pub(super) fn wrong_count(&mut self, count: usize) -> Fault {
        let m = &mut self.machine;
        m.top = m.fp + 2 + count;
        let closure = Value(m.stack[m.fp]);
        let entry = m.heap.field(closure, 0).fixnum_value() as usize;
        let first = self.code.words[entry];
        let takes = match Op::of(first) {
            Op::Enter => builtins::counted(o::a(first), "argument"),
            Op::EnterRest => format!("at least {}", builtins::counted(o::a(first), "argument")),
            _ => clause_counts(&self.code.words[entry + 1..][..o::a(first)]),
        };
        let named = match Op::of(first) {
            Op::EnterCase if o::a(first) > 0 => {
                m.heap.field(m.heap.field(closure, 1), 0).fixnum_value() as usize
            }
            _ => entry,
        };
        let name = self.name_at(named);
        let got = |what| builtins::counted(count, what);
        let message = match name
            .as_deref()
            .map(|name| (name, name.strip_prefix(TAKES_VALUES)))
        {
            Some((_, Some(form))) => {
                let needs = takes.replace("argument", "value");
                format!("`{form}` needs {needs} here, but got {}", got("value"))
            }
            Some((name, None)) => format!("`{name}` takes {takes}, but got {}", got("argument")),
            None => format!("this procedure takes {takes}, but got {}", got("argument")),
        };
        self.machine.error(":wrong-count", &message, &[])
    }

    /// What a procedure whose code begins at `entry` is called.
    fn name_at(&self, entry: usize) -> Option<String> {
        let block = self.code.block_at(entry as u32)?;
        let lambda = block.unit.unit.lambdas.get(block.lambda as usize)?;
        let name = lambda.name?;
        Some(self.machine.symbols.text(name).to_string())
    }

    /// The condition behind a raised value, with where it happened.
    pub(super) fn condition_of(&mut self, raised: Value) -> Condition {
        Condition::raised(&self.machine, raised)
    }
}

impl Machine {
    /// Sets where the error being raised happened.
    pub(crate) fn set_error_place(&mut self, place: Place) {
        let Place { span, origin } = place;
        // A limit may have run out instead of the error being made.
        if span.is_none() || !self.heap.is(self.raised, Kind::Error) || self.ensure(7).is_err() {
            return;
        }
        let spans: &[Span] = if is_library(origin) {
            &[span]
        } else {
            &[span, origin]
        };
        let numbers = spans.iter().flat_map(|it| [it.source.0, it.start, it.end]);
        let fields: Vec<Value> = numbers.map(|it| Value::fixnum(i64::from(it))).collect();
        let place = self.heap.object(Kind::Vector, 0, &fields);
        self.heap.set_field(self.raised, error_fields::SPAN, place);
    }
}

fn with_hint(message: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{message} {hint}"),
        None => message.to_string(),
    }
}

/// The most clauses of a `case-lambda` that an error tells of one by one.
const CLAUSES_TOLD_MAX: usize = 8;

/// "1 or at least 3 arguments": what the clauses of a `case-lambda` take, from the words behind its instruction.
fn clause_counts(clauses: &[u64]) -> String {
    if clauses.len() > CLAUSES_TOLD_MAX {
        return "other numbers of arguments".to_string();
    }
    let read = |clause: &u64| (usize::from(*clause as u16), clause >> 16 & 1 == 1);
    let least = clauses.iter().map(read).filter(|&(_, rest)| rest).min();
    // What a clause takes that another takes as well is told once.
    let counts: Vec<String> = clauses
        .iter()
        .map(read)
        .filter(|&it| least.is_none_or(|least| it == least || it.0 < least.0))
        .map(|(count, rest)| match rest {
            false => count.to_string(),
            true => format!("at least {count}"),
        })
        .collect();
    match counts.split_last() {
        Some((last, [])) => format!(
            "{last} argument{}",
            if last == "1" || last == "at least 1" {
                ""
            } else {
                "s"
            }
        ),
        Some((last, others)) => format!("{} or {last} arguments", others.join(", ")),
        None => "nothing, not even no arguments".to_string(),
    }
}
