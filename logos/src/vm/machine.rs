//! The machine: heap, stack, globals and the two meters. Everything a builtin may touch.
//!
//! Owns the order "ask, then take": [`Machine::charge`] before work, [`Machine::ensure`] before memory. After `ensure(n)` allocations of up to `n` words
//! move nothing; any later `ensure` may move everything, so a builtin reads its arguments again after asking (they stand on the stack, which is a root).

use super::limits::Limits;
use crate::heap::{Heap, NOWHERE, NURSERY_WORDS};
use crate::number::Number;
use crate::symbol::{Symbol, Symbols};
use crate::syntax::Sources;
use crate::value::{Kind, Value};
use std::collections::VecDeque;

/// Words of the active stack before it is put aside as a segment of the heap.
pub const STACK_WORDS: usize = 32 * 1024;
/// Further than this from the limit, neither a full nursery nor a full stack reaches it.
const FAR_WORDS: usize = 2 * (NURSERY_WORDS + STACK_WORDS);
/// Registers that one frame can address.
pub const WINDOW: usize = 1 << 16;
/// The most arguments a procedure can be applied to.
pub const ARGUMENTS_MAX: usize = 1 << 20;
/// One unit of fuel for so many words that a limit-forced collection keeps.
const COLLECTED_WORDS_PER_FUEL: usize = 4;
/// Under stress so many words above those in use refer to nowhere after a collection.
const POISONED_WORDS: usize = 64;
/// What a limit-forced collection costs at least.
const COLLECTION_FUEL: u64 = 500;

/// Why a builtin did not give a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The value in [`Machine::raised`] is raised.
    Raise {
        /// Whether a handler may return a value in its place.
        continuable: bool,
    },
    /// A fuel limit ran out.
    FuelExhausted,
    /// A memory limit ran out.
    MemoryExhausted,
    /// The port in [`Machine::raised`] has to be filled; then the builtin is to be called again.
    FillPort,
}

/// What a builtin gives.
pub type Outcome = Result<Value, Fault>;

/// Where a builtin's arguments stand on the stack.
#[derive(Clone, Copy, Debug)]
pub struct Arguments {
    /// Stack index of the first.
    pub start: usize,
    /// How many.
    pub count: usize,
}

/// Something the program asked of the world, and nobody has taken yet.
#[derive(Debug, Clone)]
pub struct Pending {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) arguments: Vec<Value>,
}

/// A task that can go on, and with what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub continuation: Value,
    pub value: Value,
    pub raise: bool,
}

