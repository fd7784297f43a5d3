//! Items across real sockets: put, get, delete; publishers that leave, nodes that restart.

mod common;

use std::time::Duration;

use common::{Folder, config, fake, network, node, until};
use node::error::{DataError, NodeError};
use node::service::{Config, PutOptions, Service, Target};
use tokio::runtime::{Builder, Handle};

fn of(owner: &Service, name: &str) -> Target {
    Target::Name {
        owner: Some(owner.my_key()),
        name: name.into(),
    }
}

async fn put(service: &Service, name: &str, value: &str) {
    service
        .put(name, value.as_bytes().to_vec(), PutOptions::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_outlives_its_publisher() {
    let nodes = network(5).await;
    let options = PutOptions {
        require: Some(4),
        ..PutOptions::default()
    };
    let report = nodes[4]
        .put("greeting", b"hello".to_vec(), options)
        .await
        .unwrap();
    assert_eq!(report.counts.stored, 4);
    let target = of(&nodes[4], "greeting");
    nodes[4].close().await;
    for reader in &nodes[..4] {
        assert_eq!(reader.get(&target, false).await.unwrap(), b"hello");
        assert_eq!(
            reader.get(&Target::Key(report.key), true).await.unwrap(),
            b"hello"
        );
        let item = reader.item(&target, false).await.unwrap();
        assert_eq!(
            (item.name.as_str(), item.public_key),
            ("greeting", nodes[4].my_key())
        );
    }
    let newcomer = node(None, &[nodes[0].listen().await.unwrap()]).await;
    assert_eq!(newcomer.get(&target, false).await.unwrap(), b"hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_version_wins_and_a_deletion_is_one() {
    let nodes = network(3).await;
    let target = of(&nodes[0], "n");
    for version in ["one", "two", "three"] {
        put(&nodes[0], "n", version).await;
        assert_eq!(
            nodes[1].get(&target, true).await.unwrap(),
            version.as_bytes()
        );
    }
    nodes[0].delete("n").await.unwrap();
    for reader in &nodes {
        until("everybody knows of the deletion", || async {
            matches!(reader.get(&target, true).await, Err(NodeError::NotFound))
        })
        .await;
    }
    put(&nodes[0], "n", "again").await;
    assert_eq!(nodes[2].get(&target, true).await.unwrap(), b"again");
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_and_expiry_travel_and_own_names_need_no_owner() {
    let nodes = network(2).await;
    let options = PutOptions {
        expires: Some(Duration::from_secs(60)),
        meta: [("kind".to_string(), "test".to_string())].into(),
        require: Some(1),
        ..PutOptions::default()
    };
    nodes[0].put("n", b"v".to_vec(), options).await.unwrap();
    let item = nodes[1].item(&of(&nodes[0], "n"), true).await.unwrap();
    assert_eq!(item.meta["kind"], "test");
    assert!(item.expires > item.timestamp && item.expires <= item.timestamp + 61_000);
    let own = Target::Name {
        owner: None,
        name: "n".into(),
    };
    assert_eq!(nodes[0].get(&own, false).await.unwrap(), b"v");
    assert!(matches!(
        nodes[1].get(&own, false).await,
        Err(NodeError::NotFound)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_says_why() {
    let alone = Service::open(Config::default(), fake(), Handle::current()).unwrap();
    assert!(
        alone.node_info().await.unwrap().listening.is_empty(),
        "no socket before its use"
    );
    let check = |result: Result<_, NodeError>, kind| assert_eq!(result.unwrap_err().kind(), kind);
    let target = Target::Name {
        owner: None,
        name: "n".into(),
    };
    check(alone.get(&target, false).await, "unreachable");
    let listening = alone.node_info().await.unwrap().listening;
    assert!(!listening.is_empty() && listening.iter().all(|address| address.ip().is_loopback()));
    let put = |value, options| alone.put("n", value, options);
    check(
        put(vec![1], PutOptions::default()).await.map(|_| vec![]),
        "unreachable",
    );
    check(
        put(
            vec![0; dht::LARGE_VALUE_BYTES_MAX + 1],
            PutOptions::default(),
        )
        .await
        .map(|_| vec![]),
        "too-big",
    );
    let nameless = alone.put("", vec![1], PutOptions::default()).await;
    check(nameless.map(|_| vec![]), "wrong-argument");
    let nodes = network(2).await;
    check(nodes[0].get(&target, false).await, "not-found");
    let options = PutOptions {
        require: Some(7),
        ..PutOptions::default()
    };
    check(
        nodes[0].put("n", vec![1], options).await.map(|_| vec![]),
        "unreachable",
    );
    nodes[0].close().await;
    check(nodes[0].get(&target, false).await, "unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_restarts_with_its_key_its_items_and_its_contacts() {
    let folder = Folder::new();
    let other = node(None, &[]).await;
    let ticket = other.listen().await.unwrap();
    let first = node(Some(folder.path()), &[ticket]).await;
    let key = first.my_key();
    put(&first, "mine", "kept").await;
    until("they know each other", || async {
        other.meet().await.unwrap() == 1
    })
    .await;
    put(&other, "theirs", "kept too").await;
    until("the node holds both", || async {
        first.node_info().await.unwrap().items == 2
    })
    .await;
    first.close().await;
    drop(first);
    let again = node(Some(folder.path()), &[]).await;
    assert_eq!(again.my_key(), key);
    until("it holds both again", || async {
        again.node_info().await.unwrap().items == 2
    })
    .await;
    assert_eq!(
        again.meet().await.unwrap(),
        1,
        "it needs no second introduction"
    );
    let mine = Target::Name {
        owner: None,
        name: "mine".into(),
    };
    assert_eq!(again.get(&mine, false).await.unwrap(), b"kept");
    assert_eq!(other.get(&of(&again, "mine"), true).await.unwrap(), b"kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_being_killed() {
    let folder = Folder::new();
    let writer = node(None, &[]).await;
    let ticket = writer.listen().await.unwrap();
    // A runtime of its own, so that it can be stopped without a goodbye.
    let victim = Builder::new_multi_thread().enable_all().build().unwrap();
    let opened = Service::open(
        config(Some(folder.path()), &[ticket]),
        fake(),
        victim.handle().clone(),
    );
    let service = opened.unwrap();
    let serving = service.clone();
    victim
        .spawn(async move { serving.meet().await })
        .await
        .unwrap()
        .unwrap();
    until("they know each other", || async {
        writer.meet().await.unwrap() == 1
    })
    .await;
    for n in 0..20 {
        put(&writer, &format!("n{n}"), "v").await;
    }
    drop(service);
    victim.shutdown_background();
    let opened = || Service::open(config(Some(folder.path()), &[]), fake(), Handle::current());
    until("the lock is free", || async {
        !matches!(opened(), Err(NodeError::Data(DataError::Locked(_))))
    })
    .await;
    let again = opened().unwrap();
    writer.close().await;
    for n in 0..20 {
        assert_eq!(
            again
                .get(&of(&writer, &format!("n{n}")), false)
                .await
                .unwrap(),
            b"v"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_on_the_folder_is_told_so() {
    let folder = Folder::new();
    let first = node(Some(folder.path()), &[]).await;
    let second = Service::open(config(Some(folder.path()), &[]), fake(), Handle::current());
    assert!(matches!(second, Err(NodeError::Data(DataError::Locked(_)))));
    first.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_cannot_be_deleted_and_nothing_lives_for_no_time() {
    let nodes = network(2).await;
    let put = |lasting| {
        let options = PutOptions {
            expires: Some(lasting),
            ..PutOptions::default()
        };
        nodes[0].put("brief", b"x".to_vec(), options)
    };
    let error = put(Duration::ZERO).await.unwrap_err();
    assert!(matches!(&error, NodeError::WrongArgument(why) if why.contains(":expires")));
    put(Duration::from_millis(300)).await.unwrap();
    let target = of(&nodes[0], "brief");
    until("it has expired", || async {
        matches!(nodes[0].get(&target, true).await, Err(NodeError::NotFound))
    })
    .await;
    let deleted = nodes[0].delete("brief").await;
    assert!(matches!(deleted, Err(NodeError::NotFound)), "{deleted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_holds_what_has_expired_not_even_who_put_it() {
    let nodes = network(3).await;
    let options = PutOptions {
        expires: Some(Duration::from_secs(2)),
        ..PutOptions::default()
    };
    nodes[0].put("n", b"v".to_vec(), options).await.unwrap();
    let target = of(&nodes[0], "n");
    let holders = nodes[0].where_is(&target).await.unwrap();
    assert!(holders.iter().any(|holder| holder.key == nodes[0].my_key()));
    until("nobody holds it", || async {
        nodes[0].where_is(&target).await.unwrap().is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_the_programs_own_are_refused() {
    let node = node(None, &[]).await;
    let put = node.put("logos/profile", b"x".to_vec(), PutOptions::default());
    for refused in [put.await, node.delete("logos/profile").await] {
        let error = refused.unwrap_err();
        assert!(matches!(&error, NodeError::WrongArgument(why) if why.contains("logos/")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_read_back_from_who_says_that_it_is_stored() {
    let nodes = network(4).await;
    for size in [10, 200_000] {
        let options = PutOptions {
            read_back: true,
            ..PutOptions::default()
        };
        let asked = || async {
            let mut asked = 0;
            for node in &nodes[1..] {
                asked += node.metrics().await.unwrap().dht.received.find_value;
            }
            asked
        };
        let before = asked().await;
        let put = nodes[0].put("proven", vec![7; size], options).await;
        assert_eq!(put.unwrap().counts.stored, 3);
        assert!(asked().await >= before + 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stored_too_little_says_how_many_did_and_why_the_others_did_not() {
    let nodes = network(3).await;
    let options = PutOptions {
        require: Some(3),
        ..PutOptions::default()
    };
    let error = nodes[0].put("x", b"x".to_vec(), options).await.unwrap_err();
    let NodeError::NotStored(counts) = &error else {
        panic!("{error:?}")
    };
    assert_eq!((counts.stored, counts.timed_out), (2, 0));
    assert_eq!(error.kind(), "unreachable");
    assert_eq!(error.to_string(), "only 2 peers stored it");
}
