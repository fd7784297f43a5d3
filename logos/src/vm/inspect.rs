//! What a procedure knows of itself: its name, its documentation, its source, its tests.

use super::control::Next;
use super::{Fault, Status, Vm};
use crate::builtins::ports;
use crate::codegen::Compiled;
use crate::core::{GlobalId, LambdaId, VariableId};
use crate::expand::Binding;
use crate::heap::Heap;
use crate::opcode::{Op, a};
use crate::syntax::Span;
use crate::value::{Kind, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What looking at a name costs, when those with tests are wanted.
const NAME_FUEL: u64 = 16;
/// Bytes of a text that are copied for a unit of fuel.
const BYTES_PER_FUEL: u64 = 4;
/// Captured values that are looked through for a unit of fuel.
const CAPTURES_PER_FUEL: u64 = 4;
/// What the documentation of a builtin costs; none is long.
const BUILTIN_DOC_FUEL: u64 = 100;
/// What showing a clause costs, and each of its parameters, beside their names.
const CLAUSE_FUEL: u64 = 16;
const PARAMETER_FUEL: u64 = 16;
/// Words counted for a parameter while a signature is put together.
const PARAMETER_WORDS: usize = 10;

/// What can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aspect {
    /// The name it was defined under, a symbol.
    Name,
    /// Its documentation, a string.
    Doc,
    /// The text it was written as, a string.
    Source,
    /// A list of pairs `(text . thunk)`.
    Tests,
    /// Not of a procedure but of the text of that name: a list of pairs of name and tests, of all that it defines with tests.
    Tested,
}

impl Vm {
    /// Answers for the procedure in the first argument of the frame at `fp`; `#f` (for tests, the empty list) where there is nothing to tell.
    pub(super) fn inspect_argument(&mut self, aspect: Aspect) -> Option<Status> {
        let procedure = Value(self.machine.stack[self.machine.fp + 2]);
        let result = match aspect {
            Aspect::Tested => self.tested(procedure),
            _ => self.inspect(procedure, aspect),
        };
        self.follow(result.map(Next::Return))
    }

    fn inspect(&mut self, procedure: Value, aspect: Aspect) -> Result<Value, Fault> {
        let nothing = if aspect == Aspect::Tests {
            Value::NIL
        } else {
            Value::FALSE
        };
        self.compile_deferred(procedure);
        if aspect == Aspect::Doc {
            self.pay_for_documentation(procedure)?;
            let procedure = Value(self.machine.stack[self.machine.fp + 2]);
            return match self.documentation(procedure, None) {
                Some(text) => self.machine.string(&text),
                None => Ok(nothing),
            };
        }
        if let Some(index) = procedure.as_builtin() {
            let builtin = self.machine.builtins[index as usize];
            return match aspect {
                Aspect::Name => Ok(Value::symbol(self.machine.symbols.intern(builtin.name))),
                _ => Ok(nothing),
            };
        }
        if !self.machine.heap.is(procedure, Kind::Closure) {
            return Ok(nothing);
        }
        let Some((compiled, lambda)) = self.code_of(procedure) else {
            return Ok(nothing);
        };
        let info = &compiled.unit.lambdas[lambda as usize];
        match aspect {
            Aspect::Name => Ok(info.name.map_or(nothing, Value::symbol)),
            Aspect::Source => {
                let length = self.machine.sources.slice(info.span).len();
                if length == 0 {
                    return Ok(nothing);
                }
                self.machine.charge(length as u64 / BYTES_PER_FUEL)?;
                self.machine
                    .ask_to_hold(length / 8 + Heap::blank_words(length, true))?;
                let text = self.machine.sources.slice(info.span).to_string();
                self.machine.string(&text)
            }
            Aspect::Doc | Aspect::Tested => Ok(nothing),
            Aspect::Tests => {
                let captured = compiled.analysis.captures[lambda as usize].len();
                self.machine.charge(captured as u64 / CAPTURES_PER_FUEL)?;
                Ok(self.tests(procedure).unwrap_or(nothing))
            }
        }
    }

    /// Pays for a procedure's documentation, and asks for the memory that it takes while it is put together.
    fn pay_for_documentation(&mut self, procedure: Value) -> Result<(), Fault> {
        let mut words = 0;
        let Some((compiled, lambda)) = self.closure_code(procedure) else {
            return self.machine.charge(BUILTIN_DOC_FUEL);
        };
        let info = &compiled.unit.lambdas[lambda as usize];
        let Some(doc) = &info.doc else {
            return Ok(());
        };
        let name = info
            .name
            .map_or(0, |name| self.machine.symbols.text(name).len());
        let mut bytes = doc.len() + name;
        for clause in 0..self.clause_count(procedure) {
            self.machine.charge(CLAUSE_FUEL)?;
            let clause = self.clause(procedure, clause);
            let Some((compiled, lambda)) = self.clause_code(clause) else {
                continue;
            };
            let lambda = &compiled.unit.lambdas[lambda as usize];
            let count = lambda.parameters.len() + 1;
            self.machine.charge(PARAMETER_FUEL * count as u64)?;
            for variable in lambda.parameters.iter().chain(&lambda.rest) {
                let name = compiled.unit.variables[*variable as usize].name;
                bytes += self.machine.symbols.text(name).len();
            }
            words += PARAMETER_WORDS * (count + 1);
        }
        self.machine.charge(bytes as u64 / BYTES_PER_FUEL)?;
        // Each name, the signature, the whole, and the string, which may be of wide characters.
        words += 4 * bytes / 8 + Heap::blank_words(bytes, true);
        self.machine.ask_to_hold(words)
    }

