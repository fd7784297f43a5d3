//! The machine's own return points at work: what each of them does with the value that came back to its frame (see [`super::stubs`] for
//! what stands there). The frame is at `fp`.

use super::control::{apply, push_stub};
use super::{Machine, Status, Vm, dynamic, stubs, tasks};
use crate::opcode::Op;
use crate::value::{Kind, Value};

impl Vm {
    /// Goes on at one of the machine's own return points.
    pub(super) fn stub(&mut self, op: Op) -> Option<Status> {
        match op {
            Op::StubUnderflow => self.underflow(),
            Op::StubDynamic => self.restore_dynamic(3),
            Op::StubGuard => self.restore_dynamic(4),
            Op::StubLimit => self.limits_end(),
            Op::StubRaise => self.handler_returned(),
            Op::StubValues => self.receive_values(),
            Op::StubFuelUsed => self.return_fuel_used(),
            Op::StubStart => self.start_task(),
            Op::StubFiles => self.files_returned(),
            Op::StubTask => self.task_ended(),
            Op::StubUnit => self.unit_returned(),
            Op::StubTransformer => self.transformer_returned(),
            _ => unreachable!("every other operation is the interpreter's own"),
        }
    }

    /// Returns the value in a register to the dynamic state there was before.
    fn restore_dynamic(&mut self, register: usize) -> Option<Status> {
        let m = &mut self.machine;
        m.dynamic = word(m, 2);
        let value = word(m, register);
        self.return_value(value);
        None
    }

    fn limits_end(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        m.dynamic = word(m, 2);
        m.settle_fuel();
        let around = m.heap.field(m.dynamic, dynamic::EXTENT).fixnum_value() as u64;
        m.limits.leave_to(around);
        m.limits_changed();
        crate::builtins::ports::opened::pass_outwards(m);
        let value = word(m, 4);
        self.return_value(value);
        None
    }

    /// A handler returned from an error that cannot be continued: raises that, for the handlers around it.
    fn handler_returned(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        m.dynamic = word(m, 2);
        m.top = m.fp + 4;
        let handler = m.heap.field(m.dynamic, dynamic::HANDLERS);
        if handler != Value::NIL
            && let Ok(masked) = dynamic::mask(m, handler)
        {
            m.dynamic = masked;
        }
        let message = "the handler returned, but this error cannot be continued";
        let fault = m.error(":user", message, &[word(m, 3)]);
        self.fault(fault)
    }

    fn receive_values(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let (receiver, values) = (word(m, 2), word(m, 3));
        m.top = m.fp + 4;
        let count = if m.heap.is(values, Kind::Values) {
            let count = m.heap.length(values);
            m.make_room(m.fp + 2, count);
            for place in 0..count {
                m.stack[m.fp + 2 + place] = m.heap.field(values, place).0;
            }
            count
        } else {
            m.stack[m.fp + 2] = values.0;
            1
        };
        m.stack[m.fp] = receiver.0;
        m.top = m.fp + 2 + count;
        m.fuel -= count as i64;
        self.enter(count)
    }

    fn return_fuel_used(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let before = word(m, 2).fixnum_value() as u64;
        m.top = m.fp + 4;
        let used = m.fuel_used() - before;
        if let Err(fault) = m.ensure(3) {
            return self.fault(fault);
        }
        let fields = [word(m, 3), Value::fixnum(used as i64)];
        let values = m.heap.object(Kind::Values, 0, &fields);
        self.return_value(values);
        None
    }

    fn start_task(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let (promise, thunk) = (word(m, 2), word(m, 3));
        push_stub(m, stubs::TASK, &[promise]);
        let next = apply(m, thunk, &[]);
        self.follow(Ok(next))
    }

    fn task_ended(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let value = word(m, 3);
        m.top = m.fp + 4;
        let ended = tasks::end(m, value, true);
        self.after_task(ended)
    }
}

/// A register of the frame at `fp`.
fn word(m: &Machine, register: usize) -> Value {
    Value(m.stack[m.fp + register])
}
