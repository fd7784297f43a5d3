//! The limits in force: a tree of extents, each with the fuel and memory it may use, the smaller of its own and what is around it.
//!
//! Owns the arithmetic of fuel: what is used inside an extent is used in all around it; the one that runs out first is the outermost that ran out.

use crate::value::Value;

/// "No limit" of memory: more than any machine has, and little enough that asking for it fails as a limit, not as an abort.
const UNLIMITED_WORDS: usize = 1 << 33;
/// "No limit" of fuel: never reached by counting.
pub const UNLIMITED: i64 = i64::MAX / 4;

#[derive(Debug, Clone)]
struct Extent {
    /// Its number: never given twice in a world.
    id: u64,
    outer: Option<usize>,
    /// How many are around it.
    depth: usize,
    fuel_left: i64,
    /// Bound on the count of words.
    memory: usize,
    /// The dynamic state that stands for this extent; `()` for the whole evaluation.
    node: Value,
    alive: bool,
    /// Whether a task began in it.
    has_tasks: bool,
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct Limits {
    extents: Vec<Extent>,
    current: usize,
    granted: i64,
    slice_left: i64,
    used: u64,
    last_id: u64,
    /// Whether the work is nobody's just now.
    suspended: bool,
    /// With so many extents, those that have ended are removed.
    extents_max: usize,
    /// Whether an extent has ended in which tasks began.
    left_tasks: bool,
}

/// Extents are looked through for those that have ended when there are at least so many.
const EXTENTS_MAX: usize = 64;

impl Limits {
    pub(crate) fn new() -> Limits {
        let whole = Extent {
            id: 0,
            outer: None,
            depth: 0,
            fuel_left: UNLIMITED,
            memory: UNLIMITED_WORDS,
            node: Value::NIL,
            alive: true,
            has_tasks: false,
        };
        Limits {
            extents: vec![whole],
            current: 0,
            granted: 0,
            slice_left: UNLIMITED,
            used: 0,
            last_id: 0,
            suspended: false,
            extents_max: EXTENTS_MAX,
            left_tasks: false,
        }
    }

    /// Starts a new evaluation.
    pub(crate) fn restart(&mut self, fuel: Option<u64>, memory_bytes: Option<u64>) {
        self.left_tasks |= self.extents[1..].iter().any(|it| it.has_tasks);
        self.extents.truncate(1);
        self.extents_max = EXTENTS_MAX;
        self.current = 0;
        self.used = 0;
        let whole = &mut self.extents[0];
        whole.fuel_left = fuel.map_or(UNLIMITED, |fuel| {
            i64::try_from(fuel).unwrap_or(UNLIMITED).min(UNLIMITED)
        });
        whole.memory = memory_bytes.map_or(UNLIMITED_WORDS, |bytes| {
            usize::try_from(bytes / 8).unwrap_or(UNLIMITED_WORDS)
        });
    }

    /// Grants a slice of fuel after which the machine comes back to its caller.
    pub(crate) fn begin_slice(&mut self, fuel: u64) {
        self.slice_left = i64::try_from(fuel).unwrap_or(UNLIMITED).min(UNLIMITED);
    }

    pub(crate) fn slice_is_over(&self) -> bool {
        self.slice_left <= 0
    }

    /// The bound on the count of words now.
    pub(crate) fn memory(&self) -> usize {
        if self.suspended {
            UNLIMITED_WORDS
        } else {
            self.extents[self.current].memory
        }
    }

    /// Suspends every limit, or puts them into force again.
    pub(crate) fn suspend(&mut self, suspended: bool) {
        self.suspended = suspended;
    }

    /// What was used of all fuel: never more than there was, though what is done at the very end, such as giving back permits, may come to
    /// more.
    pub(crate) fn used(&self, fuel: i64) -> u64 {
        let pending = self.granted - fuel;
        let overdrawn = (pending - self.extents[0].fuel_left).max(0) as u64;
        let used = self.used + pending.max(0) as u64;
        used.saturating_sub(overdrawn)
    }

    fn chain(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(self.current), |&at| self.extents[at].outer)
    }

    /// Books what was used of the last grant and gives the next: never more than the smallest amount left.
    pub(crate) fn settle(&mut self, fuel: i64) -> i64 {
        let used = self.granted - fuel;
        self.used = self.used.saturating_add_signed(used);
        self.slice_left -= used;
        let mut least = self.slice_left.max(0);
        let mut at = Some(self.current);
        while let Some(index) = at {
            let extent = &mut self.extents[index];
            extent.fuel_left -= used;
            least = least.min(extent.fuel_left);
            at = extent.outer;
        }
        self.granted = least;
        least
    }

    /// What may still be used before the first limit runs out.
    pub(crate) fn fuel_left(&self, fuel: i64) -> u64 {
        if self.suspended {
            return UNLIMITED as u64;
        }
        let least = self.chain().map(|at| self.extents[at].fuel_left).min();
        let left = least.unwrap_or(0) - (self.granted - fuel);
        left.max(0) as u64
    }

    /// Whether some limit around the running program is overdrawn.
    pub(crate) fn fuel_is_out(&self) -> bool {
        self.chain().any(|at| self.extents[at].fuel_left < 0)
    }

    /// The outermost extent whose fuel is overdrawn. What was drawn too much is given back: a limit is used up to the unit, never beyond.
    pub(crate) fn out_of_fuel(&mut self) -> usize {
        let out = self
            .chain()
            .filter(|&at| self.extents[at].fuel_left < 0)
            .last()
            .unwrap_or(0);
        let overdrawn = -self.extents[out].fuel_left;
        if overdrawn > 0 {
            let mut at = Some(self.current);
            while let Some(index) = at {
                self.extents[index].fuel_left += overdrawn;
                at = self.extents[index].outer;
            }
            self.used = self.used.saturating_sub(overdrawn as u64);
        }
        out
    }

