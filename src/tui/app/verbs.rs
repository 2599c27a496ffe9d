//! The effect of each verb. A verb of the table without an arm here does not compile.

mod moving;

use super::{App, Mood};
use crate::action::{ArgKind, Spec, Verb, spec};
use crate::domain::description::Description;
use crate::domain::{Command, DecisionKind, GrantScope, Kind, Review, ReviewId, RunId, Stage, Tool, VerbCall};
use crate::engine::{EngineError, ExportFormat, plain_query, plain_verb};
use crate::tui::effect::{BehaviourOf, DetailFor, Effect, RerunExtent, Way};
use crate::tui::layout::STEP;
use crate::tui::list::Motion;
use crate::tui::overlay::arguments::ArgumentForm;
use crate::tui::overlay::confirm::Confirm;
use crate::tui::overlay::grants::Grants;
use crate::tui::overlay::help::Help;
use crate::tui::overlay::log::Log;
use crate::tui::overlay::new_tool::NewToolForm;

use crate::tui::overlay::report::Report;
use crate::tui::overlay::runs::RunList;
use crate::tui::overlay::sets::Sets;
use crate::tui::overlay::{Args, Overlay};
use crate::tui::pane::Pane;
use crate::tui::pane::catalog::Selected;
use crate::tui::pane::output::Phase;
use crate::tui::screen::Screen;
use crate::tui::screen::behaviour::BehaviourScreen;
use crate::tui::screen::review::ReviewScreen;
use crate::tui::screen::source::SourceScreen;
use crate::tui::widget::OutputView;

use crate::tui::widget::text_input::TextInput;

use std::path::PathBuf;
use std::sync::Arc;

/// The maximum number of log entries shown.
pub(super) const LOG_LIMIT: usize = 500;

/// Arguments of `doctor` that replace the state that the workbench has open.
const STATE_FLAGS: &[&str] = &["restore", "rebuild", "accept-loss", "same-workspace", "copied"];

impl App {
    /// Performs a verb with these arguments; missing arguments come from the selection.
    pub(super) fn invoke(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        if verb != Verb::Sync && args.get("dry-run").is_some() {
            return self
                .refuse("--dry-run works on the command line; here, the question before a change shows the same");
        }
        if let Some(effects) = self.serve(verb, args) {
            return effects;
        }
        if verb == Verb::Buffer {
            return self.buffer_verb(args);
        }
        if plain_verb(spec(verb).name).is_some() {
            return self.ask_plainly(verb, args);
        }
        match verb {
            Verb::Init => vec![Effect::Init],
            Verb::List
            | Verb::Sign
            | Verb::Feedback
            | Verb::Docs
            | Verb::Completions
            | Verb::Candidates
            | Verb::Man => {
                let text = format!("{} works on the command line only: toolsmith {0}", spec(verb).name);
                self.say(Mood::Calm, &text);
                Vec::new()
            }
            Verb::Show => self.open_source(DetailFor::Show, args),
            Verb::Source => self.open_source(DetailFor::Source, args),
            Verb::Diff => self.open_source(DetailFor::Diff, args),
            Verb::Behaviour => self.open_behaviour(args),
            Verb::Run => self.begin_run(args),
            Verb::Call => self.begin_call(args),
            Verb::Cancel => self.cancel(args),
            Verb::Rerun => self.rerun(args, RerunExtent::Whole),
            Verb::EditRun => self.edit_run(),
            Verb::Skip => self.skip_review(),
            Verb::Continue => self.rerun(args, RerunExtent::From(args.get("from").map(str::to_owned))),
            Verb::Runs => self.list_runs(args),
            Verb::Output => self.with_run(args, App::open_run),
            Verb::Failures => self.show_failures(args),
            Verb::Reviews => self.focus_pane(Pane::Queue),
            Verb::Review => self.show_review(args),
            Verb::Check => {
                let worker = args.get("on").map(str::to_owned);
                self.with_tool(args, |app, tool| {
                    vec![Effect::Execute(Command::Recheck { tool: app.reference(&tool), worker })]
                })
            }
            Verb::Comment => self.comment(args),
            Verb::Withdraw => self.withdraw(args),
            Verb::ApproveOver => self.begin_approval_over(),
            Verb::Approve => self.begin_decision(DecisionKind::Approve, args),
            Verb::Reject => self.begin_decision(DecisionKind::Reject, args),
            Verb::RequestChanges => self.begin_decision(DecisionKind::RequestChanges, args),
            Verb::Promote => self.promote(args),
            Verb::Grant => self.grant(args),
            Verb::Grants => {
                self.overlays.push(Overlay::Grants(Grants::awaited()));
                vec![Effect::LoadGrants]
            }
            Verb::Sets | Verb::Unlock => self.choosing(verb, args),
            Verb::Revoke => match args.get("grant") {
                Some(name) => vec![Effect::FindGrant(name.to_owned())],
                None => self.invoke(Verb::Grants, args),
            },
            Verb::New => {
                let [name, words] = ["name", "describe"].map(|name| args.get(name).unwrap_or_default().to_owned());
                self.open_form(Overlay::NewTool(Box::new(NewToolForm::new(&name, &words))), args);
                Vec::new()
            }
            Verb::Evolve | Verb::Evolutions | Verb::Keep | Verb::Stop | Verb::Resume => self.evolving(verb, args),
            Verb::Failure | Verb::MarkFailure => self.failing(verb, args),
            _ => self.invoke_record(verb, args),
        }
    }

