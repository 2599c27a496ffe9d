//! How long a start takes, from nothing and again, and what it uses; against the version approved before.
//!
//! Cold is the first start in a new sandbox, warm are those after it in the same one. All of it holds for this machine
//! and this moment: only the comparison with the base says something of the version.

use super::{abreast, cannot_start, inputs, unavailable};
use crate::check::{Batch, CheckContext};
use crate::domain::{CheckReport, Finding, Severity, ToolDetail};
use crate::runner::{Pace, Tried};
use serde_json::Value;
use std::time::Duration;

/// Warm starts of a version that is fast.
const STARTS: usize = 20;

/// How long the warm starts of a slow one may take together; then there are fewer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A version that is so much slower than its base, and by at least [`SLOWER_BY`], is told.
const SLOWER: u32 = 2;

const SLOWER_BY: Duration = Duration::from_millis(50);

/// So much more memory than the base, and at least [`LARGER_BY`], is told.
const LARGER: u64 = 2;

/// See [`LARGER`], in bytes.
const LARGER_BY: u64 = 32 << 20;

/// What the starts of one version came to.
struct Measured {
    cold: Duration,
    /// The fastest of the warm starts: other work on the machine matters least to it.
    best: Duration,
    p50: Duration,
    p95: Duration,
    cpu_ms: u64,
    peak_bytes: u64,
    starts: usize,
}

/// Measures the version, and its base.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "benchmark";
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped(name, why);
    }
    let manifest = &context.version.manifest;
    if manifest.examples.is_empty() && manifest.tests.is_empty() && manifest.input.is_none() {
        return CheckReport::skipped(name, "no example, test or input schema provides an input");
    }
    let measured = usable(context).and_then(|input| Ok((measure(context, context.version, &input)?, input)));
    let (measured, input) = match measured {
        Ok(found) => found,
        Err(why) => return unavailable(name, why),
    };
    let mut findings = Vec::new();
    if let Some(base) = context.base.filter(|base| cannot_start(base).is_none())
        && let Ok(before) = measure(context, base, &input)
    {
        findings.extend(slower(&before, &measured));
        findings.extend(larger(&before, &measured));
        let told = format!("{} before: {}", base.manifest.version, before.words());
        findings.push(Finding::new("before", Severity::Low, told));
    }
    CheckReport::of(name, findings).noted(measured.words())
}

/// The first input with which the version succeeds, else the first with which it ends by itself.
fn usable(context: &CheckContext<'_>) -> Result<Value, String> {
    let inputs = inputs(context.version);
    let abreast = super::side_by_side();
    let tried = context.trials.start(&Batch::new(context.version, &inputs, Pace::Watched).abreast(abreast))?;
    let find = |wanted: &dyn Fn(&Tried) -> bool| inputs.iter().zip(&tried).find(|(_, tried)| wanted(tried));
    let found =
        find(&|tried| tried.end.exit_code() == Some(0)).or_else(|| find(&|tried| tried.end.exit_code().is_some()));
    found.map(|(input, _)| input.clone()).ok_or_else(|| "no trial finished".to_owned())
}

fn measure(context: &CheckContext<'_>, version: &ToolDetail, input: &Value) -> Result<Measured, String> {
    let start = |count: usize| {
        let inputs = vec![input.clone(); count];
        context.trials.start(&Batch::new(version, &inputs, Pace::Plain).abreast(abreast(1)))
    };
    // How slow it is was seen when it was tried: a fast one needs one sandbox only.
    let batch = Batch::new(version, std::slice::from_ref(input), Pace::Watched).abreast(abreast(1));
    let seen = context.trials.start(&batch)?.first().map_or(Duration::ZERO, |tried| tried.took);
    let affordable = PATIENCE.as_millis() / seen.as_millis().max(1);
    let count = usize::try_from(affordable).unwrap_or(STARTS).clamp(3, STARTS);
    let tried = start(count + 1)?;
    let ended: Vec<&Tried> = tried.iter().filter(|tried| tried.end.exit_code().is_some()).collect();
    let [first, warm @ ..] = &ended[..] else { return Err("no trial finished".to_owned()) };
    if warm.is_empty() {
        return Err("only one trial finished".to_owned());
    }
    let mut took: Vec<Duration> = warm.iter().map(|tried| tried.took).collect();
    took.sort();
    let mut cpu: Vec<u64> = warm.iter().map(|tried| tried.cpu_ms).collect();
    cpu.sort_unstable();
    Ok(Measured {
        cold: first.took,
        best: took[0],
        p50: took[took.len() / 2],
        p95: took[(took.len() * 95).div_ceil(100).saturating_sub(1)],
        cpu_ms: cpu[cpu.len() / 2],
        peak_bytes: ended.iter().map(|tried| tried.peak_memory_bytes).max().unwrap_or_default(),
        starts: warm.len(),
    })
}

impl Measured {
    fn words(&self) -> String {
        format!(
            "p50 {}, p95 {} over {} runs, cold {}, CPU {}ms, peak {} MiB",
            in_ms(self.p50),
            in_ms(self.p95),
            self.starts,
            in_ms(self.cold),
            self.cpu_ms,
            self.peak_bytes.div_ceil(1 << 20)
        )
    }
}

fn slower(before: &Measured, after: &Measured) -> Option<Finding> {
    let is_more = |after: Duration, before: Duration| after > before * SLOWER && after > before + SLOWER_BY;
    let is_slower = is_more(after.p50, before.p50) && is_more(after.best, before.best);
    is_slower.then(|| {
        let message = format!("it takes {}, the previous version took {}", in_ms(after.p50), in_ms(before.p50));
        Finding::new("slower", Severity::Medium, message)
    })
}

fn larger(before: &Measured, after: &Measured) -> Option<Finding> {
    let is_larger = after.peak_bytes > before.peak_bytes * LARGER && after.peak_bytes > before.peak_bytes + LARGER_BY;
    is_larger.then(|| {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let message =
            format!("it uses {} MiB, the previous version used {} MiB", mib(after.peak_bytes), mib(before.peak_bytes));
        Finding::new("larger", Severity::Medium, message)
    })
}

/// The p95 that a benchmark noted, milliseconds; `None` for the note of one that measured nothing.
pub fn p95_of(note: &str) -> Option<f64> {
    note.split_once("p95 ")?.1.split_once("ms")?.0.trim_end().parse().ok()
}

fn in_ms(time: Duration) -> String {
    format!("{}ms", time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(ms: u64, mib: u64) -> Measured {
        let time = Duration::from_millis(ms);
        Measured { cold: time, best: time, p50: time, p95: time, cpu_ms: 1, peak_bytes: mib << 20, starts: 20 }
    }

    #[test]
    fn the_p95_of_a_note_reads_back() {
        assert_eq!(p95_of(&measured(31, 7).words()), Some(31.0));
        assert_eq!(p95_of("p50 9 ms, p95 12 ms over 20 runs"), Some(12.0), "as it was written before");
        assert_eq!(p95_of("no input could be generated"), None);
    }

    #[test]
    fn only_much_slower_and_much_larger_is_told() {
        for (before, after, told) in
            [(30, 59, false), (30, 81, true), (10, 55, false), (100, 190, false), (100, 201, true)]
        {
            assert_eq!(slower(&measured(before, 1), &measured(after, 1)).is_some(), told, "{before} {after}");
        }
        for (before, after, told) in [(10, 30, false), (40, 79, false), (40, 90, true)] {
            assert_eq!(larger(&measured(1, before), &measured(1, after)).is_some(), told, "{before} {after}");
        }
    }
}
