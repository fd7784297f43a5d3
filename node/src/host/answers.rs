//! Does what a program asks of the node, and puts the result into words of the language.

use node::consensus::{Agreement, Group, Verdict};
use node::error::NodeError;
use node::jobs::{Answer, SignedReceipt, Status};
use node::keys::{Id, PublicKey};
use node::service::{
    Holder, JobRecord, JobSpec, JobState, News, NodeInfo, PeerInfo, PutCounts, PutReport, Read,
    RemoteOptions, Target, Version, Whole,
};

use super::asks::{NodeAsk, Owner, Place};
use super::data::{Data, Reply};
use super::figures;
use super::peer::Peer;
use super::profile;

/// No version made at the same time is newer than one with this digest.
const LAST_DIGEST: Id = Id::from_bytes([0xff; 64]);

/// Does it.
pub async fn perform(peer: Peer, ask: NodeAsk) -> Reply {
    match answer(&peer, ask).await {
        Ok(data) => Reply::Value(data),
        Err(reply) => reply,
    }
}

async fn answer(peer: &Peer, ask: NodeAsk) -> Result<Data, Reply> {
    let service = &peer.service;
    if !matches!(ask, NodeAsk::MyKey) {
        peer.be_ready().await?;
    }
    Ok(match ask {
        NodeAsk::Put {
            name,
            value,
            mut options,
            to,
        } => {
            let keys = |to: Vec<Owner>| to.iter().map(|owner| peer.key_of(owner)).collect();
            options.to = to.map(keys).transpose()?;
            put_report(service.put(&name, value, options).await?)
        }
        NodeAsk::PutImmutable { value, options } => {
            put_report(service.put_immutable(value, options).await?)
        }
        NodeAsk::Get {
            place,
            is_fresh,
            is_whole,
            has_value,
            at_most,
        } => {
            let read = Read {
                fresh: is_fresh,
                value: has_value,
                at_most: usize::try_from(at_most).unwrap_or(usize::MAX),
            };
            let found = service.read(&target(peer, place)?, read).await?;
            if is_whole {
                item(found)
            } else {
                Data::Bytes(found.item.value.unwrap_or_default())
            }
        }
        NodeAsk::Delete { name } => put_report(service.delete(&name).await?),
        NodeAsk::WhereIs(place) => {
            let holders = service.where_is(&target(peer, place)?).await?;
            Data::List(holders.iter().map(holder).collect())
        }
        NodeAsk::Watch {
            place,
            newer_than,
            asked_at,
        } => {
            let current = service.watch(&target(peer, place)?, asked_at).await?;
            version(match newer_than {
                Some(timestamp) => Some(Version {
                    timestamp,
                    digest: LAST_DIGEST,
                }),
                None => current,
            })
        }
        NodeAsk::Newer {
            place,
            since,
            at_most,
        } => {
            let read = Read {
                at_most: usize::try_from(at_most).unwrap_or(usize::MAX),
                ..Read::default()
            };
            let target = target(peer, place)?;
            news(service.newer_version(&target, since, read).await?)
        }
        NodeAsk::WhoIs(owner) => profile::who_is(peer, &owner).await?,
        NodeAsk::Introduce { said, value } => {
            put_report(profile::publish(peer, said, value).await?)
        }
        NodeAsk::KeyOf(owner) => key(&peer.key_of(&owner)?),
        NodeAsk::Remote {
            program,
            options,
            peers,
        } => remote(peer, program, options, &peers).await?,
        NodeAsk::Enqueue {
            program,
            options,
            peers,
        } => {
            let (spec, options) = job_of(peer, program, options, &peers)?;
            let name = service.enqueue(spec, options).await?;
            Data::fields([
                (":job", Data::Bytes(name.as_bytes().to_vec())),
                (":asked", Data::Bool(service.stays())),
            ])
        }
        NodeAsk::Info => node_info(service.node_info().await?),
        NodeAsk::Metrics => figures::metrics(&service.metrics().await?),
        NodeAsk::RoutingTable => {
            let buckets = service.routing_table().await?;
            Data::List(buckets.iter().map(figures::bucket).collect())
        }
        NodeAsk::Peers => Data::List(service.peers().await?.iter().map(peer_info).collect()),
        NodeAsk::Jobs => Data::List(service.jobs().await?.iter().map(summary).collect()),
        NodeAsk::Job(name) => {
            let record = service.job(&name).await?;
            job(record.ok_or_else(no_such_job)?)
        }
        NodeAsk::CancelJob(name) => {
            let record = service.cancel_job(&name).await?;
            job(record.ok_or_else(no_such_job)?)
        }
        NodeAsk::MyKey => key(&service.my_key()),
        NodeAsk::Alias { name, owner } => {
            let key = peer.key_of(&owner)?;
            peer.alias(name, key)?;
            Data::Void
        }
        NodeAsk::Join(tickets) => {
            let tickets = tickets.iter().map(|ticket| ticket.parse());
            let tickets = tickets.collect::<Result<Vec<_>, NodeError>>()?;
            Data::count(service.join(&tickets).await?)
        }
        NodeAsk::Swarm(practice) => {
            service.swarm(practice.into()).await?;
            Data::fields([
                (":peers", Data::count(practice.peers)),
                (":liars", Data::count(practice.liars)),
                (":lazy", Data::count(practice.lazy)),
            ])
        }
    })
}

