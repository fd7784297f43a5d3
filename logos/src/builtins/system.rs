//! What belongs to no kind of data: booleans, the end of a file, the machine itself, chance.

use super::{ANY, Builtin, wrong_argument};
use crate::expand::FEATURES;
use crate::number::{Number, is_exact_integer, is_negative, is_zero};
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};
use num_bigint::BigUint;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "boolean?",
        "(boolean? value)",
        (1, 1),
        "",
        "Whether a value is #t or #f.",
        is_boolean,
    ),
    Builtin::plain(
        "boolean=?",
        "(boolean=? boolean …)",
        (1, ANY),
        "1 for each boolean",
        "Whether all are the same boolean.",
        boolean_equal,
    ),
    Builtin::plain(
        "void?",
        "(void? value)",
        (1, 1),
        "",
        "Whether a value is the one that prints as nothing.",
        is_void,
    ),
    Builtin::plain(
        "eof-object",
        "(eof-object)",
        (0, 0),
        "",
        "What reading gives at the end of a port.",
        eof_object,
    ),
    Builtin::plain(
        "eof-object?",
        "(eof-object? value)",
        (1, 1),
        "",
        "Whether a value is what reading gives at the end of a port.",
        is_eof_object,
    ),
    Builtin::plain(
        "default-object?",
        "(default-object? value)",
        (1, 1),
        "",
        "Whether a value stands for an argument that was not given.",
        is_default_object,
    ),
    Builtin::plain(
        "features",
        "(features)",
        (0, 0),
        "1 for each feature",
        "The names of what this Scheme has, as cond-expand knows them.",
        features,
    ),
    Builtin::plain(
        "random",
        "(random [n])",
        (0, 1),
        "20, and 4 for every 8 bytes of the number",
        "A whole number from 0 to below n by chance; without n, or when n is no exact number, a fraction.",
        random,
    ),
];

fn is_boolean(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 0);
    Ok(Value::boolean(
        value == Value::TRUE || value == Value::FALSE,
    ))
}

fn boolean_equal(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(arguments.count as u64)?;
    let first = m.arg(arguments, 0);
    let mut all = true;
    for index in 0..arguments.count {
        let value = m.arg(arguments, index);
        if value != Value::TRUE && value != Value::FALSE {
            return Err(wrong_argument(m, "boolean=?", "a boolean", value));
        }
        all &= value == first;
    }
    Ok(Value::boolean(all))
}

fn is_void(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.arg(arguments, 0) == Value::VOID))
}

fn eof_object(_: &mut Machine, _: Arguments) -> Outcome {
    Ok(Value::EOF)
}

fn is_eof_object(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.arg(arguments, 0) == Value::EOF))
}

fn is_default_object(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.arg(arguments, 0) == Value::ABSENT))
}

fn features(m: &mut Machine, _: Arguments) -> Outcome {
    m.charge(FEATURES.len() as u64)?;
    let names: Vec<Value> = FEATURES
        .iter()
        .map(|name| Value::symbol(m.symbols.intern(name)))
        .collect();
    m.list(&names)
}

impl Machine {
    /// Begins with zeros unless it was given a seed.
    fn generator(&mut self) -> &mut ChaCha12Rng {
        self.random
            .get_or_insert_with(|| Box::new(ChaCha12Rng::from_seed([0; 32])))
    }
}

fn random(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(20)?;
    let Some(value) = m.optional(arguments, 0) else {
        return random_fraction(m, 1.0);
    };
    match m.number_paid(value)? {
        Some(Number::Float(limit)) if limit > 0.0 && limit.is_finite() => random_fraction(m, limit),
        Some(n) if is_exact_integer(&n) && !is_negative(&n) && !is_zero(&n) => {
            random_integer(m, &n)
        }
        _ => Err(wrong_argument(
            m,
            "random",
            "a number greater than 0",
            value,
        )),
    }
}

/// One of the 2⁵³ fractions from 0 to below 1 that are equally far from each other, times `limit`.
fn random_fraction(m: &mut Machine, limit: f64) -> Outcome {
    const STEPS: f64 = (1u64 << 53) as f64;
    let fraction = (m.generator().next_u64() >> 11) as f64 / STEPS;
    let scaled = fraction * limit;
    // Rounding may reach the limit itself.
    m.float(if scaled < limit { scaled } else { 0.0 })
}

/// Draws as many bits as the largest result has until they are below the limit: each result is equally likely.
fn random_integer(m: &mut Machine, limit: &Number) -> Result<Value, Fault> {
    if let Number::Int(limit) = limit {
        let limit = *limit as u64;
        let mask = u64::MAX >> (limit - 1).leading_zeros().min(63);
        loop {
            let drawn = m.generator().next_u64() & mask;
            if drawn < limit {
                return super::numbers::from_number(m, &Number::from(drawn));
            }
            m.charge(5)?;
        }
    }
    let Some(limit) = limit.to_bigint() else {
        return Ok(Value::fixnum(0));
    };
    let limit = limit.magnitude().clone();
    let bits = limit.bits();
    let digits = bits.div_ceil(32) as usize;
    m.ask_to_hold(2 * digits)?;
    loop {
        m.charge(2 * digits as u64)?;
        let mut drawn: Vec<u32> = (0..digits).map(|_| m.generator().next_u32()).collect();
        if let Some(last) = drawn.last_mut() {
            *last >>= (32 - bits % 32) % 32;
        }
        let drawn = BigUint::new(drawn);
        if drawn < limit {
            let number = Number::from(num_bigint::BigInt::from(drawn));
            return super::numbers::from_number(m, &number);
        }
    }
}
