//! `dht-sim`: the network in virtual time, from the command line.
//!
//! Prints the plan, which replays the run, then every figure, and on the last line all of it as JSON.

#![forbid(unsafe_code)]

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::str::FromStr;

use dht::sim::chart::draw;
use dht::sim::run::{Plan, run};

const USAGE: &str = "dht-sim [--nodes N] [--seed N] [--hours H] [--loss SHARE] \
[--churn weibull:SHAPE:SECONDS] [--items N] [--updates SHARE] [--sybils SHARE] \
[--adversary forge|drop|stall|misroute|mixed] [--ground N] [--partition H] [--nat SHARE] \
[--drift MS] [--chart FILE.svg] [--json]";
/// Characters of the progress bar.
const BAR: usize = 40;

// Wall time and the process's memory are reported; nothing simulated depends on them.
#[allow(clippy::disallowed_methods)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|it| it == "--help" || it == "-h") {
        println!("usage: {USAGE}");
        return ExitCode::SUCCESS;
    }
    let Asked { plan, json, chart } = match parse(&arguments) {
        Ok(asked) => asked,
        Err(error) => {
            eprintln!("{error}\nusage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let options = arguments.iter().filter(|argument| *argument != "--json");
    let options = options.map(String::as_str).collect::<Vec<_>>().join(" ");
    eprintln!("dht-sim {options} (seed {})", plan.seed);
    let begun = std::time::Instant::now();
    let mut bar = Bar::default();
    let report = run(&plan, &mut |share| {
        bar.show(share, begun.elapsed().as_secs())
    });
    bar.end();
    if let Some(path) = chart {
        let picture = draw(&format!("dht-sim {options}"), &report.points);
        if let Err(error) = std::fs::write(&path, picture) {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    }
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

/// How far the run is, on standard error: a bar on a terminal, else a line now and then.
#[derive(Default)]
struct Bar {
    shown: Option<u64>,
}

impl Bar {
    fn show(&mut self, share: f64, seconds: u64) {
        let percent = (share * 100.0) as u64;
        let is_terminal = std::io::stderr().is_terminal();
        let step = if is_terminal { 1 } else { 5 };
        if self
            .shown
            .is_some_and(|shown| percent / step == shown / step)
        {
            return;
        }
        self.shown = Some(percent);
        let left = (seconds as f64 / share.max(1e-3) * (1.0 - share)) as u64;
        let full = "#".repeat((share * BAR as f64) as usize);
        let times = format!("{}:{:02} left", left / 60, left % 60);
        if is_terminal {
            eprint!("\r[{full:<BAR$}] {percent:3} %  {times}  ");
        } else {
            eprintln!("{percent:3} %  {times}");
        }
    }

    fn end(&self) {
        if self.shown.is_some() && std::io::stderr().is_terminal() {
            eprintln!();
        }
    }
}

struct Asked {
    plan: Plan,
    json: bool,
    chart: Option<String>,
}

fn parse(arguments: &[String]) -> Result<Asked, String> {
    let mut plan = Plan::default();
    let mut json = false;
    let mut chart = None;
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
            "--ground" => plan.ground = number(name, value)?,
            "--nat" => plan.nat = number(name, value)?,
            "--drift" => plan.drift_ms = number(name, value)?,
            "--chart" => chart = Some(value.clone()),
            "--adversary" => plan.adversary = value.parse()?,
            "--churn" => plan.churn = Some(weibull(value)?),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    let honest = plan.nodes as f64 * (1.0 - plan.sybils) * (1.0 - plan.nat);
    if plan.nodes >= 1 << 24 {
        Err("there are addresses for 16 million nodes".into())
    } else if honest < 2.0 {
        Err("there must be two honest nodes that can be dialled".into())
    } else {
        Ok(Asked { plan, json, chart })
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
