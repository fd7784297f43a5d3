//! From the intermediate form to instructions.
//!
//! Owns register assignment and the layout of code. Registers are assigned like a stack: a variable or temporary takes the next free
//! register of its frame, so the words in use at any instruction are exactly those below its *height*, which the code keeps beside every
//! instruction for the collector. Works off a stack of tasks, so nesting costs no Rust stack.

use crate::core::{GlobalId, LambdaId, Node, NodeId, Unit, VariableId};
use crate::ir::{Analysis, TOP};
use crate::opcode::{self as o, Op, abc, branch_word, wide};
use crate::syntax::{Span, Syntax};
use std::collections::BTreeMap;
use std::rc::Rc;

/// First register of a frame's arguments.
pub const FIRST_ARGUMENT: u16 = 2;
/// A frame has at most this many registers.
pub const REGISTERS_MAX: usize = 60_000;
/// A price that fits a branch word; what is above it is charged by an instruction of its own.
const BRANCH_PRICE_MAX: u32 = u16::MAX as u32;

/// All code of a world, one instruction word after another, with what belongs to each word beside it.
#[derive(Debug, Default, Clone)]
pub struct Code {
    /// Instruction words.
    pub words: Vec<u64>,
    /// Registers in use while the instruction at that place runs.
    pub heights: Vec<u16>,
    /// Where in the source it came from.
    pub spans: Vec<Span>,
    /// The places of instructions that run while a call is half prepared: register and the one after it hold nothing yet.
    pub holes: BTreeMap<u32, u16>,
    /// The procedures, by the place where each begins.
    pub blocks: Vec<Block>,
    /// Builtins inlined into a program's code, by the global variable that named them.
    pub inlined: BTreeMap<GlobalId, Vec<u32>>,
}

/// One compiled procedure.
#[derive(Debug, Clone)]
pub struct Block {
    /// Place of its first word.
    pub entry: u32,
    /// The unit it came from.
    pub unit: Rc<Compiled>,
    /// Which of the unit's lambdas; [`TOP`] for the unit itself.
    pub lambda: u32,
}

/// A unit with its analysis, kept for `source`, for traces and for sending procedures to others.
#[derive(Debug)]
pub struct Compiled {
    /// The core forms.
    pub unit: Unit,
    /// What is known of them.
    pub analysis: Analysis,
}