    /// A change that needs only its arguments.
    pub(super) fn ask_plainly(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        match self.call_of(verb, args) {
            Ok(call) => self.ask(Command::Verb(call)),
            Err(refused) => refused,
        }
    }

    /// A query that needs only its arguments.
    pub(super) fn query(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        match self.call_of(verb, args) {
            Ok(call) => {
                self.overlays.push(Overlay::Report(Report::awaited(verb)));
                vec![Effect::Query(call)]
            }
            Err(refused) => refused,
        }
    }

    /// Shows the answer of a query.
    pub(super) fn take_described(&mut self, call: &VerbCall, found: &Result<Description, EngineError>) {
        let now = self.now.wall;
        self.each_report(|report| {
            if spec(report.verb).name == call.verb() {
                report.set(found.clone(), now);
            }
        });
    }

    /// A verb with its arguments; missing required arguments come from the selection.
    pub(super) fn call_of(&mut self, verb: Verb, args: &Args) -> Result<VerbCall, Vec<Effect>> {
        let row = spec(verb);
        let mut call = VerbCall::new(row.name, &[]);
        for (name, value) in args.iter() {
            call.set(name, value.clone());
        }
        for arg in row.args {
            if let (ArgKind::Tool, Some(text)) = (arg.kind, call.get(arg.name)) {
                // A tool that is not in the catalog may have been removed: the engine handles that.
                if let Some(tool) = self.tool_named(text) {
                    call.set(arg.name, self.reference(&tool));
                }
            } else if arg.required
                && call.get(arg.name).is_none()
                && let Some(value) = self.selected(arg.kind)
            {
                call.set(arg.name, value);
            }
            if arg.required && call.get(arg.name).is_none() {
                let why = match arg.kind {
                    ArgKind::Tool => "no tool is selected".to_owned(),
                    ArgKind::Failure => "no failure is selected".to_owned(),
                    ArgKind::Run | ArgKind::RunOrInstance => "no run is selected".to_owned(),
                    ArgKind::Instance => "no instance is selected".to_owned(),
                    ArgKind::Review => "no pending review here".to_owned(),
                    _ => format!("name the {} in the command palette: {} {}", arg.name, row.name, usage(row)),
                };
                return Err(self.refuse(&why));
            }
        }
        Ok(call)
    }

    /// The value of a missing argument of this kind.
    fn selected(&self, kind: ArgKind) -> Option<String> {
        match kind {
            ArgKind::Tool => self.selected_tool().map(|tool| self.reference(&tool)),
            ArgKind::Failure => self.selected_failure().map(|group| group.signature.clone()),
            ArgKind::Run | ArgKind::RunOrInstance => self.selected_run().map(|run| run.to_string()),
            ArgKind::Instance => self.selected_instance().map(|view| view.instance.name.to_string()),
            ArgKind::Review => self.selected_review().map(|review| review.id.to_string()),
            _ => None,
        }
    }

    fn no_tool_named(&mut self, text: &str) -> Vec<Effect> {
        self.refuse(&format!("no tool {text:?}: no such name, version or path in the catalog"))
    }

