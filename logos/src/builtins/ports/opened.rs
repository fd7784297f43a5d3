//! Ports of files that were opened inside a limit: when that runs out, or their task is abandoned, the machine closes them.
//!
//! A port that outlives its limit because that ended in the ordinary way belongs to the limit around it. Ports opened outside all limits are
//! their program's to close.

use super::{CLOSED, CONSOLE, FILE, FLAGS, flags};
use crate::value::Value;
use crate::vm::{self, Machine};

/// A port, the task that opened it, and the limit in force then.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// The port.
    pub port: Value,
    /// The task.
    pub task: Value,
    extent: u64,
}

/// Takes note of a port that has been opened.
pub(super) fn note(m: &mut Machine, port: Value) {
    let extent = m.current_extent();
    if extent != 0 {
        let task = vm::running_task(m);
        m.opened.push(Opened { port, task, extent });
    }
}

/// A port is closed.
pub(super) fn forget(m: &mut Machine, port: Value) {
    // Each is paid for with the request that opened it.
    m.opened.retain(|opened| opened.port != port);
}

/// Closes the ports opened inside limits that have ended: all, or those of one task.
pub fn close_outlived(m: &mut Machine, task: Option<Value>) {
    if m.opened.is_empty() {
        return;
    }
    let living = m.living_extents();
    let has_ended = |extent: u64| living.binary_search(&extent).is_err();
    let (ended, kept): (Vec<Opened>, Vec<Opened>) = std::mem::take(&mut m.opened)
        .into_iter()
        .partition(|it| task.is_none_or(|task| task == it.task) && has_ended(it.extent));
    m.opened = kept;
    for Opened { port, .. } in ended {
        let flags = flags(m, port);
        if flags & (CONSOLE | CLOSED) != 0 {
            continue;
        }
        m.heap.set_field(port, FLAGS, Value::fixnum(flags | CLOSED));
        let file = m.heap.field(port, FILE);
        vm::ask_to_close(m, file);
    }
}

/// Limits have ended, but not by running out: what was opened inside them by the running task, or by one that has ended, belongs to the limit
/// that is now in force.
pub fn pass_outwards(m: &mut Machine) {
    if m.opened.is_empty() {
        return;
    }
    let extent = m.current_extent();
    let living = m.living_extents();
    let mut opened = std::mem::take(&mut m.opened);
    for it in &mut opened {
        let goes_on = it.task != vm::running_task(m) && vm::goes_on(m, it.task);
        if !goes_on && living.binary_search(&it.extent).is_err() {
            it.extent = extent;
        }
    }
    m.opened = opened;
}
