//! What strangers say before their handshake is over: who is known is answered, and only what was asked.

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::node;
use common::raw::{DHT_ALPN, JOB_ALPN, Stranger};
use dht::wire::{RequestFrame, ResponseFrame};
use dht::{InteractionId, Request, Response};
use iroh::endpoint::{
    ConnectOptions, ConnectionError, OutgoingZeroRttConnection, RecvStream, SendStream, VarInt,
    ZeroRttStatus,
};
use iroh::{EndpointAddr, EndpointId, TransportAddr};
use node::keys::Id;
use node::service::{Config, Service};
use node::ticket::Ticket;
use node::wire::{JobFrame, JobMessage};
use tokio::net::UdpSocket;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What comes through on the way to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passage {
    Wide,
    /// Only what needs no handshake to be over, and what the node says waits.
    Held,
    /// Only what needs no handshake to be over, and all that the node says.
    Narrow,
}

/// More handshakes than a node has going on with those who may be elsewhere.
const UNHEARD: usize = 40;

/// A way to a node.
struct Way {
    address: SocketAddr,
    passage: watch::Sender<Passage>,
    /// How often the node asked for a proof of where somebody is.
    proofs: Arc<AtomicUsize>,
}

impl Way {
    async fn to(node: SocketAddr) -> Way {
        let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let far = UdpSocket::bind("[::1]:0").await.unwrap();
        far.connect(node).await.unwrap();
        let (passage, mut now) = watch::channel(Passage::Wide);
        let address = near.local_addr().unwrap();
        let proofs = Arc::<AtomicUsize>::default();
        let asked = proofs.clone();
        tokio::spawn(async move {
            let (mut there, mut back) = ([0; 2048], [0; 2048]);
            let mut from = None;
            loop {
                let passage = *now.borrow_and_update();
                tokio::select! {
                    Ok((length, origin)) = near.recv_from(&mut there) => {
                        from = Some(origin);
                        let datagram = &there[..length];
                        if passage == Passage::Wide || is_early(datagram) {
                            let _ = far.send(datagram).await;
                        }
                    }
                    Ok(length) = far.recv(&mut back), if passage != Passage::Held => {
                        asked.fetch_add(usize::from(is_retry(&back[..length])), Ordering::Relaxed);
                        if let Some(origin) = from {
                            let _ = near.send_to(&back[..length], origin).await;
                        }
                    }
                    Ok(()) = now.changed() => {}
                    else => return,
                }
            }
        });
        Way {
            address,
            passage,
            proofs,
        }
    }

    fn let_through(&self, passage: Passage) {
        self.passage.send_replace(passage);
    }

    fn ticket(&self, to: &Ticket) -> Ticket {
        Ticket {
            addresses: vec![self.address],
            ..to.clone()
        }
    }
}

/// Whether all packets of a datagram are of the kinds that may come before a handshake is over (RFC 9000, 17.2).
fn is_early(datagram: &[u8]) -> bool {
    let mut rest = datagram;
    while let Some((head, after)) = rest.split_first() {
        let is_long = head & 0x80 != 0;
        let (is_initial, is_early) = (head & 0x30 == 0, head & 0x30 == 0x10);
        if !is_long || !(is_initial || is_early) {
            return false;
        }
        // The version, and the two names of the connection.
        let mut after = &after[4..];
        for _ in 0..2 {
            after = &after[1 + usize::from(after[0])..];
        }
        if is_initial {
            let token = number(&mut after);
            after = &after[token..];
        }
        let length = number(&mut after);
        rest = &after[length..];
    }
    true
}

/// Whether a datagram asks for a proof of where its receiver is (RFC 9000, 17.2.5).
fn is_retry(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|head| head & 0xf0 == 0xf0)
}

/// A number of variable length (RFC 9000, 16).
fn number(bytes: &mut &[u8]) -> usize {
    let length = 1 << (bytes[0] >> 6);
    let (number, rest) = bytes.split_at(length);
    *bytes = rest;
    let first = usize::from(number[0] & 0x3f);
    number[1..]
        .iter()
        .fold(first, |number, byte| number << 8 | usize::from(*byte))
}

/// Has a node remember somebody.
async fn get_known(stranger: &Stranger, to: &Ticket) {
    let connection = resumed(stranger, to, DHT_ALPN).await;
    let status = connection.handshake_completed().await.unwrap();
    let (ZeroRttStatus::Accepted(connection) | ZeroRttStatus::Rejected(connection)) = status;
    stranger.ask(&connection, Request::Ping).await.unwrap();
    connection.close(VarInt::from_u32(0), b"");
}

