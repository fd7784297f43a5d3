//! The way from a program to a node: its own if it is the first on the data folder, else that of
//! the program that is, through the [`door`](super::door). Opened when a program first asks for
//! something; when the other program ends, one of those left takes its place.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use node::error::{DataError, NO_PEERS, NodeError};
use node::service::Config;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Mutex;

use super::answers::perform;
use super::asks::NodeAsk;
use super::data::Reply;
use super::door::{ConnectFailure, Guest, Keeper, connect};
use super::peer::{Peer, PracticeSettings};

/// How long a folder may belong to somebody who does not answer: it is only just starting, or
/// still leaving.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long whoever never takes over waits for somebody to answer.
const ATTACH_TIMEOUT: Duration = Duration::from_secs(2);
/// Between two tries.
const CHANGE_PAUSE: Duration = Duration::from_millis(20);
/// How often a question is asked again because who was asked ended.
const TRIES_MAX: usize = 5;

/// The part of the data folder for libraries from the network.
const LIBRARIES: &str = "libraries";

/// How to take part in the network.
#[derive(Debug, Clone)]
pub struct NetworkSettings {
    /// The node's settings, without its folder.
    pub config: Config,
    /// The data folder, or why there is none.
    pub folder: Result<PathBuf, String>,
    /// The practice network to be in instead of the real one.
    pub practice: Option<PracticeSettings>,
    /// Whether to use only a node that another program runs.
    pub is_attached: bool,
}

/// Whether the node that is to be used answers; if not, what to say.
pub fn is_reachable(settings: &NetworkSettings) -> io::Result<Result<(), String>> {
    let network = Network::new(settings.clone());
    let reply = Runtime::new()?.block_on(async {
        let reply = network.clone().perform(NodeAsk::Info).await;
        network.close().await;
        reply
    });
    Ok(match reply {
        Reply::Value(_) => Ok(()),
        Reply::Error { message, .. } => Err(message),
    })
}

/// See the module's description. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: NetworkSettings,
    line: Mutex<Option<Line>>,
}

/// Who does what is asked.
#[derive(Debug)]
enum Line {
    /// This program; the keeper lets others in, where the node has a folder.
    Own(Peer, Option<Keeper>),
    /// Another one.
    Guest(Guest),
}

/// What a question needs of a line.
enum Way {
    Own(Peer),
    Guest(Guest),
}

impl Network {
    /// Opens nothing yet.
    pub fn new(settings: NetworkSettings) -> Network {
        let line = Mutex::new(None);
        Network {
            inner: Arc::new(Inner { settings, line }),
        }
    }

    /// Where the text of a library from the network is kept, in a folder that is there; a practice network keeps nothing.
    pub fn library_file(&self, hash: &str) -> Option<PathBuf> {
        let settings = &self.inner.settings;
        let data = settings.folder.as_ref().ok();
        let folder = data
            .filter(|_| settings.practice.is_none())?
            .join(LIBRARIES);
        std::fs::create_dir_all(&folder).ok()?;
        Some(folder.join(format!("{hash}.logos")))
    }

    /// Does it, wherever the node is. Dropping the future cancels it.
    pub async fn perform(self, ask: NodeAsk) -> Reply {
        for _ in 0..TRIES_MAX {
            let guest = match self.way(&ask).await {
                Ok(Way::Own(peer)) => return self.explained(perform(peer, ask).await),
                Ok(Way::Guest(guest)) => guest,
                Err(reply) => return reply,
            };
            // Everything that can be asked may be asked twice.
            if let Some(reply) = guest.ask(ask.clone()).await {
                return reply;
            }
        }
        let message = "the program that runs the node of this data folder ends again and again";
        Reply::error(":unreachable", message)
    }

    /// Whoever gave a ticket knows somebody.
    fn explained(&self, reply: Reply) -> Reply {
        match reply {
            Reply::Error { kind, message, .. }
                if message == NO_PEERS && !self.inner.settings.config.join.is_empty() =>
            {
                Reply::Error {
                    kind,
                    message: "whom `--join` names does not answer, and no other peers are known"
                        .into(),
                    payload: None,
                }
            }
            reply => reply,
        }
    }

