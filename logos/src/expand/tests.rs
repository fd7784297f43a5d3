//! Programs and what they expand to, what they give, or what is wrong with them.

mod world;

use super::*;
use crate::syntax::Datum;
use proptest::prelude::*;
use world::World;

/// The core forms of a program in a user's world.
fn check_core(program: &str, expected: &str) {
    let mut world = World::new();
    world.evaluates = false;
    let env = Environment::on(&world.base.clone());
    match world.core(&env, program) {
        Ok(core) => assert_eq!(core, expected, "expanding {program}"),
        Err(error) => panic!("expanding {program}: {error:?}"),
    }
}

/// The value of the last form of a program.
fn check(program: &str, expected: &str) {
    let mut world = World::new();
    let env = Environment::on(&world.base.clone());
    match world.run(&env, program) {
        Ok(value) => assert_eq!(world.show(&value), expected, "evaluating {program}"),
        Err(error) => panic!("expanding {program}: {error:?}"),
    }
}

/// The message of a program that is wrong, and the text it marks.
fn check_error(program: &str, message: &str, marked: &str) {
    let mut world = World::new();
    world.evaluates = false;
    let env = Environment::on(&world.base.clone());
    match world.core(&env, program) {
        Ok(core) => panic!("{program} was expanded to {core}"),
        Err(error) => {
            assert_eq!(error.message, message, "of {program}");
            let (start, end) = (
                error.place.span.start as usize,
                error.place.span.end as usize,
            );
            assert_eq!(&program[start..end], marked, "marked in {program}");
        }
    }
}

#[test]
fn tasks_are_as_large_as_what_is_charged() {
    assert!(size_of::<task::Task>() <= 80, "{}", size_of::<task::Task>());
}

#[test]
fn tables_are_sorted() {
    assert!(SPECIALS.is_sorted_by(|one, two| one.name < two.name));
    assert!(INTERNALS.is_sorted_by(|one, two| one.name < two.name));
    assert_eq!(find_special("if").map(|special| special.name), Some("if"));
    assert!(find_special("iff").is_none());
}

#[test]
fn forms_become_core() {
    for (program, expected) in [
        ("1", "1"),
        ("\"a\"", "\"a\""),
        ("#(1 a)", "#(1 a)"),
        (":key", ":key"),
        ("'a", "'a"),
        ("''a", "''a"),
        ("car", "car"),
        ("(car x)", "(car x)"),
        ("(if 1 2 3)", "(If 1 2 3)"),
        ("(if 1 2)", "(If 1 2 #<void>)"),
        ("(define x 1)", "(Define x 1)"),
        ("(def x 1)", "(Define x 1)"),
        (
            "(define (f a . b) a)",
            "(Define f (Lambda:f(a.0 . b.1) a.0))",
        ),
        (
            "(define f (lambda a a))",
            "(Define f (Lambda:f( . a.0) a.0))",
        ),
        ("(fn (x) x)", "(Lambda(x.0) x.0)"),
        ("(λ (x) x)", "(Lambda(x.0) x.0)"),
        (
            "(lambda (x) (set! x 1) x)",
            "(Lambda(x.0!) (Sequence (Set x.0! 1) x.0!))",
        ),
        ("(begin 1 2)", "1\n2"),
        ("(list (begin 1 2))", "(list (Sequence 1 2))"),
        ("(let () 1)", "1"),
        (
            "(let ((a 1) (b 2)) (list a b))",
            "(Let ((a.0 1) (b.1 2)) (list a.0 b.1))",
        ),
        (
            "(let* ((a 1) (a a)) a)",
            "(Let ((a.0 1)) (Let ((a.1 a.0)) a.1))",
        ),
        ("(let* () 1)", "1"),
        ("(letrec ((a 1)) a)", "(Letrec ((a.0 1)) a.0)"),
        (
            "(let loop ((i 0)) (loop i))",
            "(Letrec ((loop.0 (Lambda:loop(i.1) (loop.0 i.1)))) (loop.0 0))",
        ),
        (
            "(do ((i 0 (+ i 1)) (j 1)) ((= i 3) j) 7)",
            "(Letrec ((do.0 (Lambda:do(i.1 j.2) (If (= i.1 3) j.2 \
             (Sequence 7 (do.0 (+ i.1 1) j.2)))))) (do.0 0 1))",
        ),
        ("(and)", "#t"),
        ("(and 1 2 3)", "(If 1 (If 2 3 #f) #f)"),
        ("(or)", "#f"),
        (
            "(or 1 2 3)",
            "(Let ((_.0 1)) (If _.0 _.0 (Let ((_.1 2)) (If _.1 _.1 3))))",
        ),
        ("(when 1 2 3)", "(If 1 (Sequence 2 3) #<void>)"),
        ("(unless 1 2 3)", "(If 1 #<void> (Sequence 2 3))"),
        (
            "(cond (1 2 3) (4))",
            "(If 1 (Sequence 2 3) (Let ((_.0 4)) (If _.0 _.0 #<void>)))",
        ),
        (
            "(cond (1 => car) (else 2))",
            "(Let ((_.0 1)) (If _.0 (car _.0) 2))",
        ),
        (
            "(case 1 ((1 2) 3) ((x) => car) (else => cdr))",
            "(Let ((_.0 1)) (If (%memv _.0 '(1 2)) 3 (If (%memv _.0 '(x)) (car _.0) (cdr _.0))))",
        ),
        ("(set! car 1)", "(Set car 1)"),
        ("{:a 1 'b (car 2)}", "(%dict :a 1 'b (car 2))"),
        ("(delay 1)", "(%delay (Lambda() 1))"),
        ("(delay-force 1)", "(%delay-force (Lambda() 1))"),
        (
            "(parameterize ((p 1)) 2)",
            "(%parameterize (%list (%cons p 1)) (Lambda() 2))",
        ),
        (
            "(guard (e ((car e) 1)) 2)",
            "(%guard #f (Lambda() 2) (Lambda(e.0 reraise.1) (If (car e.0) 1 (reraise.1))))",
        ),
        (
            "(guard (e (e => car) (else 1)) 2)",
            "(%guard #t (Lambda() 2) (Lambda(e.0 reraise.1) (Let ((_.2 e.0)) (If _.2 (car _.2) 1))))",
        ),
        (
            "(define f (case-lambda ((a) a) ((a . b) b)))",
            "(Define f (CaseLambda (:f(a.0) a.0) (:f(a.1 . b.2) b.2)))",
        ),
        (
            "(let-values (((a b) (f)) ((c) (g))) c)",
            "(%call-with-values (Lambda() (f)) (Lambda:values of let-values(a.0 b.1) \
             (%call-with-values (Lambda() (g)) (Lambda:values of let-values(c.2) c.2))))",
        ),
        (
            "(define-values (a . b) 1)",
            "(Let ((_.0 (%call-with-values (Lambda() 1) (Lambda:values of define-values(a.1 . b.2) (%vector a.1 b.2))))) \
             (Sequence (Define a (%vector-ref _.0 0)) (Define b (%vector-ref _.0 1))))",
        ),
        (
            "(define-record-type point (make y) point? (x px) (y py set-y!))",
            "(Sequence (Define point (%make-record-type 'point #(x y))) \
             (Define make (%record-constructor point #(1) 'make)) \
             (Define point? (%record-predicate point 'point?)) \
             (Define px (%record-accessor point 0 'px)) \
             (Define py (%record-accessor point 1 'py)) \
             (Define set-y! (%record-modifier point 1 'set-y!)))",
        ),
    ] {
        check_core(program, expected);
    }
}

