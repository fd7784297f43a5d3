#![forbid(unsafe_code)]
//! What end-to-end tests share: the real program, folders that vanish, nodes that are ended
//! whatever happens. Nothing sleeps to wait: conditions are polled, with a deadline.

mod client;
pub mod crashes;
pub mod flood;
mod host;
mod relay;
#[cfg(unix)]
mod terminal;

pub use host::Host;
pub use relay::Relay;
#[cfg(unix)]
pub use terminal::Terminal;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test fails. Tests run beside each other on slow machines.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(10);

/// The program `logos` of this build. It is built if it is not there or older than its source.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows where it is");
        // target/PROFILE/deps/TEST, or target/PROFILE/PROGRAM
        let mut folders = test.ancestors().skip(1);
        let folder = folders
            .find(|folder| folder.file_name() != Some(OsStr::new("deps")))
            .expect("tests lie in a target folder");
        let program = folder.join(format!("logos{}", std::env::consts::EXE_SUFFIX));
        if !is_fresh(&program) {
            build(folder);
        }
        program
    })
}

/// Whether the program is newer than every file it may be made of.
fn is_fresh(program: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|found| found.modified());
    let Ok(built) = changed(program) else {
        return false;
    };
    let sources = ["Cargo.lock", "dht/src", "logos/src", "node/src", "stdlib"];
    let mut left: Vec<PathBuf> = sources.map(|source| workspace().join(source)).into();
    while let Some(path) = left.pop() {
        if changed(&path).map_or(true, |changed| changed > built) {
            return false;
        }
        for entry in fs::read_dir(&path).into_iter().flatten() {
            left.extend(entry.map(|entry| entry.path()));
        }
    }
    true
}

fn build(folder: &Path) {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "node", "--bin", "logos"]);
    if folder.file_name() == Some(OsStr::new("release")) {
        build.arg("--release");
    }
    let target = folder.parent().expect("a profile lies in a target folder");
    build.arg("--target-dir").arg(target);
    build.current_dir(workspace());
    // What cargo tells tests about their package would be news to build scripts, and make them
    // run again.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&*name);
        }
    }
    let built = build.status().expect("cargo runs");
    assert!(built.success(), "the program does not build");
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the workspace")
}

/// A folder that vanishes with its value.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Default for Folder {
    fn default() -> Folder {
        Folder::new()
    }
}

impl Folder {
    /// A new empty folder.
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("logos-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it; where that is.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a temporary file can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a run of the program gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
    /// The exit status; `None` if a signal ended it.
    pub status: Option<i32>,
}

/// The program, to be run with a data folder and nothing of this machine's settings.
pub fn logos(data: &Folder) -> Command {
    Host::default().logos(data)
}

/// Runs a command to its end, feeding it `input`.
pub fn run_with_input(command: &mut Command, input: &str) -> Ran {
    use std::io::Write as _;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Running(command.spawn().expect("the program starts"));
    let mut stdin = child.0.stdin.take().expect("standard input is a pipe");
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || {
        // Whoever does not read it all may be right.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = collect(child.0.stdout.take().expect("standard output is a pipe"));
    let errors = collect(child.0.stderr.take().expect("standard error is a pipe"));
    let status = child.wait();
    let _ = feeder.join();
    Ran {
        output: output.join().expect("the output is read"),
        errors: errors.join().expect("the errors are read"),
        status: status.code(),
    }
}

/// The public key of a data folder.
pub fn key_of(folder: &Folder) -> String {
    run(logos(folder).args(["key", "show"]))
        .output
        .trim_end()
        .to_string()
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ran {
    run_with_input(command, "")
}

/// Runs a command to its end: its status, and the most bytes it had in memory, as far as this
/// system tells.
pub fn peak_memory(command: &mut Command) -> (Option<i32>, Option<u64>) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = Running(command.spawn().expect("the program starts"));
    let process = child.0.id();
    let mut peak = None;
    let status = eventually("the end of the program", || {
        peak = peak.max(memory_bytes(process, "VmHWM:"));
        child.0.try_wait().expect("a child can be waited for")
    });
    (status.code(), peak)
}

fn collect(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text)
            .expect("the program writes UTF-8");
        text
    })
}

