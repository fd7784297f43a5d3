//! Who somebody is: the profile that each node publishes under its own key, and what is known here
//! beside it. What it says is in the `meta` of an item with a name of its own. What a profile says is its owner's word, and no more.

use dht::{Item, Meta};
use node::error::NodeError;
use node::keys::PublicKey;
use node::service::{PROFILE_NAME, PutOptions, PutReport, Target};

use super::asks::Owner;
use super::data::{Data, Reply};
use super::peer::Peer;

/// What a profile may say of its node.
const SAID: [&str; 3] = [":name", ":about", ":version"];
/// What every node says of itself.
const VERSION: (&str, &str) = ("version", env!("CARGO_PKG_VERSION"));

/// What somebody's profile says, and what their key is called here.
pub async fn who_is(peer: &Peer, owner: &Owner) -> Result<Data, Reply> {
    let key = peer.key_of(owner)?;
    let profile = profile_of(peer, key).await?;
    let said = |field: &str| {
        let text = profile.as_ref()?.meta.get(field.trim_start_matches(':'))?;
        Some(Data::Text(text.clone()))
    };
    let aliases = peer.aliases(&key).into_iter().map(Data::Text);
    let published = profile.as_ref().map(|item| Data::Int(item.timestamp));
    let mut fields = vec![
        (":key", Data::Bytes(key.as_bytes().to_vec())),
        (":id", Data::Bytes(key.id().as_bytes().to_vec())),
        (":aliases", Data::List(aliases.collect())),
        (":published", published.unwrap_or(Data::Bool(false))),
    ];
    fields.extend(SAID.map(|field| (field, said(field).unwrap_or(Data::Bool(false)))));
    Ok(Data::fields(fields))
}

/// The newest profile there is; who reaches nobody has to be content with what is kept here.
async fn profile_of(peer: &Peer, key: PublicKey) -> Result<Option<Item>, Reply> {
    let service = &peer.service;
    let target = target(key);
    match service.item(&target, true).await {
        Ok(item) => Ok(Some(item)),
        Err(NodeError::NotFound) => Ok(None),
        Err(error @ NodeError::Unreachable(_)) => match service.kept(&target).await? {
            Some(item) => Ok(Some(item)),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Publishes what this node says of itself. `value` is the item's value.
pub async fn publish(peer: &Peer, mut said: Meta, value: Vec<u8>) -> Result<PutReport, NodeError> {
    said.insert(VERSION.0.into(), VERSION.1.into());
    let options = PutOptions {
        meta: said,
        // It is published again, like every item of our own.
        require: Some(0),
        ..PutOptions::default()
    };
    peer.service.put_profile(value, options).await
}

/// Publishes the version of this node beside what its profile said until now, unless it said so already.
pub async fn renew(peer: &Peer, value: Vec<u8>) -> Result<(), NodeError> {
    let kept = peer.service.kept(&target(peer.service.my_key())).await?;
    let said = kept.map(|item| item.meta).unwrap_or_default();
    if said.get(VERSION.0).map(String::as_str) != Some(VERSION.1) {
        publish(peer, said, value).await?;
    }
    Ok(())
}

fn target(key: PublicKey) -> Target {
    Target::Name {
        owner: Some(key),
        name: PROFILE_NAME.into(),
    }
}
