//! How what nodes say reaches each other.
//!
//! Owns the way of a request and of its answer: what it costs, how long it takes, whether it gets lost, what a
//! liar makes of it. Refuses to decide when anything happens; that is the queue's, in the module above.

use super::connections::{HANDSHAKE_BYTES, wire_bytes};
use super::{Adversary, NodeIndex, Occurrence, World, lengths};
use crate::contact::Contact;
use crate::event::{Action, Event, ExchangeId, Token};
use crate::kademlia::Kademlia;
use crate::message::{Request, Response};
use crate::wire::RequestFrame;

impl World {
    pub(super) fn deliver_request(
        &mut self,
        from: NodeIndex,
        to: NodeIndex,
        starts: u64,
        exchange: ExchangeId,
        frame: RequestFrame,
    ) {
        self.note(from, to, frame.interaction.0 as u64);
        let contact = self.nodes[from].contact.clone();
        let now = self.local_now(to);
        let node = &mut self.nodes[to];
        let blocked = |kademlia: &Kademlia| kademlia.is_blocked(&contact.public_key(), now);
        // A blocked peer's connection is refused: it hears nothing.
        if node.kademlia.as_ref().is_none_or(blocked) {
            return;
        }
        let (adversary, number) = (node.adversary, node.number);
        let asked = (adversary != Adversary::Honest).then(|| frame.request.clone());
        let event = Event::Incoming {
            observed: contact.addresses().first().cloned(),
            from: contact,
            interaction: frame.interaction,
            token: Token(0),
            request: frame.request,
        };
        let Some(mut response) = self.step(to, event) else {
            return;
        };
        if let Some(request) = asked {
            response = adversary.corrupt(number, &self.gang, &request, response);
        }
        let bytes = lengths::response_bytes(&response) as u64;
        let delay = adversary.delay_ms() + self.wires.delay_ms(from, to);
        let answer = Occurrence::Answer {
            to: from,
            starts,
            exchange,
            response: Box::new(response),
        };
        self.carry(to, from, bytes, delay, answer);
    }

    /// Hands one event to a node, does what it says, and returns its reply if there was one.
    pub(super) fn step(&mut self, index: NodeIndex, event: Event) -> Option<Response> {
        let now = self.local_now(index);
        let node = &mut self.nodes[index];
        let actions = node.kademlia.as_mut()?.handle(now, event);
        let mut reply = None;
        for action in actions {
            self.perform(index, action, &mut reply);
        }
        self.set_alarm(index);
        reply
    }

    /// A node's alarm rang. What it was set for may have been settled since.
    pub(super) fn wake(&mut self, index: NodeIndex) {
        let now = self.local_now(index);
        let kademlia = self.nodes[index].kademlia.as_ref();
        if kademlia
            .and_then(Kademlia::poll_timeout)
            .is_some_and(|at| at <= now)
        {
            self.step(index, Event::Timer);
        } else {
            self.set_alarm(index);
        }
    }

    fn set_alarm(&mut self, index: NodeIndex) {
        let node = &mut self.nodes[index];
        let timeout = node.kademlia.as_ref().and_then(Kademlia::poll_timeout);
        if let Some(at) = timeout {
            let at = at.saturating_add_signed(-node.clock_ms).max(self.now + 1);
            if node.wake.is_none_or(|wake| at < wake) {
                node.wake = Some(at);
                self.queue.push(at, Occurrence::Wake(index));
            }
        }
    }

    /// What a node's own clock shows.
    fn local_now(&self, index: NodeIndex) -> u64 {
        self.now.saturating_add_signed(self.nodes[index].clock_ms)
    }

    fn perform(&mut self, index: NodeIndex, action: Action, reply: &mut Option<Response>) {
        let disk = &mut self.nodes[index].disk;
        match action {
            Action::Send {
                exchange,
                to,
                frame,
                ..
            } => self.send(index, exchange, &to, frame),
            Action::Reply { response, .. } => *reply = Some(response),
            Action::Finished { operation, outcome } => {
                self.ended.insert(operation, (self.now, outcome));
            }
            Action::Updated { operation, item } => self.updates.push((operation, item)),
            Action::StoreItem(record) => drop(disk.items.insert(record.item.key, record)),
            Action::RemoveItem(key) => drop(disk.items.remove(&key)),
            Action::SaveSeen(record) => drop(disk.seen.insert(record.key, record)),
            Action::ForgetSeen(key) => drop(disk.seen.remove(&key)),
            Action::SaveContact(contact) => {
                disk.contacts.insert(contact.public_key(), contact);
            }
            Action::ForgetContact(peer) => drop(disk.contacts.remove(&peer)),
            Action::Block(record) => drop(disk.blocks.insert(record.public_key, record)),
            Action::Unblock(peer) => drop(disk.blocks.remove(&peer)),
            Action::Emit(_) => {}
        }
    }

    fn send(&mut self, from: NodeIndex, exchange: ExchangeId, to: &Contact, frame: RequestFrame) {
        let kind = match &frame.request {
            Request::Ping => 0,
            Request::Store(_) => 1,
            Request::FindNode { .. } => 2,
            Request::FindValue(_) => 3,
            Request::Watch { .. } => 4,
        };
        self.traffic.requests[kind] += 1;
        let bytes = lengths::request_bytes(&frame.addresses, &frame.request) as u64;
        let Some(to) = self.index_of(to) else {
            // Nobody is there: the first datagram of a handshake is sent for nothing.
            self.traffic.wire_bytes += HANDSHAKE_BYTES / 4;
            return;
        };
        let (theirs, now) = (self.nodes[to].starts, self.now);
        let node = &mut self.nodes[from];
        let starts = node.starts;
        let mut delay = self.wires.delay_ms(from, to);
        if node.connections.used(now, to, theirs) {
            // The handshake takes a round trip before the request leaves.
            delay += 2 * delay;
            self.traffic.handshakes += 1;
            self.traffic.wire_bytes += HANDSHAKE_BYTES;
        }
        let request = Occurrence::Request {
            from,
            to,
            starts,
            exchange,
            frame: Box::new(frame),
        };
        self.carry(from, to, bytes, delay, request);
    }

    /// Puts a message on the wire, where it may get lost.
    fn carry(
        &mut self,
        from: NodeIndex,
        to: NodeIndex,
        bytes: u64,
        delay: u64,
        message: Occurrence,
    ) {
        self.traffic.messages += 1;
        self.traffic.bytes += bytes;
        self.traffic.wire_bytes += wire_bytes(bytes);
        if self.wires.loses(from, to, &mut self.rng) {
            self.traffic.lost += 1;
        } else {
            self.queue.push(self.now + delay, message);
        }
    }
}
