//! Symbols and keywords. Their texts live outside the heap, once each: a new one is paid for by its length.

use super::strings::string_argument;
use super::{ANY, Builtin, wrong_argument};
use crate::symbol::Symbol;
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Outcome};

/// Words counted for a name beside its text: places in the table, in both directions.
const SYMBOL_WORDS: usize = 12;
const NEW: &str = "20, and 1 for each character";

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::plain(
        "symbol?",
        "(symbol? value)",
        (1, 1),
        "",
        "Whether a value is a symbol; keywords are symbols too.",
        is_symbol,
    ),
    Builtin::plain(
        "keyword?",
        "(keyword? value)",
        (1, 1),
        "",
        "Whether a value is a keyword such as :name.",
        is_keyword,
    ),
    Builtin::plain(
        "symbol=?",
        "(symbol=? symbol …)",
        (1, ANY),
        "1 for each symbol",
        "Whether all are the same symbol.",
        symbol_equal,
    ),
    Builtin::plain(
        "symbol->string",
        "(symbol->string symbol)",
        (1, 1),
        "1 for every 2 characters",
        "The name of a symbol.",
        symbol_to_string,
    ),
    Builtin::plain(
        "string->symbol",
        "(string->symbol string)",
        (1, 1),
        NEW,
        "The symbol with a name.",
        string_to_symbol,
    ),
    Builtin::plain(
        "string->uninterned-symbol",
        "(string->uninterned-symbol string)",
        (1, 1),
        NEW,
        "A new symbol with a name, equal to no other.",
        string_to_uninterned,
    ),
    Builtin::plain(
        "keyword->string",
        "(keyword->string keyword)",
        (1, 1),
        "1 for every 2 characters",
        "The name of a keyword, without its colon.",
        keyword_to_string,
    ),
    Builtin::plain(
        "string->keyword",
        "(string->keyword string)",
        (1, 1),
        NEW,
        "The keyword with a name, given without its colon.",
        string_to_keyword,
    ),
    Builtin::plain(
        "keyword->symbol",
        "(keyword->symbol keyword)",
        (1, 1),
        NEW,
        "The symbol named like a keyword without its colon.",
        keyword_to_symbol,
    ),
    Builtin::plain(
        "symbol->keyword",
        "(symbol->keyword symbol)",
        (1, 1),
        NEW,
        "The keyword named like a symbol with a colon before it.",
        symbol_to_keyword,
    ),
    Builtin::plain(
        "gensym",
        "(gensym [prefix])",
        (0, 1),
        NEW,
        "A new symbol, equal to no other, for macros.",
        gensym,
    ),
];

/// An argument that must be a symbol.
fn symbol_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    index: usize,
) -> Result<Symbol, Fault> {
    let value = m.arg(arguments, index);
    match value.as_symbol() {
        Some(symbol) => Ok(symbol),
        None => Err(wrong_argument(m, procedure, "a symbol", value)),
    }
}

/// An argument that must be a keyword; its name without the colon.
fn keyword_argument(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
) -> Result<String, Fault> {
    let value = m.arg(arguments, 0);
    match value.as_symbol().filter(|&s| m.symbols.is_keyword(s)) {
        Some(symbol) => {
            m.charge(m.symbols.text(symbol).len() as u64)?;
            Ok(m.symbols.text(symbol)[1..].to_string())
        }
        None => Err(wrong_argument(m, procedure, "a keyword", value)),
    }
}

/// Words counted for a symbol of that name.
pub(crate) fn symbol_words(text: &str) -> usize {
    SYMBOL_WORDS + text.len() / 8
}

/// The symbol with this name: a new one is paid for.
pub fn intern(m: &mut Machine, text: &str) -> Result<Symbol, Fault> {
    m.charge(20 + text.len() as u64)?;
    if let Some(symbol) = m.symbols.find(text) {
        return Ok(symbol);
    }
    m.take_external(symbol_words(text))?;
    Ok(m.symbols.intern(text))
}

