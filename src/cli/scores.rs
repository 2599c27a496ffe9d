//! How good tools prove to be: `scores`, `dashboard`, `export`.

use super::call::{Answer, Call, Stop};
use super::print_text::{Align, Ink, Line, Page, Table, counted, size, span};
use crate::domain::Severity;
use crate::engine::{Dashboard, EngineError, ErrorCode, ExplainedScore, ExportFormat, ScoredTool, ToolAlert};
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// Columns of the dashboard on paper.
const WIDTH: usize = 100;

/// The least that charts need.
const LEAST_WIDTH: usize = 50;

/// Scores, the best first.
#[derive(Serialize)]
struct Scores {
    scores: Vec<ScoredTool>,
}

/// What got worse.
#[derive(Serialize)]
struct Alerts {
    alerts: Vec<ToolAlert>,
}

/// One score, recounted.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    explained: ExplainedScore,
}

/// The figures to look at.
#[derive(Serialize)]
pub(super) struct Figures {
    #[serde(flatten)]
    dashboard: Dashboard,
}

/// Where the catalog was written to.
#[derive(Serialize)]
struct Exported {
    path: PathBuf,
    tools: usize,
}

/// `scores [--explain NAME] [--low] [--alerts]`.
pub(super) fn scores(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    if let Some(name) = call.text("explain") {
        let tool = engine.library().resolve(name)?;
        let explained = engine.library().explain_score(&tool)?.ok_or_else(|| {
            let hint = "a score needs at least one run that succeeded or failed";
            EngineError::new(ErrorCode::NotFound, format!("no run of {} counts for a score", tool.name), hint)
        })?;
        return call.print(&Explained { explained });
    }
    if call.switch("alerts") {
        return call.print(&Alerts { alerts: engine.library().alerts()? });
    }
    let mut scores = engine.library().scores()?;
    if call.switch("low") {
        scores.retain(|scored| scored.low);
        scores.reverse();
    }
    call.print(&Scores { scores })
}

/// `dashboard`.
pub(super) fn dashboard(call: &Call<'_>) -> Result<Figures, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    Ok(Figures { dashboard: engine.library().dashboard()? })
}

/// `export [--format csv|sqlite] --out FILE`.
pub(super) fn export(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let path = call.get::<PathBuf>("out").ok_or_else(|| {
        EngineError::new(ErrorCode::Usage, "--out is missing", "add --out tools.csv, or --format sqlite --out tools.db")
    })?;
    let format = call.word("format")?.unwrap_or(ExportFormat::Csv);
    let tools = engine.library().export(&path, format)?;
    call.print(&Exported { path, tools })
}

impl Answer for Scores {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [
            ("score", Align::Right),
            ("tool", Align::Left),
            ("usage", Align::Right),
            ("success", Align::Right),
            ("speed", Align::Right),
            ("runs", Align::Right),
            ("marks", Align::Right),
            ("tier", Align::Left),
        ];
        let mut table = Table::new(&heads).sparing(&["tier", "marks"]);
        let part = |value: f64| (Ink::Plain, format!("{value:.2}"));
        for scored in &self.scores {
            let ink = if scored.low { Ink::Bad } else { Ink::Strong };
            table.row([
                (ink, format!("{:.2}", scored.score.score)),
                (Ink::Strong, scored.tool.to_string()),
                part(scored.score.usage),
                part(scored.score.success),
                part(scored.score.speed),
                (Ink::Plain, format!("{}/{}", scored.succeeded, scored.runs)),
                (Ink::Plain, scored.marks.to_string()),
                (Ink::Dim, scored.tier.map_or_else(|| "gone".to_owned(), |tier| tier.to_string())),
            ]);
        }
        if !self.scores.is_empty() {
            page.table(&table)?;
        }
        page.line(&Line::new().put(Ink::Dim, counted(self.scores.len(), "tool", "tools")))
    }
}

impl Answer for Alerts {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for ToolAlert { tool, alert } in &self.alerts {
            let ink = if alert.severity == Severity::High { Ink::Bad } else { Ink::Warn };
            let line = Line::new().put(ink, format!("{:<7}", alert.severity)).put(Ink::Strong, tool.as_str());
            page.line(&line.put(Ink::Plain, format!(" {}", alert.sentence())))?;
        }
        page.line(&Line::new().put(Ink::Dim, counted(self.alerts.len(), "alert", "alerts")))
    }
}

impl Answer for Explained {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let ExplainedScore { kept, recounted, recorded_runs, agrees, .. } = &self.explained;
        let score = kept.score;
        page.line(&Line::new().put(Ink::Strong, kept.tool.as_str()).put(Ink::Plain, format!("  {:.3}", score.score)))?;
        page.field("usage", Ink::Plain, format!("{:.3} × 0.4", score.usage))?;
        let runs = format!("{:.3} × 0.4, the lower bound of {}/{} runs", score.success, kept.succeeded, kept.runs);
        page.field("success", Ink::Plain, runs)?;
        let typical = score.typical_ms.map_or_else(|| "none succeeded".to_owned(), |ms| span(ms.round() as u64));
        page.field("speed", Ink::Plain, format!("{:.3} × 0.2, typically {typical}", score.speed))?;
        page.field("marks", Ink::Plain, format!("{} take {:.2}", kept.marks, score.before_marks - score.score))?;
        let (ink, told) = match recounted {
            Some(recounted) if *agrees => (Ink::Good, format!("{:.3}, the same", recounted.score)),
            Some(recounted) => (Ink::Warn, format!("{:.3}: some uses are not recorded runs", recounted.score)),
            None => (Ink::Warn, "nothing".to_owned()),
        };
        page.field("recounted", ink, format!("from {recorded_runs} recorded runs: {told}"))?;
        let word = |tier: Option<crate::domain::CostTier>| tier.map_or_else(|| "-".to_owned(), |tier| tier.to_string());
        let mut tier = format!("claims {}, measured {}", word(kept.tier), word(self.explained.measured_tier));
        if let (Some(cpu), Some(memory)) = (self.explained.cpu_ms, self.explained.memory_bytes) {
            tier = format!("{tier} (CPU {}, memory {})", span(cpu), size(memory));
        }
        page.field("tier", if kept.tier == self.explained.measured_tier { Ink::Plain } else { Ink::Warn }, tier)?;
        if let Some(p95) = self.explained.benchmark_p95_ms {
            page.field("benchmark", Ink::Plain, format!("p95 {}", span(p95.round() as u64)))?;
        }
        for alert in &self.explained.alerts {
            page.field("regressions", Ink::Warn, alert.sentence())?;
        }
        Ok(())
    }
}

impl Answer for Figures {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let width = page.look().width.unwrap_or(WIDTH).clamp(LEAST_WIDTH, WIDTH);
        self.dashboard.lines(width).iter().try_for_each(|line| page.line(&Line::new().put(Ink::Plain, line)))
    }
}

impl Answer for Exported {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.say(format!("{} written to {}", counted(self.tools, "tool", "tools"), self.path.display()))
    }
}
