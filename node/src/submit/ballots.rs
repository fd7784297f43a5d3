//! What came in for one job, and what it amounts to. Pure: no clock, no network, no disk.

use dht::PublicKey;

use super::ask::Failure;
use crate::consensus::{
    Agreement, Decision, Group, Silence, Verdict, Vote, confidence, decide, tally,
};
use crate::error::NodeError;
use crate::jobs::{Answer, SignedReceipt};
use crate::keys::Id;
use crate::wire::Refusal;

/// Votes, receipts and failures of one job.
#[derive(Debug, Clone)]
pub(super) struct Ballots {
    pub(super) job: Id,
    pub(super) quorum: usize,
    /// Who submitted the job.
    pub(super) me: PublicKey,
    pub(super) asked: usize,
    pub(super) widenings: u32,
    pub(super) votes: Vec<Vote>,
    pub(super) receipts: Vec<SignedReceipt>,
    pub(super) failures: Vec<(PublicKey, Failure)>,
    /// Whether we tried to evaluate the job ourselves, and what came out.
    pub(super) refereed: bool,
    pub(super) referee: Option<Answer>,
    pub(super) convicted: Vec<PublicKey>,
}

impl Ballots {
    pub(super) fn new(job: Id, quorum: usize, me: PublicKey) -> Ballots {
        Ballots {
            job,
            quorum,
            me,
            asked: 0,
            widenings: 0,
            votes: Vec::new(),
            receipts: Vec::new(),
            failures: Vec::new(),
            refereed: false,
            referee: None,
            convicted: Vec::new(),
        }
    }

    /// How much is known: grows with every vote and every failure.
    pub(super) fn known(&self) -> usize {
        self.votes.len() + self.failures.len()
    }

    /// Whether some answers are equal to as many as are needed.
    pub(super) fn has_quorum(&self) -> bool {
        tally(&self.votes)
            .iter()
            .any(|group| group.peers.len() >= self.quorum)
    }

    /// Whether there is more than one answer.
    pub(super) fn has_dissent(&self) -> bool {
        tally(&self.votes).len() > 1
    }

    /// What the votes amount to.
    pub(super) fn decide(&self) -> Decision {
        decide(&tally(&self.votes), self.quorum, self.referee.as_ref())
    }

    /// Whom our own evaluation proves wrong and nobody has convicted yet. Only another outcome is
    /// a lie: other fuel is an alarm, and perhaps an engine's fault. If nobody at all confirms
    /// ours, the program or we are suspect, and nobody is blamed.
    pub(super) fn liars(&self) -> Vec<PublicKey> {
        let Some(ours) = &self.referee else {
            return Vec::new();
        };
        if !self.votes.iter().any(|vote| vote.answer == *ours) {
            return Vec::new();
        }
        let wrong = self
            .votes
            .iter()
            .filter(|vote| vote.answer.outcome != ours.outcome);
        let peers = wrong.map(|vote| vote.peer);
        peers
            .filter(|peer| !self.convicted.contains(peer))
            .collect()
    }

