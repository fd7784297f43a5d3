//! Core forms: the small language that every program is expanded to, before closures are converted.
//!
//! One [`Unit`] is one top-level form. Its nodes stand in one vector, children always before their parents, so that
//! every pass over them is a loop and none needs recursion. Every local variable has a number of its own within the unit.
//! Prices, and what travels to other machines, are defined on these nodes.

use crate::symbol::Symbol;
use crate::syntax::{Span, Syntax};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A node of a [`Unit`]: an index into `nodes`.
pub type NodeId = u32;
/// A local variable of a [`Unit`]: an index into `variables`.
pub type VariableId = u32;
/// A procedure body of a [`Unit`]: an index into `lambdas`.
pub type LambdaId = u32;

/// A global variable of a world: an index into its table of globals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct GlobalId(pub u32);

/// One expanded top-level form.
#[derive(Debug, Clone, Default)]
pub struct Unit {
    /// The nodes; a child's number is smaller than its parent's. The last one is the root. Each node has exactly one parent.
    pub nodes: Vec<Node>,
    /// Where each node came from; as long as `nodes`.
    pub spans: Vec<Span>,
    /// For nodes that a macro introduced, the place in the macro's definition; `spans` has its use.
    pub origins: BTreeMap<NodeId, Span>,
    /// All local variables.
    pub variables: Vec<Variable>,
    /// All procedures, inner ones before the outer ones that hold them.
    pub lambdas: Vec<Lambda>,
}

impl Unit {
    /// Whether it is a definition of this global variable as a procedure, which therefore runs only when the variable has its value.
    pub fn defines_procedure(&self, global: GlobalId) -> bool {
        let Some(&Node::DefineGlobal(defined, value)) = self.nodes.last() else {
            return false;
        };
        let node = |id: NodeId| &self.nodes[id as usize];
        defined == global
            && match node(value) {
                Node::Lambda(_) | Node::CaseLambda(_) => true,
                Node::Let(bindings, body) => match (&bindings[..], node(*body)) {
                    (&[(tests, _)], &Node::Lambda(lambda)) => {
                        self.lambdas[lambda as usize].tests == Some(tests)
                    }
                    _ => false,
                },
                _ => false,
            }
    }
}

/// A local variable.
#[derive(Debug, Clone)]
pub struct Variable {
    /// What it was called.
    pub name: Symbol,
    /// Whether some `SetLocal` changes it.
    pub mutated: bool,
}

/// How the names begin of the procedures that forms make to take values, such as `values of let-values`. No trace tells them.
pub const TAKES_VALUES: &str = "values of ";

/// A procedure.
#[derive(Debug, Clone)]
pub struct Lambda {
    /// What it is called in traces: the name it was defined or bound under.
    pub name: Option<Symbol>,
    /// Required parameters, in order.
    pub parameters: Vec<VariableId>,
    /// The parameter that takes the remaining arguments as a list.
    pub rest: Option<VariableId>,
    /// The body.
    pub body: NodeId,
    /// Its documentation.
    pub doc: Option<Rc<str>>,
    /// The variable, bound around the procedure, that holds its tests: a list of pairs `(source-text . thunk)`.
    pub tests: Option<VariableId>,
    /// The whole form that made it.
    pub span: Span,
}

/// A core form.
#[derive(Debug, Clone)]
pub enum Node {
    /// A literal: syntax without aliases. Evaluates to one distinct immutable object.
    Constant(Syntax),
    /// The value of a local variable; reading one of a `Letrec` before its initialisation is an error.
    Local(VariableId),
    /// `set!` of a local variable; its value is `#<void>`.
    SetLocal(VariableId, NodeId),
    /// The value of a global variable; an error while it has none.
    Global(GlobalId),
    /// `set!` of a global variable; an error while it has no value.
    SetGlobal(GlobalId, NodeId),
    /// A top-level definition.
    DefineGlobal(GlobalId, NodeId),
    /// Test, then, else.
    If(NodeId, NodeId, NodeId),
    /// A closure.
    Lambda(LambdaId),
    /// `case-lambda`: the first that takes the number of arguments given.
    CaseLambda(Vec<LambdaId>),
    /// One after another; the value of the last (never empty).
    Sequence(Vec<NodeId>),
    /// Operator, then operands, left to right.
    Call(NodeId, Vec<NodeId>),
    /// Initialises the variables from left to right, none visible in the initialisers, then the body.
    Let(Vec<(VariableId, NodeId)>, NodeId),
    /// `letrec*`: all variables visible in all initialisers, evaluated from left to right.
    Letrec(Vec<(VariableId, NodeId)>, NodeId),
}
