//! The machine's own return points: the first instructions of every world's code, one word each.

use crate::codegen::Code;
use crate::opcode::{Op, abc};
use crate::syntax::Span;

/// `r[2]` the dynamic state to restore; the value is in `r[3]`.
pub const DYNAMIC: usize = 1;
/// `r[2]` the dynamic state, `r[3]` the guard's handler; the value is in `r[4]`.
pub const GUARD: usize = 2;
/// `r[2]` the dynamic state, `r[3]` the number of the extent; the value is in `r[4]`.
pub const LIMIT: usize = 3;
/// `r[2]` the dynamic state, `r[3]` what was raised.
pub const RAISE: usize = 4;
/// `r[2]` the receiver; the values are in `r[3]`.
pub const VALUES: usize = 5;
/// `r[2]` the fuel used before; the value is in `r[3]`.
pub const FUEL_USED: usize = 6;
/// `r[2]` the number of the evaluation, `r[3]` how far it had read; the value is in `r[4]`.
pub const UNIT: usize = 7;
/// `r[2]` the number of the evaluation; the expansion is in `r[3]`.
pub const TRANSFORMER: usize = 8;
/// `r[2]` the promise of the task; the value is in `r[3]`.
pub const TASK: usize = 9;

/// `r[2]` the promise of the task, `r[3]` its thunk: a task begins here.
pub const START: usize = 10;

/// `r[2]` the number of the evaluation; the texts of files, a list, are in `r[3]`.
pub const FILES: usize = 11;

const STUBS: [Op; 12] = [
    Op::StubUnderflow,
    Op::StubDynamic,
    Op::StubGuard,
    Op::StubLimit,
    Op::StubRaise,
    Op::StubValues,
    Op::StubFuelUsed,
    Op::StubUnit,
    Op::StubTransformer,
    Op::StubTask,
    Op::StubStart,
    Op::StubFiles,
];

/// Lays the return points at the start of an empty program.
pub(crate) fn lay(code: &mut Code) {
    for op in STUBS {
        code.push(abc(op, 0, 0, 0), 0, Span::NONE);
    }
}
