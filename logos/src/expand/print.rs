//! Syntax and core forms as text, for messages, `:test` clauses and tests.
//!
//! Owns a compact notation for units: core forms as lists whose keywords are `Let`, `Letrec`, `Lambda` and so on,
//! locals as `name.number`, globals as their names. Refuses to lay out lines.

use super::{ExpandError, Host};
use crate::core::{GlobalId, Lambda, Node, NodeId, Unit, VariableId};
use crate::number::cost;
use crate::reader::{CHARACTER_NAMES, is_plain_name};
use crate::symbol::Symbols;
use crate::syntax::{Datum, Syntax};
use std::fmt::Write;

/// Bytes of text written for a unit of fuel.
const BYTES_PER_FUEL: u64 = 4;
/// The largest numbers that messages show, in limbs of 64 bits.
const SHOWN_LIMBS_MAX: u64 = 4;

/// A piece of text still to be written.
enum Piece<'a> {
    Text(&'static str),
    Datum(&'a Syntax),
}

/// A datum as it would be written, aliases stripped.
pub fn print_syntax(syntax: &Syntax, symbols: &Symbols) -> String {
    let mut text = String::new();
    let mut pieces = vec![Piece::Datum(syntax)];
    while let Some(piece) = pieces.pop() {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Datum(syntax) => {
                print_datum(syntax.datum(), symbols, &mut text, &mut pieces, usize::MAX);
            }
        }
    }
    text
}

/// The same for a message, ended by `…` after so many bytes. No more is looked at than is shown.
pub(crate) fn print_bounded(syntax: &Syntax, symbols: &Symbols, bytes_max: usize) -> String {
    let mut text = String::new();
    let mut pieces = vec![Piece::Datum(syntax)];
    while let Some(piece) = pieces.pop() {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Datum(syntax) => match syntax.datum() {
                Datum::Number(number) if cost::size_in_limbs(number) > SHOWN_LIMBS_MAX => {
                    text.push('…');
                }
                datum => print_datum(datum, symbols, &mut text, &mut pieces, bytes_max + 1),
            },
        }
        if text.len() > bytes_max {
            let end = (0..=bytes_max)
                .rev()
                .find(|&end| text.is_char_boundary(end));
            text.truncate(end.unwrap_or(0));
            text.push('…');
            break;
        }
    }
    text
}

/// A datum as it would be written, paid for by the size of the text.
pub(crate) fn print_charged(syntax: &Syntax, host: &mut dyn Host) -> Result<String, ExpandError> {
    let mut text = String::new();
    let mut pieces = vec![Piece::Datum(syntax)];
    let mut paid = 0;
    while let Some(piece) = pieces.pop() {
        host.spend(1)?;
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Datum(syntax) => {
                if let Datum::Number(number) = syntax.datum() {
                    host.charge(cost::to_text(number, 10).work)?;
                }
                let most = text_bytes(syntax.datum(), host.symbols());
                host.charge(most / BYTES_PER_FUEL)?;
                let sure = (text.len() as u64).saturating_add(most);
                if sure > paid {
                    host.charge_memory(sure - paid)?;
                    paid = sure;
                }
                let symbols = host.symbols();
                print_datum(syntax.datum(), symbols, &mut text, &mut pieces, usize::MAX);
            }
        }
        let length = text.len() as u64;
        if length > paid {
            host.charge_memory(length - paid)?;
            paid = length;
        }
    }
    Ok(text)
}

/// The most bytes that a datum without parts is written in, where they may be many.
fn text_bytes(datum: &Datum, symbols: &Symbols) -> u64 {
    let bytes = match datum {
        Datum::String(text) => 2 * text.len(),
        Datum::Symbol(symbol) => 2 * symbols.text(*symbol).len(),
        Datum::Alias(alias) => 2 * symbols.text(alias.name).len(),
        Datum::Bytes(bytes) => 4 * bytes.len(),
        Datum::Number(number) => 3 * cost::size_in_bytes(number) as usize,
        _ => 0,
    };
    bytes as u64
}

