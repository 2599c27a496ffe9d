//! What is known of the selected tool beyond its row: its inputs, and how its last run ended. It is read once a selection
//! rests, and drawn below the list where there is room.

use super::CatalogPane;
use crate::domain::{Digest, Run, RunOutcome, Tool};
use crate::tui::input_table::{self, InputRow};
use crate::tui::msg::ToolDossier;
use crate::tui::now::Now;
use crate::tui::phrase::{ago, cut, plural, span};

/// Rows that the list keeps before the inputs get any.
const LIST_ROWS: u16 = 26;
/// Lines of a table that is cut: its header, a row, and how many rows follow.
const LEAST_TABLE: usize = 3;
/// Lines of the inputs at most.
const MOST_LINES: u16 = 8;

/// What was read of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    path: String,
    digest: Digest,
    /// `None` when the definition declares nothing.
    inputs: Option<Vec<InputRow>>,
    /// Its newest run.
    last: Option<Run>,
}

impl Preview {
    /// What a preview needs of everything about a tool.
    pub fn of(dossier: &ToolDossier) -> Preview {
        let tool = &dossier.detail.tool;
        Preview {
            path: tool.path.clone(),
            digest: tool.digest,
            inputs: dossier.detail.manifest.input.as_ref().and_then(input_table::inputs),
            last: dossier.runs.first().cloned(),
        }
    }

    /// How the last run ended, safe to draw: `last run 2m ago: succeeded after 840 ms`.
    pub(super) fn last_run(&self, now: Now) -> Option<String> {
        let run = self.last.as_ref()?;
        if run.outcome == RunOutcome::Running {
            return Some("a run of it is going on".to_owned());
        }
        // What never started took no time.
        let began = !matches!(run.outcome, RunOutcome::Refused | RunOutcome::InvalidInput | RunOutcome::SpawnFailed);
        let took = if began { format!(" after {}", span(run.usage.duration_ms)) } else { String::new() };
        Some(format!("last run {}: {}{took}", ago(now.wall, run.started_at), run.outcome))
    }

    /// The inputs in one line: `inputs  path: string (required), limit: integer`.
    pub(super) fn line(&self, width: usize) -> String {
        let Some(inputs) = self.inputs.as_ref().filter(|inputs| !inputs.is_empty()) else {
            return if self.inputs.is_some() { "takes no input" } else { "declares no inputs" }.to_owned();
        };
        let one = |input: &InputRow| {
            let required = if input.required { " (required)" } else { "" };
            format!("{}: {}{required}", input.name, input.kind)
        };
        cut(&format!("inputs  {}", inputs.iter().map(one).collect::<Vec<_>>().join(", ")), width)
    }

    /// The inputs as a table in so many lines and columns.
    pub(super) fn table(&self, lines: usize, width: usize) -> Vec<String> {
        let Some(inputs) = &self.inputs else { return vec!["declares no inputs".to_owned()] };
        if inputs.is_empty() {
            return vec!["takes no input".to_owned()];
        }
        let mut table = input_table::lines(inputs, width);
        if table.len() <= lines {
            return table;
        }
        // A header without a row says nothing.
        if lines < LEAST_TABLE {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            return vec![cut(&format!("{}: {}", plural(inputs.len(), "input", "inputs"), names.join(", ")), width)];
        }
        table.truncate(lines - 1);
        let more = inputs.len() + 2 - lines;
        table.push(cut(&format!("… {}", plural(more, "more input", "more inputs")), width));
        table
    }
}

impl CatalogPane {
    /// Takes what was read of a tool.
    pub fn set_preview(&mut self, preview: Preview) {
        self.preview = Some(preview);
    }

    /// What was read of a tool as it is now.
    pub(super) fn preview_of(&self, tool: &Tool) -> Option<&Preview> {
        self.preview.as_ref().filter(|known| (&known.path, known.digest) == (&tool.path, tool.digest))
    }

    /// Lines that the inputs get where the pane has so many rows: the same for every tool, so that the list does not jump.
    pub(super) fn preview_lines(height: u16) -> u16 {
        height.saturating_sub(LIST_ROWS).min(MOST_LINES)
    }
}
