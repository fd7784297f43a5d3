//! Builtins that act on frames: application, continuations, dynamic state, limits, evaluation.

use super::{ANY, Builtin, count_argument, wrong_argument};
use crate::value::{Kind, Value};
use crate::vm::{self, Arguments, Fault, Machine, Next, Outcome, Places};

/// See the module's description.
pub const TABLE: &[Builtin] = &[
    Builtin::control(
        "apply",
        "(apply procedure value … list)",
        (2, ANY),
        "1 for each argument",
        "Calls a procedure with the values and then the elements of the list as its arguments.",
        apply,
    ),
    Builtin::control(
        "%call/cc",
        "(%call/cc procedure)",
        (1, 1),
        "1 for every 4 words of the stack put aside",
        "Calls a procedure with the current continuation.",
        call_cc,
    ),
    Builtin::control(
        "%%throw",
        "(%%throw continuation thunk)",
        (2, 2),
        "",
        "Takes up a continuation and calls the thunk there; winders have been run.",
        throw,
    ),
    Builtin::control(
        "%%throw-value",
        "(%%throw-value continuation value)",
        (2, 2),
        "",
        "Takes up a continuation with a value; winders have been run.",
        throw_value,
    ),
    Builtin::control(
        "call-with-values",
        "(call-with-values producer receiver)",
        (2, 2),
        "1 for each value",
        "Calls the receiver with the values that the producer gives.",
        call_with_values,
    ),
    Builtin::control(
        "%call-with-values",
        "(%call-with-values producer receiver)",
        (2, 2),
        "1 for each value",
        "The same for the expander.",
        call_with_values,
    ),
    Builtin::plain(
        "values",
        "(values value …)",
        (0, ANY),
        "1 for each value",
        "Gives several values at once.",
        vm::returned,
    ),
    Builtin::control(
        "%%with-dynamic",
        "(%%with-dynamic state thunk)",
        (2, 2),
        "",
        "Calls the thunk in another dynamic state.",
        with_dynamic,
    ),
    Builtin::control(
        "%guard",
        "(%guard else? body handler)",
        (3, 3),
        "",
        "See the expander's table of internal procedures.",
        guard,
    ),
    Builtin::control(
        "%%escape",
        "(%%escape state raised continuation)",
        (3, 3),
        "",
        "Drops the stack down to a guard's frame.",
        escape,
    ),
    Builtin::control(
        "raise",
        "(raise value)",
        (1, 1),
        "",
        "Raises a value: the nearest handler gets it.",
        raise,
    ),
    Builtin::control(
        "raise-continuable",
        "(raise-continuable value)",
        (1, 1),
        "",
        "Raises a value; what the handler returns is the value of this call.",
        raise_continuable,
    ),
    Builtin::plain(
        "%%dynamic",
        "(%%dynamic)",
        (0, 0),
        "",
        "The current dynamic state.",
        dynamic,
    ),
    Builtin::plain(
        "%%set-dynamic!",
        "(%%set-dynamic! state)",
        (1, 1),
        "",
        "Makes a dynamic state current.",
        set_dynamic,
    ),
    Builtin::plain(
        "%%handler-state",
        "(%%handler-state handler)",
        (1, 1),
        "",
        "The current dynamic state with a handler added.",
        handler_state,
    ),
    Builtin::plain(
        "%%winder-state",
        "(%%winder-state before after)",
        (2, 2),
        "",
        "The current dynamic state with a winder added.",
        winder_state,
    ),
    Builtin::plain(
        "%%parameter-state",
        "(%%parameter-state bindings)",
        (1, 1),
        "",
        "The current dynamic state with parameter bindings added.",
        parameter_state,
    ),
    Builtin::plain(
        "%%state-field",
        "(%%state-field state number)",
        (2, 2),
        "",
        "A field of a dynamic state; `()` when there is none.",
        state_field,
    ),
    Builtin::plain(
        "%%continuation-state",
        "(%%continuation-state continuation)",
        (1, 1),
        "",
        "The dynamic state that a continuation restores.",
        continuation_state,
    ),
    Builtin::plain(
        "%continuation-open?",
        "(%continuation-open? continuation)",
        (1, 1),
        "",
        "Whether a continuation of this task can be taken up: the limits it is inside have not ended.",
        is_continuation_open,
    ),
    Builtin::plain(
        "%make-parameter",
        "(%make-parameter value converter)",
        (2, 2),
        "",
        "A parameter object; its value has been converted.",
        make_parameter,
    ),
    Builtin::plain(
        "%parameter-converter",
        "(%parameter-converter parameter)",
        (1, 1),
        "",
        "The converter of a parameter object, or `#f`.",
        parameter_converter,
    ),
    Builtin::control(
        "%with-limits",
        "(%with-limits fuel memory thunk)",
        (3, 3),
        "1 for each limit around it; a collection, where a limit of memory begins and more than it allows was asked for since the last",
        "Calls the thunk under limits; `#f` is none.",
        with_limits,
    ),
    Builtin::control(
        "fuel-used",
        "(fuel-used thunk)",
        (1, 1),
        "",
        "Two values: the thunk's, and the fuel it used.",
        fuel_used,
    ),
    Builtin::control(
        "eval",
        "(eval form [environment])",
        (1, 2),
        "150, 4 for each node of the form, its expansion, 12 for each part to compile",
        "Evaluates a form given as data.",
        evaluate,
    ),
    Builtin::control(
        "%environment",
        "(%environment [environment] [sets])",
        (0, 2),
        "",
        "A world of names that can only import; of a world and what it imported, itself, once it is paid for; of import sets, a world that has them, or #f.",
        environment,
    ),
    Builtin::plain(
        "interaction-environment",
        "(interaction-environment)",
        (0, 0),
        "",
        "The world of names that programs and the prompt define in.",
        interaction_environment,
    ),
    Builtin::control(
        "macroexpand",
        "(macroexpand form)",
        (1, 1),
        "100, and the expansion's",
        "The form with the macro at its head applied until there is none.",
        expand,
    ),
    Builtin::control(
        "macroexpand-1",
        "(macroexpand-1 form)",
        (1, 1),
        "100, and the expansion's",
        "The form with the macro at its head applied once.",
        expand_once,
    ),
    Builtin::control(
        "%encode",
        "(%encode value)",
        (1, 1),
        "50, 8 for each part, 1 for each byte",
        "The canonical encoding of a datum, a bytevector.",
        encode,
    ),
    Builtin::control(
        "%program",
        "(%program value)",
        (1, 1),
        "50, 8 for each part, 1 for each byte",
        "The encoding of a value with procedures in it, and of the definitions they use.",
        program,
    ),
    Builtin::control(
        "%decode",
        "(%decode bytevector)",
        (1, 1),
        "2 for each part, 1 for every 8 bytes",
        "The value of an encoding.",
        decode,
    ),
    Builtin::control(
        "input",
        "(input key)",
        (1, 1),
        "2 for each part, 1 for every 8 bytes",
        "Inside a job: the value of a declared input.",
        input,
    ),
    Builtin::control(
        "%procedure-name",
        "(%procedure-name procedure)",
        (1, 1),
        "",
        "The name a procedure was defined under, or #f.",
        procedure_name,
    ),
    Builtin::control(
        "%procedure-doc",
        "(%procedure-doc procedure)",
        (1, 1),
        "16 for each clause and each parameter, 1 for every 4 bytes",
        "How a procedure is called and what it does, or #f.",
        procedure_doc,
    ),
    Builtin::control(
        "%procedure-source",
        "(%procedure-source procedure)",
        (1, 1),
        "1 for every 4 bytes",
        "The text a procedure was written as, or #f.",
        procedure_source,
    ),
    Builtin::control(
        "%procedure-tests",
        "(%procedure-tests procedure)",
        (1, 1),
        "1 for every 4 captured values",
        "The tests of a procedure: a list of pairs of text and thunk.",
        procedure_tests,
    ),
    Builtin::control(
        "%tested",
        "(%tested text)",
        (1, 1),
        "16 for each name, 1 for every 4 characters of the text for each",
        "All that the text of that name defines with tests: a list of pairs of name and tests.",
        tested,
    ),
    Builtin::plain(
        "procedure?",
        "(procedure? value)",
        (1, 1),
        "",
        "Whether a value is a procedure.",
        is_procedure,
    ),
    Builtin::plain(
        "void",
        "(void value …)",
        (0, ANY),
        "",
        "The value that prints as nothing.",
        void,
    ),
];

