//! A thousand nodes in virtual time.

use std::sync::Arc;

use dht::sim::{Adversary, Options, World};
use dht::{
    Assembly, CHUNK_BYTES, Command, Draft, Get, Id, Item, Manifest, OperationError, Outcome, Put,
    item_key,
};
use ed25519_dalek::SigningKey;

fn author(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn signed(author: &SigningKey, name: &str, timestamp: u64, value: &[u8]) -> Arc<Item> {
    let draft = Draft {
        name: name.into(),
        value: Some(value.to_vec()),
        timestamp,
        ..Draft::default()
    };
    Arc::new(Item::sign(author, draft).unwrap())
}

fn joined(options: Options) -> World {
    println!("{options:?}");
    let mut world = World::new(options);
    world.join_all();
    world
}

fn put(world: &mut World, node: usize, item: &Arc<Item>) -> usize {
    let command = Command::Put(Put {
        item: item.clone(),
        require: None,
        read_back: false,
    });
    match world.run(node, command) {
        Some(Ok(Outcome::Stored(report))) => report.stored,
        other => panic!("put: {other:?}"),
    }
}

fn get(world: &mut World, node: usize, get: Get) -> Result<Arc<Item>, OperationError> {
    match world.run(node, Command::Get(get)).expect("a get ends") {
        Ok(Outcome::Found(found)) => Ok(found.item.item().clone()),
        Ok(other) => panic!("get: {other:?}"),
        Err(error) => Err(error),
    }
}

#[test]
fn a_thousand_nodes_find_what_any_of_them_stored() {
    let mut world = joined(Options {
        nodes: 1000,
        ..Options::default()
    });
    let (mut hops, mut recall) = (0, 0);
    for number in 0..50 {
        let item = signed(&author(1), &format!("item {number}"), world.now(), b"value");
        let writer = world.random(1000);
        assert!(put(&mut world, writer, &item) >= 19);
        let holders = world.truly_nearest(&item.key, 20);
        recall += holders
            .iter()
            .filter(|holder| world.node(**holder).unwrap().item(&item.key).is_some())
            .count();
        let reader = world.random(1000);
        let found = world.run(reader, Command::Get(Get::plain(item.key)));
        let Some(Ok(Outcome::Found(found))) = found else {
            panic!("{found:?}")
        };
        assert_eq!(found.item.item(), &item);
        hops += found.lookup.hops;
    }
    assert!(recall >= 990, "{recall} of 1000 true holders hold");
    assert!(hops <= 125, "{hops} hops in 50 gets");
    let missing = item_key(&author(1).verifying_key().into(), "missing");
    let error = get(&mut world, 7, Get::plain(missing)).unwrap_err();
    assert!(
        matches!(error, OperationError::ValueNotFound(_)),
        "{error:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut world = joined(Options {
            nodes: 60,
            seed,
            loss: 0.05,
            ..Options::default()
        });
        let item = signed(&author(1), "a", world.now(), b"value");
        put(&mut world, 3, &item);
        world.kill(5);
        world.run_for(2 * 60 * 60 * 1000);
        (world.trace(), world.traffic())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}

#[test]
fn forgers_fool_nobody_and_end_blocked() {
    let mut world = joined(Options {
        nodes: 300,
        sybils: 0.2,
        adversary: Adversary::Forge,
        ..Options::default()
    });
    let mut forged = 0;
    let mut found = 0;
    let honest = |world: &mut World| loop {
        let index = world.random(300);
        if world.is_honest(index) {
            return index;
        }
    };
    for number in 0..100 {
        let item = signed(&author(1), &format!("item {number}"), world.now(), b"true");
        let writer = honest(&mut world);
        put(&mut world, writer, &item);
        let reader = honest(&mut world);
        for how in [Get::plain(item.key), Get::fresh(item.key)] {
            match get(&mut world, reader, how) {
                Ok(answer) if answer == item => found += 1,
                Ok(_) => forged += 1,
                Err(error) => println!("{error:?}"),
            }
        }
    }
    assert_eq!(forged, 0);
    assert!(found >= 198, "{found} of 200");
    let now = world.now();
    let (mut liars, mut wronged) = (0, 0);
    for index in world.online() {
        for block in world.node(index).unwrap().blocked(now) {
            let is_blocked = |index: &usize| world.contact(*index).public_key() == block.public_key;
            let blocked = (0..world.len()).find(is_blocked).unwrap();
            *(if world.is_honest(blocked) {
                &mut wronged
            } else {
                &mut liars
            }) += 1;
        }
    }
    assert_eq!(wronged, 0);
    assert!(liars >= 300, "{liars} blocks of 60 liars");
}

