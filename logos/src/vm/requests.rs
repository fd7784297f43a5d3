//! The way between a program and the world around it: requests go out as data, answers come back as data.

use super::{Fault, Machine, Pending, Vm};
use crate::builtins::promises;
use crate::datum::{to_syntax, to_value};
use crate::syntax::{Span, Syntax};
use crate::value::Value;

/// The name of a request that withdraws the earlier one of the same number, which may never have been seen; nobody waits for an answer.
pub const CANCEL: &str = "cancel";

/// The name of a request that a file be closed. When the machine itself asks, nobody waits for an answer.
pub const CLOSE: &str = "close-port";

/// Something only the world around the machine can do.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its number: [`Vm::resume`] names it.
    pub id: u64,
    /// What is asked.
    pub name: String,
    /// With what.
    pub arguments: Vec<Syntax>,
}

/// What comes of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A value.
    Value(Syntax),
    /// An error.
    Error {
        /// Its kind, such as `:unreachable`.
        kind: String,
        /// What happened, for a person.
        message: String,
        /// What belongs to it besides.
        payload: Option<Syntax>,
    },
}

/// Asks the world to close a file.
pub(crate) fn ask_to_close(m: &mut Machine, file: Value) {
    let id = m.next_serial();
    m.requests.push_back(Pending {
        id,
        name: CLOSE.to_string(),
        arguments: vec![file],
    });
}

impl Vm {
    /// The next thing the program asks of the world.
    pub fn poll_request(&mut self) -> Option<Request> {
        let pending = loop {
            let pending = self.machine.requests.pop_front()?;
            let unanswered = pending.name == CANCEL || pending.name == CLOSE;
            if unanswered || self.machine.awaited.contains_key(&pending.id) {
                break pending;
            }
        };
        let mut arguments = Vec::with_capacity(pending.arguments.len());
        for value in pending.arguments {
            match to_syntax(&mut self.machine, value, Span::NONE) {
                Ok(syntax) => arguments.push(syntax),
                Err(_) => arguments.push(Syntax::new(crate::syntax::Datum::Void, Span::NONE)),
            }
        }
        Some(Request {
            id: pending.id,
            name: pending.name,
            arguments,
        })
    }

    /// Answers a request. One that nobody waits for any more is ignored.
    pub fn resume(&mut self, id: u64, answer: Answer) {
        if let Err(fault) = self.settle_request(id, answer) {
            // The limit is noticed again at the next thing the program does.
            debug_assert!(fault != Fault::Raise { continuable: true });
        }
    }

    fn settle_request(&mut self, id: u64, answer: Answer) -> Result<(), Fault> {
        if !self.machine.awaited.contains_key(&id) {
            return Ok(());
        }
        let (value, fulfilled) = match answer {
            Answer::Value(syntax) => match to_value(&mut self.machine, &syntax, false) {
                Ok(value) => (value, true),
                Err(_) => (
                    self.answer_error(":too-big", "the answer does not fit into memory", None),
                    false,
                ),
            },
            Answer::Error {
                kind,
                message,
                payload,
            } => (self.answer_error(&kind, &message, payload.as_ref()), false),
        };
        match self.machine.awaited.remove(&id) {
            Some(promise) => promises::end(&mut self.machine, promise, value, fulfilled),
            None => Ok(()),
        }
    }

    /// An error object; `#f` when not even that fits.
    fn answer_error(&mut self, kind: &str, message: &str, payload: Option<&Syntax>) -> Value {
        let m = &mut self.machine;
        let kept = m.raised;
        let payload = payload
            .and_then(|syntax| to_value(m, syntax, false).ok())
            .unwrap_or(Value::FALSE);
        m.temporaries.push(payload);
        let made = m.error(kind, message, &[]);
        let payload = m.temporaries.pop().unwrap_or(Value::FALSE);
        if !matches!(made, Fault::Raise { .. }) {
            return Value::FALSE;
        }
        let error = std::mem::replace(&mut m.raised, kept);
        m.heap
            .set_field(error, super::report::fields::PAYLOAD, payload);
        error
    }
}
