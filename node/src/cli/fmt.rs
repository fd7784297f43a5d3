//! `logos fmt`: source files in their one canonical layout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{DONE, ERROR, Options, run, test, wrong_use};
use crate::layout::{LayoutError, lay_out};
use crate::output;

/// Runs `logos fmt`: with `is_check` it changes nothing, and names what it would change.
pub fn run(options: &Options, is_check: bool, paths: &[PathBuf]) -> ExitCode {
    let mut files = Vec::new();
    for path in paths {
        if let Err(message) = test::collect(path, true, &mut files) {
            return wrong_use(&message);
        }
    }
    let mut status = DONE;
    for file in &files {
        let text = match run::read_script(file) {
            Ok((_, text)) => text,
            Err(message) => return wrong_use(&message),
        };
        let laid_out = match lay_out(&text) {
            Ok(laid_out) => laid_out,
            Err(error) => {
                output::complain(explained(file, &text, &error));
                status = ERROR;
                continue;
            }
        };
        if file == Path::new("-") && !is_check {
            output::write(laid_out.as_bytes());
            output::flush();
        } else if laid_out == text {
        } else if is_check {
            output::line(file.display());
            status = ERROR;
        } else if let Err(error) = replace(file, &laid_out) {
            output::complain(format_args!(
                "{} cannot be written: {error}",
                file.display()
            ));
            status = ERROR;
        } else if !options.quiet {
            output::error_line(file.display());
        }
    }
    ExitCode::from(status)
}

fn explained(file: &Path, text: &str, error: &LayoutError) -> String {
    let (span, why) = match error {
        LayoutError::Incomplete(open) => (*open, "this is never closed".to_string()),
        LayoutError::Invalid(error) => (error.span, error.to_string()),
        LayoutError::Changed => {
            let file = file.display();
            return format!("{file} is left as it is: laying it out would change it");
        }
    };
    let before = &text[..text.floor_char_boundary(span.start as usize)];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!("{}:{line}:{column}: {why}", file.display())
}

/// Writes beside the file and then renames: a crash leaves the old one or the new one.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = fs::canonicalize(file)?;
    let temporary = file.with_extension(format!("fmt-{}", std::process::id()));
    let written = fs::write(&temporary, text)
        .and_then(|()| fs::set_permissions(&temporary, fs::metadata(&file)?.permissions()))
        .and_then(|()| fs::rename(&temporary, &file));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