#[test]
fn items_outlive_their_publishers_and_half_of_the_network() {
    let mut world = joined(Options {
        nodes: 200,
        loss: 0.02,
        ..Options::default()
    });
    // Whoever's first request was lost knocks again.
    world.run_for(3 * 60 * 1000);
    let items: Vec<_> = (0..40)
        .map(|number| signed(&author(1), &format!("item {number}"), world.now(), b"kept"))
        .collect();
    for (number, item) in items.iter().enumerate() {
        assert!(put(&mut world, number, item) >= 15);
    }
    // The publishers go first, then every quarter of an hour some more, while newcomers come back empty.
    (0..40).for_each(|index| world.kill(index));
    for wave in 0..8 {
        for number in 0..12 {
            world.kill(40 + wave * 12 + number);
        }
        world.run_for(15 * 60 * 1000);
        if wave >= 4 {
            (0..10).for_each(|number| world.restart((wave - 4) * 10 + number));
        }
    }
    let readers = world.online();
    let found = items.iter().enumerate().filter(|(number, item)| {
        let reader = readers[number * 7 % readers.len()];
        let answer = get(&mut world, reader, Get::plain(item.key));
        answer.is_ok_and(|found| found == **item)
    });
    assert_eq!(found.count(), 40);
}

#[test]
fn after_a_partition_the_newest_wins_everywhere() {
    let mut world = joined(Options {
        nodes: 120,
        ..Options::default()
    });
    let owner = author(1);
    let first = signed(&owner, "a", world.now(), b"before");
    let deleted = signed(&owner, "b", world.now(), b"to be deleted");
    put(&mut world, 0, &first);
    put(&mut world, 0, &deleted);
    world.partition(|index| index % 2 == 0);
    world.run_for(60_000);
    let left = signed(&owner, "a", world.now(), b"left");
    put(&mut world, 2, &left);
    let draft = Draft {
        name: "b".into(),
        timestamp: world.now(),
        ..Draft::default()
    };
    let tombstone = Arc::new(Item::sign(&owner, draft).unwrap());
    put(&mut world, 2, &tombstone);
    world.run_for(60_000);
    let right = signed(&owner, "a", world.now(), b"right, and later");
    put(&mut world, 3, &right);
    world.run_for(2 * 60 * 60 * 1000);
    assert_eq!(get(&mut world, 4, Get::fresh(first.key)).unwrap(), left);
    assert_eq!(get(&mut world, 5, Get::fresh(first.key)).unwrap(), right);
    assert_eq!(
        get(&mut world, 5, Get::fresh(deleted.key)).unwrap(),
        deleted
    );
    world.heal();
    world.run_for(70 * 60 * 1000);
    for reader in 0..120 {
        assert_eq!(
            get(&mut world, reader, Get::fresh(first.key)).unwrap(),
            right,
            "{reader}"
        );
        assert_eq!(
            get(&mut world, reader, Get::fresh(deleted.key)).unwrap(),
            tombstone
        );
    }
}

#[test]
fn a_node_on_its_own_keeps_what_it_is_given_and_publishes_it_later() {
    let mut world = World::new(Options {
        nodes: 30,
        ..Options::default()
    });
    world.restart(0);
    let item = signed(&author(1), "a", world.now(), b"alone");
    let outcome = world
        .run(
            0,
            Command::Put(Put {
                item: item.clone(),
                require: None,
                read_back: false,
            }),
        )
        .unwrap();
    let Err(OperationError::NotStored(report)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (report.stored, report.rejected.len(), report.timed_out),
        (0, 0, 0)
    );
    let content = Command::Put(Put {
        item: item.clone(),
        require: Some(0),
        read_back: false,
    });
    let outcome = world.run(0, content).unwrap();
    assert!(matches!(outcome, Ok(Outcome::Stored(report)) if report.stored == 0));
    assert_eq!(get(&mut world, 0, Get::plain(item.key)).unwrap(), item);
    assert_eq!(get(&mut world, 0, Get::fresh(item.key)).unwrap(), item);
    let error = get(&mut world, 0, Get::plain(Id::hash(b"nothing"))).unwrap_err();
    assert!(matches!(error, OperationError::RoutingTableEmpty));
    (1..30).for_each(|index| world.restart(index));
    world.run_for(20_000);
    world.kill(0);
    assert_eq!(get(&mut world, 9, Get::plain(item.key)).unwrap(), item);
}

