//! `logos node`: a node without a prompt.

use std::path::Path;
use std::process::ExitCode;

use node::error::NodeError;
use node::relay::Relay;
use tokio::runtime::Runtime;

use super::{DONE, ERROR, Options, wrong_use};
use crate::evaluator::encoded_true;
use crate::host::{Keeper, Peer, renew_profile};
use crate::output;

/// Runs `logos node`.
pub fn run(options: &Options) -> ExitCode {
    for (given, option) in [
        (options.swarm.is_some(), "--swarm"),
        (options.offline, "--offline"),
        (options.pure, "--pure"),
    ] {
        if given {
            return wrong_use(&format!("`{option}` makes no sense for a node"));
        }
    }
    let network = options.network();
    let folder = match network.folder {
        Ok(folder) => folder,
        Err(message) => return wrong_use(&message),
    };
    let mut config = network.config;
    let relays = config.relays.clone();
    config.data = Some(folder.clone());
    config.serve = true;
    config.public = true;
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    let served = Peer::open(config, None, runtime.handle().clone())
        .and_then(|peer| runtime.block_on(serve(&peer, &folder, &relays)));
    match served {
        Ok(()) => ExitCode::from(DONE),
        Err(error) => failed(&error.to_string()),
    }
}

async fn serve(peer: &Peer, folder: &Path, relays: &[Relay]) -> Result<(), NodeError> {
    let service = &peer.service;
    let mut stop = std::pin::pin!(stop_asked());
    let keeper = Keeper::open(folder, peer.clone());
    let keeper = keeper.inspect_err(|error| {
        output::complain(format_args!("no other program can use this node: {error}"))
    });
    let ticket = service.listen().await?;
    if ticket.relay.is_none() && !relays.is_empty() {
        let named: Vec<String> = relays.iter().map(ToString::to_string).collect();
        let named = named.join(" nor ");
        output::complain(format_args!(
            "cannot reach {named}: the ticket names no relay; it is tried again"
        ));
    }
    output::line(format_args!("ticket: {ticket}"));
    // Who joins us must find us in the network; who cannot be reached now is met later.
    tokio::select! {
        met = service.meet() => { met?; }
        () = &mut stop => {}
    }
    output::line("ready");
    let profile = async {
        if let Err(error) = renew_profile(peer, encoded_true()).await {
            tracing::warn!(%error, "the profile of this node is not published");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = profile => {}
        () = &mut stop => {}
    }
    if let Ok(keeper) = keeper {
        keeper.close();
    }
    service.close().await;
    Ok(())
}

/// Waits for SIGINT or SIGTERM.
#[cfg(unix)]
async fn stop_asked() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    match (terminate, interrupt) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn stop_asked() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

fn failed(message: &str) -> ExitCode {
    output::complain(message);
    ExitCode::from(ERROR)
}
