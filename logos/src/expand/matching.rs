//! Patterns of `syntax-rules`: made ready once, then matched.
//!
//! Owns the reading of a pattern into flat nodes and the match of a use against them, on a stack of goals.
//! A variable's matches stand on a stack of its own; after the elements of an ellipsis they are gathered.

use super::macros::{Elements, Pattern, Repeated, Rule};
use super::message;
use super::rules::Dialect;
use super::scope::{Env, Identifier};
use super::{ExpandError, Host};
use crate::number::cost;
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How deep ellipses nest.
pub(crate) const ELLIPSIS_DEPTH_MAX: usize = 64;
/// Bytes of memory charged for each datum made.
pub(crate) const SYNTAX_BYTES: u64 = 96;

/// Limbs of a number that are copied or compared for a unit of fuel.
const LIMBS_PER_FUEL: u64 = 4;

/// Bytes of memory charged for each element matched.
const MATCH_BYTES: u64 = 48;

/// What a pattern variable matched.
#[derive(Clone)]
pub(crate) enum Match {
    One(Syntax),
    /// One for each element of an ellipsis; as deep as ellipses nest.
    Many(Rc<[Match]>),
}

/// A pattern variable.
#[derive(Clone, Copy)]
pub(crate) struct Variable {
    pub slot: usize,
    /// How many ellipses it is under.
    pub depth: usize,
}

/// A pattern that was read.
pub(crate) struct ReadPattern {
    pub patterns: Vec<Pattern>,
    pub variables: BTreeMap<u64, Variable>,
}

/// Reads a pattern.
pub(crate) struct PatternReader<'a> {
    dialect: &'a Dialect<'a>,
    patterns: Vec<Pattern>,
    variables: BTreeMap<u64, Variable>,
    /// The ellipses: the one around each, and the variables found inside so far.
    scopes: Vec<(Option<usize>, Vec<usize>)>,
    work: Vec<PatternWork>,
}

/// A pattern to be read into a node already reserved.
struct PatternWork {
    node: usize,
    syntax: Syntax,
    scope: Option<usize>,
    depth: usize,
}

