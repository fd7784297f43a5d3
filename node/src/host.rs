//! The host: owns a world of definitions and whatever happens outside of it while it runs. The
//! machine runs in slices on the caller's thread; what it asks for is done on other threads. A
//! program that waits is a suspended machine. No node is started before a program asks for one.

mod answers;
mod asks;
mod data;
mod door;
mod effects;
mod figures;
mod files;
mod network;
mod peer;
mod profile;

pub use door::Keeper;
pub use effects::Effects;
pub use network::{NetworkSettings, is_reachable};
pub use peer::{Peer, PracticeSettings};
pub use profile::renew as renew_profile;

use std::time::{Duration, Instant};

use logos::builtins::promises;
use logos::printer::{self, Style};
use logos::reference::Entry;
use logos::syntax::{SourceId, Span};
use logos::value::{Kind, Value};
use logos::vm::{Bounds, Condition, Fault, Profile, Status, Vm};
use node::identity::random_bytes;

use crate::output;
use effects::{Happening, LocalAsk};

/// Units of fuel between two looks at the world.
const SLICE: u64 = 1_000_000;
/// Most reasons remembered for which peers did not answer in time.
const UNANSWERED_MAX: usize = 64;
/// How long a wait lasts before progress is shown, and between two showings.
const PROGRESS: Duration = Duration::from_millis(400);

/// How long tasks may run between two inputs.
const MOMENT: Duration = Duration::from_millis(100);

/// A world, running.
pub struct Host {
    vm: Vm,
    effects: Effects,
    shows_progress: bool,
    /// Why the program was stopped, if it was us.
    stuck: Option<Condition>,
    /// The status the program wants to end with.
    leaving: Option<u8>,
    /// The text that places are shown in, if it is not what is evaluated.
    shown: Option<Shown>,
    /// Why the node said that peers did not answer in time.
    unanswered: Vec<String>,
}

/// A text of the user's, which is evaluated with something of ours in it and after it.
#[derive(Debug, Clone, Copy)]
struct Shown {
    /// The user's text. The next source is what is evaluated.
    source: SourceId,
    /// Where ours is put in, and how much.
    at: usize,
    inserted: usize,
    /// Where the user's text ends.
    end: usize,
}

/// What came of an evaluation.
#[derive(Debug)]
pub struct Report {
    /// What happened.
    pub ending: Ending,
    /// Units of fuel used.
    pub fuel: u64,
    /// The most bytes counted at once.
    pub peak_memory: u64,
}

/// How an evaluation ended.
#[derive(Debug)]
pub enum Ending {
    /// With a value, as `write` prints it; `None` is `#<void>`.
    Value(Option<String>),
    /// With a promise that is still on its way, because the wait for it was stopped.
    Pending,
    /// With an error.
    Failed(Failure),
    /// By its own wish, with this status: nothing more is to be evaluated.
    Left(u8),
}

/// An error that ended an evaluation.
#[derive(Debug)]
pub struct Failure {
    /// What happened and where.
    pub condition: Condition,
    /// The same for a person.
    pub rendered: String,
    /// Where, for a program: source, line and column.
    pub place: Option<(String, usize, usize)>,
    /// Whether a limit of the whole evaluation ran out.
    pub is_whole_limit: bool,
    /// Whether peers did not answer in time.
    pub is_unanswered: bool,
}

impl Host {
    /// A fresh world.
    pub fn new(profile: Profile, effects: Effects) -> Host {
        let mut vm = Vm::new(profile);
        if profile != Profile::Pure {
            vm.machine.seed_random(random_bytes());
        }
        Host {
            vm,
            effects,
            shows_progress: false,
            stuck: None,
            leaving: None,
            shown: None,
            unanswered: Vec::new(),
        }
    }

    /// The same for somebody who waits for each value: says on standard error what takes long, and Ctrl-C stops no more than that.
    pub fn at_prompt(mut self) -> Host {
        self.shows_progress = true;
        self.effects.have_prompt();
        self
    }

    /// Every name a program may use.
    pub fn names(&self) -> Vec<String> {
        self.vm.names()
    }

