//! The input of a run: a form generated from the input schema, with the last input filled in.

use super::{Reply, open_box};
use crate::action::Verb;
use crate::action::forms::MACHINE;
use crate::domain::composite::Composite;
use crate::domain::{Dialect, Form, InputMode, Kind, Manifest, Tool};
use crate::engine::{CommandView, StarterTool};
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::msg::ToolDossier;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, pad, safe, wrap};
use crate::tui::theme::Theme;
use crate::tui::widget::fields::submits;
use crate::tui::widget::{FormEvent, FormView};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use serde_json::Value;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// The state of the form.
pub struct RunForm {
    tool: Arc<Tool>,
    view: Option<FormView>,
    /// The source of the command line, and its manifest.
    command: Option<(CommandView, Manifest)>,
    /// Whether the tool takes no input, so that only the machine can be chosen.
    is_silent: bool,
    /// The workers to choose from.
    workers: Vec<String>,
    /// The chosen worker; `None` is this machine.
    worker: Option<String>,
    /// The declared access that the run does not get.
    withheld: Option<String>,
    /// Whether the form was opened to change an input: then it does not run without one.
    asks_for_input: bool,
}

/// The maximum number of lines about withheld access.
const WITHHELD_LINES: usize = 2;

/// Lines of the command line, and of the text on standard input.
const COMMAND_LINES: [usize; 2] = [3, 1];

impl RunForm {
    /// A form whose fields have not arrived yet.
    pub fn loading(tool: Arc<Tool>, worker: Option<String>) -> RunForm {
        RunForm {
            tool,
            view: None,
            command: None,
            is_silent: false,
            workers: Vec::new(),
            worker,
            withheld: None,
            asks_for_input: false,
        }
    }

    /// The worker that carries out the run; `None` is this machine.
    pub fn worker(&self) -> Option<&str> {
        self.worker.as_deref()
    }

    /// Records that the form was opened to change an input.
    pub fn ask_for_input(&mut self) {
        self.asks_for_input = true;
    }

    /// Whether the form was opened to change an input.
    pub fn asks_for_input(&self) -> bool {
        self.asks_for_input
    }

    /// Chooses the next worker, and this machine after the last one.
    fn choose_worker(&mut self) {
        let chosen = self.worker.as_ref().and_then(|chosen| self.workers.iter().position(|name| name == chosen));
        let next = chosen.map_or(0, |at| at + 1);
        self.worker = self.workers.get(next).cloned();
    }

    /// The tool to run.
    pub fn tool(&self) -> &Arc<Tool> {
        &self.tool
    }

    /// Whether only the machine can be chosen.
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Whether the fields have not arrived yet.
    pub fn is_loading(&self) -> bool {
        self.view.is_none() && !self.is_silent
    }

    /// The input of a run that is started from the form.
    pub fn input_of(&self, entered: Option<Value>) -> Option<Value> {
        entered.filter(|_| !self.is_silent)
    }

    /// Sets the fields, filled in with the draft, otherwise with the last input. Returns `false` if there is no choice:
    /// the tool takes no input and there is only one machine.
    pub fn set(&mut self, dossier: &ToolDossier, draft: Option<&Value>) -> bool {
        let manifest = &dossier.detail.manifest;
        self.withheld.clone_from(&dossier.withheld);
        // A composite whose steps use no input needs none, unless it declares an input.
        let asks_nothing = |composite: &Composite| manifest.input.is_none() && composite.inputs().is_empty();
        let silent = manifest.recipe.as_ref().is_some_and(|recipe| recipe.input == InputMode::None)
            || manifest.composite.as_ref().is_some_and(asks_nothing);
        let last = draft.or(dossier.last_input.as_ref());
        let form = Form::from_schema(manifest.input.as_ref(), last, &manifest.examples);
        if manifest.kind == Kind::Command {
            self.workers.clone_from(&dossier.workers);
        }
        if silent || form.is_empty() {
            self.is_silent = self.worker.is_none() && !self.workers.is_empty();
            return self.is_silent;
        }
        let view = FormView::of_tool(form, manifest);
        let is_of_last_run = draft.is_none() && dossier.last_input.as_ref().is_some_and(has_entries);
        let view = view.with_earlier(earlier_inputs(dossier));
        self.view = Some(if is_of_last_run { view.filled_from("input of the last run") } else { view });
        self.command = manifest.recipe.as_ref().map(|_| (dossier.command.clone(), manifest.clone()));
        true
    }

