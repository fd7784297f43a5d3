//! How fast things go and how fast they may go.
//!
//! Owns round-trip estimates, the rate limit per sender and the limit on dialling places nobody proved to
//! be anybody's. Every table here is bounded. A full one of senders refuses newcomers rather than forgetting offenders;
//! a full one of dials forgets, as who fills it is nobody we know, and whoever is refused may be all that is left.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

use crate::contact::{Address, Contact, PublicKey, Subnet};

/// Requests per second a peer may send on average.
pub const REQUESTS_PER_SECOND_MAX: u64 = 100;
/// Requests a peer may send at once after a pause.
pub const REQUESTS_BURST_MAX: u64 = 500;
/// Most senders whose rate is tracked.
pub(crate) const SENDERS_MAX: usize = 4096;
/// Most unproven addresses remembered.
pub(crate) const DIALS_MAX: usize = 1024;
/// Most unproven addresses of one public host dialled within [`UNVERIFIED_DIAL_MS`]: one has 65,535 ports.
pub(crate) const DIALS_PER_HOST_MAX: usize = 8;
/// Most unproven addresses dialled within [`UNVERIFIED_DIAL_MS`] because somebody in one subnet says that it is there.
/// What others say of somebody is bounded by the lookup, which soon ceases to believe who names the silent.
pub(crate) const DIALS_PER_SUBNET_MAX: usize = 32;
/// An unproven address is dialled at most once in so long, in milliseconds.
pub const UNVERIFIED_DIAL_MS: u64 = 60_000;

/// Who takes so long on average holds everybody up, in milliseconds: no link on Earth does.
const SLOW_MS: u16 = 1_000;

/// Smoothed round trip and its variation (RFC 6298, section 2), in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoundTrip {
    smoothed: u16,
    variation: u16,
}

impl RoundTrip {
    pub(crate) fn measure(&mut self, took_ms: u64) {
        let took = took_ms.clamp(1, 10_000) as u16;
        if self.smoothed == 0 {
            (self.smoothed, self.variation) = (took, took / 2);
            return;
        }
        let difference = self.smoothed.abs_diff(took);
        self.variation = ((u32::from(self.variation) * 3 + u32::from(difference)) / 4) as u16;
        self.smoothed = ((u32::from(self.smoothed) * 7 + u32::from(took)) / 8).max(1) as u16;
    }

    /// How long an exchange usually takes, in milliseconds; 0 before any.
    pub(crate) fn usual_ms(&self) -> u64 {
        u64::from(self.smoothed)
    }

    /// Whether who answers like this is too slow to be asked or named while there are others.
    pub(crate) fn is_slow(&self) -> bool {
        self.smoothed >= SLOW_MS
    }

    /// After how long an answer is overdue; `None` before anything was measured. Being overdue costs little
    /// (somebody else is asked meanwhile, or the same once more), so one answer in about twenty may be.
    pub(crate) fn overdue_ms(&self) -> Option<u64> {
        let (smoothed, variation) = (u64::from(self.smoothed), u64::from(self.variation));
        (smoothed != 0).then(|| smoothed + smoothed / 4 + 2 * variation)
    }
}

/// Places of a histogram.
pub const HISTOGRAM_BUCKETS: usize = 16;

/// How often something took how long: bucket `n` counts what took less than 2^n milliseconds and at least half
/// of that, the last one everything longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The counts.
    pub buckets: [u64; HISTOGRAM_BUCKETS],
}

impl Histogram {
    pub(crate) fn note(&mut self, took_ms: u64) {
        let bucket = (u64::BITS - took_ms.leading_zeros()) as usize;
        self.buckets[bucket.min(HISTOGRAM_BUCKETS - 1)] += 1;
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Below how many milliseconds this share of all lies, as far as the buckets tell; 0 if nothing was counted.
    pub fn quantile_ms(&self, share: f64) -> u64 {
        let wanted = (self.count() as f64 * share).ceil() as u64;
        let mut counted = 0;
        let place = self.buckets.iter().position(|count| {
            counted += count;
            counted >= wanted && counted > 0
        });
        place.map_or(0, |bucket| 1 << bucket)
    }
}

/// How long exchanges with strangers usually take: the median, followed in steps of a sixteenth, so that it
/// takes half of all strangers to mislead us by answering late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usual {
    median_ms: u64,
}

