//! Where language and node meet: runs the jobs of others, each in a world of its own. Also makes
//! the wrong answers that practice liars give.

use logos::job::{Ending, FUEL_SCHEDULE, LANGUAGE_VERSION, LIBRARY_HASH, Run, Terms};
use logos::ship::{DATA, tag};
use logos::value::Value;
use logos::vm::{Bounds, Profile, Vm};
use node::jobs::{Answer, Control, Evaluation, Evaluator, JOB_BYTES_MAX, Job, Status, Versions};
use node::keys::Id;
use std::cell::RefCell;

/// Units of fuel between two looks at the clock.
const SLICE: u64 = 500_000;
/// Bytes of a job's name that chance begins with.
const SEED_BYTES: usize = 32;

/// Runs jobs in the pure profile.
#[derive(Debug, Default)]
pub struct LanguageEvaluator {
    _private: (),
}

impl LanguageEvaluator {
    /// One that is ready.
    pub fn new() -> LanguageEvaluator {
        LanguageEvaluator::default()
    }
}

impl Evaluator for LanguageEvaluator {
    fn versions(&self) -> Versions {
        Versions {
            fuel_schedule: FUEL_SCHEDULE,
            language: LANGUAGE_VERSION,
            stdlib: Id::from_bytes(*LIBRARY_HASH),
        }
    }

    fn evaluate(&self, job: &Job, control: &Control) -> Evaluation {
        if job.versions != self.versions() {
            return Evaluation::Refused("version".into());
        }
        let mut seed = [0; SEED_BYTES];
        seed.copy_from_slice(&job.name().as_bytes()[..SEED_BYTES]);
        let terms = Terms {
            bounds: Bounds {
                fuel: Some(control.fuel()),
                memory: Some(job.memory),
            },
            seed,
            ..Terms::default()
        };
        let mut run = Run::in_world(fresh_world(), &job.program, terms);
        let outcome = loop {
            if control.should_stop() {
                return Evaluation::Stopped;
            }
            if let Some(outcome) = run.run(SLICE) {
                break outcome;
            }
        };
        let status = match outcome.ending {
            Ending::Done => Status::Value,
            Ending::Error => Status::Error,
            Ending::FuelExhausted => Status::FuelExhausted,
            Ending::MemoryExhausted => Status::MemoryExhausted,
        };
        Evaluation::Done(Answer {
            outcome: outcome.bytes,
            status,
            setup_fuel: outcome.setup_fuel,
            fuel: outcome.fuel,
        })
    }
}

thread_local! {
    /// A world that has run nothing, to make others from; each worker has its own.
    static TEMPLATE: RefCell<Vm> = RefCell::new(Vm::new(Profile::Pure));
}

fn fresh_world() -> Vm {
    TEMPLATE.with_borrow_mut(Vm::fork)
}

/// The wrong answer that every liar makes of a right one: an integer is one too large, anything
/// else becomes 42.
pub fn lie(answer: &Answer) -> Answer {
    let outcome = one_more(&answer.outcome).unwrap_or_else(|| done(42, b"\0"));
    Answer {
        outcome,
        status: Status::Value,
        ..answer.clone()
    }
}

/// How the outcome of a job that ended with an integer begins: `(done INTEGER …`.
const DONE_INTEGER: [u8; 9] = [
    DATA,
    tag::PAIR,
    tag::SYMBOL,
    4,
    b'd',
    b'o',
    b'n',
    b'e',
    tag::PAIR,
];

fn one_more(outcome: &[u8]) -> Option<Vec<u8>> {
    let rest = outcome.strip_prefix(&DONE_INTEGER)?;
    let (&tag::INTEGER, digits) = rest.split_first()? else {
        return None;
    };
    let length = digits.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let mut number: u64 = 0;
    for (place, byte) in digits[..length].iter().enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * place as u32)?;
    }
    let number = (number >> 1) as i64 ^ -((number & 1) as i64);
    let mut lie = DONE_INTEGER.to_vec();
    push_integer(&mut lie, number.wrapping_add(1));
    lie.extend_from_slice(&digits[length..]);
    Some(lie)
}

