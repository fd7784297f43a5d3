//! From what peers answered to a verdict. Pure: votes in, groups and a decision out; no clock, no
//! network, no disk. Refuses to know what an outcome means: equal bytes are equal answers.

mod round;
mod tally;
mod verdict;

pub use round::{CLOSE_MS_MIN, Round};
pub use tally::{Decision, Referee, UNAUDITED_LOG_ODDS_MAX, Vote, confidence, decide, tally};
pub use verdict::{Agreement, Group, Silence, Verdict};

#[cfg(test)]
mod tests;
