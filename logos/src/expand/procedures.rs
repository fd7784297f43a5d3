//! Procedures: `lambda`, `fn`, `λ`, `case-lambda`, and the thunks of `delay` and `delay-force`.
//!
//! Owns parameter lists and what stands before a body: documentation, and `:test`, `:price` and `:profile` clauses. The tests are
//! evaluated in the scope around the procedure: `(Let ((t (%tests "text" (Lambda () test) …))) (Lambda …))`. Price and profile are
//! words for the reader: they become the last line of the documentation.

use super::assembly::Build;
use super::body::Body;
use super::clauses::temporary;
use super::machine::{Expander, Flow};
use super::print::print_charged;
use super::scope::{Env, Identifier, Local};
use super::task::{Hint, Task, Use};
use super::{ExpandError, Host, message};
use crate::core::{Lambda, TAKES_VALUES, VariableId};
use crate::reference::with_costs;
use crate::symbol::Symbol;
use crate::syntax::Place;
use crate::syntax::{Datum, Syntax};
use crate::vm::Profile;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A procedure to be made.
pub(crate) struct Procedure {
    pub hint: Hint,
    pub formals: Syntax,
    /// What follows the parameters.
    pub body: Vec<Syntax>,
    pub env: Env,
    pub place: Place,
    /// Whether it is one of a `case-lambda`.
    pub clause: bool,
}

/// Parameters.
pub(crate) struct Formals {
    pub required: Vec<VariableId>,
    pub rest: Option<VariableId>,
}

/// What stands before the body of a definition.
#[derive(Default)]
pub(crate) struct Preamble<'a> {
    pub doc: Option<Rc<str>>,
    pub tests: Vec<&'a Syntax>,
    pub body: &'a [Syntax],
}

pub(crate) fn lambda(x: &mut Expander, it: &Use, _host: &mut dyn Host) -> Result<(), ExpandError> {
    let [_, formals, body @ ..] = it.items() else {
        return Err(message::wrong_use(it));
    };
    if body.is_empty() {
        return Err(message::wrong_use(it));
    }
    x.schedule([Task::Procedure(Box::new(Procedure {
        hint: it.hint.clone(),
        formals: formals.clone(),
        body: body.to_vec(),
        env: it.env.clone(),
        place: it.place(),
        clause: false,
    }))]);
    Ok(())
}

pub(crate) fn case_lambda(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let clauses = &it.items()[1..];
    let mut tasks = Vec::with_capacity(clauses.len() + 1);
    for clause in clauses {
        let Some([formals, body @ ..]) = clause.as_list() else {
            return Err(message::wrong_part(
                it,
                clause,
                "parameters and a body in brackets",
                host,
            ));
        };
        tasks.push(Task::Procedure(Box::new(Procedure {
            hint: it.hint.clone(),
            formals: formals.clone(),
            body: body.to_vec(),
            env: it.env.clone(),
            place: Place::of(clause),
            clause: true,
        })));
    }
    tasks.push(Task::Build(Build::CaseLambda(clauses.len()), it.place()));
    x.schedule(tasks);
    Ok(())
}

pub(crate) fn delay(x: &mut Expander, it: &Use, host: &mut dyn Host) -> Result<(), ExpandError> {
    promise(x, it, "%delay", host)
}

pub(crate) fn delay_force(
    x: &mut Expander,
    it: &Use,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    promise(x, it, "%delay-force", host)
}

fn promise(
    x: &mut Expander,
    it: &Use,
    maker: &'static str,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let [_, expression] = it.items() else {
        return Err(message::wrong_use(it));
    };
    let place = it.place();
    x.schedule([
        Task::internal(maker, place, host),
        Task::expression(expression, &it.env),
        thunk(place),
        Task::Build(Build::Call(1), place),
    ]);
    Ok(())
}

/// Makes the node before it the body of a procedure without parameters.
pub(crate) fn thunk(place: Place) -> Task {
    lambda_task(Vec::new(), None, place)
}