impl PatternReader<'_> {
    /// Reads the pattern of a rule; its first element, the keyword, is passed over. Node 0 is the whole.
    pub(crate) fn read(
        pattern: &Syntax,
        dialect: &Dialect,
        host: &mut dyn Host,
    ) -> Result<ReadPattern, ExpandError> {
        let mut reader = PatternReader {
            dialect,
            patterns: vec![Pattern::Any],
            variables: BTreeMap::new(),
            scopes: Vec::new(),
            work: Vec::new(),
        };
        if let Datum::List(items, tail) = pattern.datum() {
            let whole = PatternWork {
                node: 0,
                syntax: pattern.clone(),
                scope: None,
                depth: 0,
            };
            let elements = reader.elements(&items[1..], tail.as_ref(), &whole, host)?;
            reader.patterns[0] = Pattern::List(elements);
        }
        let mut gathered = Vec::new();
        while let Some(work) = reader.work.pop() {
            host.spend(1)?;
            let pattern = reader.pattern(&work, host)?;
            if let Pattern::List(elements) | Pattern::Vector(elements) | Pattern::Dict(elements) =
                &pattern
                && elements.repeated.is_some()
            {
                gathered.push(work.node);
            }
            reader.patterns[work.node] = pattern;
        }
        gathered.push(0);
        for node in gathered {
            reader.give_variables(node);
        }
        Ok(ReadPattern {
            patterns: reader.patterns,
            variables: reader.variables,
        })
    }

    /// Each ellipsis learns which variables it repeats; until now it held its scope.
    fn give_variables(&mut self, node: usize) {
        if let Pattern::List(elements) | Pattern::Vector(elements) | Pattern::Dict(elements) =
            &mut self.patterns[node]
            && let Some(repeated) = &mut elements.repeated
            && let [scope] = repeated.variables[..]
        {
            repeated.variables = self.scopes[scope].1.clone();
        }
    }

    fn pattern(&mut self, work: &PatternWork, host: &mut dyn Host) -> Result<Pattern, ExpandError> {
        match work.syntax.datum() {
            Datum::Symbol(_) | Datum::Alias(_) => self.identifier(work, host),
            Datum::List(items, tail) => Ok(Pattern::List(self.elements(
                items,
                tail.as_ref(),
                work,
                host,
            )?)),
            Datum::Vector(items) => Ok(Pattern::Vector(self.elements(items, None, work, host)?)),
            Datum::Dict(entries) if self.is_repeated_entry(entries, host)? => {
                let (entry, dots) = &entries[0];
                let items = [entry.clone(), dots.clone()];
                Ok(Pattern::Dict(self.elements(&items, None, work, host)?))
            }
            Datum::Dict(_) | Datum::Labelled(..) | Datum::Reference(_) => {
                let shown = message::show(&work.syntax, host);
                Err(ExpandError::syntax(
                    &work.syntax,
                    format!("A pattern cannot contain {shown}."),
                ))
            }
            _ => Ok(Pattern::Constant(work.syntax.clone())),
        }
    }

    /// Whether a dict pattern is `{entry ...}`, the only kind there is.
    fn is_repeated_entry(
        &self,
        entries: &[(Syntax, Syntax)],
        host: &mut dyn Host,
    ) -> Result<bool, ExpandError> {
        match entries {
            [(_, dots)] => self.dialect.ellipsis_at(Some(dots), host),
            _ => Ok(false),
        }
    }

    fn identifier(
        &mut self,
        work: &PatternWork,
        host: &mut dyn Host,
    ) -> Result<Pattern, ExpandError> {
        let name = Identifier::of(&work.syntax).expect("called for identifiers");
        if self.dialect.is_literal(&name) {
            return Ok(Pattern::Literal(name));
        }
        if self.dialect.is_ellipsis(&name, host)? {
            return Err(misplaced_ellipsis(&work.syntax));
        }
        if self.dialect.is_underscore(&name, host)? {
            return Ok(Pattern::Any);
        }
        if self.dialect.env.world.has_keywords() && host.symbols().is_keyword(name.name()) {
            return Ok(Pattern::Literal(name));
        }
        let slot = self.variables.len();
        let known = self.variables.insert(
            name.key(),
            Variable {
                slot,
                depth: work.depth,
            },
        );
        if known.is_some() {
            return Err(message::named_twice(&work.syntax, host));
        }
        let mut scope = work.scope;
        while let Some(index) = scope {
            self.scopes[index].1.push(slot);
            scope = self.scopes[index].0;
        }
        Ok(Pattern::Variable(slot))
    }

    /// The elements of a list or vector, whose own patterns are left for later.
    fn elements(
        &mut self,
        items: &[Syntax],
        tail: Option<&Syntax>,
        work: &PatternWork,
        host: &mut dyn Host,
    ) -> Result<Elements, ExpandError> {
        let mut elements = Elements::default();
        let mut index = 0;
        while index < items.len() {
            host.spend(1)?;
            let item = &items[index];
            index += 1;
            if self.dialect.ellipsis_at(items.get(index), host)? {
                if elements.repeated.is_some() || work.depth == ELLIPSIS_DEPTH_MAX {
                    return Err(misplaced_ellipsis(&items[index]));
                }
                index += 1;
                self.scopes.push((work.scope, Vec::new()));
                let scope = self.scopes.len() - 1;
                let pattern = self.later(item, Some(scope), work.depth + 1);
                elements.repeated = Some(Repeated {
                    pattern,
                    variables: vec![scope],
                });
            } else {
                let pattern = self.later(item, work.scope, work.depth);
                match elements.repeated {
                    None => elements.before.push(pattern),
                    Some(_) => elements.after.push(pattern),
                }
            }
        }
        elements.tail = tail.map(|tail| self.later(tail, work.scope, work.depth));
        Ok(elements)
    }

    fn later(&mut self, syntax: &Syntax, scope: Option<usize>, depth: usize) -> usize {
        self.patterns.push(Pattern::Any);
        let node = self.patterns.len() - 1;
        self.work.push(PatternWork {
            node,
            syntax: syntax.clone(),
            scope,
            depth,
        });
        node
    }
}

