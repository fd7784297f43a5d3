//! What the expander says when a form is wrong, to a person who has never programmed.

use super::print::print_bounded;
use super::scope::Identifier;
use super::specials::{Kind, find_special};
use super::task::Use;
use super::{ErrorKind, ExpandError, Host};
use crate::symbol::Symbol;
use crate::syntax::Place;
use crate::syntax::Syntax;
use std::rc::Rc;

/// How much of a datum a message shows.
pub(crate) const SHOWN_BYTES: usize = 60;

/// A name as text.
pub(crate) fn name(symbol: Symbol, host: &mut dyn Host) -> Rc<str> {
    host.symbols().shared_text(symbol)
}

/// A datum as text, shortened.
pub(crate) fn show(syntax: &Syntax, host: &mut dyn Host) -> String {
    print_bounded(syntax, host.symbols(), SHOWN_BYTES)
}

/// The form does not have the parts it needs; the table of special forms says which.
pub(crate) fn wrong_use(it: &Use) -> ExpandError {
    let special = it.special;
    let message = format!(
        "`{}` needs {}, like {}.",
        special.name, special.needs, special.example
    );
    ExpandError::syntax(&it.form, message).about(it.form.clone())
}

/// A part of a special form is not what it should be.
pub(crate) fn wrong_part(
    it: &Use,
    part: &Syntax,
    expected: &str,
    host: &mut dyn Host,
) -> ExpandError {
    let special = it.special;
    let message = format!(
        "`{}` expected {expected} here, but found {}.",
        special.name,
        show(part, host)
    );
    ExpandError::syntax(part, message)
        .hint(format!("It is written like {}.", special.example))
        .about(part.clone())
}

pub(crate) fn not_a_call(form: &Syntax, host: &mut dyn Host) -> ExpandError {
    if form.is_nil() {
        return ExpandError::syntax(form, "There is nothing between these brackets.")
            .hint("A call needs a procedure, like (list 1 2). The empty list is written '().")
            .about(form.clone());
    }
    let shown = show(form, host);
    ExpandError::syntax(form, format!("A call cannot have a dot in it: {shown}."))
        .about(form.clone())
}

pub(crate) fn dotted_use(form: &Syntax, host: &mut dyn Host) -> ExpandError {
    let shown = show(form, host);
    ExpandError::syntax(form, format!("This form cannot have a dot in it: {shown}."))
        .about(form.clone())
}

pub(crate) fn label(form: &Syntax) -> ExpandError {
    ExpandError::syntax(
        form,
        "Labels such as #0= can stand only inside quoted data.",
    )
    .hint("Put a quote before it, like '#0=(a . #0#).")
}

pub(crate) fn definition_in_expression(it: &Use) -> ExpandError {
    let text = it.special.name;
    let message = format!("`{text}` cannot stand here, where a value is needed.");
    ExpandError::syntax(&it.form, message)
        .hint("Definitions stand at the outermost level, or first in the body of a procedure or `let`.")
        .about(it.form.clone())
}

pub(crate) fn auxiliary(it: &Use) -> ExpandError {
    let text = it.special.name;
    ExpandError::syntax(&it.form, format!("`{text}` has no meaning on its own."))
        .hint(format!(
            "It is a part of other forms, like {}.",
            it.special.example
        ))
        .about(it.form.clone())
}

pub(crate) fn not_a_value(name: &Identifier, place: Place, host: &mut dyn Host) -> ExpandError {
    let text = self::name(name.name(), host);
    if let Some(special) = find_special(&text)
        && matches!(special.kind, Kind::Auxiliary)
    {
        let message = format!("`{text}` has no meaning on its own.");
        let hint = format!("It is a part of other forms, like {}.", special.example);
        return ExpandError::syntax(place, message).hint(hint);
    }
    let message = format!("`{text}` is not a value: it is a form that has to be used in brackets.");
    ExpandError::syntax(place, message).hint(format!("Write ({text} …)."))
}

pub(crate) fn not_assignable(name: &Identifier, place: Place, host: &mut dyn Host) -> ExpandError {
    let text = self::name(name.name(), host);
    let message = format!("`{text}` is a form, not a variable, so `set!` cannot change it.");
    ExpandError::syntax(place, message)
}

pub(crate) fn shared_variable(name: &Identifier, place: Place, host: &mut dyn Host) -> ExpandError {
    let text = self::name(name.name(), host);
    let message = format!("`{text}` belongs to an imported library, and only that can change it.");
    ExpandError::syntax(place, message).hint(format!("Define a `{text}` of your own first."))
}

pub(crate) fn not_yet(name: &Identifier, place: Place, host: &mut dyn Host) -> ExpandError {
    let text = self::name(name.name(), host);
    let message = format!(
        "`{text}` has no value yet when this macro is used: macros run before the program."
    );
    ExpandError::syntax(place, message)
}

pub(crate) fn nothing_to_do(place: Place) -> ExpandError {
    ExpandError::syntax(place, "There is nothing in here to do.")
        .hint("A value is needed here, like (begin 1).")
}

pub(crate) fn defined_twice(name: &Identifier, place: Place, host: &mut dyn Host) -> ExpandError {
    let text = self::name(name.name(), host);
    ExpandError::syntax(
        place,
        format!("The name `{text}` is defined twice in this body."),
    )
    .hint(format!("To change its value later, use (set! {text} …)."))
}

pub(crate) fn named_twice(name: &Syntax, host: &mut dyn Host) -> ExpandError {
    let text = show(name, host);
    ExpandError::syntax(
        name,
        format!("The name `{text}` is used twice in this list."),
    )
    .about(name.clone())
}

pub(crate) fn empty_body(
    owner: Option<Symbol>,
    defines: bool,
    place: Place,
    host: &mut dyn Host,
) -> ExpandError {
    let owner = match owner {
        Some(owner) => format!("The body of `{}`", name(owner, host)),
        None => "This body".into(),
    };
    let message = match defines {
        true => format!("{owner} ends with a definition, so it has no value."),
        false => format!("{owner} is empty, so it has no value."),
    };
    ExpandError::syntax(place, message)
        .hint("Put an expression at its end: its value is the value of the whole.")
}

pub(crate) fn no_rule(text: &str, form: &Syntax, source: &[String]) -> ExpandError {
    let message = format!("`{text}` cannot be used like this.");
    let error = ExpandError::syntax(form, message).about(form.clone());
    match source.len() {
        0 => error,
        _ => error.hint(format!("It is written {}.", source.join(" or "))),
    }
}

/// An error that a macro raises with `syntax-error`.
pub(crate) fn user_error(message: &str, form: &Syntax, irritants: &[Syntax]) -> ExpandError {
    let mut error = ExpandError::syntax(form, message);
    error.kind = ErrorKind::User;
    error.irritants = irritants.to_vec();
    error
}
