//! Numbers, and code and literals, which are written from syntax.

use super::{Encoder, Item, PAIR_MARK};
use crate::number::Number;
use crate::ship::tag;
use crate::syntax::{Datum, Syntax};
use crate::value::Value;
use crate::vm::Fault;
use num_bigint::Sign;

impl Encoder<'_> {
    /// Writes a value that is a number.
    pub(super) fn number(&mut self, value: Value) -> Result<(), Fault> {
        match self.vm.machine.number_paid(value)? {
            Some(number) => self.write_number(&number),
            None => Err(self.not_sendable("this value", value)),
        }
    }

    fn write_number(&mut self, number: &Number) -> Result<(), Fault> {
        match number {
            Number::Int(n) => {
                self.byte(tag::INTEGER);
                self.count((n << 1 ^ n >> 63) as u64);
            }
            Number::Float(x) => {
                self.byte(tag::FLOAT);
                self.bytes.extend_from_slice(&x.to_bits().to_le_bytes());
            }
            Number::Big(n) => {
                let (sign, magnitude) = n.to_bytes_le();
                self.machine().charge(magnitude.len() as u64 / 2)?;
                self.byte(tag::BIG);
                self.byte(u8::from(sign == Sign::Minus));
                self.count(magnitude.len() as u64);
                self.bytes.extend_from_slice(&magnitude);
            }
            Number::Rational(q) => {
                self.byte(tag::RATIONAL);
                self.write_number(&Number::from(q.numer().clone()))?;
                self.write_number(&Number::from(q.denom().clone()))?;
            }
            Number::Complex(z) => {
                self.byte(tag::COMPLEX);
                self.write_number(z.parts().0)?;
                self.write_number(z.parts().1)?;
            }
        }
        self.check_size()
    }

    /// Code and literals are written from syntax.
    pub(super) fn datum(&mut self, syntax: &Syntax, items: &mut Vec<Item>) -> Result<(), Fault> {
        match syntax.datum() {
            Datum::Bool(b) => self.byte(if *b { tag::TRUE } else { tag::FALSE }),
            Datum::Number(number) => return self.write_number(number),
            Datum::Char(c) => {
                self.byte(tag::CHARACTER);
                self.count(u64::from(*c));
            }
            Datum::String(text) => return self.string(tag::LITERAL_STRING, text),
            Datum::Symbol(symbol) => return self.text(tag::SYMBOL, *symbol),
            Datum::Alias(alias) => return self.text(tag::SYMBOL, alias.name),
            Datum::Void => self.byte(tag::VOID),
            Datum::Eof => self.byte(tag::EOF),
            Datum::Bytes(bytes) => {
                self.byte(tag::LITERAL_BYTES);
                self.count(bytes.len() as u64);
                self.bytes.extend_from_slice(bytes);
            }
            Datum::List(parts, tail) => {
                let end = tail.clone().map_or(Item::Value(Value::NIL), Item::Datum);
                items.push(end);
                // Each pair's tag stands before its car: the cars are written one by one.
                for part in parts.iter().rev() {
                    items.push(Item::Datum(part.clone()));
                    items.push(Item::Value(PAIR_MARK));
                }
            }
            Datum::Vector(parts) => {
                self.byte(tag::LITERAL_VECTOR);
                self.count(parts.len() as u64);
                items.extend(parts.iter().rev().cloned().map(Item::Datum));
            }
            Datum::Dict(entries) => {
                self.byte(tag::DICT);
                self.count(entries.len() as u64);
                items.extend(
                    entries
                        .iter()
                        .rev()
                        .flat_map(|(k, v)| [Item::Datum(v.clone()), Item::Datum(k.clone())]),
                );
            }
            Datum::Labelled(..) | Datum::Reference(_) => {
                return Err(self.not_sendable("a circular literal", Value::FALSE));
            }
            Datum::Opaque(number) => {
                let value = self.vm.machine.opaque(*number);
                items.push(Item::Value(value));
            }
        }
        self.check_size()
    }
}