pub(crate) fn misplaced_ellipsis(syntax: &Syntax) -> ExpandError {
    ExpandError::syntax(syntax, "These dots cannot stand here.")
        .hint("Dots follow the part that is repeated, once in each list, like (_ x ...).")
        .about(syntax.clone())
}

/// Something to be done before the rule applies.
enum Goal<'a> {
    Match(usize, Syntax),
    /// So many matches of these variables are the elements of an ellipsis.
    Gather(&'a [usize], usize),
}

/// The state of a match.
struct Matcher<'a> {
    env: &'a Env,
    definition: &'a Env,
    goals: Vec<Goal<'a>>,
    slots: Vec<Vec<Match>>,
}

/// The values of a rule's variables when the use of a macro matches it.
pub(crate) fn apply(
    rule: &Rule,
    form: &Syntax,
    env: &Env,
    definition: &Env,
    host: &mut dyn Host,
) -> Result<Option<Vec<Match>>, ExpandError> {
    let slots = vec![Vec::new(); rule.variables];
    let mut matcher = Matcher {
        env,
        definition,
        goals: Vec::new(),
        slots,
    };
    let (Datum::List(items, tail), Pattern::List(elements)) = (form.datum(), &rule.patterns[0])
    else {
        return Ok(None);
    };
    if !matcher.elements(elements, &items[1..], tail.as_ref(), form, host)? {
        return Ok(None);
    }
    while let Some(goal) = matcher.goals.pop() {
        host.spend(1)?;
        match goal {
            Goal::Match(pattern, syntax) => {
                if !matcher.matches(&rule.patterns[pattern], syntax, host)? {
                    return Ok(None);
                }
            }
            Goal::Gather(variables, count) => matcher.gather(variables, count),
        }
    }
    Ok(matcher
        .slots
        .into_iter()
        .map(|mut slot| slot.pop())
        .collect())
}

impl<'a> Matcher<'a> {
    fn matches(
        &mut self,
        pattern: &'a Pattern,
        syntax: Syntax,
        host: &mut dyn Host,
    ) -> Result<bool, ExpandError> {
        match pattern {
            Pattern::Any => Ok(true),
            Pattern::Variable(slot) => {
                self.slots[*slot].push(Match::One(syntax));
                Ok(true)
            }
            Pattern::Literal(literal) => match Identifier::of(&syntax) {
                Some(name) => self.env.same_meaning(&name, self.definition, literal, host),
                None => Ok(false),
            },
            Pattern::Constant(constant) => same_atom(constant.datum(), syntax.datum(), host),
            Pattern::List(elements) => match syntax.datum() {
                Datum::List(items, tail) => {
                    self.elements(elements, items, tail.as_ref(), &syntax, host)
                }
                // A pattern such as `(x ... . rest)` takes anything as its rest.
                _ => self.elements(elements, &[], Some(&syntax), &syntax, host),
            },
            Pattern::Vector(elements) => match syntax.datum() {
                Datum::Vector(items) => self.elements(elements, items, None, &syntax, host),
                _ => Ok(false),
            },
            Pattern::Dict(elements) => match syntax.datum() {
                Datum::Dict(entries) => {
                    host.charge_memory(SYNTAX_BYTES * entries.len() as u64)?;
                    let items: Vec<Syntax> = entries.iter().map(entry_list).collect();
                    self.elements(elements, &items, None, &syntax, host)
                }
                _ => Ok(false),
            },
        }
    }

