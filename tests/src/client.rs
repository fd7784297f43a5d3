//! A program that puts and gets on command, and stays: it knows the network as a user's would.

use std::io::Write as _;
use std::process::{ChildStdin, Stdio};
use std::time::{Duration, Instant};

use crate::{Background, Folder, Host, run, workspace};

/// What a client said to a command, and after how long.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The number that was asked for, or the kind of the error.
    pub(crate) said: Result<u64, String>,
    pub(crate) took: Duration,
}

#[derive(Debug)]
pub(crate) struct Client {
    /// Its public key, 64 hex digits.
    pub(crate) key: String,
    running: Background,
    commands: ChildStdin,
    /// Its own, if it has one.
    _folder: Option<Folder>,
}

impl Client {
    /// Somebody with a folder of its own.
    pub(crate) fn start(host: &Host, join: &[&str]) -> Client {
        let folder = Folder::new();
        let client = Client::start_on(host, &folder, join);
        Client {
            _folder: Some(folder),
            ..client
        }
    }

    /// Somebody on a folder whose node it asks, if one runs there.
    pub(crate) fn start_on(host: &Host, folder: &Folder, join: &[&str]) -> Client {
        let key = run(host.logos(folder).args(["key", "show"])).output;
        let mut command = host.logos(folder);
        for ticket in join {
            command.args(["--join", ticket]);
        }
        command.arg(workspace().join("tests/src/client.logos"));
        let mut running = Background::start(command.stdin(Stdio::piped()));
        let commands = running.input();
        Client {
            key: key.trim_end().to_string(),
            running,
            commands,
            _folder: None,
        }
    }

    pub(crate) fn put(&mut self, name: &str, version: u64, require: usize) -> Answer {
        self.ask(&format!("(put \"{name}\" {version} {require})"))
    }

    pub(crate) fn get(&mut self, name: &str, owner: &str, fresh: bool) -> Answer {
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