#[test]
fn a_put_ends_when_enough_have_it() {
    let mut world = joined(Options {
        nodes: 100,
        ..Options::default()
    });
    let item = signed(&author(1), "a", world.now(), b"x");
    let outcome = world.run(
        9,
        Command::Put(Put {
            item: item.clone(),
            require: Some(10),
            read_back: false,
        }),
    );
    let Some(Ok(Outcome::Stored(report))) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(report.stored, 10);
    world.run_for(5_000);
    let holders = world.truly_nearest(&item.key, 20);
    let holds = |index: &usize| world.node(*index).unwrap().item(&item.key).is_some();
    assert_eq!(holders.into_iter().filter(holds).count(), 20);
    let before = world.now();
    let next = signed(&author(1), "b", before, b"x");
    let content = Command::Put(Put {
        item: next.clone(),
        require: Some(0),
        read_back: false,
    });
    let outcome = world.run(9, content).unwrap();
    assert!(matches!(outcome, Ok(Outcome::Stored(report)) if report.stored == 0));
    assert_eq!(world.now(), before);
    world.run_for(5_000);
    let holders = world.truly_nearest(&next.key, 20);
    let holds = |index: &usize| world.node(*index).unwrap().item(&next.key).is_some();
    assert_eq!(holders.into_iter().filter(holds).count(), 20);
    let too_many = Command::Put(Put {
        item,
        require: Some(50),
        read_back: false,
    });
    let outcome = world.run(9, too_many).unwrap();
    assert!(matches!(outcome, Err(OperationError::NotStored(report)) if report.stored >= 19));
}

#[test]
fn a_restarted_node_finds_back_with_what_is_on_its_disk() {
    let mut world = joined(Options {
        nodes: 50,
        ..Options::default()
    });
    let item = signed(&author(1), "a", world.now(), b"x");
    put(&mut world, 9, &item);
    let nearest = world.truly_nearest(&item.key, 1)[0];
    world.kill(nearest);
    world.run_for(60_000);
    world.restart(nearest);
    world.run_for(10_000);
    let node = world.node(nearest).unwrap();
    assert_eq!(node.item(&item.key).unwrap().item(), &item);
    assert!(node.contacts().len() >= 20);
}

#[test]
fn a_newcomer_nearest_to_a_key_gets_its_item_at_once() {
    let mut world = World::new(Options {
        nodes: 101,
        ..Options::default()
    });
    (1..101).for_each(|index| world.restart(index));
    world.run_for(60_000);
    let items: Vec<_> = (0..100)
        .map(|n| signed(&author(1), &format!("{n}"), world.now(), b"x"))
        .collect();
    for item in &items {
        put(&mut world, 50, item);
    }
    world.restart(0);
    world.run_for(60_000);
    let should: Vec<_> = items
        .iter()
        .filter(|item| world.truly_nearest(&item.key, 20).contains(&0))
        .collect();
    let holds = |item: &&&Arc<Item>| world.node(0).unwrap().item(&item.key).is_some();
    assert!(should.len() > 5);
    assert!(should.iter().filter(holds).count() * 10 >= should.len() * 9);
}

#[test]
fn a_watch_tells_of_new_versions_even_if_the_watched_node_dies() {
    let mut world = joined(Options {
        nodes: 100,
        ..Options::default()
    });
    let first = signed(&author(1), "a", world.now(), b"1");
    put(&mut world, 9, &first);
    let watch = world.command(33, Command::Watch { key: first.key });
    world.run_for(5_000);
    let ended = world.take_ended(watch);
    assert!(
        matches!(ended, Some((_, Ok(Outcome::Watching { nodes: 3 })))),
        "{ended:?}"
    );
    world.kill(world.truly_nearest(&first.key, 1)[0]);
    let second = signed(&author(1), "a", world.now(), b"2");
    put(&mut world, 9, &second);
    world.run_for(2_000);
    let told: Vec<_> = world
        .updates()
        .iter()
        .map(|(_, item)| item.item().clone())
        .collect();
    assert_eq!(told, [first, second]);
}