    /// Edits a field, starts the run, or closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        if key.code == KeyCode::Char('o') && key.modifiers.contains(KeyModifiers::CONTROL) && !self.workers.is_empty() {
            self.choose_worker();
            return Reply::Stay;
        }
        let Some(view) = &mut self.view else {
            return match key.code {
                KeyCode::Esc => Reply::Close,
                KeyCode::Enter if self.is_silent => Reply::Start(Value::Null),
                _ if self.is_silent && submits(key) => Reply::Start(Value::Null),
                _ => Reply::Stay,
            };
        };
        match view.handle_key(*key) {
            FormEvent::None => Reply::Stay,
            FormEvent::Submit(input) => Reply::Start(self.passed(input)),
            FormEvent::Cancel if view.is_edited() => Reply::KeepInput(view.form().value()),
            FormEvent::Cancel => Reply::Close,
        }
    }

    fn passed(&self, input: Value) -> Value {
        match &self.command {
            Some((_, manifest)) => passed(manifest, input),
            None => input,
        }
    }

    /// Inserts pasted text; it never triggers an action.
    pub fn paste(&mut self, text: &str) {
        if let Some(view) = &mut self.view {
            view.handle_paste(text);
        }
    }

    /// Draws the fields with their errors; returns where the cursor is.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let detail = format!("{} {} · {}", self.tool.name, self.tool.version, self.tool.stage);
        let keys = match &self.view {
            Some(view) => view.keys("run"),
            None if self.is_silent => Title::keys(&[("enter", "run"), (MACHINE.key, MACHINE.word), ("esc", "close")]),
            None => Title::keys(&[("esc", "close")]),
        };
        let title = Title { name: "Run", detail, keys, ..Title::default() };
        let fields = self.view.as_ref().map_or(1, |view| view.form().fields().len());
        let height = (fields as u16).saturating_mul(3).saturating_add(9).clamp(12, 40);
        let inner = open_box(screen, (92, height), &title, buf, look);
        let Some(view) = &mut self.view else {
            let width = usize::from(inner.width);
            if self.is_silent {
                buf.put(inner.x, inner.y, "it takes no input", width, theme.dim);
                buf.put_line(inner.x, inner.y + 2, &worker_line(self.worker.as_deref(), width, theme), inner.width);
            } else {
                buf.put(inner.x, inner.y, "loading input fields …", width, theme.dim);
            }
            return None;
        };
        let mut lines = match &self.command {
            // The paths on a worker are known only there.
            Some((command, manifest)) if self.worker.is_none() => {
                command_lines(command, manifest, &passed(manifest, view.form().value()), inner, theme)
            }
            Some(_) | None => Vec::new(),
        };
        if let Some(declared) = &self.withheld {
            let text = withheld_words(&self.tool, declared, look);
            let said = wrap(&text, usize::from(inner.width)).into_iter().take(WITHHELD_LINES);
            lines = said.map(|line| Line::styled(line, theme.warn)).chain(lines).collect();
        }
        if !self.workers.is_empty() || self.worker.is_some() {
            lines.insert(0, worker_line(self.worker.as_deref(), usize::from(inner.width), theme));
        }
        // The fields take precedence if there is little room.
        let lines: Vec<Line> = lines.into_iter().take(usize::from(inner.height.saturating_sub(5) / 2)).collect();
        let body = Rect { height: inner.height.saturating_sub(lines.len() as u16), ..inner };
        let cursor = view.render(body, buf, theme);
        for (y, line) in (body.bottom()..).zip(&lines) {
            buf.put_line(inner.x, y, line, inner.width);
        }
        cursor
    }
}