#[test]
fn definitions_carry_documentation_and_tests() {
    for (program, expected) in [
        (
            "(define (f) \"doc\" 1)",
            "(Define f (Lambda:f() \"doc\" 1))",
        ),
        (
            "(define (f) \"value\")",
            "(Define f (Lambda:f() \"value\"))",
        ),
        (
            "(define f \"doc\" (lambda () 1))",
            "(Define f (Lambda:f() \"doc\" 1))",
        ),
        ("(define f \"doc\" 1)", "(Define f 1)"),
        ("(define (f) :ok)", "(Define f (Lambda:f() :ok))"),
        (
            "(define f \"doc\" :test 1 (case-lambda ((a) a)))",
            "(Let ((_.0 (%tests \"1\" (Lambda() 1)))) (Sequence (Define f _.0) \
             (Define f (CaseLambda (:f(a.1) \"doc\" tests=_.0 a.1)))))",
        ),
        (
            "(define (f x) \"doc\" :test (= (f 1) 1) :test '(a) x)",
            "(Define f (Let ((_.0 (%tests \"(= (f 1) 1)\" (Lambda() (= (f 1) 1)) \
             \"'(a)\" (Lambda() '(a))))) (Lambda:f(x.1) \"doc\" tests=_.0 x.1)))",
        ),
        (
            "(let ((x 1)) (lambda (x) :test x x))",
            "(Let ((x.0 1)) (Let ((_.1 (%tests \"x\" (Lambda() x.0)))) (Lambda(x.2) tests=_.1 x.2)))",
        ),
    ] {
        check_core(program, expected);
    }
}

#[test]
fn bodies_become_letrec() {
    for (program, expected) in [
        ("(let () (define a 1) a)", "(Letrec ((a.0 1)) a.0)"),
        (
            "(let () (define (f) (g)) 1 (define (g) 2) (f) 3)",
            "(Letrec ((f.0 (Lambda:f() (g.1))) (_.2 1) (g.1 (Lambda:g() 2))) (Sequence (f.0) 3))",
        ),
        (
            "(let () (begin (define a 1) (begin)) (begin 2 a))",
            "(Letrec ((a.0 1)) (Sequence 2 a.0))",
        ),
        (
            "(let () (define-values (a b) (f)) b)",
            "(Letrec ((_.0 (%call-with-values (Lambda() (f)) (Lambda:values of define-values(a.1 b.2) (%vector a.1 b.2)))) \
             (a.3 (%vector-ref _.0 0)) (b.4 (%vector-ref _.0 1))) b.4)",
        ),
        (
            "(let () (define-record-type r (make) #f (x get)) get)",
            "(Letrec ((r.0 (%make-record-type 'r #(x))) (make.1 (%record-constructor r.0 #() 'make)) \
             (get.2 (%record-accessor r.0 0 'get))) get.2)",
        ),
        (
            "(lambda (x) (define x 1) x)",
            "(Lambda(x.0) (Letrec ((x.1 1)) x.1))",
        ),
    ] {
        check_core(program, expected);
    }
}

#[test]
fn quasiquotes() {
    for (program, expected) in [
        ("`a", "'a"),
        ("`(a b)", "'(a b)"),
        ("`(a ,b)", "(%list 'a b)"),
        ("`(a . ,b)", "(%list* 'a b)"),
        ("`(,a . b)", "(%list* a 'b)"),
        ("`(,a (b c) (d ,e))", "(%list a '(b c) (%list 'd e))"),
        ("`(1 ,@a 2 3 ,@b)", "(%append (%list 1) a (%list 2 3) b)"),
        ("`(,@a . b)", "(%append a 'b)"),
        ("`(,@a . ,b)", "(%append a b)"),
        ("`#(1 ,a)", "(%list->vector (%list 1 a))"),
        ("`#(1 ,@a)", "(%list->vector (%append (%list 1) a))"),
        ("`#(1 2)", "#(1 2)"),
        ("`{:a ,b}", "(%dict :a b)"),
        (
            "`(a `(b ,(c ,d)))",
            "(%list 'a (%list 'quasiquote (%list 'b (%list 'unquote (%list 'c d)))))",
        ),
        ("`(a `(b ,c))", "'(a `(b ,c))"),
        (
            "`(1 `,@(,@a))",
            "(%list 1 (%list 'quasiquote (%list 'unquote-splicing (%append a))))",
        ),
        ("(let ((unquote 1)) `(,a))", "(Let ((unquote.0 1)) '(,a))"),
    ] {
        check_core(program, expected);
    }
    check(
        "`((foo ,(- 10 3)) ,@(cdr '(c)) . ,(car '(cons)))",
        "((foo 7) . cons)",
    );
    check("`(a `(b ,(foo ,(+ 1 3) d) e) f)", "(a `(b ,(foo 4 d) e) f)");
    check(
        "(let ((name1 'x) (name2 'y)) `(a `(b ,,name1 ,',name2 d) e))",
        "(a `(b ,x ,'y d) e)",
    );
}