impl Usual {
    pub(crate) fn measure(&mut self, took_ms: u64) {
        // Steps of a sixteenth need a value of sixteen at least.
        let took = took_ms.clamp(16, 10_000);
        if self.median_ms == 0 {
            self.median_ms = took;
            return;
        }
        let step = (self.median_ms / 16).max(1);
        match took.cmp(&self.median_ms) {
            std::cmp::Ordering::Greater => self.median_ms += step,
            std::cmp::Ordering::Less => self.median_ms = (self.median_ms - step).max(16),
            std::cmp::Ordering::Equal => {}
        }
    }

    /// After how long an answer is overdue, `None` before anything was measured: twice the median, which one
    /// round trip in eight exceeds if they are spread as on the Internet (log-normal, sigma 0.6). Somebody else
    /// is asked then, which costs less than waiting for what may be lost.
    pub(crate) fn overdue_ms(&self) -> Option<u64> {
        (self.median_ms != 0).then_some(2 * self.median_ms)
    }
}

/// A token bucket per sender.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// Per sender: when the bucket would be full, in thousandths of a request's cost.
    senders: BTreeMap<PublicKey, u64>,
}

impl RateLimit {
    /// Whether this sender may have one more request served.
    pub(crate) fn admits(&mut self, now: u64, sender: &PublicKey) -> bool {
        const COST_MS: u64 = 1000 / REQUESTS_PER_SECOND_MAX;
        if self.senders.len() >= SENDERS_MAX && !self.senders.contains_key(sender) {
            self.senders.retain(|_, full_at| *full_at > now);
            if self.senders.len() >= SENDERS_MAX {
                return false;
            }
        }
        let full_at = self.senders.entry(*sender).or_insert(now);
        let next = (*full_at).max(now) + COST_MS;
        let admitted = next <= now + REQUESTS_BURST_MAX * COST_MS;
        if admitted {
            *full_at = next;
        }
        admitted
    }

    /// Forgets senders whose bucket is full again.
    pub(crate) fn tidy(&mut self, now: u64) {
        self.senders.retain(|_, full_at| *full_at > now);
    }
}

/// Remembers dials to addresses not proven to be their contact's.
///
/// Addresses are told by others. An address that answered is proven and forgotten here; one that did not
/// answer is left alone for [`UNVERIFIED_DIAL_MS`], whoever is said to live there. When there is no room for more, the
/// oldest are forgotten: one address in [`DIALS_MAX`] dialled twice harms nobody, while whoever names that many would
/// else keep us from everybody who is new.
#[derive(Debug, Default)]
pub(crate) struct Dials {
    addresses: BTreeMap<Address, Dial>,
}

#[derive(Clone, Debug)]
struct Dial {
    public_key: PublicKey,
    at: u64,
    failed: bool,
    /// The peer answered, but not from there.
    is_elsewhere: bool,
    /// Where who said so asked us from.
    told_from: Option<Subnet>,
}

impl Dial {
    fn is_recent(&self, now: u64) -> bool {
        self.at + UNVERIFIED_DIAL_MS > now
    }
}