/// What the compiler needs to know of the world.
pub trait World {
    /// The constant table's number for a literal.
    fn constant(&mut self, literal: &Syntax) -> u32;
    /// The builtin that a global variable is sure to hold unless a program redefines it, and whether a program may.
    fn builtin_of(&self, global: GlobalId) -> Option<(u32, bool)>;
    /// How calls of a builtin can be inlined.
    fn inline(&self, builtin: u32) -> Inline;
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
pub struct TooBig {
    /// What is too big.
    pub what: &'static str,
    /// Where.
    pub span: Span,
}

/// The price that an `Enter` word can hold.
const ENTER_PRICE_MAX: u32 = 0xff_ffff;

type Label = usize;

/// Where a value goes.
#[derive(Clone, Copy, Debug)]
enum Destination {
    Register(u16),
    Ignore,
    Return,
    /// To one of two places by its truth, with the price to charge on the way.
    Branch {
        yes: Exit,
        no: Exit,
        next: Label,
    },
}

#[derive(Clone, Copy, Debug)]
struct Exit {
    label: Label,
    price: u32,
}

/// A piece of work for later; the last pushed is done first.
enum Task {
    Evaluate(NodeId, Destination),
    Height(u16),
    Place(Label),
    Jump(Label),
    Charge(u32),
    Operate(Operation),
    Branch(Operation),
    Call {
        base: u16,
        count: usize,
        destination: Destination,
        span: Span,
        global: Option<GlobalId>,
    },
    CallBuiltin {
        first: u16,
        count: usize,
        builtin: u32,
        destination: Destination,
        span: Span,
        global: Option<GlobalId>,
    },
    Hole(Option<u16>),
    Bind(VariableId, u16),
    StoreCell(VariableId, u16),
    Group {
        letrec: NodeId,
        from: usize,
        to: usize,
    },
    Bindings {
        letrec: NodeId,
        from: usize,
        destination: Destination,
    },
    MoveLoop {
        lambda: LambdaId,
        from: u16,
    },
    LoopHead {
        lambda: LambdaId,
    },
    SetVariable {
        variable: VariableId,
        register: u16,
        span: Span,
    },
    SetGlobal {
        op: Op,
        global: GlobalId,
        register: u16,
        span: Span,
    },
    Void(Destination),
}

/// An instruction to emit once its operands are in their registers.
#[derive(Clone, Copy)]
struct Operation {
    op: Op,
    x: Operand,
    y: Operand,
    destination: Destination,
    span: Span,
    /// The variable that named the builtin, where a program may redefine it.
    global: Option<GlobalId>,
}

/// An operand of an inlined instruction: known already, or in a temporary.
#[derive(Clone, Copy, Debug)]
enum Operand {
    None,
    Register(u16),
    Immediate(i16),
}

/// Compiles one unit and appends it to the code; gives the entry of its top level, a procedure of no arguments.
pub fn compile(code: &mut Code, world: &mut dyn World, unit: Unit) -> Result<u32, TooBig> {
    let analysis = Analysis::new(&unit);
    let compiled = Rc::new(Compiled { unit, analysis });
    let start = Checkpoint::of(code);
    let result = compile_all(code, world, &compiled);
    if result.is_err() {
        start.restore(code);
    }
    result
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

/// The length of everything in a [`Code`], to go back to when a unit turns out too big.
struct Checkpoint {
    words: usize,
    blocks: usize,
}

impl Checkpoint {
    fn of(code: &Code) -> Checkpoint {
        Checkpoint {
            words: code.words.len(),
            blocks: code.blocks.len(),
        }
    }

    fn restore(&self, code: &mut Code) {
        code.words.truncate(self.words);
        code.heights.truncate(self.words);
        code.spans.truncate(self.words);
        code.blocks.truncate(self.blocks);
        code.holes.split_off(&(self.words as u32));
        for places in code.inlined.values_mut() {
            places.retain(|&place| (place as usize) < self.words);
        }
    }
}

impl Code {
    /// The procedure that the instruction at `place` belongs to.
    pub fn block_at(&self, place: u32) -> Option<&Block> {
        let after = self.blocks.partition_point(|block| block.entry <= place);
        self.blocks[..after].last()
    }

    /// Appends a word.
    pub fn push(&mut self, word: u64, height: u16, span: Span) {
        self.words.push(word);
        self.heights.push(height);
        self.spans.push(span);
    }
}

struct Generator<'a> {
    code: &'a mut Code,
    world: &'a mut dyn World,
    compiled: &'a Rc<Compiled>,
    entries: &'a [u32],
    frame: u32,
    tasks: Vec<Task>,
    labels: Vec<Option<u32>>,
    fixups: Vec<(usize, Label)>,
    registers: BTreeMap<VariableId, u16>,
    captured: BTreeMap<VariableId, u16>,
    loops: BTreeMap<LambdaId, (Label, u16)>,
    height: u16,
    highest: u16,
    hole: Option<u16>,
    error: Option<TooBig>,
    span: Span,
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
            span: Span::NONE,
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
            self.captured = captures
                .iter()
                .enumerate()
                .map(|(place, &v)| (v, place as u16))
                .collect();
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
            self.span = self.unit().spans[root as usize];
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
                span: self.span,
            });
        }
        self.patch();
        self.code.words[entry] |= u64::from(self.highest) << 24 | u64::from(price) << 40;
        Ok(entry_place)
    }

    fn parameters(&mut self, lambda: LambdaId) -> NodeId {
        let info = &self.unit().lambdas[lambda as usize];
        self.span = info.span;
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

    fn fail(&mut self, what: &'static str) {
        self.error.get_or_insert(TooBig {
            what,
            span: self.span,
        });
    }

    fn take_register(&mut self) -> u16 {
        let register = self.height;
        self.set_height(register as usize + 1);
        register
    }

    fn set_height(&mut self, height: usize) {
        if height + 4 > REGISTERS_MAX {
            self.fail("an expression with so many parts");
            return;
        }
        self.height = height as u16;
        self.highest = self.highest.max(self.height + 3);
    }

    fn emit(&mut self, word: u64) {
        if let Some(hole) = self.hole {
            self.code.holes.insert(self.code.words.len() as u32, hole);
        }
        self.code.push(word, self.height, self.span);
    }

    /// A word that belongs to the instruction before it.
    fn emit_extra(&mut self, word: u64) {
        self.code.push(word, self.height, self.span);
    }

    fn label(&mut self) -> Label {
        self.labels.push(None);
        self.labels.len() - 1
    }

    fn patch(&mut self) {
        for &(place, label) in &self.fixups {
            let target = self.labels[label].expect("every label that is jumped to is placed");
            self.code.words[place] |= u64::from(target);
        }
    }

    fn charge(&mut self, price: u32) {
        if price > 0 {
            self.emit(abc(Op::Charge, 0, 0, 0));
            self.emit_extra(u64::from(price));
        }
    }

    fn jump(&mut self, label: Label) {
        self.emit(abc(Op::Jump, 0, 0, 0));
        self.fixups.push((self.code.words.len(), label));
        self.emit_extra(0);
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Evaluate(node, destination) => self.evaluate(node, destination),
            Task::Height(height) => self.set_height(height as usize),
            Task::Place(label) => self.labels[label] = Some(self.code.words.len() as u32),
            Task::Jump(label) => self.jump(label),
            Task::Charge(price) => self.charge(price),
            Task::Operate(operation) => self.operate(operation),
            Task::Branch(operation) => self.compare_and_branch(operation),
            Task::Call {
                base,
                count,
                destination,
                span,
                global,
            } => self.call(base, count, destination, span, global),
            Task::CallBuiltin {
                first,
                count,
                builtin,
                destination,
                span,
                global,
            } => {
                self.call_builtin(first, count, builtin, destination, span, global);
            }
            Task::Hole(hole) => self.hole = hole,
            Task::Bind(variable, register) => self.bind(variable, register),
            Task::StoreCell(variable, register) => {
                let cell = self.registers[&variable];
                self.emit(abc(Op::SetCell, cell, register, 0));
            }
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
                span,
            } => self.set_variable(variable, register, span),
            Task::SetGlobal {
                op,
                global,
                register,
                span,
            } => {
                self.span = span;
                self.emit(wide(op, register, global.0));
            }
            Task::Void(destination) => self.load_void(destination),
        }
    }

    /// Compiles a node. The height is that of the words that must survive it.
    fn evaluate(&mut self, node: NodeId, destination: Destination) {
        self.span = self.unit().spans[node as usize];
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
                let (variable, span) = (*variable, self.span);
                self.set_from(node, *value, destination, |register| Task::SetVariable {
                    variable,
                    register,
                    span,
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
                for (place, part) in parts.iter().enumerate().rev() {
                    let to = if place + 1 == parts.len() {
                        destination
                    } else {
                        Destination::Ignore
                    };
                    self.tasks.push(Task::Evaluate(*part, to));
                }
            }
            Node::Call(operator, operands) => {
                self.application(node, *operator, operands, destination)
            }
            Node::Let(bindings, body) => self.let_form(bindings, *body, destination),
            Node::Letrec(bindings, body) => self.letrec(node, bindings, *body, destination),
        }
    }

    /// Charges before the task pushed last.
    fn push_charge(&mut self, price: u32) {
        if price > 0 {
            self.tasks.push(Task::Charge(price));
        }
    }

    /// Charges for a node's own work before the task pushed last, if that begins a piece.
    fn push_own_charge(&mut self, node: NodeId) {
        self.push_charge(self.analysis().own_charge[node as usize]);
    }

    /// The register to compute a value into on its way to a destination.
    fn target(&mut self, destination: Destination) -> u16 {
        match destination {
            Destination::Register(register) => register,
            _ => {
                self.highest = self.highest.max(self.height + 3);
                self.height
            }
        }
    }

    /// Sends the value in a register to its destination.
    fn finish(&mut self, register: u16, destination: Destination) {
        match destination {
            Destination::Register(target) if target == register => {}
            Destination::Register(target) => self.emit(abc(Op::Move, target, register, 0)),
            Destination::Ignore => {}
            Destination::Return => self.emit(abc(Op::Return, register, 0, 0)),
            Destination::Branch { yes, no, next } => {
                self.branch(
                    |sense| {
                        abc(
                            if sense {
                                Op::BranchTrue
                            } else {
                                Op::BranchFalse
                            },
                            register,
                            0,
                            0,
                        )
                    },
                    yes,
                    no,
                    next,
                );
            }
        }
    }

    /// Emits a branch. `word(true)` is the instruction taken when the test holds, `word(false)` when it does not.
    fn branch(&mut self, word: impl Fn(bool) -> u64, yes: Exit, no: Exit, next: Label) {
        let sense = yes.label != next;
        let (taken, through) = if sense { (yes, no) } else { (no, yes) };
        let cut = |price: u32| {
            if price > BRANCH_PRICE_MAX {
                0
            } else {
                price as u16
            }
        };
        self.emit(word(sense));
        if taken.price > BRANCH_PRICE_MAX {
            // The price is charged on the way, at a stop of its own.
            let stop = self.label();
            self.fixups.push((self.code.words.len(), stop));
            self.emit_extra(branch_word(0, cut(through.price), 0));
            let on = self.label();
            self.jump(on);
            self.labels[stop] = Some(self.code.words.len() as u32);
            self.charge(taken.price);
            self.jump(taken.label);
            self.labels[on] = Some(self.code.words.len() as u32);
        } else {
            self.fixups.push((self.code.words.len(), taken.label));
            self.emit_extra(branch_word(0, cut(through.price), taken.price as u16));
        }
        if through.price > BRANCH_PRICE_MAX {
            self.charge(through.price);
        }
        if through.label != next {
            self.jump(through.label);
        }
    }

    fn constant(&mut self, literal: &Syntax, destination: Destination) {
        use crate::syntax::Datum;
        match destination {
            Destination::Ignore => {}
            Destination::Branch { yes, no, next } => {
                let exit = if matches!(literal.datum(), Datum::Bool(false)) {
                    no
                } else {
                    yes
                };
                self.charge(exit.price);
                if exit.label != next {
                    self.jump(exit.label);
                }
            }
            _ => {
                let target = self.target(destination);
                let index = self.world.constant(literal);
                self.emit(wide(Op::Constant, target, index));
                self.finish(target, destination);
            }
        }
    }

    fn load_void(&mut self, destination: Destination) {
        self.constant(
            &Syntax::new(crate::syntax::Datum::Void, Span::NONE),
            destination,
        );
    }

    fn capture_index(&self, variable: VariableId) -> u16 {
        self.captured[&variable]
    }

    /// Whether the variable names the very procedure being compiled.
    fn is_self(&self, variable: VariableId) -> bool {
        self.frame != TOP
            && self.analysis().names_lambda[variable as usize] == Some(self.frame)
            && self.analysis().home[variable as usize] != self.frame
    }

    /// The register that holds a variable's value as it is, if one does.
    fn plain_register(&self, node: NodeId) -> Option<u16> {
        match self.unit().nodes[node as usize] {
            Node::Local(variable) if self.is_self(variable) => Some(0),
            Node::Local(variable)
                if !self.analysis().celled[variable as usize]
                    && self.analysis().home[variable as usize] == self.frame =>
            {
                Some(self.registers[&variable])
            }
            _ => None,
        }
    }

    fn local(&mut self, variable: VariableId, destination: Destination) {
        if matches!(destination, Destination::Ignore) && !self.analysis().celled[variable as usize]
        {
            return;
        }
        if self.is_self(variable) {
            return self.finish(0, destination);
        }
        let at_home = self.analysis().home[variable as usize] == self.frame;
        let celled = self.analysis().celled[variable as usize];
        if at_home && !celled {
            let register = self.registers[&variable];
            return self.finish(register, destination);
        }
        let target = self.target(destination);
        match (at_home, celled) {
            (true, _) => {
                let cell = self.registers[&variable];
                self.emit(abc(Op::Cell, target, cell, 0));
            }
            (false, true) => self.emit(abc(
                Op::CapturedCell,
                target,
                self.capture_index(variable),
                0,
            )),
            (false, false) => self.emit(abc(Op::Captured, target, self.capture_index(variable), 0)),
        }
        self.finish(target, destination);
    }

    fn set_from(
        &mut self,
        node: NodeId,
        value: NodeId,
        destination: Destination,
        task: impl Fn(u16) -> Task,
    ) {
        let temporary = self.height;
        self.tasks.push(Task::Void(destination));
        let register = self.plain_register(value);
        self.tasks.push(task(register.unwrap_or(temporary)));
        self.push_own_charge(node);
        match register {
            Some(_) => self.push_charge(self.analysis().charge[value as usize]),
            None => self.tasks.push(Task::Evaluate(value, Destination::Register(temporary))),
        }
    }

    fn set_global(
        &mut self,
        op: Op,
        node: NodeId,
        global: GlobalId,
        value: NodeId,
        destination: Destination,
    ) {
        let span = self.span;
        if self.world.builtin_of(global).is_some() {
            // The machine watches for new values of globals that are on this list.
            self.code.inlined.entry(global).or_default();
        }
        self.set_from(node, value, destination, |register| Task::SetGlobal {
            op,
            global,
            register,
            span,
        });
    }

    fn set_variable(&mut self, variable: VariableId, register: u16, span: Span) {
        self.span = span;
        if self.analysis().home[variable as usize] == self.frame {
            let cell = self.registers[&variable];
            self.emit(abc(Op::SetCell, cell, register, 0));
        } else {
            self.emit(abc(
                Op::SetCapturedCell,
                register,
                self.capture_index(variable),
                0,
            ));
        }
    }

    fn conditional(
        &mut self,
        test: NodeId,
        then: NodeId,
        otherwise: NodeId,
        destination: Destination,
    ) {
        let height = self.height;
        let (then_price, otherwise_price) =
            (self.analysis().arm_price(then), self.analysis().arm_price(otherwise));
        let join = match destination {
            Destination::Return | Destination::Branch { .. } => None,
            _ => Some(self.label()),
        };
        let yes_label = self.label();
        let no_label = self.label();
        let mut yes = Exit {
            label: yes_label,
            price: then_price,
        };
        let mut no = Exit {
            label: no_label,
            price: otherwise_price,
        };
        // A constant arm in a test, or `(if t t e)`, needs no code: the test goes straight on.
        let mut then_code = true;
        let mut otherwise_code = true;
        if let Destination::Branch {
            yes: on_yes,
            no: on_no,
            ..
        } = destination
        {
            let through = |exit: Exit, price: u32| Exit {
                label: exit.label,
                price: exit.price.saturating_add(price),
            };
            match self.known_truth(then, Some(test)) {
                Some(true) => (yes, then_code) = (through(on_yes, then_price), false),
                Some(false) => (yes, then_code) = (through(on_no, then_price), false),
                None => {}
            }
            match self.known_truth(otherwise, None) {
                Some(true) => (no, otherwise_code) = (through(on_yes, otherwise_price), false),
                Some(false) => (no, otherwise_code) = (through(on_no, otherwise_price), false),
                None => {}
            }
        }
        let end = match destination {
            Destination::Branch { next, .. } => next,
            _ => join.unwrap_or(no_label),
        };
        if let Some(join) = join {
            self.tasks.push(Task::Place(join));
        }
        if otherwise_code {
            self.tasks.push(Task::Evaluate(otherwise, destination));
            self.tasks.push(Task::Height(height));
            self.tasks.push(Task::Place(no_label));
        }
        let after_then = if otherwise_code { no_label } else { end };
        if then_code {
            if let (Some(join), true) = (join, otherwise_code) {
                self.tasks.push(Task::Jump(join));
            }
            let then_destination = match destination {
                Destination::Branch { yes, no, .. } => Destination::Branch {
                    yes,
                    no,
                    next: after_then,
                },
                other => other,
            };
            self.tasks.push(Task::Evaluate(then, then_destination));
            self.tasks.push(Task::Height(height));
            self.tasks.push(Task::Place(yes_label));
        }
        let next = if then_code { yes_label } else { after_then };
        self.tasks.push(Task::Height(height));
        self.tasks
            .push(Task::Evaluate(test, Destination::Branch { yes, no, next }));
    }

    /// What a node is known to be as a truth value; `tested` is a node known to be true.
    fn known_truth(&self, node: NodeId, tested: Option<NodeId>) -> Option<bool> {
        let nodes = &self.unit().nodes;
        match (&nodes[node as usize], tested.map(|t| &nodes[t as usize])) {
            (Node::Constant(literal), _) => Some(!matches!(
                literal.datum(),
                crate::syntax::Datum::Bool(false)
            )),
            (Node::Local(a), Some(Node::Local(b)))
                if a == b && !self.analysis().celled[*a as usize] =>
            {
                Some(true)
            }
            _ => None,
        }
    }

    fn closure(&mut self, lambda: LambdaId, target: u16) {
        let captures = &self.analysis().captures[lambda as usize];
        let operands: Vec<u16> = captures
            .iter()
            .map(|&variable| self.capture_operand(variable))
            .collect();
        self.make_closure(target, self.entries[lambda as usize], &operands);
    }

    fn make_closure(&mut self, target: u16, entry: u32, operands: &[u16]) {
        if operands.len() > u16::MAX as usize / 2 {
            self.fail("a procedure that uses so many names from around it");
            return;
        }
        self.emit(abc(Op::MakeClosure, target, operands.len() as u16, 0));
        self.emit_extra(u64::from(entry));
        for four in operands.chunks(4) {
            let word = four
                .iter()
                .rev()
                .fold(0, |word, &operand| word << 16 | u64::from(operand));
            self.emit_extra(word);
        }
    }

    /// How a closure finds a variable that it captures: a register, or (highest bit) one of our own captured values.
    fn capture_operand(&self, variable: VariableId) -> u16 {
        const CAPTURED: u16 = 1 << 15;
        if self.is_self(variable) {
            0
        } else if self.analysis().home[variable as usize] == self.frame {
            // A closure of the same group that does not exist yet is patched in later.
            self.registers.get(&variable).copied().unwrap_or(0)
        } else {
            CAPTURED | self.capture_index(variable)
        }
    }

    fn case_closure(&mut self, lambdas: &[LambdaId], destination: Destination) {
        let target = self.target(destination);
        let height = self.height;
        let first = self.height.max(target.saturating_add(1));
        self.set_height(first as usize);
        let entry = self.case_entry(lambdas);
        let mut operands = Vec::new();
        for lambda in lambdas {
            let register = self.take_register();
            self.closure(*lambda, register);
            operands.push(register);
        }
        self.make_closure(target, entry, &operands);
        self.set_height(height as usize);
        self.finish(target, destination);
    }

    /// The dispatching code of a `case-lambda`, put into the way and jumped over.
    fn case_entry(&mut self, lambdas: &[LambdaId]) -> u32 {
        let over = self.label();
        self.jump(over);
        let entry = self.code.words.len() as u32;
        self.emit(abc(Op::EnterCase, lambdas.len() as u16, 0, 0));
        for lambda in lambdas {
            let info = &self.unit().lambdas[*lambda as usize];
            let more = u64::from(info.rest.is_some()) << 16;
            self.emit_extra(info.parameters.len() as u64 | more);
        }
        self.labels[over] = Some(self.code.words.len() as u32);
        entry
    }

    fn let_form(
        &mut self,
        bindings: &[(VariableId, NodeId)],
        body: NodeId,
        destination: Destination,
    ) {
        let height = self.height;
        if height as usize + bindings.len() + 4 > REGISTERS_MAX {
            return self.fail("a `let` with so many names");
        }
        self.tasks.push(Task::Height(height));
        self.tasks.push(Task::Evaluate(body, destination));
        for (place, (variable, _)) in bindings.iter().enumerate().rev() {
            self.tasks
                .push(Task::Bind(*variable, height + place as u16));
        }
        for (place, (_, value)) in bindings.iter().enumerate().rev() {
            let register = height + place as u16;
            self.tasks.push(Task::Height(register + 1));
            self.tasks
                .push(Task::Evaluate(*value, Destination::Register(register)));
        }
    }

    /// Makes a register the home of a variable whose value it holds.
    fn bind(&mut self, variable: VariableId, register: u16) {
        self.registers.insert(variable, register);
        if self.analysis().celled[variable as usize] {
            self.emit(abc(Op::MakeCell, register, 0, 0));
        }
    }

    fn letrec(
        &mut self,
        node: NodeId,
        bindings: &[(VariableId, NodeId)],
        body: NodeId,
        destination: Destination,
    ) {
        if let [(_, init)] = bindings
            && let Node::Lambda(lambda) = self.unit().nodes[*init as usize]
            && self.analysis().loop_of[lambda as usize].is_some()
        {
            return self.loop_form(lambda, body, destination);
        }
        let height = self.height;
        if height as usize + bindings.len() + 4 > REGISTERS_MAX {
            return self.fail("a body with so many definitions");
        }
        // Cells of variables that could be read early exist from the start.
        for (place, (variable, _)) in bindings.iter().enumerate() {
            let register = height + place as u16;
            if self.analysis().celled[*variable as usize] {
                self.registers.insert(*variable, register);
                self.emit(abc(Op::EmptyCell, register, 0, 0));
            } else {
                let unassigned = self
                    .world
                    .constant(&Syntax::new(crate::syntax::Datum::Bool(false), Span::NONE));
                self.emit(wide(Op::Constant, register, unassigned));
            }
            self.set_height(register as usize + 1);
        }
        self.tasks.push(Task::Height(height));
        self.tasks.push(Task::Bindings {
            letrec: node,
            from: 0,
            destination,
        });
    }

    /// Compiles a `letrec`'s initialisers from the given one on, then its body.
    fn letrec_from(&mut self, letrec: NodeId, from: usize, destination: Destination) {
        let Node::Letrec(bindings, body) = &self.unit().nodes[letrec as usize] else {
            return;
        };
        let base = self.height - bindings.len() as u16;
        if from == bindings.len() {
            return self.tasks.push(Task::Evaluate(*body, destination));
        }
        let (variable, init) = bindings[from];
        let is_lambda = |place: usize| {
            matches!(
                self.unit().nodes[bindings[place].1 as usize],
                Node::Lambda(_)
            )
        };
        if is_lambda(from) {
            let mut to = from + 1;
            while to < bindings.len() && is_lambda(to) {
                to += 1;
            }
            self.tasks.push(Task::Bindings {
                letrec,
                from: to,
                destination,
            });
            self.tasks.push(Task::Group { letrec, from, to });
            return;
        }
        self.tasks.push(Task::Bindings {
            letrec,
            from: from + 1,
            destination,
        });
        let register = base + from as u16;
        if self.analysis().celled[variable as usize] {
            let temporary = self.height;
            self.tasks.push(Task::StoreCell(variable, temporary));
            self.tasks
                .push(Task::Evaluate(init, Destination::Register(temporary)));
        } else {
            self.tasks.push(Task::Bind(variable, register));
            self.tasks
                .push(Task::Evaluate(init, Destination::Register(register)));
        }
    }

    /// Makes the closures of a run of procedures that may refer to each other.
    fn closure_group(&mut self, letrec: NodeId, from: usize, to: usize) {
        let Node::Letrec(bindings, _) = &self.unit().nodes[letrec as usize] else {
            return;
        };
        let base = self.height - bindings.len() as u16;
        let temporary = self.height;
        for place in from..to {
            let (variable, init) = bindings[place];
            self.span = self.unit().spans[init as usize];
            self.charge(self.analysis().charge[init as usize]);
            let celled = self.analysis().celled[variable as usize];
            let register = if celled {
                temporary
            } else {
                base + place as u16
            };
            let Node::Lambda(lambda) = self.unit().nodes[init as usize] else {
                continue;
            };
            self.highest = self.highest.max(self.height + 3);
            self.closure(lambda, register);
            if celled {
                self.perform(Task::StoreCell(variable, register));
            } else {
                self.registers.insert(variable, register);
            }
        }
        self.patch_group(bindings, from, to);
    }

    /// Closures made before those they refer to get them now.
    fn patch_group(&mut self, bindings: &[(VariableId, NodeId)], from: usize, to: usize) {
        let places: BTreeMap<VariableId, usize> = bindings[from..to]
            .iter()
            .enumerate()
            .map(|(place, (v, _))| (*v, from + place))
            .collect();
        for place in from..to {
            let (variable, init) = bindings[place];
            let Node::Lambda(lambda) = self.unit().nodes[init as usize] else {
                continue;
            };
            if self.analysis().celled[variable as usize] {
                continue;
            }
            let closure = self.registers[&variable];
            for (index, captured) in self.analysis().captures[lambda as usize].iter().enumerate() {
                let later = places.get(captured).is_some_and(|&p| p >= place);
                if later && !self.analysis().celled[*captured as usize] {
                    let value = self.registers[captured];
                    self.emit(abc(Op::PatchClosure, closure, index as u16, value));
                }
            }
        }
    }

    fn loop_form(&mut self, lambda: LambdaId, entry: NodeId, destination: Destination) {
        let Node::Call(_, operands) = &self.unit().nodes[entry as usize] else {
            return;
        };
        let info = &self.unit().lambdas[lambda as usize];
        let base = self.height;
        if base as usize + 2 * operands.len() + 4 > REGISTERS_MAX {
            return self.fail("a loop with so many names");
        }
        self.charge(self.analysis().charge[entry as usize]);
        let head = self.label();
        self.loops.insert(lambda, (head, base));
        self.tasks.push(Task::Height(base));
        self.tasks.push(Task::Evaluate(info.body, destination));
        self.tasks.push(Task::LoopHead { lambda });
        self.tasks.push(Task::Place(head));
        self.push_charge(self.analysis().body_price(self.unit(), lambda));
        self.push_own_charge(entry);
        for (place, operand) in operands.iter().enumerate().rev() {
            let register = base + place as u16;
            self.tasks.push(Task::Height(register + 1));
            self.tasks
                .push(Task::Evaluate(*operand, Destination::Register(register)));
        }
    }

    fn loop_head(&mut self, lambda: LambdaId) {
        let (_, base) = self.loops[&lambda];
        for (place, variable) in self.unit().lambdas[lambda as usize]
            .parameters
            .iter()
            .enumerate()
        {
            self.bind(*variable, base + place as u16);
        }
    }

    /// Moves the new values of a loop's parameters into place and jumps back.
    fn jump_back(&mut self, lambda: LambdaId, from: u16) {
        let (head, base) = self.loops[&lambda];
        let count = self.unit().lambdas[lambda as usize].parameters.len() as u16;
        for place in 0..count {
            if from + place != base + place {
                self.emit(abc(Op::Move, base + place, from + place, 0));
            }
        }
        let height = self.height;
        self.set_height((base + count) as usize);
        self.emit(abc(Op::JumpBack, 0, 0, 0));
        self.fixups.push((self.code.words.len(), head));
        let price = self.analysis().body_price(self.unit(), lambda);
        self.emit_extra(u64::from(price) << 32);
        self.set_height(height as usize);
    }

    fn application(
        &mut self,
        node: NodeId,
        operator: NodeId,
        operands: &[NodeId],
        destination: Destination,
    ) {
        match self.unit().nodes[operator as usize] {
            Node::Local(variable) => {
                if let Some(lambda) = self.analysis().names_lambda[variable as usize]
                    && self.analysis().loop_of[lambda as usize].is_some()
                {
                    return self.loop_call(node, lambda, operands);
                }
            }
            Node::Global(global) => {
                if let Some((builtin, redefinable)) = self.world.builtin_of(global)
                    && self.builtin_call(
                        node,
                        builtin,
                        operands,
                        destination,
                        redefinable.then_some(global),
                    )
                {
                    return;
                }
                if operands.iter().all(|&operand| self.is_simple(operand)) {
                    return self.late_global_call(node, global, operands, destination);
                }
            }
            _ => {}
        }
        self.general_call(node, operator, operands, destination);
    }

    fn loop_call(&mut self, node: NodeId, lambda: LambdaId, operands: &[NodeId]) {
        let from = self.height;
        if from as usize + operands.len() + 4 > REGISTERS_MAX {
            return self.fail("an expression with so many parts");
        }
        self.tasks.push(Task::Height(from));
        self.tasks.push(Task::MoveLoop { lambda, from });
        self.push_own_charge(node);
        for (place, operand) in operands.iter().enumerate().rev() {
            let register = from + place as u16;
            self.tasks.push(Task::Height(register + 1));
            self.tasks
                .push(Task::Evaluate(*operand, Destination::Register(register)));
        }
    }

    /// Whether evaluating a node calls nothing but inlined builtins of its own, so that a global operator may be read after it.
    fn is_simple(&self, node: NodeId) -> bool {
        const SIMPLE_NODES_MAX: usize = 16;
        let mut pending = vec![node];
        let mut seen = 0;
        while let Some(node) = pending.pop() {
            seen += 1;
            if seen > SIMPLE_NODES_MAX {
                return false;
            }
            match &self.unit().nodes[node as usize] {
                Node::Constant(_) | Node::Local(_) | Node::Global(_) => {}
                Node::Call(operator, operands) => match self.unit().nodes[*operator as usize] {
                    Node::Global(global) if self.inlines(global, operands.len()) => {
                        pending.extend(operands)
                    }
                    _ => return false,
                },
                _ => return false,
            }
        }
        true
    }

    fn inlines(&self, global: GlobalId, count: usize) -> bool {
        match self.world.builtin_of(global) {
            Some((builtin, _)) => match self.world.inline(builtin) {
                Inline::No => false,
                Inline::Direct => true,
                Inline::Unary(_) => count == 1,
                Inline::Binary(_) => count == 2,
                Inline::Fold(_) => count >= 2,
                Inline::Ternary(_) => count == 3,
            },
            None => false,
        }
    }

    fn late_global_call(
        &mut self,
        node: NodeId,
        global: GlobalId,
        operands: &[NodeId],
        destination: Destination,
    ) {
        let base = self.height;
        if base as usize + operands.len() + 8 > REGISTERS_MAX {
            return self.fail("a call with so many arguments");
        }
        let (span, count) = (self.span, operands.len());
        let outer_hole = self.hole;
        self.tasks.push(Task::Hole(outer_hole));
        self.tasks.push(Task::Call {
            base,
            count,
            destination,
            span,
            global: Some(global),
        });
        self.push_own_charge(node);
        self.tasks.push(Task::Height(base));
        self.tasks.push(Task::Hole(outer_hole));
        self.push_operands(base + 2, operands);
        self.tasks.push(Task::Height(base + 2));
        self.tasks.push(Task::Hole(Some(base)));
    }

    fn push_operands(&mut self, first: u16, operands: &[NodeId]) {
        for (place, operand) in operands.iter().enumerate().rev() {
            let register = first + place as u16;
            self.tasks.push(Task::Height(register + 1));
            self.tasks
                .push(Task::Evaluate(*operand, Destination::Register(register)));
        }
    }

    fn general_call(
        &mut self,
        node: NodeId,
        operator: NodeId,
        operands: &[NodeId],
        destination: Destination,
    ) {
        let base = self.height;
        if base as usize + operands.len() + 8 > REGISTERS_MAX {
            return self.fail("a call with so many arguments");
        }
        let (span, count) = (self.span, operands.len());
        self.tasks.push(Task::Call {
            base,
            count,
            destination,
            span,
            global: None,
        });
        self.push_own_charge(node);
        self.tasks.push(Task::Height(base));
        self.push_operands(base + 2, operands);
        self.tasks.push(Task::Height(base + 2));
        match self.unit().nodes[operator as usize] {
            Node::Global(global) => {
                self.highest = self.highest.max(base + 4);
                self.span = self.unit().spans[operator as usize];
                self.emit(wide(Op::OperatorGlobal, base, global.0));
            }
            _ => match self.plain_register(operator) {
                Some(register) => {
                    self.highest = self.highest.max(base + 4);
                    self.emit(abc(Op::Operator, base, register, 0));
                }
                None => {
                    let (x, destination) = (Operand::Register(base), Destination::Register(base));
                    let op = Op::Operator;
                    let operation = Operation {
                        op,
                        x,
                        y: Operand::None,
                        destination,
                        span,
                        global: None,
                    };
                    self.tasks.push(Task::Operate(operation));
                    self.tasks.push(Task::Evaluate(operator, destination));
                }
            },
        }
    }

    fn call(
        &mut self,
        base: u16,
        count: usize,
        destination: Destination,
        span: Span,
        global: Option<GlobalId>,
    ) {
        self.span = span;
        self.set_height(base as usize + 2 + count);
        let (plain, by_name) = match destination {
            Destination::Return => (Op::TailCall, Op::TailCallGlobal),
            _ => (Op::Call, Op::CallGlobal),
        };
        // While the callee runs, the caller's words in use end where the callee's frame begins.
        self.set_height(base as usize);
        match global {
            Some(global) => {
                self.emit(abc(by_name, base, count as u16, 0));
                self.emit_extra(u64::from(global.0));
            }
            None => self.emit(abc(plain, base, count as u16, 0)),
        }
        if !matches!(destination, Destination::Return) {
            self.finish(base, destination);
        }
    }

    /// Compiles a call of a known builtin without going through its variable. Says whether it did.
    fn builtin_call(
        &mut self,
        node: NodeId,
        builtin: u32,
        operands: &[NodeId],
        destination: Destination,
        global: Option<GlobalId>,
    ) -> bool {
        let span = self.unit().spans[node as usize];
        match (self.world.inline(builtin), operands) {
            (Inline::Unary(op), [_]) => self.inline_call(node, op, operands, destination, global),
            (Inline::Binary(op) | Inline::Fold(op), [_, _]) => {
                self.inline_call(node, op, operands, destination, global)
            }
            (Inline::Fold(op), [_, _, more @ ..]) if is_arithmetic(op) && more.len() <= 4 => {
                self.folded_call(node, op, operands, destination, global);
            }
            (Inline::Ternary(op), [_, _, _]) => {
                let first = self.height;
                let (x, y) = (Operand::Register(first), Operand::None);
                self.tasks.push(Task::Operate(Operation {
                    op,
                    x,
                    y,
                    destination,
                    span,
                    global,
                }));
                self.push_own_charge(node);
                self.tasks.push(Task::Height(first));
                self.push_operands(first, operands);
            }
            (Inline::No, _) => return false,
            _ => {
                let first = self.height;
                if first as usize + operands.len() + 8 > REGISTERS_MAX {
                    self.fail("a call with so many arguments");
                    return true;
                }
                let count = operands.len();
                self.tasks.push(Task::CallBuiltin {
                    first,
                    count,
                    builtin,
                    destination,
                    span,
                    global,
                });
                self.push_own_charge(node);
                self.tasks.push(Task::Height(first));
                self.push_operands(first, operands);
            }
        }
        true
    }

    fn inline_call(
        &mut self,
        node: NodeId,
        op: Op,
        operands: &[NodeId],
        destination: Destination,
        global: Option<GlobalId>,
    ) {
        let height = self.height;
        let mut places = [Operand::None; 2];
        let mut next = height;
        for (place, &operand) in operands.iter().enumerate() {
            places[place] = match self.plain_register(operand) {
                Some(register) => Operand::Register(register),
                None => match self.immediate(op, place, operand) {
                    Some(number) => Operand::Immediate(number),
                    None => {
                        next += 1;
                        Operand::Register(next - 1)
                    }
                },
            };
        }
        let [x, y] = places;
        let span = self.unit().spans[node as usize];
        let operation = Operation { op, x, y, destination, span, global };
        self.tasks.push(match destination {
            Destination::Branch { .. } if branch_op(op).is_some() => Task::Branch(operation),
            _ => Task::Operate(operation),
        });
        self.push_own_charge(node);
        self.tasks.push(Task::Height(height));
        for (&operand, &place) in operands.iter().zip(&places).rev() {
            match place {
                Operand::Register(register) if register >= height => {
                    self.tasks.push(Task::Height(register + 1));
                    self.tasks.push(Task::Evaluate(operand, Destination::Register(register)));
                }
                // It needs no instruction, but a piece may begin with it all the same.
                _ => self.push_charge(self.analysis().charge[operand as usize]),
            }
        }
    }

    /// `(op x y z …)` for an operation that associates to the left: one instruction after another.
    fn folded_call(
        &mut self,
        node: NodeId,
        op: Op,
        operands: &[NodeId],
        destination: Destination,
        global: Option<GlobalId>,
    ) {
        let first = self.height;
        let count = operands.len();
        let span = self.unit().spans[node as usize];
        for place in (1..count).rev() {
            let destination =
                if place + 1 == count { destination } else { Destination::Register(first) };
            let (x, y) = (Operand::Register(first), Operand::Register(first + place as u16));
            self.tasks.push(Task::Operate(Operation { op, x, y, destination, span, global }));
        }
        self.push_own_charge(node);
        self.tasks.push(Task::Height(first + count as u16));
        self.push_operands(first, operands);
    }

    /// The number that an operand is, if the instruction can hold it.
    fn immediate(&self, op: Op, place: usize, operand: NodeId) -> Option<i16> {
        use crate::number::Number;
        use crate::syntax::Datum;
        if place != 1 || immediate_op(op).is_none() {
            return None;
        }
        match &self.unit().nodes[operand as usize] {
            Node::Constant(literal) => match literal.datum() {
                Datum::Number(Number::Int(n)) => i16::try_from(*n).ok(),
                _ => None,
            },
            _ => None,
        }
    }

    fn operate(&mut self, operation: Operation) {
        let Operation {
            op,
            x,
            y,
            destination,
            span,
            global,
        } = operation;
        self.span = span;
        let target = self.target(destination);
        let register = |operand| {
            if let Operand::Register(r) = operand {
                r
            } else {
                0
            }
        };
        let word = match (y, immediate_op(op)) {
            (Operand::Immediate(n), Some((Some(with_number), _))) => {
                abc(with_number, target, register(x), n as u16)
            }
            (Operand::Immediate(n), _) => {
                // The comparison has an immediate form only as a branch: the number goes to a register.
                let number = crate::number::Number::Int(i64::from(n));
                let literal = Syntax::new(crate::syntax::Datum::Number(number), span);
                let index = self.world.constant(&literal);
                let temporary = self.height.max(register(x).saturating_add(1)).max(target);
                self.highest = self.highest.max(temporary + 2);
                self.emit(wide(Op::Constant, temporary, index));
                abc(op, target, register(x), temporary)
            }
            _ => abc(op, target, register(x), register(y)),
        };
        self.note_inlined(global);
        self.emit(word);
        self.finish(target, destination);
    }

    fn compare_and_branch(&mut self, operation: Operation) {
        let Operation {
            op,
            x,
            y,
            destination,
            span,
            global,
        } = operation;
        let Destination::Branch { yes, no, next } = destination else {
            return;
        };
        self.span = span;
        let register = |operand| {
            if let Operand::Register(r) = operand {
                r
            } else {
                0
            }
        };
        let Some(branch) = branch_op(op) else { return };
        self.note_inlined(global);
        if op == Op::Not {
            return self.finish(
                register(x),
                Destination::Branch {
                    yes: no,
                    no: yes,
                    next,
                },
            );
        }
        let word = match (y, immediate_op(op)) {
            (Operand::Immediate(n), Some((_, Some(with_number)))) => {
                abc(with_number, register(x), n as u16, 0)
            }
            _ => abc(branch, register(x), register(y), 0),
        };
        // Taken when the test's outcome differs from `d`.
        self.branch(|sense| word | u64::from(!sense) << 56, yes, no, next);
    }

    #[allow(clippy::too_many_arguments)]
    fn call_builtin(
        &mut self,
        first: u16,
        count: usize,
        builtin: u32,
        destination: Destination,
        span: Span,
        global: Option<GlobalId>,
    ) {
        self.span = span;
        let target = self.target(destination);
        self.set_height(first as usize + count);
        self.set_height(first as usize);
        self.note_inlined(global);
        self.emit(abc(Op::CallBuiltin, first, count as u16, target));
        self.emit_extra(u64::from(builtin));
        self.finish(target, destination);
    }

    /// Remembers the next instruction as a use of a builtin by a name that a program may redefine.
    fn note_inlined(&mut self, global: Option<GlobalId>) {
        if let Some(global) = global {
            self.code
                .inlined
                .entry(global)
                .or_default()
                .push(self.code.words.len() as u32);
        }
    }
}

