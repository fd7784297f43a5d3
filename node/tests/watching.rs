//! News of items, across real sockets, for those whom nobody can dial.

mod common;

use std::time::Duration;

use common::{config, fake, network};
use node::service::{Config, PutOptions, Read, Service, Target};
use tokio::runtime::Handle;

/// Far shorter than the time after which a watch is set anew.
const PROMPT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn who_serves_nobody_is_told_over_the_connections_it_opened() {
    let nodes = network(4).await;
    let target = Target::Name {
        owner: Some(nodes[0].my_key()),
        name: "news".into(),
    };
    let put = |value: &'static str| {
        let all = PutOptions::default();
        nodes[0].put("news", value.as_bytes().to_vec(), all)
    };
    put("one").await.unwrap();
    let ticket = nodes[1].listen().await.unwrap();
    let config = Config {
        serve: false,
        ..config(None, &[ticket])
    };
    let watcher = Service::open(config, fake(), Handle::current()).unwrap();
    let mut since = watcher.watch(&target).await.unwrap();
    assert!(since > 0);
    let told_before = told(&nodes).await;
    for value in ["two", "three", "four"] {
        let watching = watcher.clone();
        let target = target.clone();
        let next = tokio::spawn(async move {
            watching
                .newer_version(&target, since, Read::default())
                .await
        });
        put(value).await.unwrap();
        let newer = tokio::time::timeout(PROMPT, next).await;
        let newer = newer.expect("it is told at once").unwrap().unwrap().item;
        assert_eq!(newer.value.as_deref(), Some(value.as_bytes()));
        since = newer.timestamp;
    }
    assert!(told(&nodes).await >= told_before + 3);
    let mut known = Vec::new();
    for node in &nodes {
        known.extend(node.peers().await.unwrap());
    }
    assert!(known.iter().all(|peer| peer.key != watcher.my_key()));
}

async fn told(nodes: &[Service]) -> u64 {
    let mut told = 0;
    for node in nodes {
        told += node.metrics().await.unwrap().dht.news_told;
    }
    told
}
