//! Real processes that are killed while others write and read, and come back on their data.
//!
//! Owners put items with acknowledged puts, readers read them, and meanwhile nodes are killed as a
//! crash would, half of them by default, then started again on their folders. Afterwards nothing
//! that was acknowledged may be lost, and no fresh get may ever have returned less than what was
//! acknowledged before it began. Who is killed, written and read follows from the seed; how the
//! processes of this machine take turns does not, so a failure need not come back with its seed.

mod board;
mod report;

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::{Folder, Host, Node, resident_bytes};
use board::Board;
pub use board::Kind;
pub use report::{Report, Row};

/// Between two looks at how far the others are.
const PAUSE: Duration = Duration::from_millis(10);
/// Whoever brings nothing to an end for so long hangs.
const PATIENCE: Duration = Duration::from_secs(180);
/// Of how many nodes a client is told.
const TICKETS: usize = 3;

/// How large the scenario is, and where it takes place.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whom the dice favour.
    pub seed: u64,
    /// Nodes that serve.
    pub nodes: usize,
    /// Programs that put items.
    pub owners: usize,
    /// Programs that read them.
    pub readers: usize,
    /// Items, shared out among the owners.
    pub items: usize,
    /// Nodes killed.
    pub kills: usize,
    /// How many nodes must have stored an item before it counts as put.
    pub require: usize,
    /// Where nodes and clients run, one after the other.
    pub hosts: Vec<Host>,
    /// A shell command that cuts a link, and the one that heals it.
    pub cut: Option<(String, String)>,
}

impl Default for Options {
    /// What fits into a test.
    fn default() -> Options {
        Options {
            seed: 1,
            nodes: 12,
            owners: 3,
            readers: 2,
            items: 60,
            kills: 6,
            require: 6,
            hosts: vec![Host::default()],
            cut: None,
        }
    }
}

/// What goes on besides writing and reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing.
    Calm,
    /// Nodes are killed, one after the other.
    Killing,
    /// They are started again.
    Restarting,
    /// A link is down.
    Cut,
    /// It is up again.
    Healed,
    /// Everything is read for the last time.
    Checking,
}

/// Runs the scenario.
pub fn run(options: &Options) -> Report {
    let began = Instant::now();
    let mut dice = Dice(options.seed);
    let mut network = Network::start(options, &mut dice);
    let mut owners: Vec<Client> = (0..options.owners)
        .map(|number| network.client(number, &mut dice))
        .collect();
    let mut readers: Vec<Client> = (0..options.readers)
        .map(|number| network.client(options.owners + number, &mut dice))
        .collect();
    let keys = owners.iter().map(|owner| owner.key.clone()).collect();
    let board = Board::new(options.items, options.require, keys);
    thread::scope(|scope| {
        let _stop = board.stop_at_end();
        for (number, reader) in readers.iter_mut().enumerate() {
            let (board, mut dice) = (&board, dice.split(number));
            scope.spawn(move || read_on(board, (number, reader), &mut dice));
        }
        network.live_through(&board, &mut owners, &mut dice);
    });
    board.enter(Phase::Checking);
    readers.push(network.client(0, &mut dice));
    check_all(&board, &mut readers);
    let resident = network.resident_bytes();
    board.report(options, resident, began.elapsed())
}

struct Network<'a> {
    options: &'a Options,
    folders: Vec<Folder>,
    nodes: Vec<Option<Node>>,
}

impl<'a> Network<'a> {
    fn start(options: &'a Options, dice: &mut Dice) -> Network<'a> {
        let mut network = Network {
            options,
            folders: Vec::new(),
            nodes: Vec::new(),
        };
        for number in 0..options.nodes {
            let folder = Folder::new();
            let join = match number {
                0 => Vec::new(),
                _ => vec![network.any_ticket(dice)],
            };
            let node = Node::start_on(network.host(number), &folder, &join);
            network.nodes.push(Some(node));
            network.folders.push(folder);
        }
        network
    }

    fn host(&self, number: usize) -> &'a Host {
        &self.options.hosts[number % self.options.hosts.len()]
    }

    /// The ticket of somebody who can be reached.
    fn any_ticket(&self, dice: &mut Dice) -> &str {
        let running = self.nodes.iter().enumerate();
        let reachable = running.filter(|(number, _)| !self.host(*number).is_hidden);
        let reachable: Vec<&Node> = reachable.filter_map(|(_, node)| node.as_ref()).collect();
        &reachable[dice.below(reachable.len())].ticket
    }

    /// Somebody who joins through some of the nodes.
    fn client(&self, number: usize, dice: &mut Dice) -> Client {
        let join: Vec<&str> = (0..TICKETS).map(|_| self.any_ticket(dice)).collect();
        Client::start(self.host(number), &join)
    }

