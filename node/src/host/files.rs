//! Files and the console's input, as programs use them: each open file has a number. Owns what is open and what was written
//! but is not on disk yet. Reading may wait (a pipe, a person), so it happens beside the program's thread.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufWriter, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::data::{Data, Reply};
use crate::output;

/// Most files a program has open at once.
const FILES_MAX: usize = 256;
/// Bytes read at once: as many as the program has and could not use yet, between these.
const CHUNK_BYTES: usize = 64 << 10;
const CHUNK_BYTES_MAX: usize = 16 << 20;
/// Largest file that is read as a whole, in bytes.
const TEXT_BYTES_MAX: u64 = 64 << 20;
/// The number of the console's input.
const CONSOLE: u64 = 0;

/// What can be done with files.
#[derive(Debug)]
pub enum FileAsk {
    /// To open one; its number is the answer.
    Open(PathBuf, Mode),
    /// To read some of an open one: a string, a bytevector, or its end. The program has so much of it that it waits for more to use.
    Read(u64, usize),
    /// To bring what was written to the disk.
    Flush(u64),
    /// The same, and no more is to be done with it.
    Close(u64),
    /// Whether there is one of this name.
    Exists(PathBuf),
    /// To delete it.
    Delete(PathBuf),
    /// The whole text of one.
    Text(PathBuf),
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Reading characters.
    ReadText,
    /// Reading bytes.
    ReadBytes,
    /// Writing, anew.
    Write,
}

/// What becomes of what was asked.
pub enum FileReply {
    /// The answer.
    Now(Reply),
    /// The answer comes from here, and is at most so many bytes; it may wait.
    Later(Arc<Mutex<Input>>, usize),
}

/// See the module's description.
pub struct Files {
    inputs: BTreeMap<u64, Arc<Mutex<Input>>>,
    outputs: BTreeMap<u64, Output>,
    last: u64,
}

/// A file that is read.
pub struct Input {
    name: String,
    source: Source,
    is_binary: bool,
    /// The beginning of a character whose end is not read yet.
    partial: Vec<u8>,
}

enum Source {
    Console,
    File(File),
}

struct Output {
    path: PathBuf,
    writer: BufWriter<File>,
    /// Why writing failed since anybody asked.
    failure: Option<io::Error>,
}

impl Files {
    /// Nothing but the console.
    pub fn new() -> Files {
        let console = Input {
            name: "the console".into(),
            source: Source::Console,
            is_binary: false,
            partial: Vec::new(),
        };
        Files {
            inputs: BTreeMap::from([(CONSOLE, Arc::new(Mutex::new(console)))]),
            outputs: BTreeMap::new(),
            last: CONSOLE,
        }
    }

    /// Does what is asked.
    pub fn perform(&mut self, ask: FileAsk) -> FileReply {
        FileReply::Now(match ask {
            FileAsk::Read(number, left) => match self.inputs.get(&number) {
                Some(input) => {
                    let most = left.clamp(CHUNK_BYTES, CHUNK_BYTES_MAX);
                    return FileReply::Later(input.clone(), most);
                }
                None => Reply::error(":file", "this file has been closed"),
            },
            FileAsk::Open(path, mode) => self.open(path, mode),
            FileAsk::Flush(number) => self.flush(number),
            FileAsk::Close(number) => self.close(number),
            FileAsk::Exists(path) => Reply::Value(Data::Bool(path.exists())),
            FileAsk::Delete(path) => {
                let deleted = std::fs::remove_file(&path);
                done(deleted, &path, "deleted")
            }
            FileAsk::Text(path) => match whole_text(&path) {
                Ok(text) => Reply::Value(Data::Text(text)),
                Err(error) => failed(&path, "read", &error),
            },
        })
    }

    fn open(&mut self, path: PathBuf, mode: Mode) -> Reply {
        if self.inputs.len() + self.outputs.len() > FILES_MAX {
            let message = format!("a program can have {FILES_MAX} files open at once, and has");
            return Reply::error(":file", message);
        }
        let opened = match mode {
            Mode::Write => File::create(&path),
            Mode::ReadText | Mode::ReadBytes => File::open(&path),
        };
        let file = match opened {
            Ok(file) => file,
            Err(error) => return failed(&path, "opened", &error),
        };
        self.last += 1;
        if mode == Mode::Write {
            let output = Output {
                path,
                writer: BufWriter::new(file),
                failure: None,
            };
            self.outputs.insert(self.last, output);
        } else {
            let input = Input {
                name: path.display().to_string(),
                source: Source::File(file),
                is_binary: mode == Mode::ReadBytes,
                partial: Vec::new(),
            };
            self.inputs.insert(self.last, Arc::new(Mutex::new(input)));
        }
        Reply::Value(Data::Int(self.last))
    }

