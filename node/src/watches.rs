//! The items that programs of this node watch: one watch of the network for each key, however many
//! ask, kept for a moment between two questions. Those who hold the item tell us of news: by dialling us, or,
//! where nobody can, over the connections that we opened. Those are kept open, and looked at now and then, since
//! whoever was to tell us may be gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dht::{Event, VerifiedItem, Version};
use tokio::sync::{Mutex as AsyncMutex, Notify, OnceCell, watch};

use crate::driver::{Core, Versions, Watch};
use crate::error::NodeError;
use crate::keys::Id;
use crate::node::Node;
use crate::service::{Read, Service, Target, Whole};

/// Most items watched at once.
const WATCHED_MAX: usize = 64;
/// How long a watch goes on that nobody asks about.
const LINGER: Duration = Duration::from_secs(30);
/// How often it is looked whether anybody still asks and, while nobody is there to tell us, for news.
const LOOK_PAUSE: Duration = Duration::from_millis(700);
/// How often a watch is set anew where nobody can dial us: often enough to keep the connections open.
const RENEW_PAUSE: Duration = Duration::from_secs(10);

/// The watches of a node.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    keys: AsyncMutex<BTreeMap<Id, Arc<Watched>>>,
    /// Told when a connection that we opened has ended.
    pub(crate) lost: Arc<Notify>,
}

/// One watch; empty while it is being set.
#[derive(Debug, Default)]
struct Watched {
    watch: OnceCell<Watch>,
}

/// A version of a watched item.
#[derive(Debug, Clone)]
pub struct News {
    /// Which it is: to be told the next one, name it.
    pub version: Version,
    /// The item, without its value if that cannot be read.
    pub found: Whole,
    /// Why it cannot.
    pub unreadable: Option<NodeError>,
}

impl Service {
    /// Watches an item, telling the version after which all are news: the current one, or `None` if there is none.
    /// Whatever was made since it was `asked` for, milliseconds since 1970, is news, though it came before this was
    /// done: also what was there already, if it says that it was made in that millisecond or later. Better it is told
    /// once too often than lost.
    pub async fn watch(&self, target: &Target, asked: u64) -> Result<Option<Version>, NodeError> {
        let watched = self.watched(target).await?;
        let news = watched.news()?;
        let current = news.borrow().back().map(VerifiedItem::version);
        Ok(current.min(Some(last_before(asked))))
    }

    /// Waits for the next version of an item after `since`; a deletion is one without a value. Versions that were told
    /// meanwhile wait, up to a number, beyond which the oldest are skipped.
    pub async fn newer_version(
        &self,
        target: &Target,
        since: Option<Version>,
        read: Read,
    ) -> Result<News, NodeError> {
        let watched = self.watched(target).await?;
        let mut news = watched.news()?;
        let item = next(&mut news, since).await.ok_or(NodeError::Closed)?;
        let version = item.version();
        let node = self.running().await?;
        let (found, unreadable) = match self.whole(&node, item.item(), read).await {
            Ok(found) => (found, None),
            Err(error @ (NodeError::Closed | NodeError::Cancelled)) => return Err(error),
            Err(error) => {
                let without = Read {
                    value: false,
                    ..read
                };
                (
                    unread(self.whole(&node, item.item(), without).await, &item),
                    Some(error),
                )
            }
        };
        Ok(News {
            version,
            found,
            unreadable,
        })
    }

    async fn watched(&self, target: &Target) -> Result<Arc<Watched>, NodeError> {
        let key = self.item_key(target);
        let node = self.running().await?;
        node.meet(1).await?;
        let watched = node.watched(key).await?;
        let set = watched.watch.get_or_try_init(async || {
            let watch = node.core.watch(key).await?;
            // Something may have come to the holders after they said what they have, and before they knew whom to tell.
            node.core.tell(Event::WatchAnew { key }).await;
            Ok::<_, NodeError>(watch)
        });
        set.await?;
        Ok(watched)
    }
}

/// The last version that can have been made before a time.
fn last_before(time: u64) -> Version {
    Version {
        timestamp: time.saturating_sub(1),
        digest: Id::from_bytes([0xff; 64]),
    }
}