    /// Verbs of the operation log and of the program.
    fn invoke_record(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        match verb {
            Verb::Undo => {
                let operation = args.get("operation").and_then(|number| number.parse().ok());
                self.ask(Command::Undo { operation })
            }
            Verb::Log => {
                self.overlays.push(Overlay::Log(Log::new("")));
                vec![Effect::LoadOperations { grep: None, limit: LOG_LIMIT }]
            }
            Verb::Similar if args.get("tool").is_none() => self.on_upkeep(verb, args),
            Verb::Stale => self.on_upkeep(verb, args),
            Verb::Trim => self.with_tool(args, |app, tool| {
                app.ask(Command::Trim { tool: app.reference(&tool), versions: Vec::new() })
            }),
            Verb::Dashboard => self.open_dashboard(),
            Verb::Edit => self.edit(args),
            Verb::Page => self.page(),
            Verb::Export => {
                let Some(out) = args.get("out").map(PathBuf::from) else {
                    return self.refuse("which file? type `:` and export --out tools.csv, or tools.db");
                };
                let database = out.extension().is_some_and(|end| end == "db" || end == "sqlite");
                let format = if database { ExportFormat::Sqlite } else { ExportFormat::Csv };
                vec![Effect::Export { out, format }]
            }
            Verb::Push | Verb::Pull => {
                let Some(bundle) = args.get("bundle").map(str::to_owned) else {
                    return self.refuse("which folder? type `:` and push DIR, or pull DIR");
                };
                let tool = args.get("tool").map(str::to_owned);
                let way = match args.get("format") {
                    _ if verb == Verb::Pull => Way::In,
                    Some("skill") => Way::AsSkills,
                    _ => Way::Out,
                };
                vec![Effect::Carry { way, bundle, tool }]
            }
            Verb::Doctor if STATE_FLAGS.iter().any(|name| args.get(name).is_some()) => {
                self.refuse("the state is in use: close the workbench, then run `toolsmith doctor` with this option")
            }
            Verb::Opportunities | Verb::Accept | Verb::Dismiss => self.on_opportunities(verb, args),
            _ if plain_query(spec(verb).name).is_some() => self.query(verb, args),
            _ => self.invoke_here(verb),
        }
    }

    /// Verbs that only concern the screen.
    // size: one arm for each verb of the screen
    fn invoke_here(&mut self, verb: Verb) -> Vec<Effect> {
        match verb {
            Verb::Help => self.overlays.push(Overlay::Help(Help::new(self.place(), self.help_rows()))),
            Verb::Palette => self.open_palette(),
            Verb::Rescan => {
                self.say(Mood::Calm, "rescanning the tools folder");
                return vec![Effect::Rescan];
            }
            Verb::Messages => self.list_messages(),
            Verb::Redraw => return vec![Effect::Redraw],
            Verb::Mouse => {
                self.mouse = !self.mouse;
                let text = if self.mouse { "mouse on" } else { "mouse off: the terminal can select text" };
                self.say(Mood::Calm, text);
                return vec![Effect::Mouse(self.mouse)];
            }
            Verb::Theme => self.switch_theme(),
            Verb::Quit => return self.quit(),
            Verb::NextPane => return self.step_pane(1),
            Verb::PreviousPane => return self.step_pane(-1),
            Verb::FocusCatalog => return self.focus_pane(Pane::Catalog),
            Verb::FocusOutput => return self.focus_pane(Pane::Output),
            Verb::FocusFailures => return self.focus_pane(Pane::Failures),
            Verb::FocusReviews => return self.focus_pane(Pane::Queue),
            Verb::Zoom => self.zoom = !self.zoom,
            Verb::HidePane | Verb::ShowPanes => return self.hide_or_show(verb),
            Verb::Narrower => return self.move_divider(-STEP),
            Verb::Wider => return self.move_divider(STEP),
            Verb::Back => return self.back(),
            Verb::Filter => self.set_typing(true),
            Verb::NextMatch => return self.step_match(1),
            Verb::PreviousMatch => return self.step_match(-1),
            Verb::CycleStage => {
                let word = self.catalog.cycle_stages().word();
                self.say(
                    Mood::Calm,
                    &format!("stages: {}", if word.is_empty() { "all except archived" } else { word }),
                );
            }
            Verb::Fold => self.catalog.toggle_fold(),
            Verb::Group => {
                let word = self.catalog.regroup().word();
                self.say(Mood::Calm, &format!("catalog: {word}"));
            }
            Verb::Mark => self.queue.toggle_mark(),
            Verb::Sort if self.focus == Pane::Services => self.services.step_order(),
            Verb::Sort if self.focus == Pane::Catalog => {
                let word = self.catalog.step_order().word();
                self.say(Mood::Calm, &format!("catalog sorted by {word}"));
            }
            Verb::Sort => self.queue.toggle_order(),
            Verb::Follow => self.toggle_follow(),
            Verb::Times => {
                if let Some(tab) = self.output.current_mut() {
                    tab.each_view(OutputView::toggle_times);
                }
            }
            Verb::MarkLine | Verb::ClearLines => self.part_output(verb),
            Verb::Wrap => self.toggle_wrap(),
            Verb::NextTab => self.step_tab(1),
            Verb::PreviousTab => self.step_tab(-1),
            Verb::ToggleDiff
            | Verb::GoTo
            | Verb::NextHunk
            | Verb::PreviousHunk
            | Verb::NextRisk
            | Verb::PreviousRisk
            | Verb::NextNew
            | Verb::SelectRange
            | Verb::MarkRead
            | Verb::Files
            | Verb::LeaveOut
            | Verb::IgnoreBlanks
            | Verb::Unfold => return self.read_on(verb),
            Verb::ReadOn => match &mut self.screen {
                Screen::Review(screen) => {
                    if !screen.read_on() {
                        return self.end_of_review();
                    }
                }
                Screen::Workbench | Screen::Source(_) | Screen::Behaviour(_) | Screen::Evolution(_) => {
                    return self.step(Motion::PageDown);
                }
            },
            Verb::Copy => return self.copy(),
            other => return Motion::of(other).map(|motion| self.step(motion)).unwrap_or_default(),
        }
        Vec::new()
    }

