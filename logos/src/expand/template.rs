//! Templates of `syntax-rules`: made ready once, then copied with the variables filled in.
//!
//! Owns the reading of a template into flat nodes and its instantiation on a stack of steps. Inside an ellipsis
//! a variable's elements have slots of their own, filled anew for each turn; a variable under more ellipses than in
//! its pattern follows the outermost ones and stays the same inside (SRFI 149), unless an inner one would have
//! nothing to repeat: that one it follows then, and stays the same outside.

use super::macros::{Rule, Shape, Template};
use super::matching::{
    ELLIPSIS_DEPTH_MAX, Match, ReadPattern, SYNTAX_BYTES, Variable, misplaced_ellipsis,
    pay_for_copy,
};
use super::rules::Dialect;
use super::scope::{Alias, Definition, Identifier};
use super::{ExpandError, Host, message};
use crate::syntax::{Datum, Span, Syntax};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Reads a template.
pub(crate) struct TemplateReader<'a> {
    dialect: &'a Dialect<'a>,
    variables: BTreeMap<u64, Variable>,
    templates: Vec<Template>,
    introduced: Vec<Identifier>,
    introduced_index: BTreeMap<u64, usize>,
    slots: usize,
    levels: Vec<Level>,
    uses: Vec<VariableUse>,
    work: Vec<TemplateWork>,
}

/// A variable of the pattern in the template.
struct VariableUse {
    node: usize,
    variable: Variable,
    /// The ellipses around it, outermost first.
    levels: Vec<usize>,
    /// How many of them, from the outermost on, it does not follow.
    skipped: usize,
}

impl VariableUse {
    fn follows(&self) -> &[usize] {
        &self.levels[self.skipped..self.skipped + self.variable.depth]
    }
}

/// An ellipsis of a template.
struct Level {
    /// The one around it.
    outer: Option<usize>,
    /// How many there are, this one included.
    depth: usize,
    /// The node that repeats.
    node: usize,
    /// From the slot of what is repeated to that of its element.
    steps: BTreeMap<usize, usize>,
    span: Span,
}

/// A template to be read into a node already reserved.
struct TemplateWork {
    node: usize,
    syntax: Syntax,
    level: Option<usize>,
    /// Inside `(... template)`, where dots are ordinary names.
    escaped: bool,
}

