//! Macros: what a name defined by `define-syntax` or `defmacro` stands for, and `syntax-rules` made ready.
//!
//! Owns [`Macro`] and the compiled form of rules: patterns and templates as flat vectors of nodes, so that
//! neither matching nor copying needs recursion.

use super::scope::{Definition, Identifier};
use crate::core::GlobalId;
use crate::number::cost;
use crate::symbol::Symbol;
use crate::syntax::{Datum, Span, Syntax};
use std::fmt;
use std::rc::Rc;

/// A macro.
pub struct Macro {
    /// The name it was defined under.
    pub name: Symbol,
    /// Its documentation.
    pub doc: Option<Rc<str>>,
    /// The cell that holds its tests, a list of pairs (text . thunk), where it has some.
    pub tests: Option<GlobalId>,
    /// How it transforms.
    pub transformer: Transformer,
    /// Its definition.
    pub span: Span,
    pub(crate) definition: Definition,
}

/// Bytes counted for each part of a rule: the node made of it, and its syntax.
const NODE_BYTES: u64 = 200;
/// Bytes counted for a macro that is kept, beside its rules and its documentation.
pub(crate) const MACRO_BYTES: u64 = 256;

impl Macro {
    /// Bytes that it takes for as long as its name means it.
    pub(crate) fn bytes(&self) -> u64 {
        let rules = match &self.transformer {
            Transformer::Rules(rules) => rules.bytes,
            Transformer::Procedure(_) => 0,
        };
        let doc = self.doc.as_ref().map_or(0, |doc| doc.len());
        MACRO_BYTES + rules + doc as u64
    }
}

/// How a macro transforms its uses.
#[derive(Clone)]
pub enum Transformer {
    /// `syntax-rules`.
    Rules(Rc<Rules>),
    /// `defmacro`: the procedure in this cell.
    Procedure(GlobalId),
}

impl fmt::Debug for Macro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Macro({})", self.name.0)
    }
}

impl fmt::Debug for Transformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Transformer::Rules(rules) => write!(f, "Rules({})", rules.rules.len()),
            Transformer::Procedure(cell) => write!(f, "Procedure({})", cell.0),
        }
    }
}

/// The rules of a `syntax-rules` form.
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    /// The form itself, for `macroexpand`, messages and shipping.
    pub source: Syntax,
    /// Bytes that all of that takes.
    pub(crate) bytes: u64,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rules({})", self.rules.len())
    }
}

/// One rule: a pattern for the arguments of the use, and a template.
pub(crate) struct Rule {
    /// The first is the pattern of the list of arguments.
    pub patterns: Vec<Pattern>,
    /// The first is the whole template.
    pub templates: Vec<Template>,
    /// How many variables the pattern has: the first slots.
    pub variables: usize,
    /// How many slots the template uses: variables, then their elements inside each ellipsis.
    pub slots: usize,
    /// The identifiers that the template introduces.
    pub introduced: Vec<Identifier>,
}

/// A node of a pattern. Numbers are indexes into the rule's `patterns`, or slots of variables.
pub(crate) enum Pattern {
    /// `_`
    Any,
    Variable(usize),
    Literal(Identifier),
    Constant(Syntax),
    List(Elements),
    Vector(Elements),
    /// `{entry ...}`: the entries of a dict, each as a list of key and value, in written order.
    Dict(Elements),
}

impl Rule {
    /// Bytes that the rule takes, and the form that it was read from.
    pub fn bytes(&self) -> u64 {
        let constants = |datum: &Datum| match datum {
            Datum::String(text) => text.len() as u64,
            Datum::Bytes(bytes) => bytes.len() as u64,
            Datum::Number(number) => cost::size_in_bytes(number),
            _ => 0,
        };
        let patterns = self.patterns.iter().map(|pattern| match pattern {
            Pattern::Constant(constant) => constants(constant.datum()),
            _ => 0,
        });
        let templates = self.templates.iter().map(|template| match &template.shape {
            Shape::Constant(constant) => constants(constant.datum()),
            _ => 0,
        });
        let nodes = self.patterns.len() + self.templates.len();
        patterns.chain(templates).sum::<u64>() + NODE_BYTES * nodes as u64
    }
}

/// The elements of a list or vector pattern: `before … repeated ... after … . tail`.
#[derive(Default)]
pub(crate) struct Elements {
    pub before: Vec<usize>,
    pub repeated: Option<Repeated>,
    pub after: Vec<usize>,
    pub tail: Option<usize>,
}

pub(crate) struct Repeated {
    pub pattern: usize,
    /// The slots of the variables inside.
    pub variables: Vec<usize>,
}

/// A node of a template, with the place it has in the definition.
pub(crate) struct Template {
    pub shape: Shape,
    pub span: Span,
}

pub(crate) enum Shape {
    /// The value of a slot.
    Slot(usize),
    /// An identifier, introduced: an index into `introduced`.
    Introduced(usize),
    /// A datum without identifiers or parts.
    Constant(Syntax),
    /// What stands in another node.
    Same(usize),
    List(Vec<usize>, Option<usize>),
    Vector(Vec<usize>),
    /// Keys and values in turn.
    Dict(Vec<usize>),
    /// `template ...`: once for each element of the slots on the left, which goes into the slot on the right.
    Repeat {
        template: usize,
        steps: Vec<(usize, usize)>,
    },
}
