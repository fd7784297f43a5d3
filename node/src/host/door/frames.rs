//! Frames: each behind its length, which is believed only up to a limit and only as bytes arrive.

use node::wire::{decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::DOOR_VERSION;

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Says which version this is, and hears which the other side is; `None` if it says nothing.
pub async fn greet(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<u16> {
    stream.write_u16(DOOR_VERSION).await.ok()?;
    stream.flush().await.ok()?;
    stream.read_u16().await.ok()
}

/// The next frame; `None` when the other side is gone or makes no sense. Not to be dropped
/// half-way and called again.
pub async fn read<T: DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> Option<T> {
    let length = stream.read_u32().await.ok()? as usize;
    if length > bytes_max {
        return None;
    }
    let mut bytes = Vec::with_capacity(length.min(CHUNK_BYTES));
    while bytes.len() < length {
        let start = bytes.len();
        bytes.resize((start + CHUNK_BYTES).min(length), 0);
        stream.read_exact(&mut bytes[start..]).await.ok()?;
    }
    decode(&bytes).ok()
}

/// A message as a frame; `Err` is its size if it is larger than allowed.
pub fn frame<T: Serialize>(message: &T, bytes_max: usize) -> Result<Vec<u8>, usize> {
    let body = encode(message);
    if body.len() > bytes_max {
        return Err(body.len());
    }
    let length = u32::try_from(body.len()).map_err(|_| body.len())?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&body);
    Ok(bytes)
}
