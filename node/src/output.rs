//! What the program says: values and whatever else was asked for on standard output, the rest on
//! standard error. Nothing else in the program writes there. Standard output that takes nothing
//! ends the program; whoever closed standard error wants to hear nothing.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::ERROR;

/// Whether standard output ends within a line.
static IS_LINE_BEGUN: AtomicBool = AtomicBool::new(false);

/// Writes a line to standard output.
pub fn line(text: impl Display) {
    IS_LINE_BEGUN.store(false, Ordering::Relaxed);
    or_end(io::stdout().write_fmt(format_args!("{text}\n")));
    flush();
}

/// The same on a line of its own, whatever was written before.
pub fn own_line(text: impl Display) {
    end_line();
    line(text);
}

/// The same if standard output is a terminal: where it is not, nothing comes into it that was not asked for.
pub fn end_shown_line() {
    if io::stdout().is_terminal() {
        end_line();
    }
}

/// Whoever sits at the terminal has ended the line.
pub fn line_was_typed() {
    IS_LINE_BEGUN.store(false, Ordering::Relaxed);
}

/// Ends the line that was begun on standard output, if there is one.
pub fn end_line() {
    if is_line_begun() {
        write(b"\n");
        flush();
    }
}

/// Whether what was written to standard output ends within a line.
pub fn is_line_begun() -> bool {
    IS_LINE_BEGUN.load(Ordering::Relaxed)
}

/// Writes to standard output; [`flush`] sees to it that it is seen.
pub fn write(bytes: &[u8]) {
    let Some(last) = bytes.last() else { return };
    IS_LINE_BEGUN.store(*last != b'\n', Ordering::Relaxed);
    or_end(io::stdout().write_all(bytes));
}

/// Brings what was written to standard output to whoever reads it.
pub fn flush() {
    or_end(io::stdout().flush());
}

/// Ends the program if standard output takes nothing. Who stops reading knows why; what else there
/// is to say about it is said.
pub fn or_end(written: io::Result<()>) {
    let Err(error) = written else { return };
    if error.kind() != ErrorKind::BrokenPipe {
        complain(format_args!("standard output cannot be written: {error}"));
    }
    std::process::exit(i32::from(ERROR));
}

/// Says what is wrong, on standard error.
pub fn complain(message: impl Display) {
    error_line(format_args!("logos: {message}"));
}

/// Writes a line to standard error.
pub fn error_line(text: impl Display) {
    error_text(format_args!("{text}\n"));
}

/// Writes a text to standard error.
pub fn error_text(text: impl Display) {
    write_errors(text.to_string().as_bytes());
}

/// Writes to standard error.
pub fn write_errors(bytes: &[u8]) {
    let _ = io::stderr().write_all(bytes);
}
