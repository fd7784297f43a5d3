//! From core forms to data.

use super::{GlobalName, atom, travelling_captures};
use crate::core::{GlobalId, LambdaId, Node, NodeId, Unit, VariableId};
use crate::ir::Analysis;
use crate::number::Number;
use crate::symbol::Symbols;
use crate::syntax::{Datum, Span, Syntax};
use std::collections::BTreeMap;

/// The datum of one procedure: `(code (CELLED …) (lambda …))`, a boolean for each captured variable. Globals are named in the order of the walk.
pub(in crate::ship) fn to_datum(
    unit: &Unit,
    analysis: &Analysis,
    lambda: LambdaId,
    symbols: &mut Symbols,
    mut global: impl FnMut(GlobalId, &mut Symbols) -> GlobalName,
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
        global: &mut impl FnMut(GlobalId, &mut Symbols) -> GlobalName,
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
        global: &mut impl FnMut(GlobalId, &mut Symbols) -> GlobalName,
    ) {
        let unit = self.unit;
        match &unit.nodes[node as usize] {
            Node::Constant(literal) => self.push("quote", vec![literal.clone()]),
            Node::Local(variable) => {
                let (head, items) = self.variable(*variable);
                self.push(head, items);
            }
            Node::Global(id) => match global(*id, self.symbols) {
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
            Node::SetGlobal(id, value) => self.set_global("set-global", *id, *value, tasks, global),
            Node::DefineGlobal(id, value) => {
                self.set_global("define-global", *id, *value, tasks, global);
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

    fn set_global(
        &mut self,
        head: &'static str,
        id: GlobalId,
        value: NodeId,
        tasks: &mut Vec<Write>,
        global: &mut impl FnMut(GlobalId, &mut Symbols) -> GlobalName,
    ) {
        let (GlobalName::Library(name) | GlobalName::User(name)) = global(id, self.symbols);
        self.done.push(atom(Datum::Symbol(name)));
        tasks.push(Write::List(head, 2));
        tasks.push(Write::Node(value));
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

fn list(items: Vec<Syntax>) -> Syntax {
    Syntax::list(items, Span::NONE)
}
