//! Values larger than one item, across real sockets.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::raw::{DHT_ALPN, Stranger, now};
use common::{Folder, config, fake, network, node, until};
use dht::{
    CHUNK_BYTES, Draft, Item, LARGE_VALUE_BYTES_MAX, Manifest, Meta, Request, Response, Store,
};
use node::error::NodeError;
use node::service::{Config, PutOptions, Read, Service, Target};
use node::ticket::Ticket;
use tokio::runtime::Handle;

fn of(owner: &Service, name: &str) -> Target {
    Target::Name {
        owner: Some(owner.my_key()),
        name: name.into(),
    }
}

fn value(length: usize, seed: u8) -> Vec<u8> {
    let byte = |n: usize| (n / 7) as u8 ^ (n >> 11) as u8 ^ seed;
    (0..length).map(byte).collect()
}

/// Only joins; nobody can store with it.
fn reader(data: Option<&std::path::Path>, join: &[Ticket]) -> Service {
    let config = Config {
        serve: false,
        ..config(data, join)
    };
    Service::open(config, fake(), Handle::current()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_value_is_put_read_replaced_and_deleted_like_any_other() {
    let nodes = network(3).await;
    let target = of(&nodes[0], "film");
    let (first, second) = (value(5 * CHUNK_BYTES + 7, 1), value(2 * CHUNK_BYTES, 2));
    let options = PutOptions {
        expires: Some(Duration::from_secs(600)),
        meta: [("kind".to_string(), "film".to_string())].into(),
        require: Some(2),
        ..PutOptions::default()
    };
    let put = |value: &[u8], options| nodes[0].put("film", value.to_vec(), options);
    assert_eq!(put(&first, options).await.unwrap().counts.stored, 2);
    for reader in &nodes {
        assert!(reader.get(&target, true).await.unwrap() == first);
    }
    // Several at once share one fetch, and who is not interested in the value fetches nothing.
    let (one, other) = tokio::join!(nodes[1].get(&target, false), nodes[1].get(&target, false));
    assert!(one.unwrap() == first && other.unwrap() == first);
    let read = Read {
        value: false,
        ..Read::default()
    };
    let whole = nodes[2].read(&target, read).await.unwrap();
    assert_eq!((whole.size, whole.chunks), (first.len(), 6));
    assert_eq!((whole.item.value, whole.is_deleted), (None, false));
    assert_eq!(
        Vec::from_iter(whole.item.meta),
        [("kind".into(), "film".into())]
    );
    assert!(whole.item.expires > now());

    let items = |node: &Service| {
        let node = node.clone();
        async move { node.node_info().await.unwrap().items }
    };
    assert_eq!(items(&nodes[0]).await, 7);
    put(&second, PutOptions::default()).await.unwrap();
    assert!(nodes[1].get(&target, true).await.unwrap() == second);
    assert_eq!(
        items(&nodes[0]).await,
        3,
        "the chunks of the old version are gone"
    );
    nodes[0].delete("film").await.unwrap();
    assert_eq!(items(&nodes[0]).await, 1);
    let gone = nodes[2].get(&target, true).await;
    assert!(matches!(gone, Err(NodeError::NotFound)), "{gone:?}");
    put(b"small again", PutOptions::default()).await.unwrap();
    assert_eq!(nodes[1].get(&target, true).await.unwrap(), b"small again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_value_can_be_sealed() {
    let nodes = network(3).await;
    let secret = value(3 * CHUNK_BYTES, 3);
    let options = PutOptions {
        to: Some(vec![nodes[1].my_key()]),
        ..PutOptions::default()
    };
    nodes[0]
        .put("secret", secret.clone(), options)
        .await
        .unwrap();
    let target = of(&nodes[0], "secret");
    for reader in &nodes[..2] {
        assert!(reader.get(&target, true).await.unwrap() == secret);
    }
    let other = nodes[2].get(&target, true).await.unwrap_err();
    assert!(matches!(other, NodeError::NotForUs), "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_alone_keeps_a_large_value_and_publishes_it_later() {
    let alone = node(None, &[]).await;
    let film = value(4 * CHUNK_BYTES, 4);
    let put = |options| alone.put("film", film.clone(), options);
    let unreachable = put(PutOptions::default()).await.unwrap_err();
    assert_eq!(unreachable.kind(), "unreachable");
    let content = PutOptions {
        require: Some(0),
        ..PutOptions::default()
    };
    assert_eq!(put(content).await.unwrap().counts.stored, 0);
    let target = of(&alone, "film");
    assert!(alone.get(&target, false).await.unwrap() == film);
    let other = node(None, &[alone.listen().await.unwrap()]).await;
    until("the other one holds all of it", || async {
        other.node_info().await.unwrap().items == 5
    })
    .await;
    alone.close().await;
    assert!(other.get(&target, false).await.unwrap() == film);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_makes_no_sense_is_refused_before_anything_is_fetched() {
    let nodes = network(2).await;
    let huge = vec![0; LARGE_VALUE_BYTES_MAX + 1];
    let error = nodes[0].put("n", huge, PutOptions::default()).await;
    assert_eq!(error.unwrap_err().kind(), "too-big");
    let options = PutOptions {
        meta: [("logos/manifest".to_string(), "1".to_string())].into(),
        ..PutOptions::default()
    };
    let error = nodes[0].put("n", vec![1], options).await;
    assert_eq!(error.unwrap_err().kind(), "wrong-argument");

    let ticket = nodes[0].listen().await.unwrap();
    let stranger = Stranger::new().await;
    // Nobody has any of these chunks.
    let honest = Manifest::of(&value(9 * CHUNK_BYTES, 5), 0)
        .unwrap()
        .encode();
    let mut liar = honest.clone();
    let length = LARGE_VALUE_BYTES_MAX as u64;
    liar[24..32].copy_from_slice(&length.to_be_bytes());
    let cases = [
        (honest, 9 * CHUNK_BYTES - 1, "too-big"),
        (liar, usize::MAX, "unverifiable"),
        (b"no manifest".to_vec(), usize::MAX, "unverifiable"),
    ];
    for (place, (manifest, at_most, kind)) in cases.into_iter().enumerate() {
        let name = format!("hostile {place}");
        store(&stranger, &ticket, signed(&stranger, &name, manifest)).await;
        let target = Target::Name {
            owner: Some(stranger.public()),
            name,
        };
        let read = Read {
            at_most,
            ..Read::default()
        };
        let began = std::time::Instant::now();
        let error = nodes[1].read(&target, read).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(nodes[1].node_info().await.unwrap().blocked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_is_not_fetched_again_even_after_a_restart() {
    let film = value(6 * CHUNK_BYTES, 6);
    let manifest = Manifest::of(&film, 0).unwrap();
    let stranger = Stranger::new().await;
    let listed = signed(&stranger, "film", manifest.encode());
    let chunk = |index| manifest.chunk(&film, index).unwrap();
    let first = node(None, &[]).await;
    let ticket = first.listen().await.unwrap();
    store(&stranger, &ticket, listed.clone()).await;
    for index in 0..4 {
        store(&stranger, &ticket, chunk(index)).await;
    }
    let folder = Folder::new();
    let target = Target::Name {
        owner: Some(stranger.public()),
        name: "film".into(),
    };
    {
        let reader = reader(Some(folder.path()), &[ticket]);
        let error = reader.get(&target, false).await.unwrap_err();
        let wanted = matches!(
            error,
            NodeError::Incomplete {
                have: 4,
                count: 6,
                is_lost: true
            }
        );
        assert!(wanted, "{error:?}");
        assert_eq!(error.kind(), "not-found");
        until("what was fetched is on disk", || async {
            let folder = folder.path().join(node::store::DATABASE_FILE);
            std::fs::metadata(folder).unwrap().len() > 4 * CHUNK_BYTES as u64
        })
        .await;
        reader.close().await;
    }
    first.close().await;
    // The other holder has nothing but the rest.
    let second = node(None, &[]).await;
    let ticket = second.listen().await.unwrap();
    store(&stranger, &ticket, listed).await;
    for index in 4..6 {
        store(&stranger, &ticket, chunk(index)).await;
    }
    let opened = || {
        let config = Config {
            serve: false,
            ..config(Some(folder.path()), std::slice::from_ref(&ticket))
        };
        Service::open(config, fake(), Handle::current())
    };
    until("the folder is free", || async { opened().is_ok() }).await;
    let reader = opened().unwrap();
    assert!(reader.get(&target, false).await.unwrap() == film);
}

/// A signed item whose value is said to be a manifest.
fn signed(stranger: &Stranger, name: &str, manifest: Vec<u8>) -> Item {
    let mut meta = Meta::new();
    Manifest::mark(&mut meta);
    let draft = Draft {
        name: name.into(),
        value: Some(manifest),
        timestamp: now(),
        expires: 0,
        meta,
    };
    Item::sign(&stranger.key, draft).unwrap()
}

async fn store(stranger: &Stranger, ticket: &Ticket, item: Item) {
    let connection = stranger.connect(ticket, DHT_ALPN).await.unwrap();
    let store = Request::Store(Store {
        item: Arc::new(item),
        cache: false,
    });
    let answer = stranger.ask(&connection, store).await.unwrap();
    assert_eq!(answer.response, Response::Stored);
}
