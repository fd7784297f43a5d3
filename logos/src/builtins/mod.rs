//! The builtin procedures: everything that Logos code cannot say itself, each with its name, arity, price, documentation and profile.
//!
//! The tables of the modules below are the reference: `doc`, completion and the generated page come from them. A builtin charges for its work
//! before doing it and asks for memory before taking it; what it charges beyond the call itself stands in `price`.

pub mod bytes;
pub mod characters;
pub mod control;
pub mod dicts;
pub mod errors;
pub mod lists;
pub mod numbers;
pub mod pairs;
pub mod ports;
pub mod promises;
pub mod records;
pub mod semaphores;
pub mod strings;
pub mod symbols;
pub mod system;
pub mod tables;
pub mod vectors;

use crate::codegen::Inline;
use crate::opcode::Op;
use crate::reference::with_costs;
use crate::value::Value;
use crate::vm::{Arguments, Fault, Machine, Next, Outcome, Places, Profile};
use std::sync::LazyLock;

#[cfg(test)]
mod hostile;

/// How the names begin that only the library's own procedures call: those that make dynamic states or act on them, which hold places in a
/// stack. What a program that is sent here calls may begin with one `%`, as macros put such names into programs, but not with this.
pub const MACHINE_PREFIX: &str = "%%";

/// What a builtin does.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    /// Computes a value.
    Plain(fn(&mut Machine, Arguments) -> Outcome),
    /// Acts on frames: the procedure's own frame is at `fp`.
    Control(fn(&mut Machine, Arguments, &Places) -> Result<Next, Fault>),
}

/// A builtin procedure.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// How it is called, as the documentation shows it.
    pub signature: &'static str,
    /// The fewest arguments.
    pub fewest: usize,
    /// The most arguments.
    pub most: usize,
    /// What it costs beyond the call.
    pub price: &'static str,
    /// One line.
    pub doc: &'static str,
    /// The profile it needs.
    pub profile: Profile,
    /// How calls of it are compiled.
    pub inline: Inline,
    /// What it does.
    pub function: Function,
}

/// For `most`: any number.
pub const ANY: usize = usize::MAX;

impl Builtin {
    /// A pure builtin that is called directly.
    pub const fn plain(
        name: &'static str,
        signature: &'static str,
        arity: (usize, usize),
        price: &'static str,
        doc: &'static str,
        function: fn(&mut Machine, Arguments) -> Outcome,
    ) -> Builtin {
        Builtin {
            name,
            signature,
            fewest: arity.0,
            most: arity.1,
            price,
            doc,
            profile: Profile::Pure,
            inline: Inline::Direct,
            function: Function::Plain(function),
        }
    }

    /// A pure builtin that acts on frames.
    pub const fn control(
        name: &'static str,
        signature: &'static str,
        arity: (usize, usize),
        price: &'static str,
        doc: &'static str,
        function: fn(&mut Machine, Arguments, &Places) -> Result<Next, Fault>,
    ) -> Builtin {
        Builtin {
            name,
            signature,
            fewest: arity.0,
            most: arity.1,
            price,
            doc,
            profile: Profile::Pure,
            inline: Inline::No,
            function: Function::Control(function),
        }
    }

    /// The same, compiled to an instruction.
    pub const fn inlined(mut self, inline: Inline) -> Builtin {
        self.inline = inline;
        self
    }

    /// The same for programs with more rights.
    pub const fn needs(mut self, profile: Profile) -> Builtin {
        self.profile = profile;
        self
    }

    /// What `doc` shows.
    pub fn documentation(&self) -> String {
        let about = with_costs(Some(self.doc), Some(self.price), Some(self.profile));
        format!("{}\n{about}", self.signature)
    }

    /// Whether so many arguments are right.
    #[inline]
    pub fn takes(&self, count: usize) -> bool {
        count >= self.fewest && count <= self.most
    }
}

