//! Running again with different input, dividing long output, and going to the next review.

use super::{App, Mood};
use crate::action::Verb;
use crate::domain::{RunId, Tool, to_the_minute};
use crate::engine::RunRequest;
use crate::tui::effect::Effect;
use crate::tui::msg::Held;
use crate::tui::overlay::{Args, Overlay};
use crate::tui::screen::Screen;
use serde_json::Value;
use std::sync::Arc;

impl App {
    /// Opens the form of a tool with the input of the selected run.
    pub(super) fn edit_run(&mut self) -> Vec<Effect> {
        self.with_run(&Args::default(), |app, run| match app.input_of(run) {
            Ok((tool, input)) => app.open_form_with(&tool, input),
            Err(why) => app.refuse(&why),
        })
    }

    /// The current tool of a run, and the input of the run.
    fn input_of(&self, run: RunId) -> Result<(Arc<Tool>, Value), String> {
        let record = self.runs.iter().find(|record| record.id == run);
        let record = record.ok_or_else(|| format!("run #{run} is not among the recent runs"))?;
        let tool = self.tool_named(record.tool.as_str()).ok_or("the tool is not in the catalog")?;
        if record.input.contains("[redacted ") {
            return Err("its input held a secret, which is not kept: fill in the form of the tool".to_owned());
        }
        // A run that was refused before its input was read has no input.
        let text = if record.input.trim().is_empty() { "{}" } else { &record.input };
        let input = serde_json::from_str(text).map_err(|error| format!("its input is not JSON: {error}"))?;
        Ok((tool, input))
    }

    fn open_form_with(&mut self, tool: &Arc<Tool>, input: Value) -> Vec<Effect> {
        self.inputs.insert(tool.path.clone(), input);
        let mut args = Args::default();
        args.push("tool", tool.path.clone());
        let effects = self.begin_run(&args);
        if let Some(Overlay::Form(form)) = self.overlays.last_mut() {
            form.ask_for_input();
        }
        effects
    }

    /// Reopens the form whose run waits for a permission.
    pub(super) fn edit_held(&mut self) -> Vec<Effect> {
        match self.unallowed.take() {
            Some((_, Held::Run(RunRequest { tool, input, .. }))) => {
                self.open_form_with(&tool, input.unwrap_or_else(|| Value::Object(serde_json::Map::new())))
            }
            other => {
                self.unallowed = other;
                Vec::new()
            }
        }
    }

    /// Marks the end of the output, or hides the earlier output.
    pub(super) fn part_output(&mut self, verb: Verb) {
        let at = to_the_minute(self.now.wall);
        let Some(tab) = self.output.current_mut() else { return };
        // Both actions apply to the newest lines.
        tab.leave_part();
        if verb == Verb::MarkLine {
            tab.view.mark_line(&at);
            return;
        }
        let hidden = tab.view.toggle_cleared();
        let key = self.keymap.key(Verb::ClearLines);
        let text = match hidden {
            0 => "all lines are shown".to_owned(),
            hidden => format!("{} hidden · {key} show", crate::domain::count(hidden, "line")),
        };
        self.say(Mood::Calm, &text);
    }

