//! An evaluator that stands in for the language, and nodes on loopback.
#![allow(dead_code)]

pub mod raw;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use node::jobs::{Answer, Control, Evaluation, Evaluator, Job, Status, Versions};
use node::keys::Id;
use node::service::{Config, JobSpec, Service};
use node::ticket::Ticket;
use tokio::runtime::Handle;

/// Programs are commands: `sum 1 2 3`, `spin` (until stopped), `burn` (all fuel).
#[derive(Debug, Default)]
pub struct Fake {
    pub evaluations: AtomicU64,
    pub language: u32,
}

impl Evaluator for Fake {
    fn versions(&self) -> Versions {
        let stdlib = Id::hash(b"fake");
        Versions {
            fuel_schedule: 1,
            language: self.language,
            stdlib,
        }
    }

    fn evaluate(&self, job: &Job, control: &Control) -> Evaluation {
        self.evaluations.fetch_add(1, Ordering::SeqCst);
        let Ok(program) = std::str::from_utf8(&job.program) else {
            return Evaluation::Refused("not text".into());
        };
        let mut words = program.split_whitespace();
        let done = |outcome: String, status, fuel| {
            let outcome = outcome.into_bytes();
            Evaluation::Done(Answer {
                outcome,
                status,
                setup_fuel: 10,
                fuel,
            })
        };
        match words.next() {
            Some("sum") => {
                let sum: u64 = words.filter_map(|word| word.parse::<u64>().ok()).sum();
                done(sum.to_string(), Status::Value, sum)
            }
            Some("spin") => {
                while !control.should_stop() {
                    std::thread::yield_now();
                }
                Evaluation::Stopped
            }
            Some("burn") => done("fuel".into(), Status::FuelExhausted, control.fuel()),
            Some("big") => done("x".repeat(1024 * 1024), Status::Value, 1),
            _ => done("unknown".into(), Status::Error, 1),
        }
    }
}

pub fn fake() -> Arc<Fake> {
    Arc::new(Fake::default())
}

pub fn spec(program: impl Into<String>) -> JobSpec {
    JobSpec {
        program: program.into().into_bytes(),
        inputs: Vec::new(),
    }
}

/// A serving node on loopback.
pub fn config(data: Option<&Path>, join: &[Ticket]) -> Config {
    Config {
        data: data.map(Path::to_owned),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        join: join.to_vec(),
        serve: true,
        ..Config::default()
    }
}

pub async fn node(data: Option<&Path>, join: &[Ticket]) -> Service {
    node_with(fake(), data, join).await
}

pub async fn node_with(fake: Arc<Fake>, data: Option<&Path>, join: &[Ticket]) -> Service {
    let service = Service::open(config(data, join), fake, Handle::current()).unwrap();
    service.listen().await.unwrap();
    service
}

/// A network of serving nodes that all know each other.
pub async fn network(count: usize) -> Vec<Service> {
    let mut nodes = vec![node(None, &[]).await];
    let ticket = nodes[0].listen().await.unwrap();
    for _ in 1..count {
        nodes.push(node(None, std::slice::from_ref(&ticket)).await);
    }
    for node in &nodes {
        let known = || async { node.meet().await.unwrap() };
        until("everybody knows everybody", || async {
            known().await >= count - 1
        })
        .await;
    }
    nodes
}

/// Polls until `check` holds; panics with `what` after ten seconds.
pub async fn until<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !check().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A folder of one's own under the system's temporary one, removed when dropped.
pub struct Folder(std::path::PathBuf);

impl Folder {
    pub fn new() -> Folder {
        let name = format!("logos-node-test-{:032x}", rand());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn rand() -> u128 {
    u128::from_be_bytes(node::identity::random_bytes())
}
