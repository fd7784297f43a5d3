//! The side that runs the node.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use node::error::NodeError;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use super::frames::{frame, greet, read};
use super::{ASKS_MAX, DOOR_VERSION, GUESTS_MAX, REPLY_BYTES_MAX, SAID_BYTES_MAX, Said, socket};
use crate::host::answers::perform;
use crate::host::data::Reply;
use crate::host::peer::Peer;

/// How long a guest may take to say which version it is.
const GREET_TIMEOUT: Duration = Duration::from_secs(5);
/// Frames of a guest that are read ahead.
const AHEAD: usize = 16;
/// How long to wait after no guest could be let in.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Lets other programs on the folder use the node, until it is dropped.
#[derive(Debug)]
pub struct Keeper {
    receiving: JoinHandle<()>,
    /// Whether guests have to look for another way. Set before the node is shut down, so that no
    /// guest is told that it was.
    closing: Arc<AtomicBool>,
    /// Removed before the folder's lock is released.
    _door: socket::Door,
}

impl Keeper {
    /// Opens the door of a folder whose lock this program holds.
    pub fn open(folder: &Path, peer: Peer) -> io::Result<Keeper> {
        let (mut listener, door) = socket::listen(folder)?;
        let closing = Arc::<AtomicBool>::default();
        let is_closing = closing.clone();
        let receiving = tokio::spawn(async move {
            let mut guests = JoinSet::new();
            loop {
                let stream = tokio::select! {
                    stream = listener.accept() => stream,
                    Some(_) = guests.join_next() => continue,
                };
                match stream {
                    Ok(stream) if guests.len() < GUESTS_MAX => {
                        guests.spawn(attend(stream, peer.clone(), is_closing.clone()));
                    }
                    Ok(_) => tracing::warn!("too many programs use this node"),
                    Err(error) => {
                        tracing::warn!(%error, "a program cannot be let in");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        });
        Ok(Keeper {
            receiving,
            closing,
            _door: door,
        })
    }

    /// Closes the door: what guests wait for is cancelled, and they look for another way.
    pub fn close(self) {}
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        self.receiving.abort();
    }
}

/// Serves one guest until it leaves, or has to look for another way.
pub(super) async fn attend(
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    is_closing: Arc<AtomicBool>,
) {
    let greeting = tokio::time::timeout(GREET_TIMEOUT, greet(&mut stream)).await;
    if greeting.ok().flatten() != Some(DOOR_VERSION) {
        return;
    }
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (ahead, mut said) = mpsc::channel(AHEAD);
    // Reading cannot be interrupted half-way; it ends with this guest.
    let mut reading = JoinSet::new();
    reading.spawn(async move {
        while let Some(next) = read::<Said>(&mut reader, SAID_BYTES_MAX).await {
            if ahead.send(next).await.is_err() {
                return;
            }
        }
    });
    let mut asks = JoinSet::new();
    let mut running: BTreeMap<u64, AbortHandle> = BTreeMap::new();
    loop {
        let (number, reply) = tokio::select! {
            next = said.recv() => match next {
                None => return,
                Some(Said::Cancel(number)) => {
                    if let Some(ask) = running.remove(&number) {
                        ask.abort();
                    }
                    continue;
                }
                Some(Said::Ask(number, _)) if running.len() >= ASKS_MAX => {
                    let message = format!("at most {ASKS_MAX} things can be asked for at once");
                    (number, Reply::error(":refused", message))
                }
                Some(Said::Ask(number, ask)) => {
                    let doing = perform(peer.clone(), ask);
                    let ask = asks.spawn(async move { (number, doing.await) });
                    running.insert(number, ask);
                    continue;
                }
            },
            Some(ended) = asks.join_next() => match ended {
                Ok((number, reply)) => {
                    running.remove(&number);
                    (number, reply)
                }
                Err(error) if error.is_cancelled() => continue,
                // The guest would wait for its reply for ever.
                Err(_) => return,
            },
        };
        if is_closing.load(Ordering::SeqCst) {
            return;
        }
        let framed = frame(&(number, reply), REPLY_BYTES_MAX).or_else(|size| {
            let (what, limit) = ("the reply", REPLY_BYTES_MAX);
            let reply = Reply::from(NodeError::TooBig { what, size, limit });
            frame(&(number, reply), REPLY_BYTES_MAX)
        });
        let Ok(framed) = framed else { return };
        if writer.write_all(&framed).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}