/// Makes the node before it the body of a procedure.
pub(crate) fn lambda_task(parameters: Vec<VariableId>, name: Option<Symbol>, place: Place) -> Task {
    let rest = None;
    Task::Build(
        Build::Lambda(shell(
            name,
            Formals {
                required: parameters,
                rest,
            },
            place,
        )),
        place,
    )
}

/// A procedure that lacks its body.
pub(crate) fn shell(name: Option<Symbol>, formals: Formals, place: Place) -> Box<Lambda> {
    Box::new(Lambda {
        name,
        parameters: formals.required,
        rest: formals.rest,
        body: 0,
        doc: None,
        tests: None,
        span: place.span,
    })
}

/// The procedure, without its body, that takes the values of an expression for a form.
pub(crate) fn taker_of_values(
    form: &str,
    formals: Formals,
    place: Place,
    host: &mut dyn Host,
) -> Box<Lambda> {
    let name = host.symbols().intern(&format!("{TAKES_VALUES}{form}"));
    shell(Some(name), formals, place)
}

/// Binds parameters in a scope.
pub(crate) fn bind_formals(
    formals: &Syntax,
    env: &Env,
    x: &mut Expander,
    host: &mut dyn Host,
) -> Result<Formals, ExpandError> {
    let (items, rest): (&[Syntax], Option<&Syntax>) = match formals.datum() {
        Datum::List(items, tail) => (items, tail.as_ref()),
        _ => (&[], Some(formals)),
    };
    let mut seen = BTreeSet::new();
    let mut bind = |item: &Syntax, host: &mut dyn Host| {
        let Some(name) = Identifier::of(item) else {
            let shown = message::show(item, host);
            return Err(ExpandError::syntax(
                item,
                format!("A parameter has to be a name, but this is {shown}."),
            )
            .hint("Parameters are written like (x y), or (x . more) to take any number.")
            .about(item.clone()));
        };
        if !seen.insert(name.key()) {
            return Err(message::named_twice(item, host));
        }
        let variable = x.variable(name.name());
        env.bind(&name, Local::Variable(variable), host)?;
        Ok(variable)
    };
    let mut required = Vec::with_capacity(items.len());
    for item in items {
        required.push(bind(item, host)?);
    }
    let rest = rest.map(|item| bind(item, host)).transpose()?;
    Ok(Formals { required, rest })
}

/// Takes documentation and clauses off the beginning of a body. Clauses are looked for only where keywords
/// mean themselves.
pub(crate) fn preamble<'a>(
    forms: &'a [Syntax],
    env: &Env,
    host: &mut dyn Host,
) -> Result<Preamble<'a>, ExpandError> {
    let mut result = Preamble {
        body: forms,
        ..Preamble::default()
    };
    if let [first, rest @ ..] = forms
        && let Datum::String(text) = first.datum()
        && !rest.is_empty()
    {
        result.doc = Some(text.clone());
        result.body = rest;
    }
    let (mut price, mut profile) = (None, None);
    while env.world.has_keywords()
        && let [keyword, value, rest @ ..] = result.body
        && let Some(clause) = Clause::of(keyword, host)
    {
        host.spend(1)?;
        match clause {
            Clause::Test => result.tests.push(value),
            Clause::Price => price = Some(price_text(value, host)?),
            Clause::Profile => profile = Some(profile_name(value, host)?),
        }
        result.body = rest;
        if rest.is_empty() {
            return Err(ExpandError::syntax(
                keyword,
                "After its clauses a definition needs a body.",
            )
            .hint("It is written like (define (one) :test (= (one) 1) 1)."));
        }
    }
    if let [keyword, _, _, ..] = result.body
        && let Some(name) = Identifier::of(keyword).filter(|_| env.world.has_keywords())
        && let Some(text) = Some(host.symbols().text(name.name())).filter(|it| it.starts_with(':'))
    {
        return Err(ExpandError::syntax(
            keyword,
            format!("No clause of a definition is called `{text}`."),
        )
        .hint("There are :test, :price and :profile."));
    }
    if price.is_some() || profile.is_some() {
        result.doc = Some(with_costs(result.doc.as_deref(), price.as_deref(), profile));
    }
    Ok(result)
}

