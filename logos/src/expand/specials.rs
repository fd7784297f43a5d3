//! The special forms: one table, sorted by name, from which `doc`, completion and error messages are made.

use super::machine::{Expander, Flow};
use super::task::{Destination, Use};
use super::{ExpandError, Host};
use super::{
    binding, clauses, definitions, documentation, imports, library, procedures, quasiquote,
    records, syntaxes,
};
use crate::vm::Profile;
use std::fmt;

/// A form the expander knows.
pub struct Special {
    /// Its name.
    pub name: &'static str,
    /// What it needs, as it stands in the message when it lacks that: "`if` needs …".
    pub needs: &'static str,
    /// How it is written.
    pub signature: &'static str,
    /// A use of it.
    pub example: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// What it costs when it runs: a constant or the value of a name costs 1, a call 1 and its parts.
    pub price: &'static str,
    /// The profile it needs.
    pub profile: Profile,
    pub(crate) kind: Kind,
}

/// Where a special form may stand, and how it is expanded.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Where a value is needed: schedules the tasks that make one node.
    Expression(ExpressionFn),
    /// At the top level and in bodies.
    Definition(SplicingFn),
    /// Everywhere: its parts take its place.
    Splicing(SplicingFn),
    /// Only as a part of other forms.
    Auxiliary,
}

pub(crate) type ExpressionFn = fn(&mut Expander, &Use, &mut dyn Host) -> Result<(), ExpandError>;
pub(crate) type SplicingFn = fn(&mut Expander, Use, Destination, &mut dyn Host) -> Flow;

pub(crate) const AUXILIARY_ARROW: &str = "=>";
pub(crate) const AUXILIARY_ELLIPSIS: &str = "...";
pub(crate) const AUXILIARY_ELSE: &str = "else";
pub(crate) const AUXILIARY_UNDERSCORE: &str = "_";

impl fmt::Debug for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Special({})", self.name)
    }
}

/// The special form of that name.
pub fn find_special(name: &str) -> Option<&'static Special> {
    SPECIALS
        .binary_search_by(|special| special.name.cmp(name))
        .ok()
        .map(|index| &SPECIALS[index])
}

const fn special(
    name: &'static str,
    kind: Kind,
    needs: &'static str,
    signature: &'static str,
    example: &'static str,
    doc: &'static str,
    price: &'static str,
) -> Special {
    Special {
        name,
        needs,
        signature,
        example,
        doc,
        price,
        profile: Profile::Pure,
        kind,
    }
}

impl Special {
    /// The same for programs with more rights.
    const fn needs(mut self, profile: Profile) -> Special {
        self.profile = profile;
        self
    }
}

use Kind::{Auxiliary, Definition, Expression, Splicing};

