//! A small world for the expander's tests: a host, and an evaluator of core forms that is good for nothing else
//! (it recurses, and knows a handful of procedures).

use super::super::*;
use crate::core::{LambdaId, Node, NodeId};
use crate::number::Number;
use crate::reader::{ReadError, Reader};
use crate::syntax::{Datum, SourceId};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A value of the evaluator.
#[derive(Clone)]
pub enum Value {
    Datum(Datum),
    Pair(Rc<(Value, Value)>),
    Vector(Rc<[Value]>),
    Values(Rc<[Value]>),
    Closure(Rc<Closure>),
    Primitive(&'static str),
}

pub struct Closure {
    unit: Rc<Unit>,
    lambdas: Vec<LambdaId>,
    env: Frame,
}

/// Local variables, by number.
#[derive(Clone, Default)]
pub struct Frame(Option<Rc<Local>>);

struct Local {
    variable: u32,
    value: RefCell<Option<Value>>,
    outer: Frame,
}

impl Frame {
    fn with(&self, variable: u32, value: Option<Value>) -> Frame {
        let value = RefCell::new(value);
        Frame(Some(Rc::new(Local {
            variable,
            value,
            outer: self.clone(),
        })))
    }

    fn find(&self, variable: u32) -> &RefCell<Option<Value>> {
        let mut frame = self;
        while let Some(it) = &frame.0 {
            if it.variable == variable {
                return &it.value;
            }
            frame = &it.outer;
        }
        panic!("variable {variable} is not in scope");
    }
}

/// Symbols, cells, libraries and limits.
pub struct World {
    pub symbols: Symbols,
    pub cells: Vec<(String, Option<Value>)>,
    internals: BTreeMap<&'static str, GlobalId>,
    pub base: Rc<Environment>,
    pub libraries: BTreeMap<String, Rc<Library>>,
    pub files: BTreeMap<&'static str, &'static str>,
    /// Whether units are evaluated.
    pub evaluates: bool,
    pub fuel: u64,
    pub memory: u64,
}

impl Host for World {
    fn has_library(&mut self, _name: &str) -> Option<bool> {
        None
    }

    fn symbols(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn new_global(&mut self, name: Symbol) -> Result<GlobalId, HostError> {
        let name = self.symbols.text(name).to_string();
        Ok(self.cell(name, None))
    }

    fn import_global(&mut self, cell: GlobalId, name: Symbol) -> Result<GlobalId, HostError> {
        let name = self.symbols.text(name).to_string();
        let value = self.cells[cell.0 as usize].1.clone();
        Ok(self.cell(name, value))
    }

    fn internal(&mut self, name: &'static str) -> GlobalId {
        assert!(
            INTERNALS.iter().any(|it| it.name == name),
            "{name} is not in the table"
        );
        if let Some(cell) = self.internals.get(name) {
            return *cell;
        }
        let cell = self.cell(name.to_string(), Some(Value::Primitive(name)));
        self.internals.insert(name, cell);
        cell
    }

    fn charge(&mut self, units: u64) -> Result<(), HostError> {
        self.fuel = self
            .fuel
            .checked_sub(units)
            .ok_or(HostError::FuelExhausted)?;
        Ok(())
    }

    fn charge_memory(&mut self, bytes: u64) -> Result<(), HostError> {
        self.memory = self
            .memory
            .checked_sub(bytes)
            .ok_or(HostError::MemoryExhausted)?;
        Ok(())
    }

    fn keep_memory(&mut self, bytes: u64) -> Result<(), HostError> {
        self.charge_memory(bytes)
    }
}

const PRIMITIVES: &[&str] = &[
    "+", "-", "*", "<", ">", "=", "list", "cons", "car", "cdr", "not", "null?", "eq?", "vector",
    "values", "cadr", "append", "even?", "odd?", "number?", "symbol?", "pair?",
];

impl World {
    pub fn new() -> World {
        let mut symbols = Symbols::new();
        let base = Environment::with_specials(&mut symbols);
        let mut world = World {
            symbols,
            cells: Vec::new(),
            internals: BTreeMap::new(),
            base: base.clone(),
            libraries: BTreeMap::new(),
            files: BTreeMap::new(),
            evaluates: true,
            fuel: 10_000_000,
            memory: 1 << 30,
        };
        for name in PRIMITIVES {
            let cell = world.cell(name.to_string(), Some(Value::Primitive(name)));
            let symbol = world.symbols.intern(name);
            base.bind(symbol, Binding::Global(cell));
        }
        world
    }