    /// Opens the next review of the queue, wrapping at its end; the open one stays pending.
    pub(super) fn skip_review(&mut self) -> Vec<Effect> {
        let Screen::Review(screen) = &self.screen else { return self.refuse("open a review first") };
        match self.queue.after(screen.review.id).cloned() {
            Some(next) => self.open_review(next),
            None => self.refuse("no other review is pending"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Command, InputMode, Recipe, RunOutcome, Stage};
    use crate::engine::Preview;
    use crate::tui::effect::DetailFor;
    use crate::tui::msg::Answer;
    use crate::tui::testing::{Bench, dossier, run, tool, tools};
    use serde_json::json;

    fn filled(bench: &mut Bench, tool: &Tool) -> String {
        let schema = json!({"properties": {"path": {"type": "string"}}, "required": ["path"]});
        let detail = Ok(dossier(tool, Some(schema)));
        bench.answer(Answer::Detail { purpose: DetailFor::Run, path: tool.path.clone(), detail });
        bench.screen()
    }

    #[test]
    fn a_tool_without_input_does_not_run_when_an_input_is_to_be_changed() {
        let mut bench = Bench::ready(120, 40);
        let divide = tools().remove(1);
        bench.answer(Answer::Runs(Ok(vec![run(7, &divide, RunOutcome::Failed)])));
        bench.press("3 ;");
        let mut silent = dossier(&divide, None);
        silent.detail.manifest.recipe = Some(Recipe::blank(InputMode::None));
        let detail = Ok(silent);
        bench.answer(Answer::Detail { purpose: DetailFor::Run, path: divide.path.clone(), detail });
        assert!(!bench.taken().iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
        assert!(bench.screen().contains("it takes no input to change · r runs it again"), "{}", bench.screen());
    }

    #[test]
    fn the_input_of_a_run_is_edited_and_run_again() {
        let mut bench = Bench::ready(120, 40);
        let divide = tools().remove(1);
        let mut record = run(7, &divide, RunOutcome::Failed);
        record.input = json!({"path": "data/long.csv"}).to_string();
        bench.answer(Answer::Runs(Ok(vec![record.clone()])));
        bench.press("3 ;");
        let screen = filled(&mut bench, &divide);
        assert!(screen.contains("data/long.csv"), "{screen}");
        bench.effects.clear();
        bench.press("ctrl-s");
        let taken = bench.taken();
        let started = taken.iter().find_map(|effect| match effect {
            Effect::StartRun { request, .. } => request.input.clone(),
            _ => None,
        });
        assert_eq!(started, Some(json!({"path": "data/long.csv"})));
        // A redacted secret is not passed on as if it were the value.
        record.input = json!({"path": "[redacted github-token]"}).to_string();
        bench.answer(Answer::Runs(Ok(vec![record.clone()])));
        bench.press("3 ;");
        assert!(bench.app.overlays.is_empty() && bench.screen().contains("held a secret"), "{}", bench.screen());
        // A refused run has no input: its form is that of a first run.
        record.input = String::new();
        bench.answer(Answer::Runs(Ok(vec![record])));
        bench.press("3 ;");
        assert!(matches!(bench.app.overlays.last(), Some(Overlay::Form(_))), "{}", bench.screen());
    }

    #[test]
    fn a_question_before_a_run_explains_the_tool_edits_the_input_or_skips() {
        let asking = || {
            let mut bench = Bench::ready(120, 40);
            let divide = Arc::new(tools().remove(1));
            let command = Command::Allow { tool: divide.path.clone(), digest: divide.digest };
            let tab =
                bench.app.output.open("divide".into(), None, crate::tui::pane::output::Phase::Starting { since: 0 });
            let (tool, input) = (Arc::clone(&divide), Some(json!({"path": "a.csv"})));
            let request = RunRequest { tool, input, timeout: None, again: None, worker: None };
            bench.answer(Answer::RunAsks { tab, request, command: command.clone() });
            let preview = Preview { title: "Allow divide?".into(), lines: vec![], undo: String::new() };
            bench.answer(Answer::Preview { command, preview: Ok(preview) });
            bench.draw();
            bench.wait(600);
            bench.effects.clear();
            (bench, divide)
        };
        let (mut bench, divide) = asking();
        assert!(bench.screen().contains("; edit input") && bench.screen().contains("i explain"), "{}", bench.screen());
        bench.press(";");
        let screen = filled(&mut bench, &divide);
        assert!(screen.contains("a.csv"), "{screen}");
        let (mut bench, _) = asking();
        bench.press("i");
        assert!(matches!(bench.app.screen, Screen::Source(_)) && bench.app.overlays.is_empty());
        let (mut bench, _) = asking();
        bench.press("esc");
        assert!(bench.app.overlays.is_empty());
        assert!(bench.taken().iter().all(|effect| !matches!(effect, Effect::Execute(_) | Effect::StartRun { .. })));
    }

    #[test]
    fn a_review_is_skipped_and_stays_pending() {
        let mut bench = Bench::reviewing(80, 24);
        bench.press(")");
        let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
        assert_eq!(screen.review.tool.as_str(), "web-fetch");
        bench.press(")");
        let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
        assert_eq!(screen.review.tool.as_str(), "csv-stats", "round the end");
        assert_eq!(bench.app.queue.len(), 3);
        assert!(bench.taken().iter().all(|effect| !matches!(effect, Effect::Execute(_))));
    }

    #[test]
    fn output_is_marked_and_cleared_and_comes_back() {
        let mut bench = Bench::ready(80, 24);
        bench.press("2");
        let tool = Arc::new(tool("greet", Stage::Approved));
        let phase = crate::tui::pane::output::Phase::Starting { since: bench.now.steady_ms };
        let tab = bench.app.output.open("greet".into(), Some(Arc::clone(&tool)), phase);
        bench.answer(Answer::RunStarted { tab, started: Ok(Box::new(run(9, &tool, RunOutcome::Running))) });
        let write = |bench: &mut Bench, text: &str, offset| {
            let frame = crate::engine::Frame {
                stream: crate::domain::Stream::Stdout,
                at_ms: 10,
                bytes: text.as_bytes().to_vec(),
                offset,
            };
            bench.send(crate::tui::msg::Msg::Output { run: RunId(9), frames: vec![frame], skipped: 0 });
        };
        write(&mut bench, "before\n", 0);
        bench.press("m");
        write(&mut bench, "after\n", 7);
        let screen = bench.screen();
        let line =
            |text: &str| screen.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{screen}"));
        assert!(line("before") < line("mark 1 2026-01-02 03:04 UTC") && line("mark 1") < line("after"), "{screen}");
        bench.press("ctrl-x");
        assert!(!bench.screen().contains("before") && bench.screen().contains("3 lines hidden"), "{}", bench.screen());
        bench.wait(9_000).press("down");
        let top = bench.screen().lines().find(|line| line.contains('╭')).unwrap_or_default().to_owned();
        assert!(top.contains("3 lines hidden"), "the title says so as long as it is so: {top}");
        write(&mut bench, "later\n", 13);
        assert!(bench.screen().contains("later") && !bench.screen().contains("after"));
        bench.press("/").type_text("befo").press("enter");
        assert!(bench.screen().contains("before"), "search reaches what is hidden: {}", bench.screen());
        bench.press("ctrl-x ctrl-x");
        assert!(bench.screen().contains("before") && bench.screen().contains("later"), "{}", bench.screen());
    }
}
