//! Core forms as data, and back: what a procedure looks like on its way.
//!
//! ```text
//! (quote DATUM) (local N) (captured N) (self) (global NAME) (library NAME)
//! (set-local N E) (set-captured N E) (set-global NAME E) (define-global NAME E)
//! (if E E E) (begin E …) (call E E …) (let ((N E) …) E) (letrec ((N E) …) E)
//! (lambda NAME (N …) REST E) (case-lambda (lambda …) …)
//! ```
//! Locals are numbered in the order in which they are bound, so the names that a person chose do not change what a job is called.

use crate::core::{GlobalId, Lambda, LambdaId, Node, NodeId, Unit, Variable, VariableId};
use crate::ir::Analysis;
use crate::number::Number;
use crate::symbol::{Symbol, Symbols};
use crate::syntax::{Datum, Span, Syntax};
use std::collections::BTreeMap;

/// What a global is called where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum GlobalName {
    Library(Symbol),
    User(Symbol),
}

/// The captured variables of a procedure that travel with it: all but its tests.
pub(super) fn travelling_captures(
    unit: &Unit,
    analysis: &Analysis,
    lambda: LambdaId,
) -> Vec<VariableId> {
    let tests = unit.lambdas[lambda as usize].tests;
    analysis.captures[lambda as usize]
        .iter()
        .copied()
        .filter(|v| Some(*v) != tests)
        .collect()
}

struct Writer<'a> {
    unit: &'a Unit,
    symbols: &'a mut Symbols,
    captured: BTreeMap<VariableId, usize>,
    itself: Option<VariableId>,
    numbers: BTreeMap<VariableId, usize>,
    done: Vec<Syntax>,
}

