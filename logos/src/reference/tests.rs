//! What the reference says is whole, and true.

use super::Entry;
use crate::builtins::{BUILTINS, Builtin, Function};
use crate::core::{GlobalId, Node};
use crate::expand::{Binding, Transformer};
use crate::syntax::{Datum, Span, Syntax};
use crate::value::{Kind, Value};
use crate::vm::{Answer, Bounds, Profile, Status, Vm};
use std::collections::BTreeSet;

/// Evaluates a text, every request being answered with 1; gives its value as `write` prints it.
fn evaluate(vm: &mut Vm, text: &str) -> Result<String, String> {
    vm.begin("test", text, Bounds::default());
    loop {
        match vm.run(1_000_000) {
            Status::Yield => {}
            Status::Idle => {
                let request = vm.poll_request().expect("something is waited for");
                let one = Syntax::new(Datum::Number(crate::number::Number::Int(1)), Span::NONE);
                vm.resume(request.id, Answer::Value(one));
            }
            Status::Done => return Ok(crate::printer::write_limited(&vm.machine, vm.result())),
            Status::Failed => {
                let condition = vm.condition().expect("a failed evaluation has a condition");
                return Err(condition.message.clone());
            }
        }
    }
}

/// The fuel a call takes beyond what every call does: 1 for the procedure, 1 for each argument, 1 for the call.
fn price_of(vm: &mut Vm, bindings: &str, call: &str, arguments: u64) -> Result<u64, String> {
    let text = format!(
        "(let* ({bindings}) (call-with-values (lambda () (fuel-used (lambda () {call}))) (lambda (value fuel) fuel)))"
    );
    let fuel: u64 = evaluate(vm, &text)?.parse().expect("a number");
    Ok(fuel.saturating_sub(1 + 2 + arguments))
}

#[test]
fn every_name_has_a_signature_a_line_a_price_a_profile_and_a_topic() {
    let mut vm = Vm::new(Profile::Node);
    let entries = vm.reference();
    assert!(entries.len() > 500, "{}", entries.len());
    let is_whole = |entry: &Entry| {
        let line = entry.doc.lines().next().unwrap_or_default();
        !entry.name.starts_with('%')
            && !entry.topic.is_empty()
            && entry.signature.contains(&entry.name)
            && line.ends_with(['.', ')', '?', '…'])
            && !entry.price.is_empty()
    };
    let lacking: Vec<&Entry> = entries.iter().filter(|it| !is_whole(it)).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
    let known: Vec<String> = vm.names();
    for name in &known {
        assert!(entries.iter().any(|it| it.name == *name), "{name}");
    }
    assert_eq!(known.len(), entries.len());
}

#[test]
fn signatures_come_from_the_definitions() {
    let mut vm = Vm::new(Profile::Node);
    let entries = vm.reference();
    let checks = [
        ("if", "(if test then [else])"),
        ("cons", "(cons a b)"),
        ("iota", "(iota count [start] [step])"),
        ("map", "(map f list …)"),
        ("zip", "(zip list lists …)"),
        ("call/cc", "(call/cc procedure)"),
        ("for", "(for (name elements clause …) body more …)"),
        ("->", "(-> value f more …)"),
        ("range", "(range [start] end [step])"),
        ("assert", "(assert expression [message])"),
        ("match", "(match value (pattern body more …) …)"),
        ("current-output-port", "(current-output-port)"),
    ];
    for (name, expected) in checks {
        let entry = entries.iter().find(|it| it.name == name).unwrap();
        assert_eq!(entry.signature, expected);
    }
    let vector_map = entries.iter().find(|it| it.name == "vector-map").unwrap();
    assert_eq!(vector_map.topic, "Vectors");
}

#[test]
fn every_test_in_the_library_passes() {
    let mut vm = Vm::new(Profile::Node);
    let mut run = 0;
    for entry in vm.reference() {
        let value = evaluate(&mut vm, &format!("(length (tests {}))", entry.name));
        let Ok(count) = value else { continue };
        if count != "0" {
            let outcome = evaluate(&mut vm, &format!("(check {})", entry.name)).unwrap();
            assert_eq!(
                outcome,
                format!("{{:failed () :passed {count}}}"),
                "{}",
                entry.name
            );
            run += 1;
        }
    }
    assert!(run > 1);
}

