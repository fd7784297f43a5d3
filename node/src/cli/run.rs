//! Scripts, expressions and the way to the prompt.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::process::ExitCode;

use super::{
    DONE, ERROR, FUEL_OUT, INTERRUPTED, MEMORY_OUT, NO_AGREEMENT, Options, WRONG_USE, wrong_use,
};
use crate::host::{Effects, Ending, Failure, Host, NetworkSettings, Report};
use crate::output;
use crate::repl;

/// Longest script, in bytes.
const SCRIPT_BYTES_MAX: u64 = 64 << 20;

/// A world as the options ask for it.
pub fn host(options: &Options, arguments: Vec<String>) -> Result<Host, ExitCode> {
    host_with(options, options.network(), arguments)
}

/// The same with a network of its own.
pub fn host_with(
    options: &Options,
    network: NetworkSettings,
    arguments: Vec<String>,
) -> Result<Host, ExitCode> {
    match Effects::start(network, arguments) {
        Ok(effects) => Ok(Host::new(options.profile(), effects)),
        Err(error) => {
            output::complain(error);
            Err(ExitCode::from(ERROR))
        }
    }
}

/// `logos FILE [ARG…]`.
pub fn script(options: &Options, script: &[OsString]) -> ExitCode {
    let Some((file, arguments)) = script.split_first() else {
        return wrong_use("no script was given");
    };
    let (name, text) = match read_script(Path::new(file)) {
        Ok(read) => read,
        Err(message) => return wrong_use(&message),
    };
    let words = std::iter::once(file).chain(arguments);
    let texts = words.map(|text| text.to_string_lossy().into_owned());
    run_text(options, options.network(), &name, &text, texts.collect())
}

/// Runs a text as a script.
fn run_text(
    options: &Options,
    network: NetworkSettings,
    name: &str,
    text: &str,
    arguments: Vec<String>,
) -> ExitCode {
    let mut host = match host_with(options, network, arguments) {
        Ok(host) => host,
        Err(status) => return status,
    };
    let report = host.run_program(name, text, options.bounds());
    let status = match &report.ending {
        Ending::Value(_) => ended(options, &host.finish_tasks()),
        ending => ended(options, ending),
    };
    let has_left = matches!(report.ending, Ending::Left(_));
    let status = with_untold(options, &mut host, status, has_left);
    if options.show_fuel {
        show_fuel(options, &report);
    }
    host.close_for_good();
    ExitCode::from(status)
}

