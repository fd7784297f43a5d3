//! Reads what a program asks for. Refuses whatever it does not understand, in words for a person.

mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use logos::symbol::Symbols;
use logos::syntax::{Datum, Syntax};
use node::keys::{Id, PublicKey};
use node::service::{PutOptions, RemoteOptions, Version};
use serde::{Deserialize, Serialize};

use super::data::Reply;
use super::files::{FileAsk, Mode};
use super::peer::PracticeSettings;
use values::{Reader, bytes, text};

/// The longest time that can be waited for.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What a program can ask for.
#[derive(Debug)]
pub enum Ask {
    /// Of this machine.
    Local(Local),
    /// Of the node.
    Node(NodeAsk),
}

/// What needs no network.
#[derive(Debug)]
pub enum Local {
    /// An answer after that long.
    Sleep(Duration),
    /// The time.
    Now,
    /// Microseconds since the program started.
    Jiffy,
    /// The arguments of the process.
    Arguments,
    /// A variable of the process's environment.
    Variable(String),
    /// All of them.
    Variables,
    /// To end, with this status.
    Exit(u8),
    /// Something with a file.
    File(FileAsk),
    /// The file that the library with this hash is kept in, if libraries can be kept.
    LibraryCache(String),
}

/// What the node does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NodeAsk {
    Put {
        name: String,
        value: Vec<u8>,
        options: PutOptions,
        /// Whom the value is sealed to, if it is.
        to: Option<Vec<Owner>>,
    },
    /// Store a value under its own hash.
    PutImmutable {
        value: Vec<u8>,
        options: PutOptions,
    },
    Get {
        place: Place,
        is_fresh: bool,
        /// Whether the whole item is wanted, or only its value.
        is_whole: bool,
        /// Whether the value is wanted, too.
        has_value: bool,
        /// Most bytes of a value that can be used.
        at_most: u64,
    },
    Delete {
        name: String,
    },
    WhereIs(Place),
    WhoIs(Owner),
    /// Say of this node what others are to read in its profile.
    Introduce {
        said: BTreeMap<String, String>,
        value: Vec<u8>,
    },
    KeyOf(Owner),
    /// Watch an item from now on; tells after which version news are to be told.
    Watch {
        place: Place,
        /// When the last version was made that is not to be told; `None` is the current one.
        newer_than: Option<u64>,
        /// When this was asked, milliseconds since 1970: what is made from then on is told.
        asked_at: u64,
    },
    /// Wait for the next version; `None` is before all.
    Newer {
        place: Place,
        since: Option<Version>,
        at_most: u64,
    },
    Remote {
        program: Vec<u8>,
        options: RemoteOptions,
        /// Whom to ask; empty draws from all.
        peers: Vec<Owner>,
    },
    /// The same, later if need be: put in the queue.
    Enqueue {
        program: Vec<u8>,
        options: RemoteOptions,
        peers: Vec<Owner>,
    },
    Info,
    Metrics,
    RoutingTable,
    Peers,
    Jobs,
    Job(Id),
    CancelJob(Id),
    MyKey,
    Alias {
        name: String,
        owner: Owner,
    },
    Swarm(PracticeSettings),
    /// Meet these too; what another program on the same folder was given as `--join`.
    Join(Vec<String>),
}

/// Which item is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// By its key.
    Key(Id),
    /// By name and owner; `None` is this node.
    Name(String, Option<Owner>),
}

/// Whose item is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// A public key.
    Key(PublicKey),
    /// The user's own name for one.
    Petname(String),
}

