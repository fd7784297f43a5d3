//! Finding each other on the local network, where there is one that carries multicast.

mod common;

use std::time::Duration;

use common::fake;
use node::service::{Config, Service};
use tokio::runtime::Handle;

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_network_need_no_introduction() {
    let config = || Config {
        lan: true,
        serve: true,
        ..Config::default()
    };
    let open = || Service::open(config(), fake(), Handle::current()).unwrap();
    let (one, other) = (open(), open());
    if one.listen().await.is_err() || other.listen().await.is_err() {
        eprintln!("no multicast here: nothing is shown");
        return;
    }
    let meeting = async {
        while one.node_info().await.unwrap().contacts == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(5), meeting)
        .await
        .is_err()
    {
        eprintln!("multicast does not come through here: nothing is shown");
        return;
    }
    let peers = one.peers().await.unwrap();
    assert_eq!(peers[0].key, other.my_key());
}
