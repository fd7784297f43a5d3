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

impl Special {
    /// What `doc` shows.
    pub fn documentation(&self) -> String {
        let about = format!("{}\nAs in {}", self.doc, self.example);
        let about = with_costs(Some(&about), Some(self.price), Some(self.profile));
        format!("{}\n{about}", self.signature)
    }
}

impl Macro {
    /// What `doc` shows; the pattern of the last rule tells how it is used. `show` writes a part of that.
    pub(crate) fn documentation<E>(
        &self,
        name: &str,
        mut show: impl FnMut(&Syntax) -> Result<String, E>,
    ) -> Result<String, E> {
        let mut words = vec![format!("({name}")];
        let pattern = match &self.transformer {
            Transformer::Rules(rules) => last_pattern(&rules.source),
            Transformer::Procedure(_) => None,
        };
        match pattern.map(Syntax::datum) {
            Some(Datum::List(items, tail)) => {
                for part in items.iter().skip(1).chain(tail) {
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

fn last_pattern(rules: &Syntax) -> Option<&Syntax> {
    rules.as_list()?.last()?.as_list()?.first()
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