/// Understands a request.
/// `room` is how many bytes an answer may have at most.
pub fn parse(name: &str, arguments: &[Syntax], symbols: &Symbols, room: u64) -> Result<Ask, Reply> {
    let reader = Reader::new(procedure(name), symbols);
    let node = match (name, arguments) {
        ("sleep", [seconds]) => {
            return Ok(Ask::Local(Local::Sleep(reader.duration(seconds)?)));
        }
        ("current-second", []) => return Ok(Ask::Local(Local::Now)),
        ("read-port", [file, left]) => {
            let ask = FileAsk::Read(reader.count(file)? as u64, reader.count(left)?);
            return Ok(Ask::Local(Local::File(ask)));
        }
        (_, [file]) if let Some(ask) = file_ask(&reader, name, file)? => {
            return Ok(Ask::Local(Local::File(ask)));
        }
        ("library-cache", [hash]) => {
            let hash = reader.text(hash, "a hash, a string")?;
            if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Reply::error(":wrong-argument", "a hash has hex digits"));
            }
            return Ok(Ask::Local(Local::LibraryCache(hash)));
        }
        ("current-jiffy", []) => return Ok(Ask::Local(Local::Jiffy)),
        ("command-line", []) => return Ok(Ask::Local(Local::Arguments)),
        ("get-environment-variable", [name]) => {
            let name = reader.text(name, "the name of a variable, a string")?;
            return Ok(Ask::Local(Local::Variable(name)));
        }
        ("get-environment-variables", []) => return Ok(Ask::Local(Local::Variables)),
        ("exit", [status]) => {
            let status = u8::try_from(reader.count(status)?).unwrap_or(u8::MAX);
            return Ok(Ask::Local(Local::Exit(status)));
        }
        ("dht-put", [name, value, options @ ..]) => put(&reader, name, value, options)?,
        ("dht-put-immutable", [value, options @ ..]) => put_immutable(&reader, value, options)?,
        ("dht-get", arguments) => get(&reader, arguments, false, room)?,
        ("dht-item", arguments) => get(&reader, arguments, true, room)?,
        ("dht-delete", [name]) => NodeAsk::Delete {
            name: reader.name(name, "the name of an item, a string")?,
        },
        ("where-is", arguments) => match get(&reader, arguments, false, room)? {
            NodeAsk::Get { place, .. } => NodeAsk::WhereIs(place),
            ask => ask,
        },
        ("dht-watch", [options, arguments @ ..]) => watch(&reader, options, arguments)?,
        ("dht-newer", [since, arguments @ ..]) => NodeAsk::Newer {
            place: place(&reader, arguments)?,
            since: reader.version(since)?,
            at_most: room,
        },
        ("who-is", [owner]) => NodeAsk::WhoIs(reader.owner(owner)?),
        ("publish-profile", [said, value]) => introduce(&reader, said, value)?,
        ("key-of", [owner]) => NodeAsk::KeyOf(reader.owner(owner)?),
        ("remote", [program, options @ ..]) => {
            let (program, options, peers) = remote(&reader, program, options)?;
            NodeAsk::Remote {
                program,
                options,
                peers,
            }
        }
        ("enqueue", [program, options @ ..]) => {
            let (program, options, peers) = remote(&reader, program, options)?;
            NodeAsk::Enqueue {
                program,
                options,
                peers,
            }
        }
        ("node-info", []) => NodeAsk::Info,
        ("node-metrics", []) => NodeAsk::Metrics,
        ("routing-table", []) => NodeAsk::RoutingTable,
        ("peers", []) => NodeAsk::Peers,
        ("jobs", []) => NodeAsk::Jobs,
        ("cancel-job", [id]) => NodeAsk::CancelJob(reader.job(id)?),
        ("job", [id]) => NodeAsk::Job(reader.job(id)?),
        ("my-key", []) => NodeAsk::MyKey,
        ("alias", [name, key]) => NodeAsk::Alias {
            name: reader.text(name, "a name, a string")?,
            owner: reader.owner(key)?,
        },
        ("swarm", [peers, options @ ..]) => swarm(&reader, peers, options)?,
        _ => {
            let message = format!("`{name}` cannot be asked for in this way");
            return Err(Reply::wrong(message));
        }
    };
    Ok(Ask::Node(node))
}

/// The procedure that asks for this, where it has another name.
pub fn procedure(request: &str) -> &str {
    match request {
        "dht-newer" => "dht-watch",
        "key-of" => "link",
        "read-port" => "read",
        "where-is" => "where-is?",
        "who-is" => "who-is?",
        "enqueue" => "submit",
        request => request,
    }
}

