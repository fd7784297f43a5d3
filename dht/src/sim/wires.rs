//! What lies between two simulated nodes.
//!
//! Owns latency, loss and partitions. Refuses to remember anything per pair: a pair's latency is computed
//! from the seed, so that ten thousand nodes cost nothing here.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::NodeIndex;

/// Median round trip between two nodes, in milliseconds.
const ROUND_TRIP_MEDIAN_MS: f64 = 80.0;
/// Spread of the logarithm of round trips.
const ROUND_TRIP_SIGMA: f64 = 0.6;

#[derive(Debug)]
pub(super) struct Wires {
    seed: u64,
    loss: f64,
    /// Which side of the cut each node is on; empty if there is no cut.
    sides: Vec<bool>,
}

impl Wires {
    pub(super) fn new(seed: u64, loss: f64) -> Self {
        Self {
            seed,
            loss,
            sides: Vec::new(),
        }
    }

    pub(super) fn partition(&mut self, sides: Vec<bool>) {
        self.sides = sides;
    }

    /// One way between two nodes, in milliseconds: half a log-normal round trip, fixed for the pair.
    pub(super) fn delay_ms(&self, a: NodeIndex, b: NodeIndex) -> u64 {
        let pair = (a.min(b) as u64) << 32 | a.max(b) as u64;
        let first = mix(self.seed ^ mix(pair));
        let second = mix(first);
        // Box-Muller: two uniform numbers to a normal one.
        let uniform = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        let radius = (-2.0 * uniform(first).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * uniform(second)).cos();
        let round_trip = ROUND_TRIP_MEDIAN_MS * (ROUND_TRIP_SIGMA * normal).exp();
        (round_trip / 2.0).round().max(1.0) as u64
    }

    pub(super) fn loses(&self, from: NodeIndex, to: NodeIndex, rng: &mut ChaCha8Rng) -> bool {
        let is_cut = !self.sides.is_empty() && self.sides[from] != self.sides[to];
        let is_lost = self.loss > 0.0 && (rng.next_u32() as f64) < self.loss * f64::from(u32::MAX);
        is_cut || is_lost
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_are_log_normal_and_the_same_both_ways() {
        let wires = Wires::new(7, 0.0);
        let mut delays: Vec<_> = (0..10_000).map(|n| wires.delay_ms(n, n + 1)).collect();
        delays.sort_unstable();
        assert!((38..=42).contains(&delays[5_000]), "{}", delays[5_000]);
        // One sigma up: e^0.6 times the median.
        assert!((70..=76).contains(&delays[8_413]), "{}", delays[8_413]);
        assert_eq!(wires.delay_ms(3, 9), wires.delay_ms(9, 3));
    }
}
