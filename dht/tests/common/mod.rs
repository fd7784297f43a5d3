//! What several tests of the state machine look at.

use dht::{Action, Contact, ExchangeId, Request};

/// The requests that a node wants sent.
pub fn sends(actions: &[Action]) -> Vec<(ExchangeId, Contact, Request)> {
    let send = |action: &Action| match action {
        Action::Send {
            exchange,
            to,
            frame,
            ..
        } => Some((*exchange, to.clone(), frame.request.clone())),
        _ => None,
    };
    actions.iter().filter_map(send).collect()
}