    fn cell(&mut self, name: String, value: Option<Value>) -> GlobalId {
        self.cells.push((name, value));
        GlobalId(self.cells.len() as u32 - 1)
    }

    pub fn read(&mut self, text: &str) -> Vec<Syntax> {
        self.try_read(text)
            .unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    pub fn try_read(&mut self, text: &str) -> Result<Vec<Syntax>, ReadError> {
        let mut reader = Reader::new(text, SourceId(1), &mut self.symbols);
        let mut forms = Vec::new();
        while let Some(form) = reader.next()? {
            forms.push(form);
        }
        Ok(forms)
    }

    /// Evaluates every form of a text; the last value, or the first error.
    pub fn run(&mut self, env: &Rc<Environment>, text: &str) -> Result<Value, ExpandError> {
        let mut value = Value::Datum(Datum::Void);
        for form in self.read(text) {
            value = self.drive(Expander::new(env, form))?.0;
        }
        Ok(value)
    }

    /// The core forms of every form of a text.
    pub fn core(&mut self, env: &Rc<Environment>, text: &str) -> Result<String, ExpandError> {
        let mut units = Vec::new();
        for form in self.read(text) {
            units.extend(self.drive(Expander::new(env, form))?.1);
        }
        Ok(units.join("\n"))
    }

    pub fn print(&self, unit: &Unit) -> String {
        print_unit(unit, &self.symbols, &|cell| {
            self.cells[cell.0 as usize].0.clone()
        })
    }

    /// Does what an expander asks for until it is done.
    pub fn drive(&mut self, mut expander: Expander) -> Result<(Value, Vec<String>), ExpandError> {
        let mut value = Value::Datum(Datum::Void);
        let mut units = Vec::new();
        loop {
            match expander.step(self)? {
                Step::Unit { unit, last, .. } => {
                    check_unit(&unit);
                    units.push(self.print(&unit));
                    let unit = Rc::new(unit);
                    if self.evaluates {
                        let root = unit.nodes.len() as u32 - 1;
                        let result = self.eval(&unit, root, &Frame::default());
                        value = if last { result } else { value };
                    }
                }
                Step::CallMacro {
                    transformer,
                    operands,
                    ..
                } => {
                    let result = if self.evaluates {
                        let procedure = self.cells[transformer.0 as usize].1.clone();
                        let procedure =
                            procedure.expect("a transformer is defined before its uses");
                        let operands = operands.iter().map(from_syntax).collect();
                        let result = self.apply(&procedure, operands);
                        self.to_syntax(&result)
                    } else {
                        Syntax::list(operands, Span::NONE)
                    };
                    expander.resume(result, self)?;
                }
                Step::Include { paths, .. } => {
                    let mut forms = Vec::new();
                    for path in paths {
                        forms.extend(self.read(self.files.get(&*path).unwrap_or(&"")));
                    }
                    expander.resume(Syntax::list(forms, Span::NONE), self)?;
                }
                Step::NeedLibrary { name } => {
                    let base = self.base.clone();
                    let text = print_syntax(&name, &self.symbols);
                    let library = match standard_library(&name, &base, &mut self.symbols) {
                        Some(library) => Rc::new(library),
                        None if !self.libraries.contains_key(&text) => {
                            return Err(ExpandError::syntax(&name, "There is no such library."));
                        }
                        None => self.libraries[&text].clone(),
                    };
                    expander.resume_library(library, self)?;
                }
                Step::FindLibrary { name } => {
                    let is_there = self.libraries.contains_key(&format!("({name})"));
                    expander.resume_found(name, is_there);
                }
                Step::Library { name, library } => {
                    self.libraries
                        .insert(print_syntax(&name, &self.symbols), library);
                }
                Step::Expanded(syntax) => value = from_syntax(&syntax),
                Step::Pause => {}
                Step::Done => return Ok((value, units)),
            }
        }
    }

    fn eval(&mut self, unit: &Rc<Unit>, node: NodeId, env: &Frame) -> Value {
        match &unit.nodes[node as usize] {
            Node::Constant(syntax) => from_syntax(syntax),
            Node::Local(variable) => env
                .find(*variable)
                .borrow()
                .clone()
                .expect("the variable has a value"),
            Node::SetLocal(variable, value) => {
                let value = self.eval(unit, *value, env);
                *env.find(*variable).borrow_mut() = Some(value);
                Value::Datum(Datum::Void)
            }
            Node::Global(cell) => {
                let (name, value) = &self.cells[cell.0 as usize];
                value
                    .clone()
                    .unwrap_or_else(|| panic!("{name} has no value"))
            }
            Node::SetGlobal(cell, value) | Node::DefineGlobal(cell, value) => {
                let value = self.eval(unit, *value, env);
                self.cells[cell.0 as usize].1 = Some(value);
                Value::Datum(Datum::Void)
            }
            Node::If(test, then, otherwise) => {
                let chosen = if is_true(&self.eval(unit, *test, env)) {
                    then
                } else {
                    otherwise
                };
                self.eval(unit, *chosen, env)
            }
            Node::Lambda(id) => closure(unit, vec![*id], env),
            Node::CaseLambda(ids) => closure(unit, ids.clone(), env),
            Node::Sequence(nodes) => {
                let mut value = Value::Datum(Datum::Void);
                for node in nodes {
                    value = self.eval(unit, *node, env);
                }
                value
            }
            Node::Call(operator, operands) => {
                let operator = self.eval(unit, *operator, env);
                let operands = operands
                    .iter()
                    .map(|&node| self.eval(unit, node, env))
                    .collect();
                self.apply(&operator, operands)
            }
            Node::Let(bindings, body) => {
                let mut inner = env.clone();
                for (variable, value) in bindings {
                    inner = inner.with(*variable, Some(self.eval(unit, *value, env)));
                }
                self.eval(unit, *body, &inner)
            }
            Node::Letrec(bindings, body) => {
                let mut inner = env.clone();
                for (variable, _) in bindings {
                    inner = inner.with(*variable, None);
                }
                for (variable, value) in bindings {
                    let value = self.eval(unit, *value, &inner);
                    *inner.find(*variable).borrow_mut() = Some(value);
                }
                self.eval(unit, *body, &inner)
            }
        }
    }

    fn apply(&mut self, procedure: &Value, operands: Vec<Value>) -> Value {
        match procedure {
            Value::Primitive(name) => self.primitive(name, operands),
            Value::Closure(closure) => {
                let unit = &closure.unit;
                let fits = |lambda: &crate::core::Lambda| match lambda.rest {
                    Some(_) => operands.len() >= lambda.parameters.len(),
                    None => operands.len() == lambda.parameters.len(),
                };
                let lambdas = closure.lambdas.iter().map(|&id| &unit.lambdas[id as usize]);
                let lambda = lambdas
                    .into_iter()
                    .find(|it| fits(it))
                    .expect("the arguments fit");
                let mut env = closure.env.clone();
                for (variable, value) in lambda.parameters.iter().zip(&operands) {
                    env = env.with(*variable, Some(value.clone()));
                }
                if let Some(rest) = lambda.rest {
                    let values = operands[lambda.parameters.len()..].to_vec();
                    env = env.with(rest, Some(list(values, nil())));
                }
                self.eval(unit, lambda.body, &env)
            }
            _ => panic!("{} is not a procedure", self.show(procedure)),
        }
    }

    fn primitive(&mut self, name: &str, values: Vec<Value>) -> Value {
        let boolean = |value| Value::Datum(Datum::Bool(value));
        match name {
            "+" => int(values.iter().map(number).sum()),
            "*" => int(values.iter().map(number).product()),
            "-" if values.len() == 1 => int(-number(&values[0])),
            "-" => int(number(&values[0]) - values[1..].iter().map(number).sum::<i64>()),
            "<" => boolean(number(&values[0]) < number(&values[1])),
            ">" => boolean(number(&values[0]) > number(&values[1])),
            "=" => boolean(number(&values[0]) == number(&values[1])),
            "even?" => boolean(number(&values[0]) % 2 == 0),
            "odd?" => boolean(number(&values[0]) % 2 != 0),
            "number?" => boolean(matches!(&values[0], Value::Datum(Datum::Number(_)))),
            "symbol?" => boolean(matches!(&values[0], Value::Datum(Datum::Symbol(_)))),
            "pair?" => boolean(matches!(&values[0], Value::Pair(_))),
            "list" | "%list" => list(values, nil()),
            "cons" | "%cons" => Value::Pair(Rc::new((values[0].clone(), values[1].clone()))),
            "car" => pair(&values[0]).0.clone(),
            "cdr" => pair(&values[0]).1.clone(),
            "cadr" => pair(&pair(&values[0]).1).0.clone(),
            "not" => boolean(!is_true(&values[0])),
            "null?" => boolean(matches!(&values[0], Value::Datum(Datum::List(..)))),
            "eq?" => boolean(self.show(&values[0]) == self.show(&values[1])),
            "vector" | "%vector" => Value::Vector(values.into()),
            "values" if values.len() == 1 => values[0].clone(),
            "values" => Value::Values(values.into()),
            "%list*" => {
                let (tail, items) = values.split_last().expect("there is a tail");
                list(items.to_vec(), tail.clone())
            }
            "%append" | "append" => {
                let (tail, lists) = values.split_last().expect("there is a tail");
                lists
                    .iter()
                    .rev()
                    .fold(tail.clone(), |tail, it| list(items(it), tail))
            }
            "%list->vector" => Value::Vector(items(&values[0]).into()),
            "%vector-ref" => match &values[0] {
                Value::Vector(parts) => parts[number(&values[1]) as usize].clone(),
                _ => panic!("not a vector"),
            },
            "%memv" => {
                let wanted = self.show(&values[0]);
                boolean(items(&values[1]).iter().any(|it| self.show(it) == wanted))
            }
            "%call-with-values" => match self.apply(&values[0], Vec::new()) {
                Value::Values(results) => self.apply(&values[1], results.to_vec()),
                result => self.apply(&values[1], vec![result]),
            },
            "%guard" => self.apply(&values[1], Vec::new()),
            "%delay" | "%delay-force" => self.apply(&values[0], Vec::new()),
            "%parameterize" => self.apply(&values[1], Vec::new()),
            _ => {
                let all = [vec![self.named(name)], values].concat();
                list(all, nil())
            }
        }
    }

    fn named(&mut self, name: &str) -> Value {
        Value::Datum(Datum::Symbol(self.symbols.intern(name)))
    }

    fn to_syntax(&self, value: &Value) -> Syntax {
        let syntax = |datum| Syntax::new(datum, Span::NONE);
        match value {
            Value::Datum(datum) => syntax(datum.clone()),
            Value::Pair(_) => {
                let (mut items, mut rest) = (Vec::new(), value.clone());
                while let Value::Pair(pair) = rest {
                    items.push(self.to_syntax(&pair.0));
                    rest = pair.1.clone();
                }
                Syntax::dotted(items, self.to_syntax(&rest), Span::NONE)
            }
            Value::Vector(parts) => syntax(Datum::Vector(
                parts.iter().map(|part| self.to_syntax(part)).collect(),
            )),
            _ => syntax(Datum::Opaque(0)),
        }
    }

    pub fn show(&self, value: &Value) -> String {
        match value {
            Value::Closure(_) => "#<procedure>".into(),
            Value::Values(values) => values
                .iter()
                .map(|value| self.show(value))
                .collect::<Vec<_>>()
                .join(" "),
            value => print_syntax(&self.to_syntax(value), &self.symbols),
        }
    }
}

/// Checks what `core::Unit` promises.
fn check_unit(unit: &Unit) {
    let mut parents = vec![0; unit.nodes.len()];
    assert_eq!(unit.nodes.len(), unit.spans.len());
    for (index, node) in unit.nodes.iter().enumerate() {
        let mut children: Vec<NodeId> = Vec::new();
        match node {
            Node::Constant(_) | Node::Local(_) | Node::Global(_) => {}
            Node::SetLocal(_, child) | Node::SetGlobal(_, child) | Node::DefineGlobal(_, child) => {
                children.push(*child);
            }
            Node::If(test, then, otherwise) => children.extend([test, then, otherwise]),
            Node::Lambda(id) => children.push(unit.lambdas[*id as usize].body),
            Node::CaseLambda(ids) => {
                children.extend(ids.iter().map(|&id| unit.lambdas[id as usize].body));
            }
            Node::Sequence(nodes) => {
                assert!(!nodes.is_empty());
                children.extend(nodes);
            }
            Node::Call(operator, operands) => {
                children.push(*operator);
                children.extend(operands);
            }
            Node::Let(bindings, body) | Node::Letrec(bindings, body) => {
                children.extend(bindings.iter().map(|(_, value)| *value));
                children.push(*body);
            }
        }
        for child in children {
            assert!(
                (child as usize) < index,
                "children come before their parents"
            );
            parents[child as usize] += 1;
        }
    }
    if let Some(root) = parents.pop() {
        assert_eq!(root, 0, "the last node is the root");
    }
    assert!(
        parents.iter().all(|&count| count == 1),
        "each node has one parent"
    );
}

fn closure(unit: &Rc<Unit>, lambdas: Vec<LambdaId>, env: &Frame) -> Value {
    Value::Closure(Rc::new(Closure {
        unit: unit.clone(),
        lambdas,
        env: env.clone(),
    }))
}

fn from_syntax(syntax: &Syntax) -> Value {
    match syntax.datum() {
        Datum::List(items, tail) if !items.is_empty() => {
            let tail = tail.as_ref().map_or_else(nil, from_syntax);
            list(items.iter().map(from_syntax).collect(), tail)
        }
        Datum::Vector(items) => Value::Vector(items.iter().map(from_syntax).collect()),
        datum => Value::Datum(datum.clone()),
    }
}

fn nil() -> Value {
    Value::Datum(Datum::List(Rc::new([]), None))
}

fn int(value: i64) -> Value {
    Value::Datum(Datum::Number(Number::Int(value)))
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Datum(Datum::Number(Number::Int(value))) => *value,
        _ => panic!("not a small number"),
    }
}

fn pair(value: &Value) -> &(Value, Value) {
    match value {
        Value::Pair(pair) => pair,
        _ => panic!("not a pair"),
    }
}

fn list(items: Vec<Value>, tail: Value) -> Value {
    items
        .into_iter()
        .rev()
        .fold(tail, |tail, item| Value::Pair(Rc::new((item, tail))))
}

fn items(value: &Value) -> Vec<Value> {
    let (mut result, mut rest) = (Vec::new(), value.clone());
    while let Value::Pair(pair) = rest {
        result.push(pair.0.clone());
        rest = pair.1.clone();
    }
    result
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Datum(Datum::Bool(false)))
}
