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
//! | reading a program | 2 for each byte, 4 for each datum |
//! | expanding | 8 for each step |
//! | compiling | 12 for each node and each variable, 8 for each captured variable |
//! | a form or a macro's result becoming syntax | 3 for each node, 1 for each pair |
//! | putting the stack aside (`call/cc`, waiting) | 1 for every 4 words after the first 16 |
//! | a collection that a limit forces | 500, 1 for every 4 words kept |
//! | an error | 40, 1 for every 4 bytes of its message, 80 for its trace |
//! | setting a limit, taking up a task inside limits | 1 for each limit around |
//! | ending limits that leave tasks | 1 for every 2 tasks and limits |
//!
//! `examples/attacks.rs` runs every attack of `tests/attacks` in a process of its own under 20 million units and 64 MiB: on a busy machine the
//! median is 5 ns for a unit, what lasts longest takes a second, and the largest resident size is 153 MiB. `examples/prices.rs` measures builtins.

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
    (
        "environments",
        include_str!("../../stdlib/environments.logos"),
    ),
    ("network", include_str!("../../stdlib/network.logos")),
];
