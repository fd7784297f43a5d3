//! Room for the connections that others open to us: so many in all, and so many from one subnet, so that nobody
//! fills it alone. Whoever comes when it is full takes the place of the one used least recently, which is closed;
//! only who comes while all others are still shaking hands is refused.
//!
//! What a first packet says of where it comes from may be a lie. Few seats are given on its word, and nobody else's:
//! everybody else is asked to prove it first, which costs a round trip (RFC 9000, 8.1.2).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use dht::Subnet;

use super::pool::locked;

/// Most connections others may have open to us.
const SEATS_MAX: usize = 512;
/// Most of them from one subnet; loopback and private ones are exempt.
const SEATS_PER_SUBNET_MAX: usize = 64;

/// Most of them that are shaking hands with somebody who has not proven where it is: fewer than a subnet may have, so
/// that who claims to be in somebody's subnet leaves it room.
const SEATS_UNPROVEN_MAX: usize = 32;

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// There may be one for who proves where it is.
    Unproven,
    /// All others are only just coming.
    Full,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Seats(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    seats: BTreeMap<u64, Occupant>,
    /// Counts who came and what was used, to tell what was first.
    happenings: u64,
}

struct Occupant {
    subnet: Option<Subnet>,
    /// Whether it is where it says.
    is_proven: bool,
    /// Nothing until the handshake has ended, or once it is to leave.
    close: Option<Box<dyn Fn() + Send>>,
    used: u64,
    /// How many of its requests are being answered.
    running: usize,
}

/// The seat of one connection; free when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Mutex<Taken>>,
    number: u64,
}

impl Seats {
    /// A seat for somebody from this subnet; whether that is proven.
    pub(crate) fn take(&self, subnet: Option<Subnet>, is_proven: bool) -> Result<Seat, NoSeat> {
        let mut taken = locked(&self.0);
        let is_neighbour = |occupant: &Occupant| occupant.subnet == subnet;
        let is_crowded = subnet.is_some() && taken.count(is_neighbour) >= SEATS_PER_SUBNET_MAX;
        let is_full = taken.seats.len() >= SEATS_MAX;
        if !is_proven {
            let unproven = taken.count(|occupant| !occupant.is_proven);
            if is_crowded || is_full || unproven >= SEATS_UNPROVEN_MAX {
                return Err(NoSeat::Unproven);
            }
        } else if is_crowded {
            taken.free_one(is_neighbour)?;
        } else if is_full {
            taken.free_one(|_| true)?;
        }
        let number = taken.happening();
        let occupant = Occupant {
            subnet,
            is_proven,
            close: None,
            used: number,
            running: 0,
        };
        taken.seats.insert(number, occupant);
        Ok(Seat {
            seats: self.0.clone(),
            number,
        })
    }
}

impl Taken {
    fn happening(&mut self) -> u64 {
        self.happenings += 1;
        self.happenings
    }

    fn count(&self, which: impl Fn(&Occupant) -> bool) -> usize {
        self.seats
            .values()
            .filter(|occupant| which(occupant))
            .count()
    }

    /// Closes who of these was used least recently, one that waits for nothing if there is one. Its seat is free when
    /// it has left.
    fn free_one(&mut self, may_leave: impl Fn(&Occupant) -> bool) -> Result<(), NoSeat> {
        let seats = self.seats.values_mut();
        let seats = seats.filter(|occupant| occupant.close.is_some() && may_leave(occupant));
        let leaving = seats.min_by_key(|occupant| (occupant.running > 0, occupant.used));
        let close = leaving.and_then(|leaving| leaving.close.take());
        let close = close.ok_or(NoSeat::Full)?;
        close();
        Ok(())
    }
}

impl Seat {
    /// The handshake has ended: `close` is what makes it leave.
    pub(crate) fn opened(&self, close: impl Fn() + Send + 'static) {
        self.with(|occupant, _| {
            occupant.is_proven = true;
            occupant.close = Some(Box::new(close));
        });
    }

    /// So many of its requests are being answered now.
    pub(crate) fn used(&self, running: usize) {
        self.with(|occupant, now| (occupant.running, occupant.used) = (running, now));
    }

    fn with(&self, change: impl FnOnce(&mut Occupant, u64)) {
        let mut taken = locked(&self.seats);
        let now = taken.happening();
        if let Some(occupant) = taken.seats.get_mut(&self.number) {
            change(occupant, now);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        locked(&self.seats).seats.remove(&self.number);
    }
}

impl fmt::Debug for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Occupant")
            .field("subnet", &self.subnet)
            .field("is_proven", &self.is_proven)
            .field("used", &self.used)
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn subnet(number: usize) -> Option<Subnet> {
        Some(Subnet::V4([20, (number / 256) as u8, number as u8]))
    }

