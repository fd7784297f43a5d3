//! From the intermediate form to instructions.
//!
//! Owns register assignment and the layout of code. Registers are assigned like a stack: a variable or temporary takes the next free
//! register of its frame, so the words in use at any instruction are exactly those below its *height*, which the code keeps beside every
//! instruction for the collector. Works off a stack of tasks, so nesting costs no Rust stack.

mod bindings;
mod branches;
mod calls;
mod closures;
mod code;
mod emit;
mod inlined;
mod loops;
mod task;
mod variables;

pub use branches::branch_target;
pub use code::{Block, Code, Compiled};
pub use inlined::inlined_operands;

use crate::core::{GlobalId, LambdaId, Node, NodeId, Unit, VariableId};
use crate::ir::{Analysis, TOP};
use crate::opcode::{Op, abc, wide};
use crate::syntax::{Place, Span, Syntax};
use code::Checkpoint;
use std::collections::BTreeMap;
use std::rc::Rc;
use task::{Destination, Label, Task};

/// First register of a frame's arguments.
pub const FIRST_ARGUMENT: u16 = 2;
/// A frame has at most this many registers.
pub const REGISTERS_MAX: usize = 60_000;
/// The price that an `Enter` word can hold.
const ENTER_PRICE_MAX: u32 = 0xff_ffff;

/// What the compiler needs to know of the world.
pub trait World {
    /// Pays for a variable that a procedure captures; whether to go on.
    fn pay_for_capture(&mut self) -> bool;
    /// The constant table's number for a literal.
    fn constant(&mut self, literal: &Syntax) -> u32;
    /// The builtin that a global variable is sure to hold unless a program redefines it, and whether a program may.
    fn builtin_of(&self, global: GlobalId) -> Option<(u32, bool)>;
    /// Whether a global variable has a value by now.
    fn has_value(&self, global: GlobalId) -> bool;
    /// Whether a place in the definition of a macro is to be kept for errors.
    fn shows(&self, origin: Span) -> bool;
    /// Whether a call written at `span` leads from the user's code into the library's.
    fn passes_on(&self, global: GlobalId, span: Span) -> bool;
    /// Whether what is written at `span` is the library's.
    fn is_library(&self, span: Span) -> bool;
    /// How calls of a builtin can be inlined.
    fn inline(&self, builtin: u32) -> Inline;
    /// Whether a builtin is the one that dicts in code are calls of.
    fn makes_dict(&self, builtin: u32) -> bool;
}

/// How calls of a builtin are compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inline {
    /// By an ordinary call.
    No,
    /// By a direct call of the builtin.
    Direct,
    /// `r[a] := op(r[b])`.
    Unary(Op),
    /// `r[a] := op(r[b], r[c])`.
    Binary(Op),
    /// The same, and with more than two operands again on the result; one operand and none are ordinary.
    Fold(Op),
    /// `r[a] := op(r[b], r[b+1], r[b+2])`.
    Ternary(Op),
}

/// Why a unit cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A part of it is too big.
    TooBig(TooBig),
    /// The world said not to go on.
    Stopped,
}

/// What is too big to be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooBig {
    /// What is too big.
    pub what: &'static str,
    /// Where.
    pub span: Span,
}

/// Compiles one unit and appends it to the code; gives the entry of its top level, a procedure of no arguments.
pub fn compile(code: &mut Code, world: &mut dyn World, unit: Unit) -> Result<u32, Failure> {
    let analysis = Analysis::new(&unit, || world.pay_for_capture()).ok_or(Failure::Stopped)?;
    let compiled = Rc::new(Compiled { unit, analysis });
    let start = Checkpoint::of(code);
    code.jumps.clear();
    let result = compile_all(code, world, &compiled);
    if result.is_err() {
        start.restore(code);
    }
    result.map_err(Failure::TooBig)
}

fn compile_all(
    code: &mut Code,
    world: &mut dyn World,
    compiled: &Rc<Compiled>,
) -> Result<u32, TooBig> {
    let mut entries = vec![0; compiled.unit.lambdas.len()];
    for lambda in 0..compiled.unit.lambdas.len() {
        if compiled.analysis.loop_of[lambda].is_none() {
            entries[lambda] =
                Generator::new(code, world, compiled, &entries).procedure(lambda as LambdaId)?;
        }
    }
    Generator::new(code, world, compiled, &entries).procedure(TOP)
}

/// Makes the code of one procedure.
struct Generator<'a> {
    code: &'a mut Code,
    world: &'a mut dyn World,
    compiled: &'a Rc<Compiled>,
    entries: &'a [u32],
    /// The lambda being compiled.
    frame: u32,
    tasks: Vec<Task>,
    labels: Vec<Option<u32>>,
    /// The words that wait for the place of a label.
    fixups: Vec<(usize, Label)>,
    registers: BTreeMap<VariableId, u16>,
    captured: BTreeMap<VariableId, u16>,
    /// Each loop's head and first register.
    loops: BTreeMap<LambdaId, (Label, u16)>,
    height: u16,
    highest: u16,
    /// The register of a call half prepared, see [`Code::holes`].
    hole: Option<u16>,
    error: Option<TooBig>,
    place: Place,
}