#[test]
fn macros_are_hygienic() {
    let swap =
        "(define-syntax swap! (syntax-rules () ((_ a b) (let ((tmp a)) (set! a b) (set! b tmp)))))";
    let my_or = "(define-syntax my-or (syntax-rules () ((_) #f) ((_ e) e)
        ((_ e r ...) (let ((t e)) (if t t (my-or r ...))))))";
    for (program, expected) in [
        (&*format!("{swap} (let ((tmp 1) (other 2)) (swap! tmp other) (list tmp other))"), "(2 1)"),
        (&format!("{my_or} (let ((t 5)) (my-or #f t))"), "5"),
        (&format!("{my_or} (let ((if list)) (my-or #f 2))"), "2"),
        (&format!("{my_or} (define if list) (my-or 1 2)"), "(1 1 2)"),
        ("(let ((=> #f)) (cond (#t => 'ok)))", "ok"),
        ("(let ((else #f)) (cond (else 1) (#t 2)))", "2"),
        ("(define else #f) (cond (else 1) (#t 2))", "2"),
        (
            "(let-syntax ((given-that (syntax-rules () ((_ test stmt1 stmt2 ...)
               (if test (begin stmt1 stmt2 ...))))))
             (let ((if #t)) (given-that if (set! if 'now)) if))",
            "now",
        ),
        ("(let ((x 'outer)) (let-syntax ((m (syntax-rules () ((m) x)))) (let ((x 'inner)) (m))))", "outer"),
        (
            "(letrec-syntax ((my-or (syntax-rules () ((my-or) #f) ((my-or e) e)
               ((my-or e1 e2 ...) (let ((temp e1)) (if temp temp (my-or e2 ...)))))))
             (let ((x #f) (y 7) (temp 8) (let odd?) (if even?)) (my-or x (let temp) (if y) y)))",
            "7",
        ),
        (
            "(define-syntax be-like-begin (syntax-rules () ((be-like-begin name)
               (define-syntax name (syntax-rules () ((name expr (... ...)) (begin expr (... ...))))))))
             (be-like-begin sequence) (sequence 1 2 3 4)",
            "4",
        ),
        (
            "(let ((a 1)) (letrec-syntax ((foo (syntax-rules () ((_ b) (bar a b))))
               (bar (syntax-rules () ((_ c d) (cons c (let ((c 3)) (list d c 'c)))))))
               (let ((a 2)) (foo a))))",
            "(1 2 3 a)",
        ),
        (
            "(let () (define-syntax foo (syntax-rules () ((_) (bar)))) (define (bar) 1) (foo))",
            "1",
        ),
        (
            "(define-syntax jabberwocky (syntax-rules () ((_ hatter) (begin (define march-hare 42)
               (define-syntax hatter (syntax-rules () ((_) march-hare)))))))
             (jabberwocky mad-hatter) (mad-hatter)",
            "42",
        ),
        (
            "(let () (define-syntax jabberwocky (syntax-rules () ((_ hatter) (begin (define march-hare 42)
               (define-syntax hatter (syntax-rules () ((_) march-hare)))))))
             (define march-hare 1) (jabberwocky mad-hatter) (list march-hare (mad-hatter)))",
            "(1 42)",
        ),
        (
            "(define-syntax loop (syntax-rules () ((_ x e ...) (let again ((x 0)) (if (= x 3) 'end
               (begin e ... (again (+ x 1))))))))
             (let ((again 1)) (loop i (set! again (+ again i))) again)",
            "4",
        ),
        (
            "(define-syntax while (syntax-rules () ((_ c b ...) (let lp () (when c b ... (lp))))))
             (let ((x 0)) (while (< x 5) (set! x (+ x 1))) x)",
            "5",
        ),
    ] {
        check(program, expected);
    }
}

#[test]
fn patterns_and_templates() {
    let with = |rules: &str, uses: &str| format!("(define-syntax m (syntax-rules {rules})) {uses}");
    for (rules, uses, expected) in [
        (
            "() ((_ (a b ...) ...) '((b ... a) ...))",
            "(m (1 2 3) (4))",
            "((2 3 1) (4))",
        ),
        (
            "() ((_ (a ...) ...) '(a ... ...))",
            "(m (1 2) () (3))",
            "(1 2 3)",
        ),
        (
            "() ((_ ((a ...) ...) ...) '(((a ... !) ...) ...))",
            "(m ((1 2) (3)) ())",
            "(((1 2 !) (3 !)) ())",
        ),
        (
            "() ((_ a ... b c) '(c b a ...))",
            "(m 1 2 3 4)",
            "(4 3 1 2)",
        ),
        ("() ((_ a ... b c) '(c b a ...))", "(m 1 2)", "(2 1)"),
        (
            "() ((_ a ... b . c) '(c b a ...))",
            "(m 1 2 3 . 4)",
            "(4 3 1 2)",
        ),
        ("() ((_ a ... . c) '(c a ...))", "(m 1 2)", "(() 1 2)"),
        ("() ((_ (a . b)) '(b a))", "(m (1 2 3))", "((2 3) 1)"),
        ("() ((_ (a . b)) '(b a))", "(m (1 . 2))", "(2 1)"),
        ("() ((_ . a) 'a)", "(m 1 2)", "(1 2)"),
        (
            "() ((_ #(a b ...)) '(a #(b ...)))",
            "(m #(1 2 3))",
            "(1 #(2 3))",
        ),
        ("() ((_ #(a ... b)) '(a ... b))", "(m #(1 2 3))", "(1 2 3)"),
        (
            "() ((_ 1 \"a\" #\\b x) 'x) ((_ . x) 'other)",
            "(m 1 \"a\" #\\b ok)",
            "ok",
        ),
        (
            "() ((_ 1 \"a\" #\\b x) 'x) ((_ . x) 'other)",
            "(m 1.0 \"a\" #\\b ok)",
            "other",
        ),
        (
            "(in) ((_ x in y) '(x y)) ((_ x z y) 'no)",
            "(m 1 in 2)",
            "(1 2)",
        ),
        (
            "(in) ((_ x in y) '(x y)) ((_ x z y) 'no)",
            "(let ((in 1)) (m 1 in 2))",
            "no",
        ),
        (
            "(in) ((_ x in y) '(x y)) ((_ x z y) 'no)",
            "(define in 1) (m 1 in 2)",
            "(1 2)",
        ),
        ("() ((_ :limit x) 'x) ((_ a b) 'no)", "(m :limit 3)", "3"),
        ("() ((_ :limit x) 'x) ((_ a b) 'no)", "(m :other 3)", "no"),
        ("::: () ((_ a :::) '(a ::: ...))", "(m 1 2)", "(1 2 ...)"),
        ("(...) ((_ a ...) 'a) ((_ . x) 'other)", "(m 1 2)", "other"),
        ("(...) ((_ a ...) 'a) ((_ . x) 'other)", "(m 1 ...)", "1"),
        ("() ((_ a ...) '(... (b ...)))", "(m)", "(b ...)"),
        ("() ((_ a) '(a (... ...)))", "(m 1)", "(1 ...)"),
        ("() ((_ _ a) 'a)", "(m 1 2)", "2"),
        (
            "() ((_ a b ...) '((a b) ...))",
            "(m 1 2 3)",
            "((1 2) (1 3))",
        ),
        (
            "() ((_ (a b ...) ...) '((a b) ... ...))",
            "(m (1 2 3) (4 5))",
            "((1 2) (1 3) (4 5))",
        ),
        ("() ((_ a) {a 1})", "(m 'x)", "(%dict x 1)"),
        (
            "() ((_ {(k v) ...}) '((v ...) (k ...)))",
            "(m {:b 1 :a 2})",
            "((1 2) (:b :a))",
        ),
        (
            "() ((_ {e ...}) '(e ...)) ((_ e) 'other)",
            "(list (m {}) (m (1 2)))",
            "(() other)",
        ),
        (
            "() ((_ ()) 'empty) ((_ (a . b)) 'pair)",
            "(list (m ()) (m (1)))",
            "(empty pair)",
        ),
        (
            "() ((_ (a b) ...) (let ((a b) ...) (list a ...)))",
            "(m (x 1) (y 2))",
            "(1 2)",
        ),
        (
            "() ((_ a ... (b)) '((a ...) b))",
            "(m 1 2 (3))",
            "((1 2) 3)",
        ),
        (
            "() ((_ (a ...) (b ...)) '((a b) ...))",
            "(m (1 2) (3 4))",
            "((1 3) (2 4))",
        ),
    ] {
        check(&with(rules, uses), expected);
    }
}

