//! A relay for hosts of a test: `relay ADDRESS CERTIFICATE` listens there, writes the certificate that vouches for
//! it, and prints its URL; then, for each line it reads, how many bytes it has passed on.

use std::io::BufRead as _;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Parser;
use logos_tests::Relay;

/// A relay that counts what it passes on.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen
    address: IpAddr,
    /// Where to write the certificate
    certificate: PathBuf,
}

fn main() {
    let options = Options::parse();
    let relay = Relay::start_certified(options.address, &options.certificate);
    println!("relay: {}", relay.url);
    for line in std::io::stdin().lock().lines() {
        if line.is_err() {
            return;
        }
        println!("bytes: {}", relay.bytes());
    }
}
