//! The generator's vocabulary: pieces of work for later, where values go, operands.

use crate::core::{GlobalId, LambdaId, NodeId, VariableId};
use crate::opcode::Op;
use crate::syntax::Place;

pub(super) type Label = usize;

/// Where a value goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Destination {
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
pub(super) struct Exit {
    pub(super) label: Label,
    pub(super) price: u32,
}

/// A piece of work for later; the last pushed is done first.
pub(super) enum Task {
    Evaluate(NodeId, Destination),
    Height(u16),
    Place(Label),
    Jump(Label),
    Charge(u32),
    Operate(Operation),
    Branch(Operation),
    Call(Call),
    CallBuiltin(BuiltinCall),
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
        place: Place,
    },
    SetGlobal {
        op: Op,
        global: GlobalId,
        register: u16,
        place: Place,
    },
    Void(Destination),
}

/// A call whose frame is prepared at `base`.
pub(super) struct Call {
    pub(super) base: u16,
    pub(super) count: usize,
    pub(super) destination: Destination,
    pub(super) place: Place,
    pub(super) operator: Operator,
}

/// What a call calls.
#[derive(Clone, Copy)]
pub(super) enum Operator {
    /// A global variable, read only now.
    Late(GlobalId),
    /// A global variable, read before the operands.
    Early(GlobalId),
    Other,
}

/// A call of a builtin whose operands are in registers from `first` on.
pub(super) struct BuiltinCall {
    pub(super) first: u16,
    pub(super) count: usize,
    pub(super) builtin: u32,
    pub(super) destination: Destination,
    pub(super) place: Place,
    /// The variable that named the builtin, where a program may redefine it.
    pub(super) global: Option<GlobalId>,
}

/// An instruction to emit once its operands are in their registers.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    pub(super) op: Op,
    pub(super) x: Operand,
    pub(super) y: Operand,
    pub(super) destination: Destination,
    pub(super) place: Place,
    /// The variable that named the builtin, where a program may redefine it.
    pub(super) global: Option<GlobalId>,
}

/// An operand of an inlined instruction: known already, or in a temporary.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    None,
    Register(u16),
    Immediate(i16),
}

impl Operand {
    /// The operand's register; 0 where an instruction has no use for one.
    pub(super) fn register(self) -> u16 {
        match self {
            Operand::Register(register) => register,
            Operand::None | Operand::Immediate(_) => 0,
        }
    }
}