fn is_arithmetic(op: Op) -> bool {
    matches!(op, Op::Add | Op::Sub | Op::Mul)
}

/// The instruction that branches on a comparison.
fn branch_op(op: Op) -> Option<Op> {
    Some(match op {
        Op::Not => Op::BranchFalse,
        Op::IsNull => Op::BranchNull,
        Op::IsPair => Op::BranchPair,
        Op::Eqv => Op::BranchEqv,
        Op::NumEq => Op::BranchNumEq,
        Op::Less => Op::BranchLess,
        Op::LessEq => Op::BranchLessEq,
        Op::Greater => Op::BranchGreater,
        Op::GreaterEq => Op::BranchGreaterEq,
        _ => return None,
    })
}

/// The forms of an operation that take a number in place of their second register: giving a value, and branching.
fn immediate_op(op: Op) -> Option<(Option<Op>, Option<Op>)> {
    Some(match op {
        Op::Add => (Some(Op::AddImm), None),
        Op::Sub => (Some(Op::SubImm), None),
        Op::NumEq => (None, Some(Op::BranchNumEqImm)),
        Op::Less => (None, Some(Op::BranchLessImm)),
        Op::LessEq => (None, Some(Op::BranchLessEqImm)),
        Op::Greater => (None, Some(Op::BranchGreaterImm)),
        Op::GreaterEq => (None, Some(Op::BranchGreaterEqImm)),
        _ => return None,
    })
}