    /// See [`Aspect::Tested`]: the user's definitions and those in libraries, in the order written.
    fn tested(&mut self, text: Value) -> Result<Value, Fault> {
        let mut worlds = vec![self.user.clone()];
        worlds.extend(self.libraries.values().map(|it| it.environment.clone()));
        let mut found = BTreeMap::new();
        let length = match self.machine.is_string(text) {
            true => self.machine.heap.string_length(text),
            false => 0,
        };
        let each = NAME_FUEL + length as u64 / 4;
        for world in worlds {
            let names = world.own_names();
            self.machine.charge(each * names.len() as u64)?;
            for name in names {
                let binding = world.lookup(name);
                if let Some(Binding::Global(cell)) = &binding {
                    let value = self.machine.global_value(*cell);
                    self.compile_deferred(value);
                    if let Some((compiled, lambda)) = self.closure_code(value) {
                        let captured = compiled.analysis.captures[lambda as usize].len();
                        let fuel = captured as u64 / CAPTURES_PER_FUEL;
                        self.machine.charge(fuel)?;
                    }
                }
                let of_value = || {
                    let (cell, span) = world.tests(name)?;
                    let tests = self.machine.global_value(cell);
                    tests.is_pair().then_some((span, tests))
                };
                let tests = binding.and_then(|it| self.tests_of(&it)).or_else(of_value);
                let is_here = |span: Span| {
                    let source = self.machine.sources.source(span.source);
                    self.machine.is_string(text)
                        && *source.name == *self.machine.heap.string_text(text)
                };
                if let Some((span, tests)) = tests.filter(|(span, _)| is_here(*span)) {
                    found.insert((span, name), tests);
                }
            }
        }
        let m = &mut self.machine;
        let kept = m.temporaries.len();
        m.temporaries.extend(found.values());
        m.temporaries.push(Value::NIL);
        let mut list = Ok(Value::NIL);
        for (_, name) in found.keys().rev() {
            let held = m.temporaries.split_off(m.temporaries.len() - 2);
            list = m.rooted(&held, 4, |m, held| {
                let pair = m.heap.cons(Value::symbol(*name), held[0]);
                m.heap.cons(pair, held[1])
            });
            match list {
                Ok(list) => m.temporaries.push(list),
                Err(_) => break,
            }
        }
        m.temporaries.truncate(kept);
        list
    }

    /// Where something was defined, and its tests, if it has some.
    fn tests_of(&self, binding: &Binding) -> Option<(Span, Value)> {
        let in_cell = |cell: GlobalId| self.machine.global_value(cell);
        let (span, tests) = match binding {
            Binding::Special(_) => return None,
            Binding::Global(cell) => {
                let procedure = in_cell(*cell);
                (self.definition_span(procedure)?, self.tests(procedure)?)
            }
            Binding::Macro(it) => (it.span, in_cell(it.tests?)),
        };
        tests.is_pair().then_some((span, tests))
    }

    /// What `doc` shows of a value; a procedure without documentation has none. It is shown under another name than its own if one is given.
    pub(crate) fn documentation(&self, value: Value, name: Option<&str>) -> Option<String> {
        let m = &self.machine;
        if let Some(index) = value.as_builtin() {
            return Some(m.builtins[index as usize].documentation());
        }
        if m.heap.is(value, Kind::Parameter) {
            return ports::standard_documentation(m, value);
        }
        let (compiled, lambda) = self.closure_code(value)?;
        let info = &compiled.unit.lambdas[lambda as usize];
        let doc = info.doc.as_ref()?;
        let own = info.name.map(|name| m.symbols.text(name));
        let signature = self.signature(value, name.or(own).unwrap_or("procedure"));
        Some(format!("{signature}\n{doc}"))
    }

    /// Where a procedure was defined.
    pub(crate) fn definition_span(&self, procedure: Value) -> Option<Span> {
        let (compiled, lambda) = self.closure_code(procedure)?;
        Some(compiled.unit.lambdas[lambda as usize].span)
    }

    fn closure_code(&self, value: Value) -> Option<(Rc<Compiled>, LambdaId)> {
        let is_closure = self.machine.heap.is(value, Kind::Closure);
        is_closure.then(|| self.code_of(value)).flatten()
    }

