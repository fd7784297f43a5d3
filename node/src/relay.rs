//! A relay: a server that its user chose, which passes on what two nodes say that have no direct way to each
//! other, and helps them to find one. Owns how its URL is written, so that the same relay is always called the
//! same. Refuses URLs that could be anything else: a relay needs no path, no query, no password.

use std::fmt;
use std::str::FromStr;

use dht::{Address, RELAY_BYTES_MAX};
use iroh::RelayUrl;

use crate::error::NodeError;

/// A relay, by its URL: `http` or `https`, a host, perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relay(RelayUrl);

impl Relay {
    pub(crate) fn url(&self) -> &RelayUrl {
        &self.0
    }

    /// As the DHT writes it.
    pub(crate) fn address(&self) -> Address {
        Address::Relay(self.to_string())
    }

    /// The relay that an address names, if it names one.
    pub(crate) fn of_address(address: &Address) -> Option<Relay> {
        match address {
            Address::Relay(url) => url.parse().ok(),
            Address::Ip(_) => None,
        }
    }
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Relay {
    type Err = NodeError;

    fn from_str(text: &str) -> Result<Relay, NodeError> {
        let wrong = |why: &str| {
            let message = format!("this is not the URL of a relay: {why}");
            Err(NodeError::WrongArgument(message))
        };
        let Ok(url) = text.trim().parse::<RelayUrl>() else {
            return wrong("it should look like https://relay.example");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return wrong("it begins with http:// or https://");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return wrong("it names no host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("it carries a name or a password");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return wrong("there is more in it than a host and a port");
        }
        if url.as_str().len() > RELAY_BYTES_MAX {
            return wrong("it is too long");
        }
        Ok(Relay(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_relay_is_called_the_same() {
        let checks = [
            ("http://h:3340", "http://h:3340/"),
            ("HTTP://H:80/", "http://h/"),
            ("https://Relay.Example:443", "https://relay.example/"),
            (" https://[::1]:8443\n", "https://[::1]:8443/"),
            ("http://10.77.0.9:3340", "http://10.77.0.9:3340/"),
        ];
        for (text, expected) in checks {
            let relay: Relay = text.parse().unwrap();
            assert_eq!(relay.to_string(), expected);
            assert_eq!(relay.to_string().parse::<Relay>().unwrap(), relay);
            assert_eq!(Relay::of_address(&Address::Relay(text.into())), Some(relay));
        }
    }

    #[test]
    fn whatever_could_be_something_else_is_refused() {
        let long = format!("https://{}.example", "x".repeat(RELAY_BYTES_MAX));
        for text in [
            "",
            "h:3340",
            "relay.example",
            "ftp://relay.example",
            "file:///etc/passwd",
            "http://",
            "http://ann@relay.example",
            "http://:secret@relay.example",
            "http://relay.example/else",
            "http://relay.example/?token=1",
            "http://relay.example/#top",
            "http://relay.example:99999",
            &long,
        ] {
            assert!(text.parse::<Relay>().is_err(), "{text}");
        }
    }
}