    /// Sets the goals for the elements of a list or vector; false when their number cannot fit.
    fn elements(
        &mut self,
        elements: &'a Elements,
        items: &[Syntax],
        tail: Option<&Syntax>,
        whole: &Syntax,
        host: &mut dyn Host,
    ) -> Result<bool, ExpandError> {
        let fixed = elements.before.len() + elements.after.len();
        let fits = match (&elements.repeated, elements.tail) {
            (None, None) => items.len() == fixed && tail.is_none(),
            (Some(_), None) => items.len() >= fixed && tail.is_none(),
            (_, Some(_)) => items.len() >= fixed,
        };
        if !fits {
            return Ok(false);
        }
        host.spend(items.len() as u64)?;
        host.charge_memory(MATCH_BYTES * items.len() as u64)?;
        let repeats = if elements.repeated.is_some() {
            items.len() - fixed
        } else {
            0
        };
        let (before, rest) = items.split_at(elements.before.len());
        let (repeated, rest) = rest.split_at(repeats);
        let (after, rest) = rest.split_at(elements.after.len());
        if let Some(pattern) = elements.tail {
            host.charge_memory(SYNTAX_BYTES + 8 * rest.len() as u64)?;
            self.goals
                .push(Goal::Match(pattern, list_rest(rest, tail, whole)));
        }
        self.push_all(&elements.after, after);
        if let Some(Repeated { pattern, variables }) = &elements.repeated {
            host.spend((variables.len() * (repeats + 1)) as u64)?;
            self.goals.push(Goal::Gather(variables, repeats));
            let each = repeated
                .iter()
                .rev()
                .map(|item| Goal::Match(*pattern, item.clone()));
            self.goals.extend(each);
        }
        self.push_all(&elements.before, before);
        Ok(true)
    }

    fn push_all(&mut self, patterns: &[usize], items: &[Syntax]) {
        let pairs = patterns.iter().zip(items).rev();
        self.goals
            .extend(pairs.map(|(&pattern, item)| Goal::Match(pattern, item.clone())));
    }

    fn gather(&mut self, variables: &[usize], count: usize) {
        for &variable in variables {
            let slot = &mut self.slots[variable];
            let elements = slot.split_off(slot.len() - count);
            slot.push(Match::Many(elements.into()));
        }
    }
}

/// An entry of a dict as a list of key and value.
fn entry_list((key, value): &(Syntax, Syntax)) -> Syntax {
    let datum = Datum::List([key.clone(), value.clone()].into(), None);
    Syntax::introduced(datum, key.span(), key.origin())
}

/// What remains of a list after its first items.
fn list_rest(items: &[Syntax], tail: Option<&Syntax>, whole: &Syntax) -> Syntax {
    match (items, tail) {
        ([], Some(tail)) => tail.clone(),
        _ => {
            let datum = Datum::List(items.into(), tail.cloned());
            Syntax::introduced(datum, whole.span(), whole.origin())
        }
    }
}

/// Pays for copying a datum whose parts are shared: a large number is not.
pub(crate) fn pay_for_copy(datum: &Datum, host: &mut dyn Host) -> Result<(), ExpandError> {
    if let Datum::Number(number) = datum {
        let bytes = cost::size_in_bytes(number);
        host.charge(bytes / (8 * LIMBS_PER_FUEL))?;
        if bytes > 0 {
            host.charge_memory(bytes)?;
        }
    }
    Ok(())
}

/// Whether two data without parts are equal.
fn same_atom(one: &Datum, two: &Datum, host: &mut dyn Host) -> Result<bool, ExpandError> {
    Ok(match (one, two) {
        (Datum::Bool(one), Datum::Bool(two)) => one == two,
        (Datum::Number(one), Datum::Number(two)) => {
            host.charge(cost::size_in_limbs(one) / LIMBS_PER_FUEL)?;
            one == two
        }
        (Datum::Char(one), Datum::Char(two)) => one == two,
        (Datum::String(one), Datum::String(two)) => {
            host.spend(one.len() as u64 / 8)?;
            one == two
        }
        (Datum::Bytes(one), Datum::Bytes(two)) => {
            host.spend(one.len() as u64 / 8)?;
            one == two
        }
        (Datum::Opaque(one), Datum::Opaque(two)) => one == two,
        (Datum::Void, Datum::Void) | (Datum::Eof, Datum::Eof) => true,
        _ => false,
    })
}