    pub(super) fn with_tool(
        &mut self,
        args: &Args,
        then: impl FnOnce(&mut App, Arc<Tool>) -> Vec<Effect>,
    ) -> Vec<Effect> {
        let named = args.get("tool");
        let tool = named.map_or_else(|| self.selected_tool(), |text| self.tool_named(text));
        match (tool, named) {
            (Some(tool), _) => then(self, tool),
            (None, Some(text)) => self.no_tool_named(text),
            (None, None) => self.refuse("no tool is selected"),
        }
    }

    pub(super) fn with_run(&mut self, args: &Args, then: impl FnOnce(&mut App, RunId) -> Vec<Effect>) -> Vec<Effect> {
        let named = args.get("run");
        let meant = |text: &str| {
            let newest = || self.services.named(text).and_then(|view| view.instance.run);
            text.parse().ok().or_else(newest)
        };
        match named.map_or_else(|| self.selected_run(), meant) {
            Some(run) => then(self, run),
            None => self.refuse(named.map_or("no run is selected", |_| "use a run number, or the name of an instance")),
        }
    }

    pub(super) fn with_review(
        &mut self,
        args: &Args,
        then: impl FnOnce(&mut App, Review) -> Vec<Effect>,
    ) -> Vec<Effect> {
        let Some(text) = args.get("review") else {
            return match self.selected_review() {
                Some(review) => then(self, review),
                None => self.refuse("no pending review here"),
            };
        };
        match text.parse::<ReviewId>().ok().and_then(|id| self.queue.find(id)).cloned() {
            Some(review) => then(self, review),
            None => self.refuse(&format!("there is no pending review {text}")),
        }
    }

    pub(super) fn refuse(&mut self, why: &str) -> Vec<Effect> {
        self.say(Mood::Trouble, why);
        self.refused = true;
        Vec::new()
    }

    /// Asks before a command, showing what it would change.
    pub(super) fn ask(&mut self, command: Command) -> Vec<Effect> {
        self.overlays.push(Overlay::Confirm(Confirm::about(command.clone())));
        vec![Effect::Preview(command)]
    }