    /// Adds to a file. That it failed is told when the program flushes or closes it.
    pub fn write(&mut self, number: u64, bytes: &[u8]) {
        if let Some(output) = self.outputs.get_mut(&number)
            && output.failure.is_none()
        {
            output.failure = output.writer.write_all(bytes).err();
        }
    }

    fn flush(&mut self, number: u64) -> Reply {
        match self.outputs.get_mut(&number) {
            Some(output) => output.flush(),
            None => Reply::Value(Data::Void),
        }
    }

    fn close(&mut self, number: u64) -> Reply {
        if number != CONSOLE {
            self.inputs.remove(&number);
        }
        match self.outputs.remove(&number) {
            Some(mut output) => output.flush(),
            None => Reply::Value(Data::Void),
        }
    }
}

impl Output {
    fn flush(&mut self) -> Reply {
        let flushed = match self.failure.take() {
            Some(error) => Err(error),
            None => self.writer.flush(),
        };
        done(flushed, &self.path, "written")
    }
}

impl Input {
    /// At most the next `most` bytes of it; waits if need be.
    pub fn read(input: &Mutex<Input>, most: usize) -> Reply {
        let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = std::mem::take(&mut input.partial);
        let before = bytes.len();
        if let Err(error) = input.source.read(&mut bytes, most as u64) {
            let message = format!("{} cannot be read: {error}", input.name);
            return Reply::error(":file", message);
        }
        let is_end = bytes.len() == before;
        if is_end && bytes.is_empty() {
            return Reply::Value(Data::End);
        }
        if input.is_binary {
            return Reply::Value(Data::Bytes(bytes));
        }
        match text(bytes, is_end) {
            Ok((text, partial)) => {
                input.partial = partial;
                Reply::Value(Data::Text(text))
            }
            Err(()) => {
                let message = format!("{} is not UTF-8 text", input.name);
                Reply::error(":file", message)
            }
        }
    }
}

impl Source {
    fn read(&mut self, bytes: &mut Vec<u8>, most: u64) -> io::Result<()> {
        match self {
            // As much as is typed at once: a line.
            Source::Console => {
                let read = io::stdin().lock().take(most).read_until(b'\n', bytes)?;
                if bytes.ends_with(b"\n") && io::stdin().is_terminal() {
                    output::line_was_typed();
                }
                read
            }
            Source::File(file) => file.take(most).read_to_end(bytes)?,
        };
        Ok(())
    }
}

/// Bytes as text, and the beginning of a character at their end unless it is the end of all.
fn text(mut bytes: Vec<u8>, is_end: bool) -> Result<(String, Vec<u8>), ()> {
    let partial = match std::str::from_utf8(&bytes) {
        Err(error) if error.error_len().is_none() && !is_end => {
            bytes.split_off(error.valid_up_to())
        }
        _ => Vec::new(),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, partial)),
        Err(_) => Err(()),
    }
}

fn whole_text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(TEXT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        let message = format!("it is larger than {TEXT_BYTES_MAX} bytes");
        return Err(io::Error::other(message));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

fn done(result: io::Result<()>, path: &Path, what: &str) -> Reply {
    match result {
        Ok(()) => Reply::Value(Data::Void),
        Err(error) => failed(path, what, &error),
    }
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Reply {
    let message = format!("{} cannot be {what}: {error}", path.display());
    Reply::error(":file", message)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn characters_cut_in_two_are_put_together() {
        let whole = "aλ𝒳b".as_bytes();
        for cut in 0..=whole.len() {
            let (first, partial) = text(whole[..cut].to_vec(), false).expect("valid so far");
            let rest = [partial, whole[cut..].to_vec()].concat();
            let (second, partial) = text(rest, true).expect("valid");
            assert_eq!((first + &second, partial), ("aλ𝒳b".to_string(), Vec::new()));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(text(vec![b'a', 0xff, b'b'], false), Err(()));
        assert_eq!(text(vec![0xce], true), Err(()));
    }
}
