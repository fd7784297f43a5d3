//! Options that every command takes, and how amounts are written.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use logos::vm::{Bounds, Profile};
use node::relay::Relay;
use node::service::{Config, Limits, check_relays};
use node::swarm::SWARM_PEERS_MAX;
use node::ticket::Ticket;

use super::Style;
use crate::host::{NetworkSettings, PracticeSettings};

/// Bytes of memory of an evaluation on this machine when nothing else is said.
const LOCAL_MEMORY: u64 = 1 << 30;
/// The data folder, if the option does not say.
const DATA_VARIABLE: &str = "LOGOS_DATA";
/// What logging shows when `-v` is not given.
const LOG_VARIABLE: &str = "LOGOS_LOG";

/// See the module's description.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where key, items, contacts, jobs and history live
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// A first contact: what `logos node` prints (repeatable)
    #[arg(long, value_name = "TICKET", global = true)]
    pub join: Vec<Ticket>,
    /// Where to listen; port 0 is any
    #[arg(long, value_name = "ADDR:PORT", global = true)]
    pub listen: Option<SocketAddr>,
    /// A relay to be reached through when there is no direct way, and to reach others through (repeatable)
    #[arg(long, value_name = "URL", global = true)]
    pub relay: Vec<Relay>,
    /// Find peers on the local network
    #[arg(long, global = true)]
    pub lan: bool,
    /// A practice network of N peers in this process, some lying, some lazy
    #[arg(long, value_name = "N[,liars=K][,lazy=K]", value_parser = practice, global = true)]
    pub swarm: Option<PracticeSettings>,
    /// No network
    #[arg(long, global = true)]
    pub offline: bool,
    /// No effects at all: what remote jobs get
    #[arg(long, global = true)]
    pub pure: bool,
    /// Fuel of the whole evaluation; K, M, G count in thousands
    #[arg(long, value_name = "N", value_parser = fuel, global = true)]
    pub fuel: Option<u64>,
    /// Memory of the whole evaluation; K, M, G count in 1024s
    #[arg(long, value_name = "BYTES", value_parser = memory, global = true)]
    pub memory: Option<u64>,
    /// Print fuel and peak memory to standard error after each value
    #[arg(long, global = true)]
    pub show_fuel: bool,
    /// Machine-readable output
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more on standard error (repeatable)
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Say nothing but values and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Options {
    /// Finds options that contradict each other.
    pub fn check(&self) -> Result<(), String> {
        let together = |one: &str, other: &str| {
            Err(format!(
                "`{one}` and `{other}` contradict each other: leave one out"
            ))
        };
        if self.swarm.is_some() && !self.join.is_empty() {
            return together("--swarm", "--join");
        }
        if self.swarm.is_some() && !self.relay.is_empty() {
            return together("--swarm", "--relay");
        }
        check_relays(&self.join, &self.relay).map_err(|error| error.to_string())?;
        let networked = [
            (self.swarm.is_some(), "--swarm"),
            (!self.join.is_empty(), "--join"),
            (self.listen.is_some(), "--listen"),
            (!self.relay.is_empty(), "--relay"),
            (self.lan, "--lan"),
        ];
        let closed = match (self.offline, self.pure) {
            (true, _) => "--offline",
            (_, true) => "--pure",
            _ => return Ok(()),
        };
        match networked.iter().find(|(given, _)| *given) {
            Some((_, option)) => together(closed, option),
            None => Ok(()),
        }
    }

    /// What programs may use.
    pub fn profile(&self) -> Profile {
        match (self.pure, self.offline) {
            (true, _) => Profile::Pure,
            (_, true) => Profile::Local,
            _ => Profile::Node,
        }
    }

    /// The limits of an evaluation.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            fuel: self.fuel,
            memory: Some(self.memory.unwrap_or(LOCAL_MEMORY)),
        }
    }

    /// The limits of an evaluation when none are asked for.
    pub fn local_bounds() -> Bounds {
        Bounds {
            fuel: None,
            memory: Some(LOCAL_MEMORY),
        }
    }

    /// The folder for everything that is to last.
    pub fn data_folder(&self) -> Result<PathBuf, String> {
        let variable = || std::env::var_os(DATA_VARIABLE).filter(|text| !text.is_empty());
        let folder = self.data.clone().or_else(|| variable().map(PathBuf::from));
        let folder = folder.or_else(platform_folder).ok_or_else(|| {
            "there is no home folder to keep data in: say where with `--data DIR`".to_string()
        })?;
        if folder.exists() && !folder.is_dir() {
            let folder = folder.display();
            return Err(format!("{folder} is no folder, and data is kept in one"));
        }
        Ok(folder)
    }

    /// How to take part in the network, once a program asks for it.
    pub fn network(&self) -> NetworkSettings {
        let config = Config {
            data: None,
            listen: self.listen,
            join: self.join.clone(),
            relays: self.relay.clone(),
            lan: self.lan,
            serve: false,
            public: false,
            limits: Limits::default(),
        };
        NetworkSettings {
            config,
            folder: self.data_folder(),
            practice: self.swarm,
            is_attached: false,
        }
    }

    /// The same for whoever sits at a prompt: a node that serves others while it is there.
    pub fn prompt_network(&self) -> NetworkSettings {
        let mut network = self.network();
        network.config.serve = true;
        network
    }

    /// The same for whoever uses a node that runs already, and never runs one.
    pub fn attached_network(&self) -> NetworkSettings {
        NetworkSettings {
            is_attached: true,
            ..self.network()
        }
    }

    /// Colours for standard error, or not.
    pub fn style(&self) -> Style {
        Style::new(self.color)
    }

    /// Sends what the node logs to standard error, as far as it is asked for; what went wrong in any case.
    pub fn start_logging(&self) {
        let filter = match (self.verbose, std::env::var(LOG_VARIABLE)) {
            (0, Ok(filter)) => filter,
            (0, Err(_)) => {
                let plain = tracing_subscriber::fmt().without_time().with_target(false);
                let _ = plain
                    .with_env_filter("node=error,dht=error")
                    .with_writer(std::io::stderr)
                    .log_internal_errors(false)
                    .try_init();
                return;
            }
            (1, _) => "node=info,dht=info".into(),
            (2, _) => "node=debug,dht=debug,iroh=info".into(),
            _ => "node=trace,dht=trace,iroh=debug".into(),
        };
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .log_internal_errors(false)
            .try_init();
    }
}

