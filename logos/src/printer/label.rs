//! Which parts of a value need a label, so that what is written is finite or shows what is shared.

use crate::builtins::{dicts, promises};
use crate::heap::Heap;
use crate::scratch::{ENTRY_WORDS, IdentityMap, Scratch};
use crate::value::{Kind, Value};
use crate::vm::{Fault, Machine, error_fields};

/// What labels are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// There are none.
    Ignored,
    /// What contains itself.
    Cycles,
    /// What contains itself by way of pairs, vectors and dicts alone.
    DataCycles,
    /// What is reached in more than one way.
    All,
}

/// The values that need labels, and the numbers given so far, in the order written.
#[derive(Default)]
pub struct Labels {
    numbers: IdentityMap<Option<u32>>,
    next: u32,
}

impl Labels {
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether a value needs a label.
    pub fn has(&self, value: Value) -> bool {
        !self.numbers.is_empty() && self.numbers.contains_key(&value.0)
    }

    /// The number of a value that needs a label, and whether it is written for the first time.
    pub fn meet(&mut self, value: Value) -> Option<(u32, bool)> {
        if self.numbers.is_empty() {
            return None;
        }
        let number = self.numbers.get_mut(&value.0)?;
        if let Some(number) = *number {
            return Some((number, false));
        }
        *number = Some(self.next);
        self.next += 1;
        Some((self.next - 1, true))
    }
}

/// Parts of a value that are looked at without a table, to see that there are few.
const FEW: usize = 200;
/// Words counted for a value whose parts are being looked at.
const FRAME_WORDS: usize = 2;

/// A part of a value that may contain others, from 0. Keys of dicts are left out: they contain no cycles and share nothing.
fn part(heap: &Heap, value: Value, index: usize) -> Option<Value> {
    if value.is_pair() {
        return match index {
            0 => Some(heap.car(value)),
            1 => Some(heap.cdr(value)),
            _ => None,
        };
    }
    match heap.kind(value)? {
        Kind::Vector | Kind::Values => {
            (index < heap.length(value)).then(|| heap.field(value, index))
        }
        Kind::Record => (index + 1 < heap.length(value)).then(|| heap.field(value, index + 1)),
        Kind::Error => (index < error_fields::SPAN).then(|| heap.field(value, index)),
        Kind::Dict => dicts::entry_at(heap, value, index).map(|(_, value)| value),
        Kind::Promise if index == 0 => {
            let content = heap.field(value, 0);
            let state = heap.field(content, promises::STATE).as_fixnum();
            (state == Some(promises::FULFILLED)).then(|| heap.field(content, promises::VALUE))
        }
        _ => None,
    }
}

/// Whether a value has so few parts, each counted as often as it is reached, that it contains no cycle.
fn is_small_tree(heap: &Heap, value: Value) -> bool {
    let mut pending = vec![(value, 0)];
    let mut left = FEW;
    while let Some((value, index)) = pending.pop() {
        let Some(child) = part(heap, value, index) else {
            continue;
        };
        let Some(less) = left.checked_sub(1) else {
            return false;
        };
        left = less;
        pending.push((value, index + 1));
        if child.is_reference() {
            pending.push((child, 0));
        }
    }
    true
}

/// Finds what needs a label. Charges for each part.
pub fn find(
    m: &mut Machine,
    value: Value,
    sharing: Sharing,
    scratch: &mut Scratch,
) -> Result<Labels, Fault> {
    if sharing == Sharing::Ignored || !value.is_reference() {
        return Ok(Labels::default());
    }
    if sharing == Sharing::Cycles {
        if is_small_tree(&m.heap, value) {
            return Ok(Labels::default());
        }
        m.charge(FEW as u64)?;
    }
    let mut search = Search::new(sharing);
    search.enter(&m.heap, value);
    loop {
        let before = search.seen.len();
        if !search.step(&m.heap) {
            return Ok(search.labels());
        }
        let new = search.seen.len() - before;
        m.charge(2 + 12 * new as u64)?;
        scratch.hold(ENTRY_WORDS * search.seen.len() + FRAME_WORDS * search.path.len())?;
    }
}

/// The same for cycles alone, at no charge; no labels when there are more parts than that.
pub fn find_few(heap: &Heap, value: Value, parts_max: usize) -> Labels {
    if is_small_tree(heap, value) {
        return Labels::default();
    }
    let mut search = Search::new(Sharing::Cycles);
    search.enter(heap, value);
    for _ in 0..parts_max {
        if !search.step(heap) {
            return search.labels();
        }
    }
    Labels::default()
}

#[derive(Clone, Copy)]
struct Mark {
    is_open: bool,
    is_wanted: bool,
}

/// A walk, depth first, that visits each value once.
struct Search {
    sharing: Sharing,
    seen: IdentityMap<Mark>,
    path: Vec<(Value, usize)>,
}

impl Search {
    fn new(sharing: Sharing) -> Search {
        Search {
            sharing,
            seen: IdentityMap::default(),
            path: Vec::new(),
        }
    }

    fn enter(&mut self, heap: &Heap, value: Value) {
        if !value.is_reference() || part(heap, value, 0).is_none() {
            return;
        }
        let is_data =
            value.is_pair() || matches!(heap.kind(value), Some(Kind::Vector | Kind::Dict));
        if self.sharing == Sharing::DataCycles && !is_data {
            return;
        }
        if let Some(mark) = self.seen.get_mut(&value.0) {
            mark.is_wanted |= mark.is_open || self.sharing == Sharing::All;
            return;
        }
        let mark = Mark {
            is_open: true,
            is_wanted: false,
        };
        self.seen.insert(value.0, mark);
        self.path.push((value, 0));
    }

    /// Looks at one part; whether there was anything left.
    fn step(&mut self, heap: &Heap) -> bool {
        let Some((value, index)) = self.path.last_mut() else {
            return false;
        };
        let value = *value;
        match part(heap, value, *index) {
            Some(child) => {
                *index += 1;
                self.enter(heap, child);
            }
            None => {
                self.path.pop();
                if let Some(mark) = self.seen.get_mut(&value.0) {
                    mark.is_open = false;
                }
            }
        }
        true
    }

    fn labels(self) -> Labels {
        let wanted = self.seen.into_iter().filter(|(_, mark)| mark.is_wanted);
        Labels {
            numbers: wanted.map(|(value, _)| (value, None)).collect(),
            next: 0,
        }
    }
}
