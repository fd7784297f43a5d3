//! From data to core forms. The data is a stranger's: what is not code is an error, and so is a local used outside its scope.

use super::{GlobalName, atom};
use crate::core::{GlobalId, Lambda, LambdaId, Node, NodeId, Unit, Variable, VariableId};
use crate::number::Number;
use crate::symbol::{Symbol, Symbols};
use crate::syntax::{Datum, Span, Syntax};
use std::collections::BTreeMap;

/// A procedure read back: a unit whose value is the procedure, inside bindings of what it captures.
#[derive(Debug)]
pub(in crate::ship) struct Code {
    /// The unit.
    pub unit: Unit,
    /// The variables it captures, in the order in which their values travel.
    pub captures: Vec<VariableId>,
    /// The procedure.
    pub lambda: LambdaId,
}

/// What is wrong with a datum that should be code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ship) struct BadCode;

struct Builder<'a> {
    symbols: &'a Symbols,
    unit: Unit,
    locals: BTreeMap<i64, VariableId>,
    captures: Vec<VariableId>,
    itself: VariableId,
    done: Vec<NodeId>,
    blank: Symbol,
}

enum Read {
    Node(Syntax),
    /// From here on these locals can be seen.
    Scope(Vec<(i64, VariableId)>),
    Finish(Finish),
}

enum Finish {
    SetLocal(VariableId),
    SetGlobal(GlobalId, bool),
    If,
    Sequence(usize),
    Call(usize),
    Bindings {
        locals: Vec<(i64, VariableId)>,
        recursive: bool,
    },
    Lambda {
        name: Option<Symbol>,
        locals: Vec<(i64, VariableId)>,
        rest: bool,
    },
    Case(usize),
}

/// Reads the datum of one procedure.
pub(in crate::ship) fn from_datum(
    datum: &Syntax,
    symbols: &Symbols,
    blank: Symbol,
    mut global: impl FnMut(GlobalName) -> Result<GlobalId, BadCode>,
) -> Result<Code, BadCode> {
    let [_, celled, lambda] = datum.as_list().ok_or(BadCode)? else {
        return Err(BadCode);
    };
    let mut builder = Builder {
        symbols,
        unit: Unit::default(),
        locals: BTreeMap::new(),
        captures: Vec::new(),
        itself: 0,
        done: Vec::new(),
        blank,
    };
    builder.itself = builder.variable(false);
    for flag in celled.as_list().ok_or(BadCode)? {
        let Datum::Bool(flag) = flag.datum() else {
            return Err(BadCode);
        };
        let variable = builder.variable(*flag);
        builder.captures.push(variable);
    }
    let mut tasks = vec![Read::Node(lambda.clone())];
    while let Some(task) = tasks.pop() {
        match task {
            Read::Node(syntax) => builder.node(&syntax, &mut tasks, &mut global)?,
            Read::Scope(locals) => builder.open_scope(&locals)?,
            Read::Finish(finish) => builder.finish(finish)?,
        }
    }
    builder.whole()
}

