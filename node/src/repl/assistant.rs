//! Helps while an input is typed: completes names, hints at what follows, colours, and knows when
//! an input is whole.

use std::borrow::Cow;

use logos::builtins::BUILTINS;
use logos::reader::{Check, check};
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};

use super::paint::paint;

/// Shortest beginning of a name that is hinted at.
const HINT_CHARACTERS_MIN: usize = 2;

/// See the module's description.
pub struct Assistant {
    /// Every name, sorted.
    names: Vec<String>,
    is_colored: bool,
}

/// What may follow.
pub struct Suggestion {
    shown: String,
    /// What the right arrow key adds.
    added: Option<String>,
}

impl Assistant {
    /// One that knows no names.
    pub fn new(is_colored: bool) -> Assistant {
        Assistant {
            names: Vec::new(),
            is_colored,
        }
    }

    /// From now on these are the names, sorted.
    pub fn learn(&mut self, names: Vec<String>) {
        self.names = names;
    }

    fn starting_with<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = &'a String> {
        let from = self.names.partition_point(|name| name.as_str() < beginning);
        self.names[from..]
            .iter()
            .take_while(move |name| name.starts_with(beginning))
    }
}

/// Where the name that ends at `position` begins.
fn word_start(line: &str, position: usize) -> usize {
    let is_between = |c: char| c.is_whitespace() || "()[]{}\"';`,".contains(c);
    line[..position]
        .char_indices()
        .rev()
        .find(|&(_, c)| is_between(c))
        .map_or(0, |(at, c)| at + c.len_utf8())
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> Result<(usize, Vec<String>)> {
        let start = word_start(line, position);
        let names = self.starting_with(&line[start..position]);
        Ok((start, names.cloned().collect()))
    }
}

impl Hinter for Assistant {
    type Hint = Suggestion;

    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<Suggestion> {
        if position < line.len() {
            return None;
        }
        let word = &line[word_start(line, position)..];
        if word.chars().count() >= HINT_CHARACTERS_MIN {
            let name = self
                .starting_with(word)
                .find(|name| name.len() > word.len())?;
            let rest = name[word.len()..].to_string();
            return Some(Suggestion {
                shown: rest.clone(),
                added: Some(rest),
            });
        }
        // Right after `(name `: how it is called.
        let before = line.strip_suffix(' ')?;
        let start = word_start(before, before.len());
        let name = &before[start..];
        if !before[..start].ends_with('(') {
            return None;
        }
        let builtin = BUILTINS.iter().find(|builtin| builtin.name == name)?;
        let signature = builtin.signature.strip_prefix('(')?;
        let arguments = signature.strip_prefix(name)?.trim_start();
        Some(Suggestion {
            shown: arguments.to_string(),
            added: None,
        })
    }
}

impl Hint for Suggestion {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.added.as_deref()
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, position: usize) -> Cow<'l, str> {
        if self.is_colored {
            Cow::Owned(paint(line, position))
        } else {
            Cow::Borrowed(line)
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.is_colored {
            Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
        } else {
            Cow::Borrowed(hint)
        }
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.is_colored
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext) -> Result<ValidationResult> {
        // What is wrong is said when it is evaluated, with its place.
        Ok(match check(context.input()) {
            Check::Incomplete(_) => ValidationResult::Incomplete,
            Check::Complete | Check::Invalid(_) => ValidationResult::Valid(None),
        })
    }
}

impl Helper for Assistant {}

#[cfg(test)]
mod tests {
    use super::*;
    use rustyline::history::MemHistory;

    fn assistant() -> Assistant {
        let mut assistant = Assistant::new(false);
        assistant.learn(
            ["cons", "dict-fold", "dict?", "λ-calculus"]
                .map(String::from)
                .into(),
        );
        assistant
    }

    #[test]
    fn names_are_completed_where_the_cursor_is() {
        let history = MemHistory::new();
        let context = Context::new(&history);
        let checks = [
            ("(dict", 5, 1, vec!["dict-fold", "dict?"]),
            ("(con x)", 4, 1, vec!["cons"]),
            ("[λ", 3, 1, vec!["λ-calculus"]),
            ("(nothing", 8, 1, vec![]),
        ];
        for (line, position, start, expected) in checks {
            let found = assistant().complete(line, position, &context).unwrap();
            let expected: Vec<String> = expected.into_iter().map(String::from).collect();
            assert_eq!(found, (start, expected), "{line}");
        }
    }

    #[test]
    fn hints_say_what_follows() {
        let history = MemHistory::new();
        let context = Context::new(&history);
        let shown = |line: &str| {
            let hint = assistant().hint(line, line.len(), &context);
            hint.map(|hint| hint.shown)
        };
        assert_eq!(shown("(co").as_deref(), Some("ns"));
        assert_eq!(shown("(cons ").as_deref(), Some("a b)"));
        assert_eq!(shown("c"), None);
        assert_eq!(shown("(cons"), None);
    }
}
