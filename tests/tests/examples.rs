//! Every example runs and says what it should.

use logos_tests::{Folder, logos, run};

fn output_of(example: &str) -> String {
    let ran = run(logos(&Folder::new()).arg(format!("examples/{example}.logos")));
    assert_eq!(
        (ran.errors.as_str(), ran.status),
        ("", Some(0)),
        "{}",
        ran.output
    );
    ran.output
}

#[test]
fn consensus_outvotes_the_liars() {
    let output = output_of("consensus");
    assert!(output.contains("agreed value: 6765\n"), "{output}");
    let line = |start: &str| {
        let found = output
            .lines()
            .find(|line| line.trim_start().starts_with(start));
        found
            .unwrap_or_else(|| panic!("no line {start}: {output}"))
            .to_string()
    };
    let peers = |line: &str| {
        line.split(' ')
            .filter(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_hexdigit()))
            .count()
    };
    let honest = line("6765, fuel ");
    assert_eq!(peers(honest.split("from").nth(1).unwrap()), 5, "{output}");
    let lying = line("6766, fuel ");
    assert_eq!(peers(lying.split("from").nth(1).unwrap()), 2, "{output}");
    assert_eq!(peers(&line("dissenters:")), 2, "{output}");
}

#[test]
fn the_address_book_changes() {
    let expected = "\
Starting a practice network of 5 peers.
Two friends come into the book.
Ann: 1 Elm Street, Oslo
Bo: 7 Oak Road, Turku
Ann moves.
Ann: 12 Birch Lane, Oslo
Bo wants to be forgotten.
Bo: not in the book
Cy: not in the book
Ann's item is called address-book/Ann and is signed by me.
";
    assert_eq!(output_of("address-book"), expected);
}

#[test]
fn the_hat_is_fair() {
    assert!(output_of("hat").contains(" gives to "));
}

#[test]
fn numbers_are_taken_apart() {
    assert!(output_of("numbers").contains("1729 = 9^3 + 10^3\n"));
}

#[test]
fn the_tour_ends() {
    assert!(output_of("tour").ends_with("that is all: have-fun\n"));
}

#[test]
fn tests_in_the_examples_pass() {
    let ran = run(logos(&Folder::new()).args(["test", "examples"]));
    assert!(ran.output.ends_with(" passed, 0 failed\n"), "{ran:?}");
}

#[test]
fn the_examples_and_the_library_are_in_the_canonical_layout() {
    let sources = ["examples", "stdlib", "node/src"];
    let ran = run(logos(&Folder::new()).args(["fmt", "--check"]).args(sources));
    assert_eq!((ran.output.as_str(), ran.status), ("", Some(0)), "{ran:?}");
}