/// `(done NUMBER "")`, where `output` is the encoding of the empty string without its tag.
fn done(number: i64, output: &[u8]) -> Vec<u8> {
    let mut outcome = DONE_INTEGER.to_vec();
    push_integer(&mut outcome, number);
    outcome.extend_from_slice(&[tag::PAIR, tag::STRING]);
    outcome.extend_from_slice(output);
    outcome.push(tag::NIL);
    outcome
}

fn push_integer(bytes: &mut Vec<u8>, number: i64) {
    bytes.push(tag::INTEGER);
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// The encoding of `#t`, the value of items that say everything beside it.
pub fn encoded_true() -> Vec<u8> {
    let mut vm = Vm::new(Profile::Pure);
    let encoded = vm.encode(Value::TRUE, true, JOB_BYTES_MAX);
    encoded.expect("a boolean can be encoded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use logos::printer::write_limited;
    use logos::vm::Status as VmStatus;
    use node::keys::PublicKey;
    use std::time::Duration;

    fn outcome(expression: &str) -> (Vm, Answer) {
        let mut vm = Vm::new(Profile::Pure);
        vm.begin(
            "test",
            &format!("(%program (lambda () {expression}))"),
            Bounds::default(),
        );
        assert_eq!(vm.run(u64::MAX), VmStatus::Done);
        let program = vm.result();
        let length = vm.machine.heap.bytes_length(program);
        let program = vm.machine.heap.bytes_slice(program, 0, length);
        let mut run = Run::new(&program, Terms::default());
        let outcome = run.run(u64::MAX).expect("it ends");
        let answer = Answer {
            outcome: outcome.bytes,
            status: Status::Value,
            setup_fuel: outcome.setup_fuel,
            fuel: outcome.fuel,
        };
        (vm, answer)
    }

    #[test]
    fn lies_are_wrong_and_read_like_answers() {
        let checks = [
            ("41", "(done 42 \"\")"),
            ("-1", "(done 0 \"\")"),
            ("0", "(done 1 \"\")"),
            ("123456789", "(done 123456790 \"\")"),
            ("\"text\"", "(done 42 \"\")"),
            ("(error \"no\")", "(done 42 \"\")"),
        ];
        for (expression, expected) in checks {
            let (mut vm, answer) = outcome(expression);
            let lie = lie(&answer);
            let value = vm.decode(&lie.outcome).expect("a lie can be read");
            assert_eq!(write_limited(&vm.machine, value), expected, "{expression}");
            assert_eq!(lie.fuel, answer.fuel);
        }
    }

    /// That it was ours tells the worker's node, by the fuel it lent.
    #[test]
    fn a_job_that_needs_more_fuel_than_is_lent_runs_out_of_it() {
        let evaluator = LanguageEvaluator::new();
        let mut vm = Vm::new(Profile::Pure);
        let text = "(%program (lambda () (let loop () (loop))))";
        vm.begin("test", text, Bounds::default());
        assert_eq!(vm.run(u64::MAX), VmStatus::Done);
        let program = vm.result();
        let length = vm.machine.heap.bytes_length(program);
        let job = Job {
            program: vm.machine.heap.bytes_slice(program, 0, length),
            inputs: Vec::new(),
            fuel: 1_000_000,
            memory: 64 << 20,
            versions: evaluator.versions(),
            submitter: PublicKey::from_bytes([1; 32]),
            nonce: [0; 16],
            expires: 0,
        };
        let lent = Control::new(10_000, Duration::from_secs(600));
        match evaluator.evaluate(&job, &lent) {
            Evaluation::Done(answer) => assert_eq!(answer.status, Status::FuelExhausted),
            other => panic!("{other:?}"),
        }
    }
}
