//! The worker's side of a job's stream.

use std::future::pending;
use std::time::Duration;

use dht::{Address, InteractionId, PublicKey};

use super::receipt::Commit;
use super::workers::{Admitted, Behaviour, Ended, Workers};
use crate::driver::{FrameReader, FrameWriter, ReadFailure};
use crate::wire::{JobFrame, JobMessage, Refusal, Revealed};

/// How long a submitter may take for the first frame.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a worker waits for the reveal after its commit.
const REVEAL_TIMEOUT: Duration = Duration::from_secs(120);
/// How long the last bytes may take to arrive.
const FINISH_TIMEOUT: Duration = Duration::from_secs(15);

impl Workers {
    /// Serves one stream: at most one job.
    pub(crate) async fn serve(
        &self,
        from: PublicKey,
        observed: Option<Address>,
        mut reader: FrameReader,
        writer: FrameWriter,
    ) {
        let mut talk = Talk {
            writer,
            interaction: InteractionId(0),
        };
        let first = tokio::time::timeout(SUBMIT_TIMEOUT, reader.read()).await;
        let signed = match talk
            .understand(first.unwrap_or(Err(ReadFailure::Gone)))
            .await
        {
            Some(JobFrame {
                interaction,
                message: JobMessage::Submit(signed),
            }) => {
                talk.interaction = interaction;
                *signed
            }
            Some(_) => {
                return talk
                    .end(JobMessage::Failure(dht::ErrorCode::BadRequest))
                    .await;
            }
            None => return talk.finish().await,
        };
        let name = signed.job.name();
        let subnet = observed.as_ref().and_then(Address::subnet);
        tracing::debug!(interaction = %talk.interaction, job = ?name, ?from, "job submitted");
        if matches!(self.inner.behaviour, Behaviour::Lazy) {
            talk.say(JobMessage::Accepted).await;
            // Until the submitter gives up, which drops the stream.
            let _ = reader.read().await;
            return;
        }
        match self.admit(from, subnet, signed) {
            Ok(admitted) => self.attend(admitted, talk, reader).await,
            Err(refusal) => talk.end(JobMessage::Refused(refusal)).await,
        }
    }

    /// An admitted job: commit when it has ended, reveal when asked to.
    async fn attend(&self, mut admitted: Admitted, mut talk: Talk, mut reader: FrameReader) {
        if !talk.say(JobMessage::Accepted).await {
            return;
        }
        let control = admitted.control.clone();
        let next = reader.read();
        tokio::pin!(next);
        // What comes before our commit can only be the end of the submitter's interest.
        let ended = tokio::select! {
            ended = admitted.ended() => ended,
            early = &mut next => {
                if early == Err(ReadFailure::Cancelled) {
                    control.cancel();
                }
                return;
            }
        };
        let worked = match ended {
            Ok(worked) => worked,
            Err(refusal) => return talk.end(JobMessage::Refused(refusal)).await,
        };
        let commit = Commit::to(&worked.receipt.receipt, self.inner.identity.signing_key());
        if !talk.say(JobMessage::Commit(commit.clone())).await {
            return;
        }
        let reveal = tokio::time::timeout(REVEAL_TIMEOUT, next).await;
        match talk
            .understand(reveal.unwrap_or(Err(ReadFailure::Gone)))
            .await
        {
            Some(JobFrame {
                message: JobMessage::Reveal(commits),
                ..
            }) => {
                let answer = if commits.contains(&commit) {
                    let (receipt, outcome) = (worked.receipt.clone(), worked.outcome.clone());
                    JobMessage::Revealed(Revealed { receipt, outcome })
                } else {
                    JobMessage::Refused(Refusal::NotCommitted)
                };
                talk.end(answer).await;
            }
            Some(_) => {
                talk.end(JobMessage::Failure(dht::ErrorCode::BadRequest))
                    .await
            }
            None => talk.finish().await,
        }
    }
}

impl Admitted {
    async fn ended(&mut self) -> Ended {
        let ended = match self.ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone(),
            Err(_) => Some(Err(Refusal::Timeout)),
        };
        match ended {
            Some(ended) => ended,
            None => pending().await,
        }
    }
}

/// The worker's half of the conversation.
struct Talk {
    writer: FrameWriter,
    interaction: InteractionId,
}

impl Talk {
    async fn say(&mut self, message: JobMessage) -> bool {
        self.writer
            .write(&JobFrame {
                interaction: self.interaction,
                message,
            })
            .await
    }

    async fn end(mut self, message: JobMessage) {
        self.say(message).await;
        self.finish().await;
    }

    async fn finish(self) {
        let _ = tokio::time::timeout(FINISH_TIMEOUT, self.writer.finish()).await;
    }

    /// A frame that makes sense; to anything else it says why not.
    async fn understand(&mut self, read: Result<JobFrame, ReadFailure>) -> Option<JobFrame> {
        match read {
            Ok(frame) => Some(frame),
            Err(ReadFailure::Bad(code, interaction)) => {
                self.interaction = interaction;
                self.say(JobMessage::Failure(code)).await;
                None
            }
            Err(ReadFailure::Cancelled | ReadFailure::Gone) => None,
        }
    }
}
