//! Working with failures: opening a group, comparing two runs, resolving a failure.

use super::App;
use crate::action::Verb;
use crate::domain::{FailureGroup, Severity};
use crate::engine::MarkRequest;
use crate::tui::effect::{Effect, Failing};
use crate::tui::overlay::failure::FailureBox;
use crate::tui::overlay::mark::MarkForm;
use crate::tui::overlay::{Args, Overlay};
use crate::tui::pane::Pane;
use crate::tui::screen::Screen;

impl App {
    pub(super) fn failing(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        match verb {
            Verb::Failure => self.with_failure(args, |app, group| {
                let signature = group.signature.clone();
                app.overlays.push(Overlay::Failure(Box::new(FailureBox::awaited(group))));
                vec![Effect::Failing(Failing::Load(signature))]
            }),
            Verb::MarkFailure => self.begin_mark(args),
            _ => Vec::new(),
        }
    }

    /// Opens the form, with known values from the selected run or group.
    fn begin_mark(&mut self, args: &Args) -> Vec<Effect> {
        let run = match args.get("run") {
            Some(text) => text.parse().ok(),
            None if args.get("tool").is_none() => self.selected_run(),
            None => None,
        };
        let group = self.selected_failure().filter(|group| args.get("tool").is_none() && group.sample_run == run);
        let record = self.runs.iter().find(|record| Some(record.id) == run);
        let of_run = record.map(|record| (record.tool.to_string(), record.error.clone().unwrap_or_default()));
        let known = of_run.or_else(|| group.map(|group| (group.tool.to_string(), group.sample_message.clone())));
        let severity = group.map_or(Severity::Medium, |group| group.severity);
        let [scenario, error] = ["scenario", "error"].map(|name| args.get(name).map(str::to_owned));
        let open = |app: &mut App, tool: String, told: String| {
            let (scenario, error) = (scenario.unwrap_or_default(), error.unwrap_or(told));
            let form = MarkForm::new(MarkRequest { tool, run, scenario, error, severity });
            app.open_form(Overlay::MarkFailure(Box::new(form)), args);
            Vec::new()
        };
        match known {
            Some((tool, error)) => open(self, tool, error),
            None => self.with_tool(args, |app, tool| {
                let tool = app.reference(&tool);
                open(app, tool, String::new())
            }),
        }
    }

    fn with_failure(&mut self, args: &Args, then: impl FnOnce(&mut App, FailureGroup) -> Vec<Effect>) -> Vec<Effect> {
        let group = match args.get("failure") {
            Some(text) => self.failures.find(text).cloned(),
            None => self.selected_failure().cloned(),
        };
        match group {
            Some(group) => then(self, group),
            None => self.refuse("no such failure is listed"),
        }
    }

    /// The selected failure group in the focused place.
    pub(super) fn selected_failure(&self) -> Option<&FailureGroup> {
        let here = matches!(self.screen, Screen::Workbench) && self.focus == Pane::Failures;
        self.failures.selected().filter(|_| here)
    }

    /// A failure was seen, resolved or marked: reloads open views of failures.
    pub(super) fn failures_changed(&self) -> Vec<Effect> {
        let open = self.overlays.iter().filter_map(|overlay| match overlay {
            Overlay::Failure(open) => Some(Effect::Failing(Failing::Load(open.signature().to_owned()))),
            _ => None,
        });
        open.collect()
    }
}
