//! Services on the screen: the pane, launching, ending, talking.

use super::{App, Mood};
use crate::action::Verb;
use crate::domain::{Command, Kind, Outcome, RunId, Tool, VerbCall};
use crate::engine::{EngineError, InstanceDetail};
use crate::tui::effect::{Effect, Serving};
use crate::tui::layout::{Arrangement, arrange};
use crate::tui::msg::{Held, Served, ServiceRow};
use crate::tui::overlay::arguments::ArgumentForm;
use crate::tui::overlay::context::ContextBox;
use crate::tui::overlay::launch::LaunchPrompt;
use crate::tui::overlay::say::SayBox;
use crate::tui::overlay::{Args, Overlay, Typed};
use crate::tui::pane::Pane;
use crate::tui::phrase::keep_running;
use crate::tui::screen::Screen;
use ratatui::layout::Rect;

/// Arguments of `context` that change something; without them, the context is shown.
const EDITS: [&str; 4] = ["stage", "promote", "inject", "clear"];

impl App {
    /// Performs service verbs that have a screen; `None` for others, and for those that need only their arguments.
    pub(super) fn serve(&mut self, verb: Verb, args: &Args) -> Option<Vec<Effect>> {
        match verb {
            Verb::Services if args.iter().next().is_none() && !self.services.is_loaded() => {
                self.awaits_services = true;
                self.say(Mood::Calm, "the instances are still being read");
                Some(Vec::new())
            }
            // Without instances there is no pane; the list explains how to launch one.
            Verb::Services if args.iter().next().is_none() && !self.services.is_empty() => {
                Some(self.focus_pane(Pane::Services))
            }
            Verb::Services if args.iter().all(|(name, _)| *name == "instance") => {
                args.get("instance").map(|name| self.open_context(name))
            }
            Verb::Define => {
                self.open_form(Overlay::Arguments(Box::new(ArgumentForm::new(verb, args))), args);
                Some(Vec::new())
            }
            Verb::Launch => Some(self.begin_launch(args)),
            Verb::Say => Some(self.begin_say(args)),
            Verb::Context if EDITS.iter().all(|edit| args.get(edit).is_none()) => {
                let instance = args.get("instance").map(str::to_owned);
                let selected = || self.selected_instance().map(|view| view.instance.name.to_string());
                match instance.or_else(selected) {
                    Some(name) => Some(self.open_context(&name)),
                    None => Some(self.refuse("no instance is selected")),
                }
            }
            _ => None,
        }
    }

