//! Frames on a stream: each behind its length. A length above the limit is refused before
//! anything is allocated, and memory grows only with the bytes that arrive.

use std::sync::Arc;
use std::time::Duration;

use dht::ErrorCode;
use iroh::endpoint::{ReadExactError, RecvStream, SendStream, VarInt};

use super::room::{SMALL_BYTES, Share};
use crate::counters::Counters;
use crate::wire::{JOB_FRAME_BYTES_MAX, JobFrame, interaction_of};

/// Code with which a submitter resets the stream of a job it gives up.
pub(crate) const RESET_CANCELLED: u32 = 1;
/// How long the other side may take to read a frame.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Why no frame was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadFailure {
    /// The other side gave the job up.
    Cancelled,
    /// The stream or its connection ended.
    Gone,
    /// The bytes are no frame: what their sender is to be told, and under which interaction.
    Bad(ErrorCode, dht::InteractionId),
}

/// The reading half of a job's stream.
#[derive(Debug)]
pub(crate) struct FrameReader {
    stream: RecvStream,
    /// Where room for large frames is taken; nothing if we chose the peer ourselves.
    share: Option<Share>,
    counters: Arc<Counters>,
}

/// The writing half of a job's stream. Dropped before [`FrameWriter::finish`], it resets.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    stream: SendStream,
    /// Where room for large frames is taken until they are read; nothing if we chose the peer ourselves.
    share: Option<Share>,
    counters: Arc<Counters>,
    finished: bool,
    /// Whether the last frame was not written whole: then there is no good end.
    is_broken: bool,
}

impl FrameReader {
    pub(crate) fn new(
        stream: RecvStream,
        share: Option<Share>,
        counters: Arc<Counters>,
    ) -> FrameReader {
        FrameReader {
            stream,
            share,
            counters,
        }
    }

    /// The next frame. Not to be dropped half-way and called again.
    pub(crate) async fn read(&mut self) -> Result<JobFrame, ReadFailure> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).await.map_err(gone)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > JOB_FRAME_BYTES_MAX {
            return Err(ReadFailure::Bad(ErrorCode::TooBig, dht::InteractionId(0)));
        }
        let _taken = match &self.share {
            Some(share) if length > SMALL_BYTES => {
                let busy = ReadFailure::Bad(ErrorCode::Busy, dht::InteractionId(0));
                Some(share.coming.take(length).ok_or(busy)?)
            }
            _ => None,
        };
        let mut bytes = Vec::with_capacity(length.min(CHUNK_BYTES));
        while bytes.len() < length {
            let start = bytes.len();
            bytes.resize((start + CHUNK_BYTES).min(length), 0);
            let rest = self.stream.read_exact(&mut bytes[start..]).await;
            rest.map_err(gone)?;
        }
        self.counters.bytes_in.add(4 + length);
        JobFrame::decode(&bytes).map_err(|code| ReadFailure::Bad(code, interaction_of(&bytes)))
    }
}

impl FrameWriter {
    pub(crate) fn new(
        stream: SendStream,
        share: Option<Share>,
        counters: Arc<Counters>,
    ) -> FrameWriter {
        FrameWriter {
            stream,
            share,
            counters,
            finished: false,
            is_broken: false,
        }
    }

    /// Writes one frame; `false` if the other side is gone, or does not read.
    pub(crate) async fn write(&mut self, frame: &JobFrame) -> bool {
        self.is_broken = true;
        let bytes = frame.encode();
        let _taken = match &self.share {
            Some(share) if bytes.len() > SMALL_BYTES => match share.going.take(bytes.len()) {
                Some(taken) => Some(taken),
                None => return false,
            },
            _ => None,
        };
        let length = (bytes.len() as u32).to_be_bytes();
        self.counters.bytes_out.add(4 + bytes.len());
        let writing = async {
            self.stream.write_all(&length).await?;
            self.stream.write_all(&bytes).await
        };
        let written = tokio::time::timeout(WRITE_TIMEOUT, writing).await;
        self.is_broken = !matches!(written, Ok(Ok(())));
        !self.is_broken
    }

    /// Ends the stream in good order and waits until the other side has everything.
    pub(crate) async fn finish(mut self) {
        self.finished = !self.is_broken;
        if self.finished && self.stream.finish().is_ok() {
            let _ = self.stream.stopped().await;
        }
    }

    /// Ends the stream in good order; what is still under way arrives or does not.
    pub(crate) fn finish_now(mut self) {
        self.finished = !self.is_broken && self.stream.finish().is_ok();
    }
}

impl Drop for FrameWriter {
    fn drop(&mut self) {
        if !self.finished {
            let _ = self.stream.reset(VarInt::from_u32(RESET_CANCELLED));
        }
    }
}

fn gone(error: ReadExactError) -> ReadFailure {
    match error {
        ReadExactError::ReadError(iroh::endpoint::ReadError::Reset(code))
            if code == VarInt::from_u32(RESET_CANCELLED) =>
        {
            ReadFailure::Cancelled
        }
        ReadExactError::FinishedEarly(read) if read > 0 => {
            ReadFailure::Bad(ErrorCode::BadRequest, dht::InteractionId(0))
        }
        _ => ReadFailure::Gone,
    }
}