    /// The way to the node, opened now if this is the first that is asked of it, or if who was
    /// asked until now has ended.
    async fn way(&self, ask: &NodeAsk) -> Result<Way, Reply> {
        let mut line = self.inner.line.lock().await;
        let settings = &self.inner.settings;
        match &*line {
            Some(Line::Own(peer, _)) => return Ok(Way::Own(peer.clone())),
            Some(Line::Guest(guest)) if !guest.is_gone() && !matches!(ask, NodeAsk::Swarm(_)) => {
                return Ok(Way::Guest(guest.clone()));
            }
            _ => {}
        }
        // A practice network is this program's own, and needs no folder.
        let is_practice = settings.practice.is_some() || matches!(ask, NodeAsk::Swarm(_));
        let opened = if is_practice {
            Line::Own(settings.open(None).await?, None)
        } else {
            self.open().await?
        };
        Ok(match line.insert(opened) {
            Line::Own(peer, _) => Way::Own(peer.clone()),
            Line::Guest(guest) => Way::Guest(guest.clone()),
        })
    }

    /// Takes the folder, or asks who has it.
    async fn open(&self) -> Result<Line, Reply> {
        let settings = &self.inner.settings;
        let folder = settings.folder.clone();
        let folder = folder.map_err(|message| Reply::error(":file", message))?;
        let patience = match settings.is_attached {
            true => ATTACH_TIMEOUT,
            false => CHANGE_TIMEOUT,
        };
        let deadline = Instant::now() + patience;
        loop {
            if !settings.is_attached {
                match settings.open(Some(&folder)).await {
                    Ok(peer) => {
                        let keeper = Keeper::open(&folder, peer.clone());
                        let keeper = keeper
                            .inspect_err(|error| tracing::warn!(%error, "nobody else can use it"));
                        return Ok(Line::Own(peer, keeper.ok()));
                    }
                    Err(NodeError::Data(DataError::Locked(_))) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match connect(&folder).await {
                Ok(guest) => {
                    self.settle(&guest).await;
                    return Ok(Line::Guest(guest));
                }
                Err(ConnectFailure::Version) => {
                    let message = "another version of this program runs the node of this data \
                                   folder";
                    return Err(Reply::error(":refused", message));
                }
                Err(ConnectFailure::Nobody) if Instant::now() < deadline => {
                    tokio::time::sleep(CHANGE_PAUSE).await;
                }
                Err(ConnectFailure::Nobody) if settings.is_attached => {
                    let message = format!("no node runs on {}", folder.display());
                    return Err(Reply::error(":unreachable", message));
                }
                Err(ConnectFailure::Nobody) => {
                    return Err(NodeError::Data(DataError::Locked(folder)).into());
                }
            }
        }
    }

    /// Makes the other program's node meet whom this one was told of, and sees to it that
    /// somebody takes over when that program ends.
    async fn settle(&self, guest: &Guest) {
        let config = &self.inner.settings.config;
        if !config.join.is_empty() {
            let tickets = config.join.iter().map(ToString::to_string).collect();
            // Whoever cannot be reached is missed by what is asked later.
            let _ = guest.ask(NodeAsk::Join(tickets)).await;
        }
        if self.inner.settings.is_attached {
            return;
        }
        let (inner, guest) = (Arc::downgrade(&self.inner), guest.clone());
        tokio::spawn(take_over(inner, guest));
    }

    /// Leaves the network.
    pub async fn close(&self) {
        let line = self.inner.line.lock().await.take();
        if let Some(Line::Own(peer, keeper)) = line {
            // Who else uses it looks for another way while we leave.
            if let Some(keeper) = keeper {
                keeper.close();
            }
            peer.service.close().await;
        }
    }
}

/// Boxed, since taking over may end in waiting for the next one to end.
fn take_over(inner: Weak<Inner>, guest: Guest) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        guest.gone().await;
        drop(guest);
        if let Some(inner) = inner.upgrade() {
            // What goes wrong now is told to who asks next.
            let _ = Network { inner }.way(&NodeAsk::Info).await;
        }
    })
}

impl NetworkSettings {
    async fn open(&self, folder: Option<&Path>) -> Result<Peer, NodeError> {
        let config = Config {
            data: folder.map(Path::to_owned),
            ..self.config.clone()
        };
        let (practice, runtime) = (self.practice, Handle::current());
        let opening = move || Peer::open(config, practice, runtime);
        let opened = tokio::task::spawn_blocking(opening).await;
        opened.unwrap_or(Err(NodeError::Closed))
    }
}