fn target(peer: &Peer, place: Place) -> Result<Target, Reply> {
    Ok(match place {
        Place::Key(key) => Target::Key(key),
        Place::Name(name, owner) => Target::Name {
            owner: owner.map(|owner| peer.key_of(&owner)).transpose()?,
            name,
        },
    })
}

/// The verdict, whether there was agreement or not: the library makes a value or an error of it.
async fn remote(
    peer: &Peer,
    program: Vec<u8>,
    options: RemoteOptions,
    peers: &[Owner],
) -> Result<Data, Reply> {
    let (spec, options) = job_of(peer, program, options, peers)?;
    match peer.service.remote(spec, options).await {
        Ok(found) => Ok(verdict(found)),
        Err(NodeError::NoAgreement(found)) => Ok(verdict(*found)),
        Err(error) => Err(error.into()),
    }
}

fn job_of(
    peer: &Peer,
    program: Vec<u8>,
    mut options: RemoteOptions,
    peers: &[Owner],
) -> Result<(JobSpec, RemoteOptions), Reply> {
    let peers = peers.iter().map(|owner| peer.key_of(owner));
    options.peers = peers.collect::<Result<_, _>>()?;
    let spec = JobSpec {
        program,
        inputs: Vec::new(),
    };
    Ok((spec, options))
}

fn no_such_job() -> Reply {
    Reply::error(":not-found", "this node has asked for no such job")
}

pub(super) fn put_report(report: PutReport) -> Data {
    let key = Data::Bytes(report.key.as_bytes().to_vec());
    let mut fields = vec![(":key", key)];
    fields.extend(put_counts(report.counts));
    Data::fields(fields)
}

