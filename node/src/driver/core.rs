//! The loop that owns the DHT's state machine: everything that happens to it comes in through
//! one queue, and everything it wants done goes out from here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dht::wire::{RequestFrame, ResponseFrame};
use dht::{
    Action, Address, Command, Contact, Event, ExchangeId, InteractionId, Kademlia, OperationError,
    OperationId, Outcome, PublicKey, Request, SendError, Token, VerifiedItem,
};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::DHT_ALPN;
use super::dial::{may_be_early, say};
use super::pace::Pace;
use super::pool::Pool;
use super::writer::{Release, Writer};
use crate::clock::Clock;
use crate::error::DataError;
use crate::keys::Id;
use crate::store::{Change, Store};

/// Most happenings waiting for the state machine; whoever brings more waits.
const INPUTS_MAX: usize = 1024;
/// The same for requests of peers, which wait for everything else.
const REQUESTS_MAX: usize = 256;
/// Most requests of ours on their way at once; more wait their turn.
const SENDS_MAX: usize = 256;

/// How often it is saved which contacts were reached.
const SAVE_CONTACTS_MS: u64 = 60 * 60 * 1000;

/// Most versions of a watched item that wait for whoever watches; of more the oldest are skipped.
pub(crate) const VERSIONS_MAX: usize = 32;

/// Why an operation of the DHT did not end well.
#[derive(Debug, Clone)]
pub(crate) enum DhtFailure {
    /// The network said so.
    Operation(OperationError),
    /// Our own disk said so.
    Disk(DataError),
    /// The node was shut down.
    Closed,
}

type Reply = oneshot::Receiver<Result<Outcome, DhtFailure>>;
/// Each newer than the one before.
pub(crate) type Versions = VecDeque<VerifiedItem>;
type News = watch::Sender<Versions>;

/// A watch of a key; dropping it ends the watch.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The latest versions told, at most [`VERSIONS_MAX`].
    pub(crate) news: watch::Receiver<Versions>,
    /// How many nodes will tell us of newer ones.
    pub(crate) nodes: usize,
    _guard: CancelGuard,
}

/// What a peer asks.
struct Incoming {
    from: Contact,
    observed: Option<Address>,
    interaction: InteractionId,
    request: Request,
    reply: oneshot::Sender<ResponseFrame>,
    /// Where the peer pays for the time it takes.
    pace: Arc<Pace>,
}

enum Input {
    Event(Event),
    Command {
        operation: OperationId,
        command: Command,
        reply: oneshot::Sender<Result<Outcome, DhtFailure>>,
        /// Where news go, if it is a watch.
        news: Option<News>,
    },
    Look(Box<dyn FnOnce(&Kademlia) + Send>),
    Close,
}

/// A handle on the loop. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Core {
    inputs: mpsc::Sender<Input>,
    requests: mpsc::Sender<Incoming>,
    operations: Arc<AtomicU64>,
}

impl Core {
    /// Starts the loop. What the store holds is loaded first.
    pub(crate) fn start(
        kademlia: Kademlia,
        store: &Store,
        pool: Arc<Pool>,
        clock: Clock,
    ) -> Result<(Core, tokio::task::JoinHandle<()>), DataError> {
        let (inputs, receiver) = mpsc::channel(INPUTS_MAX);
        let (requests, asked) = mpsc::channel(REQUESTS_MAX);
        let core = Core {
            inputs,
            requests,
            operations: Arc::new(AtomicU64::new(1)),
        };
        let blocks = store.blocks()?;
        for block in &blocks {
            pool.blocks().add(block.public_key, block.until);
        }
        let saved = [
            Event::LoadBlocks(blocks),
            Event::LoadContacts(store.contacts()?),
            Event::LoadSeen(store.seen()?),
            Event::LoadItems(store.items()?),
        ];
        let (writer, writing) = Writer::start(store.clone());
        let began = clock.now();
        let run = Loop {
            kademlia,
            pool,
            clock,
            writer,
            core: core.clone(),
            replies: BTreeMap::new(),
            operations: BTreeMap::new(),
            watches: BTreeMap::new(),
            tokens: 0,
            contacts_saved_at: began,
            sends: Arc::new(Semaphore::new(SENDS_MAX)),
        };
        let task = tokio::spawn(async move {
            run.run(receiver, asked, saved).await;
            // The writer is dropped with the loop; what it was given is still written.
            let _ = writing.await;
        });
        Ok((core, task))
    }