    /// Whether a verb is available for the selected instance or tool.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn servable(&self, verb: Verb) -> Result<(), String> {
        let Some(view) = self.selected_instance() else {
            return match (verb, self.selected_tool()) {
                (Verb::Launch, Some(tool)) if tool.kind == Kind::Service => Ok(()),
                (Verb::Launch, Some(_)) => Err("the selected tool is not a service".to_owned()),
                (Verb::Launch, None) => Err("no service is selected".to_owned()),
                _ => Err("no instance is selected".to_owned()),
            };
        };
        match (verb, view.now.needs_keeper()) {
            (Verb::Launch, true) => {
                let key = self.keymap.key(Verb::Relaunch);
                Err(format!("{} is {} already: {key} relaunches it", view.instance.name, view.now))
            }
            (Verb::Terminate, false) => Err(format!("{} does not run ({})", view.instance.name, view.now)),
            _ => Ok(()),
        }
    }

    fn begin_launch(&mut self, args: &Args) -> Vec<Effect> {
        if args.get("tool").is_none()
            && let Some(view) = self.selected_instance()
        {
            let (tool, name) = (view.instance.tool.to_string(), view.instance.name.to_string());
            return self.launch(VerbCall::new("launch", &[("tool", &tool), ("instance", &name)]));
        }
        if args.get("instance").is_none() {
            return self.with_tool(args, |app, tool| app.launch_tool(&tool));
        }
        match self.call_of(Verb::Launch, args) {
            Ok(call) => self.launch(call),
            Err(refused) => refused,
        }
    }

    /// Launches a tool under a new name, different from its existing instances.
    pub(super) fn launch_tool(&mut self, tool: &Tool) -> Vec<Effect> {
        let reference = self.reference(tool);
        if let Some(known) = self.services.named(tool.name.as_str()) {
            // A running instance needs no launch: then the name of a further instance is proposed.
            let name =
                if known.now.needs_keeper() { self.services.free_name(&tool.name) } else { tool.name.to_string() };
            let prompt = LaunchPrompt::new(reference, known, &name);
            self.overlays.push(Overlay::Launch(prompt));
            return Vec::new();
        }
        self.launch(VerbCall::new("launch", &[("tool", &reference)]))
    }

    /// Launches without a question, like a run; necessary permissions are asked for.
    fn launch(&mut self, call: VerbCall) -> Vec<Effect> {
        self.say(Mood::Calm, &format!("launching {}", call.get("instance").or(call.get("tool")).unwrap_or_default()));
        vec![Effect::Execute(Command::Verb(call))]
    }

    /// Something was launched: its row is selected as soon as it exists.
    pub(super) fn launched(&mut self, call: &VerbCall, outcome: &Outcome) {
        let name = outcome.detail.get("instance").and_then(serde_json::Value::as_str);
        if let ("launch", Some(name)) = (call.verb(), name) {
            self.awaited = Some(name.to_owned());
            self.show_awaited();
        }
    }

    fn show_awaited(&mut self) {
        let listed = self.awaited.take_if(|name| self.services.named(name).is_some());
        if let Some(name) = listed {
            self.services.select(&name);
            if matches!(self.screen, Screen::Workbench) {
                self.focus = Pane::Services;
            }
        }
    }

    /// Instead of stopping a run: terminates its instance.
    pub(super) fn terminate_run(&mut self, run: RunId) -> Option<Vec<Effect>> {
        let name = self.services.of_run(run).filter(|view| view.now.needs_keeper())?.instance.name.to_string();
        Some(self.ask_plainly(Verb::Terminate, &one("instance", name)))
    }

    /// Instead of repeating a run: relaunches its instance.
    pub(super) fn relaunch_run(&mut self, run: RunId) -> Option<Vec<Effect>> {
        let name = self.services.of_run(run)?.instance.name.to_string();
        Some(self.ask_plainly(Verb::Relaunch, &one("instance", name)))
    }

    /// Shows an instance with its prompts and messages.
    fn open_context(&mut self, name: &str) -> Vec<Effect> {
        self.overlays.push(Overlay::Context(Box::new(ContextBox::awaited(name))));
        self.renew_context().into_iter().collect()
    }

    /// Reloads the displayed instance, if there is one.
    pub(super) fn renew_context(&mut self) -> Option<Effect> {
        let shown = self.contexts().next().map(|open| open.instance.clone())?;
        self.refresh.instance.ask().then_some(Effect::Serve(Serving::Detail(shown)))
    }

    fn contexts(&mut self) -> impl Iterator<Item = &mut ContextBox> {
        self.overlays.iter_mut().filter_map(|overlay| match overlay {
            Overlay::Context(open) => Some(&mut **open),
            _ => None,
        })
    }

    /// Changes the prompts of an instance; asks before deleting any.
    pub(super) fn edit_context(&mut self, call: VerbCall) -> Vec<Effect> {
        let deletes = call.get("clear").is_some();
        let command = Command::Verb(call);
        if deletes { self.ask(command) } else { vec![Effect::Execute(command)] }
    }

    /// A command that may concern prompts was executed or refused.
    pub(super) fn context_edited(&mut self, command: &Command, refused: bool) {
        let Command::Verb(call) = command else { return };
        let is_shown = |open: &&mut ContextBox| call.get("instance") == Some(open.instance.as_str());
        if let Some(open) = self.contexts().find(is_shown).filter(|_| call.verb() == "context") {
            open.edited(call, refused);
        }
    }

    /// A refused definition can be corrected, unless the user is typing something else.
    pub(super) fn correct_definition(&mut self, command: &Command, error: &EngineError) {
        let Command::Verb(call) = command else { return };
        if call.verb() == "define" && self.overlays.is_empty() {
            let why = if error.hint.is_empty() {
                error.message.clone()
            } else {
                format!("{}: {}", error.message, error.hint)
            };
            let form = ArgumentForm::refused(Verb::Define, call, why);
            self.overlays.push(Overlay::Arguments(Box::new(form)));
        }
    }

    fn take_detail_of(&mut self, instance: &str, found: Result<&InstanceDetail, &EngineError>) -> Option<Effect> {
        let now = self.now.wall;
        if let Some(open) = self.contexts().find(|open| open.instance == instance) {
            open.set(found, now);
        }
        let again = self.refresh.instance.came();
        let shown = self.contexts().next().map(|open| open.instance.clone());
        let again = again && shown.is_some();
        self.refresh.instance.loading = again;
        shown.filter(|_| again).map(|name| Effect::Serve(Serving::Detail(name)))
    }

    fn begin_say(&mut self, args: &Args) -> Vec<Effect> {
        let selected = || self.selected_instance().map(|view| view.instance.name.to_string());
        let Some(name) = args.get("instance").map(str::to_owned).or_else(selected) else {
            return self.refuse("no instance is selected");
        };
        let form = format!("say {name}");
        let draft = self.memory.draft(&form).and_then(|values| values.first()).cloned().unwrap_or_default();
        let said = self.memory.earlier(&form).iter().rev().filter_map(|values| values.first().cloned()).collect();
        self.overlays.push(Overlay::Say(Box::new(SayBox::new(&name, &draft, said))));
        if args.get("message").is_none() {
            return Vec::new();
        }
        match self.call_of(Verb::Say, args) {
            Ok(mut call) => {
                call.set("instance", name);
                self.send(call)
            }
            Err(refused) => refused,
        }
    }

    /// Sends what was typed in the box.
    pub(super) fn say_to(&mut self, instance: &str, message: &str) -> Vec<Effect> {
        self.send(VerbCall::new("say", &[("instance", instance), ("message", message)]))
    }

    /// Sends a message; the box that is open for the instance waits for the answer.
    fn send(&mut self, call: VerbCall) -> Vec<Effect> {
        let ticket = self.ticket();
        let (instance, message) = (call.get("instance").unwrap_or_default(), call.get("message").unwrap_or_default());
        let (form, values) = (format!("say {instance}"), vec![message.to_owned()]);
        self.memory.submitted(Typed { form, values, edited: true });
        for overlay in &mut self.overlays {
            if let Overlay::Say(talk) = overlay
                && talk.instance == instance
            {
                talk.sending(ticket, message);
            }
        }
        vec![Effect::Serve(Serving::Say { ticket, call })]
    }

    /// Performs an action that a human has just allowed.
    pub(super) fn go_on(&mut self, held: Held) -> Vec<Effect> {
        match held {
            Held::Run(request) => self.start(request.tool, request.input, request.worker),
            Held::Command(command) => vec![Effect::Execute(command)],
            Held::Serving(Serving::Say { call, .. }) => self.send(call),
            Held::Serving(other) => vec![Effect::Serve(other)],
        }
    }

    pub(super) fn take_served(&mut self, served: Served) -> Vec<Effect> {
        match served {
            Served::List(found) => {
                let again = self.refresh.services.came();
                let mut effects = match found {
                    Ok(rows) => self.set_services(rows),
                    Err(error) => {
                        self.complain(&error);
                        Vec::new()
                    }
                };
                effects.extend(again.then_some(Effect::Serve(Serving::Load)));
                effects
            }
            Served::Detail { instance, found } => {
                self.take_detail_of(&instance, found.as_deref()).into_iter().collect()
            }
            Served::Said { ticket, instance, said } => {
                self.take_said(ticket, &instance, said.as_ref());
                Vec::new()
            }
            Served::Asks { command, held } => {
                if let Held::Serving(Serving::Say { ticket, .. }) = &*held {
                    self.each_talk(|talk| talk.withheld(*ticket));
                }
                self.unallowed = Some((command.clone(), *held));
                self.ask(command)
            }
        }
    }

    /// If the box is closed, the last line shows the answer; the instance keeps it.
    fn take_said(&mut self, ticket: u64, instance: &str, said: Result<&Outcome, &EngineError>) {
        let answer = said.map(|outcome| outcome.message.as_str());
        if self.each_talk(|talk| talk.answered(ticket, answer)) {
            return;
        }
        match answer {
            Ok(text) => self.say(Mood::Calm, &format!("{instance}: {text}")),
            Err(error) => self.complain(error),
        }
    }

    /// Whether a box accepted it.
    fn each_talk(&mut self, mut take: impl FnMut(&mut SayBox) -> bool) -> bool {
        self.overlays.iter_mut().any(|overlay| match overlay {
            Overlay::Say(talk) => take(talk),
            _ => false,
        })
    }

    pub(super) fn set_services(&mut self, rows: Vec<ServiceRow>) -> Vec<Effect> {
        self.services.set_rows(rows);
        if self.services.is_empty() && self.focus == Pane::Services {
            self.services.set_typing(false);
            self.focus = Pane::Catalog;
        }
        self.show_awaited();
        let mut effects = self.follow_starts();
        if std::mem::take(&mut self.awaits_services) && !self.services.is_empty() {
            effects.extend(self.focus_pane(Pane::Services));
        }
        effects
    }

    /// Lets open logs continue with the newest starts of their instances.
    pub(super) fn follow_starts(&mut self) -> Vec<Effect> {
        let next = self.output.follow_starts(&self.services.views());
        next.into_iter().map(|(tab, run)| Effect::LoadSpool { tab, run, before: None }).collect()
    }

    /// Requests the resource use of instances while their pane is on the screen.
    pub(super) fn watch_services(&mut self) -> Option<Effect> {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let all = matches!(arrange(area, self.needs()), Arrangement::All { .. });
        let shown = matches!(self.screen, Screen::Workbench) && (all || self.focus == Pane::Services);
        let wanted = shown && self.services.going_count() > 0;
        let changed = std::mem::replace(&mut self.watches, wanted) != wanted;
        changed.then_some(Effect::Serve(Serving::Watch(wanted)))
    }

    /// What continues when the workbench is closed; `None` if nothing does.
    pub fn farewell(&self) -> Option<String> {
        let going = self.services.going_count();
        (going > 0).then(|| keep_running(going))
    }
}

fn one(name: &'static str, value: String) -> Args {
    let mut args = Args::default();
    args.push(name, value);
    args
}
