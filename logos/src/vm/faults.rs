//! Faults on their way: to a handler, to whoever set the limit that ran out, or to the end of the task.

use super::{Condition, Fault, State, Status, Vm, control, dispatch, tasks};
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

    /// A fault of the frame at `fp`.
    pub(crate) fn fault(&mut self, fault: Fault) -> Option<Status> {
        match fault {
            Fault::Raise { continuable } => self.raise(continuable),
            _ => self.fault_again(fault),
        }
    }

    /// Brings what was raised to its handler.
    fn raise(&mut self, continuable: bool) -> Option<Status> {
        self.complete_error();
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
                // Its calls were all in tail position: what is known is the form they began in.
                let texts = self.evaluations.values().rev();
                let mut forms = texts.filter(|it| it.source.is_some()).map(|it| it.form);
                condition.span = forms.next().unwrap_or(condition.span);
            }
            self.machine.main = raised;
            return Some(self.fail_evaluation(condition));
        }
        self.state = State::Between;
        match tasks::end(&mut self.machine, raised, false) {
            Ok(()) => None,
            Err(fault) => self.fault_again(fault),
        }
    }

    /// Ends the main task with a condition; the others stay.
    pub(super) fn fail_evaluation(&mut self, condition: Condition) -> Status {
        self.condition = Some(condition);
        self.evaluations.clear();
        self.machine.temporaries.clear();
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