#[test]
fn scopes_of_macros() {
    for (program, expected) in [
        (
            "(let ((x 1)) (define-syntax get (syntax-rules () ((_) x))) (define (f x) (get)) (f 2))",
            "1",
        ),
        ("(define x 1) (define-syntax get (syntax-rules () ((_) x))) (let ((x 2)) (get))", "1"),
        ("(let-syntax ((a (syntax-rules () ((_) 1)))) (define b (a)) (+ b (a)))", "2"),
        ("(let-syntax ((my-if if)) (my-if #f 1 2))", "2"),
        ("(define-syntax my-if if) (let ((if list)) (my-if #f 1 2))", "2"),
        (
            "(define-syntax ten (syntax-rules () ((_) 10)))
             (define-syntax define-ten (syntax-rules () ((_ x) (define x (ten)))))
             (let ((ten 1)) (define-ten y) (+ y ten))",
            "11",
        ),
        (
            "(define-syntax def2 (syntax-rules () ((_ a b v) (begin (define a v) (define b v)))))
             (def2 p q 3) (let () (def2 r s 4) (list p q r s))",
            "(3 3 4 4)",
        ),
        (
            "(define-syntax my-let (syntax-rules () ((_ ((n v) ...) . body) ((lambda (n ...) . body) v ...))))
             (my-let ((a 1) (b 2)) (define c 3) (+ a b c))",
            "6",
        ),
        // A macro that uses itself with a name of its own each time.
        (
            "(define-syntax rev (syntax-rules () ((_ () (n ...) (v ...)) (let ((n v) ...) (list n ...)))
               ((_ (x y ...) (n ...) vs) (rev (y ...) (tmp n ...) vs))))
             (rev (1 1 1) () (1 2 3))",
            "(1 2 3)",
        ),
        ("(define (list . x) 'mine) (list 1)", "mine"),
        ("(define (f) (list 1)) (define (list . x) 'mine) (f)", "mine"),
        ("(define (f) (list 1)) (set! list car) (define x '(5)) (list x)", "5"),
        ("(define (when x) x) (when 3)", "3"),
    ] {
        check(program, expected);
    }
}

#[test]
fn dark_corners() {
    let escapes = "(define-syntax m (syntax-rules () ((_) '(... ...)) ((_ x) '(... (x ...)))
        ((_ x y) '(... (... x y)))))";
    let count = "(define-syntax m (syntax-rules () ((_) 0) ((_ _) 1) ((_ _ _) 2) ((_ . _) 'many)))";
    let literal = "(define-syntax m (syntax-rules (_) ((m) 0) ((m _) 1) ((m x) 'other)))";
    for (program, expected) in [
        (&*format!("{escapes} (list (m) (m 100) (m 100 200))"), "(... (100 ...) (... 100 200))"),
        (&format!("{count} (list (m) (m a) (m a b) (m a b c d))"), "(0 1 2 many)"),
        (&format!("{literal} (list (m) (m _) (m a))"), "(0 1 other)"),
        ("(define-syntax m (syntax-rules ... (...) ((_ x) '(x ...)))) (m 100)", "(100 ...)"),
        ("(define-syntax m (syntax-rules () ((foo _) '_))) (m 1)", "_"),
        (
            "(let ((x 1)) (let-syntax ((foo (syntax-rules () ((_ y) (let-syntax
               ((bar (syntax-rules () ((_) (let ((x 2)) y))))) (bar)))))) (foo x)))",
            "1",
        ),
        (
            "(let ((x 1)) (letrec-syntax ((foo (syntax-rules () ((_ y) (bar y))))
               (bar (syntax-rules () ((_ y) (let ((x 2)) y))))) (foo x)))",
            "1",
        ),
        // A macro that defines a record type keeps its fields apart.
        (
            "(define-syntax rec (syntax-rules () ((_ make get) (define-record-type r (make a b) #f
               (a get) (b other)))))
             (rec make get) get",
            "(%record-accessor (%make-record-type r #(a b)) 0 get)",
        ),
        // The same name introduced twice is two names.
        (
            "(define-syntax two (syntax-rules () ((_ (n ...)) (let ((t 1) n ...) t)) ((_ a b) (two (a)))))
             (define-syntax m (syntax-rules () ((_) (two ((t 2))))))
             (m)",
            "1",
        ),
        // A literal of an inner macro given by the outer one.
        (
            "(define-syntax outer (syntax-rules () ((_ lit) (let-syntax ((inner (syntax-rules (lit)
               ((_ lit) 'same) ((_ x) 'different)))) (list (inner lit) (inner other))))))
             (outer here)",
            "(same different)",
        ),
        // An ellipsis of its own given by the outer macro.
        (
            "(define-syntax outer (syntax-rules () ((_ dots) (let-syntax ((inner (syntax-rules dots ()
               ((_ x dots) (list x dots))))) (inner 1 2 3)))))
             (outer ooo)",
            "(1 2 3)",
        ),
        // Nested definitions of a name that the macro introduces and the user has too.
        (
            "(define-syntax def (syntax-rules () ((_ f) (begin (define helper 1) (define (f) helper)))))
             (let () (define helper 2) (def f) (def g) (list helper (f) (g)))",
            "(2 1 1)",
        ),
        // Continuation-passing macros: names travel through several expansions.
        (
            "(define-syntax k (syntax-rules () ((_ (f x ...) y) (f x ... y))))
             (define-syntax a (syntax-rules () ((_ c) (let ((v 1)) (k c v)))))
             (let ((v 2)) (a (list v)))",
            "(2 1)",
        ),
        ("(let loop ((i 0)) (define-syntax up (syntax-rules () ((_) (loop (+ i 1))))) (if (= i 3) i (up)))", "3"),
        ("(define-syntax m (syntax-rules () ((_ . args) (list . args)))) (m 1 2)", "(1 2)"),
        ("(define-syntax m (syntax-rules () ((_ (a . b) ...) '((b . a) ...)))) (m (1 . 2) (3 4))", "((2 . 1) ((4) . 3))"),
        ("(let () (define-values () (values)) 'ok)", "ok"),
        ("(define-values () (values)) 'ok", "ok"),
        ("(let () (define-values x (values 1 2)) x)", "(1 2)"),
    ] {
        check(program, expected);
    }
}

