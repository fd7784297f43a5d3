//! Numbers as text and back.

use super::operation::{any_operand, pay};
use super::words::from_number;
use crate::builtins::wrong_argument;
use crate::number::{self, cost};
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};

pub(super) fn number_to_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let x = any_operand(m, "number->string", arguments, 0)?;
    let radix = radix(m, "number->string", arguments)?;
    pay(m, cost::to_text(&x, radix))?;
    let text = number::to_text(&x, radix);
    m.string(&text)
}

pub(super) fn string_to_number(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 0);
    if !m.is_string(value) {
        return Err(wrong_argument(m, "string->number", "a string", value));
    }
    let radix = radix(m, "string->number", arguments)?;
    m.charge(m.heap.string_length(value) as u64)?;
    let text = m.heap.string_text(value);
    pay(m, cost::parse(&text, radix))?;
    match number::parse(&text, radix) {
        Ok(number) => from_number(m, &number),
        Err(_) => Ok(Value::FALSE),
    }
}

fn radix(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<u32, Fault> {
    match m.optional(arguments, 1) {
        None => Ok(10),
        Some(value) => match value.as_fixnum() {
            Some(radix @ 2..=36) => Ok(radix as u32),
            _ => Err(wrong_argument(m, procedure, "a radix from 2 to 36", value)),
        },
    }
}