/// What a program has used, while the library's work is done.
pub(crate) struct Accounts {
    fuel: i64,
    asked: usize,
    external: usize,
    peak: usize,
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct Machine {
    /// All objects.
    pub heap: Heap,
    /// All names.
    pub symbols: Symbols,
    /// All texts.
    pub sources: Sources,
    /// The table of builtins.
    pub(crate) builtins: &'static [crate::builtins::Builtin],
    /// The active part of the running task's stack, and room for a window above it.
    pub(crate) stack: Vec<u64>,
    /// Values of global variables.
    pub(crate) globals: Vec<Value>,
    pub(crate) global_names: Vec<Symbol>,
    /// Literals of compiled code.
    pub(crate) constants: Vec<Value>,
    pub(super) transients: super::transient::Transients,
    /// Fuel left until somebody has to look.
    pub(crate) fuel: i64,
    /// A frame may end here without asking.
    pub(crate) stack_end: usize,
    /// Start of the running frame.
    pub(crate) fp: usize,
    /// The instruction being run.
    pub(crate) pc: usize,
    /// The call that the interpreter's loop left to others, if it left for one.
    pub(crate) left_at: Option<usize>,
    /// Where the user's code was last left for the library's by a call in tail position: the place, and the frame it gave up. Forgotten
    /// before a frame begins that the library, or the machine, calls a procedure of the user's in.
    pub(crate) passed_on: (usize, usize),
    /// One past the last stack word in use; set before anything that may collect.
    pub(crate) top: usize,
    /// The segments below the active stack.
    pub(crate) chain: Value,
    /// The dynamic state: handlers, parameters, winders, limits.
    pub(crate) dynamic: Value,
    /// The running task.
    pub(crate) task: Value,
    /// The task of the program itself.
    pub(crate) main_task: Value,
    /// The value of the last main program that ended with one.
    pub(crate) main: Value,
    /// What is being raised.
    pub raised: Value,
    /// Values without a written form that syntax refers to by number.
    pub(crate) opaques: Vec<Value>,
    /// Errors that nobody waited for.
    pub(crate) untold: super::untold::Untold,
    /// Tasks that began inside a limit, those that have ended not all removed yet.
    pub(crate) limited: Vec<Value>,
    /// With so many of them, those that have ended are removed.
    pub(crate) limited_max: usize,
    /// Ports of files opened inside a limit.
    pub(crate) opened: Vec<crate::builtins::ports::opened::Opened>,
    /// Values that Rust code holds across allocations.
    pub temporaries: Vec<Value>,
    /// What has a label in the datum that is being made.
    pub(crate) labelled: Vec<Value>,
    /// The parameters of the current input, output and error port.
    pub(crate) standard_ports: [Value; 3],
    /// The names of compiled procedures, by the place where each begins.
    pub(crate) procedure_names: Vec<(u32, Symbol)>,
    pub(crate) ready: VecDeque<Ready>,
    pub(crate) requests: VecDeque<Pending>,
    pub(crate) awaited: std::collections::BTreeMap<u64, Value>,
    pub(crate) limits: Limits,
    /// Words live at the last limit-forced collection, without the library's own.
    live: usize,
    /// Words that the library itself keeps alive.
    baseline: usize,
    /// Words held outside the heap: code, names, texts.
    external: usize,
    /// Nothing moves before so many words have been asked for.
    granted: usize,
    /// The largest count of words seen when it was looked at.
    peak: usize,
    pub(crate) serial: u64,
    /// How many names `gensym` made in this evaluation.
    pub(crate) gensyms: u64,
    pub(crate) profile: super::Profile,
    /// What the program printed since the host last took it.
    pub(crate) output: String,
    /// The same for standard error.
    pub(crate) errors: String,
    /// What was written to files since the host last took it: the file's number, and bytes.
    pub(crate) written: Vec<(u64, Vec<u8>)>,
    pub(crate) output_max: usize,
    pub(crate) random: Option<Box<rand_chacha::ChaCha12Rng>>,
}

impl Machine {
    pub(crate) fn new() -> Machine {
        let mut machine = Machine {
            heap: Heap::new(),
            symbols: Symbols::loading(),
            sources: Sources::default(),
            builtins: &crate::builtins::BUILTINS,
            stack: vec![0; STACK_WORDS + WINDOW],
            globals: Vec::new(),
            global_names: Vec::new(),
            constants: Vec::new(),
            transients: super::transient::Transients::default(),
            fuel: 0,
            stack_end: STACK_WORDS,
            fp: 0,
            left_at: None,
            passed_on: (0, 0),
            pc: 0,
            top: 0,
            chain: Value::NIL,
            dynamic: Value::NIL,
            task: Value::NIL,
            main_task: Value::NIL,
            main: Value::VOID,
            raised: Value::VOID,
            opaques: Vec::new(),
            untold: Default::default(),
            limited: Vec::new(),
            opened: Vec::new(),
            limited_max: 64,
            temporaries: Vec::new(),
            labelled: Vec::new(),
            standard_ports: [Value::NIL; 3],
            procedure_names: Vec::new(),
            ready: VecDeque::new(),
            requests: VecDeque::new(),
            awaited: std::collections::BTreeMap::new(),
            limits: Limits::new(),
            live: 0,
            baseline: 0,
            external: 0,
            granted: 0,
            peak: 0,
            serial: 0,
            gensyms: 0,
            profile: super::Profile::Node,
            output: String::new(),
            errors: String::new(),
            written: Vec::new(),
            output_max: usize::MAX,
            random: None,
        };
        machine.dynamic = super::dynamic::root(&mut machine);
        machine.standard_ports = crate::builtins::ports::standard_ports(&mut machine.heap);
        machine
    }