/// The access that a run does not get, and the key that changes this.
fn withheld_words(tool: &Tool, declared: &str, look: Look) -> String {
    let is_starter = tool.awaits_adoption() && StarterTool::is_one(tool.name.as_str(), tool.digest);
    let verb = if is_starter { Verb::Starter } else { Verb::Promote };
    let state = if tool.awaits_adoption() { "not adopted" } else { "not approved" };
    let does = if verb == Verb::Starter { "adopts the starter tools" } else { "opens its review" };
    let key = look.keymap.key(verb);
    format!("! {state}: it runs without what it declares ({}); {key} in the catalog {does}", safe(declared))
}

/// The fields that are passed: defaults that the code of the tool provides are omitted, except for required inputs.
fn passed(manifest: &Manifest, mut input: Value) -> Value {
    let schema = manifest.input.as_ref().filter(|_| manifest.dialect == Dialect::Header);
    let (Some(schema), Some(fields)) = (schema, input.as_object_mut()) else { return input };
    let is_needed = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    fields.retain(|name, value| is_needed(name) || schema["properties"][name].get("default") != Some(value));
    input
}

/// The inputs of recorded runs, newest first, without duplicates. Inputs with redacted secrets are omitted because they
/// cannot be used again.
fn earlier_inputs(dossier: &ToolDossier) -> Vec<(String, Value)> {
    let mut inputs: Vec<(String, Value)> = Vec::new();
    for run in &dossier.runs {
        let Ok(input) = serde_json::from_str::<Value>(&run.input) else { continue };
        let is_whole = has_entries(&input) && !run.input.contains("[redacted ");
        if is_whole && inputs.iter().all(|(_, known)| *known != input) {
            inputs.push((format!("input of run #{}", run.id), input));
        }
    }
    inputs
}

/// Whether an input has any entries.
fn has_entries(input: &Value) -> bool {
    input.as_object().is_some_and(|fields| !fields.is_empty())
}

/// The command line that would start now, and its standard input; if there is none, the reason.
fn command_lines(command: &CommandView, manifest: &Manifest, input: &Value, area: Rect, theme: &Theme) -> Vec<Line> {
    let width = usize::from(area.width).saturating_sub(LABEL.width());
    let labelled = |label: &str, text: &str, most: usize, style: Style| {
        let mut wrapped = wrap(text, width);
        if wrapped.len() > most {
            wrapped.truncate(most);
            if let Some(last) = wrapped.last_mut() {
                *last = cut(&format!("{last} …"), width);
            }
        }
        let label = |at: usize| if at == 0 { pad(label, LABEL.width()) } else { " ".repeat(LABEL.width()) };
        let line = |(at, text)| Line::from(vec![Span::styled(label(at), theme.dim), Span::styled(text, style)]);
        wrapped.into_iter().enumerate().map(line).collect::<Vec<_>>()
    };
    let [most, most_stdin] = COMMAND_LINES;
    match command.line(manifest, input) {
        Ok(line) => {
            let mut lines = labelled(LABEL, &line.to_string(), most, theme.text);
            let stdin = line.stdin.map(|stdin| safe(&stdin.chars().take(LONGEST_STDIN).collect::<String>()));
            lines.extend(stdin.into_iter().flat_map(|stdin| labelled("stdin", &stdin, most_stdin, theme.text)));
            lines
        }
        Err(why) => labelled(LABEL, &safe(&why), most, theme.dim),
    }
}

/// The machine of the run, and the key that changes it.
fn worker_line(worker: Option<&str>, width: usize, theme: &Theme) -> Line {
    let place = worker.map_or_else(|| "this machine".to_owned(), |worker| format!("worker {}", safe(worker)));
    let key = format!("  {} another machine", MACHINE.key);
    let place = cut(&place, width.saturating_sub(LABEL.width() + key.width()));
    Line::from(vec![
        Span::styled(pad("runs on", LABEL.width()), theme.dim),
        Span::styled(place, theme.text),
        Span::styled(key, theme.dim),
    ])
}

/// Precedes the command line.
const LABEL: &str = "starts  ";

/// The maximum number of characters shown of the text on standard input.
const LONGEST_STDIN: usize = 400;
