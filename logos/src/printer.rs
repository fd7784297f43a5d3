//! Values as text.

use crate::value::{Kind, Value};
use crate::vm::Machine;

/// Characters that a value inside a message may take.
const LIMITED_CHARACTERS: usize = 200;

/// A value as `write` prints it, cut off when long: for messages.
pub fn write_limited(m: &Machine, value: Value) -> String {
    let mut text = String::new();
    let mut pending = vec![Piece::Value(value)];
    while let Some(piece) = pending.pop() {
        if text.len() > LIMITED_CHARACTERS {
            text.push('…');
            break;
        }
        match piece {
            Piece::Text(t) => text.push_str(t),
            Piece::Value(v) if v.is_pair() => {
                text.push('(');
                pending.push(Piece::Rest(m.heap.cdr(v)));
                pending.push(Piece::Value(m.heap.car(v)));
            }
            Piece::Rest(v) if v.is_pair() => {
                text.push(' ');
                pending.push(Piece::Rest(m.heap.cdr(v)));
                pending.push(Piece::Value(m.heap.car(v)));
            }
            Piece::Rest(Value::NIL) => text.push(')'),
            Piece::Rest(v) => {
                text.push_str(" . ");
                pending.push(Piece::Text(")"));
                pending.push(Piece::Value(v));
            }
            Piece::Value(v) => text.push_str(&atom(m, v)),
        }
    }
    text
}

enum Piece {
    Value(Value),
    Rest(Value),
    Text(&'static str),
}

fn atom(m: &Machine, value: Value) -> String {
    if let Some(number) = m.number(value) {
        return crate::number::to_text(&number, 10);
    }
    if let Some(symbol) = value.as_symbol() {
        return m.symbols.text(symbol).to_string();
    }
    match value {
        Value::NIL => "()".into(),
        Value::TRUE => "#t".into(),
        Value::FALSE => "#f".into(),
        Value::VOID => "#<void>".into(),
        _ if m.is_string(value) => format!("{:?}", m.heap.string_text(value)),
        _ => match m.heap.kind(value) {
            Some(Kind::Closure) => "#<procedure>".into(),
            Some(kind) => format!("#<{kind:?}>"),
            None => format!("{value:?}"),
        },
    }
}