/// Writes a datum whose text is cut after `most` bytes; its parts are left to do.
fn print_datum<'a>(
    datum: &'a Datum,
    symbols: &Symbols,
    text: &mut String,
    pieces: &mut Vec<Piece<'a>>,
    most: usize,
) {
    match datum {
        Datum::Bool(true) => text.push_str("#t"),
        Datum::Bool(false) => text.push_str("#f"),
        Datum::Number(number) => {
            let _ = write!(text, "{number}");
        }
        Datum::Char(c) => print_char(*c, text),
        Datum::String(string) => print_string(beginning(string, most), text),
        Datum::Bytes(bytes) => {
            text.push_str("#u8(");
            for (place, byte) in bytes.iter().take(most).enumerate() {
                let space = if place > 0 { " " } else { "" };
                let _ = write!(text, "{space}{byte}");
            }
            text.push(')');
        }
        Datum::Symbol(symbol) => print_symbol(beginning(symbols.text(*symbol), most), text),
        Datum::Alias(alias) => print_symbol(beginning(symbols.text(alias.name), most), text),
        Datum::List(items, tail) => match prefix(items, tail.is_some(), symbols) {
            Some(prefix) => {
                text.push_str(prefix);
                pieces.push(Piece::Datum(&items[1]));
            }
            None => {
                text.push('(');
                pieces.push(Piece::Text(")"));
                if let Some(tail) = tail {
                    pieces.push(Piece::Datum(tail));
                    pieces.push(Piece::Text(" . "));
                }
                push_spaced(items.iter().take(most), pieces);
            }
        },
        Datum::Vector(items) => {
            text.push_str("#(");
            pieces.push(Piece::Text(")"));
            push_spaced(items.iter().take(most), pieces);
        }
        Datum::Dict(entries) => {
            text.push('{');
            pieces.push(Piece::Text("}"));
            let parts = entries.iter().flat_map(|(key, value)| [key, value]);
            push_spaced(parts.take(most), pieces);
        }
        Datum::Labelled(label, inner) => {
            let _ = write!(text, "#{label}=");
            pieces.push(Piece::Datum(inner));
        }
        Datum::Reference(label) => {
            let _ = write!(text, "#{label}#");
        }
        Datum::Opaque(number) => {
            let _ = write!(text, "#<value {number}>");
        }
        Datum::Void => text.push_str("#<void>"),
        Datum::Eof => text.push_str("#<eof>"),
    }
}

/// A text, cut at the first place from `most` bytes on where it can be.
fn beginning(text: &str, most: usize) -> &str {
    &text[..text.ceil_char_boundary(most)]
}

fn push_spaced<'a>(items: impl Iterator<Item = &'a Syntax>, pieces: &mut Vec<Piece<'a>>) {
    let from = pieces.len();
    for (index, item) in items.enumerate() {
        if index > 0 {
            pieces.push(Piece::Text(" "));
        }
        pieces.push(Piece::Datum(item));
    }
    pieces[from..].reverse();
}

/// The character that abbreviates a form such as `(quote x)`.
fn prefix(items: &[Syntax], dotted: bool, symbols: &Symbols) -> Option<&'static str> {
    if items.len() != 2 || dotted {
        return None;
    }
    let head = match items[0].datum() {
        Datum::Symbol(symbol) => *symbol,
        Datum::Alias(alias) => alias.name,
        _ => return None,
    };
    match symbols.text(head) {
        "quote" => Some("'"),
        "quasiquote" => Some("`"),
        "unquote" => Some(","),
        "unquote-splicing" => Some(",@"),
        _ => None,
    }
}

fn print_char(c: char, text: &mut String) {
    text.push_str("#\\");
    match CHARACTER_NAMES.iter().find(|(_, known)| *known == c) {
        Some((name, _)) => text.push_str(name),
        None if c.is_control() => {
            let _ = write!(text, "x{:x}", u32::from(c));
        }
        None => text.push(c),
    }
}

fn print_string(string: &str, text: &mut String) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            c => text.push(c),
        }
    }
    text.push('"');
}

fn print_symbol(name: &str, text: &mut String) {
    if is_plain_name(name) {
        text.push_str(name);
    } else {
        let _ = write!(text, "|{}|", name.replace('\\', "\\\\").replace('|', "\\|"));
    }
}

/// A part of a unit still to be written.
enum Part {
    Text(String),
    Node(NodeId),
}

/// A unit in the compact notation; `global` gives the names of cells.
pub fn print_unit(unit: &Unit, symbols: &Symbols, global: &dyn Fn(GlobalId) -> String) -> String {
    let mut text = String::new();
    let printer = UnitPrinter {
        unit,
        symbols,
        global,
    };
    let Some(root) = unit.nodes.len().checked_sub(1) else {
        return text;
    };
    let mut parts = vec![Part::Node(root as NodeId)];
    while let Some(part) = parts.pop() {
        match part {
            Part::Text(piece) => text.push_str(&piece),
            Part::Node(node) => {
                let from = parts.len();
                printer.node(&unit.nodes[node as usize], &mut parts);
                parts[from..].reverse();
            }
        }
    }
    text
}

