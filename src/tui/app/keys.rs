//! Routes a key: to the topmost overlay, to a text field, or to its verb.

use super::{App, Mood, stray};
use crate::action::Verb;
use crate::domain::{Command, DecisionRequest};
use crate::tui::effect::{CallStep, Effect, Ending, Evolving, Failing};
use crate::tui::keymap::Chord;
use crate::tui::list::Motion;
use crate::tui::overlay::arguments::ArgumentForm;
use crate::tui::overlay::help::Help;
use crate::tui::overlay::{Args, Overlay, Reply};
use crate::tui::pane::Pane;
use crate::tui::screen::Screen;
use crate::tui::screen::review::{Lock, lock_keys};
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

impl App {
    pub(super) fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        self.promised = None;
        self.awaited = None;
        self.awaits_services = false;
        self.refused = false;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('z') {
            return vec![Effect::Suspend];
        }
        // A user who presses a key has seen the message; a swallowed key was not meant for the workbench.
        let is_verb = self.overlays.is_empty() && !self.is_typing();
        if is_verb && self.stray.swallows(key, self.now) {
            // The reason why no prompt opened stays visible.
            if self.messages.shown().is_none() {
                self.say(Mood::Calm, "typed text was ignored: no prompt is open; pause for half a second, then go on");
            }
            return Vec::new();
        }
        self.messages.dismiss();
        if let Some(overlay) = self.overlays.last_mut() {
            // Always quits, even while typing, when ctrl-c is not a verb.
            let out = control && key.code == KeyCode::Char('c');
            let key = if out { KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE) } else { *key };
            let reply = overlay.key(&key, &self.keymap, self.now);
            let effects = self.reply(reply);
            self.stray.refused(self.refused, self.now);
            return effects;
        }
        if self.is_typing() {
            return self.type_key(key);
        }
        let chord = Chord::of(key);
        let Some(verb) = self.keymap.lookup(self.context(), chord) else {
            // The user probably expected a prompt and continues typing.
            self.stray.refused(self.keymap.verbs_on(chord).any(stray::decides), self.now);
            return Vec::new();
        };
        let effects = self.perform(verb, &Args::default());
        self.stray.refused(self.refused && stray::asks(verb), self.now);
        effects
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        let now = self.now;
        if let Some(overlay) = self.overlays.last_mut() {
            overlay.paste(text, now);
        } else if self.is_typing() {
            self.edit_typed(&mut |input| input.insert(text));
        } else {
            let words =
                if text.chars().count() > 1 { "pasted text does nothing here" } else { "nothing to paste into" };
            self.say(Mood::Calm, words);
        }
        Vec::new()
    }

    /// Performs a verb if it is available; otherwise shows why not.
    pub fn perform(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        let named = args.iter().next().is_some();
        match self.available(verb) {
            Err(reason) if !named => {
                // A reason that begins with the verb, as `approve is locked`, is complete.
                let name = crate::action::spec(verb).name.replace('-', " ");
                let said = if reason.starts_with(&name) { reason } else { format!("{name}: {reason}") };
                self.refuse(&said)
            }
            Ok(()) | Err(_) => self.invoke(verb, args),
        }
    }

    // size: one arm for each reply
    fn reply(&mut self, reply: Reply) -> Vec<Effect> {
        if matches!(reply, Reply::Stay) {
            return Vec::new();
        }
        if let Reply::Search(text) = reply {
            let grep = (!text.is_empty()).then_some(text);
            return vec![Effect::LoadOperations { grep, limit: super::verbs::LOG_LIMIT }];
        }
        if let Reply::DecideAll(requests) = reply {
            if let Some(typed) = self.overlays.last().and_then(Overlay::typed) {
                self.memory.submitted(typed);
            }
            return vec![Effect::DecideAll(requests)];
        }
        if let Reply::Prepare(request, sending) = reply {
            return self.prepare_evolution(*request, sending);
        }
        if let Reply::Call(request, CallStep::Look) = reply {
            return self.call_step(*request, CallStep::Look);
        }
        if let Reply::Say(instance, message) = reply {
            return self.say_to(&instance, &message);
        }
        if let Reply::EditContext(call) = reply {
            return self.edit_context(*call);
        }
        if let Reply::Refuse(why) = reply {
            self.say(Mood::Trouble, &why);
            return Vec::new();
        }
        if let Reply::Copy(text) = reply {
            return vec![Effect::Copy(text)];
        }
        if let Reply::LoadChoices(what, of) = reply {
            return vec![Effect::LoadChoices(what, of)];
        }
        if let Reply::Help(place, rows) = reply {
            self.overlays.push(Overlay::Help(Help::new(place, rows)));
            return Vec::new();
        }
        let closed = self.overlays.pop();
        self.remember_typed(closed.as_ref(), matches!(reply, Reply::Close));
        match reply {
            Reply::Stay
            | Reply::Search(_)
            | Reply::DecideAll(_)
            | Reply::Prepare(..)
            | Reply::Say(..)
            | Reply::EditContext(_)
            | Reply::Help(..)
            | Reply::Refuse(_)
            | Reply::Copy(_)
            | Reply::LoadChoices(..)
            | Reply::Close => Vec::new(),
            Reply::Call(request, step) => self.call_step(*request, step),
            Reply::Invoke(verb, args) => {
                if matches!(closed, Some(Overlay::Palette(_))) {
                    self.recent.retain(|known| *known != verb);
                    self.recent.insert(0, verb);
                }
                // `i` explains the subject of a question and keeps the question open.
                if let (Verb::Show, Some(question @ Overlay::Confirm(_))) = (verb, closed) {
                    self.set_aside = Some(question);
                }
                self.perform(verb, &args)
            }
            Reply::Fill(verb, args) => {
                self.open_form(Overlay::Arguments(Box::new(ArgumentForm::new(verb, &args))), &args);
                Vec::new()
            }
            Reply::GoToTool(path) => self.go_to_tool(&path),
            Reply::EditHeld => self.edit_held(),
            Reply::Press(key) => self.key(&key),
            Reply::Execute(command) => vec![Effect::Execute(command)],
            Reply::Decide(request) => self.decide(*request),
            Reply::DecideAndGenerate(request) => {
                // Kept until the decision is known to be possible.
                self.drafts.insert((request.review, request.kind), request.reason.clone().unwrap_or_default());
                vec![Effect::Evolve(Evolving::Ready(request))]
            }
            Reply::ReadFirst(reviews, kind) => self.read_for_bulk(reviews, kind),
            Reply::KeepDraft(review, kind, text) => {
                if !text.is_empty() {
                    self.say(Mood::Calm, "the typed reason is kept as a draft");
                }
                self.drafts.insert((review, kind), text);
                Vec::new()
            }
            Reply::KeepComment(review, kind, text) => {
                if !text.is_empty() {
                    self.say(Mood::Calm, "the typed comment is kept as a draft");
                }
                self.remarks.insert(review, (kind, text));
                Vec::new()
            }
            Reply::Start(input) => self.start_from_form(closed, Some(input)),
            Reply::KeepInput(input) => {
                self.keep_input(closed, input);
                Vec::new()
            }
            Reply::Choose(name) => vec![Effect::Choose(name)],
            Reply::OpenRun(run) => self.open_run(run),
            Reply::OpenEvolution(id) => self.open_evolution(id),
            Reply::Keep(id, at) => vec![Effect::Evolve(Evolving::Keep { id, at })],
            Reply::KeepHint(path, hint) => {
                self.keep_hint(path, hint);
                Vec::new()
            }
            Reply::MarkFailure(request) => vec![Effect::Failing(Failing::Mark(*request))],
            Reply::Ask(command) => self.ask(*command),
            Reply::AskUndo(operation) => self.ask(Command::Undo { operation: Some(operation) }),
            Reply::Quit => vec![Effect::Leave(Ending::Quit)],
        }
    }

    /// Sends a decision together with what was on the screen.
    pub(super) fn decide(&mut self, request: DecisionRequest) -> Vec<Effect> {
        let now = self.now;
        let Screen::Review(screen) = &self.screen else { return self.decide_in_queue(request) };
        if screen.review.id != request.review || screen.review.digest != request.digest {
            return Vec::new();
        }
        let shown = screen.shown(now);
        if request.approves()
            && let Err(why) = self.still_approvable(&request)
        {
            return self.refuse(&why);
        }
        if let Some(reason) = &request.reason {
            // Kept until the engine has accepted it.
            self.drafts.insert((request.review, request.kind), reason.clone());
        }
        if let Screen::Review(screen) = &mut self.screen {
            screen.sent = Some(request.kind);
        }
        vec![Effect::Execute(Command::Decide(DecisionRequest { shown, ..request }))]
    }

    /// Sends a rejection from the queue, without anything on the screen.
    fn decide_in_queue(&mut self, request: DecisionRequest) -> Vec<Effect> {
        let waits = self.queue.find(request.review).is_some_and(|review| review.digest == request.digest);
        if request.approves() || !waits {
            return self.refuse("not decided: the review changed, open it again");
        }
        if let Some(reason) = &request.reason {
            // Kept until the engine has accepted it.
            self.drafts.insert((request.review, request.kind), reason.clone());
        }
        vec![Effect::Execute(Command::Decide(request))]
    }

    /// Whether the state that the prompt asked about is unchanged: no unread change has arrived.
    fn still_approvable(&self, request: &DecisionRequest) -> Result<(), String> {
        let Screen::Review(screen) = &self.screen else { return Err("open a review first".to_owned()) };
        let (key, keys) = (self.keymap.key(Verb::Approve), lock_keys(&self.keymap));
        let lock = if request.override_reason.is_some() { screen.lock_over(&keys) } else { screen.lock(&keys) };
        match lock {
            Lock::Locked(why) => Err(format!("not approved: {why}")),
            Lock::Unread(_) | Lock::Open if request.only != screen.approval().only => {
                Err("not approved: the choice of tools changed".to_owned())
            }
            Lock::Unread(_) | Lock::Open if request.evidence != screen.evidence() => {
                Err(format!("not approved: new evidence arrived while you typed · read it, then {key}"))
            }
            Lock::Unread(why) if !request.unread => Err(format!("not approved: {why}")),
            Lock::Unread(_) | Lock::Open => Ok(()),
        }
    }

    fn start_from_form(&mut self, closed: Option<Overlay>, input: Option<serde_json::Value>) -> Vec<Effect> {
        let Some(Overlay::Form(form)) = closed else { return Vec::new() };
        self.inputs.remove(&form.tool().path);
        self.start(form.tool().clone(), form.input_of(input), form.worker().map(str::to_owned))
    }

    fn keep_input(&mut self, closed: Option<Overlay>, input: serde_json::Value) {
        if let Some(Overlay::Form(form)) = closed {
            self.inputs.insert(form.tool().path.clone(), input);
            self.say(Mood::Calm, "the typed input is kept as a draft");
        }
    }

    /// Whether keys go to a filter or a search.
    pub fn is_typing(&self) -> bool {
        match &self.screen {
            Screen::Review(screen) => screen.body().is_typing(),
            Screen::Source(screen) => screen.reader.is_typing(),
            Screen::Behaviour(screen) => screen.reader.is_typing(),
            Screen::Evolution(screen) => screen.body().is_typing(),
            Screen::Workbench => match self.focus {
                Pane::Catalog => self.catalog.is_typing(),
                Pane::Output => self.output.is_typing(),
                Pane::Failures => self.failures.is_typing(),
                Pane::Queue => self.queue.is_typing(),
                Pane::Services => self.services.is_typing(),
            },
        }
    }

    /// Starts or ends typing in the focused place.
    pub(super) fn set_typing(&mut self, typing: bool) {
        match &mut self.screen {
            Screen::Review(screen) => screen.reader().set_typing(typing),
            Screen::Source(screen) => screen.reader.set_typing(typing),
            Screen::Behaviour(screen) => screen.reader.set_typing(typing),
            Screen::Evolution(screen) => screen.reader().set_typing(typing),
            Screen::Workbench => match self.focus {
                Pane::Catalog => self.catalog.set_typing(typing),
                Pane::Output => self.output.set_typing(typing),
                Pane::Failures => self.failures.set_typing(typing),
                Pane::Queue => self.queue.set_typing(typing),
                Pane::Services => self.services.set_typing(typing),
            },
        }
    }

    /// Changes the filter or search in the focused place.
    pub(super) fn edit_typed(&mut self, edit: &mut dyn FnMut(&mut TextInput)) {
        match &mut self.screen {
            Screen::Review(screen) => screen.reader().edit_search(edit),
            Screen::Source(screen) => screen.reader.edit_search(edit),
            Screen::Behaviour(screen) => screen.reader.edit_search(edit),
            Screen::Evolution(screen) => screen.reader().edit_search(edit),
            Screen::Workbench => match self.focus {
                Pane::Catalog => self.catalog.edit_filter(edit),
                Pane::Output => self.output.edit_search(edit),
                Pane::Failures => self.failures.edit_filter(edit),
                Pane::Queue => self.queue.edit_filter(edit),
                Pane::Services => self.services.edit_filter(edit),
            },
        }
    }

    fn type_key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => {
                self.edit_typed(&mut TextInput::clear);
                self.set_typing(false);
            }
            KeyCode::Char('c') if control => {
                self.edit_typed(&mut TextInput::clear);
                self.set_typing(false);
            }
            KeyCode::Enter => self.set_typing(false),
            KeyCode::Tab | KeyCode::BackTab => {
                self.set_typing(false);
                return self.key(key);
            }
            _ => match Motion::while_typing(key) {
                Some(motion) => return self.step(motion),
                None => self.edit_typed(&mut |input| {
                    input.key(key);
                }),
            },
        }
        Vec::new()
    }
}
