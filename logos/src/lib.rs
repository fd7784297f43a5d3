//! Logos, the language: a Lisp that is a superset of R7RS-small, with hard limits of fuel and memory.
//!
//! A pure step machine: it opens no socket, reads no clock, starts no thread, asks the operating system for no randomness.
//!
//! ```text
//! text ─reader→ Syntax ─expand→ core ─ir→ analysis ─codegen→ code ─vm→ value
//! ```

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
