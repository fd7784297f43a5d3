//! Bytes of the job protocol, on streams and on disk; the crate's only use of bincode, held by
//! golden vectors. Refuses frames above [`JOB_FRAME_BYTES_MAX`] and anything left over at their
//! end; no length is believed before the bytes behind it are there.
//!
//! ```text
//! frame = version(2, big-endian) interaction(16, big-endian) kind(1) body(bincode 2, standard configuration)
//! stream = { length(4, big-endian) frame }
//! ```
//!
//! One stream carries one job. The submitter begins; resetting the stream cancels the job.
//!
//! ```text
//! submitter                      worker
//! Submit{job}             ->
//!                         <-     Accepted | Refused{reason}
//!                         <-     Commit | Refused{reason}     when it has been evaluated
//! Reveal{all commits}     ->                                  when the set of answers is closed
//!                         <-     Revealed{receipt, outcome}
//! ```

use std::fmt;

use dht::{ErrorCode, InteractionId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::jobs::{Commit, JOB_BYTES_MAX, SignedJob, SignedReceipt};

/// Version in front of every frame.
pub const JOB_WIRE_VERSION: u16 = 1;
/// Largest frame: the largest job or outcome, and what is around it.
pub const JOB_FRAME_BYTES_MAX: usize = JOB_BYTES_MAX + 64 * 1024;
/// Most commits in one reveal.
pub const COMMITS_MAX: usize = 256;
/// Bytes before the body of a frame.
const HEADER_BYTES: usize = 19;

const SUBMIT: u8 = 0;
const REVEAL: u8 = 1;
const ACCEPTED: u8 = 128;
const REFUSED: u8 = 129;
const COMMIT: u8 = 130;
const REVEALED: u8 = 131;
const FAILURE: u8 = 255;

/// What a submitter and a worker say to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobMessage {
    /// Run this.
    Submit(Box<SignedJob>),
    /// The set is closed; these are all the commits in it.
    Reveal(Vec<Commit>),
    /// The job will be run.
    Accepted,
    /// The job will not be run, or could not be ended.
    Refused(Refusal),
    /// The job has ended; this fixes the answer.
    Commit(Commit),
    /// The answer.
    Revealed(Revealed),
    /// The frame made no sense.
    Failure(ErrorCode),
}

/// A worker's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revealed {
    /// What the worker signed.
    pub receipt: SignedReceipt,
    /// The outcome whose hash is in the receipt.
    pub outcome: Vec<u8>,
}

/// Why a peer does not run a job. None of these is a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// Another language, standard library or schedule of prices.
    Version,
    /// It asks for more than the peer lends, or used up what the peer lends.
    Limits,
    /// The peer has too much to do.
    Busy,
    /// It took longer than the peer, or the job, allows.
    Timeout,
    /// The job has expired, or expires too far in the future.
    Expired,
    /// The job is not signed by who sent it.
    NotYours,
    /// The peer runs no jobs for this submitter.
    Unwilling,
    /// The reveal does not contain the peer's own commit.
    NotCommitted,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Version => "it has another version",
            Refusal::Limits => "the job needs more than it lends",
            Refusal::Busy => "it is busy",
            Refusal::Timeout => "the job took too long",
            Refusal::Expired => "the job has expired",
            Refusal::NotYours => "the job was not signed by its sender",
            Refusal::Unwilling => "it does not work for us",
            Refusal::NotCommitted => "its own commit was missing",
        })
    }
}

/// A message and the interaction it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFrame {
    /// Shared by all nodes taking part in the job.
    pub interaction: InteractionId,
    /// What is said.
    pub message: JobMessage,
}

