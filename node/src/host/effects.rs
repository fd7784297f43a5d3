//! Everything that happens beside the program: timers, signals, the network. Owns the runtime
//! they run on and the one channel on which the program's thread hears of them.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use logos::symbol::Symbols;
use logos::vm::{CANCEL, Request};
use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

use super::asks::{Ask, Local, parse, procedure};
use super::data::{Data, Reply};
use super::files::{FileReply, Files, Input};
use super::network::{Network, NetworkSettings};
use crate::cli::INTERRUPTED;
use crate::output;

/// Threads for timers and sockets; jobs have their own.
const THREADS: usize = 2;
/// How long the runtime may take to end after the node has left.
const SHUTDOWN: Duration = Duration::from_millis(500);
/// How long a program may take to notice Ctrl-C.
const NOTICE: Duration = Duration::from_secs(1);

/// See the module's description.
pub struct Effects {
    runtime: Runtime,
    sender: Sender<Happening>,
    receiver: Receiver<Happening>,
    /// What runs for requests that are not answered yet.
    running: BTreeMap<u64, Running>,
    interrupts: Arc<Interrupts>,
    network: Network,
    arguments: Vec<String>,
    began: Instant,
    files: Files,
}

struct Running {
    what: String,
    task: AbortHandle,
}

/// What is known of Ctrl-C on both sides.
#[derive(Debug, Default)]
struct Interrupts {
    /// The number of the one that the program has not noticed yet, from 1; 0 is none.
    unnoticed: AtomicU64,
    /// Whether somebody sits at a prompt and waits for a value now.
    is_awaited: AtomicBool,
    /// Whether there is a prompt to go back to.
    has_prompt: AtomicBool,
}

/// Something that the program's thread is to know.
#[derive(Debug)]
pub enum Happening {
    /// A request is answered.
    Answer(u64, Reply),
    /// Somebody pressed Ctrl-C.
    Interrupt,
}

/// What became of a request at once.
#[derive(Debug)]
pub enum LocalAsk {
    /// It is answered.
    Answered(Reply),
    /// The answer comes later, or never.
    Later,
    /// The program wants to end, with this status.
    Exit(u8),
}