    /// A copy of a machine that runs nothing, its stack empty.
    pub(crate) fn fork(&mut self) -> Machine {
        // The stack is large and holds nothing: a copy of it would be made of zeros, one word after another.
        let stack = std::mem::take(&mut self.stack);
        let mut copy = self.clone();
        copy.stack = vec![0; STACK_WORDS + WINDOW];
        self.stack = stack;
        copy
    }

    // ---- arguments ----

    /// An argument.
    #[inline(always)]
    pub fn arg(&self, arguments: Arguments, index: usize) -> Value {
        Value(self.stack[arguments.start + index])
    }

    /// An optional argument.
    #[inline]
    pub fn optional(&self, arguments: Arguments, index: usize) -> Option<Value> {
        if index < arguments.count {
            Some(self.arg(arguments, index))
        } else {
            None
        }
    }

    /// Replaces an argument: a place where a value survives a collection.
    #[inline]
    pub fn set_arg(&mut self, arguments: Arguments, index: usize, value: Value) {
        self.stack[arguments.start + index] = value.0;
    }

    /// Makes the stack long enough for `count` words from `start` on, and a window from there. There are never more than [`ARGUMENTS_MAX`].
    #[inline]
    pub(crate) fn make_room(&mut self, start: usize, count: usize) {
        if start + count > STACK_WORDS {
            self.lengthen();
        }
    }

    /// Calls of very many arguments are rare: most machines never need the room for them.
    #[cold]
    fn lengthen(&mut self) {
        self.stack.resize(STACK_WORDS + WINDOW + ARGUMENTS_MAX, 0);
    }

    /// Writes a word of the stack.
    #[inline]
    pub(crate) fn set_word(&mut self, place: usize, value: Value) {
        self.stack[place] = value.0;
    }

    /// The dynamic state.
    pub(crate) fn dynamic_state(&self) -> Value {
        self.dynamic
    }

    /// Makes a dynamic state current.
    pub(crate) fn set_dynamic_state(&mut self, state: Value) {
        self.dynamic = state;
    }

    /// What the program may do.
    pub fn profile(&self) -> super::Profile {
        self.profile
    }

    // ---- fuel ----

    /// Pays for work before it is done.
    #[inline(always)]
    pub fn charge(&mut self, units: u64) -> Result<(), Fault> {
        self.fuel -= (units.min(1 << 60)) as i64;
        if self.fuel < 0 {
            self.charge_slow()
        } else {
            Ok(())
        }
    }

    #[cold]
    #[inline(never)]
    fn charge_slow(&mut self) -> Result<(), Fault> {
        self.settle_fuel();
        if self.limits.fuel_is_out() {
            Err(Fault::FuelExhausted)
        } else {
            Ok(())
        }
    }

    /// Books the fuel used since the last time, and grants what may be used until the next.
    pub(crate) fn settle_fuel(&mut self) {
        self.fuel = self.limits.settle(self.fuel);
    }

    /// Fuel that may still be used before a limit: how far something may go that is paid for once it is known how far it went. What it takes
    /// to look at the limits around is charged.
    pub(crate) fn fuel_left_paid(&mut self) -> Result<u64, Fault> {
        self.charge(self.limits.depth() as u64 / 4)?;
        Ok(self.limits.fuel_left(self.fuel))
    }

    /// Fuel used by this evaluation so far.
    pub fn fuel_used(&self) -> u64 {
        self.limits.used(self.fuel)
    }

    // ---- memory ----