/// The name and text of a script.
pub fn read_script(file: &Path) -> Result<(String, String), String> {
    let is_piped = file == Path::new("-");
    let name = match is_piped {
        true => "standard input".to_string(),
        false => file.display().to_string(),
    };
    let mut bytes = Vec::new();
    let read = if is_piped {
        std::io::stdin()
            .take(SCRIPT_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file)
            .and_then(|opened| opened.take(SCRIPT_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("{name} cannot be read: {error}"))?;
    if bytes.len() as u64 > SCRIPT_BYTES_MAX {
        return Err(format!("{name} is larger than {SCRIPT_BYTES_MAX} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        format!(
            "{name} is not UTF-8 text, from byte {}",
            error.utf8_error().valid_up_to()
        )
    })?;
    Ok((name, text))
}

/// `logos -e EXPR …`.
pub fn expressions(options: &Options, expressions: &[String]) -> ExitCode {
    let mut host = match host(options, Vec::new()) {
        Ok(host) => host,
        Err(status) => return status,
    };
    let mut bounds = options.bounds();
    let mut status = DONE;
    let mut has_left = false;
    for text in expressions {
        let report = host.evaluate("-e", text, bounds);
        bounds.fuel = bounds.fuel.map(|fuel| fuel.saturating_sub(report.fuel));
        status = show(options, &report);
        has_left = matches!(report.ending, Ending::Left(_));
        if has_left || status != DONE {
            break;
        }
    }
    if status == DONE && !has_left {
        status = ended(options, &host.finish_tasks());
    }
    let status = with_untold(options, &mut host, status, has_left);
    host.close_for_good();
    ExitCode::from(status)
}

/// The exit status of a program; an error is told.
pub fn ended(options: &Options, ending: &Ending) -> u8 {
    match ending {
        Ending::Value(_) => DONE,
        Ending::Pending => INTERRUPTED,
        Ending::Left(status) => *status,
        Ending::Failed(failure) => tell(options, failure),
    }
}

/// Tells the errors that nothing waited for. A program that did not say how it ends, and would have ended well, ends with them.
fn with_untold(options: &Options, host: &mut Host, status: u8, has_left: bool) -> u8 {
    let Some(failure) = host.untold() else {
        return status;
    };
    let told = tell(options, &failure);
    if status == DONE && !has_left {
        told
    } else {
        status
    }
}

/// Prints what came of an expression.
pub fn show(options: &Options, report: &Report) -> u8 {
    if options.json {
        output::own_line(json(report));
    }
    let status = match &report.ending {
        Ending::Value(text) => {
            if let (Some(text), false) = (text, options.json) {
                output::line(text);
            }
            DONE
        }
        Ending::Failed(failure) if options.json => status_of(failure),
        ending => ended(options, ending),
    };
    if options.show_fuel {
        show_fuel(options, report);
    }
    status
}

fn show_fuel(options: &Options, report: &Report) {
    let text = format!("fuel {}, peak memory {}", report.fuel, report.peak_memory);
    output::error_line(options.style().dim(&text));
}

/// Prints an error; the status it ends the program with.
pub fn tell(options: &Options, failure: &Failure) -> u8 {
    output::end_shown_line();
    output::error_line(options.style().error(&failure.rendered));
    status_of(failure)
}

pub fn status_of(failure: &Failure) -> u8 {
    match (failure.condition.kind.as_str(), failure.is_whole_limit) {
        (":fuel-exhausted", true) => FUEL_OUT,
        (":memory-exhausted", true) => MEMORY_OUT,
        (":interrupted", _) => INTERRUPTED,
        (":unreachable" | ":refused" | ":no-agreement", _) => NO_AGREEMENT,
        (":timeout", _) if failure.is_unanswered => NO_AGREEMENT,
        _ => ERROR,
    }
}

/// `logos`: the prompt, or a script if nobody sits there.
pub fn prompt(options: &Options) -> ExitCode {
    if std::io::stdin().is_terminal() {
        return repl::run(options, options.prompt_network());
    }
    standard_input(options, options.network())
}

/// Runs what comes on standard input as a script.
pub fn standard_input(options: &Options, network: NetworkSettings) -> ExitCode {
    match read_script(Path::new("-")) {
        Ok((name, text)) => run_text(options, network, &name, &text, vec![name.clone()]),
        Err(message) => {
            output::complain(message);
            ExitCode::from(WRONG_USE)
        }
    }
}

/// The message of an error and what it is about.
pub fn sentence(failure: &Failure) -> String {
    let condition = &failure.condition;
    let irritants = condition.shown_irritants().iter();
    let irritants = irritants.map(|irritant| format!(" {irritant}"));
    condition.message.clone() + &irritants.collect::<String>()
}

fn json(report: &Report) -> String {
    let ending = match &report.ending {
        Ending::Value(text) => {
            let text = text.as_deref().unwrap_or("#<void>");
            format!("\"value\": {}", quoted(text))
        }
        Ending::Left(_) => "\"value\": \"#<void>\"".into(),
        Ending::Pending => {
            "\"error\": {\"kind\": \"interrupted\", \"message\": \"\", \"span\": null}".into()
        }
        Ending::Failed(failure) => {
            let (condition, message) = (&failure.condition, sentence(failure));
            let span = match &failure.place {
                Some((source, line, column)) => format!(
                    "{{\"source\": {}, \"line\": {line}, \"column\": {column}}}",
                    quoted(source)
                ),
                None => "null".into(),
            };
            format!(
                "\"error\": {{\"kind\": {}, \"message\": {}, \"span\": {span}}}",
                quoted(condition.kind.trim_start_matches(':')),
                quoted(&message)
            )
        }
    };
    format!(
        "{{{ending}, \"fuel\": {}, \"peak_memory\": {}}}",
        report.fuel, report.peak_memory
    )
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                // Control characters all lie below U+10000.
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
