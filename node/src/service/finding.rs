//! Who holds an item: asked of the nodes nearest to it, of which this one may be one.

use std::collections::BTreeMap;
use std::time::Duration;

use dht::wire::RequestFrame;
use dht::{
    Command, Contact, FindValue, InteractionId, Item, Kademlia, OperationError, Outcome, Request,
    Response,
};
use tokio::task::JoinSet;

use super::{Service, Target};
use crate::driver::{DhtFailure, ask};
use crate::error::NodeError;
use crate::identity::random_bytes;
use crate::keys::{Id, PublicKey};

/// How long a node may take to say whether it holds an item.
const HOLDER_TIMEOUT: Duration = Duration::from_secs(3);

/// Somebody who holds a version of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    /// Its key.
    pub key: PublicKey,
    /// Its id.
    pub id: Id,
    /// How far it is from the item, as a share of the whole space of ids: 0 to 1.
    pub distance: f64,
    /// When the version it holds was made, milliseconds since 1970.
    pub timestamp: u64,
}

impl Service {
    /// The item as this node itself holds it, a deleted one not.
    pub async fn kept(&self, target: &Target) -> Result<Option<Item>, NodeError> {
        let key = self.item_key(target);
        let node = self.inner.node().await?;
        let held = node.core.look(move |kademlia| kademlia.item(&key)).await?;
        let held = held.map(|item| (**item.item()).clone());
        Ok(held.filter(|item| item.value.is_some()))
    }

    /// Who of the nodes nearest to an item says now that it holds a version of it, the nearest
    /// first. Nobody may hold it.
    pub async fn where_is(&self, target: &Target) -> Result<Vec<Holder>, NodeError> {
        let key = self.item_key(target);
        let node = self.inner.node().await?;
        node.meet(1).await?;
        let mut versions = BTreeMap::new();
        let now = node.clock.now();
        let held = move |kademlia: &Kademlia| kademlia.held_in_earnest(now, &key);
        if let Some(item) = node.core.look(held).await? {
            versions.insert(self.my_key(), item.version().timestamp);
        }
        let nearest = match node.core.run(Command::FindNode { target: key }).await {
            Ok(Outcome::Nodes { contacts, .. }) => contacts,
            // Then we are the only one who could hold it.
            Err(DhtFailure::Operation(OperationError::RoutingTableEmpty))
                if !versions.is_empty() =>
            {
                Vec::new()
            }
            Ok(_) => return Err(NodeError::Closed),
            Err(failure) => return Err(failure.into()),
        };
        let mut asking = JoinSet::new();
        for contact in nearest {
            let pool = node.pool.clone();
            let frame = question(key, &node.contact());
            asking.spawn(async move {
                let asked = ask(&pool, &contact, &frame);
                let answer = tokio::time::timeout(HOLDER_TIMEOUT, asked).await;
                let (frame, _) = answer.ok()?.ok()?;
                Some((contact.public_key(), held_version(frame.response, &key)?))
            });
        }
        versions.extend(asking.join_all().await.into_iter().flatten());
        let mut holders: Vec<Holder> = versions
            .into_iter()
            .map(|(peer, timestamp)| Holder {
                key: peer,
                id: peer.id(),
                distance: share(key.distance(&peer.id()).as_bytes()),
                timestamp,
            })
            .collect();
        holders.sort_by_key(|holder| key.distance(&holder.id));
        Ok(holders)
    }
}

fn question(key: Id, me: &Contact) -> RequestFrame {
    RequestFrame {
        interaction: InteractionId(u128::from_le_bytes(random_bytes())),
        addresses: me.addresses().to_vec(),
        request: Request::FindValue(FindValue {
            key,
            newer_than: None,
            fresh: true,
        }),
    }
}

/// The timestamp of the version that somebody proves to hold.
fn held_version(response: Response, key: &Id) -> Option<u64> {
    let Response::Value(value) = response else {
        return None;
    };
    let item = dht::VerifiedItem::new(value.item, &dht::Ed25519).ok()?;
    (item.key() == key).then(|| item.version().timestamp)
}

/// A number of so many bytes as a share of the largest, as exactly as a double can be.
fn share(bytes: &[u8]) -> f64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0.0, |rest, byte| (rest + f64::from(*byte)) / 256.0)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn distances_are_shares_of_the_space() {
        assert_eq!(share(&[0; 64]), 0.0);
        assert_eq!(share(&[0x80, 0, 0]), 0.5);
        assert_eq!(share(&[0, 1]), 1.0 / 65536.0);
        assert!(share(&[0xff; 64]) <= 1.0);
    }
}