    fn open_source(&mut self, purpose: DetailFor, args: &Args) -> Vec<Effect> {
        // A problem is already shown completely in the strip.
        if args.get("tool").is_none()
            && let (Screen::Workbench, Selected::Problem(problem)) = (&self.screen, self.catalog.selected())
        {
            let text = if problem.hint.is_empty() { problem.message.clone() } else { problem.hint.clone() };
            return self.refuse(&text);
        }
        if args.get("tool").is_none() && self.on_group() {
            self.catalog.toggle_fold();
            return Vec::new();
        }
        let other = args.get("other").map(|text| text.trim_start_matches('@').to_owned());
        self.with_tool(args, |app, tool| {
            let ticket = app.ticket();
            app.show_screen(Screen::Source(Box::new(SourceScreen::loading(Arc::clone(&tool), purpose, ticket))));
            vec![Effect::LoadDetail { tool, purpose, other }]
        })
    }

    /// Whether the selection is on a problem of the catalog.
    pub(super) fn on_problem(&self) -> bool {
        matches!(self.catalog.selected(), Selected::Problem(_) | Selected::Skipped(_)) && self.focus == Pane::Catalog
    }

    /// Whether the selection is on the name of a group of the catalog.
    pub(super) fn on_group(&self) -> bool {
        matches!(self.catalog.selected(), Selected::Group(_))
            && matches!(self.screen, Screen::Workbench)
            && self.focus == Pane::Catalog
    }

    /// Opens the behaviour of the named or selected run, otherwise of the version.
    fn open_behaviour(&mut self, args: &Args) -> Vec<Effect> {
        let named = args.get("tool");
        let run = named.map_or_else(|| self.selected_run(), |text| text.parse().ok());
        if let Some(run) = run {
            let tool = if named.is_none() { self.selected_tool() } else { None };
            return self.show_behaviour(tool, &format!("run #{run}"), BehaviourOf::Run(run));
        }
        self.with_tool(args, |app, tool| {
            let about = format!("{} {}", tool.name, tool.version);
            app.show_behaviour(Some(Arc::clone(&tool)), &about, BehaviourOf::Version(tool))
        })
    }

    fn show_behaviour(&mut self, tool: Option<Arc<Tool>>, about: &str, of: BehaviourOf) -> Vec<Effect> {
        let ticket = self.ticket();
        self.show_screen(Screen::Behaviour(Box::new(BehaviourScreen::loading(tool, about, ticket))));
        vec![Effect::LoadBehaviour { ticket, of }]
    }

    pub(super) fn begin_run(&mut self, args: &Args) -> Vec<Effect> {
        if args.get("show").is_some() {
            return self.refuse("--show works on the command line only; the form of a run shows its command line");
        }
        self.with_tool(args, |app, tool| {
            if tool.kind == Kind::Service {
                return app.launch_tool(&tool);
            }
            let form =
                crate::tui::overlay::form::RunForm::loading(Arc::clone(&tool), args.get("on").map(str::to_owned));
            app.overlays.push(Overlay::Form(Box::new(form)));
            vec![Effect::LoadDetail { tool, purpose: DetailFor::Run, other: None }]
        })
    }

    /// Stops a run. A service would restart, so it is terminated instead.
    fn cancel(&mut self, args: &Args) -> Vec<Effect> {
        let named = args.get("run").map_or_else(|| self.selected_run(), |text| text.parse().ok());
        if let Some(effects) = named.and_then(|run| self.terminate_run(run)) {
            return effects;
        }
        let run = match args.get("run") {
            Some(text) => text.parse().ok(),
            None => self.output.stop_current(),
        };
        match run {
            Some(run) => vec![Effect::Execute(Command::Cancel { run })],
            None => self.refuse("it has not started yet"),
        }
    }

    /// Repeats a run, completely or from a step on.
    fn rerun(&mut self, args: &Args, extent: RerunExtent) -> Vec<Effect> {
        self.with_run(args, |app, run| {
            if let Some(effects) = app.relaunch_run(run) {
                return effects;
            }
            let label = app.runs.iter().find(|record| record.id == run).map(|r| format!("{} {}", r.tool, r.version));
            let tool = app.selected_tool();
            app.show_screen(Screen::Workbench);
            app.focus = Pane::Output;
            let since = app.now.steady_ms;
            let label = label.unwrap_or_else(|| format!("run {run} again"));
            let tab = app.output.open(label, tool, Phase::Starting { since });
            vec![Effect::Rerun { tab, run, extent }]
        })
    }