impl<'a> Generator<'a> {
    fn new(
        code: &'a mut Code,
        world: &'a mut dyn World,
        compiled: &'a Rc<Compiled>,
        entries: &'a [u32],
    ) -> Generator<'a> {
        Generator {
            code,
            world,
            compiled,
            entries,
            frame: TOP,
            tasks: Vec::new(),
            labels: Vec::new(),
            fixups: Vec::new(),
            registers: BTreeMap::new(),
            captured: BTreeMap::new(),
            loops: BTreeMap::new(),
            height: FIRST_ARGUMENT,
            highest: FIRST_ARGUMENT,
            hole: None,
            error: None,
            place: Place::default(),
        }
    }

    fn unit(&self) -> &'a Unit {
        &self.compiled.unit
    }

    fn analysis(&self) -> &'a Analysis {
        &self.compiled.analysis
    }

    fn procedure(mut self, lambda: u32) -> Result<u32, TooBig> {
        self.frame = lambda;
        if lambda != TOP {
            let captures = &self.analysis().captures[lambda as usize];
            let places = captures.iter().enumerate();
            self.captured = places.map(|(place, &v)| (v, place as u16)).collect();
        }
        let entry = self.code.words.len();
        let entry_place = entry as u32;
        self.code.blocks.push(Block {
            entry: entry_place,
            unit: self.compiled.clone(),
            lambda,
        });
        let (body, price) = if lambda == TOP {
            let root = self.unit().nodes.len() as NodeId - 1;
            self.place = self.place_of(root);
            self.emit(abc(Op::Enter, 0, 0, 0));
            (root, self.analysis().price[root as usize].saturating_add(1))
        } else {
            (
                self.parameters(lambda),
                self.analysis().body_price(self.unit(), lambda),
            )
        };
        self.tasks.push(Task::Evaluate(body, Destination::Return));
        while let Some(task) = self.tasks.pop() {
            self.perform(task);
            if let Some(error) = self.error {
                return Err(error);
            }
        }
        if price > ENTER_PRICE_MAX {
            return Err(TooBig {
                what: "a procedure with so many parts",
                span: self.place.span,
            });
        }
        self.patch();
        self.code.words[entry] |= u64::from(self.highest) << 24 | u64::from(price) << 40;
        Ok(entry_place)
    }

    fn parameters(&mut self, lambda: LambdaId) -> NodeId {
        let info = &self.unit().lambdas[lambda as usize];
        self.place = info.span.into();
        let op = if info.rest.is_some() {
            Op::EnterRest
        } else {
            Op::Enter
        };
        if info.parameters.len() + 3 > REGISTERS_MAX {
            self.fail("a procedure with so many arguments");
            return info.body;
        }
        let places: Vec<VariableId> = info.parameters.iter().chain(&info.rest).copied().collect();
        for &variable in &places {
            let register = self.take_register();
            self.registers.insert(variable, register);
        }
        self.emit(abc(op, info.parameters.len() as u16, 0, 0));
        for &variable in &places {
            if self.analysis().celled[variable as usize] {
                let register = self.registers[&variable];
                self.emit(abc(Op::MakeCell, register, 0, 0));
            }
        }
        info.body
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Evaluate(node, destination) => self.evaluate(node, destination),
            Task::Height(height) => self.set_height(height as usize),
            Task::Place(label) => self.place(label),
            Task::Jump(label) => self.jump(label),
            Task::Charge(price) => self.charge(price),
            Task::Operate(operation) => self.operate(operation),
            Task::Branch(operation) => self.compare_and_branch(operation),
            Task::Call(call) => self.call(call),
            Task::CallBuiltin(call) => self.call_builtin(call),
            Task::Hole(hole) => self.hole = hole,
            Task::Bind(variable, register) => self.bind(variable, register),
            Task::StoreCell(variable, register) => self.store_cell(variable, register),
            Task::Group { letrec, from, to } => self.closure_group(letrec, from, to),
            Task::Bindings {
                letrec,
                from,
                destination,
            } => self.letrec_from(letrec, from, destination),
            Task::MoveLoop { lambda, from } => self.jump_back(lambda, from),
            Task::LoopHead { lambda } => self.loop_head(lambda),
            Task::SetVariable {
                variable,
                register,
                place,
            } => self.set_variable(variable, register, place),
            Task::SetGlobal {
                op,
                global,
                register,
                place,
            } => {
                self.place = place;
                self.emit(wide(op, register, global.0));
            }
            Task::Void(destination) => self.load_void(destination),
        }
    }

    /// Compiles a node. The height is that of the words that must survive it.
    fn evaluate(&mut self, node: NodeId, destination: Destination) {
        self.place = self.place_of(node);
        self.charge(self.analysis().charge[node as usize]);
        let unit = self.unit();
        match &unit.nodes[node as usize] {
            Node::Constant(literal) => self.constant(literal, destination),
            Node::Local(variable) => self.local(*variable, destination),
            Node::Global(global) => {
                let target = self.target(destination);
                self.emit(wide(Op::Global, target, global.0));
                self.finish(target, destination);
            }
            Node::SetLocal(variable, value) => {
                let (variable, place) = (*variable, self.place);
                self.set_from(node, *value, destination, |register| Task::SetVariable {
                    variable,
                    register,
                    place,
                });
            }
            Node::SetGlobal(global, value) => {
                self.set_global(Op::SetGlobal, node, *global, *value, destination)
            }
            Node::DefineGlobal(global, value) => {
                self.set_global(Op::DefineGlobal, node, *global, *value, destination)
            }
            Node::If(test, then, otherwise) => {
                self.conditional(*test, *then, *otherwise, destination)
            }
            Node::Lambda(lambda) => {
                let target = self.target(destination);
                self.closure(*lambda, target);
                self.finish(target, destination);
            }
            Node::CaseLambda(lambdas) => self.case_closure(lambdas, destination),
            Node::Sequence(parts) => {
                let mut to = destination;
                for &part in parts.iter().rev() {
                    self.tasks.push(Task::Evaluate(part, to));
                    to = Destination::Ignore;
                }
            }
            Node::Call(operator, operands) => {
                self.application(node, *operator, operands, destination)
            }
            Node::Let(bindings, body) => self.let_form(bindings, *body, destination),
            Node::Letrec(bindings, body) => self.letrec(node, bindings, *body, destination),
        }
    }
}
