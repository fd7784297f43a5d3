//! What a computation holds when it is cut off, because a limit ran out or it was cancelled, is given back: permits, tasks, open files, and
//! what it asked of the world.

use logos::syntax::{Datum, Span, Syntax};
use logos::vm::{Answer, Bounds, Profile, Status, Vm};

fn evaluate(vm: &mut Vm, text: &str) -> String {
    vm.begin("test", text, Bounds::default());
    let status = loop {
        match vm.run(100_000) {
            Status::Yield => {}
            status => break status,
        }
    };
    match status {
        Status::Done => logos::printer::write_limited(&vm.machine, vm.result()),
        _ => format!("{status:?} {:?}", vm.condition()),
    }
}

fn check(cases: &[(&str, &str)]) {
    let mut base = Vm::new(Profile::Node);
    for stress in [false, true] {
        for (text, expected) in cases {
            let mut vm = base.fork();
            vm.set_stress(stress);
            assert_eq!(evaluate(&mut vm, text), *expected, "{text}");
        }
    }
}

/// All of these take the only permit of a semaphore and are cut off; whoever comes next gets it.
#[test]
fn permits_come_back() {
    check(&[
        // The setter itself is cut off, in the middle of its work, while somebody waits.
        (
            "(define s (semaphore 1)) (define log '())
             (define waiting
               (spawn (lambda ()
                 (yield) (with-permit s (lambda () (set! log (cons 'waiting log)) 'waiting)))))
             (define limited
               (spawn (lambda ()
                 (guard (e (#t (error-kind e)))
                   (with-limits {:fuel 20000} (lambda () (with-permit s (lambda () (yield) (yield) (yield) (let loop () (loop))))))))))
             (list (await limited) (await waiting) (with-permit s (lambda () 'free)) log)",
            "(:fuel-exhausted waiting free (waiting))",
        ),
        (
            "(define s (semaphore 1))
             (list (guard (e (#t (error-kind e)))
                     (with-limits {:memory 200000} (lambda () (with-permit s (lambda () (let loop ((l '())) (loop (cons 1 l))))))))
                   (with-permit s (lambda () 'free)))",
            "(:memory-exhausted free)",
        ),
        // A permit taken outside the limit stays where it is.
        (
            "(define s (semaphore 1)) (define order '())
             (define other (spawn (lambda () (yield) (with-permit s (lambda () (set! order (cons 'other order)))))))
             (with-permit s
               (lambda ()
                 (guard (e (#t 0)) (with-limits {:fuel 1000} (lambda () (let loop () (loop)))))
                 (yield) (yield)
                 (set! order (cons 'first order))))
             (await other) order",
            "(other first)",
        ),
        // Another task than the setter runs out, and one that waits is abandoned; both hold a permit.
        (
            "(define s (semaphore 3))
             (define never (%promise 1 #f))
             (define (hold thunk) (spawn (lambda () (with-permit s thunk))))
             (define kind
               (guard (e (#t (error-kind e)))
                 (with-limits {:fuel 100000}
                   (lambda ()
                     (hold (lambda () (await never)))
                     (hold (lambda () (await never)))
                     (await (hold (lambda () (yield) (let loop () (loop)))))))))
             (define (take n) (if (= n 0) 'all (with-permit s (lambda () (take (- n 1))))))
             (list kind (take 3))",
            "(:fuel-exhausted all)",
        ),
        // The limit ends in the ordinary way: those still at work in it end, at once, though another task keeps the machine busy.
        (
            "(define s (semaphore 1))
             (define busy #t)
             (spawn (lambda () (let loop () (yield) (if busy (loop)))))
             (with-limits {:fuel 100000} (lambda () (spawn (lambda () (with-permit s (lambda () (await (%promise 1 #f)))))) (yield)))
             (define got (with-permit s (lambda () 'got)))
             (set! busy #f)
             got",
            "got",
        ),
        // Given to one whose limit ends before it hears of it, a permit goes on to the next; one that waits in vain is passed over.
        (
            "(define s (semaphore 1)) (define go (%promise 1 #f))
             (define holder (spawn (lambda () (with-permit s (lambda () (await go))))))
             (yield)
             (with-limits {:fuel 100000}
               (lambda ()
                 (spawn (lambda () (with-permit s (lambda () (await (%promise 1 #f))))))
                 (spawn (lambda () (with-permit s (lambda () (await (%promise 1 #f))))))
                 (yield)
                 (%promise-settle! go #t 1)
                 (yield)))
             (with-permit s (lambda () 'passed))",
            "passed",
        ),
        // Nested permits of several semaphores, in several limits.
        (
            "(define a (semaphore 1)) (define b (semaphore 2))
             (define (inner)
               (guard (e (#t (error-kind e)))
                 (with-limits {:fuel 3000} (lambda () (with-permit b (lambda () (let loop () (loop))))))))
             (define kinds
               (guard (e (#t (error-kind e)))
                 (with-limits {:fuel 50000}
                   (lambda () (with-permit a (lambda () (with-permit b (lambda () (inner) (inner) (let loop () (inner) (loop))))))))))
             (list kinds (with-permit a (lambda () (with-permit b (lambda () (with-permit b (lambda () 'all)))))))",
            "(:fuel-exhausted all)",
        ),
        // A task that leaves with an escape and comes back, as often as it likes.
        (
            "(define s (semaphore 1)) (define n 0) (define k #f)
             (with-permit s (lambda () (call/cc (lambda (c) (set! k c))) (set! n (+ n 1))))
             (if (< n 3) (k 1))
             (list n (with-permit s (lambda () 'free)))",
            "(3 free)",
        ),
        ("(%give-permit (vector 1 '() '()))", "#<void>"),
    ]);
}

/// What the prompt runs ends by an error or is stopped: the tasks that stay get its permits.
#[test]
fn a_program_that_fails_gives_back_its_permits() {
    let mut vm = Vm::new(Profile::Node);
    let run = |vm: &mut Vm, text: &str| evaluate(vm, text);
    run(&mut vm, "(define s (semaphore 1))");
    assert!(run(&mut vm, "(with-permit s (lambda () (car 5)))").starts_with("Failed"));
    assert_eq!(run(&mut vm, "(with-permit s (lambda () 1))"), "1");
    let bounds = Bounds {
        fuel: Some(10_000),
        ..Bounds::default()
    };
    vm.begin(
        "test",
        "(with-permit s (lambda () (let loop () (loop))))",
        bounds,
    );
    while vm.run(1_000) == Status::Yield {}
    assert_eq!(run(&mut vm, "(with-permit s (lambda () 2))"), "2");
    vm.begin(
        "test",
        "(with-permit s (lambda () (let loop () (loop))))",
        Bounds::default(),
    );
    vm.run(10_000);
    vm.interrupt();
    assert_eq!(vm.run(1), Status::Failed);
    assert_eq!(run(&mut vm, "(with-permit s (lambda () 3))"), "3");
}

/// A hundred thousand elements, fifty at a time: never more than that at work, in a heap that does not grow; stopped halfway, everything is given back.
#[test]
fn many_in_turn_are_stopped_halfway() {
    let text = "
        (define s (semaphore 60)) (define running 0) (define most 0) (define begun 0) (define ended 0)
        (define (slow x)
          (with-permit s
            (lambda ()
              (set! begun (+ begun 1)) (set! running (+ running 1)) (set! most (max most running))
              (dynamic-wind (lambda () #f)
                            (lambda () (yield) (yield) x)
                            (lambda () (set! ended (+ ended 1)) (set! running (- running 1)))))))
        (define all (map-concurrently slow (iota 100000) {:limit 50}))
        (let wait () (if (< begun 50000) (begin (yield) (wait))))
        (cancel all)
        (define kind (guard (e (#t (error-kind e))) (await all)))
        (define stopped begun)
        (define (take n) (if (= n 0) 'every-one (with-permit s (lambda () (take (- n 1))))))
        (define permits (take 60))
        (yield) (yield)
        (list kind most running (= begun stopped) (= begun ended) (< stopped 50100) permits)";
    let mut vm = Vm::new(Profile::Pure);
    let bounds = Bounds {
        memory: Some(12 << 20),
        ..Bounds::default()
    };
    vm.begin("test", text, bounds);
    while vm.run(1_000_000) == Status::Yield {}
    let shown = logos::printer::write_limited(&vm.machine, vm.result());
    assert_eq!(
        shown,
        "(:cancelled 50 0 #t #t #t every-one)",
        "{:?}",
        vm.condition()
    );
}

/// Runs a program in a world that answers every request with the number 7; gives the requests and the value.
fn requests(text: &str) -> (Vec<String>, String) {
    let mut vm = Vm::new(Profile::Local);
    vm.begin("test", text, Bounds::default());
    let mut asked = Vec::new();
    let mut status = Status::Yield;
    while matches!(status, Status::Yield | Status::Idle) {
        status = vm.run(100_000);
        while let Some(request) = vm.poll_request() {
            let arguments = request.arguments.iter().map(|it| match it.datum() {
                Datum::Number(n) => format!(" {n:?}"),
                _ => String::new(),
            });
            asked.push(request.name.clone() + &arguments.collect::<String>());
            if request.name != "sleep" {
                let seven = Datum::Number(logos::number::Number::from(7_i64));
                vm.resume(request.id, Answer::Value(Syntax::new(seven, Span::NONE)));
            }
        }
    }
    let value = match status {
        Status::Done => logos::printer::write_limited(&vm.machine, vm.result()),
        _ => format!("{:?}", vm.condition()),
    };
    (asked, value)
}

#[test]
fn files_are_closed_and_requests_withdrawn() {
    let open = "open-input-file".to_string();
    let close = format!("close-port {:?}", logos::number::Number::from(7_i64));
    // It runs out: what was opened inside is closed.
    let (asked, value) = requests(
        "(define p #f) (define before (open-input-file \"a\"))
         (list (guard (e (#t (error-kind e))) (with-limits {:fuel 100000} (lambda () (set! p (open-input-file \"b\")) (let loop () (loop)))))
               (input-port-open? p) (input-port-open? before))",
    );
    assert_eq!(asked, [open.clone(), open.clone(), close.clone()]);
    assert_eq!(value, "(:fuel-exhausted #f #t)");
    // It ends in the ordinary way: a port goes on to whoever is around.
    let (asked, value) = requests(
        "(define p #f)
         (define q (with-limits {:fuel 100000} (lambda () (with-limits {:fuel 50000} (lambda () (open-input-file \"a\"))))))
         (define open (input-port-open? q))
         (list open (guard (e (#t 'out)) (with-limits {:fuel 100000} (lambda () (set! p (with-limits {} (lambda () (open-input-file \"b\")))) (let loop () (loop)))))
               (input-port-open? q) (input-port-open? p))",
    );
    assert_eq!(asked, [open.clone(), open.clone(), close.clone()]);
    assert_eq!(value, "(#t out #t #f)");
    // A task is abandoned that holds a file and sleeps: the file is closed and the waking withdrawn.
    let (asked, value) = requests(
        "(define p #f)
         (with-limits {:fuel 10000000} (lambda () (spawn (lambda () (set! p (open-input-file \"a\")) (sleep 1000))) (let wait () (if (not p) (begin (yield) (wait)))) (yield)))
         (yield) (input-port-open? p)",
    );
    assert_eq!(asked, [open, close, "cancel".to_string()]);
    assert_eq!(value, "#f");
}