impl Effects {
    /// Starts the runtime; opens nothing. `arguments` are the program's.
    pub fn start(network: NetworkSettings, arguments: Vec<String>) -> io::Result<Effects> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()?;
        let (sender, receiver) = channel();
        let interrupts = Arc::new(Interrupts::default());
        // From here on, not from when the task is first run: until then Ctrl-C would end the process.
        let entered = runtime.enter();
        if let Ok(signals) = signals() {
            runtime.spawn(hear(signals, interrupts.clone(), sender.clone()));
        }
        drop(entered);
        Ok(Effects {
            runtime,
            sender,
            receiver,
            running: BTreeMap::new(),
            interrupts,
            network: Network::new(network),
            arguments,
            began: Instant::now(),
            files: Files::new(),
        })
    }

    /// Begins what the program asks for; `room` is how many bytes an answer may have at most.
    pub fn begin(&mut self, request: &Request, symbols: &Symbols, room: u64) -> LocalAsk {
        if request.name == CANCEL {
            if let Some(running) = self.running.remove(&request.id) {
                running.task.abort();
            }
            return LocalAsk::Later;
        }
        let ask = match parse(&request.name, &request.arguments, symbols, room) {
            Ok(ask) => ask,
            Err(reply) => return LocalAsk::Answered(reply),
        };
        match ask {
            Ask::Local(local) => self.begin_local(request, local),
            Ask::Node(ask) => {
                self.spawn(request, self.network.clone().perform(ask));
                LocalAsk::Later
            }
        }
    }

    fn begin_local(&mut self, request: &Request, local: Local) -> LocalAsk {
        match local {
            Local::Sleep(duration) => {
                self.spawn(request, async move {
                    tokio::time::sleep(duration).await;
                    Reply::Value(Data::Void)
                });
                LocalAsk::Later
            }
            Local::Now => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                let seconds = since.unwrap_or_default().as_secs_f64();
                LocalAsk::Answered(Reply::Value(Data::Real(seconds)))
            }
            Local::Jiffy => {
                let passed = self.began.elapsed().as_micros();
                let jiffies = u64::try_from(passed).unwrap_or(u64::MAX);
                LocalAsk::Answered(Reply::Value(Data::Int(jiffies)))
            }
            Local::Variable(name) => {
                let value = std::env::var(&name).map_or(Data::Bool(false), Data::Text);
                LocalAsk::Answered(Reply::Value(value))
            }
            Local::Variables => {
                // What is no text cannot be asked for by name either.
                let known = std::env::vars_os().filter_map(|(name, value)| {
                    let pair = [name.into_string().ok()?, value.into_string().ok()?];
                    Some(Data::List(pair.map(Data::Text).into()))
                });
                LocalAsk::Answered(Reply::Value(Data::List(known.collect())))
            }
            Local::Exit(status) => LocalAsk::Exit(status),
            Local::File(ask) => match self.files.perform(ask) {
                FileReply::Now(reply) => LocalAsk::Answered(reply),
                FileReply::Later(input, most) => {
                    self.spawn(request, async move {
                        let read =
                            tokio::task::spawn_blocking(move || Input::read(&input, most)).await;
                        read.unwrap_or_else(|_| Reply::error(":file", "reading was given up"))
                    });
                    LocalAsk::Later
                }
            },
            Local::LibraryCache(hash) => {
                let file = self.network.library_file(&hash);
                let file = file.and_then(|file| file.into_os_string().into_string().ok());
                let reply = file.map_or(Data::Bool(false), Data::Text);
                LocalAsk::Answered(Reply::Value(reply))
            }
            Local::Arguments => {
                let texts = self.arguments.iter().cloned().map(Data::Text);
                LocalAsk::Answered(Reply::Value(Data::List(texts.collect())))
            }
        }
    }

    fn spawn(&mut self, request: &Request, work: impl Future<Output = Reply> + Send + 'static) {
        let (id, sender) = (request.id, self.sender.clone());
        let task = self.runtime.spawn(async move {
            // The program's thread may have ended meanwhile.
            let _ = sender.send(Happening::Answer(id, work.await));
        });
        let running = Running {
            what: procedure(&request.name).into(),
            task: task.abort_handle(),
        };
        self.running.insert(id, running);
    }

    /// Adds to an open file.
    pub fn write_file(&mut self, number: u64, bytes: &[u8]) {
        self.files.write(number, bytes);
    }

    /// Whether an answer is still to come.
    pub fn is_waiting(&self) -> bool {
        !self.running.is_empty()
    }

    /// What was asked for last and is not answered yet.
    pub fn waiting_for(&self) -> &str {
        let newest = self.running.values().next_back();
        newest.map_or("", |running| &running.what)
    }

    /// Whether somebody is waited for who types.
    pub fn is_reading(&self) -> bool {
        let read = procedure("read-port");
        self.running.values().any(|running| running.what == read)
    }

    /// What has happened, without waiting.
    pub fn happened(&mut self) -> Option<Happening> {
        let happening = self.receiver.try_recv().ok()?;
        Some(self.noted(happening))
    }

    /// The next thing that happens; `None` when it takes longer than `most`.
    pub fn wait(&mut self, most: Option<Duration>) -> Option<Happening> {
        let happening = match most {
            Some(most) => match self.receiver.recv_timeout(most) {
                Ok(happening) => happening,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            },
            None => self.receiver.recv().ok()?,
        };
        Some(self.noted(happening))
    }

    fn noted(&mut self, happening: Happening) -> Happening {
        if let Happening::Answer(id, _) = &happening {
            self.running.remove(id);
        }
        happening
    }

    /// Whether somebody pressed Ctrl-C since the last time.
    pub fn take_interrupt(&self) -> bool {
        self.interrupts.unnoticed.swap(0, Ordering::Relaxed) != 0
    }

    /// Forgets a Ctrl-C that was meant for something else; the next is meant for what begins now.
    pub fn begin_evaluation(&self) {
        self.interrupts.unnoticed.store(0, Ordering::Relaxed);
        self.interrupts.is_awaited.store(true, Ordering::Relaxed);
    }

    /// Nothing is left that a Ctrl-C could stop.
    pub fn end_evaluation(&self) {
        self.interrupts.is_awaited.store(false, Ordering::Relaxed);
    }

    /// From now on Ctrl-C leads back to a prompt.
    pub fn have_prompt(&self) {
        self.interrupts.has_prompt.store(true, Ordering::Relaxed);
    }

    /// Leaves the network and ends.
    pub fn close(self) {
        self.runtime.block_on(self.network.close());
        self.runtime.shutdown_timeout(SHUTDOWN);
    }
}

#[cfg(unix)]
type Signals = tokio::signal::unix::Signal;
#[cfg(windows)]
type Signals = tokio::signal::windows::CtrlC;

/// Every Ctrl-C from now on.
fn signals() -> std::io::Result<Signals> {
    #[cfg(unix)]
    return tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    #[cfg(windows)]
    return tokio::signal::windows::ctrl_c();
}

/// The first Ctrl-C asks the program to stop; one more, before it did, ends the process.
async fn hear(mut signals: Signals, interrupts: Arc<Interrupts>, sender: Sender<Happening>) {
    let mut number = 0;
    while signals.recv().await.is_some() {
        number += 1;
        if interrupts.unnoticed.swap(number, Ordering::Relaxed) != 0 {
            end_interrupted();
        }
        if sender.send(Happening::Interrupt).is_err() {
            return;
        }
        tokio::spawn(insist(number, interrupts.clone()));
    }
}

/// A builtin that takes long does not notice Ctrl-C: who has no prompt to go back to need not wait for its end.
async fn insist(number: u64, interrupts: Arc<Interrupts>) {
    tokio::time::sleep(NOTICE).await;
    if interrupts.unnoticed.load(Ordering::Relaxed) != number {
        return;
    }
    if !interrupts.has_prompt.load(Ordering::Relaxed) {
        end_interrupted();
    }
    if interrupts.is_awaited.load(Ordering::Relaxed) {
        output::error_line("… stops when the running builtin ends; press again to quit");
    }
}

fn end_interrupted() -> ! {
    std::process::exit(i32::from(INTERRUPTED))
}
