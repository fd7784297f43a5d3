//! What a heap costs beyond what lives in it: programs with garbage finish within four times what they keep, whatever its shape, and what the
//! machine needs besides is bounded.

use logos::vm::{Bounds, Profile, Status, Vm};

/// A shape, how an element of it is made, and the words that one takes, the place that keeps it included.
const SHAPES: &[(&str, &str, u64)] = &[
    ("pairs", "(cons i i)", 3),
    ("vectors", "(make-vector 50 i)", 52),
    ("large vectors", "(make-vector 20000 i)", 20_002),
    ("strings", "(make-string 400 #\\a)", 55),
    ("wide strings", "(make-string 100 #\\λ)", 55),
    ("bytes", "(make-bytevector 400 1)", 53),
    ("closures", "(lambda () (list i elements))", 4),
    ("records", "(make-point i i)", 5),
    ("large numbers", "(expt 3 (+ 2000 (modulo i 3)))", 53),
    ("dicts", "(dict :a i :b i)", 12),
    ("promises", "(make-promise i)", 10),
    (
        "tables",
        "(let ((t (make-hash-table))) (hash-table-set! t i i) t)",
        40,
    ),
];

/// Bytes that are to live at once.
const LIVE: u64 = 4 << 20;
/// Bytes of the heap that no program's data fill: its nursery and the library.
const BESIDES: u64 = 4 << 20;

/// A program that keeps so many elements, and replaces each of them five times: what it drops has grown old.
fn program(element: &str, count: u64) -> String {
    format!(
        "(define-record-type point (make-point x y) point? (x point-x) (y point-y))
         (define kept (make-vector {count} #f))
         (define elements kept)
         (define (make i) {element})
         (define (replace i)
           (if (< i {})
               (begin (vector-set! kept (modulo (* 7 i) {count}) (make i)) (replace (+ i 1)))))
         (replace 0)
         (vector-length kept)",
        6 * count
    )
}

fn run(text: &str, memory: Option<u64>) -> (Vm, u64) {
    let mut vm = Vm::new(Profile::Pure);
    let bounds = Bounds { fuel: None, memory };
    vm.begin("test", text, bounds);
    let mut heap = 0;
    while vm.run(100_000) == Status::Yield {
        heap = heap.max(8 * vm.machine.heap.total_words() as u64);
    }
    (vm, heap)
}

#[test]
fn four_times_the_live_data_is_room_enough() {
    for (shape, element, words) in SHAPES {
        let count = LIVE / 8 / words;
        let limit = 4 * LIVE;
        let (vm, heap) = run(&program(element, count), Some(limit));
        assert!(vm.condition().is_none(), "{shape}: {:?}", vm.condition());
        assert!(
            heap <= 2 * limit + BESIDES,
            "{shape}: the heap took {heap} bytes"
        );
    }
}

#[test]
fn without_a_limit_the_heap_is_at_most_three_times_what_lives() {
    for (shape, element, words) in SHAPES {
        let count = LIVE / 8 / words;
        let (vm, heap) = run(&program(element, count), None);
        assert!(vm.condition().is_none(), "{shape}: {:?}", vm.condition());
        assert!(
            heap <= 3 * LIVE + BESIDES,
            "{shape}: the heap took {heap} bytes"
        );
    }
}