fn watch(reader: &Reader<'_>, options: &Syntax, arguments: &[Syntax]) -> Result<NodeAsk, Reply> {
    let mut newer_than = None;
    for (key, value) in reader.options(std::slice::from_ref(options))? {
        match key.as_str() {
            ":newer-than" => newer_than = Some(reader.count(&value)? as u64),
            _ => return Err(reader.unknown_option(&key, ":newer-than")),
        }
    }
    Ok(NodeAsk::Watch {
        place: place(reader, arguments)?,
        newer_than,
        asked_at: node::service::now(),
    })
}

/// Requests about files, each with a name or number.
fn file_ask(reader: &Reader<'_>, name: &str, file: &Syntax) -> Result<Option<FileAsk>, Reply> {
    let path = || {
        let path = reader.text(file, "the name of a file, a string")?;
        Ok::<_, Reply>(std::path::PathBuf::from(path))
    };
    let number = || Ok::<_, Reply>(reader.count(file)? as u64);
    Ok(Some(match name {
        "open-input-file" => FileAsk::Open(path()?, Mode::ReadText),
        "open-binary-input-file" => FileAsk::Open(path()?, Mode::ReadBytes),
        "open-output-file" | "open-binary-output-file" => FileAsk::Open(path()?, Mode::Write),
        "file-exists?" => FileAsk::Exists(path()?),
        "delete-file" => FileAsk::Delete(path()?),
        "read-file" => FileAsk::Text(path()?),
        "flush-output-port" => FileAsk::Flush(number()?),
        "close-port" => FileAsk::Close(number()?),
        _ => return Ok(None),
    }))
}

fn put(
    reader: &Reader<'_>,
    name: &Syntax,
    value: &Syntax,
    options: &[Syntax],
) -> Result<NodeAsk, Reply> {
    let mut put = PutOptions::default();
    let mut to = None;
    for (key, value) in reader.options(options)? {
        match key.as_str() {
            ":expires" => put.expires = Some(reader.duration(&value)?),
            ":require" => put.require = Some(reader.count(&value)?),
            ":meta" => put.meta = reader.texts(&value)?,
            ":to" => to = Some(reader.owners(&value)?),
            ":read-back" => put.read_back = reader.truth(&key, &value)?,
            _ => {
                let known = ":expires, :meta, :read-back, :require and :to";
                return Err(reader.unknown_option(&key, known));
            }
        }
    }
    Ok(NodeAsk::Put {
        name: reader.name(name, "a name, a string")?,
        value: reader.bytes(value)?,
        options: put,
        to,
    })
}

fn put_immutable(
    reader: &Reader<'_>,
    value: &Syntax,
    options: &[Syntax],
) -> Result<NodeAsk, Reply> {
    let mut put = PutOptions::default();
    for (key, value) in reader.options(options)? {
        match key.as_str() {
            ":expires" => put.expires = Some(reader.duration(&value)?),
            ":require" => put.require = Some(reader.count(&value)?),
            ":read-back" => put.read_back = reader.truth(&key, &value)?,
            _ => return Err(reader.unknown_option(&key, ":expires, :read-back and :require")),
        }
    }
    Ok(NodeAsk::PutImmutable {
        value: reader.bytes(value)?,
        options: put,
    })
}

fn introduce(reader: &Reader<'_>, said: &Syntax, value: &Syntax) -> Result<NodeAsk, Reply> {
    let mut texts = BTreeMap::new();
    for (key, value) in reader.options(std::slice::from_ref(said))? {
        match key.as_str() {
            ":name" | ":about" => {
                let text = reader.text(&value, "a string")?;
                texts.insert(key.trim_start_matches(':').to_string(), text);
            }
            _ => return Err(reader.unknown_option(&key, ":name and :about")),
        }
    }
    Ok(NodeAsk::Introduce {
        said: texts,
        value: reader.bytes(value)?,
    })
}

