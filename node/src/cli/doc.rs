//! `logos doc`: what the prompt's `doc` shows, the index of all names, and the whole reference.

use std::process::ExitCode;

use logos::reader::is_plain_name;
use logos::reference::Entry;

use super::run::{self, quoted};
use super::{DONE, ERROR, Options, wrong_use};
use crate::host::Ending;
use crate::output;

/// Where the descriptions of the index begin.
const SIGNATURE_CHARACTERS: usize = 40;

/// What the reference says before all names.
const PREFACE: &str = "\
# The names of Logos

Prices are in units of fuel. A price counts what happens when the code runs: a constant or the value of a
name costs 1, and a call 1 beside its parts. Of a procedure it says what comes on top of the call, of a
form or macro all but the parts named. A profile is what a program needs to be allowed to use the name.
";

/// Runs `logos doc`.
pub fn run(options: &Options, name: Option<&str>, all: bool) -> ExitCode {
    let mut host = match run::host(options, Vec::new()) {
        Ok(host) => host,
        Err(status) => return status,
    };
    let Some(name) = name else {
        let entries = host.reference();
        let text = match (options.json, all) {
            (true, _) => json(&entries),
            (false, true) => whole(&entries),
            (false, false) => index(&entries),
        };
        output::write(text.as_bytes());
        output::flush();
        return ExitCode::from(DONE);
    };
    if !is_plain_name(name) {
        return wrong_use(&format!("{name} is not a name"));
    }
    let question = format!(
        "(let ((text (doc {name}))) (display (if text text \"There is no documentation of it.\")) (newline))"
    );
    let report = host.evaluate("doc", &question, options.bounds());
    match report.ending {
        Ending::Failed(failure) => {
            output::complain(failure.condition.message);
            ExitCode::from(ERROR)
        }
        _ => ExitCode::from(DONE),
    }
}

/// One line for each name, by topic.
pub fn index(entries: &[Entry]) -> String {
    let mut text = String::new();
    for topic in topics(entries) {
        let separator = if text.is_empty() { "" } else { "\n" };
        text.push_str(&format!("{separator}{}\n", topic[0].topic));
        for entry in topic {
            let (signature, line) = (&entry.signature, first_line(&entry.doc));
            if signature.chars().count() > SIGNATURE_CHARACTERS {
                text.push_str(&format!(
                    "  {signature}\n  {:SIGNATURE_CHARACTERS$}  {line}\n",
                    ""
                ));
            } else {
                text.push_str(&format!("  {signature:SIGNATURE_CHARACTERS$}  {line}\n"));
            }
        }
    }
    text
}

/// All there is to say, in Markdown.
fn whole(entries: &[Entry]) -> String {
    let mut text = PREFACE.to_string();
    for topic in topics(entries) {
        text.push_str(&format!("\n## {}\n", topic[0].topic));
        for entry in topic {
            let (signature, doc) = (&entry.signature, entry.doc.replace('\n', "  \n"));
            let (price, profile) = (&entry.price, entry.profile.name());
            text.push_str(&format!(
                "\n### `{signature}`\n\n{doc}  \nPrice: {price}. Profile: {profile}.\n"
            ));
        }
    }
    text
}

fn json(entries: &[Entry]) -> String {
    let entries: Vec<String> = entries.iter().map(object).collect();
    format!("[{}]\n", entries.join(",\n"))
}

fn object(entry: &Entry) -> String {
    let fields = [
        ("name", entry.name.as_str()),
        ("topic", entry.topic),
        ("signature", &entry.signature),
        ("doc", &entry.doc),
        ("price", &entry.price),
        ("profile", entry.profile.name()),
    ];
    let fields = fields.map(|(name, text)| format!("\"{name}\": {}", quoted(text)));
    format!("{{{}}}", fields.join(", "))
}

/// The entries of each topic.
fn topics(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    entries.chunk_by(|a, b| a.topic == b.topic)
}

fn first_line(doc: &str) -> &str {
    doc.lines().next().unwrap_or_default()
}
