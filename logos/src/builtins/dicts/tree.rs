//! Weight-balanced trees in the heap, changed by copying the path (Adams 1993, with the parameters of Hirai and Yamamoto, "Balancing weight-balanced
//! trees", 2011). Nothing here asks for memory or compares keys: whoever calls has done both.

use crate::heap::Heap;
use crate::value::{Kind, Value};

/// Field numbers of a node.
pub const KEY: usize = 0;
/// See [`KEY`].
pub const VALUE: usize = 1;
/// See [`KEY`].
pub const LEFT: usize = 2;
/// See [`KEY`].
pub const RIGHT: usize = 3;
const SIZE: usize = 4;
/// Words that a node takes.
pub const NODE_WORDS: usize = 6;

/// A subtree may weigh at most so many times as much as its sibling.
const DELTA: usize = 3;
/// A single rotation is enough while the inner grandchild weighs less than so many times the outer one.
const GAMMA: usize = 2;

/// Words that changing a path of so many nodes may take: balancing makes up to 3 nodes of one.
pub const fn path_words(nodes: usize) -> usize {
    3 * NODE_WORDS * nodes
}

/// The most nodes on a path in a tree of a size: the logarithm of its weight to the base of 4/3, rounded up.
pub const fn depth_max(size: usize) -> usize {
    let bits = (usize::BITS - size.leading_zeros()) as usize;
    bits * 5 / 2 + 2
}

/// How many entries there are.
pub fn size(heap: &Heap, node: Value) -> usize {
    if node == Value::NIL {
        0
    } else {
        heap.field(node, SIZE).fixnum_value() as usize
    }
}

/// The entries in order.
pub fn entries(heap: &Heap, root: Value) -> Vec<(Value, Value)> {
    let mut entries = Vec::with_capacity(size(heap, root));
    let mut pending = Vec::new();
    let mut node = root;
    loop {
        while node != Value::NIL {
            pending.push(node);
            node = heap.field(node, LEFT);
        }
        let Some(next) = pending.pop() else {
            return entries;
        };
        entries.push((heap.field(next, KEY), heap.field(next, VALUE)));
        node = heap.field(next, RIGHT);
    }
}

/// The entry at a place, from 0.
pub fn entry_at(heap: &Heap, root: Value, place: usize) -> Option<(Value, Value)> {
    let (mut node, mut place) = (root, place);
    while node != Value::NIL {
        let before = size(heap, heap.field(node, LEFT));
        if place == before {
            return Some((heap.field(node, KEY), heap.field(node, VALUE)));
        }
        if place < before {
            node = heap.field(node, LEFT);
        } else {
            place -= before + 1;
            node = heap.field(node, RIGHT);
        }
    }
    None
}

fn node(heap: &mut Heap, key: Value, value: Value, left: Value, right: Value) -> Value {
    let size = 1 + size(heap, left) + size(heap, right);
    let fields = [key, value, left, right, Value::fixnum(size as i64)];
    heap.object(Kind::DictNode, 0, &fields)
}

/// A tree of entries that are in order. Recursion is as deep as the tree: the logarithm of their number.
pub fn build(heap: &mut Heap, entries: &[(Value, Value)]) -> Value {
    let middle = entries.len() / 2;
    let Some(&(key, value)) = entries.get(middle) else {
        return Value::NIL;
    };
    let left = build(heap, &entries[..middle]);
    let right = build(heap, &entries[middle + 1..]);
    node(heap, key, value, left, right)
}

/// A node whose subtrees may be out of balance by one entry.
fn balanced(heap: &mut Heap, key: Value, value: Value, left: Value, right: Value) -> Value {
    let (left_weight, right_weight) = (size(heap, left) + 1, size(heap, right) + 1);
    if right_weight > DELTA * left_weight {
        rotate(heap, (key, value), right, left, RIGHT)
    } else if left_weight > DELTA * right_weight {
        rotate(heap, (key, value), left, right, LEFT)
    } else {
        node(heap, key, value, left, right)
    }
}

/// A node with its subtrees on the given sides.
fn sided(
    heap: &mut Heap,
    (key, value): (Value, Value),
    outer: Value,
    inner: Value,
    side: usize,
) -> Value {
    if side == LEFT {
        node(heap, key, value, outer, inner)
    } else {
        node(heap, key, value, inner, outer)
    }
}

fn entry(heap: &Heap, node: Value) -> (Value, Value) {
    (heap.field(node, KEY), heap.field(node, VALUE))
}

/// Lifts the heavy subtree, which is on the side `side`, above an entry whose other subtree is the light one.
fn rotate(heap: &mut Heap, top: (Value, Value), heavy: Value, light: Value, side: usize) -> Value {
    let other = LEFT + RIGHT - side;
    let (outer, inner) = (heap.field(heavy, side), heap.field(heavy, other));
    let heavy_entry = entry(heap, heavy);
    if size(heap, inner) + 1 < GAMMA * (size(heap, outer) + 1) {
        let lowered = sided(heap, top, light, inner, other);
        return sided(heap, heavy_entry, outer, lowered, side);
    }
    let (near, far) = (heap.field(inner, side), heap.field(inner, other));
    let inner_entry = entry(heap, inner);
    let lowered = sided(heap, top, light, far, other);
    let kept = sided(heap, heavy_entry, outer, near, side);
    sided(heap, inner_entry, kept, lowered, side)
}