/// What may stand between a definition's documentation and its body.
enum Clause {
    Test,
    Price,
    Profile,
}

impl Clause {
    fn of(keyword: &Syntax, host: &mut dyn Host) -> Option<Clause> {
        match host.symbols().text(Identifier::of(keyword)?.name()) {
            ":test" => Some(Clause::Test),
            ":price" => Some(Clause::Price),
            ":profile" => Some(Clause::Profile),
            _ => None,
        }
    }
}

fn price_text(value: &Syntax, host: &mut dyn Host) -> Result<Rc<str>, ExpandError> {
    if let Datum::String(text) = value.datum() {
        return Ok(text.clone());
    }
    let shown = message::show(value, host);
    Err(ExpandError::syntax(
        value,
        format!("A price is a text in double quotes, but this is {shown}."),
    )
    .hint("It is written like :price \"9 for each element\".")
    .about(value.clone()))
}

fn profile_name(value: &Syntax, host: &mut dyn Host) -> Result<Profile, ExpandError> {
    let name = Identifier::of(value).map(|name| host.symbols().text(name.name()));
    if let Some(profile) = name.and_then(Profile::named) {
        return Ok(profile);
    }
    let shown = message::show(value, host);
    Err(ExpandError::syntax(
        value,
        format!("A profile is one of pure, local and node, but this is {shown}."),
    )
    .about(value.clone()))
}

/// The tasks that make the list of tests.
pub(crate) fn test_tasks(
    tests: &[&Syntax],
    env: &Env,
    place: Place,
    host: &mut dyn Host,
) -> Result<Vec<Task>, ExpandError> {
    let mut tasks = vec![Task::internal("%tests", place, host)];
    for test in tests {
        let place = Place::of(test);
        let text = print_charged(test, host)?;
        tasks.push(Task::constant(Datum::String(text.into()), place));
        tasks.push(Task::expression(test, env));
        tasks.push(thunk(place));
    }
    tasks.push(Task::Build(Build::Call(2 * tests.len()), place));
    Ok(tasks)
}

impl Procedure {
    pub(crate) fn expand(self, x: &mut Expander, host: &mut dyn Host) -> Flow {
        let place = self.place;
        let env = self.env.inner();
        let preamble = preamble(&self.body, &self.env, host)?;
        let mut tasks = Vec::new();
        let mut tests = None;
        if let Some(first) = preamble.tests.first() {
            if self.clause {
                return Err(tests_in_clause(first));
            }
            tests = Some(temporary(x, host));
            tasks = test_tasks(&preamble.tests, &self.env, place, host)?;
        }
        let formals = bind_formals(&self.formals, &env, x, host)?;
        let name = self.hint.name;
        tasks.push(Task::Body(Body::new(preamble.body, env, place, name)));
        let mut lambda = shell(name, formals, place);
        lambda.doc = preamble.doc.or(self.hint.doc);
        lambda.tests = tests.or(self.hint.tests);
        if self.clause {
            tasks.push(Task::Build(Build::Clause(lambda), place));
        } else {
            tasks.push(Task::Build(Build::Lambda(lambda), place));
            tasks.extend(tests.map(|tests| Task::Build(Build::Let(vec![tests]), place)));
        }
        x.schedule(tasks);
        Ok(None)
    }
}

fn tests_in_clause(test: &Syntax) -> ExpandError {
    ExpandError::syntax(test, "A clause of `case-lambda` cannot have tests.")
        .hint("Put them before it: (define f :test (f 1) (case-lambda …)).")
}
