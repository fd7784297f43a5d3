//! Where a program of a test runs: here, or through a command that takes it elsewhere.

use std::process::{Command, Stdio};

use crate::{Folder, program, workspace};

/// A machine, or what stands in for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The command that runs another one there (`ip netns exec NAME`); nothing for this machine.
    pub enter: Vec<String>,
    /// The address its nodes listen on.
    pub address: String,
    /// Others cannot reach it unless it reached them first, as behind a router.
    pub is_hidden: bool,
}

impl Default for Host {
    /// This machine, on loopback.
    fn default() -> Host {
        Host {
            enter: Vec::new(),
            address: "127.0.0.1".into(),
            is_hidden: false,
        }
    }
}

impl Host {
    /// The program, to be run there with a data folder and nothing of this machine's settings.
    pub fn logos(&self, data: &Folder) -> Command {
        let mut command = match self.enter.split_first() {
            None => Command::new(program()),
            Some((enter, arguments)) => {
                let mut command = Command::new(enter);
                command.args(arguments).arg(program());
                command
            }
        };
        command.env_clear();
        if !self.enter.is_empty() {
            command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        }
        command
            .env("LOGOS_DATA", data.path())
            .stdin(Stdio::null())
            .current_dir(workspace());
        command
    }
}
