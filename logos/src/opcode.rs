//! The instructions of the virtual machine; this table is their document.
//!
//! An instruction is one 64-bit word, `op` in the lowest byte, then three 16-bit operands `a`, `b`, `c` and a byte `d`; some take a second
//! word (*x*). `r[i]` is register *i* of the running frame. A frame is a window on the stack: `r[0]` the running procedure, `r[1]` the return
//! link, then the arguments. A call puts the callee's window over the caller's registers from `a` on; the value comes back in the caller's `r[a]`.
//!
//! Fuel is charged where the intermediate form says, so only the instructions that begin a block have a price operand:
//! `Enter*`, `Branch*`, `Charge` and `JumpBack`. Builtin procedures charge for themselves.

macro_rules! opcodes {
    ($( $name:ident, $text:literal; )*) => {
        /// An operation; see the module's description of operands.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op { $( #[doc = $text] $name, )* }

        /// The same operations as plain bytes, for the interpreter's `match`.
        #[allow(non_upper_case_globals, missing_docs)]
        pub mod code {
            use super::Op;
            $( pub const $name: u8 = Op::$name as u8; )*
        }

        /// Every operation with its effect.
        pub const OPCODES: &[(Op, &str)] = &[ $( (Op::$name, $text), )* ];
    };
}

