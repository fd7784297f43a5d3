//! The items that programs of this node watch: one watch of the network for each key, however many
//! ask, kept for a moment between two questions. Those who hold the item tell us of news: by dialling us, or,
//! where nobody can, over the connections that we opened. Those are kept open, and looked at now and then, since
//! whoever was to tell us may be gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dht::{Event, VerifiedItem};
use tokio::sync::{Mutex as AsyncMutex, Notify, watch};

use crate::driver::{Core, Watch};
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

/// One watch.
#[derive(Debug)]
struct Watched {
    watch: Watch,
}

impl Watched {
    fn news(&self) -> watch::Receiver<Option<VerifiedItem>> {
        self.watch.news.clone()
    }
}

impl Service {
    /// Watches an item from now on; when its current version was made, 0 if there is none.
    pub async fn watch(&self, target: &Target) -> Result<u64, NodeError> {
        let watched = self.watched(target).await?;
        let news = watched.news();
        let current = news.borrow();
        Ok(current.as_ref().map_or(0, |item| item.item().timestamp))
    }

    /// Waits for a version of an item made after `since`; a deletion is one without a value.
    pub async fn newer_version(
        &self,
        target: &Target,
        since: u64,
        read: Read,
    ) -> Result<Whole, NodeError> {
        let watched = self.watched(target).await?;
        let mut news = watched.news();
        let is_newer = |item: &Option<VerifiedItem>| {
            item.as_ref()
                .is_some_and(|item| item.item().timestamp > since)
        };
        let newer = news.wait_for(is_newer).await;
        let newer = newer.map_err(|_| NodeError::Closed)?.clone();
        let item = newer.ok_or(NodeError::Closed)?;
        let node = self.running().await?;
        self.whole(&node, item.item(), read).await
    }

    async fn watched(&self, target: &Target) -> Result<Arc<Watched>, NodeError> {
        let key = self.item_key(target);
        let node = self.running().await?;
        node.meet(1).await?;
        node.watched(key).await
    }
}

impl Node {
    /// The watch of a key, set now if it is not.
    async fn watched(self: &Arc<Node>, key: Id) -> Result<Arc<Watched>, NodeError> {
        let mut keys = self.watches.keys.lock().await;
        if let Some(watched) = keys.get(&key) {
            return Ok(watched.clone());
        }
        if keys.len() >= WATCHED_MAX {
            let why = format!("at most {WATCHED_MAX} items can be watched at once");
            return Err(NodeError::Refused(why));
        }
        let watch = self.core.watch(key).await?;
        let renew_pause = match (watch.nodes, self.serves()) {
            (0, _) => Some(LOOK_PAUSE),
            (_, false) => Some(RENEW_PAUSE),
            // It is renewed in time, and whoever tells us dials us.
            (_, true) => None,
        };
        let watched = Arc::new(Watched { watch });
        keys.insert(key, watched.clone());
        let (watches, core) = (self.watches.clone(), self.core.clone());
        self.spawn(watches.keep(core, key, renew_pause));
        Ok(watched)
    }
}

impl Watches {
    /// Keeps a watch alive until nobody has asked about it for a while.
    async fn keep(self: Arc<Watches>, core: Core, key: Id, renew_pause: Option<Duration>) {
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
            let Some(pause) = renew_pause else { continue };
            // Connections end one after the other when many do.
            let is_due = renewed.elapsed() >= pause;
            if is_due || (is_lost && renewed.elapsed() >= LOOK_PAUSE) {
                renewed = Instant::now();
                core.tell(Event::WatchAnew { key }).await;
            }
        }
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
