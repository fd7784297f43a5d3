//! Values without parts of their own.

use super::{Decoder, Result};
use crate::builtins::numbers;
use crate::heap::Heap;
use crate::number::{self, Number, cost};
use crate::ship::tag;
use crate::value::Value;
use num_bigint::{BigInt, Sign};

impl Decoder<'_> {
    pub(super) fn atom(&mut self, tag: u8) -> Result<Option<Value>> {
        Ok(Some(match tag {
            tag::FALSE => Value::FALSE,
            tag::TRUE => Value::TRUE,
            tag::NIL => Value::NIL,
            tag::VOID => Value::VOID,
            tag::EOF => Value::EOF,
            tag::UNASSIGNED if !self.data_only => Value::UNASSIGNED,
            tag::INTEGER | tag::BIG | tag::RATIONAL | tag::FLOAT | tag::COMPLEX => {
                let number = self.read_number(tag)?;
                numbers::from_number(&mut self.vm.machine, &number)?
            }
            tag::CHARACTER => {
                let code = self.number()?;
                match u32::try_from(code).ok().and_then(char::from_u32) {
                    Some(c) => Value::character(c),
                    None => return self.bad("there is no such character"),
                }
            }
            tag::SYMBOL | tag::UNINTERNED => {
                let text = self.text()?;
                let m = self.machine();
                m.charge(text.len() as u64 / 8)?;
                if m.symbols.find(&text).is_none() || tag == tag::UNINTERNED {
                    m.take_external(Heap::text_words(&text) + 4)?;
                }
                Value::symbol(if tag == tag::SYMBOL {
                    m.symbols.intern(&text)
                } else {
                    m.symbols.uninterned(&text)
                })
            }
            tag::STRING | tag::LITERAL_STRING => {
                let text = self.text()?;
                let m = self.machine();
                m.charge(text.len() as u64 / 8)?;
                let string = m.string(&text)?;
                m.heap
                    .set_flags(string, u8::from(tag == tag::LITERAL_STRING));
                string
            }
            tag::BYTES | tag::LITERAL_BYTES => {
                let bytes = self.slice()?.to_vec();
                let m = self.machine();
                m.charge(bytes.len() as u64 / 8)?;
                let value = m.bytes(&bytes)?;
                m.heap.set_flags(value, u8::from(tag == tag::LITERAL_BYTES));
                value
            }
            tag::LIBRARY if !self.data_only => {
                let text = self.text()?;
                let symbol = self.vm.machine.symbols.find(&text);
                match symbol.and_then(|symbol| self.vm.library_global(symbol)) {
                    Some(cell) => self.vm.machine.global_value(cell),
                    None => return self.bad("the library has no such name"),
                }
            }
            _ => return Ok(None),
        }))
    }

    fn read_number(&mut self, tag: u8) -> Result<Number> {
        match tag {
            tag::INTEGER => {
                let n = self.number()?;
                Ok(Number::Int((n >> 1) as i64 ^ -((n & 1) as i64)))
            }
            tag::FLOAT => self.float(),
            tag::BIG => self.big(),
            tag::RATIONAL => self.rational(),
            tag::COMPLEX => self.complex(),
            _ => self.bad("a number should stand here"),
        }
    }

    fn float(&mut self) -> Result<Number> {
        let Some(bytes) = self.bytes.get(self.at..self.at + 8) else {
            return self.bad("the bytes end too early");
        };
        let mut eight = [0; 8];
        eight.copy_from_slice(bytes);
        self.at += 8;
        let x = f64::from_bits(u64::from_le_bytes(eight));
        if x.is_nan() && x.to_bits() != number::NAN.to_bits() {
            return self.bad("not the canonical NaN");
        }
        Ok(Number::Float(x))
    }

    /// An integer of more than 64 bits.
    fn big(&mut self) -> Result<Number> {
        let sign = match self.byte()? {
            0 => Sign::Plus,
            1 => Sign::Minus,
            _ => return self.bad("a sign is 0 or 1"),
        };
        let magnitude = self.slice()?.to_vec();
        self.machine().charge(magnitude.len() as u64 / 8)?;
        if magnitude.last() == Some(&0) {
            return self.bad("a number is not in its shortest form");
        }
        match Number::from(BigInt::from_bytes_le(sign, &magnitude)) {
            number @ Number::Big(_) => Ok(number),
            _ => self.bad("a number is not in its shortest form"),
        }
    }

    fn rational(&mut self) -> Result<Number> {
        let (numerator, denominator) = (self.integer()?, self.integer()?);
        let given = (numerator.clone(), denominator.clone());
        let (n, d) = (
            Number::from(numerator.clone()),
            Number::from(denominator.clone()),
        );
        self.machine().charge(cost::gcd(&n, &d).work)?;
        match Number::fraction(numerator, denominator) {
            Some(Number::Rational(q)) if (q.numer(), q.denom()) == (&given.0, &given.1) => {
                Ok(Number::Rational(q))
            }
            _ => self.bad("a fraction is not in lowest terms"),
        }
    }

    fn complex(&mut self) -> Result<Number> {
        let (real, imaginary) = (self.real()?, self.real()?);
        if number::is_exact(&real) != number::is_exact(&imaginary) || imaginary == Number::Int(0) {
            return self.bad("a complex number is not in its normal form");
        }
        Ok(number::rectangular(real, imaginary))
    }

    /// A part of a complex number.
    fn real(&mut self) -> Result<Number> {
        match self.byte()? {
            tag::COMPLEX => self.bad("the parts of a complex number are real"),
            tag => self.read_number(tag),
        }
    }

    /// Numerator or denominator of a fraction.
    fn integer(&mut self) -> Result<BigInt> {
        let tag = self.byte()?;
        if !matches!(tag, tag::INTEGER | tag::BIG) {
            return self.bad("a fraction is made of integers");
        }
        match self.read_number(tag)?.to_bigint() {
            Some(n) => Ok(n.into_owned()),
            None => self.bad("an integer"),
        }
    }
}
