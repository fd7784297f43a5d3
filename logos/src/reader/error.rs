//! What is wrong with a text, for a person who has never programmed.

use crate::syntax::Span;
use std::fmt;

/// Why no datum could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Whether more text could mend it.
    pub kind: ReadErrorKind,
    /// What happened: whole sentences.
    pub message: String,
    /// The place to mark.
    pub span: Span,
    /// What to do about it, when that is known: a whole sentence.
    pub hint: Option<String>,
}

/// The kinds of [`ReadError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadErrorKind {
    /// The text ends too early; more text may complete it.
    Incomplete {
        /// What is still open: the innermost bracket, string, comment or mark.
        open: Span,
    },
    /// The text is wrong, whatever follows.
    Invalid,
    /// Reading on would pass the limits given to the reader.
    TooBig,
}

impl ReadError {
    pub(super) fn invalid(span: Span, message: impl Into<String>) -> ReadError {
        ReadError {
            kind: ReadErrorKind::Invalid,
            message: message.into(),
            span,
            hint: None,
        }
    }

    pub(super) fn incomplete(open: Span, message: impl Into<String>) -> ReadError {
        let kind = ReadErrorKind::Incomplete { open };
        ReadError {
            kind,
            message: message.into(),
            span: open,
            hint: None,
        }
    }

    pub(super) fn too_big(span: Span) -> ReadError {
        let message = "This is too big to be read here.".to_string();
        ReadError {
            kind: ReadErrorKind::TooBig,
            message,
            span,
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> ReadError {
        self.hint = Some(hint.into());
        self
    }

    /// Whether more text could mend it.
    pub fn is_incomplete(&self) -> bool {
        matches!(self.kind, ReadErrorKind::Incomplete { .. })
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

/// A piece of the person's text for a message, cut short when it is long.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}