opcodes! {
    // procedures
    Enter, "start of a procedure of exactly `a` arguments; `b` registers; price `c`+`d`<<16";
    EnterRest, "start of a procedure of at least `a` arguments, the rest a list in `r[a+2]`; `b` registers; price `c`+`d`<<16";
    EnterCase, "start of a `case-lambda` of `a` clauses, whose closures are the captured values: `a` words follow, each a required count (16 bits) and whether it takes more (bit 16)";
    Deferred, "stands for a procedure of the library that is compiled when it is first called: number `b`,`c` (32 bits)";
    Forward, "stands for the procedure that is captured value 0";
    Call, "calls `r[a]` with the `b` arguments from `r[a+2]`";
    TailCall, "the same in place of this frame";
    CallGlobal, "calls global *x* with the `b` arguments from `r[a+2]`";
    TailCallGlobal, "the same in place of this frame";
    PassOn, "takes note of this place, where a procedure of the user's ends by a call of one of the library's";
    Forget, "forgets that note: the library is about to call a procedure that it was given, in a frame of its own";
    CallBuiltin, "`r[c]` := builtin *x* (32 bits) applied to the `b` arguments from `r[a]`; the number above, unless it is 0, tells that `r` of one less and the next are to hold nothing";
    Return, "returns `r[a]`";
    // data movement
    Move, "`r[a]` := `r[b]`";
    Operator, "`r[a]` := `r[b]` and `r[a+1]` := 0: a call is being prepared";
    OperatorGlobal, "the same for global `b`,`c` (32 bits)";
    Constant, "`r[a]` := constant `b`,`c` (32 bits)";
    Global, "`r[a]` := global `b`,`c` (32 bits), an error while it has no value";
    SetGlobal, "global `b`,`c` := `r[a]`, an error while it has no value";
    DefineGlobal, "defines global `b`,`c` as `r[a]`";
    Captured, "`r[a]` := captured value `b`";
    CapturedCell, "`r[a]` := contents of captured cell `b`, an error while unassigned";
    SetCapturedCell, "captured cell `b` := `r[a]`";
    MakeCell, "`r[a]` := a new cell holding `r[a]`";
    EmptyCell, "`r[a]` := a new cell, unassigned";
    Cell, "`r[a]` := contents of the cell `r[b]`, an error while unassigned";
    SetCell, "cell `r[a]` := `r[b]`";
    MakeClosure, "`r[a]` := a closure with `b` captured values whose code is at *x*; then a word for every 4 captures: 16 bits each, the highest bit telling a captured value from a register";
    PatchClosure, "captured value `b` of the closure `r[a]` := `r[c]`";
    // control
    Charge, "charges *x*";
    Jump, "goes to *x*";
    Detour, "goes to `b`,`c` (32 bits): what was here called a builtin by a name that has been redefined";
    JumpBack, "goes to *x* (32 bits), charging the 32 bits above; may yield";
    // branches: x holds the target (32 bits), the price when falling through (16), the price when taken (16)
    BranchFalse, "taken when `r[a]` is `#f`";
    BranchTrue, "taken when `r[a]` is not `#f`";
    BranchNull, "taken when whether `r[a]` is `()` differs from `d`";
    BranchPair, "taken when whether `r[a]` is a pair differs from `d`";
    BranchEqv, "taken when whether `r[a]` and `r[b]` are `eqv?` differs from `d`";
    BranchNumEq, "taken when whether `r[a]` = `r[b]` differs from `d`";
    BranchLess, "taken when whether `r[a]` < `r[b]` differs from `d`";
    BranchLessEq, "taken when whether `r[a]` <= `r[b]` differs from `d`";
    BranchGreater, "taken when whether `r[a]` > `r[b]` differs from `d`";
    BranchGreaterEq, "taken when whether `r[a]` >= `r[b]` differs from `d`";
    BranchNumEqImm, "taken when whether `r[a]` = the signed number `b` differs from `d`";
    BranchLessImm, "taken when whether `r[a]` < the signed number `b` differs from `d`";
    BranchLessEqImm, "taken when whether `r[a]` <= the signed number `b` differs from `d`";
    BranchGreaterImm, "taken when whether `r[a]` > the signed number `b` differs from `d`";
    BranchGreaterEqImm, "taken when whether `r[a]` >= the signed number `b` differs from `d`";
    // inlined builtins: r[a] := f(r[b], r[c]); on anything unusual the builtin itself is called
    Add, "`r[a]` := `r[b]` + `r[c]`";
    Sub, "`r[a]` := `r[b]` - `r[c]`";
    Mul, "`r[a]` := `r[b]` * `r[c]`";
    AddImm, "`r[a]` := `r[b]` + the signed number `c`";
    SubImm, "`r[a]` := `r[b]` - the signed number `c`";
    Quotient, "`r[a]` := `(quotient r[b] r[c])`";
    Remainder, "`r[a]` := `(remainder r[b] r[c])`";
    Modulo, "`r[a]` := `(modulo r[b] r[c])`";
    NumEq, "`r[a]` := whether `r[b]` = `r[c]`";
    Less, "`r[a]` := whether `r[b]` < `r[c]`";
    LessEq, "`r[a]` := whether `r[b]` <= `r[c]`";
    Greater, "`r[a]` := whether `r[b]` > `r[c]`";
    GreaterEq, "`r[a]` := whether `r[b]` >= `r[c]`";
    Eqv, "`r[a]` := whether `r[b]` and `r[c]` are `eqv?`";
    Not, "`r[a]` := whether `r[b]` is `#f`";
    IsNull, "`r[a]` := whether `r[b]` is `()`";
    IsPair, "`r[a]` := whether `r[b]` is a pair";
    Cons, "`r[a]` := a new pair of `r[b]` and `r[c]`";
    Car, "`r[a]` := the car of `r[b]`";
    Cdr, "`r[a]` := the cdr of `r[b]`";
    SetCar, "the car of `r[b]` := `r[c]`; `r[a]` := `#<void>`";
    SetCdr, "the cdr of `r[b]` := `r[c]`; `r[a]` := `#<void>`";
    VectorRef, "`r[a]` := element `r[c]` of the vector `r[b]`";
    VectorSet, "element `r[b+1]` of the vector `r[b]` := `r[b+2]`; `r[a]` := `#<void>`";
    VectorLength, "`r[a]` := the length of the vector `r[b]`";
    StringRef, "`r[a]` := character `r[c]` of the string `r[b]`";
    // the machine's own return points
    StubUnderflow, "the bottom of the active stack: takes up the continuation that was put aside";
    StubDynamic, "restores the dynamic state in `r[2]` and returns `r[3]`";
    StubGuard, "the same at the end of a guarded body, the value in `r[4]`";
    StubLimit, "ends the limit in `r[3]`, restores the dynamic state in `r[2]` and returns `r[4]`";
    StubRaise, "a handler returned from an error that cannot be continued";
    StubValues, "hands the values in `r[3]` to the receiver in `r[2]`";
    StubFuelUsed, "returns the value in `r[3]` and the fuel used since `r[2]`";
    StubUnit, "a top-level form gave the value in `r[4]`: the evaluation in `r[2]` goes on";
    StubTransformer, "a macro's procedure gave the value in `r[3]`: the expansion in `r[2]` goes on";
    StubStart, "a new task begins: calls the thunk in `r[3]`, whose promise is in `r[2]`";
    StubTask, "a task's thunk gave the value in `r[3]`: fulfils the promise in `r[2]`";
    StubFiles, "the texts of files are in `r[3]`: the evaluation in `r[2]` goes on";
    Unused, "not an instruction";
}

