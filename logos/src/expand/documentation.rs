//! `doc`: what a name's documentation says. Forms and macros are known here; of a value, the running program is asked.

use super::assembly::Build;
use super::environment::Binding;
use super::machine::Expander;
use super::macros::{Macro, Transformer};
use super::print::print_charged;
use super::scope::{Identifier, Meaning};
use super::specials::Special;
use super::task::{Task, Use};
use super::{ExpandError, Host, message};
use crate::reference::with_costs;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};

/// Of so many rules, the last of a macro, it is told which items of the last may be left out.
const RULES_SHOWN_MAX: usize = 4;
/// The longest pattern of which that is told.
const ITEMS_SHOWN_MAX: usize = 16;

impl Special {
    /// What `doc` shows.
    pub fn documentation(&self) -> String {
        let about = format!("{}\nAs in {}", self.doc, self.example);
        let about = with_costs(Some(&about), Some(self.price), Some(self.profile));
        format!("{}\n{about}", self.signature)
    }
}

impl Macro {
    /// What `doc` shows; the pattern of the last rule tells how it is used, what another rule leaves out of it stands in square brackets.
    /// `show` writes a part of that.
    pub(crate) fn documentation<E>(
        &self,
        name: &str,
        mut show: impl FnMut(&Syntax) -> Result<String, E>,
    ) -> Result<String, E> {
        let mut words = vec![format!("({name}")];
        let patterns = match &self.transformer {
            Transformer::Rules(rules) => patterns(&rules.source),
            Transformer::Procedure(_) => Vec::new(),
        };
        match patterns
            .split_last()
            .map(|(last, others)| (last.datum(), others))
        {
            Some((Datum::List(items, tail), others)) => {
                let required = others.iter();
                let required = required.filter_map(|it| length_of_beginning(it, items));
                let required = required.min().unwrap_or(items.len());
                for part in items.iter().skip(1) {
                    words.push(readable(&show(part)?));
                }
                if tail.is_none() && !words.iter().any(|word| word.contains('…')) {
                    let optional = words.iter_mut().skip(required);
                    optional.for_each(|word| *word = format!("[{word}]"));
                }
                if let Some(part) = tail {
                    words.push(readable(&show(part)?));
                }
                words.extend(tail.iter().map(|_| "…".to_string()));
            }
            _ => words.push("…".to_string()),
        }
        let doc = self.doc.as_deref().unwrap_or("A macro.");
        Ok(format!("{})\n{doc}", words.join(" ")))
    }
}

/// A pattern in the words of signatures: `(a . b)` is `(a b …)`.
fn readable(pattern: &str) -> String {
    let mut parts = pattern.split(" . ");
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        text.push(' ');
        text.push_str(&part.replacen(')', " …)", 1));
    }
    text.replace("...", "…")
}

/// The patterns of the last rules, in their order.
fn patterns(rules: &Syntax) -> Vec<&Syntax> {
    let rules = rules.as_list().unwrap_or_default();
    let last = &rules[rules.len().saturating_sub(RULES_SHOWN_MAX)..];
    let patterns = last.iter().filter_map(|rule| rule.as_list()?.first());
    patterns.collect()
}

/// How many items a pattern has, if a longer one begins with them, and they and the rest of that are names.
fn length_of_beginning(pattern: &Syntax, longer: &[Syntax]) -> Option<usize> {
    let shorter = pattern.as_list()?;
    if longer.len() > ITEMS_SHOWN_MAX {
        return None;
    }
    let names = |items: &[Syntax]| -> Option<Vec<_>> {
        let names = items.iter().map(|item| Some(Identifier::of(item)?.name()));
        names.collect()
    };
    let longer = names(longer)?;
    let is_beginning = longer.get(1..shorter.len())? == names(shorter.get(1..)?)?;
    (is_beginning && shorter.len() < longer.len()).then_some(shorter.len())
}

pub(crate) fn doc(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let [_, subject] = it.items() else {
        return Err(message::wrong_use(it));
    };
    let place = Place::of(subject);
    let meaning = match Identifier::of(subject) {
        Some(name) => Some(it.env.meaning(&name, host)?),
        None => None,
    };
    let ask = |value: Task, host: &mut dyn Host| {
        [
            Task::internal("%procedure-doc", place, host),
            value,
            Task::Build(Build::Call(1), it.place()),
        ]
    };
    let text = match meaning {
        Some(Meaning::Syntax(Binding::Special(special))) => special.documentation(),
        Some(Meaning::Syntax(Binding::Macro(it))) => {
            if let (Transformer::Procedure(cell), Some(_)) = (&it.transformer, &it.doc) {
                let tasks = ask(Task::Build(Build::Global(*cell), place), host);
                x.schedule(tasks);
                return Ok(());
            }
            // Each is copied a few times.
            let bytes =
                host.symbols().text(it.name).len() + it.doc.as_ref().map_or(0, |doc| doc.len());
            host.charge(bytes as u64 / 2)?;
            host.charge_memory(4 * bytes as u64)?;
            let name = host.symbols().text(it.name).to_string();
            it.documentation(&name, |part| print_charged(part, host))?
        }
        _ => {
            let tasks = ask(Task::expression(subject, &it.env), host);
            x.schedule(tasks);
            return Ok(());
        }
    };
    x.schedule([Task::constant(Datum::String(text.into()), place)]);
    Ok(())
}
