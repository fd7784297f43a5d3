//! `quote`, `quasiquote` and dicts in code.
//!
//! | form | core |
//! | --- | --- |
//! | `'d` | `(Constant d)` |
//! | `` `(a ,b c) `` | `(%list 'a b 'c)` |
//! | `` `(a ,b . c) `` | `(%list* 'a b 'c)` |
//! | `` `(a ,@b c) `` | `(%append (%list 'a) b (%list 'c))` |
//! | `` `#(a ,b) `` | `(%list->vector (%list 'a b))` |
//! | `` `{a ,b} ``, `{a b}` | `(%dict 'a b)`, `(%dict a b)` |
//!
//! What contains nothing unquoted is a constant. Two walks over the same parts in the same order do it: the first
//! marks what contains something unquoted, the second makes the tasks.

use super::assembly::Build;
use super::environment::Binding;
use super::machine::{Expander, Flow, head};
use super::print::print_charged;
use super::scope::{Env, Identifier, Meaning};
use super::task::{Task, Use};
use super::{ExpandError, Host, message, strip};
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeSet;

pub(crate) fn quote(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let [_, datum] = it.items() else {
        return Err(message::wrong_use(it));
    };
    let constant = constant(datum, host)?;
    x.schedule([Task::Build(Build::Constant(constant), it.place())]);
    Ok(())
}

/// A quoted datum, in whose dicts no key stands twice.
fn constant(datum: &Syntax, host: &mut dyn Host) -> Result<Syntax, ExpandError> {
    let constant = strip::constant(datum, host)?;
    let mut work = vec![&constant];
    while let Some(datum) = work.pop() {
        match datum.datum() {
            Datum::List(items, tail) => work.extend(items.iter().chain(tail)),
            Datum::Vector(items) => work.extend(items.iter()),
            Datum::Labelled(_, inner) => work.push(inner),
            Datum::Dict(entries) => {
                let mut keys = BTreeSet::new();
                for (key, value) in entries.iter() {
                    if !keys.insert(print_charged(key, host)?) {
                        return Err(key_twice(key, host));
                    }
                    work.extend([key, value]);
                }
            }
            _ => {}
        }
    }
    Ok(constant)
}

/// A dict in code. A constant key written twice is an error.
pub(crate) fn dict(x: &mut Expander, form: &Syntax, env: &Env, host: &mut dyn Host) -> Flow {
    let Datum::Dict(entries) = form.datum() else {
        return Ok(None);
    };
    let place = Place::of(form);
    let mut tasks = vec![Task::internal("%dict", place, host)];
    let mut keys = BTreeSet::new();
    for (key, value) in entries.iter() {
        if let Some(text) = constant_key(key, env, host)?
            && !keys.insert(text)
        {
            return Err(key_twice(key, host));
        }
        tasks.push(Task::expression(key, env));
        tasks.push(Task::expression(value, env));
    }
    tasks.push(Task::Build(Build::Call(2 * entries.len()), place));
    x.schedule(tasks);
    Ok(None)
}

fn key_twice(key: &Syntax, host: &mut dyn Host) -> ExpandError {
    let shown = message::show(key, host);
    ExpandError::syntax(key, format!("The key {shown} stands twice in this dict."))
        .about(key.clone())
}

/// The text of a key that is a constant.
fn constant_key(
    key: &Syntax,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Option<String>, ExpandError> {
    let constant = match key.datum() {
        Datum::Symbol(_) | Datum::Alias(_) => {
            let name = Identifier::of(key).expect("this datum is an identifier");
            let keyword = host.symbols().is_keyword(name.name())
                && matches!(env.meaning(&name, host)?, Meaning::Top(world, symbol)
                    if world.has_keywords() && world.lookup(symbol).is_none());
            keyword.then_some(key)
        }
        Datum::List(items, None) if items.len() == 2 => match head(key, env, host)? {
            Some(Binding::Special(special)) if special.name == "quote" => Some(&items[1]),
            _ => None,
        },
        Datum::List(..) | Datum::Dict(_) | Datum::Labelled(..) | Datum::Reference(_) => None,
        _ => Some(key),
    };
    constant
        .map(|constant| print_charged(constant, host))
        .transpose()
}

pub(crate) fn quasiquote(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let [_, datum] = it.items() else {
        return Err(message::wrong_use(it));
    };
    let marks = mark(datum, &it.env, host)?;
    let tasks = Writer {
        marks,
        next: 0,
        env: &it.env,
        tasks: Vec::new(),
    }
    .write(datum, host)?;
    x.schedule(tasks);
    Ok(())
}

/// What a datum is inside a quasiquote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Quasiquote,
    Unquote,
    Splice,
}

