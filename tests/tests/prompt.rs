//! The prompt, on a terminal.
#![cfg(unix)]

use logos_tests::{Background, Folder, Node, Terminal, logos};

#[test]
fn values_are_shown_with_their_fuel() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    assert_eq!(terminal.answer("(+ 1 2)"), "3");
    assert_eq!(terminal.answer("(if #f #f)"), "");
    assert_eq!(terminal.answer("(define x 20)"), "");
    assert_eq!(terminal.answer("(begin (display 1) (+ x x 2))"), "1\n42");
    assert_eq!(terminal.answer("(display \"hello\")"), "hello");
    assert!(terminal.answer("(car x)").contains("error :wrong-argument"));
    assert_eq!(terminal.answer("x"), "20");
    terminal.ready();
    terminal.press(Terminal::END);
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn an_input_may_take_several_lines() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    assert_eq!(terminal.answer("(define (twice y)\r  (* 2 y))"), "");
    assert_eq!(terminal.answer("(twice\r\r21)"), "42");
}

#[test]
fn tasks_run_between_inputs() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    assert_eq!(
        terminal.answer("(define t (spawn (lambda () (display \"ran\") 7)))"),
        "ran"
    );
    terminal.enter("(begin (spawn (lambda () (car 5))) 'begun)");
    terminal.expect_line("begun");
    terminal.expect("error :wrong-argument: `car` needs a pair, but got 5");
    // One that never ends leaves the prompt to who types.
    terminal.answer("(define going (spawn (lambda () (let loop () (yield) (loop)))))");
    assert_eq!(terminal.answer("(await t)"), "7");
    assert_eq!(terminal.answer("(cancel going)"), "#t");
}

#[test]
fn what_is_typed_ahead_is_not_lost() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    terminal.ready();
    terminal.press("(* 3 7)\r(* 3 8)\r(* 3 9)\r");
    for value in ["21", "24", "27"] {
        terminal.expect_line(value);
    }
    terminal.enter("(begin (display \"busy\") (newline) (sleep 1) 0)");
    terminal.expect_line("busy");
    terminal.press("(* 5 7)\r");
    terminal.press("(* 5 8)\r");
    for value in ["35", "40"] {
        terminal.expect_line(value);
    }
}

#[test]
fn what_a_child_types_is_met_with_a_hint() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    let three = "these are three values; what to do comes first: ";
    terminal.enter("2 + 2");
    terminal.expect(&format!("{three}(+ 2 2)"));
    terminal.answer("(define total 5)");
    terminal.enter("total = 7");
    terminal.expect(&format!(
        "{three}(= total 7), or (set! total 7) to change it"
    ));
    for help in ["help", "(help) ; me", "( help )"] {
        terminal.enter(help);
        terminal.expect_line("Everything is written in brackets, what to do first:");
    }
    terminal.enter("quit");
    terminal.expect_line("(exit) leaves, and so does Ctrl-D");
    terminal.enter("(+ 1,000 2)");
    terminal.expect("There is a comma within a number.");
    // All names that begin so are shown without a question.
    terminal.ready();
    terminal.press("(str\t\t");
    terminal.expect("string-upcase");
    terminal.press(Terminal::INTERRUPT);
    assert_eq!(terminal.answer("(+ 1 2)"), "3");
}

#[test]
fn documentation_is_shown_to_be_read() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    terminal.answer("(define (twice x) \"Two \\\"times\\\" it.\" (* 2 x))");
    terminal.enter("(doc twice)");
    terminal.expect_line("(twice x)");
    terminal.expect_line("Two \"times\" it.");
    assert_eq!(
        terminal.answer("(string-append (doc twice) \"\")"),
        "\"(twice x)\\nTwo \\\"times\\\" it.\""
    );
    terminal.enter("(doc)");
    terminal.expect_line("(doc NAME) says more of one.");
    terminal.expect("(check procedure)");
}

#[test]
fn names_are_completed_also_those_just_given() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    assert_eq!(terminal.answer("(define my-unlikely-name 5)"), "");
    assert_eq!(terminal.answer("(+ 1 my-unl\t)"), "6");
}

#[test]
fn the_history_is_kept_for_the_next_time() {
    let folder = Folder::new();
    let mut first = Terminal::start(&folder, &[]);
    assert_eq!(first.answer("(+ 100 23)"), "123");
    first.ready();
    first.press(Terminal::END);
    assert_eq!(first.status(), Some(0));
    let mut second = Terminal::start(&folder, &[]);
    second.ready();
    second.press(Terminal::UP);
    second.expect("(+ 100 23)");
    second.press("\r");
    second.expect_line("123");
}

#[test]
fn an_evaluation_can_be_stopped_and_the_session_goes_on() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    assert_eq!(terminal.answer("(define kept 7)"), "");
    terminal.enter("(begin (display \"going\") (newline) (let loop () (loop)))");
    terminal.expect_line("going");
    terminal.press(Terminal::INTERRUPT);
    terminal.expect("error :interrupted");
    assert_eq!(terminal.answer("kept"), "7");
    // An input can be given up too.
    terminal.ready();
    terminal.press("(never finished");
    terminal.expect("(never finished");
    terminal.press(Terminal::INTERRUPT);
    assert_eq!(terminal.answer("kept"), "7");
}

/// It cannot be stopped in between.
const LONG_BUILTIN: &str = "(begin (display \"going\") (newline) (current-second) \
     (string-length (number->string (expt 7 30000000))))";

