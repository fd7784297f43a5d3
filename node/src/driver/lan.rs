//! Peers on the local network, by multicast DNS: only when the user asks for it, and only nodes
//! of this program. Whoever is found is a hint, to be reached before it is believed.

use std::net::SocketAddr;

use dht::{Contact, PROTOCOL_VERSION, PublicKey};
use iroh::Endpoint;
use iroh::address_lookup::{AddressLookup, EndpointData};
use iroh_mdns_address_lookup::{DiscoveryEvent, MdnsAddressLookup};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;

use super::bind::as_addresses;
use crate::error::NodeError;

/// What nodes call themselves on the local network.
const SERVICE_NAME: &str = "logos";
/// Most found peers waiting to be met; more are found again later.
const FOUND_MAX: usize = 32;

/// Tells where we are, and asks nothing: an answer could name a relay that is not ours.
#[derive(Debug)]
struct Announcer(MdnsAddressLookup);

impl AddressLookup for Announcer {
    fn publish(&self, data: &EndpointData) {
        self.0.publish(data);
    }
}

/// Looks for peers until the receiver is dropped. Only who `serves` says that it is there.
pub(crate) async fn find_on_lan(
    endpoint: &Endpoint,
    serves: bool,
) -> Result<mpsc::Receiver<Contact>, NodeError> {
    let cannot = |why: String| {
        NodeError::Unreachable(format!("cannot look for peers on the local network: {why}"))
    };
    let lookup = MdnsAddressLookup::builder()
        .advertise(serves)
        .service_name(SERVICE_NAME)
        .build(endpoint.id())
        .map_err(|error| cannot(error.to_string()))?;
    let services = endpoint
        .address_lookup()
        .map_err(|error| cannot(error.to_string()))?;
    services.add(Announcer(lookup.clone()));
    let (sender, found) = mpsc::channel(FOUND_MAX);
    let mut events = lookup.subscribe().await;
    tokio::spawn(async move {
        // The search ends when the last handle on it is dropped.
        let _lookup = lookup;
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = sender.closed() => break,
            };
            let Some(event) = event else { break };
            if let DiscoveryEvent::Discovered { endpoint_info, .. } = event {
                let key = PublicKey::from_bytes(*endpoint_info.endpoint_id.as_bytes());
                let addresses: Vec<SocketAddr> = endpoint_info.ip_addrs().copied().collect();
                let contact = Contact::new(key, as_addresses(&addresses), PROTOCOL_VERSION);
                let _ = sender.try_send(contact);
            }
        }
    });
    Ok(found)
}
