//! The time, in milliseconds since 1970, that never runs backwards while the program runs.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::driver::locked;

/// Longest sleep until a time of this clock: whoever sleeps then looks again, since the clock may have jumped.
const TICK: Duration = Duration::from_secs(60);

/// The system's clock, as far as it runs forwards. Copies show the same time.
///
/// It jumps with the system's, as after a suspended machine wakes up or its clock is set. Where that jumps back,
/// this one goes at half the pace until the other has caught up: a clock that stood would keep whatever waits for it.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    last: Arc<Mutex<Reading>>,
}

/// What the clock showed, since 1970, and when that was.
#[derive(Debug, Clone, Copy)]
struct Reading {
    shown: Duration,
    at: Instant,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        let first = Reading {
            shown: system(),
            at: Instant::now(),
        };
        Clock {
            last: Arc::new(Mutex::new(first)),
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.read(system(), Instant::now())
    }

    /// When it is time to look at the clock again for who waits until `ms`: then, or earlier.
    pub(crate) fn instant(&self, ms: u64) -> Instant {
        Instant::now() + self.left(ms).min(TICK)
    }

    /// How long it is until `ms` if the clock does not jump.
    pub(crate) fn left(&self, ms: u64) -> Duration {
        Duration::from_millis(ms.saturating_sub(self.now()))
    }

    fn read(&self, system: Duration, at: Instant) -> u64 {
        let mut last = locked(&self.last);
        let shown = system.max(last.shown + at.saturating_duration_since(last.at) / 2);
        *last = Reading { shown, at };
        millis(shown)
    }
}

/// Milliseconds since 1970 by the system's clock, whatever it was set to.
pub fn system_now() -> u64 {
    millis(system())
}

fn system() -> Duration {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.unwrap_or_default()
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    /// A clock, when it was made, and the system's time then.
    fn begin() -> (Clock, Instant, Duration) {
        let clock = Clock::new();
        let first = *locked(&clock.last);
        (clock, first.at, first.shown)
    }

    #[test]
    fn a_machine_that_slept_knows_what_time_it_is() {
        let (clock, at, system) = begin();
        // The machine's count of what has passed stood meanwhile.
        assert_eq!(clock.read(system + 8 * HOUR, at), millis(system + 8 * HOUR));
        let copy = clock.clone();
        let later = Duration::from_secs(1);
        let shown = copy.read(system + 8 * HOUR + later, at + later);
        assert_eq!(shown, millis(system + 8 * HOUR + later));
    }

    #[test]
    fn a_clock_that_was_set_back_is_waited_for_and_goes_on() {
        let (clock, at, system) = begin();
        let back = system - HOUR;
        let mut before = millis(system);
        for minutes in 0..=180 {
            let passed = Duration::from_secs(60) * minutes;
            let shown = clock.read(back + passed, at + passed);
            let expected = (back + passed).max(system + passed / 2);
            assert_eq!(shown, millis(expected));
            assert!(
                minutes == 0 || shown > before,
                "it stands after {minutes} minutes"
            );
            before = shown;
        }
        assert_eq!(before, millis(system + 2 * HOUR));
    }

    #[test]
    fn it_goes_on_however_often_it_is_looked_at() {
        let (clock, at, system) = begin();
        let looks = (1..=10_000).map(|n| Duration::from_micros(100) * n);
        let last = looks.map(|passed| clock.read(system - HOUR, at + passed));
        assert_eq!(
            last.max(),
            Some(millis(system + Duration::from_millis(500)))
        );
    }

    #[test]
    fn whoever_waits_long_looks_again_within_a_minute() {
        let clock = Clock::new();
        let now = clock.now();
        let wait = |ms| clock.instant(ms).saturating_duration_since(Instant::now());
        assert!(wait(now + 3_600_000) <= TICK);
        assert!(wait(now + 3_600_000) > TICK / 2);
        assert!(wait(now + 1_000) <= Duration::from_secs(1));
        assert_eq!(wait(now.saturating_sub(5)), Duration::ZERO);
    }
}