fn platform_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|text| !text.is_empty());
    if cfg!(windows) {
        return variable("APPDATA").map(|folder| PathBuf::from(folder).join("logos"));
    }
    let home = variable("HOME").map(PathBuf::from);
    if cfg!(target_os = "macos") {
        return home.map(|home| home.join("Library/Application Support/logos"));
    }
    variable("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".local/share")))
        .map(|folder| folder.join("logos"))
}

fn fuel(text: &str) -> Result<u64, String> {
    amount(text, 1000)
}

fn memory(text: &str) -> Result<u64, String> {
    amount(text, 1024)
}

/// A whole number, perhaps followed by K, M or G.
fn amount(text: &str, step: u64) -> Result<u64, String> {
    let wrong = || "a whole number is needed, perhaps followed by K, M or G".to_string();
    let power = match text.chars().last().ok_or_else(wrong)? {
        'K' | 'k' => 1,
        'M' | 'm' => 2,
        'G' | 'g' => 3,
        _ => 0,
    };
    let digits = if power == 0 {
        text
    } else {
        &text[..text.len() - 1]
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits
        .parse()
        .map_err(|_| "this number is too large".to_string())?;
    number
        .checked_mul(step.pow(power))
        .ok_or_else(|| "this number is too large".to_string())
}

/// `7,liars=2,lazy=1`.
fn practice(text: &str) -> Result<PracticeSettings, String> {
    let mut parts = text.split(',');
    let count = |text: &str| {
        text.parse::<usize>()
            .map_err(|_| format!("{text} is not a number of peers"))
    };
    let mut practice = PracticeSettings {
        peers: count(parts.next().unwrap_or_default())?,
        liars: 0,
        lazy: 0,
    };
    let mut said = Vec::new();
    for part in parts {
        let (what, number) = part.split_once('=').unwrap_or((part, ""));
        if said.contains(&what) {
            return Err(format!("{what} is said twice"));
        }
        said.push(what);
        match what {
            "liars" => practice.liars = count(number)?,
            "lazy" => practice.lazy = count(number)?,
            _ => return Err(format!("{part} is neither liars=K nor lazy=K")),
        }
    }
    if practice.peers == 0 || practice.peers > SWARM_PEERS_MAX {
        return Err(format!("a swarm has 1 to {SWARM_PEERS_MAX} peers"));
    }
    if practice.liars.saturating_add(practice.lazy) > practice.peers {
        return Err("there are more liars and lazy ones than peers".into());
    }
    Ok(practice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_suffixes() {
        let checks = [
            ("0", Some(0)),
            ("12", Some(12)),
            ("3K", Some(3000)),
            ("2m", Some(2_000_000)),
            ("1G", Some(1_000_000_000)),
            ("", None),
            ("K", None),
            ("-1", None),
            ("+1", None),
            ("1.5M", None),
            ("1é", None),
            ("99999999999999999999", None),
            ("99999999999999999G", None),
        ];
        for (text, expected) in checks {
            assert_eq!(fuel(text).ok(), expected, "{text}");
        }
        assert_eq!(memory("32M"), Ok(32 << 20));
    }

    #[test]
    fn swarms_are_described_in_a_word() {
        let full = practice("7,liars=2,lazy=1").unwrap();
        assert_eq!((full.peers, full.liars, full.lazy), (7, 2, 1));
        let twice = "3,liars=1,liars=2";
        for wrong in [
            "",
            "0",
            "x",
            "3,liars",
            "3,liars=4",
            "3,honest=1",
            "9999",
            twice,
        ] {
            assert!(practice(wrong).is_err(), "{wrong}");
        }
    }
}