    /// What there is to say about every name that the library has.
    pub fn reference(&mut self) -> Vec<Entry> {
        self.vm.reference()
    }

    /// Evaluates a text. A promise of a task or the network that is its value is waited for.
    pub fn evaluate(&mut self, name: &str, text: &str, bounds: Bounds) -> Report {
        self.vm.begin(name, text, bounds);
        self.report()
    }

    /// Evaluates a text that is `own` but for `inserted` bytes at `at` and what follows: errors are shown in `own`.
    pub fn evaluate_for(
        &mut self,
        (name, own): (&str, &str),
        text: &str,
        (at, inserted): (usize, usize),
        bounds: Bounds,
    ) -> Report {
        self.shown = Some(Shown {
            source: self.vm.machine.sources.add(name, own),
            at,
            inserted,
            end: own.len(),
        });
        let report = self.evaluate(name, text, bounds);
        self.shown = None;
        report
    }

    /// The same for a whole program: one that begins by importing libraries sees nothing else.
    pub fn run_program(&mut self, name: &str, text: &str, bounds: Bounds) -> Report {
        self.vm.begin_program(name, text, bounds);
        self.report()
    }

    fn report(&mut self) -> Report {
        self.effects.begin_evaluation();
        let mut ending = match self.drive() {
            Status::Done => self.finish_value(),
            _ => self.failure(),
        };
        self.flush();
        // It was pressed in a builtin that took long, or while the value was printed.
        if matches!(ending, Ending::Value(_)) && self.effects.take_interrupt() {
            let condition = plain(":interrupted", "stopped by you");
            ending = Ending::Failed(self.described(condition, false));
        }
        Report {
            ending,
            fuel: self.vm.fuel_used(),
            peak_memory: self.vm.machine.peak_memory(),
        }
    }

    /// What came of the last evaluation has been shown.
    pub fn rest(&self) {
        self.effects.end_evaluation();
    }

    /// Waits for what the program has started: its tasks, and what it asked of the network.
    pub fn finish_tasks(&mut self) -> Ending {
        while self.vm.has_tasks() {
            match self.turn() {
                Status::Failed => return self.failure(),
                Status::Idle if !self.wait() => break,
                _ => {}
            }
        }
        self.flush();
        Ending::Value(None)
    }

    /// Lets the tasks of the program run, as long as they have something to do and for no more than a moment; an error if that ends them.
    pub fn run_tasks(&mut self) -> Option<Failure> {
        let until = Instant::now() + MOMENT;
        while self.vm.has_tasks() && Instant::now() < until {
            match self.turn() {
                Status::Yield => {}
                Status::Failed => {
                    self.flush();
                    return Some(self.failed());
                }
                _ => break,
            }
        }
        self.flush();
        None
    }

    /// The errors of tasks and requests that nothing waited for, and that nothing has looked at since, each told once: the first of them,
    /// with what there is to say of all.
    pub fn untold(&mut self) -> Option<Failure> {
        let (conditions, more) = self.vm.take_untold();
        if conditions.is_empty() && more > 0 {
            let message = format!("{more} errors of tasks or requests that nothing waited for");
            return Some(self.described(plain(":user", &message), false));
        }
        let told = conditions.into_iter().map(|it| self.described(it, false));
        let told: Vec<Failure> = told.collect();
        let mut texts: Vec<String> = told.iter().map(|it| it.rendered.clone()).collect();
        texts.push(match (told.len(), more) {
            (1, 0) => "(nothing waited for this, so it is told here)".to_string(),
            (_, 0) => "(nothing waited for these, so they are told here)".to_string(),
            (_, more) => {
                format!("(nothing waited for these, so they are told here; there are {more} more)")
            }
        });
        let mut first = told.into_iter().next()?;
        first.rendered = texts.join("\n");
        Some(first)
    }

    /// Leaves the network.
    pub fn close(self) {
        self.effects.close();
    }

    /// The same when the process ends: giving back the world's memory piece by piece would only take time.
    pub fn close_for_good(self) {
        self.effects.close();
        std::mem::forget(self.vm);
    }

