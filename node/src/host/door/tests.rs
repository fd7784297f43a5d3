use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use node::identity::random_bytes;
use node::keys::{Id, PublicKey, to_hex};
use node::service::{Config, PutOptions, RemoteOptions};
use node::wire::{decode, encode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::runtime::Handle;

use super::*;
use crate::host::asks::{Owner, Place};
use crate::host::data::{Data, Reply};
use crate::host::peer::{Peer, PracticeSettings};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Folder {
        let name = format!("logos-door-{}", to_hex(&random_bytes::<8>()));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn peer(folder: &Folder, practice: Option<PracticeSettings>) -> Peer {
    let config = Config {
        data: Some(folder.0.clone()),
        ..Config::default()
    };
    Peer::open(config, practice, Handle::current()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_are_answered_by_the_node_until_it_ends() {
    let folder = Folder::new();
    assert_eq!(
        connect(&folder.0).await.unwrap_err(),
        ConnectFailure::Nobody
    );
    let peer = peer(&folder, None);
    let keeper = Keeper::open(&folder.0, peer.clone()).unwrap();
    let guest = connect(&folder.0).await.unwrap();
    let key = Data::Bytes(peer.service.my_key().as_bytes().to_vec());
    assert_eq!(guest.ask(NodeAsk::MyKey).await, Some(Reply::Value(key)));
    keeper.close();
    guest.gone().await;
    assert_eq!(guest.ask(NodeAsk::MyKey).await, None);
    assert_eq!(
        connect(&folder.0).await.unwrap_err(),
        ConnectFailure::Nobody
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_drops_is_cancelled() {
    let folder = Folder::new();
    let practice = PracticeSettings {
        peers: 3,
        liars: 0,
        lazy: 3,
    };
    let peer = peer(&folder, Some(practice));
    let _keeper = Keeper::open(&folder.0, peer).unwrap();
    let guest = connect(&folder.0).await.unwrap();
    let asking = guest.clone();
    let asked = tokio::spawn(async move {
        let ask = NodeAsk::Remote {
            program: vec![1],
            options: RemoteOptions::default(),
            peers: Vec::new(),
        };
        asking.ask(ask).await
    });
    state_becomes(&guest, ":running").await;
    asked.abort();
    state_becomes(&guest, ":cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_are_never_told_that_the_node_was_shut_down() {
    let folder = Folder::new();
    let peer = peer(&folder, None);
    let (ours, theirs) = UnixStream::pair().unwrap();
    // The moment between the end of the node and that of the guest's task.
    peer.service.close().await;
    let is_closing = Arc::new(AtomicBool::new(true));
    let attending = tokio::spawn(keeper::attend(ours, peer, is_closing));
    let guest = Guest::meet(theirs).await.unwrap();
    assert_eq!(guest.ask(NodeAsk::Info).await, None);
    attending.await.unwrap();
}

/// Waits until the only job is in that state.
async fn state_becomes(guest: &Guest, wanted: &'static str) {
    let deadline = Instant::now() + PATIENCE;
    let wanted = (Data::Name(":state".into()), Data::Name(wanted.into()));
    loop {
        if let Some(Reply::Value(Data::List(jobs))) = guest.ask(NodeAsk::Jobs).await
            && let [Data::Dict(fields)] = &jobs[..]
            && fields.contains(&wanted)
        {
            return;
        }
        assert!(Instant::now() < deadline, "{wanted:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_versions_and_nonsense_are_turned_away() {
    let folder = Folder::new();
    let _keeper = Keeper::open(&folder.0, peer(&folder, None)).unwrap();
    let path = folder.0.join("socket");
    let too_long = (SAID_BYTES_MAX as u32 + 1).to_be_bytes();
    let greeting = DOOR_VERSION.to_be_bytes();
    let other = (DOOR_VERSION + 1).to_be_bytes();
    let sent: [Vec<u8>; 3] = [
        other.to_vec(),
        [&greeting[..], &too_long].concat(),
        [&greeting[..], &[0, 0, 0, 1, 99]].concat(),
    ];
    for sent in sent {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(&sent).await.unwrap();
        let mut heard = Vec::new();
        // The keeper says its version and hangs up.
        stream.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, greeting, "{sent:?}");
    }
    assert!(connect(&folder.0).await.is_ok());
}

#[test]
fn only_the_owner_may_open_the_socket() {
    use std::os::unix::fs::PermissionsExt as _;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let folder = Folder::new();
    let deep = folder.0.join("d".repeat(60)).join("e".repeat(60));
    std::fs::create_dir_all(&deep).unwrap();
    let mut folders = vec![folder.0.clone()];
    // Where paths of sockets are short, a long one needs the system's help.
    if std::path::Path::new("/proc/self/fd").exists() {
        folders.push(deep);
    }
    for folder in folders {
        let (_listener, door) = socket::listen(&folder).unwrap();
        let file = folder.join("socket");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        runtime.block_on(socket::connect(&folder)).unwrap();
        drop(door);
        assert!(!file.exists());
    }
}

/// If this fails, raise [`DOOR_VERSION`].
#[test]
fn what_is_said_keeps_its_bytes() {
    let owner = Owner::Key(PublicKey::from_bytes([7; 32]));
    let checks = [
        (Said::Cancel(300), "01fb2c01".to_string()),
        (Said::Ask(1, NodeAsk::Info), "00010c".into()),
        (
            Said::Ask(2, NodeAsk::Job(Id::from_bytes([9; 64]))),
            format!("000211{}", "09".repeat(64)),
        ),
        (
            Said::Ask(
                3,
                NodeAsk::Put {
                    name: "n".into(),
                    value: vec![5],
                    options: PutOptions::default(),
                    to: None,
                },
            ),
            "000300016e0105000000000000".into(),
        ),
        (
            Said::Ask(
                4,
                NodeAsk::Get {
                    place: Place::Name("n".into(), Some(owner)),
                    is_fresh: true,
                    is_whole: false,
                    has_value: true,
                    at_most: 9,
                },
            ),
            format!("00040201016e0100{}01000109", "07".repeat(32)),
        ),
        (
            Said::Ask(
                5,
                NodeAsk::Remote {
                    program: vec![1],
                    options: RemoteOptions::default(),
                    peers: vec![Owner::Petname("a".into())],
                },
            ),
            "00050a0101".to_string() + "0302fc00e1f505fc000000041e0000" + "000101" + "0161",
        ),
    ];
    assert_eq!(DOOR_VERSION, 6);
    for (said, expected) in checks {
        let bytes = encode(&said);
        assert_eq!(to_hex(&bytes), expected, "{said:?}");
        assert_eq!(decode::<Said>(&bytes).unwrap(), said);
    }
    let reply = (7u64, Reply::error(":timeout", "late"));
    assert_eq!(
        to_hex(&encode(&reply)),
        "0701083a74696d656f7574046c61746500"
    );
}
