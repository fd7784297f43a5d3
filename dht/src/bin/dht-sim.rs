//! `dht-sim`: the network in virtual time, from the command line.
//!
//! Prints the plan, which replays the run, then every figure, and on the last line all of it as JSON.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::str::FromStr;

use dht::sim::run::{Plan, run};

const USAGE: &str = "dht-sim [--nodes N] [--seed N] [--hours H] [--loss SHARE] \
[--churn weibull:SHAPE:SECONDS] [--items N] [--updates SHARE] [--sybils SHARE] \
[--adversary forge|drop|stall|misroute|mixed] [--partition H] [--json]";

// Wall time and the process's memory are reported; nothing simulated depends on them.
#[allow(clippy::disallowed_methods)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (plan, json) = match parse(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("{error}\nusage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let options = arguments.iter().filter(|argument| *argument != "--json");
    let options = options.map(String::as_str).collect::<Vec<_>>().join(" ");
    eprintln!("dht-sim {options} (seed {})", plan.seed);
    let begun = std::time::Instant::now();
    let mut last = 0;
    let report = run(&plan, &mut |share| {
        let percent = (share * 100.0) as u64;
        if percent / 5 > last / 5 {
            eprintln!("{percent:3} %");
            last = percent;
        }
    });
    let peak = peak_memory_kib();
    let mut fields = vec![
        format!("\"nodes\":{}", plan.nodes),
        format!("\"seed\":{}", plan.seed),
        format!("\"hours\":{}", plan.hours),
        format!(
            "\"options\":\"{}\"",
            options.replace('\\', "\\\\").replace('"', "\\\"")
        ),
    ];
    for (name, figure) in &report.figures {
        if !json {
            println!("{name:40} {figure:.4}");
        }
        fields.push(format!("\"{name}\":{}", (figure * 1e4).round() / 1e4));
    }
    fields.push(format!(
        "\"memory_per_node_bytes\":{}",
        peak * 1024 / plan.nodes.max(1) as u64
    ));
    fields.push(format!(
        "\"wall_seconds\":{:.1}",
        begun.elapsed().as_secs_f64()
    ));
    fields.push(format!("\"peak_memory_mib\":{}", peak / 1024));
    println!("{{{}}}", fields.join(","));
    ExitCode::SUCCESS
}

fn parse(arguments: &[String]) -> Result<(Plan, bool), String> {
    let mut plan = Plan::default();
    let mut json = false;
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        if name == "--json" {
            json = true;
            continue;
        }
        let value = rest.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--nodes" => plan.nodes = number(name, value)?,
            "--seed" => plan.seed = number(name, value)?,
            "--hours" => plan.hours = number(name, value)?,
            "--loss" => plan.loss = number(name, value)?,
            "--items" => plan.items = number(name, value)?,
            "--updates" => plan.updates = number(name, value)?,
            "--sybils" => plan.sybils = number(name, value)?,
            "--partition" => plan.partition = number(name, value)?,
            "--adversary" => plan.adversary = value.parse()?,
            "--churn" => plan.churn = Some(weibull(value)?),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    let has_somebody = plan.nodes as f64 * (1.0 - plan.sybils) >= 2.0;
    if has_somebody {
        Ok((plan, json))
    } else {
        Err("there must be two honest nodes".into())
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name}: `{value}` is no number"))
}

fn weibull(text: &str) -> Result<(f64, f64), String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["weibull", shape, scale] => Ok((number("--churn", shape)?, number("--churn", scale)?)),
        _ => Err(format!("--churn: `{text}` is not weibull:SHAPE:SECONDS")),
    }
}

/// The peak resident size as the kernel counts it; 0 where it does not.
#[allow(clippy::disallowed_methods)]
fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