/// A datum seen as its parts, each with the level of quasiquotation it is at.
enum Parts<'a> {
    /// Nothing to look into.
    Atom,
    /// `,expression` of this quasiquotation.
    Unquote(&'a Syntax),
    /// `,@expression` of this quasiquotation.
    Splice(&'a Syntax),
    /// A list; the levels of its elements; its tail, perhaps written `. ,x`, which reads as two elements.
    List {
        items: &'a [Syntax],
        levels: Levels,
        tail: Tail<'a>,
    },
    Vector(&'a [Syntax]),
    Dict(&'a [(Syntax, Syntax)]),
}

/// The levels of quasiquotation of a list's elements. The last has its own if a word of quasiquotation stands before it: `(a . `b)` reads as
/// `(a quasiquote b)`.
#[derive(Clone, Copy)]
struct Levels {
    others: u32,
    last: u32,
}

impl Levels {
    fn all(level: u32) -> Levels {
        Levels {
            others: level,
            last: level,
        }
    }

    /// Each element with its level.
    fn of(self, items: &[Syntax]) -> impl Iterator<Item = (&Syntax, u32)> {
        let last = items.len() - 1;
        let level = move |index| {
            if index == last {
                self.last
            } else {
                self.others
            }
        };
        items
            .iter()
            .enumerate()
            .map(move |(index, item)| (item, level(index)))
    }
}

/// The tail of a list.
#[derive(Clone, Copy)]
enum Tail<'a> {
    None,
    Datum(&'a Syntax),
    /// `. ,expression`, of this quasiquotation.
    Unquote(&'a Syntax),
}

/// Takes a datum at a level apart; the outermost quasiquotation is level 0.
fn parts<'a>(
    datum: &'a Syntax,
    level: u32,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Parts<'a>, ExpandError> {
    let (items, tail) = match datum.datum() {
        Datum::List(items, tail) if !items.is_empty() => (items, tail.as_ref()),
        Datum::Vector(items) => return Ok(Parts::Vector(items)),
        Datum::Dict(entries) => return Ok(Parts::Dict(entries)),
        _ => return Ok(Parts::Atom),
    };
    if let (2, None) = (items.len(), tail) {
        let word = word(&items[0], env, host)?;
        return Ok(match word {
            Some(Word::Unquote) if level == 0 => Parts::Unquote(&items[1]),
            Some(Word::Splice) if level == 0 => Parts::Splice(&items[1]),
            word => Parts::List {
                items,
                levels: levels_after(word, level),
                tail: Tail::None,
            },
        });
    }
    if let Some(Word::Unquote | Word::Splice) = word(&items[0], env, host)?
        && level == 0
    {
        return Err(
            ExpandError::syntax(datum, "An unquote needs exactly one expression.")
                .about(datum.clone()),
        );
    }
    let mut levels = Levels::all(level);
    if items.len() > 2 && tail.is_none() {
        let last = items.len() - 2;
        let word = word(&items[last], env, host)?;
        if level == 0 && word == Some(Word::Unquote) {
            return Ok(Parts::List {
                items: &items[..last],
                levels,
                tail: Tail::Unquote(&items[last + 1]),
            });
        }
        levels = levels_after(word, level);
    }
    Ok(Parts::List {
        items,
        levels,
        tail: tail.map_or(Tail::None, Tail::Datum),
    })
}

/// The levels in a list whose last element but one is this word, which does not belong to the quasiquotation at hand.
fn levels_after(word: Option<Word>, level: u32) -> Levels {
    let last = match word {
        Some(Word::Quasiquote) => level + 1,
        Some(_) => level.saturating_sub(1),
        None => level,
    };
    Levels {
        others: level,
        last,
    }
}

fn word(syntax: &Syntax, env: &Env, host: &mut dyn Host) -> Result<Option<Word>, ExpandError> {
    let Some(name) = Identifier::of(syntax) else {
        return Ok(None);
    };
    let Meaning::Syntax(Binding::Special(special)) = env.meaning(&name, host)? else {
        return Ok(None);
    };
    Ok(match special.name {
        "quasiquote" => Some(Word::Quasiquote),
        "unquote" => Some(Word::Unquote),
        "unquote-splicing" => Some(Word::Splice),
        _ => None,
    })
}

/// What the first walk found out about a datum.
struct Mark {
    /// Whether something inside is unquoted.
    active: bool,
    /// How many marks there are for it and its parts.
    size: usize,
}

enum MarkWork<'a> {
    Visit(&'a Syntax, u32),
    Leave(usize),
}

/// A mark for the datum and for each of its parts, in the order of the walk.
fn mark(root: &Syntax, env: &Env, host: &mut dyn Host) -> Result<Vec<Mark>, ExpandError> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut open: Vec<bool> = Vec::new();
    let mut work = vec![MarkWork::Visit(root, 0)];
    while let Some(next) = work.pop() {
        let (datum, level) = match next {
            MarkWork::Visit(datum, level) => (datum, level),
            MarkWork::Leave(index) => {
                let active = open.pop().unwrap_or(false);
                marks[index].active = active;
                marks[index].size = marks.len() - index;
                if let Some(outer) = open.last_mut() {
                    *outer |= active;
                }
                continue;
            }
        };
        host.spend(1)?;
        let parts = parts(datum, level, env, host)?;
        let index = marks.len();
        marks.push(Mark {
            active: false,
            size: 1,
        });
        open.push(matches!(
            parts,
            Parts::Unquote(_)
                | Parts::Splice(_)
                | Parts::List {
                    tail: Tail::Unquote(_),
                    ..
                }
        ));
        work.push(MarkWork::Leave(index));
        let from = work.len();
        visit_parts(&parts, level, &mut |part, level| {
            work.push(MarkWork::Visit(part, level))
        });
        work[from..].reverse();
    }
    Ok(marks)
}

/// Calls with each part that is itself quasiquoted, in order.
fn visit_parts<'a>(parts: &Parts<'a>, level: u32, visit: &mut dyn FnMut(&'a Syntax, u32)) {
    match parts {
        Parts::Atom | Parts::Unquote(_) | Parts::Splice(_) => {}
        Parts::List {
            items,
            levels,
            tail,
        } => {
            levels
                .of(items)
                .for_each(|(item, level)| visit(item, level));
            if let Tail::Datum(tail) = tail {
                visit(tail, level);
            }
        }
        Parts::Vector(items) => items.iter().for_each(|item| visit(item, level)),
        Parts::Dict(entries) => {
            entries
                .iter()
                .flat_map(|(key, value)| [key, value])
                .for_each(|it| visit(it, level));
        }
    }
}

/// The second walk.
struct Writer<'a> {
    marks: Vec<Mark>,
    /// The mark of the datum visited next.
    next: usize,
    env: &'a Env,
    tasks: Vec<Task>,
}

enum WriteWork<'a> {
    Visit(&'a Syntax, u32),
    /// The expression of a splice, which has a mark of its own.
    Splice(&'a Syntax),
    Task(Task),
}

impl Writer<'_> {
    fn write(mut self, root: &Syntax, host: &mut dyn Host) -> Result<Vec<Task>, ExpandError> {
        let mut work = vec![WriteWork::Visit(root, 0)];
        while let Some(next) = work.pop() {
            match next {
                WriteWork::Task(task) => self.tasks.push(task),
                WriteWork::Splice(expression) => {
                    self.next += 1;
                    self.tasks.push(Task::expression(expression, self.env));
                }
                WriteWork::Visit(datum, level) => {
                    let from = work.len();
                    self.visit(datum, level, &mut work, host)?;
                    work[from..].reverse();
                }
            }
        }
        Ok(self.tasks)
    }

    /// Adds the work of one datum, in order.
    fn visit<'a>(
        &mut self,
        datum: &'a Syntax,
        level: u32,
        work: &mut Vec<WriteWork<'a>>,
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        host.spend(1)?;
        let place = Place::of(datum);
        let mark = &self.marks[self.next];
        if !mark.active {
            self.next += mark.size;
            let constant = constant(datum, host)?;
            self.tasks
                .push(Task::Build(Build::Constant(constant), place));
            return Ok(());
        }
        self.next += 1;
        let mut then = |task| work.push(WriteWork::Task(task));
        match parts(datum, level, self.env, host)? {
            Parts::Atom => {}
            Parts::Unquote(expression) => then(Task::expression(expression, self.env)),
            Parts::Splice(_) => {
                return Err(
                    ExpandError::syntax(datum, "A splice can stand only in a list.")
                        .hint(
                            "It puts the elements of a list into another, like `(1 ,@(list 2 3)).",
                        )
                        .about(datum.clone()),
                );
            }
            Parts::List {
                items,
                levels,
                tail,
            } => self.list(items, levels, tail, place, work, host)?,
            Parts::Vector(items) => {
                then(Task::internal("%list->vector", place, host));
                self.list(items, Levels::all(level), Tail::None, place, work, host)?;
                work.push(WriteWork::Task(Task::Build(Build::Call(1), place)));
            }
            Parts::Dict(entries) => {
                then(Task::internal("%dict", place, host));
                self.distinct_keys(entries, host)?;
                for (key, value) in entries {
                    work.push(WriteWork::Visit(key, level));
                    work.push(WriteWork::Visit(value, level));
                }
                let count = 2 * entries.len();
                work.push(WriteWork::Task(Task::Build(Build::Call(count), place)));
            }
        }
        Ok(())
    }

    /// Refuses a dict, whose first key is visited next, in which a key stands twice that contains nothing unquoted.
    fn distinct_keys(
        &self,
        entries: &[(Syntax, Syntax)],
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        let mut keys = BTreeSet::new();
        let mut next = self.next;
        for (key, _) in entries {
            if !self.marks[next].active && !keys.insert(print_charged(key, host)?) {
                return Err(key_twice(key, host));
            }
            let value = next + self.marks[next].size;
            next = value + self.marks[value].size;
        }
        Ok(())
    }

    /// A list that contains something unquoted.
    fn list<'a>(
        &mut self,
        items: &'a [Syntax],
        levels: Levels,
        tail: Tail<'a>,
        place: Place,
        work: &mut Vec<WriteWork<'a>>,
        host: &mut dyn Host,
    ) -> Result<(), ExpandError> {
        let items: Vec<(&Syntax, u32)> = levels.of(items).collect();
        let mut splices = Vec::new();
        for (index, &(item, level)) in items.iter().enumerate() {
            if let Parts::Splice(expression) = parts(item, level, self.env, host)? {
                splices.push((index, expression));
            }
        }
        let call = |count| WriteWork::Task(Task::Build(Build::Call(count), place));
        if splices.is_empty() {
            let maker = if matches!(tail, Tail::None) {
                "%list"
            } else {
                "%list*"
            };
            work.push(WriteWork::Task(Task::internal(maker, place, host)));
            work.extend(
                items
                    .iter()
                    .map(|&(item, level)| WriteWork::Visit(item, level)),
            );
            let tails = self.tail(tail, levels.others, work);
            work.push(call(items.len() + tails));
            return Ok(());
        }
        work.push(WriteWork::Task(Task::internal("%append", place, host)));
        let mut segments = 0;
        let mut from = 0;
        for (index, expression) in splices {
            segments += self.segment(&items[from..index], place, work, host);
            work.push(WriteWork::Splice(expression));
            segments += 1;
            from = index + 1;
        }
        segments += self.segment(&items[from..], place, work, host);
        segments += self.tail(tail, levels.others, work);
        work.push(call(segments));
        Ok(())
    }

    /// The elements between splices, as a list of their own.
    fn segment<'a>(
        &mut self,
        items: &[(&'a Syntax, u32)],
        place: Place,
        work: &mut Vec<WriteWork<'a>>,
        host: &mut dyn Host,
    ) -> usize {
        if items.is_empty() {
            return 0;
        }
        work.push(WriteWork::Task(Task::internal("%list", place, host)));
        work.extend(
            items
                .iter()
                .map(|&(item, level)| WriteWork::Visit(item, level)),
        );
        work.push(WriteWork::Task(Task::Build(
            Build::Call(items.len()),
            place,
        )));
        1
    }

    fn tail<'a>(&self, tail: Tail<'a>, level: u32, work: &mut Vec<WriteWork<'a>>) -> usize {
        match tail {
            Tail::None => return 0,
            Tail::Datum(datum) => work.push(WriteWork::Visit(datum, level)),
            Tail::Unquote(expression) => {
                work.push(WriteWork::Task(Task::expression(expression, self.env)));
            }
        }
        1
    }
}