impl Dials {
    /// The contact at those of its addresses that may be dialled now, if any; the dial is noted.
    pub(crate) fn admits(&mut self, now: u64, contact: &Contact) -> Option<Contact> {
        let public_key = contact.public_key();
        let mut admitted = Vec::new();
        for address in contact.addresses() {
            let known = self.addresses.get(address);
            let known = known.filter(|dial| dial.is_recent(now));
            let is_shared = known.is_some_and(|dial| dial.public_key == public_key && !dial.failed);
            if !is_shared {
                if known.is_some() || self.is_host_full(now, address) {
                    continue;
                }
                self.make_room(now, address);
                let dial = Dial {
                    public_key,
                    at: now,
                    failed: false,
                    is_elsewhere: false,
                    told_from: None,
                };
                self.addresses.insert(address.clone(), dial);
            }
            admitted.push(address.clone());
        }
        let is_all = admitted.len() == contact.addresses().len();
        match admitted.is_empty() {
            true => None,
            false if is_all => Some(contact.clone()),
            false => Some(Contact::new(public_key, admitted, contact.version())),
        }
    }

    /// Whether no more than their share was dialled lately because of what those in a subnet say of themselves.
    pub(crate) fn has_share(&self, now: u64, subnet: &Subnet) -> bool {
        let theirs = |dial: &&Dial| dial.is_recent(now) && dial.told_from.as_ref() == Some(subnet);
        self.addresses.values().filter(theirs).count() < DIALS_PER_SUBNET_MAX
    }

    /// The contact is being dialled because somebody in a subnet says that this is where it is itself.
    pub(crate) fn count_to(&mut self, subnet: &Subnet, contact: &Contact) {
        for address in contact.addresses() {
            if let Some(dial) = self.addresses.get_mut(address) {
                dial.told_from.get_or_insert_with(|| subnet.clone());
            }
        }
    }

    /// The node's owner says that the contact is there: nothing keeps us from dialling it.
    pub(crate) fn vouched_for(&mut self, contact: &Contact) {
        for address in contact.addresses() {
            self.addresses.remove(address);
            for host in hosts(address) {
                self.addresses.retain(|other, _| !host.contains(other));
            }
        }
    }

    /// Whether as many other addresses of the same public host were dialled lately as may be.
    fn is_host_full(&self, now: u64, address: &Address) -> bool {
        let theirs = |host| {
            let dials = self.addresses.range(host);
            dials.filter(|(_, dial)| dial.is_recent(now)).count()
        };
        let dialled: usize = hosts(address).into_iter().map(theirs).sum();
        address.subnet().is_some() && dialled >= DIALS_PER_HOST_MAX
    }

    fn make_room(&mut self, now: u64, address: &Address) {
        if self.addresses.len() < DIALS_MAX || self.addresses.contains_key(address) {
            return;
        }
        self.tidy(now);
        while self.addresses.len() >= DIALS_MAX
            && let Some(oldest) = self.addresses.iter().min_by_key(|(_, dial)| dial.at)
        {
            let oldest = oldest.0.clone();
            self.addresses.remove(&oldest);
        }
    }

    /// The contact that was dialled as `sent` answered where it is `proven`. What else it named is not proven, but
    /// private addresses are the same everywhere, and nobody far away is harmed by dialling them.
    pub(crate) fn proven(&mut self, sent: &Contact, proven: &Contact) {
        if !self.addresses.is_empty() {
            let private = sent
                .addresses()
                .iter()
                .filter(|told| told.subnet().is_none());
            for address in proven.addresses().iter().chain(private) {
                self.addresses.remove(address);
            }
        }
    }

    /// The contact did not answer.
    pub(crate) fn failed(&mut self, contact: &Contact) {
        for address in contact.addresses() {
            if let Some(dial) = self.addresses.get_mut(address) {
                dial.failed = true;
            }
        }
    }

    /// The contact answered, but not from there.
    pub(crate) fn led_elsewhere(&mut self, contact: &Contact) {
        for address in contact.addresses() {
            if let Some(dial) = self.addresses.get_mut(address) {
                (dial.failed, dial.is_elsewhere) = (true, true);
            }
        }
    }