#[test]
fn a_library_keeps_its_own_names() {
    let mut world = World::new();
    let base = world.base.clone();
    world.run(&base, "(define (pair a b) (list a b))").unwrap();
    world
        .run(
            &base,
            "(define-syntax twice (syntax-rules () ((_ x) (list x x))))",
        )
        .unwrap();
    world
        .run(&base, "(define-syntax make (syntax-rules () ((_ f) (begin (define hidden 7) (define (f) hidden)))))")
        .unwrap();
    let user = Environment::on(&base);
    let value = world
        .run(&user, "(define (list . x) 'mine) (pair 1 2)")
        .unwrap();
    assert_eq!(world.show(&value), "(1 2)");
    let value = world.run(&user, "(twice 3)").unwrap();
    assert_eq!(world.show(&value), "(3 3)");
    let value = world.run(&user, "(make get) (get)").unwrap();
    assert_eq!(world.show(&value), "7");
    let value = world.run(&base, "(list 1)").unwrap();
    assert_eq!(world.show(&value), "(1)");
    let names = user.own_names();
    let has = |text: &str| {
        world
            .symbols
            .find(text)
            .is_some_and(|name| names.contains(&name))
    };
    assert!(has("list") && has("get") && !has("pair"));
    world
        .run(
            &base,
            "(define (%help) 1) (define-syntax helped (syntax-rules () ((_) (%help))))",
        )
        .unwrap();
    let value = world
        .run(&user, "(define (%help) 2) (list (%help) (helped))")
        .unwrap();
    assert_eq!(world.show(&value), "mine");
}

#[test]
fn procedural_macros() {
    let unless2 = "(defmacro (unless2 c . body) \"doc\" `(if ,c #f (begin ,@body)))";
    for (program, expected) in [
        (&*format!("{unless2} (unless2 #f 1 2)"), "2"),
        ("(defmacro twice (e) `(list ,e ,e)) (twice 1)", "(1 1)"),
        (
            "(define (helper x) (list 'quote x)) (defmacro (m x) (helper x)) (m (a b))",
            "(a b)",
        ),
        // Identifiers of other macros stay apart.
        (
            "(defmacro (bind x e b) `(let ((,x ,e)) ,b))
             (define-syntax m (syntax-rules () ((_ e) (bind tmp 1 (list tmp e)))))
             (let ((tmp 2)) (m tmp))",
            "(1 2)",
        ),
        (
            "(defmacro (known x) (if (eq? x 'else) ''yes ''no))
             (define-syntax m (syntax-rules () ((_) (list (known else) (known other)))))
             (m)",
            "(yes no)",
        ),
        (
            "(let () (defmacro (m x) `(list ,x 'b)) (define y 1) (m y))",
            "(1 b)",
        ),
        (
            "(defmacro (m) '(begin (define z 5) (define w 6))) (m) (list z w)",
            "(5 6)",
        ),
    ] {
        check(program, expected);
    }
    check_core(
        unless2,
        "(Define unless2 (Lambda:unless2(c.0 . body.1) \"doc\" \
        (%list 'if c.0 #f (%append (%list 'begin) body.1))))",
    );
}

