//! Scores, their explanation and regressions, described for a reader.

use crate::domain::description::{Align, Content, Describe, Description, Ink, StyledLine, Table};
use crate::domain::{CostTier, Severity, count, grouped, size, span};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::scores::{ExplainedScore, ReportedUse, ScoredTool, ToolAlert};
use crate::engine::plain_verb::{Described, PlainQuery};
use serde::Serialize;

/// Scores in display order.
#[derive(Debug, Clone, Serialize)]
struct Scores {
    scores: Vec<ScoredTool>,
}

#[derive(Debug, Clone, Serialize)]
struct Alerts {
    alerts: Vec<ToolAlert>,
}

#[derive(Debug, Clone, Serialize)]
struct Reported {
    reported: Vec<ReportedUse>,
}

/// Shows how well tools perform: all scores, the low ones, an explained score, or regressions.
pub(super) const SCORES: PlainQuery = PlainQuery {
    name: "scores",
    needs_catalog: true,
    answer: |engine, call, _| {
        if let Some(name) = call.get("explain") {
            let tool = engine.library().resolve(name)?;
            let explained = engine.library().explain_score(&tool)?.ok_or_else(|| {
                let hint = "a score needs at least one run that succeeded or failed";
                EngineError::new(ErrorCode::NotFound, format!("no run of {} counts for a score", tool.name), hint)
            })?;
            return Described::of(&explained);
        }
        if call.get("alerts").is_some() {
            return Described::of(&Alerts { alerts: engine.library().alerts()? });
        }
        if call.get("reported").is_some() {
            return Described::of(&Reported { reported: engine.library().reported_uses()? });
        }
        let mut scores = engine.library().scores()?;
        if call.get("low").is_some() {
            scores.retain(|scored| scored.low);
            scores.reverse();
            scores.sort_by(|a, b| a.score.success.total_cmp(&b.score.success));
        }
        Described::of(&Scores { scores })
    },
};

impl Describe for Scores {
    fn describe(&self) -> Description {
        let heads = [
            ("score", Align::Right),
            ("tool", Align::Left),
            ("version", Align::Left),
            ("usage", Align::Right),
            ("success", Align::Right),
            ("speed", Align::Right),
            ("runs", Align::Right),
            ("marks", Align::Right),
            ("tier", Align::Left),
        ];
        let mut table = Table::new(&heads).sparing(&["tier", "marks", "version"]);
        let part = |value: f64| (Ink::Plain, format!("{value:.2}"));
        for scored in &self.scores {
            let ink = if scored.low { Ink::Bad } else { Ink::Strong };
            table.row([
                (ink, format!("{:.2}", scored.score.score)),
                (Ink::Strong, scored.tool.to_string()),
                (Ink::Dim, scored.version_word()),
                part(scored.score.usage),
                part(scored.score.success),
                part(scored.score.speed),
                (Ink::Plain, format!("{}/{}", scored.succeeded, scored.runs)),
                (Ink::Plain, scored.marks.to_string()),
                (Ink::Dim, scored.tier.map_or_else(|| "gone".to_owned(), |tier| tier.to_string())),
            ]);
        }
        let mut told = Description::new();
        if !self.scores.is_empty() {
            told.table(table);
        }
        told.summary(count(self.scores.len(), "tool"));
        told
    }
}

impl Describe for Alerts {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        for ToolAlert { tool, alert } in &self.alerts {
            let ink = if alert.severity == Severity::High { Ink::Bad } else { Ink::Warn };
            let line = StyledLine::new().put(ink, format!("{:<7}", alert.severity)).put(Ink::Strong, tool.as_str());
            told.line(line.put(Ink::Plain, format!(" {}", alert.sentence())));
        }
        told.summary(count(self.alerts.len(), "alert"));
        told
    }
}

impl Describe for Reported {
    fn describe(&self) -> Description {
        let heads = [
            ("tool", Align::Left),
            ("reported by", Align::Left),
            ("uses", Align::Right),
            ("succeeded", Align::Right),
            ("failed", Align::Right),
            ("mean time", Align::Right),
            ("last", Align::Left),
        ];
        let mut table = Table::new(&heads);
        for ReportedUse { tool, who, uses, succeeded, failed, mean_ms, last_at } in &self.reported {
            table.row([
                (Ink::Strong, Content::from(tool.to_string())),
                (Ink::Plain, who.clone().into()),
                (Ink::Plain, grouped(uses).into()),
                (Ink::Plain, grouped(succeeded).into()),
                (Ink::Plain, grouped(failed).into()),
                (Ink::Plain, mean_ms.map_or_else(|| "-".to_owned(), span).into()),
                (Ink::Dim, (*last_at).into()),
            ]);
        }
        let mut told = Description::new();
        if !self.reported.is_empty() {
            told.table(table);
        }
        told.summary(format!("{} of uses that were not observed here", count(self.reported.len(), "report")));
        told
    }
}

impl Describe for ExplainedScore {
    fn describe(&self) -> Description {
        let ExplainedScore { kept, recounted, recorded_runs, agrees, .. } = self;
        let score = kept.score;
        let title = format!("{} {}", kept.tool, kept.version_word());
        let mut told = Description::new().titled(&title, &format!("{:.3}", score.score));
        told.field("usage", Ink::Plain, format!("{:.3} × 0.4", score.usage));
        let runs = format!("{:.3} × 0.4, the lower bound of {}/{} runs", score.success, kept.succeeded, kept.runs);
        told.field("success", Ink::Plain, runs);
        let typical = score.typical_ms.map_or_else(|| "none succeeded".to_owned(), |ms| span(ms.round() as u64));
        told.field("speed", Ink::Plain, format!("{:.3} × 0.2, typically {typical}", score.speed));
        told.field("marks", Ink::Plain, format!("{} take {:.2}", kept.marks, score.before_marks - score.score));
        let (ink, again) = match recounted {
            Some(recounted) if *agrees => (Ink::Good, format!("{:.3}, the same", recounted.score)),
            Some(recounted) => (Ink::Warn, format!("{:.3}: some uses are not recorded runs", recounted.score)),
            None => (Ink::Warn, "nothing".to_owned()),
        };
        told.field("recounted", ink, format!("from {recorded_runs} recorded runs: {again}"));
        let word = |tier: Option<CostTier>| tier.map_or_else(|| "-".to_owned(), |tier| tier.to_string());
        let mut tier = format!("claims {}, measured {}", word(kept.tier), word(self.measured_tier));
        if let (Some(cpu), Some(memory)) = (self.cpu_ms, self.memory_bytes) {
            tier = format!("{tier} (CPU {}, memory {})", span(cpu), size(memory));
        }
        told.field("tier", if kept.tier == self.measured_tier { Ink::Plain } else { Ink::Warn }, tier);
        if let Some(p95) = self.benchmark_p95_ms {
            told.field("benchmark", Ink::Plain, format!("p95 {}", span(p95.round() as u64)));
        }
        for alert in &self.alerts {
            told.field("regressions", Ink::Warn, alert.sentence());
        }
        for other in &self.others {
            let ScoredTool { score, succeeded, runs, .. } = other;
            let words =
                format!("{} {:.3}, {}/{} runs", other.version_word(), score.score, grouped(succeeded), grouped(runs));
            told.field("other version", Ink::Dim, words);
        }
        told
    }
}