    /// Runs a command of the DHT. Dropping the future cancels it.
    pub(crate) async fn run(&self, command: Command) -> Result<Outcome, DhtFailure> {
        let (mut guard, outcome) = self.begin(command, None).await?;
        let outcome = outcome.await.unwrap_or(Err(DhtFailure::Closed));
        guard.operation = None;
        outcome
    }

    /// Watches a key: the newest version there is, then each newer one.
    pub(crate) async fn watch(&self, key: Id) -> Result<Watch, DhtFailure> {
        let (sender, news) = watch::channel(Versions::new());
        let (guard, outcome) = self.begin(Command::Watch { key }, Some(sender)).await?;
        match outcome.await.unwrap_or(Err(DhtFailure::Closed))? {
            Outcome::Watching { nodes } => Ok(Watch {
                news,
                nodes,
                _guard: guard,
            }),
            _ => Err(DhtFailure::Closed),
        }
    }

    /// Begins a command; it is cancelled with the guard.
    async fn begin(
        &self,
        command: Command,
        news: Option<News>,
    ) -> Result<(CancelGuard, Reply), DhtFailure> {
        let operation = OperationId(self.operations.fetch_add(1, Ordering::Relaxed));
        let (reply, outcome) = oneshot::channel();
        let guard = CancelGuard {
            core: self.clone(),
            operation: Some(operation),
        };
        let input = Input::Command {
            operation,
            command,
            reply,
            news,
        };
        self.inputs
            .send(input)
            .await
            .map_err(|_| DhtFailure::Closed)?;
        Ok((guard, outcome))
    }

    /// Passes a peer's request in and waits for the answer.
    pub(crate) async fn incoming(
        &self,
        from: Contact,
        observed: Option<Address>,
        frame: RequestFrame,
        pace: &Arc<Pace>,
    ) -> Option<ResponseFrame> {
        let (reply, answer) = oneshot::channel();
        let RequestFrame {
            interaction,
            request,
            ..
        } = frame;
        let incoming = Incoming {
            from,
            observed,
            interaction,
            request,
            reply,
            pace: pace.clone(),
        };
        self.requests.send(incoming).await.ok()?;
        answer.await.ok()
    }

    /// Tells the state machine something that needs no answer.
    pub(crate) async fn tell(&self, event: Event) {
        let _ = self.inputs.send(Input::Event(event)).await;
    }

    /// Looks into the state machine.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Kademlia) -> T + Send + 'static,
    ) -> Result<T, DhtFailure> {
        let (sender, seen) = oneshot::channel();
        let look = Box::new(move |kademlia: &Kademlia| drop(sender.send(look(kademlia))));
        self.inputs
            .send(Input::Look(look))
            .await
            .map_err(|_| DhtFailure::Closed)?;
        seen.await.map_err(|_| DhtFailure::Closed)
    }

    /// Ends the loop soon, without waiting for it.
    pub(crate) fn close_soon(&self) {
        let _ = self.inputs.try_send(Input::Close);
    }

    /// Ends the loop after what is already waiting.
    pub(crate) async fn close(&self) {
        let _ = self.inputs.send(Input::Close).await;
    }
}

#[derive(Debug)]
struct CancelGuard {
    core: Core,
    operation: Option<OperationId>,
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        let Some(operation) = self.operation else {
            return;
        };
        let cancel = Input::Event(Event::Cancel { operation });
        // The queue is full: whoever drops cannot wait, so somebody else does.
        if let Err(mpsc::error::TrySendError::Full(cancel)) = self.core.inputs.try_send(cancel)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let inputs = self.core.inputs.clone();
            runtime.spawn(async move { inputs.send(cancel).await });
        }
    }
}