/// The tables of builtins, each with what it is about, a heading of the reference.
pub static TABLES: &[(&str, &[Builtin])] = &[
    ("Bytes", bytes::TABLE),
    ("Characters", characters::TABLE),
    ("Control", control::TABLE),
    ("Dicts", dicts::TABLE),
    ("Errors", errors::TABLE),
    ("Lists", pairs::TABLE),
    ("Lists", lists::TABLE),
    ("Numbers", numbers::TABLE),
    ("Ports and files", ports::TABLE),
    ("Ports and files", ports::input::TABLE),
    ("Ports and files", ports::output::TABLE),
    ("Promises and tasks", promises::TABLE),
    ("Promises and tasks", semaphores::TABLE),
    ("Records", records::TABLE),
    ("Strings", strings::TABLE),
    ("Strings", strings::compare::TABLE),
    ("Strings", strings::edit::TABLE),
    ("Strings", strings::search::TABLE),
    ("Symbols and keywords", symbols::TABLE),
    ("System", system::TABLE),
    ("Hash tables", tables::TABLE),
    ("Hash tables", tables::hash::TABLE),
    ("Vectors", vectors::TABLE),
];

/// All builtins, in a fixed order.
pub static BUILTINS: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
    let tables: Vec<&[Builtin]> = TABLES.iter().map(|(_, table)| *table).collect();
    tables.concat()
});

/// The builtins that inlined instructions stand for, by operation.
pub static SLOW: LazyLock<SlowTable> = LazyLock::new(|| {
    let mut table = SlowTable {
        by_operation: [usize::MAX; 256],
    };
    for (index, builtin) in BUILTINS.iter().enumerate() {
        if let Inline::Unary(op) | Inline::Binary(op) | Inline::Fold(op) | Inline::Ternary(op) =
            builtin.inline
        {
            table.by_operation[op as usize] = index;
        }
    }
    table
});

/// See [`SLOW`].
#[derive(Debug)]
pub struct SlowTable {
    by_operation: [usize; 256],
}

impl SlowTable {
    /// The place of the builtin in the table.
    pub fn builtin(&self, op: Op) -> usize {
        self.by_operation[op as usize]
    }
}

/// "1 argument", "2 arguments".
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// The error for a builtin called with the wrong number of arguments.
pub fn wrong_count(m: &mut Machine, builtin: &Builtin, count: usize) -> Fault {
    let takes = match (builtin.fewest, builtin.most) {
        (fewest, most) if fewest == most => counted(fewest, "argument"),
        (fewest, ANY) => format!("at least {}", counted(fewest, "argument")),
        (fewest, most) => format!("{fewest} to {}", counted(most, "argument")),
    };
    let message = format!(
        "`{}` takes {takes}, but got {}: {}",
        builtin.name,
        counted(count, "argument"),
        builtin.signature
    );
    m.error(":wrong-count", &message, &[])
}

/// The error for a builtin that the profile does not have.
pub fn not_allowed(m: &mut Machine, builtin: &Builtin) -> Fault {
    profile_lacks(m, builtin.name, builtin.profile)
}

/// The error for a procedure that needs another profile.
pub fn profile_lacks(m: &mut Machine, procedure: &str, needs: Profile) -> Fault {
    let (has, needs) = (m.profile().name(), needs.name());
    let message = format!(
        "`{procedure}` is not allowed here: this program runs with the {has} profile, and it needs {needs}"
    );
    m.error(":not-allowed", &message, &[])
}

/// The error for an argument of the wrong sort: `what` says what is wanted.
#[cold]
pub fn wrong_argument(m: &mut Machine, procedure: &str, what: &str, value: Value) -> Fault {
    m.error(
        ":wrong-argument",
        &format!("`{procedure}` needs {what}, but got"),
        &[value],
    )
}

/// The error for an index that is not in range.
#[cold]
pub fn out_of_range(m: &mut Machine, procedure: &str, value: Value, length: usize) -> Fault {
    let message = format!("`{procedure}` needs a place from 0 to below {length}, but got");
    m.error(":out-of-range", &message, &[value])
}

/// The longest name that an error tells, in characters.
const TOLD_NAME_CHARACTERS_MAX: usize = 64;

/// The name of the procedure that another one of the library acts for. What was sent here may call it with anything.
fn name_of_another(m: &Machine, name: Value) -> Option<String> {
    let is_name = m.is_string(name) && m.heap.string_length(name) <= TOLD_NAME_CHARACTERS_MAX;
    is_name.then(|| m.heap.string_text(name))
}

/// The same for an error to tell.
pub fn told_name(m: &Machine, name: Value) -> String {
    name_of_another(m, name).unwrap_or_else(|| "this procedure".to_string())
}