/// Arguments of every kind.
pub(crate) const VALUES: &[&str] = &[
    "1",
    "(list 1 2)",
    "(let* ((a (cons 1 2)) (b (cons a a)) (c (cons b b))) (cons c c))",
    "\"ab\"",
    "#\\a",
    "(vector 1 2)",
    "(bytevector 1 2)",
    "'name",
    "':key",
    "{1 2}",
    "(make-hash-table)",
    "(lambda () 1)",
    "(open-input-string \"ab\")",
    "(open-input-bytevector (bytevector 1 2))",
    "(open-output-string)",
    "(open-output-bytevector)",
    "(make-error ':user \"m\" '())",
    "(make-promise 1)",
    "#t",
];

/// What a builtin that states a fixed price costs, called with the first arguments that fit.
fn price_of_builtin(vm: &mut Vm, builtin: &Builtin) -> Option<u64> {
    for count in builtin.fewest..=builtin.most.min(3) {
        for choice in 0..VALUES.len().pow(count as u32) {
            let mut rest = choice;
            let bindings: Vec<String> = (0..count)
                .map(|place| {
                    let value = VALUES[rest % VALUES.len()];
                    rest /= VALUES.len();
                    format!("(x{place} {value})")
                })
                .collect();
            let names: Vec<String> = (0..count).map(|place| format!("x{place}")).collect();
            let call = format!("({} {})", builtin.name, names.join(" "));
            if let Ok(price) = price_of(vm, &bindings.join(" "), &call, count as u64) {
                return Some(price);
            }
        }
    }
    None
}

/// The least and the most that a builtin costs for something small, where its price begins with a number of its own.
fn stated_by_builtin(price: &str) -> Option<(u64, u64)> {
    if price.is_empty() {
        return Some((0, 0));
    }
    let (fixed, more) = price.split_once(", ").unwrap_or((price, ""));
    let fixed = fixed.parse().ok()?;
    let most = if more.is_empty() {
        fixed
    } else {
        2 * fixed + 40
    };
    Some((fixed, most))
}