impl TemplateReader<'_> {
    /// Reads the template of a rule.
    pub(crate) fn read(
        template: &Syntax,
        pattern: ReadPattern,
        dialect: &Dialect,
        host: &mut dyn Host,
    ) -> Result<Rule, ExpandError> {
        let variables = pattern.variables.len();
        let mut reader = TemplateReader {
            dialect,
            variables: pattern.variables,
            templates: Vec::new(),
            introduced: Vec::new(),
            introduced_index: BTreeMap::new(),
            slots: variables,
            levels: Vec::new(),
            uses: Vec::new(),
            work: Vec::new(),
        };
        reader.later(template, None, false);
        while let Some(work) = reader.work.pop() {
            host.spend(1)?;
            let shape = reader.shape(&work, host)?;
            reader.templates[work.node].shape = shape;
        }
        reader.follow(host)?;
        for level in &reader.levels {
            if level.steps.is_empty() {
                return Err(ExpandError::syntax(
                    level.span,
                    "There is nothing to repeat before these dots.",
                )
                .hint("What dots repeat has to contain a name that is repeated in the pattern."));
            }
            if let Shape::Repeat { steps, .. } = &mut reader.templates[level.node].shape {
                steps.extend(level.steps.iter().map(|(&from, &to)| (from, to)));
            }
        }
        Ok(Rule {
            patterns: pattern.patterns,
            templates: reader.templates,
            variables,
            slots: reader.slots,
            introduced: reader.introduced,
        })
    }

    fn shape(&mut self, work: &TemplateWork, host: &mut dyn Host) -> Result<Shape, ExpandError> {
        match work.syntax.datum() {
            Datum::Symbol(_) | Datum::Alias(_) => self.identifier(work, host),
            Datum::List(items, tail) => {
                if !work.escaped
                    && let (2, None) = (items.len(), tail)
                    && self.dialect.ellipsis_at(items.first(), host)?
                {
                    let inner = TemplateWork {
                        syntax: items[1].clone(),
                        escaped: true,
                        ..*work
                    };
                    return self.escaped(inner);
                }
                let elements = self.elements(items, work, host)?;
                let tail = tail
                    .as_ref()
                    .map(|tail| self.later(tail, work.level, work.escaped));
                Ok(Shape::List(elements, tail))
            }
            Datum::Vector(items) => Ok(Shape::Vector(self.elements(items, work, host)?)),
            Datum::Dict(entries) => {
                let parts = entries.iter().flat_map(|(key, value)| [key, value]);
                let nodes = parts.map(|part| self.later(part, work.level, work.escaped));
                Ok(Shape::Dict(nodes.collect()))
            }
            _ => Ok(Shape::Constant(work.syntax.clone())),
        }
    }

    /// What stands behind the dots of `(... template)` takes the place of the whole.
    fn escaped(&mut self, inner: TemplateWork) -> Result<Shape, ExpandError> {
        let node = self.later(&inner.syntax, inner.level, true);
        Ok(Shape::Same(node))
    }

    fn identifier(
        &mut self,
        work: &TemplateWork,
        host: &mut dyn Host,
    ) -> Result<Shape, ExpandError> {
        let name = Identifier::of(&work.syntax).expect("called for identifiers");
        if let Some(&variable) = self.variables.get(&name.key()) {
            return self.variable(variable, work, host);
        }
        if !work.escaped && self.dialect.is_ellipsis(&name, host)? {
            return Err(misplaced_ellipsis(&work.syntax));
        }
        let index = match self.introduced_index.get(&name.key()) {
            Some(index) => *index,
            None => {
                self.introduced_index
                    .insert(name.key(), self.introduced.len());
                self.introduced.push(name);
                self.introduced.len() - 1
            }
        };
        Ok(Shape::Introduced(index))
    }

    /// Takes note of a variable here.
    fn variable(
        &mut self,
        variable: Variable,
        work: &TemplateWork,
        host: &mut dyn Host,
    ) -> Result<Shape, ExpandError> {
        let mut levels = Vec::new();
        let mut level = work.level;
        while let Some(index) = level {
            host.spend(1)?;
            levels.push(index);
            level = self.levels[index].outer;
        }
        if levels.len() < variable.depth {
            let shown = message::show(&work.syntax, host);
            return Err(ExpandError::syntax(
                &work.syntax,
                format!("`{shown}` stands for several values, so dots have to follow it."),
            )
            .hint(format!("Write {shown} ...")));
        }
        levels.reverse();
        self.uses.push(VariableUse {
            node: work.node,
            variable,
            levels,
            skipped: 0,
        });
        // Which slot it is turns out when all is read.
        Ok(Shape::Slot(variable.slot))
    }

    /// Decides which ellipses each variable follows.
    fn follow(&mut self, host: &mut dyn Host) -> Result<(), ExpandError> {
        let mut repeats = vec![false; self.levels.len()];
        for index in self.uses.iter().flat_map(VariableUse::follows) {
            host.spend(1)?;
            repeats[*index] = true;
        }
        for it in &mut self.uses {
            host.spend(1)?;
            let last = it.levels.iter().rposition(|level| !repeats[*level]);
            if let Some(last) = last.filter(|_| it.variable.depth > 0) {
                it.skipped = (last + 1).saturating_sub(it.variable.depth);
            }
        }
        for it in &self.uses {
            host.spend(1)?;
            let mut slot = it.variable.slot;
            for index in it.follows() {
                let slots = &mut self.slots;
                slot = *self.levels[*index].steps.entry(slot).or_insert_with(|| {
                    *slots += 1;
                    *slots - 1
                });
            }
            self.templates[it.node].shape = Shape::Slot(slot);
        }
        Ok(())
    }

    fn elements(
        &mut self,
        items: &[Syntax],
        work: &TemplateWork,
        host: &mut dyn Host,
    ) -> Result<Vec<usize>, ExpandError> {
        let mut nodes = Vec::new();
        let mut index = 0;
        while index < items.len() {
            host.spend(1)?;
            let item = &items[index];
            index += 1;
            let mut level = work.level;
            let mut outermost = None;
            while !work.escaped && self.dialect.ellipsis_at(items.get(index), host)? {
                let (node, inner) = self.repeat(&items[index], level)?;
                if let Some(outer) = level.filter(|_| outermost.is_some()) {
                    self.repeat_inside(outer, node);
                }
                outermost = outermost.or(Some(node));
                level = Some(inner);
                index += 1;
            }
            let node = self.later(item, level, work.escaped);
            match (outermost, level) {
                (Some(outermost), Some(level)) => {
                    self.repeat_inside(level, node);
                    nodes.push(outermost);
                }
                _ => nodes.push(node),
            }
        }
        Ok(nodes)
    }

    /// A new ellipsis inside others: its node and its level.
    fn repeat(
        &mut self,
        dots: &Syntax,
        outer: Option<usize>,
    ) -> Result<(usize, usize), ExpandError> {
        let depth = outer.map_or(0, |outer| self.levels[outer].depth) + 1;
        if depth > ELLIPSIS_DEPTH_MAX {
            return Err(misplaced_ellipsis(dots));
        }
        let node = self.reserve(dots);
        self.levels.push(Level {
            outer,
            depth,
            node,
            steps: BTreeMap::new(),
            span: dots.span(),
        });
        Ok((node, self.levels.len() - 1))
    }

    /// Says what the ellipsis of a level repeats.
    fn repeat_inside(&mut self, level: usize, template: usize) {
        let node = self.levels[level].node;
        self.templates[node].shape = Shape::Repeat {
            template,
            steps: Vec::new(),
        };
    }

    fn later(&mut self, syntax: &Syntax, level: Option<usize>, escaped: bool) -> usize {
        let node = self.reserve(syntax);
        self.work.push(TemplateWork {
            node,
            syntax: syntax.clone(),
            level,
            escaped,
        });
        node
    }

    fn reserve(&mut self, syntax: &Syntax) -> usize {
        let span = if syntax.origin().is_none() {
            syntax.span()
        } else {
            syntax.origin()
        };
        self.templates.push(Template {
            shape: Shape::Vector(Vec::new()),
            span,
        });
        self.templates.len() - 1
    }
}

