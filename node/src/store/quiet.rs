//! Panics that are expected, and answered by whoever catches them.
//!
//! Owns this program's panic hook, which tells of every panic but these: whoever reads the error of a damaged file
//! need not read where another library stumbled over it. Refuses to silence any other thread.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static IS_EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Does something that may panic, and then tells nobody but the caller.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_EXPECTED.get() {
                others(panic);
            }
        }));
    });
    let before = IS_EXPECTED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_EXPECTED.set(before);
    done
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What the child of the test below is told by.
    const CHILD: &str = "LOGOS_TEST_PANICS";

    /// The hook is one for the whole program, so a program of its own is looked at.
    #[test]
    fn only_what_is_expected_is_not_told() {
        if std::env::var_os(CHILD).is_some() {
            let other = std::thread::spawn(|| quietly(|| panic!("a secret")).is_err());
            assert!(other.join().unwrap());
            assert!(quietly(|| quietly(|| panic!("another secret")).is_err()).unwrap());
            let heard = quietly(|| std::thread::spawn(|| panic!("somebody else")).join());
            assert!(heard.unwrap().is_err());
            panic!("afterwards");
        }
        let name = "store::quiet::tests::only_what_is_expected_is_not_told";
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", name, "--nocapture"]).env(CHILD, "1");
        let output = child.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            told.contains("somebody else") && told.contains("afterwards"),
            "{told}"
        );
        assert!(!told.contains("secret"), "{told}");
    }
}