/// A connection on which something can be said at once, once there is one.
async fn resumed(stranger: &Stranger, to: &Ticket, alpn: &[u8]) -> OutgoingZeroRttConnection {
    for _ in 0..100 {
        let id = EndpointId::from_bytes(to.key.as_bytes()).unwrap();
        let addresses = to.addresses.iter().copied().map(TransportAddr::Ip);
        let address = EndpointAddr::from_parts(id, addresses);
        let options = ConnectOptions::default();
        let connecting = stranger.endpoint.connect_with_opts(address, alpn, options);
        match connecting.await.unwrap().into_0rtt() {
            Ok(resumed) => return resumed,
            Err(connecting) => {
                let connection = connecting.await.unwrap();
                // What is to be remembered has come when an answer has.
                stranger.ask(&connection, Request::Ping).await;
                connection.close(VarInt::from_u32(0), b"");
            }
        }
    }
    panic!("the node is never remembered");
}

async fn say(connection: &OutgoingZeroRttConnection, request: Request) -> RecvStream {
    let frame = RequestFrame {
        interaction: InteractionId(5),
        addresses: Vec::new(),
        request,
    };
    let (mut send, receive) = connection.open_bi().await.unwrap();
    send.write_all(&frame.encode()).await.unwrap();
    send.finish().unwrap();
    receive
}

async fn hear(mut receive: RecvStream) -> Response {
    let bytes = receive.read_to_end(1 << 20).await.unwrap();
    ResponseFrame::decode(&bytes).unwrap().response
}

fn watch_request() -> Request {
    Request::Watch {
        key: Id::hash(b"item"),
        lasting_ms: 60_000,
    }
}

