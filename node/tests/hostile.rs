//! Whatever a peer sends: the right error code, no harm to others, blocked only on proof.

mod common;

use std::time::Duration;

use common::raw::{DHT_ALPN, JOB_ALPN, Stranger, Talk};
use common::{network, until};
use dht::wire::{FRAME_BYTES_MAX, RequestFrame, ResponseFrame};
use dht::{ErrorCode, FindValue, InteractionId, Item, Request, Response};
use node::identity::random_bytes;
use node::service::{PutOptions, Service, Target};
use node::ticket::Ticket;
use node::wire::{JOB_FRAME_BYTES_MAX, JobFrame, JobMessage};
use tokio::task::JoinSet;

async fn is_healthy(node: &Service, other: &Service) {
    node.put("health", b"good".to_vec(), PutOptions::default())
        .await
        .unwrap();
    let target = Target::Name {
        owner: Some(node.my_key()),
        name: "health".into(),
    };
    assert_eq!(other.get(&target, true).await.unwrap(), b"good");
    let blocked = node.node_info().await.unwrap().blocked;
    assert_eq!(blocked, 0, "nonsense is no proof of anything");
}

fn code(response: Option<dht::wire::ResponseFrame>) -> Option<ErrorCode> {
    match response?.response {
        Response::Failure(failure) => Some(failure.code),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_request_gets_its_error_code() {
    let nodes = network(2).await;
    let ticket = nodes[0].listen().await.unwrap();
    let stranger = Stranger::new().await;
    let connection = stranger.connect(&ticket, DHT_ALPN).await.unwrap();
    let interaction = InteractionId(9);
    let good = RequestFrame {
        interaction,
        addresses: Vec::new(),
        request: Request::Ping,
    }
    .encode();
    let changed = |index: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[index] = byte;
        bytes
    };
    let cases = [
        (changed(1, 9), ErrorCode::UnsupportedProtocol),
        (changed(18, 99), ErrorCode::UnknownRequest),
        (good[..good.len() - 1].to_vec(), ErrorCode::BadRequest),
        ([&good[..], &[0]].concat(), ErrorCode::BadRequest),
        (Vec::new(), ErrorCode::BadRequest),
        (vec![0; FRAME_BYTES_MAX + 1], ErrorCode::TooBig),
    ];
    for (bytes, wanted) in cases {
        let answer = stranger.ask_bytes(&connection, &bytes).await;
        assert_eq!(code(answer), Some(wanted), "{} bytes", bytes.len());
    }
    let pong = stranger.ask_bytes(&connection, &good).await.unwrap();
    assert_eq!(
        (pong.interaction, pong.response),
        (interaction, Response::Pong)
    );
    is_healthy(&nodes[0], &nodes[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_job_frame_gets_its_error_code() {
    let nodes = network(2).await;
    let ticket = nodes[0].listen().await.unwrap();
    let stranger = Stranger::new().await;
    let submit = JobMessage::Submit(Box::new(stranger.job("sum 1")));
    let good = JobFrame {
        interaction: InteractionId(9),
        message: submit,
    }
    .encode();
    let framed = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
    let changed = |index: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[index] = byte;
        framed(&bytes)
    };
    let reveal = JobFrame {
        interaction: InteractionId(9),
        message: JobMessage::Reveal(vec![]),
    };
    let cases = [
        (changed(1, 9), ErrorCode::UnsupportedProtocol),
        (changed(18, 99), ErrorCode::UnknownRequest),
        (framed(&good[..good.len() - 1]), ErrorCode::BadRequest),
        (framed(&reveal.encode()), ErrorCode::BadRequest),
        (framed(&[]), ErrorCode::BadRequest),
        (good[..20].to_vec(), ErrorCode::BadRequest),
        (
            (JOB_FRAME_BYTES_MAX as u32 + 1).to_be_bytes().to_vec(),
            ErrorCode::TooBig,
        ),
        (u32::MAX.to_be_bytes().to_vec(), ErrorCode::TooBig),
        (framed(&good)[..50].to_vec(), ErrorCode::BadRequest),
    ];
    for (number, (bytes, wanted)) in cases.into_iter().enumerate() {
        let mut talk = stranger.talk(&ticket).await;
        talk.say_bytes(&bytes).await;
        let _ = talk.send.finish();
        let answer = talk.hear().await.map(|frame| frame.message);
        assert_eq!(answer, Some(JobMessage::Failure(wanted)), "case {number}");
    }
    is_healthy(&nodes[0], &nodes[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_random_bytes_leave_the_node_healthy_and_its_memory_flat() {
    let nodes = network(2).await;
    let ticket = nodes[0].listen().await.unwrap();
    let before = resident_mib();
    let flood = |alpn: &'static [u8]| {
        let ticket = ticket.clone();
        async move {
            let stranger = Stranger::new().await;
            let connection = stranger.connect(&ticket, alpn).await.unwrap();
            for round in 0..400 {
                let mut bytes = vec![0; 80_000];
                bytes.chunks_exact_mut(32).for_each(|chunk| {
                    chunk.copy_from_slice(&random_bytes::<32>());
                });
                if round % 2 == 0 {
                    // As far as the version it is a frame.
                    let start = if alpn == JOB_ALPN { 4 } else { 0 };
                    bytes[start..start + 2].copy_from_slice(&[0, 1]);
                    bytes[start + 18] = round as u8 % 8;
                    if alpn == JOB_ALPN {
                        bytes[..4].copy_from_slice(&60_000u32.to_be_bytes());
                    }
                }
                let _ = stranger.ask_bytes(&connection, &bytes).await;
            }
        }
    };
    tokio::join!(flood(DHT_ALPN), flood(JOB_ALPN));
    is_healthy(&nodes[0], &nodes[1]).await;
    let grown = resident_mib().saturating_sub(before);
    assert!(grown < 96, "grown by {grown} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_streams_keep_nobody_else_waiting() {
    let nodes = network(2).await;
    let ticket = nodes[0].listen().await.unwrap();
    let stranger = Stranger::new().await;
    let mut talks: Vec<Talk> = Vec::new();
    for _ in 0..6 {
        let mut talk = stranger.talk(&ticket).await;
        talk.say_bytes(&100_000u32.to_be_bytes()).await;
        talks.push(talk);
    }
    is_healthy(&nodes[0], &nodes[1]).await;
    // Too many connections from one peer: the others are closed, the node goes on.
    let mut closed = 0;
    let mut kept = Vec::new();
    for _ in 0..20 {
        if let Some(connection) = stranger.connect(&ticket, DHT_ALPN).await {
            let ping = stranger.ask(&connection, Request::Ping);
            let answer = tokio::time::timeout(Duration::from_secs(5), ping).await;
            closed += usize::from(answer.unwrap().is_none());
            kept.push(connection);
        }
    }
    assert!(closed > 0);
    is_healthy(&nodes[0], &nodes[1]).await;
}

/// The answers to a peer that reads none take no more than that peer's share of the memory.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_no_answers_is_told_that_there_is_no_room_for_more() {
    const SHARE_BYTES: usize = 8 * 1024 * 1024;
    let nodes = network(2).await;
    let value = vec![7; 60_000];
    let put = nodes[0].put("large", value.clone(), PutOptions::default());
    let key = put.await.unwrap().key;
    let find = || FindValue {
        key,
        newer_than: None,
        fresh: true,
    };
    let ticket = nodes[0].listen().await.unwrap();
    let stranger = Stranger::narrow().await;
    let before = nodes[0].metrics().await.unwrap().dht.received.find_value;
    let mut unread = Vec::new();
    let mut connections = Vec::new();
    for _ in 0..5 {
        let connection = stranger.connect(&ticket, DHT_ALPN).await.unwrap();
        for _ in 0..50 {
            let find = Request::FindValue(find());
            unread.push(stranger.say(&connection, find).await);
        }
        connections.push(connection);
    }
    until("all is heard", || async {
        let heard = nodes[0].metrics().await.unwrap().dht.received;
        heard.find_value - before >= unread.len() as u64
    })
    .await;
    is_healthy(&nodes[0], &nodes[1]).await;
    let mut reading = JoinSet::new();
    for mut receive in unread {
        reading.spawn(async move {
            let bytes = receive.read_to_end(1 << 20).await.ok()?;
            ResponseFrame::decode(&bytes).ok()
        });
    }
    let (mut values, mut refused) = (0, 0);
    for answer in reading.join_all().await {
        match answer.map(|frame| frame.response) {
            Some(Response::Value(_)) => values += 1,
            Some(Response::Failure(failure)) if failure.code == ErrorCode::Busy => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(
        values > 0 && values * value.len() <= SHARE_BYTES,
        "{values}"
    );
    assert!(refused > 0);
    // Who reads gets all again.
    let answer = stranger.ask(&connections[0], Request::FindValue(find()));
    let answer = answer.await.unwrap().response;
    assert!(matches!(answer, Response::Value(_)), "{answer:?}");
}

/// What is done to an item after it was signed.
type Change = fn(&mut Item);

#[tokio::test(flavor = "multi_thread")]
async fn who_passes_on_a_forged_item_is_blocked_and_nobody_else() {
    let nodes = network(2).await;
    let ticket = nodes[0].listen().await.unwrap();
    let honest = Stranger::new().await;
    let connection = honest.connect(&ticket, DHT_ALPN).await.unwrap();
    // Wrong, but not provably so.
    let cases: [(Change, ErrorCode); 2] = [
        (
            |item| item.created_with = 99,
            ErrorCode::UnsupportedProtocol,
        ),
        (|item| item.name.clear(), ErrorCode::BadRequest),
    ];
    for (change, wanted) in cases {
        let answer = honest.ask(&connection, honest.store("n", change)).await;
        assert_eq!(code(answer), Some(wanted));
    }
    assert!(is_served(&honest, &ticket).await);
    let forgeries: [(Change, ErrorCode); 4] = [
        (
            |item| item.value = Some(b"other".to_vec()),
            ErrorCode::UnverifiableProvenance,
        ),
        (
            |item| item.signature.0[7] ^= 1,
            ErrorCode::UnverifiableProvenance,
        ),
        (
            |item| item.timestamp += 1,
            ErrorCode::UnverifiableProvenance,
        ),
        (
            |item| item.key = dht::Id::hash(b"elsewhere"),
            ErrorCode::KeyMismatch,
        ),
    ];
    for (change, wanted) in forgeries {
        let forger = Stranger::new().await;
        let connection = forger.connect(&ticket, DHT_ALPN).await.unwrap();
        let answer = forger.ask(&connection, honest.store("n", change)).await;
        assert_eq!(code(answer), Some(wanted));
        until("the open connection is closed", || async {
            connection.close_reason().is_some()
        })
        .await;
        assert!(
            !is_served(&forger, &ticket).await,
            "a new connection is refused too"
        );
    }
    assert!(is_served(&honest, &ticket).await);
    assert_eq!(nodes[0].node_info().await.unwrap().blocked, 4);
}

async fn is_served(stranger: &Stranger, ticket: &Ticket) -> bool {
    match stranger.connect(ticket, DHT_ALPN).await {
        Some(connection) => stranger.ask(&connection, Request::Ping).await.is_some(),
        None => false,
    }
}

fn resident_mib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096 / 1024 / 1024
}
