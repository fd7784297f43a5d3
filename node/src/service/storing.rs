//! Putting and deleting items: under our own names, which are signed, or under the hash of what they contain.
//! Refuses the names that are this program's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use dht::{
    Command, Draft, Item, LARGE_VALUE_BYTES_MAX, Manifest, Outcome, Put, VALUE_BYTES_MAX, item_key,
};

use super::{PutCounts, PutOptions, PutReport, Service, bad_item};
use crate::clock::millis;
use crate::error::NodeError;
use crate::keys::PublicKey;
use crate::large::{self, Tally};
use crate::node::Node;
use crate::sealed::{self, SEALED_BYTES_MAX};
use crate::store::Store;

/// What the names begin with that are this program's own: of items, and in an item's `meta`.
const OURS: &str = "logos/";
/// The name of the item that is a node's profile.
pub const PROFILE_NAME: &str = "logos/profile";

impl Service {
    /// Signs `value` under `name` and stores it with the nearest peers. Waits until as many as `options.require`
    /// have it, while the rest goes on, or else until all have answered.
    pub async fn put(
        &self,
        name: &str,
        value: Vec<u8>,
        options: PutOptions,
    ) -> Result<PutReport, NodeError> {
        check_name(name)?;
        self.put_any(name, value, options).await
    }

    /// The same for the item that is this node's profile: no other operation changes that.
    pub async fn put_profile(
        &self,
        value: Vec<u8>,
        options: PutOptions,
    ) -> Result<PutReport, NodeError> {
        self.put_any(PROFILE_NAME, value, options).await
    }

    async fn put_any(
        &self,
        name: &str,
        value: Vec<u8>,
        options: PutOptions,
    ) -> Result<PutReport, NodeError> {
        let limit = match options.to {
            None => LARGE_VALUE_BYTES_MAX,
            Some(_) => SEALED_BYTES_MAX,
        };
        if value.len() > limit {
            let (what, size) = ("the value", value.len());
            return Err(NodeError::TooBig { what, size, limit });
        }
        if options.meta.keys().any(|key| key.starts_with(OURS)) {
            let why = format!("names in :meta that begin with `{OURS}` are taken");
            return Err(NodeError::WrongArgument(why));
        }
        let value = match &options.to {
            None => value,
            Some(recipients) => {
                let key = item_key(&self.my_key(), name);
                sealed::seal(&value, &key, self.inner.identity.signing_key(), recipients)?
            }
        };
        let now = self.inner.clock.now();
        let expires = expires(now, &options)?;
        let draft = Draft {
            name: name.to_owned(),
            value: Some(value),
            timestamp: now,
            expires,
            meta: options.meta,
        };
        self.publish(draft, options.require, options.read_back)
            .await
    }

