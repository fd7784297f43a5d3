//! Logos, the language: a Lisp that is a superset of R7RS-small, with hard limits of fuel and memory.
//!
//! A pure step machine: it opens no socket, reads no clock, starts no thread, asks the operating system for no randomness.
//!
//! ```text
//! text ─reader→ Syntax ─expand→ core ─ir→ analysis ─codegen→ code ─vm→ value
//! ```
//!
//! # What a unit of fuel takes
//!
//! Prices stand beside what they are for: in the tables of [`builtins`], in the documentation of [`opcode`], [`ir`] and [`expand`], and here:
//!
//! | work | fuel |
//! | --- | --- |
//! | reading a program | 2 for each byte, 4 for each datum, and the digits of large numbers |
//! | expanding | 8 for each step |
//! | a name of a library | 1 for each part, 1 for every 2 bytes |
//! | a name that an import's prefix or `macroexpand` makes | 1 for every 2 bytes, besides copying it |
//! | compiling | 12 for each node and each variable, 8 for each captured variable |
//! | a form or a macro's result becoming syntax | 3 for each node, 1 for each pair |
//! | putting the stack aside (`call/cc`, waiting) | 1 for every 4 words after the first 16 |
//! | a collection that a limit forces | 500, 1 for every 4 words kept |
//! | an error | 40, 1 for every 4 bytes of its message, 80 for its trace |
//! | setting a limit, taking up a task inside limits | 1 for each limit around |
//! | reading inside limits | 1 for every 4 limits around |
//! | a limit that runs out while permits are held or files are open | 1 for every 4 limits |
//! | ending limits that leave tasks | 1 for every 2 tasks and limits |
//!
//! `examples/attacks.rs` runs every attack of `tests/attacks` in a process of its own under 20 million units and 64 MiB: the median of those that last 0.05 s is 6.2 ns for
//! a unit, the largest 38, what lasts longest takes 0.62 s, and the largest resident size is 153 MiB. `examples/prices.rs` measures builtins.
//!
//! # Why the machine is built so
//!
//! Each choice was taken back by itself, and ten programs of `tests/benchmarks` (fib, tak, nqueens, deriv, nboyer, gcbench, fibfp, mbrot,
//! quicksort, earley) run with and without it, in turn. What they took then, beside what they take as it is: the geometric mean of CPU time, and
//! what it was for those that felt it most. A single program's figure is good to a tenth.
//! The first, third and fourth were measured later than the others, each beside the program of its day.
//!
//! | choice | instead | CPU time |
//! | --- | --- | --- |
//! | builtins that have an instruction are compiled to it ([`opcode`]) | called through their variables | 2.4 (mbrot 5, quicksort 3, fib 3) |
//! | most floats are in the word ([`value`]) | every float is an object | 1.96 (mbrot 14, fibfp 11) |
//! | a loop that is only called in its own tail is a jump in its frame ([`ir`]) | a procedure | 1.03 (deriv, quicksort 1.2) |
//! | an instruction finds its operands in the registers of variables | they are put on top of the frame first, as on a stack machine | 1.26 (quicksort 1.6, nqueens, mbrot 1.4) |
//! | a comparison and its branch are one instruction | two | 1.25 (tak 1.6, fib 1.5) |
//! | small numbers are operands of instructions | constants in registers | 1.16 (fib 1.7) |
//! | a call names the global variable it calls | an instruction fetches it first | 1.16 (nqueens 1.6) |
//! | a nursery of 512 KiB ([`heap`]) | of 64, 128, 256, 1,024 KiB | 1.07, 1.06, 1.07, 1.09 |
//! | fuel is charged at a procedure's entry, a branch and a jump back | never | 0.98 |
//!
//! A value is a word with low tags, and no pointer, because the heap is one array and code without `unsafe` follows offsets. Closures are flat: each
//! holds what it captured, and only a variable that is assigned costs a cell. A frame is a window on one stack in which callers and callees
//! overlap, so that arguments are not copied; there are always 65,536 words after its beginning, so the 16 bits of a register's number need no check.
//! Startup is short because definitions of the library are only found when it is loaded: each is read and compiled when it is first used.
//!
//! A second tier of compilation has its place behind `codegen`: the intermediate form with its prices ([`ir`]) is all it needs to be paid the
//! same, and [`vm`] enters a procedure at one place.

#![forbid(unsafe_code)]

pub mod builtins;
pub mod codegen;
pub mod core;
pub mod datum;
pub mod equal;
pub mod expand;
pub mod heap;
pub mod ir;
pub mod job;
pub mod number;
pub mod opcode;
pub mod printer;
pub mod reader;
pub mod reference;
pub mod scratch;
pub mod ship;
pub mod symbol;
pub mod syntax;
pub mod unicode;
pub mod value;
pub mod vm;

/// Sources of the library, in the order they are loaded.
pub const STDLIB: &[(&str, &str)] = &[
    ("control", include_str!("../../stdlib/control.logos")),
    ("lists", include_str!("../../stdlib/lists.logos")),
    ("numbers", include_str!("../../stdlib/numbers.logos")),
    ("ports", include_str!("../../stdlib/ports.logos")),
    ("promises", include_str!("../../stdlib/promises.logos")),
    ("system", include_str!("../../stdlib/system.logos")),
    ("syntax", include_str!("../../stdlib/syntax.logos")),
    ("data", include_str!("../../stdlib/data.logos")),
    ("srfi", include_str!("../../stdlib/srfi.logos")),
    (
        "environments",
        include_str!("../../stdlib/environments.logos"),
    ),
    ("network", include_str!("../../stdlib/network.logos")),
];