    /// Words in use as the limits count them.
    pub(crate) fn counted_words(&self) -> usize {
        self.live + self.heap.asked_words() + self.top + self.external
    }

    /// Bytes that may still be taken before the limit.
    pub(crate) fn memory_left(&self) -> u64 {
        8 * self.limits.memory().saturating_sub(self.counted_words()) as u64
    }

    /// A frame may begin where the one was that was noted last.
    #[inline(always)]
    pub(crate) fn forget_passed_on(&mut self) {
        self.passed_on = (0, 0);
    }

    /// The same if none of what was asked for since the last limit-forced collection were needed any more.
    pub fn memory_left_at_best(&self) -> u64 {
        let kept = self.live + self.top + self.external;
        8 * self.limits.memory().saturating_sub(kept) as u64
    }

    /// The largest number of bytes counted so far.
    pub fn peak_memory(&self) -> u64 {
        8 * self.peak.max(self.counted_words()) as u64
    }

    /// Forgets the peak.
    pub fn reset_peak(&mut self) {
        self.peak = 0;
    }

    /// Takes note that so many words are now held outside the heap.
    pub(crate) fn take_external(&mut self, words: usize) -> Result<(), Fault> {
        self.ensure(0)?;
        if self.counted_words() + words > self.limits.memory() {
            self.collect_for_limit(words)?;
        }
        self.external += words;
        self.open_fast_paths();
        Ok(())
    }

    /// Gives back words held outside the heap.
    pub(crate) fn release_external(&mut self, words: usize) {
        self.external = self.external.saturating_sub(words);
    }

    /// Makes room for `words` words, collecting if need be. What is not reachable from a root is gone afterwards, and what is may have moved.
    #[inline(always)]
    pub fn ensure(&mut self, words: usize) -> Result<(), Fault> {
        if self.heap.fast_fits(words) {
            Ok(())
        } else {
            self.ensure_slow(words)
        }
    }

    #[cold]
    #[inline(never)]
    fn ensure_slow(&mut self, words: usize) -> Result<(), Fault> {
        if self.counted_words().saturating_add(words) > self.limits.memory() {
            self.collect_for_limit(words)?;
        }
        let wanted = self.heap.asked_words().saturating_add(words);
        // Who asked for the whole before counts on it that its parts move nothing.
        if wanted > self.granted {
            if self.heap.is_stressed() || !self.heap.nursery_has(words) {
                if self.heap.wants_full_collection() {
                    self.collect_full();
                } else {
                    self.collect_nursery();
                }
            }
            self.granted = wanted;
        }
        self.open_fast_paths();
        Ok(())
    }

    /// Whether allocation and the stack may go on without asking: only while neither could reach the limit before somebody looks again. Nearer
    /// to the limit every request is looked at by itself, so that it does not depend on the collector where the memory ends.
    fn open_fast_paths(&mut self) {
        let left = self.limits.memory().saturating_sub(self.counted_words());
        self.peak = self.peak.max(self.counted_words());
        let is_far = left > FAR_WORDS;
        self.heap.open_fast_path(is_far && !self.heap.is_stressed());
        self.stack_end = if is_far { STACK_WORDS } else { 0 };
    }

    /// Closes the fast paths: a limit has changed.
    pub(crate) fn limits_changed(&mut self) {
        self.settle_fuel();
        self.open_fast_paths();
    }

    /// A collection that belongs to the language: it sets the count of live words anew and costs fuel for what it keeps.
    fn collect_for_limit(&mut self, words: usize) -> Result<(), Fault> {
        self.peak = self
            .peak
            .max(self.counted_words().min(self.limits.memory()));
        let live = self.collect_full();
        self.live = live.saturating_sub(self.baseline);
        self.recount_transients();
        self.count_asked_from(0);
        self.charge(COLLECTION_FUEL + (self.live / COLLECTED_WORDS_PER_FUEL) as u64)?;
        if self.counted_words().saturating_add(words) > self.limits.memory() {
            return Err(Fault::MemoryExhausted);
        }
        Ok(())
    }

