//! Details of the selected tool: its inputs and the result of its last run. They are loaded once the selection rests,
//! and drawn below the list if there is room.

use super::CatalogPane;
use crate::domain::{Digest, Run, RunOutcome, Tool};
use crate::tui::input_table::{self, InputRow};
use crate::tui::msg::ToolDossier;
use crate::tui::now::Now;
use crate::tui::phrase::{ago, cut, plural, span};

/// The minimum number of rows of the list before the inputs get any.
const LIST_ROWS: u16 = 26;
/// The minimum number of lines of a table that is cut: its header, a row, and the number of other rows.
const LEAST_TABLE: usize = 3;
/// The maximum number of lines for the inputs.
const MOST_LINES: u16 = 8;

/// The loaded details of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    path: String,
    digest: Digest,
    /// `None` if the definition declares no inputs.
    inputs: Option<Vec<InputRow>>,
    /// The newest run.
    last: Option<Run>,
}

impl Preview {
    /// The part of a dossier that a preview needs.
    pub fn of(dossier: &ToolDossier) -> Preview {
        let tool = &dossier.detail.tool;
        Preview {
            path: tool.path.clone(),
            digest: tool.digest,
            inputs: dossier.detail.manifest.input.as_ref().and_then(input_table::inputs),
            last: dossier.runs.first().cloned(),
        }
    }

    /// The result of the last run, safe to draw: `last run 2m ago: succeeded after 840 ms`.
    pub(super) fn last_run(&self, now: Now) -> Option<String> {
        let run = self.last.as_ref()?;
        if run.outcome == RunOutcome::Running {
            return Some("a run of it is going on".to_owned());
        }
        // A run that did not start has no duration.
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

    /// The inputs as a table with at most this many lines and columns.
    pub(super) fn table(&self, lines: usize, width: usize) -> Vec<String> {
        let Some(inputs) = &self.inputs else { return vec!["declares no inputs".to_owned()] };
        if inputs.is_empty() {
            return vec!["takes no input".to_owned()];
        }
        let mut table = input_table::lines(inputs, width);
        if table.len() <= lines {
            return table;
        }
        // A header without rows is useless.
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
    /// Sets the loaded details of a tool.
    pub fn set_preview(&mut self, preview: Preview) {
        self.preview = Some(preview);
    }

    /// The details, if they belong to the current state of a tool.
    pub(super) fn preview_of(&self, tool: &Tool) -> Option<&Preview> {
        self.preview.as_ref().filter(|known| (&known.path, known.digest) == (&tool.path, tool.digest))
    }

    /// The lines for the inputs at this height of the pane: the same for every tool, so that the list does not move.
    pub(super) fn preview_lines(height: u16) -> u16 {
        height.saturating_sub(LIST_ROWS).min(MOST_LINES)
    }
}
