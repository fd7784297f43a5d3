//! A program that puts and gets on command, and stays: it knows the network as a user's would.

use std::io::Write as _;
use std::process::{ChildStdin, Stdio};
use std::time::{Duration, Instant};

use crate::{Background, Folder, Host, run, workspace};

/// What a client said to a command, and after how long.
#[derive(Debug)]
pub(super) struct Answer {
    /// The number that was asked for, or the kind of the error.
    pub(super) said: Result<u64, String>,
    pub(super) took: Duration,
}

#[derive(Debug)]
pub(super) struct Client {
    /// Its public key, 64 hex digits.
    pub(super) key: String,
    running: Background,
    commands: ChildStdin,
    _folder: Folder,
}

impl Client {
    pub(super) fn start(host: &Host, join: &[&str]) -> Client {
        let folder = Folder::new();
        let key = run(host.logos(&folder).args(["key", "show"])).output;
        let mut command = host.logos(&folder);
        for ticket in join {
            command.args(["--join", ticket]);
        }
        command.arg(workspace().join("tests/src/crashes/client.logos"));
        let mut running = Background::start(command.stdin(Stdio::piped()));
        let commands = running.input();
        Client {
            key: key.trim_end().to_string(),
            running,
            commands,
            _folder: folder,
        }
    }

    pub(super) fn put(&mut self, name: &str, version: u64, require: usize) -> Answer {
        self.ask(&format!("(put \"{name}\" {version} {require})"))
    }

    pub(super) fn get(&mut self, name: &str, owner: &str, fresh: bool) -> Answer {
        let how = if fresh { "fresh" } else { "get" };
        self.ask(&format!("({how} \"{name}\" \"{owner}\")"))
    }

    fn ask(&mut self, command: &str) -> Answer {
        let began = Instant::now();
        writeln!(self.commands, "{command}").expect("a client reads its commands");
        let said = self.running.line();
        Answer {
            said: said.parse().map_err(|_| said),
            took: began.elapsed(),
        }
    }
}
