//! One canonical layout of Logos source: what `logos fmt` writes.
//!
//! The layout depends on the tokens, on the comments and on where somebody left a blank line, and
//! on nothing else: laying out twice changes nothing. Refuses texts that cannot be read, and
//! never changes a token. Depth is data: nothing here recurses over the text.

mod forms;
mod lexemes;
mod tree;
mod write;

use logos::reader::{Check, ReadError, check};
use logos::syntax::Span;

use lexemes::{Lexeme, lexemes};

/// Columns that a line should not pass.
pub const WIDTH: usize = 100;

/// Why a text is not laid out.
#[derive(Debug, Clone, PartialEq)]
pub enum LayoutError {
    /// Something is still open at its end.
    Incomplete(Span),
    /// It is wrong.
    Invalid(ReadError),
    /// The layout would have changed it: a fault of ours, noticed in time.
    Changed,
}

/// The text in its canonical layout.
pub fn lay_out(text: &str) -> Result<String, LayoutError> {
    match check(text) {
        Check::Complete => {}
        Check::Incomplete(open) => return Err(LayoutError::Incomplete(open)),
        Check::Invalid(error) => return Err(LayoutError::Invalid(error)),
    }
    let before = lexemes(text);
    let laid_out = write::write(&tree::Tree::new(&before));
    if same(&before, &lexemes(&laid_out)) {
        Ok(laid_out)
    } else {
        Err(LayoutError::Changed)
    }
}

/// Whether two texts have the same tokens in the same order, and the same comments in theirs.
fn same(before: &[Lexeme<'_>], after: &[Lexeme<'_>]) -> bool {
    let part = |comments: bool| {
        let pick = move |all: &[Lexeme<'_>]| -> Vec<String> {
            let chosen = all.iter().filter(|lexeme| lexeme.is_comment() == comments);
            chosen.map(|lexeme| lexeme.text.to_owned()).collect()
        };
        pick(before) == pick(after)
    };
    part(false) && part(true)
}

#[cfg(test)]
mod tests;