fn get(
    reader: &Reader<'_>,
    arguments: &[Syntax],
    is_whole: bool,
    at_most: u64,
) -> Result<NodeAsk, Reply> {
    let is_dict = |syntax: &Syntax| matches!(syntax.datum(), Datum::Dict(_));
    let (arguments, options) = match arguments.split_last() {
        Some((last, before)) if is_dict(last) => (before, std::slice::from_ref(last)),
        _ => (arguments, &[][..]),
    };
    let (mut is_fresh, mut has_value) = (false, true);
    for (key, value) in reader.options(options)? {
        match key.as_str() {
            ":fresh" => is_fresh = reader.truth(&key, &value)?,
            ":value" if is_whole => has_value = reader.truth(&key, &value)?,
            _ if is_whole => return Err(reader.unknown_option(&key, ":fresh and :value")),
            _ => return Err(reader.unknown_option(&key, ":fresh")),
        }
    }
    Ok(NodeAsk::Get {
        place: place(reader, arguments)?,
        is_fresh,
        is_whole,
        has_value,
        at_most,
    })
}

/// Which item is meant: its key, its name, or its name and whose it is.
fn place(reader: &Reader<'_>, arguments: &[Syntax]) -> Result<Place, Reply> {
    Ok(match arguments {
        [key] if bytes(key).is_some() => {
            let key = bytes(key).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
            let key = key.ok_or_else(|| {
                Reply::wrong(
                    "the key of an item is a bytevector of 64 bytes; a lone string is its name",
                )
            })?;
            Place::Key(Id::from_bytes(key))
        }
        [name] => Place::Name(reader.name(name, "a name or a key")?, None),
        [name, owner] => Place::Name(
            reader.name(name, "a name, a string")?,
            Some(reader.owner(owner)?),
        ),
        _ => {
            return Err(Reply::wrong(
                "a name is needed, and perhaps whose: (dht-get NAME OWNER)",
            ));
        }
    })
}

/// A program, how to have it run, and by whom.
type Request = (Vec<u8>, RemoteOptions, Vec<Owner>);

fn remote(reader: &Reader<'_>, program: &Syntax, given: &[Syntax]) -> Result<Request, Reply> {
    let mut options = RemoteOptions::default();
    let mut peers = Vec::new();
    let (mut n, mut quorum) = (None, None);
    for (key, value) in reader.options(given)? {
        match key.as_str() {
            ":n" => n = Some(reader.count(&value)?),
            ":quorum" => quorum = Some(reader.count(&value)?),
            ":fuel" => options.fuel = reader.count(&value)? as u64,
            ":memory" => options.memory = reader.count(&value)? as u64,
            ":timeout" => options.timeout = reader.duration(&value)?,
            ":near" => options.near = Some(reader.near(&value)?),
            ":peers" => peers = reader.owners(&value)?,
            _ => {
                let known = ":n, :quorum, :fuel, :memory, :timeout, :near and :peers";
                return Err(reader.unknown_option(&key, known));
            }
        }
    }
    // Who asks fewer peers than the quorum of old needs fewer answers, and the other way round.
    match (n, quorum) {
        (Some(n), None) => options.quorum = options.quorum.min(n),
        (None, Some(quorum)) => options.n = options.n.max(quorum),
        _ => {}
    }
    options.n = n.unwrap_or(options.n);
    options.quorum = quorum.unwrap_or(options.quorum);
    Ok((reader.bytes(program)?, options, peers))
}

fn swarm(reader: &Reader<'_>, peers: &Syntax, options: &[Syntax]) -> Result<NodeAsk, Reply> {
    let mut practice = PracticeSettings {
        peers: reader.count(peers)?,
        liars: 0,
        lazy: 0,
    };
    for (key, value) in reader.options(options)? {
        match key.as_str() {
            ":liars" => practice.liars = reader.count(&value)?,
            ":lazy" => practice.lazy = reader.count(&value)?,
            _ => return Err(reader.unknown_option(&key, ":liars and :lazy")),
        }
    }
    Ok(NodeAsk::Swarm(practice))
}

/// Whether a datum is a string with that many hex digits.
fn is_hex(syntax: &Syntax, digits: usize) -> bool {
    text(syntax).is_some_and(|text| {
        text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
