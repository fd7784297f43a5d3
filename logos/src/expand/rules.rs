//! `syntax-rules`: from the form to rules, and from a use to its expansion.

use super::environment::Binding;
use super::macros::{Macro, Rules};
use super::matching::{self, PatternReader};
use super::message;
use super::scope::{Env, Identifier, Meaning};
use super::specials::{AUXILIARY_ELLIPSIS, AUXILIARY_UNDERSCORE};
use super::template::{self, TemplateReader};
use super::{ExpandError, Host};
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Parts of a rule whose memory is counted in a step.
const NODES_PER_STEP: u64 = 8;
/// How many patterns a message shows.
const SHOWN_RULES_MAX: usize = 4;

/// What identifiers mean inside a `syntax-rules` form.
pub(crate) struct Dialect<'a> {
    pub env: &'a Env,
    /// A name given in place of `...`.
    ellipsis: Option<u64>,
    literals: BTreeSet<u64>,
}

impl Dialect<'_> {
    pub(crate) fn is_literal(&self, name: &Identifier) -> bool {
        self.literals.contains(&name.key())
    }

    pub(crate) fn is_ellipsis(
        &self,
        name: &Identifier,
        host: &mut dyn Host,
    ) -> Result<bool, ExpandError> {
        if self.is_literal(name) {
            return Ok(false);
        }
        match self.ellipsis {
            Some(key) => Ok(name.key() == key),
            None => is_auxiliary(name, AUXILIARY_ELLIPSIS, self.env, host),
        }
    }

    pub(crate) fn is_underscore(
        &self,
        name: &Identifier,
        host: &mut dyn Host,
    ) -> Result<bool, ExpandError> {
        is_auxiliary(name, AUXILIARY_UNDERSCORE, self.env, host)
    }

    /// Whether a syntax is the ellipsis.
    pub(crate) fn ellipsis_at(
        &self,
        syntax: Option<&Syntax>,
        host: &mut dyn Host,
    ) -> Result<bool, ExpandError> {
        match syntax.and_then(Identifier::of) {
            Some(name) => self.is_ellipsis(&name, host),
            None => Ok(false),
        }
    }
}

/// Whether an identifier is a word such as `else` or `...`: by what it means, or, where it means nothing
/// because it was not imported, by its name.
pub(crate) fn is_auxiliary(
    name: &Identifier,
    word: &str,
    env: &Env,
    host: &mut dyn Host,
) -> Result<bool, ExpandError> {
    if host.symbols().text(name.name()) != word {
        // A word may have been imported under another name.
        let meaning = env.meaning(name, host)?;
        return Ok(matches!(meaning, Meaning::Syntax(Binding::Special(it)) if it.name == word));
    }
    Ok(match env.meaning(name, host)? {
        Meaning::Syntax(Binding::Special(special)) => special.name == word,
        Meaning::Top(world, symbol) => world.lookup(symbol).is_none(),
        _ => false,
    })
}

/// The rules of a form `(syntax-rules [ellipsis] (literal …) (pattern template) …)`.
pub(crate) fn read_rules(
    form: &Syntax,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Rc<Rules>, ExpandError> {
    let bad = |at: &Syntax, what: &str| {
        ExpandError::syntax(at, format!("`syntax-rules` expected {what} here."))
            .hint("It is written like (syntax-rules () ((_ x) (list x x))).")
            .about(at.clone())
    };
    let items = form.as_list().unwrap_or(&[]);
    let (ellipsis, rest) = match items.get(1).and_then(Identifier::of) {
        Some(name) => (Some(name.key()), items.get(2..)),
        None => (None, items.get(1..)),
    };
    let Some([literals, rules @ ..]) = rest else {
        return Err(bad(form, "a list of names"));
    };
    let mut dialect = Dialect {
        env,
        ellipsis,
        literals: BTreeSet::new(),
    };
    let Some(names) = literals.as_list() else {
        return Err(bad(literals, "a list of names"));
    };
    for name in names {
        host.spend(1)?;
        let Some(name) = Identifier::of(name) else {
            return Err(bad(name, "a name"));
        };
        dialect.literals.insert(name.key());
    }
    let mut result = Vec::new();
    let mut bytes = 0;
    for rule in rules {
        let Some([pattern, template]) = rule.as_list() else {
            return Err(bad(rule, "a pattern and a template in brackets"));
        };
        if !matches!(pattern.datum(), Datum::List(items, _) if !items.is_empty()) {
            return Err(bad(
                pattern,
                "a pattern in brackets, which starts with the macro's name or `_`",
            ));
        }
        let pattern = PatternReader::read(pattern, &dialect, host)?;
        let rule = TemplateReader::read(template, pattern, &dialect, host)?;
        let nodes = rule.patterns.len() + rule.templates.len();
        host.spend(nodes as u64 / NODES_PER_STEP)?;
        let own = rule.bytes();
        host.charge_memory(own)?;
        bytes += own;
        result.push(rule);
    }
    Ok(Rc::new(Rules {
        rules: result,
        source: form.clone(),
        bytes,
    }))
}

/// What a use of a macro expands to.
pub(crate) fn expand(
    it: &Macro,
    rules: &Rules,
    form: &Syntax,
    env: &Env,
    host: &mut dyn Host,
) -> Result<Syntax, ExpandError> {
    let definition = Env {
        world: it
            .definition
            .world
            .upgrade()
            .unwrap_or_else(|| env.world.clone()),
        frame: it.definition.frame.clone(),
    };
    for rule in &rules.rules {
        if let Some(values) = matching::apply(rule, form, env, &definition, host)? {
            return template::instantiate(rule, values, form, &it.definition, host);
        }
    }
    let name = match form.datum() {
        Datum::List(items, _) => items.first(),
        _ => None,
    };
    let name = message::show(name.unwrap_or(form), host);
    let mut shown = Vec::new();
    for rule in rules
        .source
        .as_list()
        .unwrap_or(&[])
        .iter()
        .rev()
        .take(rules.rules.len())
        .rev()
    {
        if let (Some([pattern, _]), true) = (rule.as_list(), shown.len() < SHOWN_RULES_MAX) {
            let pattern = message::show(pattern, host);
            shown.push(match pattern.strip_prefix("(_") {
                Some(rest) => format!("({name}{rest}"),
                None => pattern,
            });
        }
    }
    Err(message::no_rule(&name, form, &shown))
}