fn apply(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    let procedure = m.arg(arguments, 0);
    let last = arguments.count - 1;
    let mut list = m.arg(arguments, last);
    let whole = list;
    let first = arguments.start - 1;
    let mut count = last - 1;
    // The procedure and its arguments move down by one: the frame is theirs now.
    for place in 0..count {
        let value = m.arg(arguments, 1 + place);
        m.set_word(first + 1 + place, value);
    }
    let fp = arguments.start - 2;
    while list.is_pair() {
        if count >= vm::ARGUMENTS_MAX {
            return Err(m.error(":too-big", "`apply` was given too many arguments", &[]));
        }
        m.charge(1)?;
        m.make_room(fp + 2, count + 1);
        m.set_word(fp + 2 + count, m.heap.car(list));
        count += 1;
        list = m.heap.cdr(list);
    }
    if list != Value::NIL {
        return Err(wrong_argument(
            m,
            "apply",
            "a list as its last argument",
            whole,
        ));
    }
    m.set_word(fp, procedure);
    Ok(Next::Apply(count))
}

fn call_cc(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    vm::call_cc(m, arguments)
}

fn continuation(m: &mut Machine, arguments: Arguments) -> Result<(), Fault> {
    let value = m.arg(arguments, 0);
    if m.heap.is(value, Kind::Continuation) {
        Ok(())
    } else {
        Err(wrong_argument(m, "%%throw", "a continuation", value))
    }
}

