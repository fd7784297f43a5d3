//! `doc`: what a name's documentation says. Forms and macros are known here; of a value, the running program is asked.

use super::assembly::{Build, Place};
use super::environment::Binding;
use super::machine::Expander;
use super::scope::{Identifier, Meaning};
use super::task::{Task, Use};
use super::{ExpandError, Host, message};
use crate::syntax::Datum;

pub(crate) fn doc(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    let [_, subject] = it.items() else {
        return Err(message::wrong_use(it));
    };
    let place = Place::of(subject);
    let meaning = match Identifier::of(subject) {
        Some(name) => Some(it.env.meaning(&name, host)?),
        None => None,
    };
    let text = match meaning {
        Some(Meaning::Syntax(Binding::Special(special))) => {
            Some(format!("{}\n{}", special.example, special.doc))
        }
        Some(Meaning::Syntax(Binding::Macro(it))) => {
            let name = host.symbols().text(it.name).to_string();
            Some(match &it.doc {
                Some(doc) => format!("({name} …)\n{doc}"),
                None => format!("({name} …)\nA macro."),
            })
        }
        _ => None,
    };
    match text {
        Some(text) => x.schedule([Task::constant(Datum::String(text.into()), place)]),
        None => x.schedule([
            Task::internal("%procedure-doc", place, host),
            Task::expression(subject, &it.env),
            Task::Build(Build::Call(1), it.place()),
        ]),
    }
    Ok(())
}
