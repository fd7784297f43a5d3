//! Practice networks: agreement, liars, lazy peers.

mod common;

use std::time::{Duration, Instant};

use common::{fake, spec};
use node::consensus::Agreement;
use node::error::NodeError;
use node::service::{Config, RemoteOptions, Service, Target};
use node::swarm::SwarmOptions;
use tokio::runtime::Handle;

async fn swarm(peers: usize, liars: usize, lazy: usize) -> Service {
    let service = Service::open(Config::default(), fake(), Handle::current()).unwrap();
    let options = SwarmOptions {
        peers,
        liars,
        lazy,
        corrupt: None,
    };
    service.swarm(options).await.unwrap();
    service
}

fn options(n: usize, quorum: usize) -> RemoteOptions {
    RemoteOptions {
        n,
        quorum,
        ..RemoteOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seven_peers_start_at_once_and_agree() {
    let began = Instant::now();
    let service = swarm(7, 0, 0).await;
    eprintln!("swarm of 7: {:?}", began.elapsed());
    let info = service.node_info().await.unwrap();
    assert_eq!((info.contacts, info.practice_peers), (7, 7));
    let mut times = Vec::new();
    for n in 0..20 {
        let began = Instant::now();
        let verdict = service
            .remote(spec(format!("sum {n} 1")), options(3, 2))
            .await
            .unwrap();
        times.push(began.elapsed());
        assert_eq!(verdict.agreement, Agreement::Agreed);
        assert_eq!(
            verdict.answer.unwrap().outcome,
            (n + 1).to_string().into_bytes()
        );
        assert_eq!(verdict.receipts.len(), 3);
        assert!(
            verdict
                .receipts
                .iter()
                .all(|receipt| receipt.receipt.fuel == n + 1)
        );
    }
    times.sort();
    eprintln!(
        "remote over 3: median {:?}, slowest {:?}",
        times[10], times[19]
    );
    service
        .put("greeting", b"hello".to_vec(), Default::default())
        .await
        .unwrap();
    let target = Target::Name {
        owner: None,
        name: "greeting".into(),
    };
    assert_eq!(service.get(&target, false).await.unwrap(), b"hello");
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn colluding_liars_never_win_and_end_blocked() {
    let service = swarm(7, 2, 0).await;
    for n in 0..200u64 {
        let verdict = service
            .remote(spec(format!("sum {n} 1")), options(5, 3))
            .await
            .unwrap();
        assert_eq!(
            verdict.answer.unwrap().outcome,
            (n + 1).to_string().into_bytes()
        );
        assert!(
            verdict
                .convicted
                .iter()
                .all(|liar| verdict.dissent.contains(liar))
        );
    }
    let peers = service.peers().await.unwrap();
    let blocked = peers.iter().filter(|peer| peer.blocked).count();
    assert_eq!(blocked, 2, "both liars are blocked");
    assert!(
        peers
            .iter()
            .all(|peer| peer.blocked == (peer.convicted > 0))
    );
    assert!(
        peers
            .iter()
            .filter(|peer| !peer.blocked)
            .all(|peer| peer.dissented == 0)
    );
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lazy_peers_delay_but_do_not_prevent_an_answer() {
    let service = swarm(7, 0, 3).await;
    for n in 0..5u64 {
        let began = Instant::now();
        let verdict = service
            .remote(spec(format!("sum {n}")), options(3, 2))
            .await
            .unwrap();
        assert_eq!(verdict.answer.unwrap().outcome, n.to_string().into_bytes());
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swarm_of_nonsense_is_refused() {
    let service = Service::open(Config::default(), fake(), Handle::current()).unwrap();
    for (peers, liars, lazy) in [(0, 0, 0), (3, 2, 2), (100_000, 0, 0)] {
        let options = SwarmOptions {
            peers,
            liars,
            lazy,
            corrupt: None,
        };
        assert!(matches!(
            service.swarm(options).await,
            Err(NodeError::WrongArgument(_))
        ));
    }
}