    /// Counts anew what is alive if more than so many words were asked for since the last time: a limit begins at the count, and what is
    /// garbage in it by then would be allowed besides.
    pub(crate) fn count_anew(&mut self, asked_max: usize) -> Result<(), Fault> {
        if self.heap.asked_words() > asked_max {
            self.collect_for_limit(0)?;
        }
        Ok(())
    }

    /// Asks for stack up to `top`.
    pub(crate) fn ensure_stack(&mut self) -> Result<(), Fault> {
        if self.counted_words() > self.limits.memory() {
            self.collect_for_limit(0)?;
        }
        self.open_fast_paths();
        Ok(())
    }

    /// What is alive now belongs to the library: it counts for nobody.
    pub(crate) fn set_baseline(&mut self) {
        self.baseline = self.collect_full();
        self.live = 0;
        self.external = 0;
        self.count_asked_from(0);
        self.limits_changed();
    }

    /// Starts the count of an evaluation at nothing: what earlier ones left is their holder's.
    pub(crate) fn restart_count(&mut self) {
        self.live = self.collect_full().saturating_sub(self.baseline);
        self.recount_transients();
        self.count_asked_from(0);
        self.limits_changed();
    }

    fn count_asked_from(&mut self, words: usize) {
        self.heap.set_asked(words);
        self.granted = 0;
    }

    /// Begins work that belongs to the library although a program has it done: no limit is in force.
    pub(crate) fn begin_library_work(&mut self) -> Accounts {
        let accounts = Accounts {
            fuel: self.fuel,
            asked: self.heap.asked_words(),
            external: self.external,
            peak: self.peak,
        };
        self.limits.suspend(true);
        self.fuel = super::limits::UNLIMITED;
        accounts
    }

    /// Ends it. All that was made on the heap stays alive for ever and counts for nobody.
    pub(crate) fn end_library_work(&mut self, accounts: Accounts) {
        self.baseline += self.heap.asked_words() - accounts.asked;
        self.count_asked_from(accounts.asked);
        self.external = accounts.external;
        self.fuel = accounts.fuel;
        self.limits.suspend(false);
        self.open_fast_paths();
        self.peak = accounts.peak;
    }

    pub(crate) fn collect_full(&mut self) -> usize {
        self.with_roots(|heap, stack, roots| heap.collect_full(stack, roots))
    }

    fn collect_nursery(&mut self) {
        self.with_roots(|heap, stack, roots| heap.collect_nursery(stack, roots));
    }

    fn with_roots<T>(
        &mut self,
        collect: impl FnOnce(&mut Heap, &mut [u64], &mut [&mut [Value]]) -> T,
    ) -> T {
        self.loosen_constants();
        let mut registers = [
            self.chain,
            self.dynamic,
            self.task,
            self.raised,
            self.main,
            self.main_task,
        ];
        let mut moved: Vec<Value> = Vec::new();
        for ready in &self.ready {
            moved.extend([ready.continuation, ready.value]);
        }
        for request in &self.requests {
            moved.extend(&request.arguments);
        }
        moved.extend(self.awaited.values());
        moved.extend(self.opened.iter().flat_map(|it| [it.port, it.task]));
        self.limits.roots(&mut moved);
        let mut roots: [&mut [Value]; 9] = [
            &mut self.globals,
            &mut self.constants,
            &mut self.temporaries,
            &mut self.labelled,
            &mut self.standard_ports,
            &mut self.opaques,
            &mut self.limited,
            &mut registers,
            &mut moved,
        ];
        let result = collect(&mut self.heap, &mut self.stack[..self.top], &mut roots);
        if self.heap.is_stressed() {
            // Whoever takes words above the top for words in use is to be found out at the next collection.
            let end = self.stack.len().min(self.top + POISONED_WORDS);
            self.stack[self.top..end].fill(NOWHERE.0);
        }
        [
            self.chain,
            self.dynamic,
            self.task,
            self.raised,
            self.main,
            self.main_task,
        ] = registers;
        let mut moved = moved.into_iter();
        let mut next = || moved.next().unwrap_or(Value::NIL);
        for ready in &mut self.ready {
            (ready.continuation, ready.value) = (next(), next());
        }
        for request in &mut self.requests {
            request
                .arguments
                .iter_mut()
                .for_each(|argument| *argument = next());
        }
        self.awaited
            .values_mut()
            .for_each(|promise| *promise = next());
        for opened in &mut self.opened {
            (opened.port, opened.task) = (next(), next());
        }
        self.limits.update_roots(next);
        self.sort_transients();
        result
    }

