//! How fast each peer may ask. Whoever is a little too fast waits its turn, whoever is much too fast
//! is told so, and late, so that it cannot ask the faster for it. Knows nothing of what is asked: a
//! turn is taken before the first byte is read. What took long to answer is paid for afterwards.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use dht::{PublicKey, REQUESTS_BURST_MAX, REQUESTS_PER_SECOND_MAX};

use super::pool::locked;

/// Requests a peer may send at once after a pause. A tenth less than what the state machine grants,
/// which measures by another clock.
const BURST_MAX: u32 = (REQUESTS_BURST_MAX - REQUESTS_BURST_MAX / 10) as u32;
/// What one request costs of its sender's time.
const COST: Duration = Duration::from_nanos(1_000_000_000 / REQUESTS_PER_SECOND_MAX);
/// One peer may take up this part of the time of the loop that answers all: what takes longer than it has paid for
/// costs so many times as much.
const LOOP_SHARE: u32 = 4;
/// Longest wait for a turn: honest peers ask somebody else when an answer takes longer.
const WAIT_MAX: Duration = Duration::from_millis(150);
/// How long who is refused waits to be told.
pub(crate) const REFUSAL_PAUSE: Duration = Duration::from_secs(1);
/// Most peers whose pace is remembered; beyond that newcomers are refused.
const PEERS_MAX: usize = 4096;

/// The pace of every peer that asked lately.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When a peer will have paid for all it asked.
    paid_at: Mutex<BTreeMap<PublicKey, Instant>>,
}

impl Pace {
    /// How long the next request of this peer has to wait; `None` is for ever.
    pub(crate) fn turn(&self, now: Instant, peer: PublicKey) -> Option<Duration> {
        let mut paid_at = locked(&self.paid_at);
        if paid_at.len() >= PEERS_MAX && !paid_at.contains_key(&peer) {
            paid_at.retain(|_, at| *at > now);
            if paid_at.len() >= PEERS_MAX {
                return None;
            }
        }
        let at = paid_at.entry(peer).or_insert(now);
        let next = (*at).max(now) + COST;
        let wait = next.saturating_duration_since(now + COST * BURST_MAX);
        if wait > WAIT_MAX {
            return None;
        }
        *at = next;
        Some(wait)
    }

    /// Has a peer pay for a request that took so long to answer, as far as its turn was too cheap.
    pub(crate) fn charge(&self, peer: &PublicKey, took: Duration) {
        let unpaid = (took * LOOP_SHARE).saturating_sub(COST);
        if let Some(at) = locked(&self.paid_at).get_mut(peer) {
            *at += unpaid;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_then_turns_are_waited_for_then_refused() {
        let (pace, peer) = (Pace::default(), PublicKey::from_bytes([1; 32]));
        let begin = Instant::now();
        let turns: Vec<Option<Duration>> = (0..1000).map(|_| pace.turn(begin, peer)).collect();
        let burst = BURST_MAX as usize;
        assert!(
            turns[..burst]
                .iter()
                .all(|turn| *turn == Some(Duration::ZERO))
        );
        assert_eq!(turns[burst], Some(COST));
        assert_eq!(turns[burst + 14], Some(WAIT_MAX));
        assert!(turns[burst + 15..].iter().all(Option::is_none));
        // Others are not made to wait, and what was refused costs nothing.
        let other = PublicKey::from_bytes([2; 32]);
        assert_eq!(pace.turn(begin, other), Some(Duration::ZERO));
        assert_eq!(pace.turn(begin + COST, peer), Some(WAIT_MAX));
        let later = begin + COST * (BURST_MAX + 16);
        assert_eq!(pace.turn(later, peer), Some(Duration::ZERO));
    }

    #[test]
    fn what_takes_long_is_paid_for() {
        let pace = Pace::default();
        let (cheap, dear) = (
            PublicKey::from_bytes([1; 32]),
            PublicKey::from_bytes([2; 32]),
        );
        let begin = Instant::now();
        let served = |peer, took| {
            let turns = (0..1000).take_while(|_| {
                let has_turn = pace.turn(begin, peer).is_some();
                pace.charge(&peer, took);
                has_turn
            });
            turns.count()
        };
        assert_eq!(served(cheap, COST / LOOP_SHARE), BURST_MAX as usize + 15);
        let most = COST * (BURST_MAX + 15);
        // Of a second it takes, others have four.
        let took = Duration::from_millis(100);
        let spent = took * served(dear, took) as u32;
        assert!(spent <= most / LOOP_SHARE + took, "{spent:?} of {most:?}");
    }

    #[test]
    fn no_more_peers_are_remembered_than_there_is_room_for() {
        let pace = Pace::default();
        let peer = |number: u32| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_be_bytes());
            PublicKey::from_bytes(key)
        };
        let begin = Instant::now();
        let served = |now, range: std::ops::Range<u32>| {
            let turns = range.filter_map(|number| pace.turn(now, peer(number)));
            turns.count()
        };
        assert_eq!(served(begin, 0..5000), PEERS_MAX);
        assert_eq!(served(begin + COST, 5000..5001), 1, "the others have paid");
    }
}