/// Every special form, sorted by name.
pub const SPECIALS: &[Special] = &[
    special(
        "...",
        Auxiliary,
        "",
        "part ...",
        "(syntax-rules () ((_ x ...) (list x ...)))",
        "In a pattern or template: the part before is repeated.",
        "nothing when it runs",
    ),
    special(
        "=>",
        Auxiliary,
        "",
        "(test => procedure)",
        "(cond ((assv 1 table) => cdr))",
        "In a clause: the value of the test is given to the procedure that follows.",
        "a call",
    ),
    special(
        "_",
        Auxiliary,
        "",
        "_",
        "(syntax-rules () ((_ x) x))",
        "In a pattern: anything, without a name.",
        "nothing when it runs",
    ),
    special(
        "and",
        Expression(clauses::and),
        "values",
        "(and value …)",
        "(and (> n 0) (< n 10))",
        "The first value that is #f, or else the last one; what follows a #f is not evaluated.",
        "1 for each value but the last, and the values evaluated",
    ),
    special(
        "begin",
        Splicing(clauses::begin),
        "at least one part",
        "(begin part …)",
        "(begin (display 1) 2)",
        "Evaluates its parts in order; the value is that of the last.",
        "its parts",
    ),
    special(
        "case",
        Expression(clauses::case),
        "a value and clauses of values in brackets",
        "(case value ((datum …) body …) … [(else body …)])",
        "(case n ((1 2) 'few) (else 'many))",
        "Chooses the clause whose list contains the value.",
        "5 for each clause, 1 for each datum passed, and what is evaluated",
    ),
    special(
        "case-lambda",
        Expression(procedures::case_lambda),
        "clauses, each with parameters and a body",
        "(case-lambda ((parameter …) body …) …)",
        "(case-lambda ((x) x) ((x y) (+ x y)))",
        "A procedure that chooses a clause by the number of its arguments.",
        "1, 1 for each clause, 1 for every 4 variables they use from outside",
    ),
    special(
        "cond",
        Expression(clauses::cond),
        "clauses in brackets, each with a test",
        "(cond (test body …) … [(else body …)])",
        "(cond ((> n 0) 'positive) (else 'other))",
        "Evaluates the first clause whose test is not #f.",
        "1 for each test, and what is evaluated",
    ),
    special(
        "cond-expand",
        Splicing(library::cond_expand),
        "clauses in brackets, each with a feature",
        "(cond-expand (feature part …) …)",
        "(cond-expand (logos 1) (else 2))",
        "Chooses code by what this system offers.",
        "the parts chosen",
    ),
    special(
        "def",
        Definition(definitions::define),
        "a name and a value, or a name with parameters and a body",
        "(def name value)",
        "(def (double x) (* 2 x))",
        "The same as define.",
        "1, and the value",
    ),
    special(
        "define",
        Definition(definitions::define),
        "a name and a value, or a name with parameters and a body",
        "(define name value), (define (name parameter …) body …)",
        "(define (double x) (* 2 x))",
        "Gives a name to a value or a procedure.",
        "1, and the value",
    ),
    special(
        "define-library",
        Definition(library::define_library),
        "a name in brackets and declarations",
        "(define-library (name …) declaration …)",
        "(define-library (shapes) (export area) (import (logos)) (begin (define (area r) (* r r))))",
        "Defines a library, with names of its own of which it exports some.",
        "what its body costs, when it is first imported",
    ),
    special(
        "define-record-type",
        Definition(records::define_record_type),
        "a name, a constructor, a predicate and fields",
        "(define-record-type name (constructor field …) predicate (field accessor [modifier]) …)",
        "(define-record-type point (make-point x y) point? (x point-x) (y point-y))",
        "Defines a new kind of value with fields.",
        "13, and 5 for each field",
    ),
    special(
        "define-syntax",
        Definition(syntaxes::define_syntax),
        "a name and a transformer",
        "(define-syntax name (syntax-rules (literal …) (pattern template) …))",
        "(define-syntax twice (syntax-rules () ((_ e) (begin e e))))",
        "Defines a macro by patterns.",
        "nothing when it runs",
    ),
    special(
        "define-values",
        Definition(definitions::define_values),
        "names in brackets and an expression",
        "(define-values (name …) expression)",
        "(define-values (quotient rest) (floor/ 7 2))",
        "Gives names to several values.",
        "8, 7 for each name, and the expression",
    ),
    special(
        "defmacro",
        Definition(syntaxes::defmacro),
        "a name with parameters and a body",
        "(defmacro (name parameter …) body …)",
        "(defmacro (twice e) `(begin ,e ,e))",
        "Defines a macro by a procedure that is given code and returns code.",
        "2; each use, a call of it",
    ),
    special(
        "delay",
        Expression(procedures::delay),
        "one expression",
        "(delay expression)",
        "(delay (+ 1 2))",
        "A promise: the expression is evaluated when it is first forced.",
        "3; when it is forced, the expression",
    ),
    special(
        "delay-force",
        Expression(procedures::delay_force),
        "one expression",
        "(delay-force expression)",
        "(delay-force (delay 1))",
        "A promise of what the promise that the expression gives will give.",
        "3; when it is forced, the expression",
    ),
    special(
        "do",
        Expression(binding::do_loop),
        "variables, a test with results, and a body",
        "(do ((name start [step]) …) (test result …) body …)",
        "(do ((i 0 (+ i 1))) ((= i 3) 'done) (display i))",
        "Repeats until the test holds; each variable has a start and a step.",
        "3 for each round, and what is evaluated",
    ),
    special(
        "doc",
        Expression(documentation::doc),
        "a name",
        "(doc name)",
        "(doc map)",
        "How something is used and what it does, or #f.",
        "3",
    ),
    special(
        "else",
        Auxiliary,
        "",
        "(else body …)",
        "(cond ((> n 0) 'positive) (else 'other))",
        "In a last clause: holds when no clause before did.",
        "its body",
    ),
    special(
        "fn",
        Expression(procedures::lambda),
        "parameters in brackets and a body",
        "(fn (parameter …) body …)",
        "(fn (x) (* x x))",
        "The same as lambda.",
        "1, and 1 for every 4 variables it uses from outside",
    ),
    special(
        "guard",
        Expression(clauses::guard),
        "a name with clauses in brackets, and a body",
        "(guard (name (test body …) …) body …)",
        "(guard (e (#t 'caught)) (raise 'oops))",
        "Evaluates the body; an error is given to the clauses.",
        "6, and the body; on an error, the clauses",
    ),
    special(
        "if",
        Expression(clauses::if_form),
        "a test and one or two more parts",
        "(if test then [else])",
        "(if (> n 0) n 0)",
        "Evaluates the second part when the test is not #f, otherwise the third.",
        "1, the test and the part chosen",
    ),
    special(
        "import",
        Definition(imports::import),
        "names of libraries",
        "(import library …)",
        "(import (scheme base))",
        "Makes the names of libraries visible; those of files need the local profile, (from …) the node profile.",
        "what their bodies cost, when they are first imported",
    ),
    special(
        "include",
        Splicing(library::include),
        "names of files",
        "(include file …)",
        "(include \"shapes.logos\")",
        "Puts the contents of files in its place.",
        "what the files hold",
    )
    .needs(Profile::Local),
    special(
        "include-ci",
        Splicing(library::include_ci),
        "names of files",
        "(include-ci file …)",
        "(include-ci \"old.scm\")",
        "The same as include; capital letters count as small ones.",
        "what the files hold",
    )
    .needs(Profile::Local),
    special(
        "lambda",
        Expression(procedures::lambda),
        "parameters in brackets and a body",
        "(lambda (parameter …) body …)",
        "(lambda (x) (* x x))",
        "A procedure.",
        "1, and 1 for every 4 variables it uses from outside",
    ),
    special(
        "let",
        Expression(binding::let_form),
        "names with values in brackets, and a body",
        "(let ((name value) …) body …), (let loop ((name value) …) body …)",
        "(let ((x 1) (y 2)) (+ x y))",
        "Gives names to values in its body.",
        "the values and the body; 2 for each round of a loop",
    ),
    special(
        "let*",
        Expression(binding::let_star),
        "names with values in brackets, and a body",
        "(let* ((name value) …) body …)",
        "(let* ((x 1) (y (+ x 1))) (* x y))",
        "The same as let, each value seeing the names before.",
        "the values and the body",
    ),
    special(
        "let*-values",
        Expression(binding::let_star_values),
        "lists of names with expressions in brackets, and a body",
        "(let*-values (((name …) expression) …) body …)",
        "(let*-values (((a b) (values 1 2)) ((c) (values a))) c)",
        "The same as let-values, each expression seeing the names before.",
        "6, 1 for each name, and what is evaluated",
    ),
    special(
        "let-syntax",
        Expression(binding::let_syntax),
        "names with transformers in brackets, and a body",
        "(let-syntax ((name transformer) …) body …)",
        "(let-syntax ((one (syntax-rules () ((_) 1)))) (one))",
        "Defines macros for its body.",
        "the body",
    ),
    special(
        "let-values",
        Expression(binding::let_values),
        "lists of names with expressions in brackets, and a body",
        "(let-values (((name …) expression) …) body …)",
        "(let-values (((a b) (values 1 2))) (+ a b))",
        "Gives names to several values in its body.",
        "6, 1 for each name, and what is evaluated",
    ),
    special(
        "letrec",
        Expression(binding::letrec),
        "names with values in brackets, and a body",
        "(letrec ((name value) …) body …)",
        "(letrec ((f (lambda (n) (if (= n 0) 1 (* n (f (- n 1))))))) (f 5))",
        "The same as let, each value seeing all the names.",
        "the values and the body; 5 for each value that is computed",
    ),
    special(
        "letrec*",
        Expression(binding::letrec_star),
        "names with values in brackets, and a body",
        "(letrec* ((name value) …) body …)",
        "(letrec* ((a 1) (f (lambda () a))) (f))",
        "The same as letrec, in order.",
        "the values and the body",
    ),
    special(
        "letrec-syntax",
        Expression(binding::letrec_syntax),
        "names with transformers in brackets, and a body",
        "(letrec-syntax ((name transformer) …) body …)",
        "(letrec-syntax ((one (syntax-rules () ((_) 1)))) (one))",
        "Defines macros for its body that may use each other.",
        "the body",
    ),
    special(
        "or",
        Expression(clauses::or),
        "values",
        "(or value …)",
        "(or (assv 1 table) 'none)",
        "The first value that is not #f, or else the last one; what follows it is not evaluated.",
        "2 for each value but the last, and the values evaluated",
    ),
    special(
        "parameterize",
        Expression(binding::parameterize),
        "parameters with values in brackets, and a body",
        "(parameterize ((parameter value) …) body …)",
        "(parameterize ((width 80)) (print-page))",
        "Gives parameters other values while its body runs.",
        "23, 37 for each parameter, and what is evaluated",
    ),
    special(
        "quasiquote",
        Expression(quasiquote::quasiquote),
        "one datum",
        "`datum, (quasiquote datum)",
        "`(1 ,(+ 1 1))",
        "The datum as it is written, except where it is unquoted.",
        "1, or the lists it makes and the values unquoted",
    ),
    special(
        "quote",
        Expression(quasiquote::quote),
        "one datum",
        "'datum, (quote datum)",
        "'(1 2 3)",
        "The datum as it is written.",
        "1",
    ),
    special(
        "set!",
        Expression(binding::set),
        "a name and a value",
        "(set! name value)",
        "(set! n (+ n 1))",
        "Changes the value of a variable.",
        "1, and the value",
    ),
    special(
        "syntax-error",
        Expression(clauses::syntax_error),
        "a message",
        "(syntax-error message form …)",
        "(syntax-error \"this needs a name\" x)",
        "In a template: the macro is used wrongly.",
        "nothing: it never runs",
    ),
    special(
        "syntax-rules",
        Auxiliary,
        "",
        "(syntax-rules (literal …) (pattern template) …)",
        "(define-syntax twice (syntax-rules () ((_ e) (begin e e))))",
        "The transformer of a macro: patterns and templates.",
        "nothing when it runs",
    ),
    special(
        "unless",
        Expression(clauses::unless),
        "a test and a body",
        "(unless test body …)",
        "(unless (> n 0) (display n))",
        "Evaluates its body when the test is #f.",
        "1, the test and the body",
    ),
    special(
        "unquote",
        Auxiliary,
        "",
        ",expression, (unquote expression)",
        "`(1 ,(+ 1 1))",
        "In a quasiquote: the value of an expression.",
        "the expression",
    ),
    special(
        "unquote-splicing",
        Auxiliary,
        "",
        ",@expression, (unquote-splicing expression)",
        "`(1 ,@(list 2 3))",
        "In a quasiquote: the elements of a list.",
        "the expression, and 1 for each element copied",
    ),
    special(
        "when",
        Expression(clauses::when),
        "a test and a body",
        "(when test body …)",
        "(when (> n 0) (display n))",
        "Evaluates its body when the test is not #f.",
        "1, the test and the body",
    ),
    special(
        "λ",
        Expression(procedures::lambda),
        "parameters in brackets and a body",
        "(λ (parameter …) body …)",
        "(λ (x) (* x x))",
        "The same as lambda.",
        "1, and 1 for every 4 variables it uses from outside",
    ),
];