    /// An open connection, and whether it was closed.
    fn open(seats: &Seats, subnet: Option<Subnet>) -> (Seat, Arc<AtomicBool>) {
        let seat = seats.take(subnet, true).expect("there is room");
        let closed = Arc::<AtomicBool>::default();
        let close = closed.clone();
        seat.opened(move || close.store(true, Ordering::Relaxed));
        (seat, closed)
    }

    fn closed(connections: &[(Seat, Arc<AtomicBool>)]) -> Vec<usize> {
        let places = connections.iter().enumerate();
        let closed = places.filter(|(_, (_, closed))| closed.load(Ordering::Relaxed));
        closed.map(|(place, _)| place).collect()
    }

    #[test]
    fn a_full_room_closes_who_was_used_least_recently() {
        let seats = Seats::default();
        let mut connections: Vec<_> = (0..SEATS_MAX).map(|n| open(&seats, subnet(n))).collect();
        // The first is used, the second waits for an answer.
        connections[1].0.used(1);
        connections[0].0.used(0);
        connections.push(open(&seats, subnet(0)));
        assert_eq!(closed(&connections), [2]);
        drop(connections.remove(2));
        connections.push(open(&seats, subnet(1)));
        assert_eq!(closed(&connections), [2]);
    }

    #[test]
    fn one_subnet_takes_its_share_and_its_own_give_way() {
        let seats = Seats::default();
        let other = open(&seats, subnet(2));
        let mut connections: Vec<_> = (0..SEATS_PER_SUBNET_MAX)
            .map(|_| open(&seats, subnet(1)))
            .collect();
        assert!(closed(&connections).is_empty());
        connections.push(open(&seats, subnet(1)));
        assert_eq!(closed(&connections), [0]);
        assert!(closed(&[other]).is_empty());
        // What is private is many machines, or one that we run ourselves.
        let private: Vec<_> = (0..2 * SEATS_PER_SUBNET_MAX)
            .map(|_| open(&seats, None))
            .collect();
        assert!(closed(&private).is_empty());
    }

    #[test]
    fn who_only_shakes_hands_takes_nobodys_place() {
        let seats = Seats::default();
        let waiting: Vec<_> = (0..SEATS_PER_SUBNET_MAX)
            .map(|_| seats.take(subnet(1), true).unwrap())
            .collect();
        assert_eq!(seats.take(subnet(1), true).unwrap_err(), NoSeat::Full);
        assert!(seats.take(subnet(2), true).is_ok());
        drop(waiting);
        assert!(seats.take(subnet(1), true).is_ok());
    }

    #[test]
    fn who_may_be_elsewhere_gets_few_seats_and_nobody_elses() {
        let seats = Seats::default();
        let mut connections: Vec<_> = (0..SEATS_PER_SUBNET_MAX)
            .map(|_| open(&seats, subnet(1)))
            .collect();
        let refused = seats.take(subnet(1), false).unwrap_err();
        assert_eq!(refused, NoSeat::Unproven);
        // Those who lie fill up their part and no more.
        let lies: Vec<_> = (0..SEATS_UNPROVEN_MAX)
            .map(|n| seats.take(subnet(2 + n), false).unwrap())
            .collect();
        let refused = seats.take(subnet(999), false).unwrap_err();
        assert_eq!(refused, NoSeat::Unproven);
        let others = SEATS_MAX - SEATS_PER_SUBNET_MAX - SEATS_UNPROVEN_MAX;
        connections.extend((0..others).map(|n| open(&seats, subnet(100 + n))));
        assert!(closed(&connections).is_empty());
        drop(lies);
        connections.extend((0..SEATS_UNPROVEN_MAX).map(|_| open(&seats, None)));
        let refused = seats.take(subnet(999), false).unwrap_err();
        assert_eq!(refused, NoSeat::Unproven);
        assert!(closed(&connections).is_empty());
        // Who is where it says takes the place of one.
        connections.push(open(&seats, subnet(999)));
        assert_eq!(closed(&connections), [0]);
    }

    #[test]
    fn whose_handshake_has_ended_has_proven_where_it_is() {
        let seats = Seats::default();
        let mut honest = Vec::new();
        for n in 0..2 * SEATS_UNPROVEN_MAX {
            let seat = seats.take(subnet(n), false).unwrap();
            seat.opened(|| ());
            honest.push(seat);
        }
    }
}