    /// Stores `value`, of at most 64 KiB, under a key made of it and of when it expires: nobody can change or delete
    /// what is there. Of the options those are meant that concern no author.
    pub async fn put_immutable(
        &self,
        value: Vec<u8>,
        options: PutOptions,
    ) -> Result<PutReport, NodeError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(NodeError::TooBig {
                what: "a value that cannot change",
                size: value.len(),
                limit: VALUE_BYTES_MAX,
            });
        }
        let expires = expires(self.inner.clock.now(), &options)?;
        let node = self.inner.node().await?;
        node.meet(1).await?;
        let item = Item::content(value, expires).map_err(bad_item)?;
        store(&node, item, options.require, options.read_back).await
    }

    /// Stores a signed deletion of our own item `name`.
    pub async fn delete(&self, name: &str) -> Result<PutReport, NodeError> {
        check_name(name)?;
        let node = self.inner.node().await?;
        let before = node.store.own_name(name)?;
        let now = self.inner.clock.now();
        if before.is_some_and(|before| before.expires != 0 && before.expires <= now) {
            // It is forgotten everywhere, as is whatever would delete it.
            return Err(NodeError::NotFound);
        }
        let draft = Draft {
            name: name.to_owned(),
            value: None,
            timestamp: now,
            expires: before.map_or(0, |before| before.expires),
            meta: BTreeMap::new(),
        };
        self.publish(draft, None, false).await
    }

    async fn publish(
        &self,
        mut draft: Draft,
        require: Option<usize>,
        read_back: bool,
    ) -> Result<PutReport, NodeError> {
        let node = self.inner.node().await?;
        node.meet(1).await?;
        let (name, timestamp, expires) = (draft.name.clone(), draft.timestamp, draft.expires);
        let reserve = move |store: &Store| store.next_own_name(&name, timestamp, expires);
        let next = node.with_store(reserve).await.ok_or(NodeError::Closed)??;
        draft.timestamp = next.timestamp;
        draft.expires = next.expires;
        let is_large = |value: &&mut Vec<u8>| value.len() > VALUE_BYTES_MAX;
        let mut large = None;
        if let Some(value) = draft.value.as_mut().filter(is_large) {
            let whole = Arc::new(std::mem::take(value));
            let manifest = Arc::new(large::cut(&whole, draft.expires).await?);
            *value = manifest.encode();
            Manifest::mark(&mut draft.meta);
            large = Some((manifest, whole));
        }
        let item = Item::sign(node.identity.signing_key(), draft).map_err(bad_item)?;
        // Whoever finds the manifest finds the chunks.
        let tally = match large {
            Some((manifest, whole)) => Some(
                node.put_chunks(&manifest, &whole, require, read_back)
                    .await?,
            ),
            None => None,
        };
        let report = store(&node, item, require, read_back).await?;
        let Some(tally) = tally else {
            return Ok(report);
        };
        // Only who stored the manifest and every chunk has stored the value.
        let counts = PutCounts {
            stored: tally.stored.min(report.counts.stored),
            rejected: refusals(&tally, report.counts.rejected),
            timed_out: tally.timed_out.max(report.counts.timed_out),
        };
        if tally.stored < require.unwrap_or(1) {
            return Err(NodeError::NotStored(counts));
        }
        Ok(PutReport { counts, ..report })
    }
}

/// When an item put now expires; 0 is never.
fn expires(now: u64, options: &PutOptions) -> Result<u64, NodeError> {
    match options.expires.map(millis) {
        None => Ok(0),
        Some(0) => {
            let why = "`:expires` is for how many seconds the item is to live, more than 0";
            Err(NodeError::WrongArgument(why.into()))
        }
        Some(lasting) => Ok(now.saturating_add(lasting)),
    }
}

async fn store(
    node: &Node,
    item: Item,
    require: Option<usize>,
    read_back: bool,
) -> Result<PutReport, NodeError> {
    let key = item.key;
    let put = Put {
        item: Arc::new(item),
        require,
        read_back,
    };
    match node.core.run(Command::Put(put)).await? {
        Outcome::Stored(report) => Ok(PutReport {
            key,
            counts: counts(&report),
        }),
        _ => Err(NodeError::Closed),
    }
}

pub(super) fn counts(report: &dht::PutReport) -> PutCounts {
    PutCounts {
        stored: report.stored,
        rejected: named(&report.rejected),
        timed_out: report.timed_out,
    }
}

fn named(rejected: &[(PublicKey, dht::ErrorCode)]) -> Vec<(PublicKey, String)> {
    rejected
        .iter()
        .map(|(peer, code)| (*peer, code.to_string()))
        .collect()
}

/// Everybody who refused the manifest or a chunk, once for each reason.
fn refusals(tally: &Tally, mut rejected: Vec<(PublicKey, String)>) -> Vec<(PublicKey, String)> {
    rejected.extend(named(&Vec::from_iter(tally.rejected.iter().copied())));
    rejected.sort();
    rejected.dedup();
    rejected
}

fn check_name(name: &str) -> Result<(), NodeError> {
    if name.starts_with(OURS) {
        let why = format!(
            "names of items that begin with `{OURS}` are taken; a profile is published by publish-profile"
        );
        return Err(NodeError::WrongArgument(why));
    }
    Ok(())
}