/// Pays for the symbols made since there were `known` of them.
pub fn pay_for_new(m: &mut Machine, known: usize) -> Result<(), Fault> {
    let new = known..m.symbols.len();
    let words = new
        .map(|number| symbol_words(m.symbols.text(Symbol(number as u32))))
        .sum();
    m.take_external(words)
}

fn uninterned(m: &mut Machine, text: &str) -> Outcome {
    m.charge(20 + text.len() as u64)?;
    m.take_external(symbol_words(text))?;
    Ok(Value::symbol(m.symbols.uninterned(text)))
}

/// The text of a string argument, outside the heap.
fn text_argument(m: &mut Machine, procedure: &str, arguments: Arguments) -> Result<String, Fault> {
    let string = string_argument(m, procedure, arguments, 0)?;
    m.charge(m.heap.string_length(string) as u64)?;
    m.ask_to_hold(m.heap.string_length(string) / 2)?;
    Ok(m.heap.string_text(m.arg(arguments, 0)))
}

fn is_symbol(m: &mut Machine, arguments: Arguments) -> Outcome {
    Ok(Value::boolean(m.arg(arguments, 0).as_symbol().is_some()))
}

fn is_keyword(m: &mut Machine, arguments: Arguments) -> Outcome {
    let symbol = m.arg(arguments, 0).as_symbol();
    Ok(Value::boolean(
        symbol.is_some_and(|s| m.symbols.is_keyword(s)),
    ))
}

fn symbol_equal(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.charge(arguments.count as u64)?;
    let first = symbol_argument(m, "symbol=?", arguments, 0)?;
    let mut all = true;
    for index in 1..arguments.count {
        all &= symbol_argument(m, "symbol=?", arguments, index)? == first;
    }
    Ok(Value::boolean(all))
}

fn symbol_to_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let symbol = symbol_argument(m, "symbol->string", arguments, 0)?;
    let text = m.symbols.shared_text(symbol);
    m.charge(text.len() as u64 / 2)?;
    m.string(&text)
}

fn string_to_symbol(m: &mut Machine, arguments: Arguments) -> Outcome {
    let text = text_argument(m, "string->symbol", arguments)?;
    intern(m, &text).map(Value::symbol)
}

fn string_to_uninterned(m: &mut Machine, arguments: Arguments) -> Outcome {
    let text = text_argument(m, "string->uninterned-symbol", arguments)?;
    uninterned(m, &text)
}

fn keyword_to_string(m: &mut Machine, arguments: Arguments) -> Outcome {
    let text = keyword_argument(m, "keyword->string", arguments)?;
    m.string(&text)
}

fn string_to_keyword(m: &mut Machine, arguments: Arguments) -> Outcome {
    let text = text_argument(m, "string->keyword", arguments)?;
    if text.is_empty() {
        let value = m.arg(arguments, 0);
        let what = "a string that is not empty";
        return Err(wrong_argument(m, "string->keyword", what, value));
    }
    intern(m, &format!(":{text}")).map(Value::symbol)
}

fn keyword_to_symbol(m: &mut Machine, arguments: Arguments) -> Outcome {
    let text = keyword_argument(m, "keyword->symbol", arguments)?;
    intern(m, &text).map(Value::symbol)
}

fn symbol_to_keyword(m: &mut Machine, arguments: Arguments) -> Outcome {
    let symbol = symbol_argument(m, "symbol->keyword", arguments, 0)?;
    let text = m.symbols.shared_text(symbol);
    intern(m, &format!(":{text}")).map(Value::symbol)
}

fn gensym(m: &mut Machine, arguments: Arguments) -> Outcome {
    let prefix = match m.optional(arguments, 0) {
        None => "g".to_string(),
        Some(value) => match value.as_symbol() {
            Some(symbol) => m.symbols.text(symbol).to_string(),
            None => text_argument(m, "gensym", arguments)?,
        },
    };
    m.gensyms += 1;
    let text = format!("{prefix}{}", m.gensyms);
    uninterned(m, &text)
}