impl JobFrame {
    /// The bytes of this frame, without the length in front.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, body) = match &self.message {
            JobMessage::Submit(job) => (SUBMIT, encode(job)),
            JobMessage::Reveal(commits) => (REVEAL, encode(commits)),
            JobMessage::Accepted => (ACCEPTED, Vec::new()),
            JobMessage::Refused(refusal) => (REFUSED, encode(refusal)),
            JobMessage::Commit(commit) => (COMMIT, encode(commit)),
            JobMessage::Revealed(revealed) => (REVEALED, encode(revealed)),
            JobMessage::Failure(code) => (FAILURE, encode(code)),
        };
        let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
        bytes.extend_from_slice(&JOB_WIRE_VERSION.to_be_bytes());
        bytes.extend_from_slice(&self.interaction.0.to_be_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads a frame; the error is the code its sender is to be told.
    pub fn decode(bytes: &[u8]) -> Result<JobFrame, ErrorCode> {
        if bytes.len() > JOB_FRAME_BYTES_MAX {
            return Err(ErrorCode::TooBig);
        }
        let (version, rest) = bytes
            .split_first_chunk::<2>()
            .ok_or(ErrorCode::BadRequest)?;
        if u16::from_be_bytes(*version) != JOB_WIRE_VERSION {
            return Err(ErrorCode::UnsupportedProtocol);
        }
        let (interaction, rest) = rest
            .split_first_chunk::<16>()
            .ok_or(ErrorCode::BadRequest)?;
        let (kind, body) = rest.split_first().ok_or(ErrorCode::BadRequest)?;
        let message = match *kind {
            SUBMIT => JobMessage::Submit(decode(body)?),
            REVEAL => JobMessage::Reveal(decode(body)?),
            ACCEPTED if body.is_empty() => JobMessage::Accepted,
            REFUSED => JobMessage::Refused(decode(body)?),
            COMMIT => JobMessage::Commit(decode(body)?),
            REVEALED => JobMessage::Revealed(decode(body)?),
            FAILURE => JobMessage::Failure(decode(body)?),
            ACCEPTED => return Err(ErrorCode::BadRequest),
            _ => return Err(ErrorCode::UnknownRequest),
        };
        if matches!(&message, JobMessage::Reveal(commits) if commits.len() > COMMITS_MAX) {
            return Err(ErrorCode::TooBig);
        }
        let interaction = InteractionId(u128::from_be_bytes(*interaction));
        Ok(JobFrame {
            interaction,
            message,
        })
    }
}

/// The interaction named in bytes that are no frame of ours, as far as that can be read.
pub fn interaction_of(bytes: &[u8]) -> InteractionId {
    let chunk = bytes
        .get(2..18)
        .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    InteractionId(chunk.map_or(0, u128::from_be_bytes))
}

/// Any record of this crate as bytes.
pub fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    bincode::serde::encode_to_vec(record, bincode::config::standard())
        .expect("records are made of plain data, and memory does not refuse")
}

/// The inverse of [`encode`]; nothing may be left over.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ErrorCode> {
    let config = bincode::config::standard().with_limit::<RECORD_BYTES_MAX>();
    match bincode::serde::decode_from_slice(bytes, config) {
        Ok((record, read)) if read == bytes.len() => Ok(record),
        _ => Err(ErrorCode::BadRequest),
    }
}