enum Write {
    Node(NodeId),
    Lambda(LambdaId),
    /// Makes a list of that many finished parts behind a head.
    List(&'static str, usize),
    /// Makes a binding form of so many values and a body.
    Bindings(&'static str, Vec<VariableId>),
    Wrap(LambdaId),
}

/// The datum of one procedure: `(code (CELLED …) (lambda …))`, a boolean for each captured variable.
pub(super) fn to_datum(
    unit: &Unit,
    analysis: &Analysis,
    lambda: LambdaId,
    symbols: &mut Symbols,
    mut global: impl FnMut(GlobalId) -> GlobalName,
) -> Syntax {
    let captures = travelling_captures(unit, analysis, lambda);
    let celled = captures
        .iter()
        .map(|&v| atom(Datum::Bool(analysis.celled[v as usize])))
        .collect();
    let itself = (0..unit.variables.len() as VariableId).find(|&v| {
        analysis.names_lambda[v as usize] == Some(lambda)
            && analysis.loop_of[lambda as usize].is_none()
    });
    let captured = captures
        .into_iter()
        .enumerate()
        .map(|(place, v)| (v, place))
        .collect();
    let mut writer = Writer {
        unit,
        symbols,
        captured,
        itself,
        numbers: BTreeMap::new(),
        done: Vec::new(),
    };
    let mut tasks = vec![Write::Lambda(lambda)];
    while let Some(task) = tasks.pop() {
        writer.perform(task, &mut tasks, &mut global);
    }
    let whole = writer.done.pop().unwrap_or_else(|| list(Vec::new()));
    let head = atom(Datum::Symbol(symbols.intern("code")));
    list(vec![head, list(celled), whole])
}

fn atom(datum: Datum) -> Syntax {
    Syntax::new(datum, Span::NONE)
}

fn list(items: Vec<Syntax>) -> Syntax {
    Syntax::list(items, Span::NONE)
}

impl Writer<'_> {
    fn head(&mut self, name: &str) -> Syntax {
        atom(Datum::Symbol(self.symbols.intern(name)))
    }

    fn number(&mut self, variable: VariableId) -> Syntax {
        let next = self.numbers.len();
        let number = *self.numbers.entry(variable).or_insert(next);
        atom(Datum::Number(Number::Int(number as i64)))
    }

    fn push(&mut self, head: &str, items: Vec<Syntax>) {
        let mut all = vec![self.head(head)];
        all.extend(items);
        self.done.push(list(all));
    }

    /// How a variable is written: `local` and its number, `captured` and its place, or `self`.
    fn variable(&mut self, variable: VariableId) -> (&'static str, Vec<Syntax>) {
        if let Some(&number) = self.numbers.get(&variable) {
            return (
                "local",
                vec![atom(Datum::Number(Number::Int(number as i64)))],
            );
        }
        match self.captured.get(&variable) {
            Some(&place) => (
                "captured",
                vec![atom(Datum::Number(Number::Int(place as i64)))],
            ),
            None if self.itself == Some(variable) => ("self", Vec::new()),
            None => ("local", vec![self.number(variable)]),
        }
    }

    fn perform(
        &mut self,
        task: Write,
        tasks: &mut Vec<Write>,
        global: &mut impl FnMut(GlobalId) -> GlobalName,
    ) {
        match task {
            Write::Node(node) => self.node(node, tasks, global),
            Write::Lambda(lambda) => {
                let info = &self.unit.lambdas[lambda as usize];
                for v in info.parameters.iter().chain(&info.rest) {
                    self.number(*v);
                }
                tasks.push(Write::Wrap(lambda));
                tasks.push(Write::Node(info.body));
            }
            Write::Wrap(lambda) => {
                let info = &self.unit.lambdas[lambda as usize];
                let body = self.done.pop().unwrap_or_else(|| list(Vec::new()));
                let parameters = info.parameters.iter().map(|&v| self.number(v)).collect();
                let rest = match info.rest {
                    Some(v) => self.number(v),
                    None => atom(Datum::Bool(false)),
                };
                let name = atom(info.name.map_or(Datum::Bool(false), Datum::Symbol));
                self.push("lambda", vec![name, list(parameters), rest, body]);
            }
            Write::List(head, count) => {
                let parts = self.done.split_off(self.done.len() - count);
                self.push(head, parts);
            }
            Write::Bindings(head, variables) => {
                let body = self.done.pop().unwrap_or_else(|| list(Vec::new()));
                let values = self.done.split_off(self.done.len() - variables.len());
                let bindings = variables
                    .iter()
                    .zip(values)
                    .map(|(&v, e)| list(vec![self.number(v), e]))
                    .collect();
                self.push(head, vec![list(bindings), body]);
            }
        }
    }

    fn node(
        &mut self,
        node: NodeId,
        tasks: &mut Vec<Write>,
        global: &mut impl FnMut(GlobalId) -> GlobalName,
    ) {
        let unit = self.unit;
        match &unit.nodes[node as usize] {
            Node::Constant(literal) => self.push("quote", vec![literal.clone()]),
            Node::Local(variable) => {
                let (head, items) = self.variable(*variable);
                self.push(head, items);
            }
            Node::Global(id) => match global(*id) {
                GlobalName::Library(name) => self.push("library", vec![atom(Datum::Symbol(name))]),
                GlobalName::User(name) => self.push("global", vec![atom(Datum::Symbol(name))]),
            },
            Node::SetLocal(variable, value) => {
                let (head, items) = self.variable(*variable);
                let head = if head == "captured" {
                    "set-captured"
                } else {
                    "set-local"
                };
                self.done.extend(items);
                tasks.push(Write::List(head, 2));
                tasks.push(Write::Node(*value));
            }
            Node::SetGlobal(id, value) | Node::DefineGlobal(id, value) => {
                let (GlobalName::Library(name) | GlobalName::User(name)) = global(*id);
                let is_set = matches!(unit.nodes[node as usize], Node::SetGlobal(..));
                self.done.push(atom(Datum::Symbol(name)));
                tasks.push(Write::List(
                    if is_set {
                        "set-global"
                    } else {
                        "define-global"
                    },
                    2,
                ));
                tasks.push(Write::Node(*value));
            }
            Node::If(a, b, c) => {
                tasks.push(Write::List("if", 3));
                tasks.extend([*c, *b, *a].map(Write::Node));
            }
            Node::Lambda(lambda) => tasks.push(Write::Lambda(*lambda)),
            Node::CaseLambda(lambdas) => {
                tasks.push(Write::List("case-lambda", lambdas.len()));
                tasks.extend(lambdas.iter().rev().copied().map(Write::Lambda));
            }
            Node::Sequence(parts) => {
                tasks.push(Write::List("begin", parts.len()));
                tasks.extend(parts.iter().rev().copied().map(Write::Node));
            }
            Node::Call(operator, operands) => {
                tasks.push(Write::List("call", 1 + operands.len()));
                tasks.extend(operands.iter().rev().copied().map(Write::Node));
                tasks.push(Write::Node(*operator));
            }
            Node::Let(bindings, body) => self.bindings("let", bindings, *body, tasks),
            Node::Letrec(bindings, body) => self.bindings("letrec", bindings, *body, tasks),
        }
    }

    fn bindings(
        &mut self,
        head: &'static str,
        bindings: &[(VariableId, NodeId)],
        body: NodeId,
        tasks: &mut Vec<Write>,
    ) {
        for (variable, _) in bindings {
            self.number(*variable);
        }
        tasks.push(Write::Bindings(
            head,
            bindings.iter().map(|b| b.0).collect(),
        ));
        tasks.push(Write::Node(body));
        tasks.extend(bindings.iter().rev().map(|b| Write::Node(b.1)));
    }
}

/// A procedure read back: a unit whose value is the procedure, inside bindings of what it captures.
#[derive(Debug)]
pub(super) struct Code {
    /// The unit.
    pub unit: Unit,
    /// The variables it captures, in the order in which their values travel.
    pub captures: Vec<VariableId>,
    /// The procedure.
    pub lambda: LambdaId,
}

/// What is wrong with a datum that should be code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadCode;

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
pub(super) fn from_datum(
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
            Finish::Lambda { name, locals, rest } => {
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
            }
            Finish::Case(count) => {
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
            }
        }
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
