//! Every benchmark gives the right result, at the small size that its own text names. How long
//! they take is for `tests/benchmarks/run` to tell, and for no test.

use std::fs;
use std::path::PathBuf;

use logos_tests::{Folder, Ran, logos, run, workspace};

/// Fewer than this were not all found.
const PROGRAMS_MIN: usize = 33;

fn programs() -> Vec<PathBuf> {
    let folder = workspace().join("tests/benchmarks");
    let entries = fs::read_dir(folder).expect("the benchmarks are there");
    let mut programs: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder can be read").path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "scm"))
        .collect();
    programs.sort();
    programs
}

/// The program with the size after `; tests: ` in place of the one it defines.
fn at_test_size(program: &str) -> String {
    let mut found = 0;
    let mut small = String::new();
    for line in program.lines() {
        match line.split_once(" ; tests: ") {
            Some((definition, size)) if definition.starts_with("(define size ") => {
                found += 1;
                small.push_str(&format!("(define size {size})"));
            }
            _ => small.push_str(line),
        }
        small.push('\n');
    }
    assert_eq!(found, 1, "one line names both sizes:\n{program}");
    small
}

#[test]
fn benchmarks_give_the_right_results() {
    let folder = Folder::new();
    let programs = programs();
    assert!(programs.len() >= PROGRAMS_MIN, "{programs:?}");
    for path in programs {
        let name = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy();
        let program = fs::read_to_string(&path).expect("a benchmark can be read");
        let small = folder.write(&format!("{name}.scm"), &at_test_size(&program));
        let ran = run(logos(&folder).arg(small));
        let expected = Ran {
            output: format!("{name} ok\n"),
            errors: String::new(),
            status: Some(0),
        };
        assert_eq!(ran, expected);
    }
}