#[test]
fn macros_can_be_expanded_to_be_read() {
    for (program, once, whole) in [
        ("(when 1 2)", "(when 1 2)", "(when 1 2)"),
        ("(swap! a b)", "(let ((tmp a)) (set! a b) (set! b tmp))", ""),
        (
            "(swap! tmp b)",
            "(let ((tmp.1 tmp)) (set! tmp b) (set! b tmp.1))",
            "",
        ),
        ("(outer x)", "(inner x x)", "(list x 'x)"),
        ("(procedural 1)", "(+ 1 1)", ""),
    ] {
        let mut world = World::new();
        let env = Environment::on(&world.base.clone());
        world
            .run(
                &env,
                "(define-syntax swap! (syntax-rules () ((_ a b) (let ((tmp a)) (set! a b) (set! b tmp)))))
                 (define-syntax inner (syntax-rules () ((_ a b) (list a 'b))))
                 (define-syntax outer (syntax-rules () ((_ a) (inner a a))))
                 (defmacro (procedural x) `(+ ,x ,x))",
            )
            .unwrap();
        let form = world.read(program).remove(0);
        let value = world
            .drive(Expander::macroexpand_1(&env, form.clone()))
            .unwrap()
            .0;
        assert_eq!(world.show(&value), once);
        let value = world.drive(Expander::macroexpand(&env, form)).unwrap().0;
        assert_eq!(
            world.show(&value),
            if whole.is_empty() { once } else { whole }
        );
    }
}

#[test]
fn libraries() {
    let shapes =
        "(define-library (shapes) (export area (rename %twice twice)) (import (scheme base))
        (begin (define (area r) (* r r)) (define count 0))
        (export bump counted)
        (begin (define (bump) (set! count (+ count 1)))
               (define-syntax %twice (syntax-rules () ((_ e) (list e (area e)))))
               (define-syntax counted (syntax-rules () ((_) count)))))";
    for (program, expected) in [
        ("(import (scheme base)) (car '(1))", "1"),
        (
            "(import (only (scheme base) car) (prefix (scheme base) b:)) (b:cdr '(1 2))",
            "(2)",
        ),
        (
            "(import (rename (scheme base) (car first))) (first '(1))",
            "1",
        ),
        (&*format!("{shapes} (import (shapes)) (area 3)"), "9"),
        (
            &format!("{shapes} (import (shapes)) (define (list . x) 0) (twice 3)"),
            "(3 9)",
        ),
        (
            &format!("{shapes} (import (shapes)) (bump) (bump) (counted)"),
            "2",
        ),
        (
            &format!("(define (f) (area 2)) {shapes} (import (shapes)) (f)"),
            "4",
        ),
        (
            &format!("{shapes} (import (prefix (only (shapes) area) s-)) (s-area 2)"),
            "4",
        ),
        ("(cond-expand (r7rs 1) (else 2))", "1"),
        (
            "(cond-expand ((and r7rs (not logos)) 1) ((library (scheme base)) 3) (else 2))",
            "3",
        ),
        (
            "(cond-expand ((or nothing (library (nowhere))) 1) (else 2))",
            "2",
        ),
        (
            "(cond-expand (full-unicode (define a 1) (define b 2))) (+ a b)",
            "3",
        ),
    ] {
        check(program, expected);
    }
}

#[test]
fn a_program_sees_only_what_it_imports() {
    let mut world = World::new();
    let standalone = |world: &mut World, text: &str| {
        let form = world.read(text).remove(0);
        sees_only_imports(&form, &world.symbols)
    };
    assert!(standalone(&mut world, "(import (scheme base))"));
    assert!(standalone(&mut world, "(import (only (scheme base) car))"));
    assert!(standalone(&mut world, "(define-library (a))"));
    assert!(!standalone(&mut world, "(import \"a.logos\")"));
    assert!(!standalone(&mut world, "(import (from ann \"a\"))"));
    assert!(!standalone(
        &mut world,
        "(import (prefix (from ann \"a\") p))"
    ));
    assert!(!standalone(&mut world, "(define x 1)"));
    let env = Environment::for_imports(&mut world.symbols);
    assert!(
        world
            .run(
                &env,
                "(import (only (scheme base) define-syntax syntax-rules list))"
            )
            .is_ok()
    );
    let program = "(define-syntax m (syntax-rules () ((_ a ...) (list a ...)))) (m 1 2)";
    let value = world.run(&env, program).unwrap();
    assert_eq!(world.show(&value), "(1 2)");
    world.evaluates = false;
    assert_eq!(world.core(&env, "(if :key)").unwrap(), "(if :key)");
}

#[test]
fn files_are_included() {
    let mut world = World::new();
    world.files.insert("a.logos", "(define a 1) (define b 2)");
    world.files.insert("b.logos", "(+ a b)");
    let env = Environment::on(&world.base.clone());
    for program in [
        "(include \"a.logos\" \"b.logos\")",
        "(let () (include \"a.logos\") (include \"b.logos\"))",
        "(define a 1) (define b 2) (+ 0 (include \"b.logos\"))",
        "(define-library (x) (import (logos)) (export a b) (include \"a.logos\")) (import (x)) (+ a b)",
    ] {
        let value = world.run(&env, program).unwrap();
        assert_eq!(world.show(&value), "3", "{program}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    for (program, message, marked) in [
        (
            "(if)",
            "`if` needs a test and one or two more parts, like (if (> n 0) n 0).",
            "(if)",
        ),
        (
            "(if 1 2 3 4)",
            "`if` needs a test and one or two more parts, like (if (> n 0) n 0).",
            "(if 1 2 3 4)",
        ),
        ("()", "There is nothing between these brackets.", "()"),
        (
            "(1 . 2)",
            "A call cannot have a dot in it: (1 . 2).",
            "(1 . 2)",
        ),
        (
            "(if . 1)",
            "This form cannot have a dot in it: (if . 1).",
            "(if . 1)",
        ),
        (
            "(list if)",
            "`if` is not a value: it is a form that has to be used in brackets.",
            "if",
        ),
        ("(else 1)", "`else` has no meaning on its own.", "(else 1)"),
        (
            "(+ 1 (define x 1))",
            "`define` cannot stand here, where a value is needed.",
            "(define x 1)",
        ),
        (
            "(define x)",
            "`x` is defined without a value.",
            "(define x)",
        ),
        (
            "(define (f))",
            "The body of `f` is empty, so it has no value.",
            "(define (f))",
        ),
        (
            "(define (f) (define x 1))",
            "The body of `f` ends with a definition, so it has no value.",
            "(define (f) (define x 1))",
        ),
        (
            "(case-lambda ((a) :test 1 a))",
            "A clause of `case-lambda` cannot have tests.",
            "1",
        ),
        (
            "(define x 1 2)",
            "`x` is defined with more than one value; a name stands for one.",
            "(define x 1 2)",
        ),
        (
            "(define (f) :test 1)",
            "After its clauses a definition needs a body.",
            ":test",
        ),
        (
            "(let (x 1) x)",
            "`let` expected a name and a value in brackets here, but found x.",
            "x",
        ),
        (
            "(let ((x 1) (x 2)) x)",
            "The name `x` is used twice in this list.",
            "x",
        ),
        (
            "(lambda (x x) x)",
            "The name `x` is used twice in this list.",
            "x",
        ),
        (
            "(lambda (1) 1)",
            "A parameter has to be a name, but this is 1.",
            "1",
        ),
        (
            "(let () (define x 1) (define x 2) x)",
            "The name `x` is defined twice in this body.",
            "(define x 2)",
        ),
        (
            "(set! if 1)",
            "`if` is a form, not a variable, so `set!` cannot change it.",
            "if",
        ),
        ("{:a 1 :a 2}", "The key :a stands twice in this dict.", ":a"),
        ("{'a 1 'a 2}", "The key 'a stands twice in this dict.", "'a"),
        (
            "(cond (else 1) (2 3))",
            "`else` has to be the last clause: the clauses after it would never be reached.",
            "(else 1)",
        ),
        (
            "(begin (list (begin)))",
            "There is nothing in here to do.",
            "(begin)",
        ),
        (
            "(define-syntax m 1)",
            "A macro has to be made by `syntax-rules`, but this is 1.",
            "1",
        ),
        (
            "(define-syntax m (syntax-rules () ((_ a) 1))) (m 1 2)",
            "`m` cannot be used like this.",
            "(m 1 2)",
        ),
        (
            "(define-syntax m (syntax-rules () ((_) (if)))) (list (m))",
            "`if` needs a test and one or two more parts, like (if (> n 0) n 0).",
            "(m)",
        ),
        (
            "(define-syntax m (syntax-rules () ((_ a ...) a)))",
            "`a` stands for several values, so dots have to follow it.",
            "a",
        ),
        (
            "(define-syntax m (syntax-rules () ((_ a) (a ...))))",
            "There is nothing to repeat before these dots.",
            "...",
        ),
        (
            "(define-syntax m (syntax-rules () ((_ a a) 1)))",
            "The name `a` is used twice in this list.",
            "a",
        ),
        (
            "(define-syntax m (syntax-rules () ((_ a ... b ...) 1)))",
            "These dots cannot stand here.",
            "...",
        ),
        (
            "(syntax-error \"no good\" 1)",
            "no good",
            "(syntax-error \"no good\" 1)",
        ),
        (
            "(import (only (scheme base) nothing))",
            "This library has no name nothing.",
            "nothing",
        ),
        (
            "(define-library (x) (export y))",
            "This library exports y, but does not define it.",
            "y",
        ),
        ("'#0=(a #0#) '(#1=a . #1#) `(,@1 . #0=(a))", "", ""),
        ("`,@x", "A splice can stand only in a list.", ",@x"),
        (
            "(list #0=(a))",
            "Labels such as #0= can stand only inside quoted data.",
            "#0=(a)",
        ),
        ("(lambda (x) (defmacro (m) x) (m))", "", ""),
        (
            "(let ((x 1)) (define-syntax m (syntax-rules () ((_ e) (defmacro (e) x)))) (m k) (k))",
            "`x` has no value yet when this macro is used: macros run before the program.",
            "(m k)",
        ),
    ] {
        if !message.is_empty() {
            check_error(program, message, marked);
        }
    }
}

#[test]
fn a_failed_definition_leaves_what_was_there() {
    let mut world = World::new();
    let env = Environment::on(&world.base.clone());
    assert!(world.run(&env, "(define when (if))").is_err());
    let form = world.read("(define when 1)").remove(0);
    let mut expander = Expander::new(&env, form);
    assert!(matches!(expander.step(&mut world), Ok(Step::Unit { .. })));
    // The unit fails when it is evaluated, so nobody calls `step` again.
    drop(expander);
    assert!(world.run(&env, "(define list (if))").is_err());
    let value = world.run(&env, "(when #t (list 1))").unwrap();
    assert_eq!(world.show(&value), "(1)");
}

#[test]
fn positions_survive_expansion() {
    let mut world = World::new();
    let env = Environment::on(&world.base.clone());
    let program = "(define-syntax m (syntax-rules () ((_ a) (car a)))) (m (cdr 1))";
    let forms = world.read(program);
    world.drive(Expander::new(&env, forms[0].clone())).unwrap();
    let mut expander = Expander::new(&env, forms[1].clone());
    let Ok(Step::Unit {
        unit, last: true, ..
    }) = expander.step(&mut world)
    else {
        panic!()
    };
    let text = |span: Span| &program[span.start as usize..span.end as usize];
    let root = unit.nodes.len() - 1;
    assert_eq!(text(unit.spans[root]), "(m (cdr 1))");
    assert_eq!(text(unit.origins[&(root as u32)]), "(car a)");
    assert_eq!(text(unit.spans[root - 1]), "(cdr 1)");
    assert!(!unit.origins.contains_key(&(root as u32 - 1)));
}

/// What happens to a program with so much fuel.
fn outcome(program: &str, fuel: u64) -> Result<(), ErrorKind> {
    let mut world = World::new();
    world.fuel = fuel;
    let env = Environment::on(&world.base.clone());
    world
        .core(&env, program)
        .map(|_| ())
        .map_err(|error| error.kind)
}

#[test]
fn endless_macros_end() {
    let fuel = Err(ErrorKind::Host(HostError::FuelExhausted));
    for program in [
        "(define-syntax m (syntax-rules () ((_) (m)))) (m)",
        "(define-syntax m (syntax-rules () ((_ . x) (m x . x)))) (m 1)",
        "(define-syntax m (syntax-rules () ((_ x) (m (x x))))) (m 1)",
        "(define-syntax m (syntax-rules () ((_ x ...) (m x ... x ...)))) (m 1)",
        "(define-syntax m (syntax-rules () ((_) (begin (m) (m))))) (m)",
        "(let () (define-syntax m (syntax-rules () ((_) (begin (m) (m))))) (m))",
        "(define-syntax loop (syntax-rules () ((_ id) (let-syntax ((next (syntax-rules () ((_) (loop id))))) (next))))) (loop x)",
        "(define-syntax loop (syntax-rules () ((_ id) (let-syntax ((next (syntax-rules () ((_ id) (loop id))))) (next y))))) (loop x)",
        "(define-syntax m (syntax-rules () ((_ x 0) 'x) ((_ x n . r) (m (x x) . r)))) (m 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 0)",
        "(define-syntax m (m)) (define-syntax k (syntax-rules () ((_) (k)))) (define-syntax j (k))",
    ] {
        if !program.contains("(define-syntax m (m))") {
            assert_eq!(outcome(program, 1_000_000), fuel, "{program}");
        }
    }
}

/// Expands each program in a world without limits.
fn expand_unlimited(programs: Vec<String>) {
    for program in programs {
        let mut world = World::new();
        world.evaluates = false;
        world.fuel = u64::MAX;
        world.memory = u64::MAX;
        let env = Environment::on(&world.base.clone());
        if let Err(error) = world.core(&env, &program) {
            let start: String = program.chars().take(40).collect();
            assert!(error.message.len() < 400, "{start}: {}", error.message);
        }
    }
}

fn nested(depth: usize, open: &str, middle: &str, close: &str) -> String {
    format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_million_levels() {
    const DEPTH: usize = 1_000_000;
    expand_unlimited(vec![
        nested(DEPTH, "(list ", "1", ")"),
        nested(DEPTH, "'", "x", ""),
        nested(DEPTH, "(lambda (x) ", "x", ")"),
    ]);
}

#[test]
fn growing_macros_end() {
    for program in [
        "(define-syntax m (syntax-rules () ((_ x ...) (m x ... x ...)))) (m 1)",
        "(define-syntax m (syntax-rules () ((_ . x) (m x . x)))) (m 1)",
        "(define-syntax m (syntax-rules () ((_) (list (m) (m))))) (m)",
        "(define-syntax m (syntax-rules () ((_) (begin 1 (m))))) (let () (m))",
        "(define-syntax m (syntax-rules () ((_ x) (let ((x 1)) (m y))))) (m z)",
    ] {
        let mut world = World::new();
        world.evaluates = false;
        world.fuel = u64::MAX;
        world.memory = 1 << 24;
        let env = Environment::on(&world.base.clone());
        let kind = world.core(&env, program).map_err(|error| error.kind);
        assert_eq!(
            kind,
            Err(ErrorKind::Host(HostError::MemoryExhausted)),
            "{program}"
        );
    }
}

#[test]
fn depth_is_data() {
    const DEPTH: usize = 50_000;
    let around = |open: &str, middle: &str, close: &str| nested(DEPTH, open, middle, close);
    expand_unlimited(vec![
        around("(list ", "1", ")"),
        around("(", "", ")").replacen("()", "(list)", 1),
        around("'", "x", ""),
        around("`", "x", ""),
        around("`(,", "x", ")"),
        format!("'{}", around("(", "", ")")),
        format!("`{}", around("(", ",x", ")")),
        format!("`{}", around("(,@", "x", ")")),
        format!("'{}", around("#(", "", ")")),
        around("(lambda (x) ", "x", ")"),
        around("(let ((x 1)) ", "x", ")"),
        around("(let ((x ", "1", ")) x)"),
        around("(if 1 2 ", "3", ")"),
        around("(begin ", "1", ")"),
        around("(let () (define x 1) ", "x", ")"),
        around("(let-syntax ((m (syntax-rules () ((_) 1)))) ", "(m)", ")"),
        around("{1 ", "2", "}"),
        around("(cond (1 ", "2", "))"),
        around("(guard (e (1 2)) ", "3", ")"),
        around("(define-syntax m (syntax-rules () (_ ", "1", ")))"),
        format!(
            "(define-syntax m (syntax-rules () ((_ {}) 1)))",
            around("(", "x", ")")
        ),
        format!(
            "(define-syntax m (syntax-rules () ((_ {}) 1)))",
            around("(", "x", " ...)")
        ),
        format!(
            "(define-syntax m (syntax-rules () ((_ x) {}))) (m 1)",
            around("(list ", "x", ")")
        ),
        format!("(cond-expand ({} 1))", around("(not ", "logos", ")")),
        format!("(import {})", around("(only ", "(scheme base)", ")")),
        around("(define (", "f", "x) 1)"),
        around("(define-library (a) (cond-expand (else ", "1", ")))"),
    ]);
}

#[test]
fn equal_programs_cost_the_same() {
    let cost = |program: &str| {
        let mut world = World::new();
        let env = Environment::on(&world.base.clone());
        world.core(&env, program).unwrap();
        10_000_000 - world.fuel
    };
    let program = "(define-syntax m (syntax-rules () ((_ a ...) (let ((x a) ...) x)))) (m 1)";
    assert_eq!(cost(program), cost(program));
    let long = |count: usize| cost(&format!("(list {})", "1 ".repeat(count)));
    assert_eq!(long(2000) - long(1000), long(3000) - long(2000));
}

/// Words that random programs are made of.
const WORDS: &[&str] = &[
    "a",
    "b",
    "c",
    "...",
    "_",
    "=>",
    "else",
    ":test",
    ":k",
    "1",
    "\"s\"",
    "#t",
    "#f",
    "syntax-rules",
    "unquote",
    "unquote-splicing",
    "quote",
    "quasiquote",
    "logos",
    "only",
    "library",
    "list",
    "m",
];

fn random_program() -> impl Strategy<Value = String> {
    let names: Vec<&str> = SPECIALS.iter().map(|special| special.name).collect();
    let special = prop::sample::select(names).prop_map(str::to_string);
    let word = prop::sample::select(WORDS).prop_map(str::to_string);
    let form = prop_oneof![word.clone(), special.clone()].prop_recursive(6, 60, 5, move |inner| {
        let parts = prop::collection::vec(inner.clone(), 0..5).prop_map(|parts| parts.join(" "));
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            4 => (special.clone(), parts.clone()).prop_map(|(head, parts)| format!("({head} {parts})")),
            3 => parts.clone().prop_map(|parts| format!("({parts})")),
            2 => parts.clone().prop_map(|parts| format!("((a {parts}) (b 1))")),
            1 => parts.prop_map(|parts| format!("#({parts})")),
            1 => two.clone().prop_map(|(one, two)| format!("({one} . {two})")),
            1 => two.clone().prop_map(|(one, two)| format!("{{{one} {two}}}")),
            2 => two.prop_map(|(one, two)| format!("(define-syntax m (syntax-rules () ((_ {one}) {two})))")),
            1 => inner.clone().prop_map(|inner| format!("#0=({inner} #0#)")),
            1 => inner.prop_map(|inner| format!("`(a ,@{inner} . ,b)")),
        ]
    });
    prop::collection::vec(form, 1..4).prop_map(|forms| forms.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is written expands to a sound unit or to an error that marks a place in the text.
    #[test]
    fn random_programs_do_no_harm(program in random_program()) {
        let mut world = World::new();
        world.evaluates = false;
        world.fuel = 100_000;
        let env = Environment::on(&world.base.clone());
        for form in world.try_read(&program).unwrap_or_default() {
            for expander in [Expander::new(&env, form.clone()), Expander::macroexpand(&env, form)] {
                if let Err(error) = world.drive(expander) {
                    prop_assert!(!error.message.is_empty());
                    prop_assert!(error.place.span.end as usize <= program.len());
                    if let ErrorKind::Host(_) = error.kind {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Quoting gives back what was written.
    #[test]
    fn quoted_programs_are_unchanged(program in random_program()) {
        let mut world = World::new();
        let env = Environment::empty();
        let quote = world.symbols.intern("quote");
        env.bind(quote, Binding::Special(find_special("quote").unwrap()));
        for form in world.try_read(&program).unwrap_or_default() {
            let quoted = Syntax::list(
                vec![Syntax::new(Datum::Symbol(quote), Span::NONE), form.clone()],
                Span::NONE,
            );
            let mut expander = Expander::new(&env, quoted);
            let Ok(Step::Unit { unit, .. }) = expander.step(&mut world) else { panic!() };
            let crate::core::Node::Constant(constant) = &unit.nodes[0] else { panic!() };
            prop_assert!(Rc::ptr_eq(&constant.0, &form.0));
        }
    }
}