impl Op {
    /// The operation of an instruction word.
    #[inline(always)]
    pub fn of(word: u64) -> Op {
        let number = (word & 0xff) as usize;
        if number < OPCODES.len() {
            OPCODES[number].0
        } else {
            Op::Unused
        }
    }

    /// How many words the instruction `word` takes.
    pub fn words(word: u64) -> usize {
        match Op::of(word) {
            Op::CallGlobal
            | Op::TailCallGlobal
            | Op::CallBuiltin
            | Op::Charge
            | Op::Jump
            | Op::JumpBack => 2,
            Op::EnterCase => 1 + a(word),
            Op::MakeClosure => 2 + b(word).div_ceil(4),
            op if op >= Op::BranchFalse && op <= Op::BranchGreaterEqImm => 2,
            _ => 1,
        }
    }
}

/// An instruction word of three operands.
pub const fn abc(op: Op, a: u16, b: u16, c: u16) -> u64 {
    op as u64 | (a as u64) << 8 | (b as u64) << 24 | (c as u64) << 40
}

/// Lets an instruction word of two operands carry the number of a global variable, for those who report errors. One for which there is no room
/// is left out.
pub const fn noting(word: u64, number: u32) -> u64 {
    let told = if number < (1 << 24) - 1 {
        number as u64 + 1
    } else {
        0
    };
    word | told << 40
}

/// The number that a word carries so.
pub const fn noted(word: u64) -> Option<usize> {
    match (word >> 40) as usize {
        0 => None,
        told => Some(told - 1),
    }
}

/// An instruction word with a 32-bit operand in place of `b` and `c`.
pub const fn wide(op: Op, a: u16, index: u32) -> u64 {
    op as u64 | (a as u64) << 8 | (index as u64) << 24
}

/// Operand `a`.
#[inline(always)]
pub const fn a(word: u64) -> usize {
    (word >> 8) as u16 as usize
}

/// Operand `b`.
#[inline(always)]
pub const fn b(word: u64) -> usize {
    (word >> 24) as u16 as usize
}

/// Operand `c`.
#[inline(always)]
pub const fn c(word: u64) -> usize {
    (word >> 40) as u16 as usize
}

/// Operand `d`.
#[inline(always)]
pub const fn d(word: u64) -> u8 {
    (word >> 56) as u8
}

/// The 32-bit operand in place of `b` and `c`.
#[inline(always)]
pub const fn index(word: u64) -> usize {
    (word >> 24) as u32 as usize
}

/// The second word of a branch.
pub const fn branch_word(target: u32, price_through: u16, price_taken: u16) -> u64 {
    target as u64 | (price_through as u64) << 32 | (price_taken as u64) << 48
}