struct Loop {
    kademlia: Kademlia,
    pool: Arc<Pool>,
    clock: Clock,
    writer: Writer,
    core: Core,
    replies: BTreeMap<Token, oneshot::Sender<ResponseFrame>>,
    operations: BTreeMap<OperationId, oneshot::Sender<Result<Outcome, DhtFailure>>>,
    /// Who is told of newer versions.
    watches: BTreeMap<OperationId, News>,
    tokens: u64,
    /// When it was last saved which contacts were reached.
    contacts_saved_at: u64,
    sends: Arc<Semaphore>,
}

impl Loop {
    async fn run(
        mut self,
        mut inputs: mpsc::Receiver<Input>,
        mut requests: mpsc::Receiver<Incoming>,
        saved: [Event; 4],
    ) {
        for event in saved {
            self.handle(event).await;
        }
        loop {
            // Perhaps too early, which is harmless.
            let timeout = self.kademlia.poll_timeout().unwrap_or(u64::MAX);
            let timer = sleep_until(self.clock.instant(timeout).into());
            // What is due and what we do ourselves comes before what others ask of us.
            tokio::select! {
                biased;
                () = timer => self.handle(Event::Timer).await,
                input = inputs.recv() => match input {
                    Some(Input::Close) | None => break,
                    Some(input) => {
                        if let Some(event) = self.take(input) {
                            self.handle(event).await;
                        }
                    }
                },
                Some(incoming) = requests.recv() => {
                    let (peer, pace) = (incoming.from.public_key(), incoming.pace.clone());
                    let asked = self.asked(incoming);
                    let began = Instant::now();
                    let actions = self.kademlia.handle(self.clock.now(), asked);
                    pace.charge(&peer, began.elapsed());
                    self.perform(actions).await;
                }
            }
            if self.clock.now() >= self.contacts_saved_at + SAVE_CONTACTS_MS {
                self.save_contacts().await;
            }
        }
        self.save_contacts().await;
    }

    /// Saves which contacts were reached since that was last saved, and when: a later run tries those first.
    async fn save_contacts(&mut self) {
        let since = std::mem::replace(&mut self.contacts_saved_at, self.clock.now());
        let buckets = self.kademlia.table().into_iter();
        let known = buckets.flat_map(|bucket| bucket.contacts);
        let reached = known.filter(|known| known.is_live && known.last_contact >= since);
        let save = reached.map(|known| Change::SaveContact(known.contact, known.last_contact));
        self.writer.write(save.collect(), Vec::new()).await;
    }

    fn take(&mut self, input: Input) -> Option<Event> {
        match input {
            Input::Event(Event::Cancel { operation }) => {
                self.operations.remove(&operation);
                self.watches.remove(&operation);
                Some(Event::Cancel { operation })
            }
            Input::Event(event) => Some(event),
            Input::Command {
                operation,
                command,
                reply,
                news,
            } => {
                self.operations.insert(operation, reply);
                self.watches.extend(news.map(|news| (operation, news)));
                Some(Event::Command { operation, command })
            }
            Input::Look(look) => {
                look(&self.kademlia);
                None
            }
            Input::Close => None,
        }
    }

    fn asked(&mut self, incoming: Incoming) -> Event {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.replies.insert(token, incoming.reply);
        Event::Incoming {
            from: incoming.from,
            observed: incoming.observed,
            interaction: incoming.interaction,
            token,
            request: incoming.request,
        }
    }

    async fn handle(&mut self, event: Event) {
        let actions = self.kademlia.handle(self.clock.now(), event);
        self.perform(actions).await;
    }

