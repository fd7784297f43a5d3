//! What the node counted, and its routing table, in words of the language.

use dht::{BucketView, ContactView, Histogram, Metrics};
use node::service::NodeMetrics;

use super::answers::key;
use super::data::Data;

/// What the node counted since it started.
pub fn metrics(metrics: &NodeMetrics) -> Data {
    let mut fields = dht_figures(&metrics.dht);
    let counts = [
        (":bytes-in", metrics.bytes_in),
        (":bytes-out", metrics.bytes_out),
        (":connections-in", metrics.connections_in),
        (":connections-out", metrics.connections_out),
        (":dials-resumed", metrics.dials_resumed),
        (":early-refused", metrics.early_refused),
        (":jobs-run", metrics.jobs_run),
        (":jobs-refused", metrics.jobs_refused),
        (":jobs-running", metrics.jobs_running),
        (":job-fuel", metrics.job_fuel),
        (":chunks-stored", metrics.chunks_stored),
        (":chunks-fetched", metrics.chunks_fetched),
        (":contacts", metrics.contacts),
        (":items", metrics.items),
        (":item-bytes", metrics.item_bytes),
        (":blocked", metrics.blocked),
    ];
    fields.extend(counts.map(|(name, count)| (name, Data::Int(count))));
    let seconds = metrics.running_ms as f64 / 1000.0;
    fields.push((":seconds", Data::Real(seconds)));
    Data::fields(fields)
}

fn dht_figures(metrics: &Metrics) -> Vec<(&'static str, Data)> {
    let received = &metrics.received;
    let kinds = [
        (":ping", received.ping),
        (":store", received.store),
        (":find-node", received.find_node),
        (":find-value", received.find_value),
        (":watch", received.watch),
    ];
    let reasons = metrics.refused.reasons().map(|(code, count)| {
        let name = format!(":{}", code.to_string().replace(' ', "-"));
        (Data::Name(name.into()), Data::Int(count))
    });
    let mut fields = vec![
        (":requests", numbers(kinds)),
        (":refused", Data::Dict(reasons.collect())),
        (":request-ms", histogram(&metrics.request_ms)),
        (":lookup-ms", histogram(&metrics.lookup_ms)),
        (":lookup-hops", hops(&metrics.hops)),
    ];
    let counts = [
        (":asked", metrics.requests_sent),
        (":answered", metrics.requests_answered),
        (":unanswered", metrics.requests_failed),
        (":lookups", metrics.lookups),
        (":puts", metrics.puts),
        (":puts-stored", metrics.puts_stored),
        (":gets", metrics.gets),
        (":gets-found", metrics.gets_found),
        (":bad-items", metrics.bad_items),
        (":republished", metrics.republished),
        (":handed-over", metrics.handed_over),
        (":cached", metrics.cached),
        (":news-told", metrics.news_told),
        (":crowded-keys", metrics.crowded_keys),
    ];
    fields.extend(counts.map(|(name, count)| (name, Data::Int(count))));
    fields
}

/// Bounds and how many lay below each, but not below the one before; and three quantiles, as far as those tell.
fn histogram(histogram: &Histogram) -> Data {
    let below = histogram.buckets.iter().enumerate();
    let below = below.filter(|(_, count)| **count > 0);
    let below = below.map(|(place, count)| (Data::Int(1 << place), Data::Int(*count)));
    Data::fields([
        (":count", Data::Int(histogram.count())),
        (":p50", Data::Int(histogram.quantile_ms(0.5))),
        (":p95", Data::Int(histogram.quantile_ms(0.95))),
        (":p99", Data::Int(histogram.quantile_ms(0.99))),
        (":below", Data::Dict(below.collect())),
    ])
}

/// How many items were found after how many hops.
fn hops(hops: &[u64]) -> Data {
    let counts = hops.iter().enumerate().filter(|(_, count)| **count > 0);
    let counts = counts.map(|(hops, count)| (Data::count(hops), Data::Int(*count)));
    Data::Dict(counts.collect())
}

fn numbers<const N: usize>(counts: [(&'static str, u64); N]) -> Data {
    Data::fields(counts.map(|(name, count)| (name, Data::Int(count))))
}

/// A bucket of the routing table.
pub fn bucket(bucket: &BucketView) -> Data {
    Data::fields([
        (":shared-bits", Data::count(bucket.shared_bits)),
        (
            ":contacts",
            Data::List(bucket.contacts.iter().map(contact).collect()),
        ),
        (":waiting", Data::count(bucket.waiting)),
    ])
}

fn contact(view: &ContactView) -> Data {
    Data::fields([
        (":key", key(&view.contact.public_key())),
        (":id", Data::Bytes(view.contact.id().as_bytes().to_vec())),
        (":live", Data::Bool(view.is_live)),
        (":failures", Data::Int(view.failures.into())),
        (":round-trip-ms", Data::Int(view.round_trip_ms)),
        (":last-contact", Data::Int(view.last_contact)),
    ])
}