fn throw(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    continuation(m, arguments)?;
    vm::throw(m, arguments)
}

fn throw_value(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    continuation(m, arguments)?;
    vm::throw_value(m, arguments)
}

fn call_with_values(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    let (producer, receiver) = (m.arg(arguments, 0), m.arg(arguments, 1));
    vm::push_stub(m, vm::VALUES, &[receiver]);
    Ok(vm::apply(m, producer, &[]))
}

fn state(m: &mut Machine, arguments: Arguments, index: usize) -> Result<Value, Fault> {
    let value = m.arg(arguments, index);
    if m.heap.is(value, Kind::Dynamic) {
        Ok(value)
    } else {
        Err(wrong_argument(m, "%%state", "a dynamic state", value))
    }
}

fn with_dynamic(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    state(m, arguments, 0)?;
    vm::with_dynamic(m, arguments)
}

fn guard(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    vm::guard(m, arguments)
}

fn escape(m: &mut Machine, arguments: Arguments, places: &Places) -> Result<Next, Fault> {
    let node = state(m, arguments, 0)?;
    let (raised, continuation) = (m.arg(arguments, 1), m.arg(arguments, 2));
    vm::escape(m, node, raised, continuation, places)
}

fn raise(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    m.raised = m.arg(arguments, 0);
    Err(Fault::Raise { continuable: false })
}

fn raise_continuable(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    m.raised = m.arg(arguments, 0);
    Err(Fault::Raise { continuable: true })
}

fn dynamic(m: &mut Machine, _: Arguments) -> Outcome {
    Ok(m.dynamic_state())
}

fn set_dynamic(m: &mut Machine, arguments: Arguments) -> Outcome {
    let node = state(m, arguments, 0)?;
    m.set_dynamic_state(node);
    Ok(Value::VOID)
}

fn handler_state(m: &mut Machine, arguments: Arguments) -> Outcome {
    let handler = m.arg(arguments, 0);
    vm::add_dynamic(m, vm::HANDLER, handler, Value::NIL, 0)
}

fn winder_state(m: &mut Machine, arguments: Arguments) -> Outcome {
    let (before, after) = (m.arg(arguments, 0), m.arg(arguments, 1));
    vm::add_dynamic(m, vm::WINDER, before, after, 0)
}

fn parameter_state(m: &mut Machine, arguments: Arguments) -> Outcome {
    let bindings = m.arg(arguments, 0);
    let mut rest = bindings;
    while rest.is_pair() {
        m.charge(1)?;
        if !m.heap.car(rest).is_pair() {
            return Err(wrong_argument(
                m,
                "%%parameter-state",
                "a list of pairs",
                bindings,
            ));
        }
        rest = m.heap.cdr(rest);
    }
    vm::add_dynamic(m, vm::PARAMETERS, bindings, Value::NIL, 0)
}

