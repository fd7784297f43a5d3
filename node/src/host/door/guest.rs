//! The side that asks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use node::error::NodeError;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot, watch};

use super::frames::{frame, greet, read};
use super::{DOOR_VERSION, REPLY_BYTES_MAX, SAID_BYTES_MAX, Said, socket};
use crate::host::asks::NodeAsk;
use crate::host::data::Reply;

/// How long a keeper may take to say which version it is.
const GREET_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFailure {
    /// Nobody answers.
    Nobody,
    /// Who answers is another version.
    Version,
}

/// A connection to the program that runs the node. Cheap to clone; ends with its last clone.
#[derive(Debug, Clone)]
pub struct Guest {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Frames to be written.
    frames: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<Mutex<Waiting>>,
    gone: watch::Receiver<bool>,
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    is_gone: bool,
    replies: BTreeMap<u64, oneshot::Sender<Reply>>,
}

/// Connects to the program that runs the node of this folder.
pub async fn connect(folder: &Path) -> Result<Guest, ConnectFailure> {
    let nobody = |_| ConnectFailure::Nobody;
    Guest::meet(socket::connect(folder).await.map_err(nobody)?).await
}

impl Guest {
    /// Agrees on a version with who is at the other end.
    pub(super) async fn meet(
        mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Guest, ConnectFailure> {
        let greeting = tokio::time::timeout(GREET_TIMEOUT, greet(&mut stream)).await;
        match greeting.ok().flatten() {
            Some(DOOR_VERSION) => Ok(Guest::start(stream)),
            Some(_) => Err(ConnectFailure::Version),
            None => Err(ConnectFailure::Nobody),
        }
    }

    fn start(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Guest {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let (frames, mut written) = mpsc::unbounded_channel::<Vec<u8>>();
        let (tell_gone, gone) = watch::channel(false);
        let waiting = Arc::<Mutex<Waiting>>::default();
        let answered = waiting.clone();
        let reading = async move {
            while let Some((number, reply)) = read(&mut reader, REPLY_BYTES_MAX).await {
                let asked = locked(&answered).replies.remove(&number);
                // Nobody waits for what was cancelled meanwhile.
                if let Some(asked) = asked {
                    let _ = asked.send(reply);
                }
            }
        };
        let writing = async move {
            while let Some(frame) = written.recv().await {
                if writer.write_all(&frame).await.is_err() || writer.flush().await.is_err() {
                    return;
                }
            }
        };
        let ended = waiting.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = reading => {}
                () = writing => {}
            }
            let mut ended = locked(&ended);
            ended.is_gone = true;
            ended.replies.clear();
            drop(ended);
            let _ = tell_gone.send(true);
        });
        Guest {
            inner: Arc::new(Inner {
                frames,
                waiting,
                gone,
            }),
        }
    }

    /// Asks; `None` when the program that was asked has ended. Dropping the future cancels.
    pub async fn ask(&self, ask: NodeAsk) -> Option<Reply> {
        let (sender, reply) = oneshot::channel();
        let number = {
            let mut waiting = self.waiting();
            waiting.last += 1;
            waiting.last
        };
        let framed = match frame(&Said::Ask(number, ask), SAID_BYTES_MAX) {
            Ok(framed) => framed,
            Err(size) => {
                let (what, limit) = ("what is asked of the node", SAID_BYTES_MAX);
                return Some(NodeError::TooBig { what, size, limit }.into());
            }
        };
        {
            let mut waiting = self.waiting();
            if waiting.is_gone {
                return None;
            }
            waiting.replies.insert(number, sender);
        }
        let asked = Asked {
            guest: self,
            number,
        };
        self.inner.frames.send(framed).ok()?;
        let reply = reply.await.ok();
        drop(asked);
        reply
    }

    /// Whether the program that is asked has ended.
    pub fn is_gone(&self) -> bool {
        self.waiting().is_gone
    }

    /// Waits until it has.
    pub async fn gone(&self) {
        let mut gone = self.inner.gone.clone();
        // Its other end lives as long as the connection.
        let _ = gone.wait_for(|gone| *gone).await;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        locked(&self.inner.waiting)
    }
}

/// A question; dropped before it is answered, it is cancelled.
struct Asked<'a> {
    guest: &'a Guest,
    number: u64,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let unanswered = self.guest.waiting().replies.remove(&self.number).is_some();
        let cancel = frame(&Said::Cancel(self.number), SAID_BYTES_MAX);
        if let (true, Ok(cancel)) = (unanswered, cancel) {
            let _ = self.guest.inner.frames.send(cancel);
        }
    }
}

fn locked(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