    /// The verdict, with the group that `agreed` gave that answer, if there is one.
    pub(super) fn verdict(&self, agreed: Option<&Answer>) -> Verdict {
        let mut groups = tally(&self.votes);
        let winner =
            agreed.and_then(|agreed| groups.iter().position(|group| group.answer == *agreed));
        let mut dissent: Vec<PublicKey> = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            if winner.is_some_and(|winner| winner != index) {
                dissent.extend(&group.peers);
            }
        }
        dissent.sort();
        let fuel_alarm = groups.iter().enumerate().any(|(index, group)| {
            groups[..index]
                .iter()
                .any(|other| other.answer.outcome == group.answer.outcome)
        });
        let referee = self.referee.as_ref();
        let confidence = winner.map_or(0.0, |winner| confidence(&groups, winner, referee));
        let why = self.why(&groups, winner);
        // Nobody else gave our own answer: show it, under our own name.
        if let Some(ours) = referee
            && !groups.iter().any(|group| group.answer == *ours)
        {
            groups.push(Group {
                answer: ours.clone(),
                peers: vec![self.me],
            });
        }
        let silent = |(peer, failure): &(PublicKey, Failure)| {
            let why = failure.to_string();
            Silence { peer: *peer, why }
        };
        Verdict {
            job: self.job,
            agreement: if winner.is_some() {
                Agreement::Agreed
            } else {
                Agreement::NoAgreement
            },
            answer: winner.map(|winner| groups[winner].answer.clone()),
            confidence,
            dissent,
            silent: self.failures.iter().map(silent).collect(),
            convicted: self.convicted.clone(),
            receipts: self.receipts.clone(),
            widenings: self.widenings,
            fuel_alarm,
            refereed: self.refereed,
            why,
            groups,
        }
    }

    fn why(&self, groups: &[Group], winner: Option<usize>) -> String {
        let (asked, voted, quorum) = (self.asked, self.votes.len(), self.quorum);
        match (winner, groups) {
            (Some(winner), groups) => {
                let equal = groups[winner].peers.len();
                match self.referee {
                    Some(_) => format!("{equal} of {voted} answers equal our own evaluation"),
                    None => format!("{equal} of {voted} answers are equal, {quorum} were needed"),
                }
            }
            (None, []) => format!("none of the {asked} peers asked answered"),
            (None, [_]) => format!(
                "{voted} of the {asked} peers asked gave the same answer, \
                 but {quorum} were needed"
            ),
            (None, groups) => format!(
                "the {voted} answers of {asked} peers fall into {} groups, \
                 and {quorum} equal ones were needed",
                groups.len()
            ),
        }
    }

    /// If not a single peer voted, why.
    pub(super) fn total_failure(&self) -> Option<NodeError> {
        if !self.votes.is_empty() {
            return None;
        }
        let asked = self.asked;
        let is_late = |failure: &Failure| {
            matches!(
                failure,
                Failure::TimedOut | Failure::Refused(Refusal::Timeout)
            )
        };
        let is_silent = self.failures.len() < asked;
        if is_silent || self.failures.iter().any(|(_, failure)| is_late(failure)) {
            let why = format!("none of the {asked} peers asked answered in time");
            return Some(NodeError::Timeout(why));
        }
        let mut refusals = self
            .failures
            .iter()
            .filter_map(|(_, failure)| match failure {
                Failure::Refused(refusal) => Some(refusal),
                _ => None,
            });
        Some(match refusals.next() {
            Some(first) => {
                let count = 1 + refusals.count();
                let why =
                    format!("{count} of the {asked} peers asked refused, one because {first}");
                NodeError::Refused(why)
            }
            None => {
                NodeError::Unreachable(format!("none of the {asked} peers asked can be reached"))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Status;

    fn answer(outcome: &str, fuel: u64) -> Answer {
        let outcome = outcome.as_bytes().to_vec();
        Answer {
            outcome,
            status: Status::Value,
            setup_fuel: 1,
            fuel,
        }
    }

    fn ballots(votes: &[(u8, &str, u64)], referee: Option<Answer>) -> Ballots {
        let mut ballots = Ballots::new(Id::hash(b"job"), 2, PublicKey::from_bytes([99; 32]));
        ballots.asked = votes.len();
        for (peer, outcome, fuel) in votes {
            let peer = PublicKey::from_bytes([*peer; 32]);
            ballots.votes.push(Vote {
                peer,
                answer: answer(outcome, *fuel),
            });
        }
        ballots.refereed = referee.is_some();
        ballots.referee = referee;
        ballots
    }

    fn keys(peers: &[u8]) -> Vec<PublicKey> {
        peers
            .iter()
            .map(|peer| PublicKey::from_bytes([*peer; 32]))
            .collect()
    }

    #[test]
    fn only_our_own_confirmed_evaluation_convicts() {
        let votes = [
            (1, "right", 1),
            (2, "wrong", 1),
            (3, "wrong", 1),
            (4, "right", 2),
        ];
        let check = |referee: Option<Answer>, liars: &[u8]| {
            assert_eq!(ballots(&votes, referee).liars(), keys(liars));
        };
        check(None, &[]);
        check(Some(answer("right", 1)), &[2, 3]);
        check(Some(answer("ours alone", 1)), &[]);
        check(Some(answer("right", 9)), &[]);
    }

    #[test]
    fn a_verdict_names_dissent_and_alarm() {
        let ballots = ballots(&[(1, "a", 1), (2, "a", 1), (3, "b", 1), (4, "a", 2)], None);
        let verdict = ballots.verdict(Some(&answer("a", 1)));
        assert_eq!(verdict.agreement, Agreement::Agreed);
        assert_eq!(verdict.dissent, keys(&[3, 4]));
        assert!(verdict.fuel_alarm && verdict.confidence > 0.5 && verdict.confidence < 1.0);
        let verdict = ballots.verdict(None);
        assert_eq!(
            (verdict.agreement, verdict.confidence),
            (Agreement::NoAgreement, 0.0)
        );
        assert_eq!((verdict.groups.len(), verdict.dissent.len()), (3, 0));
    }

    #[test]
    fn a_total_failure_says_which_kind() {
        let check = |failures: &[Failure], kind: &str| {
            let mut ballots = ballots(&[], None);
            ballots.asked = 3;
            for (index, failure) in failures.iter().enumerate() {
                ballots
                    .failures
                    .push((PublicKey::from_bytes([index as u8; 32]), *failure));
            }
            assert_eq!(ballots.total_failure().unwrap().kind(), kind);
        };
        let busy = Failure::Refused(Refusal::Busy);
        check(
            &[
                Failure::Unreachable,
                Failure::Unreachable,
                Failure::Unreachable,
            ],
            "unreachable",
        );
        check(
            &[Failure::Unreachable, busy, Failure::Unreachable],
            "refused",
        );
        check(&[Failure::Unreachable, busy, Failure::TimedOut], "timeout");
        check(&[busy, busy], "timeout");
    }
}