    async fn perform(&mut self, actions: Vec<Action>) {
        let mut changes = Vec::new();
        let mut releases = Vec::new();
        // Nobody waits for these.
        let mut later = Vec::new();
        for action in actions {
            match action {
                Action::Send {
                    exchange,
                    to,
                    frame,
                    deadline,
                } => {
                    self.send(exchange, to, frame, deadline);
                }
                Action::Reply {
                    token,
                    interaction,
                    response,
                } => {
                    if let Some(reply) = self.replies.remove(&token) {
                        let frame = ResponseFrame {
                            interaction,
                            response,
                        };
                        releases.push(Release::Reply(reply, frame));
                    }
                }
                Action::Finished { operation, outcome } => {
                    if let Some(reply) = self.operations.remove(&operation) {
                        releases.push(Release::Finished(reply, outcome));
                    }
                }
                Action::Updated { operation, item } => {
                    if let Some(news) = self.watches.get(&operation) {
                        news.send_modify(|versions| {
                            versions.push_back(item);
                            let skipped = versions.len().saturating_sub(VERSIONS_MAX);
                            versions.drain(..skipped);
                        });
                    }
                }
                Action::StoreItem(record) => changes.push(Change::StoreItem(record)),
                Action::RemoveItem(key) => changes.push(Change::RemoveItem(key)),
                Action::SaveSeen(seen) => later.push(Change::SaveSeen(seen)),
                Action::ForgetSeen(key) => later.push(Change::ForgetSeen(key)),
                Action::SaveContact(contact) => {
                    changes.push(Change::SaveContact(contact, self.clock.now()));
                }
                Action::ForgetContact(key) => changes.push(Change::ForgetContact(key)),
                Action::Block(block) => {
                    self.pool.blocks().add(block.public_key, block.until);
                    self.pool.close_peer(&block.public_key);
                    changes.push(Change::Block(block));
                }
                Action::Unblock(key) => {
                    self.pool.blocks().remove(&key);
                    changes.push(Change::Unblock(key));
                }
                Action::Emit(notice) => tracing::debug!(?notice, "dht"),
            }
        }
        self.writer.write(changes, releases).await;
        self.writer.write(later, Vec::new()).await;
    }

    fn send(&self, exchange: ExchangeId, to: Contact, frame: RequestFrame, deadline: u64) {
        let pool = self.pool.clone();
        let core = self.core.clone();
        let sends = self.sends.clone();
        let deadline = Instant::now() + self.clock.left(deadline);
        tokio::spawn(async move {
            let exchanged = tokio::time::timeout_at(deadline, async {
                let _turn = sends.acquire().await;
                ask(&pool, &to, &frame).await
            });
            let event = match exchanged.await {
                Ok(Ok((frame, reached))) => Event::AnsweredFrom {
                    exchange,
                    address: reached,
                    response: frame.response,
                },
                Ok(Err(reason)) => Event::Failed { exchange, reason },
                Err(_) => {
                    pool.forget(&to.public_key(), DHT_ALPN);
                    Event::Failed {
                        exchange,
                        reason: SendError::TimedOut,
                    }
                }
            };
            core.tell(event).await;
        });
    }
}

/// One request and its answer, on a stream of their own, and where the peer was reached, if we dialled it.
pub(crate) async fn ask(
    pool: &Pool,
    to: &Contact,
    frame: &RequestFrame,
) -> Result<(ResponseFrame, Option<Address>), SendError> {
    let bytes = frame.encode();
    let early = may_be_early(&frame.request).then_some(&bytes[..]);
    let (connected, said) = pool.begin(to, DHT_ALPN, early).await?;
    let mut receive = match said {
        Some(receive) => receive,
        None => say(&connected.connection, &bytes, pool.counters())
            .await
            .ok_or(SendError::Unreachable)?,
    };
    let bytes = match receive.read_to_end(dht::wire::FRAME_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(iroh::endpoint::ReadToEndError::TooLong) => {
            return Err(SendError::BadAnswer(dht::wire::WireError::TooBig));
        }
        Err(_) => return Err(SendError::Unreachable),
    };
    pool.counters().bytes_in.add(bytes.len());
    let answer = ResponseFrame::decode(&bytes).map_err(SendError::BadAnswer)?;
    if answer.interaction != frame.interaction {
        return Err(SendError::BadAnswer(dht::wire::WireError::Malformed));
    }
    Ok((answer, connected.reached()))
}

impl Core {
    /// Convicts a peer of a wrong answer to a job.
    pub(crate) async fn block(&self, public_key: PublicKey) {
        let reason = dht::BlockReason::WrongAnswer;
        self.tell(Event::Block { public_key, reason }).await;
    }
}
