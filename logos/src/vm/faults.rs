//! Faults on their way: to a handler, to whoever set the limit that ran out, or to the end of the task.

use super::{Condition, Fault, State, Status, Vm, control, dispatch, tasks};
use crate::opcode;
use crate::syntax::Place;
use crate::value::Value;

impl Vm {
    /// The instruction at `pc` failed: begins a frame above its words in use, from which to raise.
    pub(super) fn begin_fault_frame(&mut self) {
        let m = &mut self.machine;
        dispatch::clear_hole(&self.code, m);
        let delta = self.code.heights[m.pc] as usize;
        m.fp += delta;
        m.stack[m.fp] = Value::FALSE.0;
        m.stack[m.fp + 1] = dispatch::link(m.pc + 1, delta);
        m.top = m.fp + 2;
    }

    /// The builtin called by the instruction at `pc` needs more of a port: has it filled, and then does the instruction again.
    pub(super) fn fill_port_and_retry(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        dispatch::clear_hole(&self.code, m);
        // The builtin's arguments are above the words in use.
        let word = self.code.words[m.pc];
        let delta = opcode::a(word) + opcode::b(word);
        m.fp += delta;
        m.stack[m.fp] = Value::FALSE.0;
        m.stack[m.fp + 1] = dispatch::link(m.pc, delta);
        m.top = m.fp + 2;
        let (procedure, port) = (m.globals[self.places.fill_port], m.raised);
        let next = control::apply(m, procedure, &[port]);
        self.follow(Ok(next))
    }

    /// The same for a builtin that is applied in the frame at `fp`.
    fn fill_port_and_apply(&mut self) -> Option<Status> {
        let m = &mut self.machine;
        let count = m.top - (m.fp + 2);
        if let Err(fault) = m.ensure(2 * count) {
            return self.fault(fault);
        }
        let places = (m.fp + 2..m.top).rev();
        let arguments = places.fold(Value::NIL, |list, place| {
            m.heap.cons(Value(m.stack[place]), list)
        });
        let (builtin, port) = (Value(m.stack[m.fp]), m.raised);
        let procedure = m.globals[self.places.fill_port_and_apply];
        let next = control::apply(m, procedure, &[port, builtin, arguments]);
        self.follow(Ok(next))
    }

    /// A fault of the frame at `fp`.
    pub(crate) fn fault(&mut self, fault: Fault) -> Option<Status> {
        match fault {
            Fault::Raise { continuable } => self.raise(continuable),
            Fault::FillPort => self.fill_port_and_apply(),
            _ => self.fault_again(fault),
        }
    }

    /// Brings what was raised to its handler.
    fn raise(&mut self, continuable: bool) -> Option<Status> {
        if let Err(fault) = self.complete_error() {
            return self.fault_again(fault);
        }
        match control::raise(&mut self.machine, continuable, &self.places) {
            Ok(None) => self.uncaught(),
            Ok(Some(next)) => self.follow(Ok(next)),
            Err(fault) => self.fault_again(fault),
        }
    }

    /// A fault that came while another was dealt with, or the end of a limit.
    pub(super) fn fault_again(&mut self, fault: Fault) -> Option<Status> {
        if let Fault::Raise { .. } = fault {
            return self.uncaught();
        }
        match control::exhausted(&mut self.machine, fault) {
            Ok(true) => self.raise(false),
            Ok(false) => {
                let condition = Condition::exhausted(fault);
                self.whole_limit_out = true;
                Some(self.fail_evaluation(condition))
            }
            Err(fault) => self.fault_again(fault),
        }
    }

    /// Nobody handles what was raised: the task fails.
    fn uncaught(&mut self) -> Option<Status> {
        let raised = self.machine.raised;
        if self.machine.task == self.machine.main_task {
            let mut condition = self.condition_of(raised);
            if condition.span.is_none() {
                let calls = self.calls();
                let place = calls
                    .first()
                    .map_or_else(Place::default, |&(_, place)| place);
                (condition.span, condition.origin) = (place.span, place.origin);
            }
            if condition.span.is_none() {
                // Its calls were all in tail position: what is known is the form they began in.
                let texts = self.evaluations.values().rev();
                let mut forms = texts.filter(|it| it.source.is_some()).map(|it| it.form);
                condition.span = forms.next().unwrap_or(condition.span);
            }
            self.machine.main = raised;
            return Some(self.fail_evaluation(condition));
        }
        let ended = tasks::end(&mut self.machine, raised, false);
        self.after_task(ended)
    }

    /// A task has ended: another one has its turn, unless a limit ran out with it, which is dealt with where that was set.
    pub(super) fn after_task(&mut self, ended: Result<(), Fault>) -> Option<Status> {
        match ended {
            Ok(()) => {
                self.state = State::Between;
                None
            }
            Err(fault) => self.fault_again(fault),
        }
    }

    /// Ends the main task with a condition; the others stay.
    pub(super) fn fail_evaluation(&mut self, condition: Condition) -> Status {
        self.condition = Some(condition);
        let left: Vec<u64> = self.evaluations.keys().copied().collect();
        for number in left {
            self.forget_evaluation(number);
        }
        self.machine.temporaries.clear();
        self.machine.labelled.clear();
        self.machine.opaques.clear();
        self.machine.limits.leave_to(0);
        self.machine.limits_changed();
        let m = &mut self.machine;
        (m.chain, m.top, m.fp) = (Value::NIL, 0, 0);
        self.state = State::Between;
        let main_task = std::mem::replace(&mut m.main_task, Value::NIL);
        tasks::forget(m, main_task);
        Status::Failed
    }
}
