//! A node and what its user adds to it: names for keys, which live beside the node's key.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use node::error::{DataError, NodeError};
use node::identity::create_folder;
use node::keys::{PublicKey, from_hex, to_hex};
use node::service::{Config, Service};
use node::swarm::SwarmOptions;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::answers::put_counts;
use super::asks::Owner;
use super::data::{Data, Reply};
use crate::evaluator::{LanguageEvaluator, lie};

/// Name of the file with the user's names for keys: a key's hex digits, a blank, the name.
const PETNAMES_FILE: &str = "petnames";
/// Most names for keys.
const PETNAMES_MAX: usize = 10_000;
/// Longest name for a key, in bytes.
const PETNAME_BYTES_MAX: usize = 512;

/// Which peers a practice network has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeSettings {
    /// How many in all.
    pub peers: usize,
    /// How many of them lie.
    pub liars: usize,
    /// How many of them never answer.
    pub lazy: usize,
}

/// The node and what the program's user adds to it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The node.
    pub service: Service,
    petnames: Arc<Mutex<Petnames>>,
    /// The practice network to start before anything else is done.
    practice: Arc<tokio::sync::Mutex<Option<PracticeSettings>>>,
}

#[derive(Debug, Default)]
struct Petnames {
    keys: BTreeMap<String, PublicKey>,
    /// Where they are kept.
    file: Option<PathBuf>,
}

impl Peer {
    /// Opens the node of `config.data`, or one in memory. Opens no socket yet.
    pub fn open(
        config: Config,
        practice: Option<PracticeSettings>,
        runtime: Handle,
    ) -> Result<Peer, NodeError> {
        let folder = config.data.clone();
        let service = Service::open(config, Arc::new(LanguageEvaluator::new()), runtime)?;
        let petnames = Petnames::load(folder.as_deref())?;
        Ok(Peer {
            service,
            petnames: Arc::new(Mutex::new(petnames)),
            practice: Arc::new(tokio::sync::Mutex::new(practice)),
        })
    }

    /// Starts the practice network that the command line asks for, if it does not run yet.
    pub async fn be_ready(&self) -> Result<(), NodeError> {
        let mut practice = self.practice.lock().await;
        if let Some(settings) = *practice {
            self.service.swarm(settings.into()).await?;
            *practice = None;
        }
        Ok(())
    }

    /// The key that is meant.
    pub fn key_of(&self, owner: &Owner) -> Result<PublicKey, Reply> {
        let name = match owner {
            Owner::Key(key) => return Ok(*key),
            Owner::Petname(name) => name,
        };
        let key = locked(&self.petnames).keys.get(name).copied();
        key.ok_or_else(|| {
            let message =
                format!("nobody is called {name:?} here: (alias {name:?} KEY) says who is");
            Reply::error(":not-found", message)
        })
    }

    /// What a key is called here.
    pub fn aliases(&self, key: &PublicKey) -> Vec<String> {
        let petnames = locked(&self.petnames);
        let of_key = petnames.keys.iter().filter(|(_, named)| *named == key);
        of_key.map(|(name, _)| name.clone()).collect()
    }

    /// Gives a key a name.
    pub fn alias(&self, name: String, key: PublicKey) -> Result<(), Reply> {
        let is_odd = name.is_empty()
            || name.len() > PETNAME_BYTES_MAX
            || name.chars().any(char::is_control)
            || from_hex::<32>(&name).is_some();
        if is_odd {
            return Err(Reply::wrong(
                "a name for a key is one short line of text, and not itself a key",
            ));
        }
        let mut petnames = locked(&self.petnames);
        if petnames.keys.len() >= PETNAMES_MAX && !petnames.keys.contains_key(&name) {
            let message = format!("there are {PETNAMES_MAX} names for keys already");
            return Err(Reply::error(":too-big", message));
        }
        petnames.keys.insert(name, key);
        Ok(petnames.save()?)
    }
}

impl Petnames {
    fn load(folder: Option<&Path>) -> Result<Petnames, NodeError> {
        let Some(folder) = folder else {
            return Ok(Petnames::default());
        };
        let file = folder.join(PETNAMES_FILE);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(file_error(&file, &error)),
        };
        let entries = text.lines().filter_map(|line| {
            let (key, name) = line.split_once(' ')?;
            let key = PublicKey::from_bytes(from_hex::<32>(key)?);
            Some((name.to_string(), key))
        });
        Ok(Petnames {
            keys: entries.collect(),
            file: Some(file),
        })
    }

    /// Writes beside the file and then renames: a crash leaves the old one or the new one.
    fn save(&self) -> Result<(), NodeError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let lines = self.keys.iter();
        let lines = lines.map(|(name, key)| format!("{} {name}\n", to_hex(key.as_bytes())));
        let text: String = lines.collect();
        let temporary = file.with_extension("new");
        let folder = file.parent().unwrap_or(Path::new("."));
        create_folder(folder)?;
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, file))
            .map_err(|error| file_error(file, &error))
    }
}

impl From<PracticeSettings> for SwarmOptions {
    fn from(settings: PracticeSettings) -> SwarmOptions {
        SwarmOptions {
            peers: settings.peers,
            liars: settings.liars,
            lazy: settings.lazy,
            corrupt: Some(Arc::new(lie)),
        }
    }
}

impl From<NodeError> for Reply {
    fn from(error: NodeError) -> Reply {
        let (kind, message) = (format!(":{}", error.kind()).into(), error.to_string());
        let payload = match error {
            NodeError::NotStored(counts) => Some(Data::fields(put_counts(counts))),
            _ => None,
        };
        Reply::Error {
            kind,
            message,
            payload,
        }
    }
}

fn file_error(file: &Path, error: &std::io::Error) -> NodeError {
    DataError::Io(file.to_owned(), error.to_string()).into()
}

fn locked(petnames: &Mutex<Petnames>) -> MutexGuard<'_, Petnames> {
    petnames.lock().unwrap_or_else(PoisonError::into_inner)
}