    /// The tests of a procedure, which are among its captured values; those of a `case-lambda` are its clauses' too.
    fn tests(&self, procedure: Value) -> Option<Value> {
        if !self.machine.heap.is(procedure, Kind::Closure) {
            return None;
        }
        let closure = self.first_clause(procedure)?;
        let (compiled, lambda) = self.clause_code(closure)?;
        let tests = compiled.unit.lambdas[lambda as usize].tests?;
        let mut captures = compiled.analysis.captures[lambda as usize].iter();
        let place = captures.position(|&variable| variable == tests)?;
        Some(self.machine.heap.field(closure, 1 + place))
    }

    /// The code of a closure; of a `case-lambda`, that of its first clause.
    pub(crate) fn code_of(&self, closure: Value) -> Option<(Rc<Compiled>, LambdaId)> {
        self.clause_code(self.first_clause(closure)?)
    }

    /// The first closure that a `case-lambda` chooses from, if it has any; another closure itself.
    fn first_clause(&self, closure: Value) -> Option<Value> {
        (self.clause_count(closure) > 0).then(|| self.clause(closure, 0))
    }

    /// How many closures a `case-lambda` chooses from; 1 of another closure.
    fn clause_count(&self, closure: Value) -> usize {
        let word = self.code.words[self.entry_of(self.behind(closure))];
        match Op::of(word) {
            Op::EnterCase => a(word),
            _ => 1,
        }
    }

    /// One of the closures that a `case-lambda` chooses from; another closure itself.
    fn clause(&self, closure: Value, clause: usize) -> Value {
        let closure = self.behind(closure);
        match Op::of(self.code.words[self.entry_of(closure)]) {
            Op::EnterCase => self.machine.heap.field(closure, 1 + clause),
            _ => closure,
        }
    }

    /// What a closure stands for.
    fn behind(&self, mut closure: Value) -> Value {
        while Op::of(self.code.words[self.entry_of(closure)]) == Op::Forward {
            closure = self.machine.heap.field(closure, 1);
        }
        closure
    }

    fn entry_of(&self, closure: Value) -> usize {
        self.machine.heap.field(closure, 0).fixnum_value() as usize
    }

    fn clause_code(&self, closure: Value) -> Option<(Rc<Compiled>, LambdaId)> {
        let block = self.code.block_at(self.entry_of(closure) as u32)?;
        (block.lambda < block.unit.unit.lambdas.len() as u32)
            .then(|| (block.unit.clone(), block.lambda))
    }

    /// How a procedure is called. Of a `case-lambda`, parameters that its later clauses add stand in square brackets; one that takes any
    /// number is shown by its first clause and an ellipsis.
    fn signature(&self, procedure: Value, name: &str) -> String {
        let clauses: Vec<Parameters> = (0..self.clause_count(procedure))
            .filter_map(|clause| self.parameters(self.clause(procedure, clause)))
            .collect();
        let Some((first, more)) = clauses.split_first() else {
            return format!("({name} …)");
        };
        let mut words = vec![name.to_string()];
        words.extend(first.required.iter().cloned());
        let takes_any = clauses.iter().any(|clause| clause.rest.is_some());
        if takes_any {
            words.extend(first.rest.clone().filter(|_| more.is_empty()));
            words.push("…".to_string());
            return format!("({})", words.join(" "));
        }
        let required = first.required.iter().map(|name| (name.clone(), true));
        let mut known: Vec<(String, bool)> = required.collect();
        for clause in more {
            known = widened(&known, &clause.required).unwrap_or(known);
        }
        words.truncate(1);
        words.extend(
            known
                .into_iter()
                .map(|(name, is_required)| match is_required {
                    true => name,
                    false => format!("[{name}]"),
                }),
        );
        format!("({})", words.join(" "))
    }

    fn parameters(&self, closure: Value) -> Option<Parameters> {
        let (compiled, lambda) = self.clause_code(closure)?;
        let lambda = &compiled.unit.lambdas[lambda as usize];
        let name = |variable: &VariableId| {
            let name = compiled.unit.variables[*variable as usize].name;
            self.machine.symbols.text(name).to_string()
        };
        Some(Parameters {
            required: lambda.parameters.iter().map(name).collect(),
            rest: lambda.rest.as_ref().map(name),
        })
    }
}

/// The parameters known so far, and whether they are required, with those between and after them that another clause adds; `None` if that is
/// not how it is called.
fn widened(known: &[(String, bool)], clause: &[String]) -> Option<Vec<(String, bool)>> {
    let mut known = known.iter().peekable();
    let mut all = Vec::with_capacity(clause.len());
    for name in clause {
        let same = known.next_if(|(it, _)| it == name);
        all.push(same.cloned().unwrap_or_else(|| (name.clone(), false)));
    }
    known.next().is_none().then_some(all)
}

/// The names of a procedure's parameters.
struct Parameters {
    required: Vec<String>,
    rest: Option<String>,
}
