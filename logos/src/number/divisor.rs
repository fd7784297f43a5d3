//! The greatest common divisor by Lehmer's algorithm (Knuth, TAOCP 2, 4.5.2, algorithm L): quadratic
//! with a small factor, where the library's binary algorithm shifts the whole number once for each bit.

use num_bigint::{BigInt, BigUint};
use num_traits::{ToPrimitive, Zero};

/// The greatest common divisor; that of 0 and n is n.
pub fn greatest_common(first: BigUint, second: BigUint) -> BigUint {
    let (mut a, mut b) = if first < second {
        (second, first)
    } else {
        (first, second)
    };
    loop {
        if b.is_zero() {
            return a;
        }
        if let (Some(x), Some(y)) = (a.to_u64(), b.to_u64()) {
            return BigUint::from(small(x, y));
        }
        let steps = if a.bits() - b.bits() < 32 {
            leading_steps(&a, &b)
        } else {
            None
        };
        match steps {
            None => {
                let remainder = &a % &b;
                a = std::mem::replace(&mut b, remainder);
            }
            Some(steps) => (a, b) = steps.apply(a, b),
        }
    }
}

/// The greatest common divisor of small numbers.
pub fn small(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Several steps of Euclid's algorithm at once: `(a, b)` becomes `(p·a + q·b, r·a + s·b)`.
struct Steps {
    p: i128,
    q: i128,
    r: i128,
    s: i128,
}

impl Steps {
    fn apply(&self, a: BigUint, b: BigUint) -> (BigUint, BigUint) {
        let (a, b) = (BigInt::from(a), BigInt::from(b));
        let next_a = &a * self.p + &b * self.q;
        let next_b = a * self.r + b * self.s;
        (next_a.into_parts().1, next_b.into_parts().1)
    }
}

/// The steps that the leading bits alone decide; `None` when they decide not even one.
/// Expects `a >= b > 0`, `a` longer than a word and `b` not much shorter than `a`.
fn leading_steps(a: &BigUint, b: &BigUint) -> Option<Steps> {
    let shift = a.bits().checked_sub(62)?;
    let mut x = i128::from((a >> shift).to_u64()?);
    let mut y = i128::from((b >> shift).to_u64()?);
    let mut steps = Steps {
        p: 1,
        q: 0,
        r: 0,
        s: 1,
    };
    while y + steps.r != 0 && y + steps.s != 0 {
        let quotient = (x + steps.p) / (y + steps.r);
        if quotient != (x + steps.q) / (y + steps.s) {
            break;
        }
        (steps.p, steps.r) = (steps.r, steps.p - quotient * steps.r);
        (steps.q, steps.s) = (steps.s, steps.q - quotient * steps.s);
        (x, y) = (y, x - quotient * y);
    }
    (steps.q != 0).then_some(steps)
}