struct UnitPrinter<'a> {
    unit: &'a Unit,
    symbols: &'a Symbols,
    global: &'a dyn Fn(GlobalId) -> String,
}

impl UnitPrinter<'_> {
    fn node(&self, node: &Node, parts: &mut Vec<Part>) {
        let mut text = |piece: String| parts.push(Part::Text(piece));
        match node {
            Node::Constant(syntax) => text(self.constant(syntax)),
            Node::Local(variable) => text(self.variable(*variable)),
            Node::Global(cell) => text((self.global)(*cell)),
            Node::SetLocal(variable, value) => {
                form(
                    parts,
                    format!("(Set {}", self.variable(*variable)),
                    &[*value],
                );
            }
            Node::SetGlobal(cell, value) => {
                form(parts, format!("(Set {}", (self.global)(*cell)), &[*value]);
            }
            Node::DefineGlobal(cell, value) => {
                form(
                    parts,
                    format!("(Define {}", (self.global)(*cell)),
                    &[*value],
                );
            }
            Node::If(test, then, otherwise) => {
                form(parts, "(If".into(), &[*test, *then, *otherwise]);
            }
            Node::Lambda(id) => self.lambda("Lambda", &self.unit.lambdas[*id as usize], parts),
            Node::CaseLambda(ids) => {
                text("(CaseLambda".into());
                for id in ids {
                    parts.push(Part::Text(" ".into()));
                    self.lambda("", &self.unit.lambdas[*id as usize], parts);
                }
                parts.push(Part::Text(")".into()));
            }
            Node::Sequence(nodes) => form(parts, "(Sequence".into(), nodes),
            Node::Call(operator, operands) => {
                text("(".into());
                parts.push(Part::Node(*operator));
                form(parts, String::new(), operands);
            }
            Node::Let(bindings, body) => self.bindings("(Let (", bindings, *body, parts),
            Node::Letrec(bindings, body) => self.bindings("(Letrec (", bindings, *body, parts),
        }
    }

    fn lambda(&self, keyword: &str, lambda: &Lambda, parts: &mut Vec<Part>) {
        let mut head = format!("({keyword}");
        if let Some(name) = lambda.name {
            let _ = write!(head, ":{}", self.symbols.text(name));
        }
        let required: Vec<String> = lambda
            .parameters
            .iter()
            .map(|&variable| self.variable(variable))
            .collect();
        let _ = write!(head, "({}", required.join(" "));
        if let Some(rest) = lambda.rest {
            let _ = write!(head, " . {}", self.variable(rest));
        }
        head.push(')');
        if let Some(doc) = &lambda.doc {
            let _ = write!(head, " {doc:?}");
        }
        if let Some(tests) = lambda.tests {
            let _ = write!(head, " tests={}", self.variable(tests));
        }
        form(parts, head, &[lambda.body]);
    }

    fn bindings(
        &self,
        keyword: &str,
        bindings: &[(VariableId, NodeId)],
        body: NodeId,
        parts: &mut Vec<Part>,
    ) {
        parts.push(Part::Text(keyword.into()));
        for (index, (variable, value)) in bindings.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            form(
                parts,
                format!("{space}({}", self.variable(*variable)),
                &[*value],
            );
        }
        form(parts, ")".into(), &[body]);
    }

    fn variable(&self, variable: VariableId) -> String {
        let it = &self.unit.variables[variable as usize];
        let mark = if it.mutated { "!" } else { "" };
        format!("{}.{variable}{mark}", self.symbols.text(it.name))
    }

    fn constant(&self, syntax: &Syntax) -> String {
        let text = print_syntax(syntax, self.symbols);
        let quoted = match syntax.datum() {
            Datum::List(..) => true,
            Datum::Symbol(symbol) => !self.symbols.is_keyword(*symbol),
            _ => false,
        };
        if quoted { format!("'{text}") } else { text }
    }
}

/// Opening text, the nodes after it, and a closing bracket.
fn form(parts: &mut Vec<Part>, head: String, nodes: &[NodeId]) {
    parts.push(Part::Text(head));
    for node in nodes {
        parts.push(Part::Text(" ".into()));
        parts.push(Part::Node(*node));
    }
    parts.push(Part::Text(")".into()));
}
