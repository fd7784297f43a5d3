//! Jobs across real sockets: refusals, time, cancelling, repeats, restarts.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::raw::{JOB_ALPN, Stranger, Talk, signed};
use common::{Fake, Folder, config, fake, network, node, node_with, spec, until};
use dht::{Id, InteractionId};
use node::consensus::{Agreement, Verdict};
use node::error::NodeError;
use node::jobs::Status;
use node::service::{Config, JobState, Limits, PutOptions, RemoteOptions, Service};
use node::wire::{JobMessage, Refusal};
use tokio::runtime::Handle;

fn options(n: usize, quorum: usize) -> RemoteOptions {
    RemoteOptions {
        n,
        quorum,
        timeout: Duration::from_secs(5),
        ..RemoteOptions::default()
    }
}

async fn remote(
    service: &Service,
    program: &str,
    options: RemoteOptions,
) -> Result<Verdict, NodeError> {
    service.remote(spec(program), options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_agree_and_everything_is_kept() {
    let nodes = network(4).await;
    let verdict = remote(&nodes[0], "sum 40 2", options(3, 2)).await.unwrap();
    assert_eq!(verdict.answer.as_ref().unwrap().outcome, b"42");
    assert_eq!((verdict.groups.len(), verdict.dissent.len()), (1, 0));
    assert!(verdict.receipts.iter().all(|receipt| receipt.is_valid()));
    let me = nodes[0].my_key();
    assert!(
        verdict
            .receipts
            .iter()
            .all(|receipt| receipt.receipt.worker != me)
    );
    let job = nodes[0].job(&verdict.job).await.unwrap().unwrap();
    assert_eq!((job.state, job.verdict), (JobState::Done, Some(verdict)));
    assert_eq!(nodes[0].jobs().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn deterministic_failures_are_voted_on_and_big_outcomes_arrive() {
    let nodes = network(3).await;
    let check = async |program: &str, fuel, status, size| {
        let options = RemoteOptions {
            fuel,
            ..options(2, 2)
        };
        let verdict = remote(&nodes[0], program, options).await.unwrap();
        let answer = verdict.answer.unwrap();
        assert_eq!((answer.status, answer.outcome.len()), (status, size));
    };
    check("burn", 1000, Status::FuelExhausted, 4).await;
    check("nonsense", 1000, Status::Error, 7).await;
    check("big", 1000, Status::Value, 1024 * 1024).await;
    // More fuel than anybody lends: running out of what is lent is nobody's vote.
    let greedy = RemoteOptions {
        fuel: u64::MAX,
        ..options(2, 2)
    };
    assert_eq!(
        remote(&nodes[0], "burn", greedy).await.unwrap_err().kind(),
        "refused"
    );
    let greedy = RemoteOptions {
        memory: u64::MAX,
        ..options(2, 2)
    };
    assert_eq!(
        remote(&nodes[0], "sum 1", greedy).await.unwrap_err().kind(),
        "refused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_equal_answers_are_no_agreement() {
    let nodes = network(3).await;
    let error = remote(&nodes[0], "sum 1", options(2, 3)).await.unwrap_err();
    let NodeError::NoAgreement(verdict) = error else {
        panic!("{error:?}")
    };
    assert_eq!(verdict.agreement, Agreement::NoAgreement);
    assert_eq!((verdict.groups.len(), verdict.receipts.len()), (1, 2));
    for (n, quorum) in [(0, 1), (1, 0), (1000, 1)] {
        let error = remote(&nodes[0], "sum 1", options(n, quorum))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), "wrong-argument");
    }
    let program = "x".repeat(1024 * 1024);
    assert_eq!(
        remote(&nodes[0], &program, options(2, 2))
            .await
            .unwrap_err()
            .kind(),
        "too-big"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_refused() {
    let old = node_with(
        Arc::new(Fake {
            language: 1,
            ..Fake::default()
        }),
        None,
        &[],
    )
    .await;
    let new = node(None, &[old.listen().await.unwrap()]).await;
    let error = remote(&new, "sum 1", options(1, 1)).await.unwrap_err();
    assert_eq!(error.kind(), "refused");
    assert!(error.to_string().contains("another version"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_jobs_time_out_while_the_dht_is_served() {
    let nodes = network(3).await;
    let short = RemoteOptions {
        timeout: Duration::from_millis(700),
        ..options(2, 2)
    };
    let began = Instant::now();
    let (asked, put) = tokio::join!(
        remote(&nodes[0], "spin", short),
        nodes[0].put(
            "n",
            b"v".to_vec(),
            PutOptions {
                require: Some(2),
                ..PutOptions::default()
            }
        ),
    );
    assert_eq!(asked.unwrap_err().kind(), "timeout");
    assert_eq!(put.unwrap().counts.stored, 2);
    assert!(began.elapsed() < Duration::from_secs(5));
    let idle = |node: &Service| {
        let node = node.clone();
        async move { node.node_info().await.unwrap().jobs_running == 0 }
    };
    until("the workers are idle", || async {
        idle(&nodes[1]).await && idle(&nodes[2]).await
    })
    .await;
    assert!(remote(&nodes[0], "sum 1", options(2, 2)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_future_stops_the_job_on_every_peer() {
    let nodes = network(3).await;
    let submitter = nodes[0].clone();
    let asking =
        tokio::spawn(async move { remote(&submitter, "spin", options(2, 2)).await.map(|_| ()) });
    let running = async |node: &Service| node.node_info().await.unwrap().jobs_running;
    until("both run it", || async {
        running(&nodes[1]).await == 1 && running(&nodes[2]).await == 1
    })
    .await;
    asking.abort();
    until("both have stopped", || async {
        running(&nodes[1]).await == 0 && running(&nodes[2]).await == 0
    })
    .await;
    until("the job counts as cancelled", || async {
        nodes[0].jobs().await.unwrap()[0].state == JobState::Cancelled
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_wanted_peers_are_asked() {
    let nodes = network(4).await;
    let wanted = vec![nodes[2].my_key()];
    let options = RemoteOptions {
        peers: wanted.clone(),
        ..options(3, 1)
    };
    let verdict = remote(&nodes[0], "sum 1", options).await.unwrap();
    assert_eq!(verdict.groups[0].peers, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_once_however_often_it_is_sent_and_survives_a_restart() {
    let folder = Folder::new();
    let evaluator = fake();
    let worker = node_with(evaluator.clone(), Some(folder.path()), &[]).await;
    let stranger = Stranger::new().await;
    let job = stranger.job("sum 20 22");
    let ticket = worker.listen().await.unwrap();
    let first = stranger.run(&ticket, &job).await.unwrap();
    assert_eq!(first.outcome, b"42");
    assert_eq!(stranger.run(&ticket, &job).await.unwrap(), first);
    assert_eq!(evaluator.evaluations.load(Ordering::SeqCst), 1);
    worker.close().await;
    drop(worker);
    let again = node_with(evaluator.clone(), Some(folder.path()), &[]).await;
    let ticket = again.listen().await.unwrap();
    assert_eq!(stranger.run(&ticket, &job).await.unwrap(), first);
    assert_eq!(evaluator.evaluations.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_taken_from_its_submitter_only_and_in_its_time_only() {
    let worker = node(None, &[]).await;
    let ticket = worker.listen().await.unwrap();
    let (stranger, thief) = (Stranger::new().await, Stranger::new().await);
    let job = stranger.job("sum 1");
    assert_eq!(
        thief.run(&ticket, &job).await,
        Err(JobMessage::Refused(Refusal::NotYours))
    );
    let mut changed = job.clone();
    changed.job.fuel += 1;
    assert_eq!(
        stranger.run(&ticket, &changed).await,
        Err(JobMessage::Refused(Refusal::NotYours))
    );
    for expires in [0, 1, u64::MAX] {
        let mut late = job.job.clone();
        late.expires = expires;
        let late = signed(late, &stranger.key);
        assert_eq!(
            stranger.run(&ticket, &late).await,
            Err(JobMessage::Refused(Refusal::Expired))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_fill_their_queue_and_no_more() {
    let limits = Limits {
        workers: 2,
        waiting: 16,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..config(None, &[])
    };
    let worker = Service::open(config, fake(), Handle::current()).unwrap();
    let ticket = worker.listen().await.unwrap();
    let stranger = Stranger::new().await;
    let connection = stranger.connect(&ticket, JOB_ALPN).await.unwrap();
    let mut talks = Vec::new();
    for _ in 0..40 {
        let mut talk = Talk::on(&connection).await;
        let job = Box::new(stranger.job("spin"));
        talk.say(InteractionId(1), JobMessage::Submit(job)).await;
        match talk.hear().await.unwrap().message {
            JobMessage::Accepted => talks.push(talk),
            JobMessage::Refused(Refusal::Busy) => {}
            other => panic!("{other:?}"),
        }
    }
    // Sixteen wait, and half the cores run the first one.
    assert!((16..=17).contains(&talks.len()), "{} accepted", talks.len());
    worker.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_running_when_the_program_ended_counts_as_cancelled() {
    let folder = Folder::new();
    let peer = node(None, &[]).await;
    let join = [peer.listen().await.unwrap()];
    let victim = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let opened = Service::open(
        config(Some(folder.path()), &join),
        fake(),
        victim.handle().clone(),
    );
    let service = opened.unwrap();
    let submitter = service.clone();
    victim.spawn(async move { remote(&submitter, "spin", options(1, 1)).await.map(|_| ()) });
    until("it runs", || async {
        peer.node_info().await.unwrap().jobs_running == 1
    })
    .await;
    drop(service);
    victim.shutdown_background();
    let opened = || Service::open(config(Some(folder.path()), &[]), fake(), Handle::current());
    until("the lock is free", || async { opened().is_ok() }).await;
    let jobs = opened().unwrap().jobs().await.unwrap();
    assert_eq!((jobs.len(), jobs[0].state), (1, JobState::Cancelled));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_stops_on_every_peer_and_fails_for_who_waits() {
    let nodes = network(3).await;
    let submitter = nodes[0].clone();
    let asked = tokio::spawn(async move { remote(&submitter, "spin", options(2, 2)).await });
    until("they run", || async {
        nodes[1].node_info().await.unwrap().jobs_running == 1
            && nodes[2].node_info().await.unwrap().jobs_running == 1
    })
    .await;
    let job = nodes[0].jobs().await.unwrap()[0].name;
    let record = nodes[0].cancel_job(&job).await.unwrap().unwrap();
    assert_eq!(record.state, JobState::Cancelled);
    let failed = asked.await.unwrap().unwrap_err();
    assert_eq!(failed.kind(), "cancelled");
    until("nobody runs it", || async {
        nodes[1].node_info().await.unwrap().jobs_running == 0
            && nodes[2].node_info().await.unwrap().jobs_running == 0
    })
    .await;
    let record = nodes[0].job(&job).await.unwrap().unwrap();
    assert_eq!(record.state, JobState::Cancelled);
    let other = Id::hash(b"another");
    assert!(nodes[0].cancel_job(&other).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_job_is_asked_once_somebody_can_be_reached() {
    let folder = Folder::new();
    let alone = node(Some(folder.path()), &[]).await;
    let name = alone
        .enqueue(spec("sum 40 2"), options(1, 1))
        .await
        .unwrap();
    alone.listen().await.unwrap();
    let state = |name| {
        let alone = alone.clone();
        async move { alone.job(&name).await.unwrap().unwrap().state }
    };
    assert_eq!(state(name).await, JobState::Queued);
    let peer = node(None, &[]).await;
    alone.join(&[peer.listen().await.unwrap()]).await.unwrap();
    until("it is done", || async {
        state(name).await == JobState::Done
    })
    .await;
    let job = alone.job(&name).await.unwrap().unwrap();
    assert_eq!(job.verdict.unwrap().answer.unwrap().outcome, b"42");
    let wrong = alone.enqueue(spec("sum 1 1"), options(0, 1)).await;
    assert_eq!(wrong.unwrap_err().kind(), "wrong-argument");
}