/// The nodes that a path from the root passes, one for each turn.
fn path(heap: &Heap, root: Value, turns: &[usize]) -> (Vec<Value>, Value) {
    let mut node = root;
    let mut passed = Vec::with_capacity(turns.len());
    for &turn in turns {
        passed.push(node);
        node = heap.field(node, turn);
    }
    (passed, node)
}

/// The tree with `changed` at the end of a path.
fn rebuilt(heap: &mut Heap, passed: &[Value], turns: &[usize], changed: Value) -> Value {
    passed
        .iter()
        .zip(turns)
        .rev()
        .fold(changed, |below, (&parent, &turn)| {
            let (key, value) = entry(heap, parent);
            let sibling = heap.field(parent, LEFT + RIGHT - turn);
            if turn == LEFT {
                balanced(heap, key, value, below, sibling)
            } else {
                balanced(heap, key, value, sibling, below)
            }
        })
}

/// The tree with a value at the end of a path: of the key that is there, or of a new one.
pub fn put(
    heap: &mut Heap,
    root: Value,
    turns: &[usize],
    found: bool,
    key: Value,
    value: Value,
) -> Value {
    let (passed, old) = path(heap, root, turns);
    let new = if found {
        let key = heap.field(old, KEY);
        let (left, right) = (heap.field(old, LEFT), heap.field(old, RIGHT));
        node(heap, key, value, left, right)
    } else {
        node(heap, key, value, Value::NIL, Value::NIL)
    };
    rebuilt(heap, &passed, turns, new)
}

/// The tree without the entry at the end of a path.
pub fn remove(heap: &mut Heap, root: Value, turns: &[usize]) -> Value {
    let (passed, old) = path(heap, root, turns);
    let (left, right) = (heap.field(old, LEFT), heap.field(old, RIGHT));
    let joined = if left == Value::NIL {
        right
    } else if right == Value::NIL {
        left
    } else if size(heap, left) > size(heap, right) {
        let ((key, value), left) = take_end(heap, left, RIGHT);
        balanced(heap, key, value, left, right)
    } else {
        let ((key, value), right) = take_end(heap, right, LEFT);
        balanced(heap, key, value, left, right)
    };
    rebuilt(heap, &passed, turns, joined)
}

/// The first or last entry of a tree, and the tree without it.
fn take_end(heap: &mut Heap, root: Value, side: usize) -> ((Value, Value), Value) {
    let mut turns = Vec::new();
    let mut end = root;
    while heap.field(end, side) != Value::NIL {
        turns.push(side);
        end = heap.field(end, side);
    }
    let (passed, _) = path(heap, root, &turns);
    let rest = heap.field(end, LEFT + RIGHT - side);
    (entry(heap, end), rebuilt(heap, &passed, &turns, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(heap: &Heap, root: Value) -> usize {
        if root == Value::NIL {
            return 0;
        }
        let left = check(heap, heap.field(root, LEFT));
        let right = check(heap, heap.field(root, RIGHT));
        assert!(
            left < DELTA * (right + 1) && right < DELTA * (left + 1),
            "balanced"
        );
        assert_eq!(size(heap, root), left + right + 1);
        left + right + 1
    }

    fn find(heap: &Heap, root: Value, key: i64) -> (Vec<usize>, bool) {
        let (mut node, mut turns) = (root, Vec::new());
        while node != Value::NIL {
            let here = heap.field(node, KEY).fixnum_value();
            if here == key {
                return (turns, true);
            }
            let side = if key < here { LEFT } else { RIGHT };
            turns.push(side);
            node = heap.field(node, side);
        }
        (turns, false)
    }

    #[test]
    fn stays_balanced_and_agrees_with_a_map() {
        let mut heap = Heap::new();
        let (mut root, mut model) = (Value::NIL, std::collections::BTreeMap::new());
        let mut state = 12345u64;
        for step in 0..4000 {
            state = crate::scratch::mix(state + 1);
            let key = (state % 300) as i64;
            let (turns, found) = find(&heap, root, key);
            assert_eq!(found, model.contains_key(&key));
            assert!(turns.len() <= depth_max(size(&heap, root)));
            if state >> 40 & 3 != 0 {
                let (k, v) = (Value::fixnum(key), Value::fixnum(step));
                root = put(&mut heap, root, &turns, found, k, v);
                model.insert(key, step);
            } else if found {
                root = remove(&mut heap, root, &turns);
                model.remove(&key);
            }
            assert_eq!(check(&heap, root), model.len());
        }
        let all: Vec<(i64, i64)> = entries(&heap, root)
            .into_iter()
            .map(|(k, v)| (k.fixnum_value(), v.fixnum_value()))
            .collect();
        assert_eq!(all, model.into_iter().collect::<Vec<_>>());
        for (place, (key, _)) in all.iter().enumerate() {
            assert_eq!(
                entry_at(&heap, root, place).map(|e| e.0),
                Some(Value::fixnum(*key))
            );
        }
        assert_eq!(entry_at(&heap, root, all.len()), None);
    }

    #[test]
    fn what_is_built_at_once_is_balanced() {
        let mut heap = Heap::new();
        for count in 0..200 {
            let entries: Vec<(Value, Value)> = (0..count)
                .map(|n| (Value::fixnum(n), Value::TRUE))
                .collect();
            let root = build(&mut heap, &entries);
            assert_eq!(check(&heap, root), count as usize);
        }
    }
}