    /// Whether the contact answered lately, but from none of its addresses.
    pub(crate) fn is_elsewhere(&self, contact: &Contact) -> bool {
        let is_elsewhere =
            |dial: &Dial| dial.is_elsewhere && dial.public_key == contact.public_key();
        let mut addresses = contact.addresses().iter();
        addresses.any(|address| self.addresses.get(address).is_some_and(is_elsewhere))
    }

    /// Forgets what is old enough to be tried again.
    pub(crate) fn tidy(&mut self, now: u64) {
        self.addresses.retain(|_, dial| dial.is_recent(now));
    }
}

/// All addresses of the host that an address belongs to: of an IPv4 address, however it is written, or of an IPv6 /64,
/// as that many belong to everybody; nothing for a relay, which everybody shares.
fn hosts(address: &Address) -> Vec<RangeInclusive<Address>> {
    let range = |first: IpAddr, last: IpAddr| {
        let at = |ip, port| Address::Ip(SocketAddr::new(ip, port));
        at(first, 0)..=at(last, u16::MAX)
    };
    match address {
        Address::Relay(_) => Vec::new(),
        Address::Ip(socket) => match socket.ip().to_canonical() {
            IpAddr::V4(ip) => {
                let mapped = IpAddr::V6(ip.to_ipv6_mapped());
                vec![range(ip.into(), ip.into()), range(mapped, mapped)]
            }
            IpAddr::V6(ip) => {
                let rest = u128::from(u64::MAX);
                let (first, last) = (ip.to_bits() & !rest, ip.to_bits() | rest);
                let ip = |bits| IpAddr::V6(Ipv6Addr::from_bits(bits));
                vec![range(ip(first), ip(last))]
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(key: u8, port: u16) -> Contact {
        let address = Address::Ip(([127, 0, 0, 1], port).into());
        Contact::new(PublicKey::from_bytes([key; 32]), vec![address], 1)
    }

    #[test]
    fn a_flooder_is_held_to_its_rate() {
        let mut limit = RateLimit::default();
        let flooder = PublicKey::from_bytes([1; 32]);
        let served = (0..100_000)
            .filter(|n| limit.admits(1_000_000 + n / 10, &flooder))
            .count() as u64;
        assert!(served <= REQUESTS_BURST_MAX + 10 * REQUESTS_PER_SECOND_MAX);
        assert!(limit.admits(1_000_000, &PublicKey::from_bytes([2; 32])));
    }

    #[test]
    fn an_address_nobody_answered_at_is_left_alone_for_a_minute() {
        let mut dials = Dials::default();
        assert!(dials.admits(0, &contact(1, 7)).is_some());
        assert!(
            dials.admits(1, &contact(1, 7)).is_some(),
            "the same dial is shared"
        );
        assert!(
            dials.admits(1, &contact(2, 7)).is_none(),
            "another key at the same address is not"
        );
        dials.failed(&contact(1, 7));
        assert!(dials.admits(2, &contact(1, 7)).is_none());
        assert!(dials.admits(UNVERIFIED_DIAL_MS, &contact(2, 7)).is_some());
        dials.proven(&contact(2, 7), &contact(2, 7));
        assert!(dials.admits(UNVERIFIED_DIAL_MS, &contact(1, 7)).is_some());
    }

    fn at(key: u32, addresses: &[&str]) -> Contact {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&key.to_be_bytes());
        let addresses = addresses
            .iter()
            .map(|text| Address::Ip(text.parse().unwrap()));
        Contact::new(PublicKey::from_bytes(bytes), addresses.collect(), 1)
    }

    #[test]
    fn only_the_addresses_that_may_be_dialled_are() {
        let mut dials = Dials::default();
        let silent = at(1, &["20.0.0.1:1"]);
        dials.admits(0, &silent);
        dials.failed(&silent);
        let both = at(2, &["20.0.0.1:1", "20.0.0.2:1"]);
        assert_eq!(dials.admits(1, &both), Some(at(2, &["20.0.0.2:1"])));
        assert_eq!(dials.admits(1, &at(3, &["20.0.0.1:1"])), None);
    }

    #[test]
    fn nobody_is_dialled_at_all_its_ports() {
        let hosts = |host: &str| -> Vec<Contact> {
            let contact = |port: u32| at(port, &[&format!("{host}:{port}")]);
            (1..100).map(contact).collect()
        };
        let mut dials = Dials::default();
        let mut count = |now, contacts: Vec<Contact>| {
            let admitted = contacts.iter().filter(|c| dials.admits(now, c).is_some());
            admitted.count()
        };
        assert_eq!(count(0, hosts("20.0.0.1")), DIALS_PER_HOST_MAX);
        assert_eq!(
            count(1, hosts("[::ffff:20.0.0.1]")),
            0,
            "it is the same one"
        );
        assert_eq!(count(1, hosts("20.0.0.2")), DIALS_PER_HOST_MAX);
        assert_eq!(count(1, hosts("[2600::1]")), DIALS_PER_HOST_MAX);
        assert_eq!(count(1, hosts("[2600::2]")), 0);
        assert_eq!(count(1, hosts("10.0.0.1")), 99, "nobody far away is harmed");
        assert_eq!(
            count(UNVERIFIED_DIAL_MS, hosts("20.0.0.1")),
            DIALS_PER_HOST_MAX
        );
        let owners = at(999, &["20.0.0.1:999"]);
        assert!(dials.admits(UNVERIFIED_DIAL_MS, &owners).is_none());
        dials.vouched_for(&owners);
        assert!(dials.admits(UNVERIFIED_DIAL_MS, &owners).is_some());
    }

    #[test]
    fn a_full_table_of_dials_forgets_the_oldest_and_keeps_nobody_out() {
        let mut dials = Dials::default();
        let bogus = |n: u32| at(n, &[&format!("21.{}.{}.1:9", n / 256, n % 256)]);
        for n in 0..3 * DIALS_MAX as u32 {
            let contact = bogus(n);
            assert_eq!(dials.admits(u64::from(n), &contact), Some(contact.clone()));
            dials.failed(&contact);
            assert!(dials.addresses.len() <= DIALS_MAX);
        }
        let last = 3 * DIALS_MAX as u32 - 1;
        assert_eq!(dials.admits(u64::from(last), &bogus(last)), None);
        assert!(
            dials
                .admits(u64::from(last), &at(7, &["20.0.0.1:1"]))
                .is_some()
        );
    }

    #[test]
    fn stalling_strangers_do_not_make_us_patient() {
        let mut usual = Usual::default();
        assert_eq!(usual.overdue_ms(), None);
        for n in 0..1000u64 {
            usual.measure(if n % 3 == 0 { 3_000 } else { 100 + n % 50 });
        }
        let overdue = usual.overdue_ms().unwrap();
        assert!((200..=400).contains(&overdue), "{overdue}");
    }

    #[test]
    fn histograms_tell_quantiles_within_a_factor_of_two() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile_ms(0.5), 0);
        (0..100).for_each(|n| histogram.note(if n < 90 { 100 } else { 3_000 }));
        histogram.note(u64::MAX);
        histogram.note(0);
        assert_eq!(histogram.count(), 102);
        assert_eq!(histogram.quantile_ms(0.5), 128);
        assert_eq!(histogram.quantile_ms(0.95), 4096);
        assert_eq!(histogram.quantile_ms(1.0), 1 << (HISTOGRAM_BUCKETS - 1));
    }

    #[test]
    fn round_trips_adapt() {
        let mut round_trip = RoundTrip::default();
        assert_eq!(round_trip.overdue_ms(), None);
        (0..50).for_each(|_| round_trip.measure(80));
        let overdue = round_trip.overdue_ms().unwrap();
        assert!((80..=104).contains(&overdue), "{overdue}");
        assert!(!round_trip.is_slow());
        (0..50).for_each(|_| round_trip.measure(3_000));
        assert!(round_trip.is_slow());
    }
}