/// Bytes of memory charged for each reference to a part copied.
const ELEMENT_BYTES: u64 = 16;

/// A step of an instantiation.
enum Step {
    Make(usize),
    /// A turn of the node's ellipsis, of so many.
    Turn(usize, usize, usize),
    /// Puts together what was made since.
    Finish(usize, usize),
}

/// The state of an instantiation.
struct Instance<'a> {
    rule: &'a Rule,
    definition: &'a Definition,
    span: Span,
    slots: Vec<Option<Match>>,
    aliases: Vec<Option<Rc<Alias>>>,
    steps: Vec<Step>,
    done: Vec<Syntax>,
}

/// The template of a rule with these values of its variables. What it introduces gets the place of the use.
pub(crate) fn instantiate(
    rule: &Rule,
    values: Vec<Match>,
    form: &Syntax,
    definition: &Definition,
    host: &mut dyn Host,
) -> Result<Syntax, ExpandError> {
    let mut slots: Vec<Option<Match>> = values.into_iter().map(Some).collect();
    slots.resize(rule.slots, None);
    let mut instance = Instance {
        rule,
        definition,
        span: form.span(),
        slots,
        aliases: vec![None; rule.introduced.len()],
        steps: vec![Step::Make(0)],
        done: Vec::new(),
    };
    while let Some(step) = instance.steps.pop() {
        host.spend(1)?;
        match step {
            Step::Make(node) => instance.make(node, host)?,
            Step::Turn(node, turn, turns) => instance.turn(node, turn, turns),
            Step::Finish(node, from) => instance.finish(node, from, host)?,
        }
    }
    Ok(instance.done.pop().expect("a template makes one datum"))
}