/// Builtins that call procedures, end the program or belong to the machine cannot be tried so.
#[test]
fn fixed_prices_of_builtins_are_what_they_cost() {
    let mut vm = Vm::new(Profile::Node);
    let (mut tried, mut wrong) = (0, Vec::new());
    for builtin in BUILTINS.iter() {
        let Some((least, most)) = stated_by_builtin(builtin.price) else {
            continue;
        };
        if builtin.name.starts_with('%') || matches!(builtin.function, Function::Control(_)) {
            continue;
        }
        let price = price_of_builtin(&mut vm, builtin);
        if !price.is_some_and(|price| (least..=most).contains(&price)) {
            wrong.push((builtin.name, builtin.price, price));
        }
        tried += 1;
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(tried > 80, "{tried}");
}

/// Calls of the library's procedures for a size `n`; what is passed to them costs nothing itself.
const CALLS: &[&str] = &[
    "(first list)",
    "(second list)",
    "(fifth list)",
    "(rest list)",
    "(last-pair list)",
    "(last list)",
    "(list-set! list last-place 0)",
    "(take list n)",
    "(drop list n)",
    "(take-right list n)",
    "(drop-right list n)",
    "(split-at list n)",
    "(take-while void list)",
    "(drop-while void list)",
    "(span void list)",
    "(break not list)",
    "(iota n)",
    "(range n)",
    "(list-tabulate n void)",
    "(append-reverse list list)",
    "(zip list list)",
    "(map void list)",
    "(map-in-order void list)",
    "(for-each void list)",
    "(fold void 0 list)",
    "(fold-left void 0 list)",
    "(fold-right void 0 list)",
    "(reduce void 0 list)",
    "(reduce-right void 0 list)",
    "(append-map %list list)",
    "(filter-map void list)",
    "(filter void list)",
    "(remove not list)",
    "(partition void list)",
    "(delete 'x list)",
    "(any not list)",
    "(every void list)",
    "(count void list)",
    "(find not list)",
    "(find-tail not list)",
    "(list-index not list)",
    "(member 'x list)",
    "(assoc 'x pairs)",
    "(assoc-ref pairs 'x)",
    "(alist-cons 1 2 list)",
    "(alist-copy pairs)",
    "(alist-delete 'x pairs)",
    "(alist-set 'x 1 pairs)",
    "(vector-map void vector)",
    "(vector-for-each void vector)",
    "(vector-tabulate void n)",
    "(vector-index not vector)",
    "(vector-count void vector)",
    "(string-map letter string)",
    "(string-for-each void string)",
    "(string-index string not)",
    "(string-index-right string not)",
    "(string-count string not)",
    "(string-any not string)",
    "(string-every void string)",
    "(string-filter void string)",
    "(string-delete not string)",
    "(string-fold void 0 string)",
    "(string-fold-right void 0 string)",
    "(string-tabulate letter n)",
    "(dict-fold void 0 dict)",
    "(dict-map void dict)",
    "(dict-for-each void dict)",
    "(hash-table-ref table 1)",
    "(hash-table-update! table 1 void)",
    "(hash-table-update!/default table 1 void 0)",
    "(hash-table-walk table void)",
    "(hash-table-fold table void 0)",
    "(with-limits limits void)",
    "(call/cc void)",
    "(call-with-current-continuation void)",
    "(dynamic-wind void void void)",
    "(with-exception-handler void void)",
    "(make-parameter 1)",
    "(square 3)",
    "(scheme-report-environment 5)",
    "(null-environment 5)",
    "(current-second)",
    "(current-jiffy)",
    "(jiffies-per-second)",
    "(command-line)",
    "(get-environment-variable \"X\")",
    "(call-with-port input void)",
    "(call-with-output-string void)",
    "(with-output-to-string void)",
    "(close-port input)",
    "(close-input-port input)",
    "(close-output-port output)",
    "(flush-output-port output)",
    "(file-exists? \"file\")",
    "(open-input-file \"file\")",
    "(make-promise 1)",
    "(force promise)",
    "(await promise)",
    "(spawn void)",
    "(semaphore 3)",
    "(with-permit turns void)",
    "(third list)",
    "(fourth list)",
    "(call-with-input-file \"file\" void)",
    "(delete-file \"file\")",
    "(with-output-to-file \"file\" void)",
    "(xcons 1 2)",
    "(sixth list)",
    "(seventh list)",
    "(eighth list)",
    "(ninth list)",
    "(tenth list)",
    "(car+cdr list)",
    "(proper-list? list)",
    "(circular-list? list)",
    "(dotted-list? list)",
    "(not-pair? list)",
    "(null-list? list)",
    "(length+ list)",
    "(pair-for-each void list)",
    "(pair-fold void 0 list)",
    "(pair-fold-right void 0 list)",
    "(unzip1 lists)",
    "(unzip2 lists)",
    "(unzip3 lists)",
    "(unzip4 fives)",
    "(unzip5 fives)",
    "(list= same? list list)",
    "(take! list n)",
    "(drop-right! list n)",
    "(split-at! list n)",
    "(take-while! void list)",
    "(span! void list)",
    "(break! not list)",
    "(reverse! list)",
    "(append-reverse! list list)",
    "(map! void list)",
    "(append-map! %list list)",
    "(filter! void list)",
    "(remove! not list)",
    "(partition! void list)",
    "(delete! 'x list)",
    "(alist-delete! 'x pairs)",
    "(string-null? string)",
    "(string-take string n)",
    "(string-drop string 0)",
    "(string-take-right string n)",
    "(string-drop-right string 0)",
    "(string-pad string n)",
    "(string-trim-both string void)",
    "(string-skip string void)",
    "(string-skip-right string void)",
    "(string-concatenate strings)",
    "(string-contains-ci string string)",
    "(string-titlecase string)",
    "(string-replace string string 0 0)",
    "(string-tokenize string)",
    "(string-trim string void)",
    "(string-trim-right string void)",
    "(string-join strings)",
    "(string= string string)",
    "(string< string string)",
    "(string-ci= string string)",
    "(string-prefix-length string string)",
    "(string-suffix-length string string)",
    "(string-prefix-length-ci string string)",
    "(string-suffix-length-ci string string)",
    "(string-prefix-ci? string string)",
    "(string-suffix-ci? string string)",
    "(string-compare string string void void void)",
    "(string-compare-ci string string void void void)",
    "(string-for-each-index void string)",
    "(string-map! letter string)",
    "(string-upcase! string)",
    "(string-downcase! string)",
    "(string-titlecase! string)",
    "(string-reverse! string)",
    "(substring/shared string 0)",
    "(string-concatenate/shared strings)",
    "(string-concatenate-reverse strings)",
    "(xsubstring string 0)",
    "(string-xcopy! string 0 string 0)",
    "(hash-table-equivalence-function table)",
    "(hash-table-hash-function table)",
    "(lset<= same? list list)",
    "(lset= same? list list)",
    "(lset-diff+intersection same? list list)",
    "(lset-xor same? list list)",
    "(lset-union! same? list list)",
    "(lset-intersection! same? list list)",
    "(lset-difference! same? list list)",
];

const BINDINGS: &str = "(n N) (list (iota n 1)) (other (iota n)) (last-place (- n 1)) (vector (list->vector list)) \
    (string (make-string n #\\a)) (pairs (map (lambda (x) (cons x x)) list)) (dict (list->dict pairs)) \
    (table (alist->hash-table pairs)) (nested '((((1)) 2) ((1 2) 2) (3) (4) 5)) (limits {:fuel 1000}) \
    (lists (map (lambda (x) (%list x x x)) list)) (fives (map (lambda (x) (%list x x x x x)) list)) (strings (map (lambda (x) \"a\") list)) (same? (lambda (a b) #t)) \
    (letter (lambda (i) #\\a)) (input (open-input-string string)) (output (open-output-string)) \
    (promise (make-promise 1)) (turns (semaphore 2))";

/// The numbers that a price begins with: what is fixed, and what each element costs.
fn stated(price: &str) -> (Option<f64>, f64) {
    let mut parts = price.split(", ");
    let mut fixed = None;
    let mut part = parts.next();
    if let Some(number) = part.and_then(|part| part.parse().ok()) {
        fixed = Some(number);
        part = parts.next();
    }
    let each = part
        .and_then(|part| part.split_once(" for each "))
        .and_then(|(number, _)| number.parse().ok());
    (fixed, each.unwrap_or(0.0))
}

#[test]
fn prices_of_the_library_are_what_it_costs() {
    let mut vm = Vm::new(Profile::Node);
    let entries = vm.reference();
    let mut wrong = Vec::new();
    for call in CALLS {
        let mut words = call[1..call.len() - 1].split(' ');
        let name = words.next().unwrap();
        let arguments = words.count() as u64;
        let entry = entries.iter().find(|it| it.name == name).expect(name);
        let (fixed, each) = stated(&entry.price);
        let fixed =
            fixed.unwrap_or_else(|| panic!("{name} states no fixed price: {}", entry.price));
        for n in [10, 40] {
            let bindings = BINDINGS.replacen('N', &n.to_string(), 1);
            let price = price_of(&mut vm.fork(), &bindings, call, arguments);
            let expected = fixed + each * f64::from(n);
            let is_right = price
                .as_ref()
                .is_ok_and(|price| (*price as f64 - expected).abs() <= 3.0 + expected / 10.0);
            if !is_right {
                wrong.push(format!(
                    "{call} for {n}: {price:?}; stated: {}",
                    entry.price
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Procedures that need more only for some of their arguments: `await` with seconds, ports that are files.
const MORE_FOR_SOME: &[&str] = &[
    "await",
    "call-with-port",
    "close-input-port",
    "close-output-port",
    "close-port",
    "flush-output-port",
    "verdict",
];

/// Values that are right for some argument and wrong for the others.
const ODD_VALUES: &[&str] = &[
    "-1",
    "'a",
    "\"ab\"",
    "'(1 2)",
    "'(1 . 2)",
    "(lambda x 1)",
    "(vector 1 2)",
    "{1 2}",
    "1",
];
/// How many of them are tried together where there are three places.
const ODD_VALUES_OF_THREE: usize = 5;

/// Whose mistakes may be told of others: parts of parts are what the names say, the network's own procedures pass on what they are given.
fn may_tell_of_others(name: &str) -> bool {
    let is_part = name.starts_with('c')
        && name.ends_with('r')
        && name.len() > 3
        && name[1..name.len() - 1]
            .bytes()
            .all(|it| b"ad".contains(&it));
    is_part || ["choose", "remote-map"].contains(&name)
}

/// The kind and the message of the error that a call comes to, if it comes to one by itself; otherwise the world is made anew.
fn mistake(world: &mut Vm, call: &str) -> Option<(String, String)> {
    world.begin("test", call, Bounds::default());
    match world.run(1_000_000) {
        Status::Done => None,
        Status::Failed => {
            let condition = world.condition()?;
            Some((condition.kind.clone(), condition.message.clone()))
        }
        Status::Yield | Status::Idle => {
            *world = Vm::new(Profile::Node);
            None
        }
    }
}

#[test]
fn mistakes_are_told_of_the_procedure_that_was_called() {
    let mut vm = Vm::new(Profile::Node);
    let mut wrong = Vec::new();
    for Entry { name, .. } in vm.reference() {
        let is_procedure = evaluate(&mut vm, &format!("(procedure? {name})"));
        if may_tell_of_others(&name) || is_procedure.as_deref() != Ok("#t") {
            continue;
        }
        for count in 0..=3 {
            let values = match count {
                3 => ODD_VALUES_OF_THREE,
                _ => ODD_VALUES.len(),
            };
            for choice in 0..values.pow(count) {
                let place = |place| ODD_VALUES[choice / values.pow(place) % values];
                let arguments: Vec<&str> = (0..count).map(place).collect();
                let call = format!("({name} {})", arguments.join(" "));
                let Some((kind, message)) = mistake(&mut vm, &call) else {
                    continue;
                };
                if kind == ":wrong-count" {
                    break;
                }
                let is_of_argument = kind == ":wrong-argument" || kind == ":out-of-range";
                let is_of_other = message.contains('`') && !message.contains(&format!("`{name}`"));
                if is_of_argument && is_of_other {
                    wrong.push(format!("{call}: {message}"));
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The most that what a value calls may need.
struct Needs<'a> {
    vm: &'a Vm,
    seen: BTreeSet<u64>,
    names: BTreeSet<u32>,
    most: Profile,
}

impl Needs<'_> {
    fn of(vm: &Vm, binding: &Binding) -> Profile {
        let mut needs = Needs {
            vm,
            seen: BTreeSet::new(),
            names: BTreeSet::new(),
            most: Profile::Pure,
        };
        needs.binding(binding);
        needs.most
    }

    fn binding(&mut self, binding: &Binding) {
        match binding {
            Binding::Special(special) => self.most = self.most.max(special.profile),
            Binding::Global(cell) => self.global(*cell),
            Binding::Macro(it) => {
                let Transformer::Rules(rules) = &it.transformer else {
                    panic!("the library has no procedural macros");
                };
                for name in rules.rules.iter().flat_map(|rule| &rule.introduced) {
                    if self.names.insert(name.name().0)
                        && let Some(binding) = self.vm.library.lookup(name.name())
                    {
                        self.binding(&binding);
                    }
                }
            }
        }
    }

    fn global(&mut self, cell: GlobalId) {
        let value = self.vm.machine.global_value(cell);
        if !self.seen.insert(value.0) {
            return;
        }
        if let Some(index) = value.as_builtin() {
            let builtin = &BUILTINS[index as usize];
            let needs = match builtin.name {
                "%request" | "%file-request" | "%needs-local" => Profile::Local,
                "%node-request" => Profile::Node,
                _ => builtin.profile,
            };
            self.most = self.most.max(needs);
        } else if self.vm.machine.heap.is(value, Kind::Closure) {
            self.code(value);
        }
    }

    fn code(&mut self, closure: Value) {
        let (compiled, _) = self.vm.code_of(closure).expect("the library is compiled");
        for node in &compiled.unit.nodes {
            if let Node::Global(cell) = node {
                self.global(*cell);
            }
        }
    }
}

#[test]
fn profiles_are_those_of_what_is_called() {
    let mut vm = Vm::new(Profile::Node);
    let mut wrong = Vec::new();
    for entry in vm.reference() {
        let symbol = vm.machine.symbols.find(&entry.name).unwrap();
        let needs = Needs::of(&vm, &vm.library.lookup(symbol).unwrap());
        let is_more = MORE_FOR_SOME.contains(&entry.name.as_str());
        if needs < entry.profile || (needs > entry.profile) != is_more {
            wrong.push((entry.name, entry.profile, needs));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