/// Most bytes a record may claim to need: a verdict with many large outcomes.
const RECORD_BYTES_MAX: usize = 512 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::*;
    use crate::jobs::{Job, Receipt, Status, Versions};
    use crate::keys::{Id, PublicKey, to_hex};

    fn job() -> SignedJob {
        let key = SigningKey::from_bytes(&[1; 32]);
        let versions = Versions {
            fuel_schedule: 1,
            language: 2,
            stdlib: Id::hash(b"stdlib"),
        };
        Job {
            program: b"(+ 1 2)".to_vec(),
            inputs: vec![Id::hash(b"input")],
            fuel: 100,
            memory: 4096,
            versions,
            submitter: PublicKey::from(key.verifying_key()),
            nonce: [3; 16],
            expires: 1_700_000_000_000,
        }
        .sign(&key)
    }

    fn receipt(key: &SigningKey) -> SignedReceipt {
        Receipt {
            protocol: 1,
            job: job().job.name(),
            worker: PublicKey::from(key.verifying_key()),
            outcome: Id::hash(b"3"),
            status: Status::Value,
            setup_fuel: 5,
            fuel: 6,
            started: 7,
            took: 8,
            salt: [9; 32],
        }
        .sign(key)
    }

    fn messages() -> Vec<JobMessage> {
        let key = SigningKey::from_bytes(&[2; 32]);
        let receipt = receipt(&key);
        let commit = Commit::to(&receipt.receipt, &key);
        vec![
            JobMessage::Submit(Box::new(job())),
            JobMessage::Reveal(vec![commit.clone()]),
            JobMessage::Accepted,
            JobMessage::Refused(Refusal::Busy),
            JobMessage::Commit(commit),
            JobMessage::Revealed(Revealed {
                receipt,
                outcome: b"3".to_vec(),
            }),
            JobMessage::Failure(ErrorCode::TooBig),
        ]
    }

    /// The hash of every frame, so that a change of the format cannot go unnoticed.
    #[test]
    fn golden_vectors() {
        let golden = [
            "c245afd180038301",
            "386d958f1043cded",
            "91fe9cc43ced0752",
            "db2a0ea9117fa11d",
            "7a2ec99fbd422196",
            "e87d21b3504535d3",
            "6bc17903a4b643fe",
        ];
        let hashes: Vec<String> = messages()
            .into_iter()
            .map(|message| {
                JobFrame {
                    interaction: InteractionId(42),
                    message,
                }
                .encode()
            })
            .map(|bytes| to_hex(&Id::hash(&bytes).as_bytes()[..8]))
            .collect();
        assert_eq!(hashes, golden);
        assert_eq!(
            to_hex(
                &JobFrame {
                    interaction: InteractionId(42),
                    message: JobMessage::Accepted
                }
                .encode()
            ),
            "00010000000000000000000000000000002a80"
        );
        assert_eq!(
            to_hex(&job().job.name().as_bytes()[..8]),
            "c19f42be0a49fdab"
        );
    }

    #[test]
    fn every_message_reads_back_and_every_cut_is_noticed() {
        for message in messages() {
            let frame = JobFrame {
                interaction: InteractionId(7),
                message,
            };
            let bytes = frame.encode();
            assert_eq!(JobFrame::decode(&bytes).as_ref(), Ok(&frame));
            for end in 0..bytes.len() {
                assert!(
                    JobFrame::decode(&bytes[..end]).is_err(),
                    "{frame:?} cut at {end}"
                );
            }
            let mut longer = bytes.clone();
            longer.push(0);
            assert_eq!(JobFrame::decode(&longer), Err(ErrorCode::BadRequest));
        }
    }

    #[test]
    fn wrong_frames_get_the_right_code() {
        let good = JobFrame {
            interaction: InteractionId(7),
            message: JobMessage::Accepted,
        }
        .encode();
        let check = |index: usize, byte: u8, code| {
            let mut bytes = good.clone();
            bytes[index] = byte;
            assert_eq!(JobFrame::decode(&bytes), Err(code));
        };
        check(1, 9, ErrorCode::UnsupportedProtocol);
        check(18, 77, ErrorCode::UnknownRequest);
        check(18, 0, ErrorCode::BadRequest);
        let huge = vec![0; JOB_FRAME_BYTES_MAX + 1];
        assert_eq!(JobFrame::decode(&huge), Err(ErrorCode::TooBig));
    }

    #[test]
    fn signatures_hold_and_cover_every_field() {
        assert!(job().is_valid());
        let changes: [fn(&mut Job); 8] = [
            |job| job.program.push(0),
            |job| job.inputs.clear(),
            |job| job.fuel += 1,
            |job| job.memory += 1,
            |job| job.versions.fuel_schedule += 1,
            |job| job.versions.stdlib = Id::hash(b"other"),
            |job| job.nonce[0] += 1,
            |job| job.expires += 1,
        ];
        for change in changes {
            let mut wrong = job();
            change(&mut wrong.job);
            assert!(!wrong.is_valid() && wrong.job.name() != job().job.name());
        }
        let key = SigningKey::from_bytes(&[2; 32]);
        let mut wrong = receipt(&key);
        assert!(wrong.is_valid());
        wrong.receipt.fuel += 1;
        assert!(!wrong.is_valid());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..=255) {
            let _ = JobFrame::decode(&bytes);
            let mut framed = vec![0, 1];
            framed.extend_from_slice(&[0; 16]);
            framed.push(kind);
            framed.extend_from_slice(&bytes);
            let _ = JobFrame::decode(&framed);
        }
    }
}
