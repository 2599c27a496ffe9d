//! Calling by scenario: the form, each attempt as a separate run, and the result.

use super::{App, Mood};
use crate::engine::{CallOutcome, CallReport, CallRequest};
use crate::tui::effect::{CallStep, Effect};
use crate::tui::msg::{Called, StartedAttempt};
use crate::tui::overlay::call_form::CallForm;
use crate::tui::overlay::{Args, Overlay};
use crate::tui::pane::Pane;
use crate::tui::pane::output::Phase;
use crate::tui::screen::Screen;

impl App {
    pub(super) fn begin_call(&mut self, args: &Args) -> Vec<Effect> {
        let form = CallForm::new(args.get("scenario").unwrap_or_default());
        self.open_form(Overlay::Call(Box::new(form)), args);
        Vec::new()
    }

    /// Handles a request of the form.
    pub(super) fn call_step(&mut self, request: CallRequest, step: CallStep) -> Vec<Effect> {
        let ticket = self.ticket();
        if let (CallStep::Look, Some(Overlay::Call(form))) = (step, self.overlays.last_mut()) {
            form.ticket = ticket;
        }
        vec![Effect::Call { ticket, request: Box::new(request), step }]
    }

    pub(super) fn take_called(&mut self, called: Called) {
        match called {
            Called::Candidates { ticket, found } => {
                if let Some(Overlay::Call(form)) = self.overlays.last_mut()
                    && form.ticket == ticket
                {
                    form.set_candidates(found);
                }
            }
            Called::Attempt(attempt) => self.show_attempt(*attempt),
            Called::Over(Ok(report)) => self.called(&report),
            Called::Over(Err(error)) => self.complain(&error),
        }
    }

    /// An attempt is a run like any other, in a separate tab.
    fn show_attempt(&mut self, attempt: StartedAttempt) {
        let StartedAttempt { number, run, tool } = attempt;
        if number == 1 {
            self.show_screen(Screen::Workbench);
            self.focus = Pane::Output;
        }
        let label = format!("{number}: {} {}", run.tool, run.version);
        let tab = self.output.open(label, Some(tool), Phase::Starting { since: self.now.steady_ms });
        self.output.started(tab, Ok(run));
    }

    fn called(&mut self, report: &CallReport) {
        let evolve = self.keymap.key(crate::action::Verb::Evolve);
        let (mood, text) = match report.outcome {
            CallOutcome::Answered | CallOutcome::Cancelled => (Mood::Calm, answered(report)),
            CallOutcome::AllFailed => (
                Mood::Trouble,
                format!("{}; {evolve}: request a better version of the tool in this tab", report.sentence()),
            ),
            CallOutcome::Stopped => (Mood::Trouble, format!("{}: {}", report.sentence(), report.hint)),
        };
        self.say(mood, &text);
    }
}

/// Which tool answered, and the answer of a service.
fn answered(report: &CallReport) -> String {
    match &report.answer {
        Some(answer) => format!("{}: {answer}", report.sentence()),
        None => report.sentence(),
    }
}