    fn list_runs(&mut self, args: &Args) -> Vec<Effect> {
        let tool = args.get("tool").map(str::to_owned);
        self.overlays.push(Overlay::Runs(RunList::new(&self.runs, tool)));
        self.refresh.runs.ask().then_some(Effect::LoadRuns).into_iter().collect()
    }

    fn show_failures(&mut self, args: &Args) -> Vec<Effect> {
        if let Some(tool) = args.get("tool") {
            self.failures.edit_filter(|filter| *filter = TextInput::new(tool));
        }
        self.focus_pane(Pane::Failures)
    }

    /// Opens a review on the full screen.
    pub(super) fn open_review(&mut self, review: Review) -> Vec<Effect> {
        let ticket = self.ticket();
        let id = review.id;
        let mut screen = ReviewScreen::loading(review, ticket, self.now);
        screen.read_before(self.readings.get(&id).cloned());
        let query = Command::Decide(screen.approval_request());
        self.show_screen(Screen::Review(Box::new(screen)));
        vec![Effect::LoadReview(id), Effect::Preview(query)]
    }

    /// A tool with a pending review is promoted by that review; otherwise a promotion is requested.
    fn promote(&mut self, args: &Args) -> Vec<Effect> {
        if args.get("to") == Some("session") {
            return self.with_tool(args, |app, tool| {
                // Without an owner, the workbench is the process that executes it.
                let scope = GrantScope::Workbench(String::new());
                app.ask(Command::UseInSession { tool: app.reference(&tool), digest: tool.digest, scope })
            });
        }
        if args.get("tool").is_none()
            && let Some(review) = self.selected_review()
        {
            return self.open_review(review);
        }
        let to = args.get("to").and_then(|word| word.parse::<Stage>().ok());
        self.with_tool(args, |app, tool| {
            if let Some(review) = app.queue.waiting_for(&tool.name, tool.digest).cloned() {
                return app.open_review(review);
            }
            let next = if tool.stage == Stage::Experimental { Stage::Approved } else { Stage::Core };
            let command = Command::Promote { tool: app.reference(&tool), to: to.unwrap_or(next) };
            app.ask(command)
        })
    }

    /// Asks which agent is meant, in the form of the verb.
    fn ask_agent(&mut self, args: &Args) -> Vec<Effect> {
        let Some(tool) =
            args.get("tool").map(str::to_owned).or_else(|| self.selected_tool().map(|tool| self.reference(&tool)))
        else {
            return self.refuse("select a tool first");
        };
        let mut filled = Args::default();
        filled.push("tool", tool);
        self.open_form(Overlay::Arguments(Box::new(ArgumentForm::new(Verb::Grant, &filled))), &filled);
        Vec::new()
    }

    /// The agent is named in a form or in the palette; the version is the displayed one.
    fn grant(&mut self, args: &Args) -> Vec<Effect> {
        let Some(agent) = args.get("agent").map(str::to_owned) else {
            return self.ask_agent(args);
        };
        let session = args.get("session").map(|name| GrantScope::Session(name.to_owned()));
        self.with_tool(args, |app, tool| {
            // Without an owner, the workbench is the process that executes it.
            let scope = session.unwrap_or_else(|| GrantScope::Workbench(String::new()));
            let command = Command::Grant { tool: app.reference(&tool), digest: tool.digest, agent, scope };
            app.ask(command)
        })
    }

    /// What may run here: unlocking cost tiers above low, and sets of tools.
    fn choosing(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        if verb == Verb::Unlock {
            return self.with_tool(args, |app, tool| {
                // Without an owner, the workbench is the process that executes it.
                let scope = GrantScope::Workbench(String::new());
                let tool = Some(app.reference(&tool));
                app.ask(Command::Unlock { tool, tier: None, scope, lasting: None })
            });
        }
        self.overlays.push(Overlay::Sets(Sets::awaited()));
        vec![Effect::LoadSets]
    }
}

/// The positional arguments of a verb, in the form of its help.
fn usage(row: &Spec) -> String {
    let names = row.args.iter().filter(|arg| arg.form.is_positional()).map(|arg| arg.name.to_uppercase());
    names.collect::<Vec<_>>().join(" ")
}