/// A node that nobody reaches but on a way.
async fn distant() -> Option<Service> {
    if UdpSocket::bind("[::1]:0").await.is_err() {
        // The stranger would find another way.
        eprintln!("not run: this machine has no IPv6");
        return None;
    }
    let config = Config {
        listen: Some("[::1]:0".parse().unwrap()),
        ..common::config(None, &[])
    };
    Some(Service::open(config, common::fake(), Handle::current()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hears_no_answer_takes_nobodys_place() {
    let Some(service) = distant().await else {
        return;
    };
    let real = service.listen().await.unwrap();
    let (way, others) = (
        Way::to(real.addresses[0]).await,
        Way::to(real.addresses[0]).await,
    );
    let early = Stranger::new().await;
    let connected = early.connect(&way.ticket(&real), DHT_ALPN).await.unwrap();
    assert!(early.ask(&connected, Request::Ping).await.is_some());
    assert_eq!(way.proofs.load(Ordering::Relaxed), 0);
    // Like packets that name a sender who knows nothing of them.
    others.let_through(Passage::Held);
    let unheard = Arc::new(Stranger::new().await);
    let ticket = others.ticket(&real);
    let mut waiting = JoinSet::new();
    for _ in 0..UNHEARD {
        let (unheard, ticket) = (unheard.clone(), ticket.clone());
        waiting.spawn(async move { unheard.connect(&ticket, DHT_ALPN).await });
    }
    common::until("a proof is asked for", || async {
        let (late, way) = (Stranger::new().await, Way::to(real.addresses[0]).await);
        let connected = late.connect(&way.ticket(&real), DHT_ALPN).await.unwrap();
        assert!(late.ask(&connected, Request::Ping).await.is_some());
        way.proofs.load(Ordering::Relaxed) > 0
    })
    .await;
    assert!(early.ask(&connected, Request::Ping).await.is_some());
    assert!(connected.close_reason().is_none());
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_before_the_handshake_is_over_and_nothing_else_is_done() {
    let Some(service) = distant().await else {
        return;
    };
    let real = service.listen().await.unwrap();
    let way = Way::to(real.addresses[0]).await;
    let ticket = way.ticket(&real);
    let stranger = Stranger::new().await;
    get_known(&stranger, &ticket).await;

    // The first packets get through, but not the end of the handshake.
    way.let_through(Passage::Held);
    let connection = resumed(&stranger, &ticket, DHT_ALPN).await;
    let mut watching = Box::pin(hear(say(&connection, watch_request()).await));
    let asked = say(&connection, Request::Ping).await;
    way.let_through(Passage::Narrow);
    tokio::select! {
        biased;
        answer = &mut watching => panic!("it was too early for {answer:?}"),
        answer = hear(asked) => assert_eq!(answer, Response::Pong),
    }
    let received = service.metrics().await.unwrap().dht.received;
    assert_eq!(received.watch, 0);
    way.let_through(Passage::Wide);
    let answer = watching.await;
    assert!(matches!(answer, Response::Watching { .. }), "{answer:?}");
    let status = connection.handshake_completed().await.unwrap();
    assert!(matches!(status, ZeroRttStatus::Accepted(_)));
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_comes_early_is_run_after_the_handshake() {
    let service = node(None, &[]).await;
    let ticket = service.listen().await.unwrap();
    let stranger = Stranger::new().await;
    let job = || JobFrame {
        interaction: InteractionId(77),
        message: JobMessage::Submit(Box::new(stranger.job("sum 1 2 3"))),
    };
    // What is remembered of the other protocol is not good for this one.
    get_known(&stranger, &ticket).await;
    for _ in 0..100 {
        let connection = resumed(&stranger, &ticket, JOB_ALPN).await;
        let (send, receive) = connection.open_bi().await.unwrap();
        let _send = submit(send, &job()).await;
        match connection.handshake_completed().await.unwrap() {
            ZeroRttStatus::Accepted(_) => {
                assert_eq!(answer(receive).await.message, JobMessage::Accepted);
                service.close().await;
                return;
            }
            ZeroRttStatus::Rejected(connection) => {
                let (send, receive) = connection.open_bi().await.unwrap();
                let _send = submit(send, &job()).await;
                assert_eq!(answer(receive).await.message, JobMessage::Accepted);
            }
        }
    }
    panic!("nothing is ever taken early");
}

async fn submit(mut send: SendStream, frame: &JobFrame) -> SendStream {
    let bytes = frame.encode();
    let length = (bytes.len() as u32).to_be_bytes();
    // What is not taken early is said again.
    let _ = send.write_all(&[&length[..], &bytes].concat()).await;
    send
}

async fn answer(mut receive: RecvStream) -> JobFrame {
    let mut length = [0; 4];
    receive.read_exact(&mut length).await.unwrap();
    let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
    receive.read_exact(&mut bytes).await.unwrap();
    JobFrame::decode(&bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_many_connections_is_not_heard_early_either() {
    let service = node(None, &[]).await;
    let ticket = service.listen().await.unwrap();
    let stranger = Stranger::new().await;
    get_known(&stranger, &ticket).await;
    let mut open = Vec::new();
    loop {
        let connection = stranger.connect(&ticket, DHT_ALPN).await.unwrap();
        if stranger.ask(&connection, Request::Ping).await.is_none() {
            break;
        }
        open.push(connection);
    }
    assert_eq!(open.len(), 8);
    is_turned_away(&stranger, &ticket, 10).await;
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_blocked_is_not_heard_early_either() {
    let service = node(None, &[]).await;
    let ticket = service.listen().await.unwrap();
    let stranger = Stranger::new().await;
    get_known(&stranger, &ticket).await;
    let connection = stranger.connect(&ticket, DHT_ALPN).await.unwrap();
    let forgery = stranger.store("name", |item| item.signature.0[7] ^= 1);
    stranger.ask(&connection, forgery).await.unwrap();
    connection.closed().await;
    let heard = service.metrics().await.unwrap().dht.received.ping;
    is_turned_away(&stranger, &ticket, 11).await;
    let heard_since = service.metrics().await.unwrap().dht.received.ping - heard;
    assert_eq!(heard_since, 0);
    service.close().await;
}

/// Who is remembered is told nothing, and has the connection closed.
async fn is_turned_away(stranger: &Stranger, to: &Ticket, code: u32) {
    let early = resumed(stranger, to, DHT_ALPN).await;
    let asked = hear_if_any(say(&early, Request::Ping).await).await;
    assert_eq!(asked, None);
    match early.closed().await {
        // Before the end of a handshake it is not said why (RFC 9000, 10.2.3).
        ConnectionError::ConnectionClosed(_) => {}
        ConnectionError::ApplicationClosed(close) => {
            assert_eq!(close.error_code, VarInt::from_u32(code));
        }
        other => panic!("the node did not close it: {other:?}"),
    }
}

async fn hear_if_any(mut receive: RecvStream) -> Option<Response> {
    let read = receive.read_to_end(1 << 20);
    let bytes = tokio::time::timeout(Duration::from_secs(10), read).await;
    let bytes = bytes.expect("it is told at once").ok()?;
    Some(ResponseFrame::decode(&bytes).ok()?.response)
}