    // ---- small constructors that ask for themselves ----

    /// A new pair.
    #[inline]
    pub fn cons(&mut self, car: Value, cdr: Value) -> Outcome {
        if self.heap.fast_fits(2) {
            return Ok(self.heap.cons(car, cdr));
        }
        self.rooted(&[car, cdr], 2, |m, held| m.heap.cons(held[0], held[1]))
    }

    /// Asks for `words` while keeping `held`, then allocates.
    pub fn rooted(
        &mut self,
        held: &[Value],
        words: usize,
        make: impl FnOnce(&mut Machine, &[Value]) -> Value,
    ) -> Outcome {
        let from = self.temporaries.len();
        self.temporaries.extend_from_slice(held);
        let asked = self.ensure(words);
        let held: Vec<Value> = self.temporaries.drain(from..).collect();
        asked?;
        Ok(make(self, &held))
    }

    /// A new string.
    pub fn string(&mut self, text: &str) -> Outcome {
        self.ensure(Heap::text_words(text))?;
        Ok(self.heap.string(text))
    }

    /// A new bytevector.
    pub fn bytes(&mut self, bytes: &[u8]) -> Outcome {
        self.ensure(Heap::bytes_words(bytes.len()))?;
        Ok(self.heap.bytes(bytes))
    }

    /// A float.
    pub fn float(&mut self, x: f64) -> Outcome {
        match Value::try_float(x) {
            Some(value) => Ok(value),
            None => {
                self.ensure(2)?;
                Ok(self.heap.float(x))
            }
        }
    }

    /// A new list of values.
    pub fn list(&mut self, values: &[Value]) -> Outcome {
        self.rooted(values, 2 * values.len(), |m, held| {
            held.iter()
                .rev()
                .fold(Value::NIL, |tail, &value| m.heap.cons(value, tail))
        })
    }

    /// Whether a value is a string.
    pub fn is_string(&self, value: Value) -> bool {
        self.heap.is(value, Kind::String)
    }

    /// The text of a symbol.
    pub fn symbol_text(&self, symbol: Symbol) -> &str {
        self.symbols.text(symbol)
    }

    /// A number's value, whatever its representation.
    pub fn number(&self, value: Value) -> Option<Number> {
        crate::builtins::numbers::to_number(&self.heap, value)
    }

    /// The same for a builtin, which pays for taking a large one off the heap.
    pub(crate) fn number_paid(&mut self, value: Value) -> Result<Option<Number>, Fault> {
        self.charge(crate::builtins::numbers::taking_work(&self.heap, value))?;
        Ok(self.number(value))
    }

    /// The number of the limit in force.
    pub(crate) fn current_extent(&self) -> u64 {
        self.limits.current()
    }

    /// The numbers of the limits that have not ended, in order. Charges for looking at them; a limit that runs out here is noticed at the next
    /// thing that is charged.
    pub(crate) fn living_extents(&mut self) -> Vec<u64> {
        let _ = self.charge(self.limits.count() as u64 / 4);
        self.limits.living()
    }

    /// The next number of those that tell objects apart.
    pub(crate) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
