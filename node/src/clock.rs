//! The time, in milliseconds since 1970, that never runs backwards while the program runs.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock set once from the system's and driven by its monotonic one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
    began_ms: u64,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Clock {
            began: Instant::now(),
            began_ms: millis(since_1970),
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.began_ms + millis(self.began.elapsed())
    }

    /// The instant of a time of this clock.
    pub(crate) fn instant(&self, ms: u64) -> Instant {
        self.began + Duration::from_millis(ms.saturating_sub(self.began_ms))
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