/// Polls until there is something; fails the test when that takes too long.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "{what} did not happen within {PATIENCE:?}"
        );
        std::thread::sleep(PAUSE);
    }
}

/// Bytes a process has in memory now, as far as this system tells.
pub fn resident_bytes(process: u32) -> Option<u64> {
    memory_bytes(process, "VmRSS:")
}

fn memory_bytes(process: u32, what: &str) -> Option<u64> {
    let told = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix(what))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}

/// A child that is killed when it is dropped.
#[derive(Debug)]
struct Running(Child);

impl Running {
    fn wait(&mut self) -> ExitStatus {
        eventually("the end of the program", || {
            self.0.try_wait().expect("a child can be waited for")
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running program whose lines are read as they come.
#[derive(Debug)]
pub struct Background {
    running: Running,
    lines: Receiver<String>,
}

impl Background {
    /// Starts it.
    pub fn start(command: &mut Command) -> Background {
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut running = Running(command.spawn().expect("the program starts"));
        let lines = lines_of(&mut running.0);
        Background { running, lines }
    }

    /// Its standard input, if that is a pipe nobody took yet.
    pub fn input(&mut self) -> ChildStdin {
        let input = self.running.0.stdin.take();
        input.expect("standard input is a pipe")
    }

    /// The same; what it says on standard error is among its lines.
    pub fn start_with_errors(command: &mut Command) -> Background {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running(command.spawn().expect("the program starts"));
        let (sender, lines) = channel();
        let child = &mut running.0;
        tell_lines(
            child.stdout.take().expect("standard output is a pipe"),
            sender.clone(),
        );
        tell_lines(
            child.stderr.take().expect("standard error is a pipe"),
            sender,
        );
        Background { running, lines }
    }

    /// The next line on its standard output.
    pub fn line(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE);
        line.expect("the program says something more")
    }

    /// Ends it as a crash would.
    pub fn kill(mut self) {
        let killed = self.running.0.kill();
        killed.expect("a running child can be killed");
        self.running.wait();
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: &str) {
        let process = self.running.0.id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end; the status.
    pub fn status(mut self) -> Option<i32> {
        self.running.wait().code()
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.running.0.id()
    }
}

/// A running `logos node`.
#[derive(Debug)]
pub struct Node {
    running: Background,
    /// How to join it.
    pub ticket: String,
}

impl Node {
    /// Starts a node on a data folder and on loopback, and waits until it is ready.
    pub fn start(data: &Folder, join: &[&str]) -> Node {
        Node::start_on(&Host::default(), data, join)
    }

    /// The same on a host of its own.
    pub fn start_on(host: &Host, data: &Folder, join: &[&str]) -> Node {
        let mut command = host.logos(data);
        for ticket in join {
            command.args(["--join", ticket]);
        }
        command.args(["node", "--listen", &format!("{}:0", host.address)]);
        let running = Background::start(&mut command);
        let ticket = running.line();
        let ticket = ticket
            .strip_prefix("ticket: ")
            .expect("the first line is the ticket")
            .to_owned();
        assert_eq!(running.line(), "ready");
        Node { running, ticket }
    }

    /// Ends it as a crash would.
    pub fn kill(self) {
        self.running.kill();
    }

    /// Asks it to leave; its exit status.
    #[cfg(unix)]
    pub fn stop(self, signal: &str) -> Option<i32> {
        self.running.signal(signal);
        self.running.status()
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: &str) {
        self.running.signal(signal);
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.running.process()
    }
}

fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    tell_lines(
        child.stdout.take().expect("standard output is a pipe"),
        sender,
    );
    receiver
}

fn tell_lines(from: impl std::io::Read + Send + 'static, sender: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
}
