//! Pairs: making them, their parts, and the parts of their parts.

use super::{Builtin, told_name, wrong_argument};
use crate::codegen::Inline;
use crate::opcode::Op;
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// The builtin that follows the letters of its name.
macro_rules! path {
    ($name:literal, $doc:literal) => {
        Builtin::plain(
            $name,
            concat!("(", $name, " pair)"),
            (1, 1),
            "",
            $doc,
            |m, arguments| follow(m, arguments, $name),
        )
    };
}

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain("cons", "(cons a b)", (2, 2), "", "A new pair.", cons)
        .inlined(Inline::Binary(Op::Cons)),
    Builtin::plain(
        "%cons",
        "(%cons a b)",
        (2, 2),
        "",
        "The same for the expander.",
        cons,
    ),
    Builtin::plain(
        "car",
        "(car pair)",
        (1, 1),
        "",
        "The first part of a pair: of a list, its first element.",
        car,
    )
    .inlined(Inline::Unary(Op::Car)),
    Builtin::plain(
        "cdr",
        "(cdr pair)",
        (1, 1),
        "",
        "The second part of a pair: of a list, the rest.",
        cdr,
    )
    .inlined(Inline::Unary(Op::Cdr)),
    Builtin::plain(
        "set-car!",
        "(set-car! pair value)",
        (2, 2),
        "",
        "Changes the first part of a pair.",
        set_car,
    )
    .inlined(Inline::Binary(Op::SetCar)),
    Builtin::plain(
        "set-cdr!",
        "(set-cdr! pair value)",
        (2, 2),
        "",
        "Changes the second part of a pair.",
        set_cdr,
    )
    .inlined(Inline::Binary(Op::SetCdr)),
    Builtin::plain(
        "pair?",
        "(pair? value)",
        (1, 1),
        "",
        "Whether a value is a pair.",
        is_pair,
    )
    .inlined(Inline::Unary(Op::IsPair)),
    Builtin::plain(
        "%mutable-pair",
        "(%mutable-pair procedure pair)",
        (2, 2),
        "",
        "The pair, if it can be changed; otherwise an error of the procedure.",
        as_mutable,
    ),
    path!("caar", "The car of the car."),
    path!("cadr", "The car of the cdr: of a list, its second element."),
    path!("cdar", "The cdr of the car."),
    path!(
        "cddr",
        "The cdr of the cdr: of a list, all but the first two."
    ),
    path!("caaar", "The car of the car of the car."),
    path!("caadr", "The car of the car of the cdr."),
    path!("cadar", "The car of the cdr of the car."),
    path!(
        "caddr",
        "The car of the cdr of the cdr: of a list, its third element."
    ),
    path!("cdaar", "The cdr of the car of the car."),
    path!("cdadr", "The cdr of the car of the cdr."),
    path!("cddar", "The cdr of the cdr of the car."),
    path!(
        "cdddr",
        "The cdr of the cdr of the cdr: of a list, all but the first three."
    ),
    path!("caaaar", "The car of the caaar."),
    path!("caaadr", "The car of the caadr."),
    path!("caadar", "The car of the cadar."),
    path!("caaddr", "The car of the caddr."),
    path!("cadaar", "The car of the cdaar."),
    path!("cadadr", "The car of the cdadr."),
    path!("caddar", "The car of the cddar."),
    path!(
        "cadddr",
        "The car of the cdddr: of a list, its fourth element."
    ),
    path!("cdaaar", "The cdr of the caaar."),
    path!("cdaadr", "The cdr of the caadr."),
    path!("cdadar", "The cdr of the cadar."),
    path!("cdaddr", "The cdr of the caddr."),
    path!("cddaar", "The cdr of the cdaar."),
    path!("cddadr", "The cdr of the cdadr."),
    path!("cdddar", "The cdr of the cddar."),
    path!(
        "cddddr",
        "The cdr of the cdddr: of a list, all but the first four."
    ),
];

fn cons(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.ensure(2)?;
    let (a, b) = (m.arg(arguments, 0), m.arg(arguments, 1));
    Ok(m.heap.cons(a, b))
}

fn pair_argument(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<Value, Fault> {
    let value = m.arg(arguments, 0);
    if value.is_pair() {
        Ok(value)
    } else {
        Err(wrong_argument(m, procedure, "a pair", value))
    }
}

fn mutable_pair(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<Value, Fault> {
    let pair = pair_argument(m, procedure, arguments)?;
    if pair.is_mutable_pair() {
        return Ok(pair);
    }
    Err(immutable_pair(m, procedure, pair))
}

#[cold]
fn immutable_pair(m: &mut Machine, procedure: &str, pair: Value) -> Fault {
    let message = format!(
        "`{procedure}` cannot change a list written in the program; copy it first with `list-copy`:"
    );
    m.error(":wrong-argument", &message, &[pair])
}

fn as_mutable(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (procedure, pair) = (m.arg(arguments, 0), m.arg(arguments, 1));
    if pair.is_mutable_pair() || !pair.is_pair() {
        return Ok(pair);
    }
    let procedure = told_name(m, procedure);
    Err(immutable_pair(m, &procedure, pair))
}

/// From the last letter of a name like `cadr` to the first: the car or the cdr of what the ones before led to.
#[inline]
fn follow(m: &mut Machine, arguments: Arguments, procedure: &str) -> Outcome {
    let whole = m.arg(arguments, 0);
    let letters = &procedure.as_bytes()[1..procedure.len() - 1];
    let mut value = whole;
    for letter in letters.iter().rev() {
        if !value.is_pair() {
            return Err(wrong_argument(
                m,
                procedure,
                "pairs on its whole way",
                whole,
            ));
        }
        value = match letter {
            b'a' => m.heap.car(value),
            _ => m.heap.cdr(value),
        };
    }
    Ok(value)
}

fn car(m: &mut Machine, arguments: Arguments) -> Outcome {
    let pair = pair_argument(m, "car", arguments)?;
    Ok(m.heap.car(pair))
}

fn cdr(m: &mut Machine, arguments: Arguments) -> Outcome {
    let pair = pair_argument(m, "cdr", arguments)?;
    Ok(m.heap.cdr(pair))
}

fn set_car(m: &mut Machine, arguments: Arguments) -> Outcome {
    let pair = mutable_pair(m, "set-car!", arguments)?;
    let value = m.arg(arguments, 1);
    m.heap.set_car(pair, value);
    Ok(Value::VOID)
}

fn set_cdr(m: &mut Machine, arguments: Arguments) -> Outcome {
    let pair = mutable_pair(m, "set-cdr!", arguments)?;
    let value = m.arg(arguments, 1);
    m.heap.set_cdr(pair, value);
    Ok(Value::VOID)
}

fn is_pair(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.arg(arguments, 0).is_pair()))
}
