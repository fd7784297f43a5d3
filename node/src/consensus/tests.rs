use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::jobs::{Answer, Status};
use crate::keys::PublicKey;

fn key(n: u8) -> PublicKey {
    PublicKey::from_bytes([n; 32])
}

fn answer(outcome: u8, fuel: u64) -> Answer {
    Answer {
        outcome: vec![outcome],
        status: Status::Value,
        setup_fuel: 1,
        fuel,
    }
}

fn votes(votes: &[(u8, u8, u64)]) -> Vec<Vote> {
    let vote = |(peer, outcome, fuel): &(u8, u8, u64)| Vote {
        peer: key(*peer),
        answer: answer(*outcome, *fuel),
    };
    votes.iter().map(vote).collect()
}

#[test]
fn equal_answers_need_equal_fuel() {
    let groups = tally(&votes(&[(1, 7, 5), (2, 7, 5), (3, 7, 6), (4, 8, 5)]));
    let sizes: Vec<usize> = groups.iter().map(|group| group.peers.len()).collect();
    assert_eq!(sizes, [2, 1, 1]);
    assert_eq!(groups[0].answer, answer(7, 5));
}

#[test]
fn decisions() {
    let check = |given: &[(u8, u8, u64)], quorum, referee: Option<Answer>, wanted| {
        let groups = tally(&votes(given));
        assert_eq!(
            decide(&groups, quorum, referee.as_ref()),
            wanted,
            "{given:?}"
        );
    };
    check(&[], 1, None, Decision::Open);
    check(&[(1, 7, 0), (2, 7, 0)], 2, None, Decision::Agreed(0));
    check(&[(1, 7, 0), (2, 8, 0)], 2, None, Decision::Open);
    check(&[(1, 7, 0), (2, 8, 0)], 1, None, Decision::Open);
    check(&[(1, 7, 0), (1, 7, 0)], 2, None, Decision::Open);
    // Our own evaluation outranks any number of votes.
    let given = [(1, 7, 0), (2, 7, 0), (3, 8, 0)];
    check(&given, 2, Some(answer(8, 0)), Decision::Agreed(1));
    check(&given, 2, Some(answer(9, 0)), Decision::OursAlone);
}

#[test]
fn unaudited_voters_never_make_certain() {
    let many: Vec<(u8, u8, u64)> = (0..200).map(|peer| (peer, 7, 0)).collect();
    let groups = tally(&votes(&many));
    let most = 1.0 / (1.0 + (-UNAUDITED_LOG_ODDS_MAX).exp());
    assert!(confidence(&groups, 0, None) <= most);
    assert_eq!(confidence(&groups, 0, Some(&answer(7, 0))), 1.0);
    let split = tally(&votes(&[(1, 7, 0), (2, 7, 0), (3, 8, 0)]));
    assert!(confidence(&split, 0, None) < confidence(&groups, 0, None));
    assert!(confidence(&split, 1, None) < 0.5);
}

#[test]
fn the_set_closes_when_all_have_ended() {
    let mut round = Round::new(2);
    (1..=3).for_each(|peer| round.ask(key(peer), 1000));
    round.answered(key(1), 1010);
    round.failed(key(2));
    assert!(!round.is_closed(1_000_000));
    round.failed(key(3));
    assert!(round.is_closed(1010));
}

#[test]
fn with_a_quorum_the_set_closes_after_twice_the_median_but_not_at_once() {
    let check = |times: &[u64], closes: u64| {
        let mut round = Round::new(times.len());
        (0..=times.len() as u8).for_each(|peer| round.ask(key(peer), 1000));
        for (peer, time) in times.iter().enumerate() {
            assert_eq!(round.closes_at(), None);
            round.answered(key(peer as u8), 1000 + time);
        }
        assert_eq!(round.closes_at(), Some(1000 + closes));
        assert!(!round.is_closed(1000 + closes - 1) && round.is_closed(1000 + closes));
    };
    check(&[3, 5], CLOSE_MS_MIN);
    check(&[100, 400, 900], 800);
    check(&[2000], 4000);
}

proptest! {
    /// However many lie and whatever they say: as long as they are fewer than the quorum, and the
    /// honest are a quorum, no lie is agreed upon; and who tells the truth wins if anybody does.
    #[test]
    fn fewer_liars_than_the_quorum_never_win(
        honest in 0u8..10,
        lies in proptest::collection::vec(1u8..4, 0..10),
        quorum in 1usize..10,
    ) {
        prop_assume!(lies.len() < quorum);
        let mut given: Vec<(u8, u8, u64)> = (0..honest).map(|peer| (peer, 0, 0)).collect();
        given.extend(lies.iter().enumerate().map(|(peer, lie)| (100 + peer as u8, *lie, 0)));
        let groups = tally(&votes(&given));
        match decide(&groups, quorum, None) {
            Decision::Agreed(index) => prop_assert_eq!(&groups[index].answer, &answer(0, 0)),
            decision => {
                prop_assert_eq!(decision, Decision::Open);
                prop_assert!(usize::from(honest) < quorum);
            }
        }
    }

    /// Nothing depends on the order in which votes came, and nobody is lost or counted twice.
    #[test]
    fn a_tally_is_a_function_of_the_set_of_votes(
        given in proptest::collection::btree_map(any::<u8>(), (0u8..3, 0u64..2), 0..30),
        seed in any::<u64>(),
    ) {
        let given: Vec<(u8, u8, u64)> =
            given.into_iter().map(|(peer, (outcome, fuel))| (peer, outcome, fuel)).collect();
        let mut shuffled = given.clone();
        let length = shuffled.len().max(1);
        for index in 0..shuffled.len() {
            shuffled.swap(index, (seed as usize).wrapping_mul(index + 7) % length);
        }
        let groups = tally(&votes(&given));
        prop_assert_eq!(&groups, &tally(&votes(&shuffled)));
        let peers: BTreeSet<PublicKey> =
            groups.iter().flat_map(|group| group.peers.iter().copied()).collect();
        let count: usize = groups.iter().map(|group| group.peers.len()).sum();
        prop_assert_eq!((peers.len(), count), (given.len(), given.len()));
        for pair in groups.windows(2) {
            prop_assert!(pair[0].peers.len() >= pair[1].peers.len());
            prop_assert_ne!(&pair[0].answer, &pair[1].answer);
        }
    }

    /// A confidence is a probability, and more voters for a group never lower it.
    #[test]
    fn confidence_grows_with_voters(for_it in 1u8..20, against in 0u8..20) {
        let groups = |for_it: u8| {
            let mut given: Vec<(u8, u8, u64)> = (0..for_it).map(|peer| (peer, 0, 0)).collect();
            given.extend((0..against).map(|peer| (100 + peer, 1, 0)));
            tally(&votes(&given))
        };
        let at = |groups: &[Group]| {
            let index = groups.iter().position(|group| group.answer == answer(0, 0)).unwrap();
            confidence(groups, index, None)
        };
        let (fewer, more) = (at(&groups(for_it)), at(&groups(for_it + 1)));
        prop_assert!((0.0..=1.0).contains(&fewer) && fewer <= more);
    }
}