    /// Runs until the program ends.
    fn drive(&mut self) -> Status {
        loop {
            match self.turn() {
                Status::Yield => {}
                Status::Idle => {
                    if !self.wait() {
                        self.give_up();
                    }
                }
                status => return status,
            }
        }
    }

    /// Runs one slice, and passes on what it printed and asked.
    fn turn(&mut self) -> Status {
        if self.effects.take_interrupt() {
            self.vm.interrupt();
        }
        let status = self.vm.run(SLICE);
        self.print_output();
        let mut is_answered = false;
        while let Some(request) = self.vm.poll_request() {
            let room = self.vm.machine.memory_left_at_best();
            let symbols = &self.vm.machine.symbols;
            let now = self.effects.begin(&request, symbols, room);
            match now {
                LocalAsk::Answered(answer) => {
                    self.answer(request.id, answer);
                    is_answered = true;
                }
                LocalAsk::Later => {}
                LocalAsk::Exit(status) => {
                    self.leaving = Some(status);
                    self.vm.interrupt();
                    is_answered = true;
                }
            }
        }
        while let Some(happening) = self.effects.happened() {
            self.happen(happening);
            is_answered = true;
        }
        // Whoever waited for one of these can go on.
        if status == Status::Idle && is_answered {
            return Status::Yield;
        }
        status
    }

    /// Waits for something to happen outside; `false` when nothing ever will.
    fn wait(&mut self) -> bool {
        self.flush();
        let began = Instant::now();
        let mut is_shown = false;
        let happening = loop {
            if !self.effects.is_waiting() {
                break None;
            }
            // The line that the program has begun, or somebody types at, is theirs.
            if !self.shows_progress || output::is_line_begun() || self.effects.is_reading() {
                break self.effects.wait(None);
            }
            match self.effects.wait(Some(PROGRESS)) {
                Some(happening) => break Some(happening),
                None => {
                    output::error_text(format_args!(
                        "\r\x1b[2m… `{}` has taken {} s (Ctrl-C stops waiting)\x1b[0m\x1b[K",
                        self.effects.waiting_for(),
                        began.elapsed().as_secs()
                    ));
                    is_shown = true;
                }
            }
        };
        if is_shown {
            output::error_text("\r\x1b[K");
        }
        match happening {
            Some(happening) => {
                self.happen(happening);
                true
            }
            None => false,
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Answer(id, answer) => self.answer(id, answer),
            // Noticed at the next turn.
            Happening::Interrupt => {}
        }
    }

    fn answer(&mut self, id: u64, answer: data::Reply) {
        if let data::Reply::Error { kind, message, .. } = &answer
            && kind == ":timeout"
            && self.unanswered.len() < UNANSWERED_MAX
        {
            self.unanswered.push(message.clone());
        }
        let answer = answer.into_answer(&mut self.vm.machine.symbols);
        self.vm.resume(id, answer);
    }

    /// Everybody waits, and nothing is on its way: ends the program with an error.
    fn give_up(&mut self) {
        let message = "this program waits for something that cannot happen";
        self.stuck = Some(plain(":timeout", message));
        self.vm.interrupt();
    }

    /// The value the program ended with, or that of the promise it ended with.
    fn finish_value(&mut self) -> Ending {
        loop {
            let value = self.vm.result();
            match self.promise(value) {
                Some((promises::PENDING, _)) => match self.await_result() {
                    Some(ending) => return ending,
                    None => continue,
                },
                Some((promises::FULFILLED, value)) => return self.written(value),
                Some((promises::FAILED, raised)) => {
                    promises::look_at(&mut self.vm.machine, value);
                    let condition = self.vm.condition_for(raised);
                    return Ending::Failed(self.described(condition, false));
                }
                _ => return self.written(value),
            }
        }
    }

    fn is_pending(&self, value: Value) -> bool {
        matches!(self.promise(value), Some((promises::PENDING, _)))
    }