/// The operations of the second word that `o::branch_word` packs.
pub const fn branch_target(word: u64) -> u32 {
    word as u32
}

/// The operand count of an inlined instruction's builtin, and which registers hold its operands; used when a program redefines the name.
pub fn inlined_operands(word: u64) -> Option<Vec<Result<u16, i64>>> {
    let (a, b, c) = (o::a(word) as u16, o::b(word) as u16, o::c(word) as u16);
    let signed = |n: u16| i64::from(n as i16);
    Some(match Op::of(word) {
        Op::Not | Op::IsNull | Op::IsPair | Op::Car | Op::Cdr | Op::VectorLength => vec![Ok(b)],
        Op::AddImm | Op::SubImm => vec![Ok(b), Err(signed(c))],
        Op::VectorSet => vec![Ok(b), Ok(b + 1), Ok(b + 2)],
        Op::BranchFalse | Op::BranchTrue | Op::BranchNull | Op::BranchPair => vec![Ok(a)],
        op if op >= Op::BranchNumEqImm && op <= Op::BranchGreaterEqImm => {
            vec![Ok(a), Err(signed(b))]
        }
        op if op >= Op::BranchEqv && op <= Op::BranchGreaterEq => vec![Ok(a), Ok(b)],
        op if op >= Op::Add && op <= Op::StringRef => vec![Ok(b), Ok(c)],
        _ => return None,
    })
}
