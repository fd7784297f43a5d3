//! News of items, across real sockets, for those whom nobody can dial.

mod common;

use std::time::Duration;

use common::{config, fake, network, until};
use node::service::{Config, PutOptions, Read, Service, Target, Version, now};
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
    let mut since = watcher.watch(&target, now()).await.unwrap();
    assert!(since.is_some());
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
        let newer = newer.expect("it is told at once").unwrap().unwrap();
        assert_eq!(newer.found.item.value.as_deref(), Some(value.as_bytes()));
        since = Some(newer.version);
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

fn news_of(nodes: &[Service]) -> Target {
    Target::Name {
        owner: Some(nodes[0].my_key()),
        name: "news".into(),
    }
}

/// The values of the next versions, `None` for what cannot be read.
async fn next_values(
    watcher: &Service,
    nodes: &[Service],
    mut since: Option<Version>,
    count: usize,
) -> Vec<Option<String>> {
    let mut values = Vec::new();
    for _ in 0..count {
        let target = news_of(nodes);
        let told = watcher.newer_version(&target, since, Read::default());
        let told = tokio::time::timeout(PROMPT, told).await;
        let told = told.expect("it is told").unwrap();
        assert_eq!(told.unreadable.is_some(), told.found.item.value.is_none());
        since = Some(told.version);
        let value = told.found.item.value;
        values.push(value.map(|value| String::from_utf8(value).unwrap()));
    }
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_come_while_nobody_waits_are_told_one_after_the_other() {
    let nodes = network(3).await;
    let since = nodes[1].watch(&news_of(&nodes), now()).await.unwrap();
    assert_eq!(since, None);
    let texts: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    for text in &texts {
        let all = PutOptions::default();
        let value = text.clone().into_bytes();
        nodes[0].put("news", value, all).await.unwrap();
    }
    let expected: Vec<_> = texts.into_iter().map(Some).collect();
    assert_eq!(next_values(&nodes[1], &nodes, since, 10).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_cannot_be_read_is_told_and_the_next_one_too() {
    let nodes = network(3).await;
    let since = nodes[1].watch(&news_of(&nodes), now()).await.unwrap();
    let sealed = PutOptions {
        to: Some(vec![nodes[2].my_key()]),
        ..PutOptions::default()
    };
    nodes[0].put("news", b"one".to_vec(), sealed).await.unwrap();
    let all = PutOptions::default();
    nodes[0].put("news", b"two".to_vec(), all).await.unwrap();
    let told = next_values(&nodes[1], &nodes, since, 2).await;
    assert_eq!(told, [None, Some("two".into())]);
}

/// Whoever asks to be told, and puts something before it is known what there was, is told of that.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_before_the_watch_is_set_is_news_and_what_there_was_is_not() {
    let nodes = network(3).await;
    let target = news_of(&nodes);
    let put = |value: &'static str| {
        let all = PutOptions::default();
        nodes[0].put("news", value.as_bytes().to_vec(), all)
    };
    put("old").await.unwrap();
    for (watcher, value) in [(&nodes[0], "own"), (&nodes[1], "another's")] {
        let asked = after_the_last(&nodes).await;
        put(value).await.unwrap();
        let since = watcher.watch(&target, asked).await.unwrap();
        let told = next_values(watcher, &nodes, since, 1).await;
        assert_eq!(told, [Some(value.into())]);
    }
    let asked = after_the_last(&nodes).await;
    let last = nodes[0].item(&target, false).await.unwrap();
    let since = nodes[2].watch(&target, asked).await.unwrap();
    assert_eq!(since.map(|version| version.timestamp), Some(last.timestamp));
}

/// A time after that of the version there is: of one made in the same millisecond nobody can say which came first, and what is made soon after
/// another is dated later than the clock says.
async fn after_the_last(nodes: &[Service]) -> u64 {
    let last = nodes[0].item(&news_of(nodes), false).await.unwrap();
    until("the clock is past the last version", || async {
        now() > last.timestamp
    })
    .await;
    now()
}