/// What takes long is told on a line of its own, which goes again; the line that a program has begun is left alone.
#[test]
fn what_takes_long_is_told_and_overwrites_nothing() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    terminal.enter("(begin (sleep 1) 'rested)");
    terminal.expect("… `sleep` has taken");
    terminal.expect_line("rested");
    assert_eq!(
        terminal.answer("(begin (display \"so far \") (sleep 1) (display \"so good\"))"),
        "so far so good"
    );
    terminal.enter("(begin (display \"Your name? \") (flush-output-port) (let ((name (read-line))) (sleep 1) name))");
    terminal.expect_line("Your name?");
    terminal.press("Ann\r");
    terminal.expect_line("\"Ann\"");
    terminal.expect("Your name? Ann");
}

#[test]
fn a_prompt_can_be_left_while_a_builtin_runs() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    terminal.enter(LONG_BUILTIN);
    terminal.expect_line("going");
    terminal.press(Terminal::INTERRUPT);
    terminal.expect("stops when the running builtin ends; press again to quit");
    terminal.press(Terminal::INTERRUPT);
    assert_eq!(terminal.status(), Some(130));
}

#[test]
fn what_a_stopped_wait_was_for_stays_on_its_way() {
    let mut terminal = Terminal::start(&Folder::new(), &["--swarm", "3,lazy=3"]);
    // The value is a promise: the prompt itself waits.
    terminal.enter("(define p (remote (+ 1 1) :timeout 600)) p");
    terminal.expect("`remote` has taken");
    terminal.press(Terminal::INTERRUPT);
    terminal.expect("still on its way");
    // The program waits.
    terminal.enter("(await p)");
    terminal.expect("`remote` has taken");
    terminal.press(Terminal::INTERRUPT);
    terminal.expect("error :interrupted");
    let late = "(guard (e (#t (error-kind e))) (await p 0.01))";
    assert_eq!(terminal.answer(late), ":timeout");
    assert_eq!(terminal.answer("(:state (car (jobs)))"), ":running");
    assert_eq!(terminal.answer("(+ 1 2)"), "3");
    terminal.ready();
    terminal.press(Terminal::END);
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn a_task_that_computes_goes_on_when_the_wait_for_it_is_stopped() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    assert_eq!(terminal.answer("(define more? #t)"), "");
    let task = "(define t (spawn (lambda () (let loop () (if more? (loop) 'done)))))";
    assert_eq!(terminal.answer(task), "");
    terminal.enter("(begin (display \"waiting\") (newline) t)");
    terminal.expect_line("waiting");
    terminal.press(Terminal::INTERRUPT);
    terminal.expect("still on its way");
    assert_eq!(terminal.answer("(+ 1 2)"), "3");
    assert_eq!(terminal.answer("(set! more? #f)"), "");
    assert_eq!(terminal.answer("t"), "done");
}

#[test]
fn a_failed_task_is_told_once_and_not_where_it_is_asked_for() {
    let mut terminal = Terminal::start(&Folder::new(), &[]);
    // It runs once the input is done.
    terminal.enter("(define t (spawn (lambda () (car 1))))");
    terminal.expect("error :wrong-argument: `car` needs a pair, but got 1");
    terminal.expect("(nothing waited for this, so it is told here)");
    assert_eq!(terminal.answer("(+ 1 2)"), "3");
    assert_eq!(
        terminal.answer(
            "(define u (spawn (lambda () (car 1)))) (guard (e (#t (error-kind e))) (await u))"
        ),
        ":wrong-argument"
    );
    assert_eq!(terminal.answer("(+ 1 2)"), "3");
}

#[test]
fn attached_prompts_use_the_running_node() {
    let folder = Folder::new();
    let node = Node::start(&folder, &[]);
    let mut terminal = Terminal::start(&folder, &["attach"]);
    assert_eq!(terminal.answer("(length (:listening (node-info)))"), "1");
    assert_eq!(node.stop("-TERM"), Some(0));
    let gone = "(guard (e (#t (error-kind e))) (node-info))";
    assert_eq!(terminal.answer(gone), ":unreachable");
    let node = Node::start(&folder, &[]);
    assert_eq!(terminal.answer("(length (:listening (node-info)))"), "1");
    terminal.ready();
    terminal.press(Terminal::END);
    assert_eq!(terminal.status(), Some(0));
    assert_eq!(node.stop("-TERM"), Some(0));
}

#[test]
fn interrupted_programs_say_so_by_their_status() {
    let folder = Folder::new();
    let busy = "(display \"going\") (newline) (let loop () (loop))";
    let script = folder.write("busy.logos", busy);
    let script = script.to_str().unwrap();
    let waiting = "(display \"going\") (newline) (await (sleep 1000))";
    // Both end at once: neither waits for the builtin, nor does the second go on after it.
    let soon = "(display \"going\") (newline) (current-second) (expt 7 3000000) 1";
    let asking = "(begin (display \"going\") (newline) (remote 1 :timeout 600))";
    let tests = folder.path().join("tests");
    std::fs::create_dir(&tests).unwrap();
    std::fs::write(tests.join("a-test.logos"), busy).unwrap();
    std::fs::write(tests.join("b-test.logos"), "(display \"never\")").unwrap();
    let runs: [&[&str]; 7] = [
        &[script],
        &["-e", busy],
        &["-e", waiting],
        &["--swarm", "3,lazy=3", "-e", asking],
        &["--json", "-e", LONG_BUILTIN, "-e", "2"],
        &["-e", soon],
        &["test", tests.to_str().unwrap()],
    ];
    for arguments in runs {
        let program = Background::start(logos(&folder).args(arguments));
        assert_eq!(program.line(), "going", "{arguments:?}");
        program.signal("-INT");
        assert_eq!(program.status(), Some(130), "{arguments:?}");
    }
}
