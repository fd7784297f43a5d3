//! Counting votes, and what a count is worth.

use std::collections::BTreeMap;

use super::verdict::Group;
use crate::jobs::Answer;
use crate::keys::PublicKey;

/// What one peer that was never audited adds to the log-odds of its answer: 4 to 1.
const UNAUDITED_LOG_ODDS: f64 = 1.386_294_361_119_890_6;
/// All unaudited voters of a group together count at most this in log-odds.
pub const UNAUDITED_LOG_ODDS_MAX: f64 = 3.0;
/// What an agreement is worth that our own evaluation confirmed.
const AUDITED_CONFIDENCE: f64 = 1.0;

/// One peer's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// Who answered.
    pub peer: PublicKey,
    /// What it answered.
    pub answer: Answer,
}

/// What our own evaluation of the job gave, when there was one.
pub type Referee<'a> = Option<&'a Answer>;

/// What the groups amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The group with this index is agreed upon.
    Agreed(usize),
    /// Our own evaluation gave an answer nobody else gave.
    OursAlone,
    /// No group is large enough yet: ask one more.
    Open,
}

/// Groups equal answers, fuel included. The largest group comes first; among equally large ones
/// the order depends on the answers alone, never on who came first. A peer's second vote is none.
pub fn tally(votes: &[Vote]) -> Vec<Group> {
    let mut seen: BTreeMap<PublicKey, &Answer> = BTreeMap::new();
    for vote in votes {
        seen.entry(vote.peer).or_insert(&vote.answer);
    }
    let mut groups: Vec<Group> = Vec::new();
    for (peer, answer) in seen {
        match groups.iter_mut().find(|group| group.answer == *answer) {
            Some(group) => group.peers.push(peer),
            None => groups.push(Group {
                answer: answer.clone(),
                peers: vec![peer],
            }),
        }
    }
    groups.sort_by(|a, b| {
        let key = |group: &Group| {
            let Answer {
                status,
                setup_fuel,
                fuel,
                ..
            } = group.answer;
            (status, setup_fuel, fuel)
        };
        (b.peers.len().cmp(&a.peers.len()))
            .then_with(|| a.answer.outcome.cmp(&b.answer.outcome))
            .then_with(|| key(a).cmp(&key(b)))
    });
    groups
}

/// Which group is agreed upon: ours if we evaluated the job, whatever the votes say; else the
/// only one with at least `quorum` peers. Two groups of a quorum each are no agreement.
pub fn decide(groups: &[Group], quorum: usize, referee: Referee<'_>) -> Decision {
    assert!(quorum > 0, "a quorum of nobody agrees on anything");
    if let Some(answer) = referee {
        return match groups.iter().position(|group| group.answer == *answer) {
            Some(index) => Decision::Agreed(index),
            None => Decision::OursAlone,
        };
    }
    let is_quorum = |group: &&Group| group.peers.len() >= quorum;
    match groups.iter().filter(is_quorum).count() {
        1 => Decision::Agreed(0),
        _ => Decision::Open,
    }
}

/// How likely the answer of group `winner` is right: its voters' log-odds, bounded, less those of
/// the strongest other group. Certain when our own evaluation gave it too.
pub fn confidence(groups: &[Group], winner: usize, referee: Referee<'_>) -> f64 {
    if referee.is_some_and(|answer| groups[winner].answer == *answer) {
        return AUDITED_CONFIDENCE;
    }
    let weight =
        |group: &Group| (group.peers.len() as f64 * UNAUDITED_LOG_ODDS).min(UNAUDITED_LOG_ODDS_MAX);
    let against = groups
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != winner);
    let against = against.map(|(_, group)| weight(group)).fold(0.0, f64::max);
    let log_odds = weight(&groups[winner]) - against;
    1.0 / (1.0 + (-log_odds).exp())
}
