//! Assembly of a unit: nodes made from those made before.

use super::{ExpandError, Host};
use crate::core::{GlobalId, Lambda, LambdaId, Node, NodeId, Unit, Variable, VariableId};
use crate::symbol::Symbol;
use crate::syntax::{Place, Syntax};

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
    /// `letrec*`.
    Letrec(Vec<VariableId>),
    /// `letrec`: the variables get their values when all of these are there.
    LetrecAtOnce(Vec<VariableId>),
    Lambda(Box<Lambda>),
    /// One of the procedures of a `case-lambda`.
    Clause(Box<Lambda>),
    /// The number of procedures.
    CaseLambda(usize),
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
        let node = match build {
            Build::LetrecAtOnce(variables) => Some(self.letrec_at_once(variables, place, host)?),
            build => self.node(build),
        };
        if let Some(node) = node {
            let id = self.add(node, place, host)?;
            self.values.push(id);
        }
        Ok(())
    }

    fn add(
        &mut self,
        node: Node,
        place: Place,
        host: &mut dyn Host,
    ) -> Result<NodeId, ExpandError> {
        host.charge_memory(NODE_BYTES)?;
        let id = self.unit.nodes.len() as NodeId;
        self.unit.nodes.push(node);
        self.unit.spans.push(place.span);
        if !place.origin.is_none() {
            self.unit.origins.insert(id, place.origin);
        }
        Ok(id)
    }

    /// `(letrec ((a e) (b f)) body)` as a `letrec*`. A variable has its value as soon as that is there, but since the continuation of an
    /// initialiser could be taken up again, all are assigned once more when all values are there:
    /// `(letrec* ((t e) (- (set! a t)) (u f) (- (set! b u)) (- (begin (set! a t) (set! b u))) (a a) (b b)) body)`.
    fn letrec_at_once(
        &mut self,
        variables: Vec<VariableId>,
        place: Place,
        host: &mut dyn Host,
    ) -> Result<Node, ExpandError> {
        let body = self.value();
        let bindings = self.bindings(variables);
        let is_fixed = |node: &Node| {
            matches!(
                node,
                Node::Lambda(_) | Node::CaseLambda(_) | Node::Constant(_)
            )
        };
        let calls_nothing =
            |node: &Node| is_fixed(node) || matches!(node, Node::Local(_) | Node::Global(_));
        let node = |value: NodeId| &self.unit.nodes[value as usize];
        if bindings
            .iter()
            .all(|&(_, value)| calls_nothing(node(value)))
        {
            return Ok(Node::Letrec(bindings, body));
        }
        let (mut all, computed): (Vec<_>, Vec<_>) = bindings
            .into_iter()
            .partition(|&(_, value)| is_fixed(node(value)));
        let mut again = Vec::new();
        for &(variable, value) in &computed {
            let name = self.unit.variables[variable as usize].name;
            self.unit.variables[variable as usize].mutated = true;
            let temporary = self.variable(name);
            all.push((temporary, value));
            let assigned = self.assignment(variable, temporary, place, host)?;
            all.push((self.variable(name), assigned));
            again.push(self.assignment(variable, temporary, place, host)?);
        }
        let name = self.unit.variables[computed[0].0 as usize].name;
        let again = match again[..] {
            [only] => only,
            _ => self.add(Node::Sequence(again), place, host)?,
        };
        all.push((self.variable(name), again));
        for (variable, _) in computed {
            all.push((variable, self.add(Node::Local(variable), place, host)?));
        }
        Ok(Node::Letrec(all, body))
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
            Build::LetrecAtOnce(_) => unreachable!("it is made of several nodes"),
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

    fn assignment(
        &mut self,
        to: VariableId,
        from: VariableId,
        place: Place,
        host: &mut dyn Host,
    ) -> Result<NodeId, ExpandError> {
        let value = self.add(Node::Local(from), place, host)?;
        self.add(Node::SetLocal(to, value), place, host)
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