impl Instance<'_> {
    fn make(&mut self, node: usize, host: &mut dyn Host) -> Result<(), ExpandError> {
        match &self.rule.templates[node].shape {
            Shape::Slot(slot) => match &self.slots[*slot] {
                Some(Match::One(syntax)) => {
                    host.charge_memory(ELEMENT_BYTES)?;
                    self.done.push(syntax.clone());
                }
                _ => unreachable!("a variable is used under as many ellipses as in its pattern"),
            },
            Shape::Introduced(index) => {
                let (rule, definition) = (self.rule, self.definition);
                let alias = self.aliases[*index].get_or_insert_with(|| {
                    Alias::new(rule.introduced[*index].clone(), definition.clone())
                });
                let datum = Datum::Alias(alias.clone());
                self.push(datum, node, host)?;
            }
            Shape::Constant(constant) => {
                pay_for_copy(constant.datum(), host)?;
                self.push(constant.datum().clone(), node, host)?;
            }
            Shape::Same(inner) => self.steps.push(Step::Make(*inner)),
            Shape::List(elements, tail) => {
                self.steps.push(Step::Finish(node, self.done.len()));
                self.steps.extend(tail.iter().map(|&tail| Step::Make(tail)));
                self.steps
                    .extend(elements.iter().rev().map(|&element| Step::Make(element)));
            }
            Shape::Vector(elements) | Shape::Dict(elements) => {
                self.steps.push(Step::Finish(node, self.done.len()));
                self.steps
                    .extend(elements.iter().rev().map(|&element| Step::Make(element)));
            }
            Shape::Repeat { steps, .. } => {
                let turns = self.turns(steps)?;
                host.spend((turns * steps.len()) as u64)?;
                self.steps.push(Step::Turn(node, 0, turns));
            }
        }
        Ok(())
    }

    /// How often an ellipsis goes round: all that it repeats must have as many elements.
    fn turns(&self, steps: &[(usize, usize)]) -> Result<usize, ExpandError> {
        let mut turns = None;
        for (from, _) in steps {
            let Some(Match::Many(elements)) = &self.slots[*from] else {
                unreachable!("what an ellipsis repeats matched an ellipsis");
            };
            if turns.is_some_and(|turns| turns != elements.len()) {
                return Err(ExpandError::syntax(
                    self.span,
                    "The parts that this macro repeats together are not equally many.",
                ));
            }
            turns = Some(elements.len());
        }
        Ok(turns.unwrap_or(0))
    }

    fn turn(&mut self, node: usize, turn: usize, turns: usize) {
        let Shape::Repeat { template, steps } = &self.rule.templates[node].shape else {
            unreachable!("turns belong to an ellipsis");
        };
        if turn == turns {
            return;
        }
        for &(from, to) in steps {
            if let Some(Match::Many(elements)) = &self.slots[from] {
                self.slots[to] = Some(elements[turn].clone());
            }
        }
        self.steps.push(Step::Turn(node, turn + 1, turns));
        self.steps.push(Step::Make(*template));
    }

    fn finish(&mut self, node: usize, from: usize, host: &mut dyn Host) -> Result<(), ExpandError> {
        let mut parts = self.done.split_off(from);
        host.charge_memory(8 * parts.len() as u64)?;
        let datum = match &self.rule.templates[node].shape {
            Shape::List(_, None) => Datum::List(parts.into(), None),
            Shape::List(_, Some(_)) => {
                let tail = parts.pop().expect("the tail was made last");
                if parts.is_empty() {
                    self.done.push(tail);
                    return Ok(());
                }
                with_tail(parts, tail, host)?
            }
            Shape::Dict(_) => {
                let pairs = parts.chunks_exact(2);
                Datum::Dict(
                    pairs
                        .map(|pair| (pair[0].clone(), pair[1].clone()))
                        .collect(),
                )
            }
            _ => Datum::Vector(parts.into()),
        };
        self.push(datum, node, host)
    }

    fn push(&mut self, datum: Datum, node: usize, host: &mut dyn Host) -> Result<(), ExpandError> {
        host.charge_memory(SYNTAX_BYTES)?;
        let origin = self.rule.templates[node].span;
        self.done.push(Syntax::introduced(datum, self.span, origin));
        Ok(())
    }
}

/// A list with a tail, joined with it when that is a list.
fn with_tail(
    mut items: Vec<Syntax>,
    tail: Syntax,
    host: &mut dyn Host,
) -> Result<Datum, ExpandError> {
    let Datum::List(more, last) = tail.datum() else {
        return Ok(Datum::List(items.into(), Some(tail)));
    };
    host.spend(more.len() as u64)?;
    host.charge_memory(8 * more.len() as u64)?;
    items.extend(more.iter().cloned());
    Ok(Datum::List(items.into(), last.clone()))
}