/// The first version after `since`, waited for if there is none yet; `None` if there will be none.
async fn next(
    news: &mut watch::Receiver<Versions>,
    since: Option<Version>,
) -> Option<VerifiedItem> {
    let is_newer = |item: &&VerifiedItem| since.is_none_or(|since| item.version() > since);
    let has_newer = |versions: &Versions| versions.iter().any(|item| is_newer(&item));
    let versions = news.wait_for(has_newer).await.ok()?;
    versions.iter().find(is_newer).cloned()
}

/// What there is to say of an item whose value cannot be read; not even its manifest may be one.
fn unread(found: Result<Whole, NodeError>, item: &VerifiedItem) -> Whole {
    found.unwrap_or_else(|_| {
        let mut item = (**item.item()).clone();
        let size = item.value.take().map_or(0, |value| value.len());
        Whole {
            item,
            is_deleted: false,
            size,
            chunks: 0,
        }
    })
}

impl Watched {
    fn news(&self) -> Result<watch::Receiver<Versions>, NodeError> {
        let watch = self.watch.get().ok_or(NodeError::Closed)?;
        Ok(watch.news.clone())
    }

    /// How often the watch has to be set anew.
    fn renew_pause(&self, serves: bool) -> Option<Duration> {
        match (self.watch.get()?.nodes, serves) {
            (0, _) => Some(LOOK_PAUSE),
            (_, false) => Some(RENEW_PAUSE),
            // It is renewed in time, and whoever tells us dials us.
            (_, true) => None,
        }
    }
}

impl Node {
    /// The watch of a key, perhaps still to be set.
    async fn watched(self: &Arc<Node>, key: Id) -> Result<Arc<Watched>, NodeError> {
        let mut keys = self.watches.keys.lock().await;
        if let Some(watched) = keys.get(&key) {
            return Ok(watched.clone());
        }
        let (watches, core) = (self.watches.clone(), self.core.clone());
        let has_room = keys.len() < WATCHED_MAX;
        if !has_room || !self.spawn(watches.keep(core, key, self.serves())) {
            let why = format!("at most {WATCHED_MAX} items can be watched at once");
            return Err(NodeError::Refused(why));
        }
        let watched = Arc::<Watched>::default();
        keys.insert(key, watched.clone());
        Ok(watched)
    }
}

impl Watches {
    /// Keeps a watch alive until nobody has asked about it for a while.
    async fn keep(self: Arc<Watches>, core: Core, key: Id, serves: bool) {
        let (mut asked, mut renewed) = (Instant::now(), Instant::now());
        loop {
            let mut is_lost = false;
            let lost = self.lost.notified();
            tokio::select! {
                () = tokio::time::sleep(LOOK_PAUSE) => {}
                () = lost => is_lost = true,
            }
            if self.is_asked(&key).await {
                asked = Instant::now();
            } else if asked.elapsed() > LINGER && self.end(&key).await {
                return;
            }
            let Some(pause) = self.renew_pause(&key, serves).await else {
                continue;
            };
            // Connections end one after the other when many do.
            let is_due = renewed.elapsed() >= pause;
            if is_due || (is_lost && renewed.elapsed() >= LOOK_PAUSE) {
                renewed = Instant::now();
                core.tell(Event::WatchAnew { key }).await;
            }
        }
    }

    async fn renew_pause(&self, key: &Id, serves: bool) -> Option<Duration> {
        let keys = self.keys.lock().await;
        keys.get(key)?.renew_pause(serves)
    }

    async fn is_asked(&self, key: &Id) -> bool {
        let keys = self.keys.lock().await;
        keys.get(key)
            .is_some_and(|watched| Arc::strong_count(watched) > 1)
    }

    /// Ends a watch unless somebody asks about it.
    async fn end(&self, key: &Id) -> bool {
        let mut keys = self.keys.lock().await;
        let is_asked = keys
            .get(key)
            .is_some_and(|watched| Arc::strong_count(watched) > 1);
        if !is_asked {
            keys.remove(key);
        }
        !is_asked
    }
}