fn state_field(m: &mut Machine, arguments: Arguments) -> Outcome {
    const FIELDS: usize = 9;
    let node = m.arg(arguments, 0);
    let number = m.arg(arguments, 1);
    let number = super::index_argument(m, "%%state-field", number, FIELDS)?;
    Ok(if m.heap.is(node, Kind::Dynamic) {
        m.heap.field(node, number)
    } else {
        Value::NIL
    })
}

fn continuation_state(m: &mut Machine, arguments: Arguments) -> Outcome {
    continuation(m, arguments)?;
    Ok(m.heap.field(m.arg(arguments, 0), 1))
}

fn is_continuation_open(m: &mut Machine, arguments: Arguments) -> Outcome {
    continuation(m, arguments)?;
    let is_open = vm::is_open(m, m.arg(arguments, 0));
    Ok(Value::boolean(is_open))
}

fn make_parameter(m: &mut Machine, arguments: Arguments) -> Outcome {
    m.ensure(3)?;
    let fields = [m.arg(arguments, 0), m.arg(arguments, 1)];
    Ok(m.heap.object(Kind::Parameter, 0, &fields))
}

fn parameter_converter(m: &mut Machine, arguments: Arguments) -> Outcome {
    let parameter = m.arg(arguments, 0);
    if m.heap.is(parameter, Kind::Parameter) {
        Ok(m.heap.field(parameter, 1))
    } else {
        Err(wrong_argument(m, "parameterize", "a parameter", parameter))
    }
}

fn with_limits(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    for index in 0..2 {
        let value = m.arg(arguments, index);
        if value != Value::FALSE {
            count_argument(m, "with-limits", value)?;
        }
    }
    vm::with_limits(m, arguments)
}

fn fuel_used(m: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    vm::put_aside(m)?;
    let thunk = Value(m.stack[m.fp + 2]);
    let before = Value::fixnum(m.fuel_used() as i64);
    vm::push_stub(m, vm::FUEL_USED, &[before]);
    let next = vm::apply(m, thunk, &[]);
    // What is measured begins on a stack of its own, so that what surrounds it makes no difference.
    vm::put_aside(m)?;
    Ok(next)
}

fn evaluate(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    if let Some(environment) = m.optional(arguments, 1)
        && !m.heap.is(environment, Kind::Environment)
    {
        return Err(wrong_argument(m, "eval", "an environment", environment));
    }
    m.charge(150)?;
    Ok(Next::Evaluate)
}

fn environment(m: &mut Machine, arguments: Arguments, _: &Places) -> Result<Next, Fault> {
    if let Some(environment) = m.optional(arguments, 0)
        && arguments.count == 2
        && !m.heap.is(environment, Kind::Environment)
    {
        return Err(wrong_argument(
            m,
            "%environment",
            "an environment",
            environment,
        ));
    }
    Ok(Next::Environment)
}

fn interaction_environment(m: &mut Machine, _: Arguments) -> Outcome {
    m.ensure(2)?;
    let number = Value::fixnum(crate::vm::USER_ENVIRONMENT as i64);
    Ok(m.heap.object(Kind::Environment, 0, &[number]))
}

fn expand(m: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    m.charge(100)?;
    Ok(Next::Expand { once: false })
}

fn expand_once(m: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    m.charge(100)?;
    Ok(Next::Expand { once: true })
}

fn is_procedure(m: &mut Machine, arguments: Arguments) -> Outcome {
    let value = m.arg(arguments, 0);
    let kinds = [
        Kind::Closure,
        Kind::Continuation,
        Kind::Parameter,
        Kind::RecordProcedure,
    ];
    let holds = value.as_builtin().is_some()
        || m.heap.kind(value).is_some_and(|kind| kinds.contains(&kind));
    Ok(Value::boolean(holds))
}

fn void(_: &mut Machine, _: Arguments) -> Outcome {
    Ok(Value::VOID)
}

fn encode(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Encode { data_only: true })
}

fn program(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Encode { data_only: false })
}

fn decode(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Decode)
}

fn input(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Input)
}

fn procedure_name(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Inspect(vm::Aspect::Name))
}

fn procedure_doc(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Inspect(vm::Aspect::Doc))
}

fn procedure_source(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Inspect(vm::Aspect::Source))
}

fn procedure_tests(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Inspect(vm::Aspect::Tests))
}

fn tested(_: &mut Machine, _: Arguments, _: &Places) -> Result<Next, Fault> {
    Ok(Next::Inspect(vm::Aspect::Tested))
}
