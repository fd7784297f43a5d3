//! The bytes themselves: numbers, counts and texts, each in its one form.

use super::{DecodeError, Decoder, Result};

impl Decoder<'_> {
    pub(super) fn byte(&mut self) -> Result<u8> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => self.bad("the bytes end too early"),
        }
    }

    /// An unsigned number in its shortest form.
    pub(super) fn number(&mut self) -> Result<u64> {
        let mut n: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 {
                    self.bad("a number is not in its shortest form")
                } else {
                    Ok(n)
                };
            }
        }
        self.bad("a number is too large")
    }

    /// A count of things that take at least a byte each: never more than there are bytes.
    pub(super) fn count(&mut self) -> Result<usize> {
        let n = self.number()?;
        match usize::try_from(n) {
            Ok(n) if n <= self.bytes.len() - self.at => Ok(n),
            _ => self.bad("a count is larger than what follows"),
        }
    }

    pub(super) fn slice(&mut self) -> Result<&[u8]> {
        let count = self.count()?;
        let start = self.at;
        self.at += count;
        Ok(&self.bytes[start..start + count])
    }

    pub(super) fn text(&mut self) -> Result<String> {
        let at = self.at;
        match String::from_utf8(self.slice()?.to_vec()) {
            Ok(text) => Ok(text),
            Err(_) => Err(DecodeError::Malformed {
                at,
                what: "a text is not UTF-8",
            }),
        }
    }
}