    /// All phases, one after the other. The first half of the items is written while all is well,
    /// the second while nodes are killed; later phases write them again.
    fn live_through(&mut self, board: &Board, owners: &mut [Client], dice: &mut Dice) {
        let items = self.options.items;
        write_during(board, owners, Phase::Calm, 0..items / 2, dice, |_| {});
        let mut doomed: Vec<usize> = (0..self.options.nodes).collect();
        dice.shuffle(&mut doomed);
        doomed.truncate(self.options.kills);
        let all = items - items / 2;
        write_during(
            board,
            owners,
            Phase::Killing,
            items / 2..items,
            dice,
            |progress| {
                for (number, &node) in doomed.iter().enumerate() {
                    progress.wait_for((number + 1) * all / (doomed.len() + 1));
                    self.nodes[node].take().expect("killed once").kill();
                }
            },
        );
        write_during(board, owners, Phase::Restarting, 0..items / 4, dice, |_| {
            for &node in &doomed {
                let again = Node::start_on(self.host(node), &self.folders[node], &[]);
                self.nodes[node] = Some(again);
            }
        });
        if let Some((cut, heal)) = &self.options.cut {
            shell(cut);
            write_during(
                board,
                owners,
                Phase::Cut,
                items / 4..items / 2,
                dice,
                |_| {},
            );
            shell(heal);
            write_during(board, owners, Phase::Healed, 0..items / 4, dice, |_| {});
        }
    }

    /// Of each node that runs.
    fn resident_bytes(&self) -> Vec<u64> {
        let nodes = self.nodes.iter().flatten();
        let bytes = nodes.filter_map(|node| resident_bytes(node.process()));
        bytes.collect()
    }
}

fn shell(command: &str) {
    let status = Command::new("sh").args(["-c", command]).status();
    assert!(status.expect("sh runs").success(), "{command}");
}

/// How far a phase is.
struct Progress<'a> {
    board: &'a Board,
    before: usize,
}

impl Progress<'_> {
    /// Returns when so many puts of this phase have ended, well or not.
    fn wait_for(&self, puts: usize) {
        let (mut last, mut changed) = (0, Instant::now());
        loop {
            let now = self.board.ended_puts() - self.before;
            if now >= puts {
                return;
            }
            if now > last {
                (last, changed) = (now, Instant::now());
            }
            assert!(!self.board.is_stopped(), "a client failed");
            assert!(changed.elapsed() < PATIENCE, "no put has ended for long");
            thread::sleep(PAUSE);
        }
    }
}

/// Has the owners write these items, and go on with them until the faults of this phase are over.
fn write_during(
    board: &Board,
    owners: &mut [Client],
    phase: Phase,
    items: std::ops::Range<usize>,
    dice: &mut Dice,
    faults: impl FnOnce(Progress<'_>),
) {
    board.enter(phase);
    let before = board.ended_puts();
    let count = owners.len();
    thread::scope(|scope| {
        let _ended = board.end_faults_at_end();
        for (number, owner) in owners.iter_mut().enumerate() {
            let own: Vec<usize> = items
                .clone()
                .filter(|item| item % count == number)
                .collect();
            let mut dice = dice.split(number);
            scope.spawn(move || {
                let _stop = board.stop_on_panic();
                own.iter().for_each(|&item| put(board, owner, item));
                while board.has_faults() && !own.is_empty() {
                    put(board, owner, own[dice.below(own.len())]);
                }
            });
        }
        faults(Progress { board, before });
    });
}

fn put(board: &Board, owner: &mut Client, item: usize) {
    let version = board.issue(item);
    let answer = owner.put(&board::name(item), version, board.require());
    board.ended_put(item, version, &answer);
}

/// Reads whatever was acknowledged, fresh and plainly in turn, until all others have ended.
fn read_on(board: &Board, (number, reader): (usize, &mut Client), dice: &mut Dice) {
    let _stop = board.stop_on_panic();
    let mut seen = BTreeMap::new();
    while !board.is_stopped() {
        for kind in [Kind::Fresh, Kind::Plain] {
            let Some((item, acknowledged)) = board.any_acknowledged(dice) else {
                thread::sleep(PAUSE);
                continue;
            };
            let answer = reader.get(
                &board::name(item),
                board.owner_of(item),
                kind == Kind::Fresh,
            );
            // A plain get may miss the newest, but not what the same reader saw before.
            let floor = match kind {
                Kind::Fresh => acknowledged,
                _ => seen.get(&item).copied().unwrap_or(0),
            };
            if let Some(version) = board.ended_get((kind, number), item, floor, &answer) {
                seen.insert(item, version);
            }
        }
    }
}

/// Reads every acknowledged item once more.
fn check_all(board: &Board, readers: &mut [Client]) {
    let acknowledged = board.acknowledged();
    let count = readers.len();
    thread::scope(|scope| {
        for (number, reader) in readers.iter_mut().enumerate() {
            let own = acknowledged.iter().skip(number).step_by(count);
            scope.spawn(move || {
                for &(item, floor) in own {
                    let (name, owner) = (board::name(item), board.owner_of(item));
                    let deadline = Instant::now() + PATIENCE;
                    loop {
                        let answer = reader.get(&name, owner, true);
                        let read = board.ended_get((Kind::Fresh, number), item, floor, &answer);
                        // Whoever got an answer has been judged; who got none asks again.
                        if read.is_some() || board::is_missing(&answer) {
                            break;
                        }
                        assert!(Instant::now() < deadline, "{name} cannot be read");
                    }
                }
            });
        }
    });
}

/// Random numbers that follow from a seed (SplitMix64).
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Dice of one's own.
    fn split(&mut self, number: usize) -> Dice {
        Dice(self.next() ^ number as u64)
    }

    fn shuffle<T>(&mut self, things: &mut [T]) {
        for place in (1..things.len()).rev() {
            things.swap(place, self.below(place + 1));
        }
    }
}
