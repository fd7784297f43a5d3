//! The stack's life beyond the active part: put aside as segments of the heap when it is full or when a continuation is captured, and taken
//! up again a little at a time. A segment's words are never changed, so continuations share them.
//!
//! What that costs: putting aside is charged by the word, taking up for the first time is part of the same bargain. Taking up what has been taken
//! up before (a continuation re-entered) is charged for again, and for more than the copy, since the rest of each frame's piece of code runs
//! again without being charged again.

use super::dispatch::{link, link_delta, link_pc};
use super::machine::{Fault, Machine};
use crate::value::{Kind, Value};

/// Place of the return point at the bottom of the active stack; see [`super::stubs`].
pub(crate) const UNDERFLOW_PC: usize = 0;
/// A segment is taken up in pieces of at least so many words.
const PIECE_WORDS: usize = 64;

/// One unit of fuel for so many words put aside, without the first few.
const WORDS_PER_FUEL: u64 = 4;
const FREE_WORDS: usize = 16;

/// Fields of a segment.
const STORAGE: usize = 0;
const USED: usize = 1;
const LINK: usize = 2;
const NEXT: usize = 3;
const DEPTH: usize = 4;
const FIELDS: usize = 5;

/// The flag of a segment that has been taken up before.
const TAKEN: u8 = 1;
/// What taking up a piece again costs, beside [`AGAIN_FUEL_PER_WORD`].
const AGAIN_FUEL: u64 = 16;
/// A frame has at least four words, and at most [`crate::ir::PIECE_PRICE_MAX`] of its code is paid for in advance.
const AGAIN_FUEL_PER_WORD: u64 = 4;

/// Words below the active stack.
pub(crate) fn base_depth(m: &Machine) -> usize {
    if m.chain == Value::NIL {
        0
    } else {
        m.heap.field(m.chain, DEPTH).fixnum_value() as usize
    }
}

/// Depth in words of the running frame, counted from the bottom of the task's stack.
pub(crate) fn depth(m: &Machine) -> usize {
    base_depth(m) + m.fp
}

/// Puts everything below the frame at `fp` aside; that frame becomes the bottom one. `top` is the end of the words in use.
/// Afterwards `chain` is the continuation of the frame.
pub(crate) fn put_aside(m: &mut Machine) -> Result<(), Fault> {
    let used = m.fp;
    if used == 0 {
        return Ok(());
    }
    m.charge(used.saturating_sub(FREE_WORDS) as u64 / WORDS_PER_FUEL)?;
    m.ensure(2 + used + FIELDS)?;
    let storage = m.heap.filled(Kind::Vector, 0, used, Value::NIL);
    for place in 0..used {
        m.heap.set_field(storage, place, Value(m.stack[place]));
    }
    let depth = base_depth(m) + used;
    let back = Value(m.stack[used + 1]);
    let fields = [
        storage,
        Value::fixnum(used as i64),
        back,
        m.chain,
        Value::fixnum(depth as i64),
    ];
    m.chain = m.heap.object(Kind::Segment, 0, &fields);
    m.stack.copy_within(used..m.top, 0);
    m.top -= used;
    m.fp = 0;
    m.stack[1] = link(UNDERFLOW_PC, 0);
    Ok(())
}

/// A segment that holds one frame and nothing below it; `back` is where it goes on. Asks for nothing: 5 + 6 words must be there.
pub(crate) fn segment(m: &mut Machine, frame: &[Value], back: u64) -> Value {
    let storage = m.heap.object(Kind::Vector, 0, frame);
    let used = Value::fixnum(frame.len() as i64);
    m.heap.object(
        Kind::Segment,
        0,
        &[storage, used, Value(back), Value::NIL, used],
    )
}