    /// State and content of a promise.
    fn promise(&self, value: Value) -> Option<(i64, Value)> {
        let heap = &self.vm.machine.heap;
        heap.is(value, Kind::Promise).then(|| {
            let content = heap.field(value, 0);
            let state = heap.field(content, promises::STATE).fixnum_value();
            (state, heap.field(content, promises::VALUE))
        })
    }

    /// Goes on until something changed; an ending if the wait is over without a value.
    fn await_result(&mut self) -> Option<Ending> {
        if self.effects.take_interrupt() {
            return Some(Ending::Pending);
        }
        match self.turn() {
            Status::Failed => Some(self.failure()),
            Status::Idle if self.is_pending(self.vm.result()) && !self.wait() => {
                self.give_up();
                let _ = self.vm.run(SLICE);
                Some(self.failure())
            }
            _ => None,
        }
    }

    fn written(&mut self, value: Value) -> Ending {
        if value == Value::VOID {
            return Ending::Value(None);
        }
        match printer::print(&mut self.vm.machine, value, Style::Write) {
            Ok(text) => Ending::Value(Some(text)),
            Err(fault) => {
                let (kind, what) = match fault {
                    Fault::MemoryExhausted => (":memory-exhausted", "memory"),
                    _ => (":fuel-exhausted", "fuel"),
                };
                let message = format!("the {what} ran out while the value was printed");
                let condition = plain(kind, &message);
                Ending::Failed(self.described(condition, true))
            }
        }
    }

    fn failure(&mut self) -> Ending {
        if let Some(status) = self.leaving.take() {
            return Ending::Left(status);
        }
        Ending::Failed(self.failed())
    }

    fn failed(&mut self) -> Failure {
        if let Some(stuck) = self.stuck.take() {
            return self.described(stuck, false);
        }
        let is_whole_limit = self.vm.whole_limit_is_out();
        match self.vm.condition().cloned() {
            Some(condition) => self.described(condition, is_whole_limit),
            None => unreachable!("an evaluation that fails leaves a condition"),
        }
    }

    fn described(&self, mut condition: Condition, is_whole_limit: bool) -> Failure {
        if let Some(shown) = self.shown {
            let called = condition.trace.iter_mut().map(|(_, span)| span);
            for span in called.chain([&mut condition.span, &mut condition.origin]) {
                *span = shown.place(*span);
            }
        }
        // What a promise was for may be told before.
        let is_unanswered = condition.kind == ":timeout"
            && self
                .unanswered
                .iter()
                .any(|why| condition.message.ends_with(why));
        let rendered = condition.rendered(&self.vm.machine).to_string();
        let sources = &self.vm.machine.sources;
        let place = (!condition.span.is_none()).then(|| {
            let (line, column) = sources.line_column(condition.span);
            let name = sources.source(condition.span.source).name.to_string();
            (name, line, column)
        });
        Failure {
            condition,
            rendered,
            place,
            is_whole_limit,
            is_unanswered,
        }
    }

    fn print_output(&mut self) {
        output::write(self.vm.machine.take_output().as_bytes());
        output::write_errors(self.vm.machine.take_errors().as_bytes());
        for (file, bytes) in self.vm.machine.take_written() {
            self.effects.write_file(file, &bytes);
        }
    }

    fn flush(&mut self) {
        self.print_output();
        output::flush();
    }
}

impl Shown {
    /// The place in the user's text; what is ours stands for all that comes after `at`.
    fn place(&self, span: Span) -> Span {
        if span.source.0 != self.source.0 + 1 {
            return span;
        }
        let (start, end) = (span.start as usize, span.end as usize);
        let after = self.at + self.inserted;
        let (start, end) = if end <= self.at {
            (start, end)
        } else if start >= after && end <= self.end + self.inserted {
            (start - self.inserted, end - self.inserted)
        } else {
            (self.at, self.end)
        };
        Span {
            source: self.source,
            start: start as u32,
            end: end as u32,
        }
    }
}

/// A condition that has no place.
fn plain(kind: &str, message: &str) -> Condition {
    Condition {
        kind: kind.into(),
        message: message.into(),
        irritants: Vec::new(),
        span: Span::NONE,
        origin: Span::NONE,
        trace: Vec::new(),
    }
}