impl Builder<'_> {
    fn variable(&mut self, mutated: bool) -> VariableId {
        self.unit.variables.push(Variable {
            name: self.blank,
            mutated,
        });
        self.unit.variables.len() as VariableId - 1
    }

    fn add(&mut self, node: Node) {
        self.unit.nodes.push(node);
        self.unit.spans.push(Span::NONE);
        self.done.push(self.unit.nodes.len() as NodeId - 1);
    }

    fn pop(&mut self) -> Result<NodeId, BadCode> {
        self.done.pop().ok_or(BadCode)
    }

    fn take(&mut self, count: usize) -> Result<Vec<NodeId>, BadCode> {
        let from = self.done.len().checked_sub(count).ok_or(BadCode)?;
        Ok(self.done.split_off(from))
    }

    /// A new variable for a local of that number; it can be seen once its scope is open.
    fn new_local(&mut self, number: &Syntax) -> Result<(i64, VariableId), BadCode> {
        let Datum::Number(Number::Int(number)) = number.datum() else {
            return Err(BadCode);
        };
        Ok((*number, self.variable(false)))
    }

    fn open_scope(&mut self, locals: &[(i64, VariableId)]) -> Result<(), BadCode> {
        for &(number, variable) in locals {
            if self.locals.insert(number, variable).is_some() {
                return Err(BadCode);
            }
        }
        Ok(())
    }

    fn close_scope(&mut self, locals: &[(i64, VariableId)]) {
        for (number, _) in locals {
            self.locals.remove(number);
        }
    }

    fn local(&self, number: &Syntax) -> Result<VariableId, BadCode> {
        let Datum::Number(Number::Int(number)) = number.datum() else {
            return Err(BadCode);
        };
        self.locals.get(number).copied().ok_or(BadCode)
    }

    fn captured(&self, place: &Syntax) -> Result<VariableId, BadCode> {
        let Datum::Number(Number::Int(place)) = place.datum() else {
            return Err(BadCode);
        };
        let place = usize::try_from(*place).map_err(|_| BadCode)?;
        self.captures.get(place).copied().ok_or(BadCode)
    }

    fn node(
        &mut self,
        syntax: &Syntax,
        tasks: &mut Vec<Read>,
        global: &mut impl FnMut(GlobalName) -> Result<GlobalId, BadCode>,
    ) -> Result<(), BadCode> {
        let [head, parts @ ..] = syntax.as_list().ok_or(BadCode)? else {
            return Err(BadCode);
        };
        let Datum::Symbol(head) = head.datum() else {
            return Err(BadCode);
        };
        let name = |syntax: &Syntax| match syntax.datum() {
            Datum::Symbol(symbol) => Ok(*symbol),
            _ => Err(BadCode),
        };
        match (self.symbols.text(*head), parts) {
            ("quote", [literal]) => self.add(Node::Constant(literal.clone())),
            ("local", [number]) => self.add(Node::Local(self.local(number)?)),
            ("captured", [place]) => self.add(Node::Local(self.captured(place)?)),
            ("self", []) => self.add(Node::Local(self.itself)),
            ("global", [n]) => self.add(Node::Global(global(GlobalName::User(name(n)?))?)),
            ("library", [n]) => self.add(Node::Global(global(GlobalName::Library(name(n)?))?)),
            ("set-local", [number, value]) => {
                let variable = self.local(number)?;
                self.later(
                    Finish::SetLocal(variable),
                    std::slice::from_ref(value),
                    tasks,
                );
            }
            ("set-captured", [place, value]) => {
                let variable = self.captured(place)?;
                self.later(
                    Finish::SetLocal(variable),
                    std::slice::from_ref(value),
                    tasks,
                );
            }
            ("set-global", [n, value]) => {
                let id = global(GlobalName::User(name(n)?))?;
                self.later(
                    Finish::SetGlobal(id, false),
                    std::slice::from_ref(value),
                    tasks,
                );
            }
            ("define-global", [n, value]) => {
                let id = global(GlobalName::User(name(n)?))?;
                self.later(
                    Finish::SetGlobal(id, true),
                    std::slice::from_ref(value),
                    tasks,
                );
            }
            ("if", [_, _, _]) => self.later(Finish::If, parts, tasks),
            ("begin", [_, ..]) => self.later(Finish::Sequence(parts.len()), parts, tasks),
            ("call", [_, ..]) => self.later(Finish::Call(parts.len() - 1), parts, tasks),
            ("let", [bindings, body]) => self.binding_form(bindings, body, false, tasks)?,
            ("letrec", [bindings, body]) => self.binding_form(bindings, body, true, tasks)?,
            ("lambda", _) => self.lambda(parts, tasks)?,
            ("case-lambda", clauses) => {
                tasks.push(Read::Finish(Finish::Case(clauses.len())));
                for clause in clauses.iter().rev() {
                    tasks.push(Read::Node(clause.clone()));
                }
            }
            _ => return Err(BadCode),
        }
        Ok(())
    }

    fn later(&mut self, finish: Finish, parts: &[Syntax], tasks: &mut Vec<Read>) {
        tasks.push(Read::Finish(finish));
        tasks.extend(parts.iter().rev().cloned().map(Read::Node));
    }

    fn binding_form(
        &mut self,
        bindings: &Syntax,
        body: &Syntax,
        recursive: bool,
        tasks: &mut Vec<Read>,
    ) -> Result<(), BadCode> {
        let mut locals = Vec::new();
        let mut values = Vec::new();
        for binding in bindings.as_list().ok_or(BadCode)? {
            let [number, value] = binding.as_list().ok_or(BadCode)? else {
                return Err(BadCode);
            };
            locals.push(self.new_local(number)?);
            values.push(Read::Node(value.clone()));
        }
        tasks.push(Read::Finish(Finish::Bindings {
            locals: locals.clone(),
            recursive,
        }));
        tasks.push(Read::Node(body.clone()));
        // The values of a `let` are outside its scope, those of a `letrec` inside.
        if recursive {
            tasks.extend(values.into_iter().rev());
            tasks.push(Read::Scope(locals));
        } else {
            tasks.push(Read::Scope(locals));
            tasks.extend(values.into_iter().rev());
        }
        Ok(())
    }

    fn lambda(&mut self, parts: &[Syntax], tasks: &mut Vec<Read>) -> Result<(), BadCode> {
        let [name, parameters, rest, body] = parts else {
            return Err(BadCode);
        };
        let name = match name.datum() {
            Datum::Symbol(symbol) => Some(*symbol),
            _ => None,
        };
        let numbers = parameters.as_list().ok_or(BadCode)?;
        let mut locals = numbers
            .iter()
            .map(|n| self.new_local(n))
            .collect::<Result<Vec<_>, _>>()?;
        let has_rest = !matches!(rest.datum(), Datum::Bool(false));
        if has_rest {
            locals.push(self.new_local(rest)?);
        }
        tasks.push(Read::Finish(Finish::Lambda {
            name,
            locals: locals.clone(),
            rest: has_rest,
        }));
        tasks.push(Read::Node(body.clone()));
        tasks.push(Read::Scope(locals));
        Ok(())
    }

    fn finish(&mut self, finish: Finish) -> Result<(), BadCode> {
        match finish {
            Finish::SetLocal(variable) => {
                let value = self.pop()?;
                self.unit.variables[variable as usize].mutated = true;
                self.add(Node::SetLocal(variable, value));
            }
            Finish::SetGlobal(id, define) => {
                let value = self.pop()?;
                self.add(if define {
                    Node::DefineGlobal(id, value)
                } else {
                    Node::SetGlobal(id, value)
                });
            }
            Finish::If => {
                let [a, b, c] = self.take(3)?[..] else {
                    return Err(BadCode);
                };
                self.add(Node::If(a, b, c));
            }
            Finish::Sequence(count) => {
                let parts = self.take(count)?;
                self.add(Node::Sequence(parts));
            }
            Finish::Call(count) => {
                let operands = self.take(count)?;
                let operator = self.pop()?;
                self.add(Node::Call(operator, operands));
            }
            Finish::Bindings { locals, recursive } => {
                self.close_scope(&locals);
                let body = self.pop()?;
                let values = self.take(locals.len())?;
                let bindings = locals.into_iter().map(|(_, v)| v).zip(values).collect();
                self.add(if recursive {
                    Node::Letrec(bindings, body)
                } else {
                    Node::Let(bindings, body)
                });
            }
            Finish::Lambda { name, locals, rest } => self.finish_lambda(name, locals, rest)?,
            Finish::Case(count) => self.finish_case(count)?,
        }
        Ok(())
    }

    fn finish_lambda(
        &mut self,
        name: Option<Symbol>,
        locals: Vec<(i64, VariableId)>,
        rest: bool,
    ) -> Result<(), BadCode> {
        self.close_scope(&locals);
        let body = self.pop()?;
        let mut parameters: Vec<VariableId> = locals.into_iter().map(|(_, v)| v).collect();
        let rest = if rest { parameters.pop() } else { None };
        let span = Span::NONE;
        let lambda = Lambda {
            name,
            parameters,
            rest,
            body,
            doc: None,
            tests: None,
            span,
        };
        self.unit.lambdas.push(lambda);
        let id = self.unit.lambdas.len() as LambdaId - 1;
        self.add(Node::Lambda(id));
        Ok(())
    }

    fn finish_case(&mut self, count: usize) -> Result<(), BadCode> {
        let clauses = self.take(count)?;
        let mut lambdas = Vec::new();
        for clause in clauses {
            let Node::Lambda(id) = self.unit.nodes[clause as usize] else {
                return Err(BadCode);
            };
            // The clause is part of this node now; as a node of its own it must not be anybody's child.
            self.unit.nodes[clause as usize] = Node::Constant(atom(Datum::Void));
            lambdas.push(id);
        }
        self.add(Node::CaseLambda(lambdas));
        Ok(())
    }

    /// Puts the procedure inside bindings of its own name and of what it captures.
    fn whole(mut self) -> Result<Code, BadCode> {
        let node = self.pop()?;
        let Node::Lambda(lambda) = self.unit.nodes[node as usize] else {
            return Err(BadCode);
        };
        self.add(Node::Local(self.itself));
        let value = self.pop()?;
        self.add(Node::Letrec(vec![(self.itself, node)], value));
        let mut inner = self.pop()?;
        if !self.captures.is_empty() {
            let mut bindings = Vec::new();
            for variable in self.captures.clone() {
                self.add(Node::Constant(atom(Datum::Bool(false))));
                bindings.push((variable, self.pop()?));
            }
            self.add(Node::Let(bindings, inner));
            inner = self.pop()?;
        }
        debug_assert_eq!(inner as usize + 1, self.unit.nodes.len());
        Ok(Code {
            unit: self.unit,
            captures: self.captures,
            lambda,
        })
    }
}