/// A value arrived at the bottom of the active stack (`stack[0]`): takes up the top piece of the segment below it, and goes on where that frame was left.
/// Says whether there was one.
pub(crate) fn take_up(m: &mut Machine) -> Result<bool, Fault> {
    if m.chain == Value::NIL {
        return Ok(false);
    }
    m.top = 1;
    m.ensure(1 + FIELDS)?;
    let value = m.stack[0];
    let segment = m.chain;
    let again = m.heap.header(segment).flags() & TAKEN;
    let storage = m.heap.field(segment, STORAGE);
    let used = m.heap.field(segment, USED).fixnum_value() as usize;
    let back = m.heap.field(segment, LINK).0;
    let word = |m: &Machine, place: usize| m.heap.field(storage, place).0;
    let caller = used - link_delta(back);
    let mut bottom = caller;
    while bottom > 0 && used - bottom < PIECE_WORDS {
        bottom -= link_delta(word(m, bottom + 1));
    }
    m.make_room(0, used - bottom);
    for place in bottom..used {
        m.stack[place - bottom] = word(m, place);
    }
    if bottom == 0 {
        m.chain = m.heap.field(segment, NEXT);
    } else {
        let rest_link = Value(m.stack[1]);
        let below = m.heap.field(segment, DEPTH).fixnum_value() as usize - (used - bottom);
        let fields = [
            storage,
            Value::fixnum(bottom as i64),
            rest_link,
            m.heap.field(segment, NEXT),
            Value::fixnum(below as i64),
        ];
        m.chain = m.heap.object(Kind::Segment, again, &fields);
        m.stack[1] = link(UNDERFLOW_PC, 0);
    }
    m.fp = caller - bottom;
    m.pc = link_pc(back);
    m.stack[used - bottom] = value;
    m.top = used - bottom + 1;
    if again == TAKEN {
        m.charge(AGAIN_FUEL + AGAIN_FUEL_PER_WORD * (used - bottom) as u64)?;
    } else {
        m.heap.set_flags(segment, TAKEN);
    }
    Ok(true)
}

/// Drops everything above the frame that begins at `depth` words; that frame becomes the running one. `words` are those of it that matter.
pub(crate) fn cut(m: &mut Machine, depth: usize, words: usize) -> Result<(), Fault> {
    let base = base_depth(m);
    if depth >= base {
        m.fp = depth - base;
        m.top = m.fp + words;
        return Ok(());
    }
    m.top = 0;
    m.ensure(1 + FIELDS)?;
    let mut steps = 0;
    loop {
        let segment = m.chain;
        let end = m.heap.field(segment, DEPTH).fixnum_value() as usize;
        let used = m.heap.field(segment, USED).fixnum_value() as usize;
        let start = end - used;
        steps += 1;
        if depth < start {
            m.chain = m.heap.field(segment, NEXT);
            continue;
        }
        let again = m.heap.header(segment).flags();
        let storage = m.heap.field(segment, STORAGE);
        let frame = depth - start;
        m.make_room(0, words);
        for place in 0..words.min(used - frame) {
            m.stack[place] = m.heap.field(storage, frame + place).0;
        }
        if frame == 0 {
            m.chain = m.heap.field(segment, NEXT);
        } else {
            let back = Value(m.stack[1]);
            let fields = [
                storage,
                Value::fixnum(frame as i64),
                back,
                m.heap.field(segment, NEXT),
                Value::fixnum(depth as i64),
            ];
            m.chain = m.heap.object(Kind::Segment, again, &fields);
            m.stack[1] = link(UNDERFLOW_PC, 0);
        }
        break;
    }
    m.fp = 0;
    m.top = words;
    m.charge(steps)
}

/// Calls `f` with the return place of each frame, the innermost first, until it says to stop.
pub(crate) fn walk(m: &Machine, mut f: impl FnMut(usize, Option<usize>) -> bool) {
    let mut fp = m.fp;
    let mut back = m.stack[fp + 1];
    while link_pc(back) != UNDERFLOW_PC {
        if !f(link_pc(back), Some(fp)) {
            return;
        }
        fp -= link_delta(back);
        back = m.stack[fp + 1];
    }
    let mut segment = m.chain;
    while segment != Value::NIL {
        let storage = m.heap.field(segment, STORAGE);
        let mut at = m.heap.field(segment, USED).fixnum_value() as usize;
        let mut back = m.heap.field(segment, LINK).0;
        while link_pc(back) != UNDERFLOW_PC {
            if !f(link_pc(back), None) {
                return;
            }
            at -= link_delta(back);
            back = m.heap.field(storage, at + 1).0;
        }
        segment = m.heap.field(segment, NEXT);
    }
}