/// A non-negative integer argument that fits a machine word.
pub fn count_argument(m: &mut Machine, procedure: &str, value: Value) -> Result<usize, Fault> {
    match value.as_fixnum().and_then(|n| usize::try_from(n).ok()) {
        Some(n) => Ok(n),
        None => Err(wrong_argument(
            m,
            procedure,
            "a whole number that is not negative",
            value,
        )),
    }
}

/// An index argument below `length`.
pub fn index_argument(
    m: &mut Machine,
    procedure: &str,
    value: Value,
    length: usize,
) -> Result<usize, Fault> {
    match value.as_fixnum().and_then(|n| usize::try_from(n).ok()) {
        Some(n) if n < length => Ok(n),
        _ if value.is_fixnum() => Err(out_of_range(m, procedure, value, length)),
        _ => Err(wrong_argument(m, procedure, "a whole number", value)),
    }
}

/// The optional arguments `start` and `end` from the given place on: a stretch of something `length` long.
pub fn range_arguments(
    m: &mut Machine,
    procedure: &str,
    arguments: Arguments,
    from: usize,
    length: usize,
) -> Result<(usize, usize), Fault> {
    let mut bounds = [0, length];
    for (place, bound) in bounds.iter_mut().enumerate() {
        if let Some(value) = m.optional(arguments, from + place) {
            *bound = index_argument(m, procedure, value, length + 1)?;
        }
    }
    let [start, end] = bounds;
    if start > end {
        let value = m.arg(arguments, from);
        return Err(out_of_range(m, procedure, value, end + 1));
    }
    Ok((start, end))
}

/// What things are called in other languages, and here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("print", "display"),
    ("println", "display"),
    ("echo", "display"),
    ("puts", "display"),
    ("len", "length"),
    ("concat", "append"),
    ("defun", "define"),
    ("setq", "set!"),
    ("progn", "begin"),
    ("mapcar", "map"),
    ("foldl", "fold"),
    ("foldr", "fold-right"),
    ("nth", "list-ref"),
    ("head", "first"),
    ("tail", "rest"),
    ("null", "null?"),
    ("true", "#t"),
    ("false", "#f"),
    ("True", "#t"),
    ("False", "#f"),
    ("function", "lambda"),
    ("var", "define"),
    ("const", "define"),
];

/// The longest name for which a near one is looked for, in characters.
const NAME_CHARACTERS_MAX: usize = 40;

/// What looking at a known name costs, when the nearest to a misspelt one is wanted.
const NAME_FUEL: u64 = 16;
/// One unit of fuel for so many cells of the table of a distance.
const CELLS_PER_FUEL: u64 = 8;

/// What looking for the nearest among so many names costs.
pub fn nearest_fuel(text: &str, names: usize) -> u64 {
    let length = text.chars().take(NAME_CHARACTERS_MAX).count() as u64;
    names as u64 * (NAME_FUEL + length * length / CELLS_PER_FUEL)
}

/// The known name nearest to a misspelt one, if any is near enough: an edit distance of at most a third of its length.
pub fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let wanted: Vec<char> = text.chars().collect();
    if wanted.len() > NAME_CHARACTERS_MAX || wanted.len() < 2 {
        return None;
    }
    let names: Vec<&str> = names.collect();
    let is_known = |name: &str| name.starts_with('#') || names.contains(&name);
    if let Some((_, name)) = ELSEWHERE
        .iter()
        .find(|(elsewhere, name)| *elsewhere == text && is_known(name))
    {
        return Some(name.to_string());
    }
    let allowed = (wanted.len() / 3).max(1);
    let near = names
        .into_iter()
        .filter(|name| !name.starts_with('%'))
        .filter_map(|name| {
            let known: Vec<char> = name.chars().take(NAME_CHARACTERS_MAX + 1).collect();
            let distance = if known.len().abs_diff(wanted.len()) > allowed {
                usize::MAX
            } else {
                edit_distance(&wanted, &known)
            };
            (distance <= allowed).then_some((distance, name))
        });
    near.min().map(|(_, name)| name.to_string())
}

/// Optimal string alignment distance: insertions, deletions, changes and swaps of neighbours.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut table = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i * width + j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let change = table[(i - 1) * width + j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let shift = (table[(i - 1) * width + j] + 1).min(table[i * width + j - 1] + 1);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    let swap = if swapped {
                        table[(i - 2) * width + j - 2] + 1
                    } else {
                        usize::MAX
                    };
                    change.min(shift).min(swap)
                }
            };
        }
    }
    table[a.len() * width + b.len()]
}
