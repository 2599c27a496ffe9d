//! The workbench in a real terminal: how long a person waits for a frame.
//!
//! `cargo bench -- screen` measures everything, `cargo bench -- screen flood` what has this word in its name. `fzf` is
//! measured beside it where it is installed. Figures count on an otherwise idle machine only.

mod cases;
mod terminal;
pub mod worlds;

use cases::{CASES, Case};
use std::time::Duration;

/// What was measured: one value for each key, start or file.
pub struct Samples {
    /// Who was measured: the workbench, or a program beside it.
    pub subject: &'static str,
    /// Times, or shares of a core as seconds of each second, or a second for each MiB.
    pub values: Vec<Duration>,
}

/// What a case must keep to.
pub enum Limit {
    /// Median and 99th percentile.
    Time(Duration, Duration),
    /// Share of a core.
    Share(f64),
    /// MiB.
    Memory(u64),
    /// The median of the program beside it.
    Peer,
    /// Nothing: the figure is compared with earlier ones.
    None,
}

/// Measures the cases with one of these words in their names, or all.
pub fn run(words: &[String]) {
    let is_chosen = |case: &&Case| words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str()));
    println!("{:<38} {:<10} {:>5} {:>10} {:>10}  limit", "", "", "n", "median", "p99");
    for case in CASES.iter().filter(is_chosen) {
        let measured = (case.measure)();
        let peer = measured.get(1).map(|peer| percentile(&peer.values, 50));
        for (place, samples) in measured.iter().enumerate() {
            let verdict = if place == 0 { verdict(&case.limit, &samples.values, peer) } else { String::new() };
            let name = if place == 0 { case.name } else { "" };
            let figure = |share| shown(&case.limit, percentile(&samples.values, share));
            println!(
                "{name:<38} {:<10} {:>5} {:>10} {:>10}  {verdict}",
                samples.subject,
                samples.values.len(),
                figure(50),
                figure(99),
            );
        }
    }
}

fn shown(limit: &Limit, value: Duration) -> String {
    match limit {
        Limit::Share(_) => format!("{:.3} %", value.as_secs_f64() * 100.0),
        Limit::Memory(_) => format!("{} MiB", value.as_secs()),
        _ => format!("{:.2} ms", value.as_secs_f64() * 1000.0),
    }
}

fn verdict(limit: &Limit, values: &[Duration], peer: Option<Duration>) -> String {
    let (median, p99) = (percentile(values, 50), percentile(values, 99));
    let (is_kept, text) = match limit {
        Limit::Time(most, most_p99) => (median <= *most && p99 <= *most_p99, format!("{most:?}, p99 {most_p99:?}")),
        Limit::Memory(most) => (median.as_secs() <= *most, format!("{most} MiB")),
        Limit::Share(most) => (median.as_secs_f64() <= *most, format!("{} %", most * 100.0)),
        Limit::Peer => match peer {
            Some(peer) => {
                (median <= peer, format!("the peer's, here {:.2} of it", median.as_secs_f64() / peer.as_secs_f64()))
            }
            None => return "fzf is not installed".to_owned(),
        },
        Limit::None => return String::new(),
    };
    format!("{text}: {}", if is_kept { "kept" } else { "EXCEEDED" })
}

/// The value that this share of all, in percent, does not exceed; zero of none.
fn percentile(values: &[Duration], share: usize) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * share).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}
