//! `logos key`: the key in the data folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use node::error::DataError;
use node::identity::{Identity, create_folder};
use node::keys::to_hex;
use node::store::lock;

use super::{DONE, ERROR, Options, wrong_use};
use crate::output;

/// What to do with the key.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Print the public key, 64 hex digits, making a key if there is none
    Show,
    /// Make a new key; the old one is kept beside it
    New,
    /// Write the secret key to a file that only its owner can read
    Export {
        /// The file; it must not exist yet
        file: PathBuf,
    },
    /// Take the secret key from a file; the old one is kept beside it
    Import {
        /// A file that `export` wrote
        file: PathBuf,
    },
}

/// Runs `logos key`.
pub fn run(options: &Options, action: Action) -> ExitCode {
    let folder = match options.data_folder() {
        Ok(folder) => folder,
        Err(message) => return wrong_use(&message),
    };
    match act(&folder, &action, options.quiet) {
        Ok(()) => ExitCode::from(DONE),
        Err(message) => {
            output::complain(message);
            ExitCode::from(ERROR)
        }
    }
}

fn act(folder: &Path, action: &Action, is_quiet: bool) -> Result<(), String> {
    let text = |error: DataError| error.to_string();
    let identity = match action {
        Action::Show => Identity::load_or_create(folder).map_err(text)?,
        Action::Export { file } => {
            let identity = Identity::load_or_create(folder).map_err(text)?;
            let exists = || format!("{} exists already, and is left as it is", file.display());
            return identity.export(file).map_err(|error| match file.exists() {
                true => exists(),
                false => text(error),
            });
        }
        Action::New => Identity::random(),
        Action::Import { file } => Identity::read(file)
            .map_err(text)?
            .ok_or_else(|| format!("there is no file {}", file.display()))?,
    };
    if !matches!(action, Action::Show) {
        create_folder(folder).map_err(text)?;
        let _alone = lock(folder).map_err(|error| match error {
            DataError::Locked(_) => format!("{error} and its key: end that one first"),
            error => error.to_string(),
        })?;
        let kept = identity.replace(folder).map_err(text)?;
        if let (Some(kept), false) = (kept, is_quiet) {
            output::error_line(format_args!("the old key is kept in {}", kept.display()));
        }
    }
    output::line(to_hex(identity.public().as_bytes()));
    Ok(())
}