    /// The outermost extent whose bound on memory is the one in force.
    pub(crate) fn out_of_memory(&self) -> usize {
        let bound = self.memory();
        self.chain()
            .filter(|&at| self.extents[at].memory == bound)
            .last()
            .unwrap_or(0)
    }

    /// Opens an extent inside the current one. `memory` is a bound on the whole count of words.
    pub(crate) fn open(&mut self, fuel: Option<u64>, memory: Option<usize>, node: Value) -> u64 {
        if self.extents.len() >= self.extents_max {
            self.remove_ended();
        }
        let around = &self.extents[self.current];
        let depth = around.depth + 1;
        let fuel_left = fuel.map_or(UNLIMITED, |f| {
            i64::try_from(f).unwrap_or(UNLIMITED).min(UNLIMITED)
        });
        let memory = memory.unwrap_or(usize::MAX).min(around.memory);
        let outer = Some(self.current);
        self.last_id += 1;
        self.extents.push(Extent {
            id: self.last_id,
            outer,
            depth,
            fuel_left,
            memory,
            node,
            alive: true,
            has_tasks: false,
        });
        self.current = self.extents.len() - 1;
        self.last_id
    }

    /// Ends the extent at an index and all opened inside it; the one around it becomes current.
    pub(crate) fn close(&mut self, index: usize) {
        if let Some(outer) = self.extents[index].outer {
            self.leave_to(self.extents[outer].id);
        }
    }

    /// Removes the extents that have ended though one opened later has not, and those inside them.
    fn remove_ended(&mut self) {
        let mut places: Vec<Option<usize>> = Vec::with_capacity(self.extents.len());
        let mut kept = 0;
        for extent in &self.extents {
            let lives = extent.alive && extent.outer.is_none_or(|at| places[at].is_some());
            places.push(lives.then_some(kept));
            kept += usize::from(lives);
        }
        let mut at = 0;
        self.extents.retain_mut(|extent| {
            at += 1;
            extent.outer = extent.outer.and_then(|outer| places[outer]);
            places[at - 1].is_some()
        });
        self.current = places[self.current].unwrap_or(0);
        self.extents_max = EXTENTS_MAX.max(2 * kept);
    }

    /// The place of an extent: they stand in the order of their numbers.
    fn place(&self, id: u64) -> Option<usize> {
        self.extents.binary_search_by_key(&id, |it| it.id).ok()
    }

    /// How many extents are around the current one.
    pub(crate) fn depth(&self) -> usize {
        self.extents[self.current].depth
    }

    fn forget_dead(&mut self) {
        while self.extents.len() > 1 && self.extents.last().is_some_and(|last| !last.alive) {
            self.extents.pop();
        }
    }

    /// Whether an extent is the current one or around it.
    pub(crate) fn encloses(&self, id: u64) -> bool {
        self.chain().any(|at| self.extents[at].id == id)
    }

    /// Ends every extent between the current one and that of number `id`, which becomes current.
    pub(crate) fn leave_to(&mut self, id: u64) {
        while self.extents[self.current].id != id && self.current != 0 {
            self.extents[self.current].alive = false;
            self.left_tasks |= self.extents[self.current].has_tasks;
            self.current = self.extents[self.current].outer.unwrap_or(0);
        }
        self.forget_dead();
    }

    /// Whether an extent has not ended, nor one around it.
    pub(crate) fn is_alive(&self, id: u64) -> bool {
        let found = self.place(id);
        let mut around = found;
        while let Some(at) = around {
            if !self.extents[at].alive {
                return false;
            }
            around = self.extents[at].outer;
        }
        found.is_some()
    }

    /// The numbers of the extents that have not ended, nor any around them, in order.
    pub(crate) fn living(&self) -> Vec<u64> {
        let mut lives = Vec::with_capacity(self.extents.len());
        for extent in &self.extents {
            lives.push(extent.alive && extent.outer.is_none_or(|at| lives[at]));
        }
        let numbered = self.extents.iter().zip(lives);
        numbered.filter(|it| it.1).map(|it| it.0.id).collect()
    }

    /// How many extents there are, those among them that have ended and are not removed yet.
    pub(crate) fn count(&self) -> usize {
        self.extents.len()
    }

    /// Takes note that a task begins in the current extent.
    pub(crate) fn note_task(&mut self) {
        self.extents[self.current].has_tasks = true;
    }

    /// Whether an extent in which tasks began has ended since the last time.
    pub(crate) fn take_left_tasks(&mut self) -> bool {
        std::mem::take(&mut self.left_tasks)
    }

    /// Makes an extent current because another task is taken up; the whole evaluation's if that one has ended.
    pub(crate) fn enter(&mut self, id: u64) {
        let found = self.place(id).filter(|&at| self.extents[at].alive);
        self.current = found.unwrap_or(0);
    }

    /// The number of the current extent.
    pub(crate) fn current(&self) -> u64 {
        self.extents[self.current].id
    }

    pub(crate) fn node(&self, extent: usize) -> Value {
        self.extents[extent].node
    }

    pub(crate) fn roots(&self, roots: &mut Vec<Value>) {
        roots.extend(self.extents.iter().map(|extent| extent.node));
    }

    pub(crate) fn update_roots(&mut self, mut next: impl FnMut() -> Value) {
        for extent in &mut self.extents {
            extent.node = next();
        }
    }
}