#[test]
fn a_fifth_of_every_kind_of_liar_stops_nobody() {
    let plan = dht::sim::run::Plan {
        nodes: 150,
        hours: 0.1,
        items: 40,
        sybils: 0.2,
        loss: 0.01,
        ..Default::default()
    };
    println!("{plan:?}");
    let report = dht::sim::run::run(&plan, &mut |_| ());
    println!("{report:?}");
    let figure = |name| report.figures[name];
    assert_eq!(figure("forged_accepted"), 0.0);
    assert_eq!(figure("stale_accepted"), 0.0);
    assert!(figure("lookup_success") >= 0.97);
    assert!(figure("get_success") >= 0.98);
    assert!(figure("items_found_after") >= 0.98);
    assert_eq!(
        dht::sim::run::run(&plan, &mut |_| ()).figures,
        report.figures
    );
}

#[test]
fn content_is_found_by_what_it_contains_and_a_large_value_by_its_manifest() {
    let mut world = joined(Options {
        nodes: 60,
        ..Options::default()
    });
    let value: Vec<u8> = (0..3 * CHUNK_BYTES as u32).map(|n| (n / 3) as u8).collect();
    let manifest = Manifest::of(&value, 0).unwrap();
    for index in 0..manifest.count() {
        let chunk = Arc::new(manifest.chunk(&value, index).unwrap());
        assert!(put(&mut world, 5, &chunk) >= 19);
    }
    world.kill(5);
    let mut assembly = Assembly::new(manifest);
    for (index, key) in assembly.missing().collect::<Vec<_>>() {
        let chunk = get(&mut world, 40, Get::plain(key)).unwrap();
        assembly.put(index, chunk.value.clone().unwrap()).unwrap();
    }
    assert_eq!(assembly.finish(), Ok(value));
}

#[test]
fn a_fresh_read_tells_who_holds_an_item() {
    let mut world = joined(Options {
        nodes: 100,
        ..Options::default()
    });
    let item = signed(&author(1), "held", world.now(), b"value");
    assert!(put(&mut world, 3, &item) >= 19);
    let outcome = world.run(50, Command::Get(Get::fresh(item.key)));
    let Some(Ok(Outcome::Found(found))) = outcome else {
        panic!("{outcome:?}")
    };
    let truth = world.truly_nearest(&item.key, 20);
    assert!(found.holders.len() > 10);
    let nearest = world.contact(truth[0]);
    assert!(*nearest == found.holders[0].0 || truth[0] == 50);
    for (holder, version) in &found.holders {
        let held = world
            .index_of(holder)
            .and_then(|index| world.node(index)?.item(&item.key));
        assert_eq!(held.map(|item| item.version()), Some(*version));
    }
}

/// Ground ids, of every kind or all claiming to store what they do not, are the nearest to a key. What was
/// acknowledged to them alone would be lost.
#[test]
fn a_fresh_read_of_a_surrounded_item_is_never_stale() {
    for (adversary, count) in [(Adversary::Mixed, 40), (Adversary::Drop, 15)] {
        let author = author(1);
        let key = item_key(&author.verifying_key().into(), "surrounded");
        let mut world = joined(Options {
            nodes: 400,
            loss: 0.05,
            ground: Some((key, count)),
            adversary,
            join_contacts: 3,
            ..Options::default()
        });
        world.run_for(10 * 60 * 1000);
        for round in 0..8 {
            let item = signed(&author, "surrounded", world.now(), &[round]);
            let writer = world.random(400);
            let command = Command::Put(Put {
                item: item.clone(),
                require: Some(10),
                read_back: false,
            });
            let ended = world.run(writer, command);
            assert!(matches!(ended, Some(Ok(Outcome::Stored(_)))), "{ended:?}");
            for _ in 0..5 {
                let reader = world.random(400);
                let answer = get(&mut world, reader, Get::fresh(key));
                assert_eq!(answer.unwrap(), item, "round {round}");
            }
        }
    }
}
