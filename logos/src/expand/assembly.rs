//! Assembly of a unit: nodes made from those made before.

use super::{ExpandError, Host};
use crate::core::{GlobalId, Lambda, LambdaId, Node, NodeId, Unit, Variable, VariableId};
use crate::symbol::Symbol;
use crate::syntax::{Span, Syntax};

/// Bytes of memory charged for each node.
const NODE_BYTES: u64 = 96;

/// A unit being made.
#[derive(Default)]
pub(crate) struct Assembly {
    unit: Unit,
    /// The nodes made and not yet used.
    values: Vec<NodeId>,
    /// The procedures of `case-lambda`s made and not yet used.
    clauses: Vec<LambdaId>,
    /// Local variables below this number belong to a unit set aside.
    foreign: usize,
}

/// How to make a node.
pub(crate) enum Build {
    Constant(Syntax),
    Local(VariableId),
    Global(GlobalId),
    SetLocal(VariableId),
    SetGlobal(GlobalId),
    DefineGlobal(GlobalId),
    If,
    /// The number of parts; one part stays as it is.
    Sequence(usize),
    /// The number of operands.
    Call(usize),
    Let(Vec<VariableId>),
    Letrec(Vec<VariableId>),
    Lambda(Box<Lambda>),
    /// One of the procedures of a `case-lambda`.
    Clause(Box<Lambda>),
    /// The number of procedures.
    CaseLambda(usize),
}

/// Where a node comes from.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub span: Span,
    pub origin: Span,
}

impl Place {
    pub(crate) fn of(syntax: &Syntax) -> Place {
        Place {
            span: syntax.span(),
            origin: syntax.origin(),
        }
    }
}

impl Assembly {
    /// A unit in the middle of this one. Its variables are numbered after those of this, so that a reference to
    /// one of these is noticed.
    pub(crate) fn inner(&self, host: &mut dyn Host) -> Result<Assembly, ExpandError> {
        let variables = self.unit.variables.clone();
        host.spend(variables.len() as u64)?;
        let foreign = variables.len();
        let unit = Unit {
            variables,
            ..Unit::default()
        };
        Ok(Assembly {
            unit,
            foreign,
            ..Assembly::default()
        })
    }

    /// The unit, whose root was made last.
    pub(crate) fn finish(self) -> Unit {
        debug_assert!(self.values.len() == 1 && self.clauses.is_empty());
        self.unit
    }

    /// A new local variable.
    pub(crate) fn variable(&mut self, name: Symbol) -> VariableId {
        self.unit.variables.push(Variable {
            name,
            mutated: false,
        });
        (self.unit.variables.len() - 1) as VariableId
    }

    /// Whether a local variable belongs to a unit set aside.
    pub(crate) fn is_foreign(&self, variable: VariableId) -> bool {
        (variable as usize) < self.foreign
    }

    /// Makes a node, and pays for it.
    pub(crate) fn build(
        &mut self,
        build: Build,
        place: Place,
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        let Some(node) = self.node(build) else {
            return Ok(());
        };
        host.charge_memory(NODE_BYTES)?;
        let id = self.unit.nodes.len() as NodeId;
        self.unit.nodes.push(node);
        self.unit.spans.push(place.span);
        if !place.origin.is_none() {
            self.unit.origins.insert(id, place.origin);
        }
        self.values.push(id);
        Ok(())
    }

    /// The node to make; `None` where one made before will do.
    fn node(&mut self, build: Build) -> Option<Node> {
        Some(match build {
            Build::Constant(syntax) => Node::Constant(syntax),
            Build::Local(variable) => Node::Local(variable),
            Build::Global(cell) => Node::Global(cell),
            Build::SetLocal(variable) => {
                self.unit.variables[variable as usize].mutated = true;
                Node::SetLocal(variable, self.value())
            }
            Build::SetGlobal(cell) => Node::SetGlobal(cell, self.value()),
            Build::DefineGlobal(cell) => Node::DefineGlobal(cell, self.value()),
            Build::If => {
                let [otherwise, then, test] = [(); 3].map(|()| self.value());
                Node::If(test, then, otherwise)
            }
            Build::Sequence(1) => return None,
            Build::Sequence(count) => Node::Sequence(self.last_values(count)),
            Build::Call(count) => {
                let operands = self.last_values(count);
                Node::Call(self.value(), operands)
            }
            Build::Let(variables) | Build::Letrec(variables) if variables.is_empty() => {
                return None;
            }
            Build::Let(variables) => {
                let body = self.value();
                Node::Let(self.bindings(variables), body)
            }
            Build::Letrec(variables) => {
                let body = self.value();
                Node::Letrec(self.bindings(variables), body)
            }
            Build::Lambda(lambda) => Node::Lambda(self.lambda(*lambda)),
            Build::Clause(lambda) => {
                let id = self.lambda(*lambda);
                self.clauses.push(id);
                return None;
            }
            Build::CaseLambda(count) => {
                let from = self.clauses.len() - count;
                Node::CaseLambda(self.clauses.split_off(from))
            }
        })
    }

    fn lambda(&mut self, mut lambda: Lambda) -> LambdaId {
        lambda.body = self.value();
        self.unit.lambdas.push(lambda);
        (self.unit.lambdas.len() - 1) as LambdaId
    }

    fn value(&mut self) -> NodeId {
        self.values
            .pop()
            .expect("each build finds the parts it was scheduled with")
    }

    fn last_values(&mut self, count: usize) -> Vec<NodeId> {
        self.values.split_off(self.values.len() - count)
    }

    fn bindings(&mut self, variables: Vec<VariableId>) -> Vec<(VariableId, NodeId)> {
        let values = self.last_values(variables.len());
        variables.into_iter().zip(values).collect()
    }
}
