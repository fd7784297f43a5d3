//! The prompt: reads an input that may take many lines, evaluates it, shows value and fuel, and
//! goes on whatever happens. What it does beyond that can be done from Logos.

mod assistant;
mod beginner;
mod paint;
mod pretty;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use node::identity::create_folder;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor};

use crate::cli::{DONE, ERROR, Options, Style, doc, host_with};
use crate::host::{Ending, Host, NetworkSettings, Report};
use crate::output;
use assistant::Assistant;
use beginner::{in_front, single_word};
use pretty::{page, pretty};

/// More completions than there are names: all are shown without a question.
const COMPLETIONS_MAX: usize = 100_000;
/// Inputs kept in the history.
const HISTORY_MAX: usize = 10_000;
/// Name of the history's file in the data folder.
const HISTORY_FILE: &str = "history";
/// What stands before an input.
const PROMPT: &str = "> ";

const BANNER: &str = concat!(
    "Logos ",
    env!("CARGO_PKG_VERSION"),
    " · type an expression such as (+ 1 2) and press Enter\n",
    "(help) shows what to try, Tab completes a name, Ctrl-C stops, Ctrl-D leaves"
);

const HELP: &str = "\
Everything is written in brackets, what to do first:
  (+ 1 2 3)                             a sum
  (define (double x) (* 2 x))           teach it a new word …
  (double 21)                           … and use it
  (map double (list 1 2 3))             do it to every one of many
  \"text\"  :keyword  #t  3/4  {:age 10}   some other values

Ask other computers, or begin with practice ones in this program:
  (swarm 7 {:liars 2})                  seven practice peers, two of them lie
  (remote (* 6 7) :n 5 :quorum 3)       five peers compute, three must agree
  (dht-put \"greeting\" \"hello\")          give the network something to keep …
  (dht-get \"greeting\")                  … and ask for it again

An unfinished line goes on below. Nothing you type can break anything.";

/// What is said to who wants to leave in other words.
const LEAVING: &str = "(exit) leaves, and so does Ctrl-D";

type Line = Editor<Assistant, FileHistory>;

/// Runs the prompt until Ctrl-D.
pub fn run(options: &Options, network: NetworkSettings) -> ExitCode {
    let host = match host_with(options, network, Vec::new()) {
        Ok(host) => host.at_prompt(),
        Err(status) => return status,
    };
    let history = history_file(options);
    let editor = match editor(options, &host, history.as_ref()) {
        Ok(editor) => editor,
        Err(error) => {
            output::complain(error);
            return ExitCode::from(ERROR);
        }
    };
    if !options.quiet {
        output::error_line(options.style().dim(BANNER));
    }
    converse(options, host, editor, history)
}

fn converse(
    options: &Options,
    mut host: Host,
    mut editor: Line,
    history: Option<PathBuf>,
) -> ExitCode {
    let mut count = 0;
    loop {
        let text = match editor.readline(PROMPT) {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => {
                run_tasks(options, &mut host);
                break;
            }
            Err(error) => {
                output::complain(error);
                break;
            }
        };
        if text.trim().is_empty() {
            run_tasks(options, &mut host);
            continue;
        }
        if let (Ok(true), Some(file)) = (editor.add_history_entry(text.as_str()), &history) {
            // A history that cannot be kept is no reason to stop.
            let _ = editor.append_history(file);
        }
        if answer_word(&mut host, &text) {
            continue;
        }
        count += 1;
        let report = host.evaluate(&format!("input {count}"), &text, options.bounds());
        if let Ending::Left(status) = report.ending {
            host.close();
            return ExitCode::from(status);
        }
        show(options, &text, &report);
        if let Some(meant) = in_front(&text) {
            output::error_line(options.style().dim(&meant));
        }
        run_tasks(options, &mut host);
        output::error_line(options.style().dim(&amounts(&report, options.show_fuel)));
        host.rest();
        if let Some(assistant) = editor.helper_mut() {
            assistant.learn(host.names());
        }
    }
    host.close();
    ExitCode::from(DONE)
}

/// Answers an input that is one of the words that people try at any prompt, unless the program has given it a meaning.
fn answer_word(host: &mut Host, input: &str) -> bool {
    let Some(word) = single_word(input) else {
        return false;
    };
    let name = word.trim_matches(['(', ')']);
    let is_free = |host: &Host| host.names().iter().all(|known| known != name);
    match word.as_str() {
        "(doc)" | "doc" => {
            output::write(doc::index(&host.reference()).as_bytes());
            output::line("\n(doc NAME) says more of one.");
        }
        "exit" => output::line(LEAVING),
        "quit" | "(quit)" | "bye" | "(bye)" if is_free(host) => output::line(LEAVING),
        "help" | "(help)" if is_free(host) => output::line(HELP),
        _ => return false,
    }
    true
}

/// Lets the tasks of earlier inputs run, and tells what errors nothing waited for.
fn run_tasks(options: &Options, host: &mut Host) {
    let ended = host.run_tasks();
    for failure in ended.into_iter().chain(host.untold()) {
        output::end_line();
        output::error_line(options.style().error(&failure.rendered));
    }
    output::end_line();
}

/// Prints what came of an input, below what it printed itself. What was asked of `doc` is a text to be read.
fn show(options: &Options, input: &str, report: &Report) {
    let style = options.style();
    output::end_line();
    match &report.ending {
        Ending::Value(Some(value)) => {
            let page = input.trim_start().starts_with("(doc ").then(|| page(value));
            output::line(page.flatten().unwrap_or_else(|| pretty(value)));
        }
        Ending::Value(None) | Ending::Left(_) => {}
        Ending::Pending => output::error_line(style.dim("it is still on its way")),
        Ending::Failed(failure) => output::error_line(style.error(&failure.rendered)),
    }
}

fn amounts(report: &Report, with_memory: bool) -> String {
    if with_memory {
        format!("fuel {}, peak memory {}", report.fuel, report.peak_memory)
    } else {
        format!("fuel {}", report.fuel)
    }
}

fn editor(
    options: &Options,
    host: &Host,
    history: Option<&PathBuf>,
) -> Result<Line, ReadlineError> {
    let style: Style = options.style();
    let config = Config::builder()
        .max_history_size(HISTORY_MAX)?
        .history_ignore_dups(true)?
        .completion_type(CompletionType::List)
        .completion_prompt_limit(COMPLETIONS_MAX)
        .color_mode(if style.is_colored() {
            ColorMode::Enabled
        } else {
            ColorMode::Disabled
        })
        .build();
    let mut editor = Line::with_history(config, FileHistory::new())?;
    let mut assistant = Assistant::new(style.is_colored());
    assistant.learn(host.names());
    editor.set_helper(Some(assistant));
    if let Some(file) = history {
        // There is none before the first input.
        let _ = editor.load_history(file);
    }
    Ok(editor)
}

/// Where the history is kept, if it can be kept.
fn history_file(options: &Options) -> Option<PathBuf> {
    let folder = options.data_folder().ok()?;
    create_folder(&folder).ok()?;
    let file = folder.join(HISTORY_FILE);
    // The editor appends only to a file that is there.
    if !file.exists() {
        let mut open = fs::OpenOptions::new();
        open.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        open.open(&file).ok()?;
    }
    Some(file)
}
