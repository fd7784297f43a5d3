//! The program on a terminal: keys go in, and what is seen on the screen comes out.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use pty_process::Size;
use pty_process::blocking::{Command, open};

use crate::{Folder, PATIENCE, Running, program, workspace};

/// Lines of the screen.
const ROWS: u16 = 50;
/// Columns of the screen.
const COLUMNS: u16 = 160;
/// A line in which nothing has been typed.
const PROMPT: &str = ">";
/// The key that clears the screen, Ctrl-L.
const CLEAR: &str = "\x0c";

/// The prompt, as somebody sits at it.
pub struct Terminal {
    keys: std::fs::File,
    output: Receiver<Vec<u8>>,
    running: Running,
    screen: vt100::Parser,
}

impl Terminal {
    /// The key Ctrl-C.
    pub const INTERRUPT: &str = "\x03";
    /// The key Ctrl-D.
    pub const END: &str = "\x04";
    /// The arrow key that goes back in the history.
    pub const UP: &str = "\x1b[A";

    /// Starts the program with these arguments on a terminal without colours.
    pub fn start(data: &Folder, arguments: &[&str]) -> Terminal {
        let (pty, pts) = open().expect("there is a terminal to be had");
        pty.resize(Size::new(ROWS, COLUMNS))
            .expect("a terminal has a size");
        let command = Command::new(program())
            .args(["--color", "never"])
            .args(arguments)
            .env_clear()
            .env("TERM", "xterm")
            .env("LOGOS_DATA", data.path())
            .current_dir(workspace());
        let child: Child = command.spawn(pts).expect("the program starts");
        let keys = std::fs::File::from(OwnedFd::from(pty));
        let mut seen = keys.try_clone().expect("a handle can be copied");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Ends, with an error on some systems, when nobody has the terminal any more.
            while let Ok(count @ 1..) = seen.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal {
            keys,
            output,
            running: Running(child),
            screen: vt100::Parser::new(ROWS, COLUMNS, 0),
        }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        let pressed = self.keys.write_all(keys.as_bytes());
        pressed.expect("the terminal takes keys");
    }

    /// Waits until the screen shows something that `look` finds.
    pub fn see<T>(&mut self, what: &str, look: impl Fn(&[String]) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lines = self.lines();
            if let Some(found) = look(&lines) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => panic!("{what} is not seen, but {lines:#?}"),
            }
        }
    }

    /// Waits until a line of the screen contains `text`.
    pub fn expect(&mut self, text: &str) {
        let shows = |line: &String| line.contains(text);
        self.see(text, |lines| lines.iter().any(shows).then_some(()));
    }

    /// Waits until a line of the screen is `text` and nothing more. What an input prints has to be
    /// waited for in this way where the input contains it: the input is on the screen before the
    /// evaluation begins.
    pub fn expect_line(&mut self, text: &str) {
        let is = |line: &String| line == text;
        self.see(text, |lines| lines.iter().any(is).then_some(()));
    }

    /// Waits for the prompt and makes it the first line of the screen.
    pub fn ready(&mut self) {
        let waits = |lines: &[String]| lines.last().is_some_and(|line| line == PROMPT);
        self.see("the prompt", |lines| waits(lines).then_some(()));
        self.press(CLEAR);
        self.see("a prompt alone", |lines| (lines == [PROMPT]).then_some(()));
    }

    /// Types an input at the prompt.
    pub fn enter(&mut self, input: &str) {
        self.ready();
        self.press(input);
        self.press("\r");
    }

    /// Types an input at the prompt; what is shown for it, between the input and its fuel.
    pub fn answer(&mut self, input: &str) -> String {
        self.enter(input);
        let typed = input.split('\r').count();
        self.see("its fuel and the next prompt", |lines| {
            let (last, before) = lines.split_last()?;
            let (fuel, before) = before.split_last()?;
            let is_ended = last == PROMPT && fuel.starts_with("fuel ");
            is_ended.then(|| before.get(typed..).unwrap_or_default().join("\n"))
        })
    }

    /// Waits for the end of the program; its status.
    pub fn status(mut self) -> Option<i32> {
        self.running.wait().code()
    }

    /// What the screen shows, without the empty lines at its end.
    fn lines(&self) -> Vec<String> {
        let lines = self.screen.screen().rows(0, COLUMNS);
        let mut lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Terminal({:#?})", self.lines())
    }
}