/// How many stored an item, who would not, and how many did not answer.
pub(super) fn put_counts(counts: PutCounts) -> [(&'static str, Data); 3] {
    let rejected = counts.rejected.into_iter();
    let rejected = rejected
        .map(|(peer, why)| Data::fields([(":peer", key(&peer)), (":why", Data::Text(why))]));
    [
        (":stored", Data::count(counts.stored)),
        (":rejected", Data::List(rejected.collect())),
        (":timed-out", Data::count(counts.timed_out)),
    ]
}

fn item(found: Whole) -> Data {
    let item = found.item;
    Data::fields([
        (":key", Data::Bytes(item.key.as_bytes().to_vec())),
        (":name", Data::Text(item.name)),
        (":deleted", Data::Bool(found.is_deleted)),
        (":value", item.value.map_or(Data::Bool(false), Data::Bytes)),
        (":size", Data::count(found.size)),
        (":chunks", Data::count(found.chunks)),
        (":timestamp", Data::Int(item.timestamp)),
        (":expires", Data::Int(item.expires)),
        (":meta", Data::texts(&item.meta)),
        (":owner", key(&item.public_key)),
    ])
}

/// Which version it is, and the item; what cannot be read of it has `:unreadable`, and no value.
fn news(told: News) -> Data {
    let mut found = item(told.found);
    if let (Data::Dict(fields), Some(error)) = (&mut found, told.unreadable) {
        let kind = Data::Name(format!(":{}", error.kind()).into());
        fields.push((Data::Name(":unreadable".into()), kind));
    }
    Data::List(vec![version(Some(told.version)), found])
}

fn version(version: Option<Version>) -> Data {
    version.map_or(Data::Bool(false), |version| {
        let digest = Data::Bytes(version.digest.as_bytes().to_vec());
        Data::List(vec![Data::Int(version.timestamp), digest])
    })
}

/// Outcomes are still encoded: `:outcome` and `:value` are bytevectors here.
fn verdict(verdict: Verdict) -> Data {
    let status = ended(&verdict);
    let silent = verdict.silent.into_iter().map(|silence| {
        Data::fields([
            (":peer", key(&silence.peer)),
            (":why", Data::Text(silence.why)),
        ])
    });
    let silent = Data::List(silent.collect());
    let outcome = verdict.answer.map(|answer| Data::Bytes(answer.outcome));
    Data::fields([
        (":job", Data::Bytes(verdict.job.as_bytes().to_vec())),
        (":value", outcome.unwrap_or(Data::Bool(false))),
        (":status", status),
        (":confidence", Data::Real(verdict.confidence)),
        (
            ":groups",
            Data::List(verdict.groups.into_iter().map(group).collect()),
        ),
        (":dissent", keys(&verdict.dissent)),
        (":silent", silent),
        (":convicted", keys(&verdict.convicted)),
        (
            ":receipts",
            Data::List(verdict.receipts.iter().map(receipt).collect()),
        ),
        (":widenings", Data::Int(verdict.widenings.into())),
        (":fuel-alarm", Data::Bool(verdict.fuel_alarm)),
        (":refereed", Data::Bool(verdict.refereed)),
        (":why", Data::Text(verdict.why)),
    ])
}

fn group(group: Group) -> Data {
    let Answer {
        outcome,
        status: ended,
        setup_fuel,
        fuel,
    } = group.answer;
    Data::fields([
        (":outcome", Data::Bytes(outcome)),
        (":status", status(ended)),
        (":peers", keys(&group.peers)),
        (":fuel", Data::Int(fuel)),
        (":setup-fuel", Data::Int(setup_fuel)),
    ])
}

fn receipt(signed: &SignedReceipt) -> Data {
    let receipt = &signed.receipt;
    Data::fields([
        (":job", Data::Bytes(receipt.job.as_bytes().to_vec())),
        (":worker", key(&receipt.worker)),
        (":outcome", Data::Bytes(receipt.outcome.as_bytes().to_vec())),
        (":status", status(receipt.status)),
        (":setup-fuel", Data::Int(receipt.setup_fuel)),
        (":fuel", Data::Int(receipt.fuel)),
        (":started", Data::Int(receipt.started)),
        (":took", Data::Int(receipt.took)),
        (":signature", Data::Bytes(signed.signature.0.to_vec())),
    ])
}

fn status(status: Status) -> Data {
    let name = match status {
        Status::Value => ":value",
        Status::Error => ":error",
        Status::FuelExhausted => ":fuel-exhausted",
        Status::MemoryExhausted => ":memory-exhausted",
    };
    Data::Name(name.into())
}

fn job(record: JobRecord) -> Data {
    let mut fields = job_fields(&record);
    let verdict = record.verdict.map_or(Data::Bool(false), verdict);
    fields.push((":verdict", verdict));
    Data::fields(fields)
}

/// A job without what peers answered: many of those together may be large.
fn summary(record: &JobRecord) -> Data {
    let mut fields = job_fields(record);
    let verdict = record.verdict.as_ref();
    let why = verdict.map(|verdict| Data::Text(verdict.why.clone()));
    fields.push((":status", verdict.map_or(Data::Bool(false), ended)));
    fields.push((":why", why.unwrap_or(Data::Bool(false))));
    Data::fields(fields)
}

fn job_fields(record: &JobRecord) -> Vec<(&'static str, Data)> {
    let state = match record.state {
        JobState::Queued => ":queued",
        JobState::Running => ":running",
        JobState::Done => ":done",
        JobState::Cancelled => ":cancelled",
    };
    vec![
        (":job", Data::Bytes(record.name.as_bytes().to_vec())),
        (":submitted", Data::Int(record.submitted)),
        (":state", Data::Name(state.into())),
    ]
}

/// The status of a verdict.
fn ended(verdict: &Verdict) -> Data {
    match (&verdict.agreement, &verdict.answer) {
        (Agreement::Agreed, Some(answer)) => status(answer.status),
        _ => Data::Name(":no-agreement".into()),
    }
}

fn node_info(info: NodeInfo) -> Data {
    let listening = info
        .listening
        .iter()
        .map(|address| Data::Text(address.to_string()));
    let ticket = info.ticket.map(|ticket| Data::Text(ticket.to_string()));
    Data::fields([
        (":key", key(&info.key)),
        (":id", Data::Bytes(info.id.as_bytes().to_vec())),
        (":listening", Data::List(listening.collect())),
        (":ticket", ticket.unwrap_or(Data::Bool(false))),
        (":contacts", Data::count(info.contacts)),
        (":items", Data::count(info.items)),
        (":item-bytes", Data::count(info.item_bytes)),
        (":blocked", Data::count(info.blocked)),
        (":jobs-running", Data::count(info.jobs_running)),
        (":practice-peers", Data::count(info.practice_peers)),
    ])
}

fn peer_info(peer: &PeerInfo) -> Data {
    let addresses = peer.addresses.iter().cloned().map(Data::Text);
    Data::fields([
        (":key", key(&peer.key)),
        (":id", Data::Bytes(peer.id.as_bytes().to_vec())),
        (":addresses", Data::List(addresses.collect())),
        (":agreed", Data::Int(peer.agreed)),
        (":dissented", Data::Int(peer.dissented)),
        (":convicted", Data::Int(peer.convicted)),
        (":blocked", Data::Bool(peer.blocked)),
    ])
}

fn holder(holder: &Holder) -> Data {
    Data::fields([
        (":peer", key(&holder.key)),
        (":id", Data::Bytes(holder.id.as_bytes().to_vec())),
        (":distance", Data::Real(holder.distance)),
        (":timestamp", Data::Int(holder.timestamp)),
    ])
}

pub(super) fn key(key: &PublicKey) -> Data {
    Data::Bytes(key.as_bytes().to_vec())
}

fn keys(keys: &[PublicKey]) -> Data {
    Data::List(keys.iter().map(key).collect())
}
