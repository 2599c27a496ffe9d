//! The form before a generator is asked: the hint, the generators, the number of rounds; and the request, to read and
//! to edit.

use super::{Reply, open_box};
use crate::action::Context;
use crate::action::forms::REQUEST;
use crate::domain::{Form, RunId, Step, Tool, is_hidden};
use crate::engine::{Asking, BUILT_IN, EngineError, EvolveRequest, Settings};
use crate::tui::effect::Sending;
use crate::tui::ink::{Ink, draw_editor};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::list::Motion;
use crate::tui::pane::output::text_move;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe, wrap};
use crate::tui::theme::Theme;
use crate::tui::widget::{FormEvent, FormView, TextLine, TextView, Tone};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use serde_json::{Value, json};
use std::sync::Arc;
use tui_textarea::{TextArea, WrapMode};

/// Uses the built-in repairs if they have a proposal, otherwise the first generator of the settings.
const AUTOMATIC: &str = "automatic";

/// Asks every generator of the settings; their answers are compared.
const ALL: &str = "all of them";

/// The machine that runs versions if no worker is chosen.
const HERE: &str = "this machine";

/// The maximum number of answers of one generator in a round.
const MOST_ANSWERS: usize = 5;

/// The maximum number of rounds.
const MOST_ROUNDS: u32 = 20;

/// Lines below the fields: the generators, the feedback, the error.
const NOTES: usize = 4;

/// Below this height, fewer lines are used for notes.
const LOW: u16 = 16;

/// The initial values of a form.
#[derive(Debug, Clone, Default)]
pub struct Seed {
    /// The requested improvement, in words.
    pub hint: String,
    /// Failed runs to include; empty lets the engine choose.
    pub failures: Vec<RunId>,
    /// The generator to ask; `None` lets the engine choose.
    pub generator: Option<String>,
    /// Generators in the settings.
    pub generators: Vec<String>,
    /// The maximum number of rounds, from the settings.
    pub rounds: u32,
    /// Workers in the settings.
    pub workers: Vec<String>,
}

impl Seed {
    /// The values from the settings.
    pub fn of(settings: &Settings) -> Seed {
        Seed {
            generators: settings.generators.iter().map(|generator| generator.name.clone()).collect(),
            rounds: settings.evolve.rounds,
            workers: settings.workers.keys().cloned().collect(),
            ..Seed::default()
        }
    }
}

/// The visible part of the box.
enum Face {
    Fields,
    /// The request to send.
    Request(Box<TextView>),
    /// The request as JSON, being edited.
    Bundle(Box<TextArea<'static>>),
}

/// The state of the form.
pub struct EvolveForm {
    /// The version to improve.
    tool: Arc<Tool>,
    /// The reference to the tool in a request.
    reference: String,
    /// Identifies the requests of this form.
    pub ticket: u64,
    seed: Seed,
    view: FormView,
    face: Face,
    /// The last prepared request, and the entries that it is based on.
    asking: Option<Box<Asking>>,
    asked: Value,
    error: Option<String>,
    /// What is being prepared.
    busy: Option<Sending>,
    /// The edited request, and the entries that it is based on.
    edited: Option<(Value, Value)>,
}

impl EvolveForm {
    /// A form that gets the failures and the generators from the first answer.
    pub fn new(tool: Arc<Tool>, reference: String, seed: Seed, ticket: u64) -> EvolveForm {
        let view = fields(&seed, &seed.failures);
        let asked = view.form().value();
        let (face, busy) = (Face::Fields, Some(Sending::Learn));
        EvolveForm { tool, reference, ticket, seed, view, face, asking: None, asked, error: None, busy, edited: None }
    }

    /// The path of the tool.
    pub fn path(&self) -> &str {
        &self.tool.path
    }

    /// The request for the current entries.
    pub fn request(&self) -> EvolveRequest {
        let value = self.view.form().value();
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| value.get(name).and_then(Value::as_u64);
        let named: Vec<String> = match text("generator") {
            AUTOMATIC | "" => Vec::new(),
            ALL => self.seed.generators.clone(),
            one => vec![one.to_owned()],
        };
        let answers = number("answers").and_then(|n| usize::try_from(n).ok()).unwrap_or(1).clamp(1, MOST_ANSWERS);
        let generators = named.iter().flat_map(|name| std::iter::repeat_n(name.clone(), answers)).collect();
        let runs = value.get("failures").and_then(Value::as_array).into_iter().flatten();
        EvolveRequest {
            tool: self.reference.clone(),
            hint: text("hint").trim().to_owned(),
            failures: runs.filter_map(Value::as_str).filter_map(run_of).collect(),
            generators,
            rounds: number("rounds").and_then(|n| u32::try_from(n).ok()),
            step: text("step").parse::<Step>().ok(),
            dynamic_schema: value.get("dynamic_schema").and_then(Value::as_bool).unwrap_or_default(),
            bundle: self.edited.as_ref().filter(|(_, of)| *of == told(&value)).map(|(bundle, _)| bundle.clone()),
            specification: None,
            worker: Some(text("on")).filter(|name| !matches!(*name, HERE | "")).map(str::to_owned),
        }
    }

    /// Moves, edits, shows the request, sends it, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if self.busy == Some(Sending::Send) {
            // The request is being sent; keys are not meant for the box that opens next.
            return if key.code == KeyCode::Esc { Reply::Close } else { Reply::Stay };
        }
        match (&self.face, key.code) {
            (Face::Fields, KeyCode::Char('p')) if control => self.ask(Sending::Show),
            (Face::Fields, _) => self.field_key(key),
            (Face::Request(_), KeyCode::Esc | KeyCode::Char('q')) => {
                self.face = Face::Fields;
                Reply::Stay
            }
            (Face::Request(_) | Face::Bundle(_), KeyCode::Char('s')) if control => self.send_seen(),
            (Face::Request(_), KeyCode::Char('e')) => {
                self.edit();
                Reply::Stay
            }
            (Face::Request(_), _) => {
                self.scroll(key, keymap);
                Reply::Stay
            }
            (Face::Bundle(_), KeyCode::Esc) => {
                self.error = None;
                self.face = Face::Fields;
                Reply::Stay
            }
            (Face::Bundle(_), KeyCode::Char('p')) if control => {
                if self.take_bundle() {
                    self.ask(Sending::Show)
                } else {
                    Reply::Stay
                }
            }
            (Face::Bundle(_), KeyCode::Char(c)) if is_hidden(c) => Reply::Stay,
            (Face::Bundle(_), _) => {
                if let Face::Bundle(area) = &mut self.face {
                    area.input(*key);
                }
                Reply::Stay
            }
        }
    }

    fn field_key(&mut self, key: &KeyEvent) -> Reply {
        match self.view.handle_key(*key) {
            FormEvent::Submit(_) => self.ask(Sending::Send),
            FormEvent::Cancel => Reply::KeepHint(self.tool.path.clone(), self.request().hint),
            // The generators may depend on the last entry, and so may the error.
            FormEvent::None if self.asks_anew(key) && self.view.form().value() != self.asked => {
                self.ask(Sending::Learn)
            }
            FormEvent::None => Reply::Stay,
        }
    }

    fn asks_anew(&self, key: &KeyEvent) -> bool {
        let leaves_field = matches!(key.code, KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right);
        (leaves_field || self.error.is_some()) && !self.view.is_whole()
    }

    /// Sends the displayed or edited request.
    fn send_seen(&mut self) -> Reply {
        if matches!(self.face, Face::Bundle(_)) && !self.take_bundle() {
            return Reply::Stay;
        }
        self.ask(Sending::Send)
    }

    fn ask(&mut self, sending: Sending) -> Reply {
        self.busy = Some(sending);
        // An error stays until the new entries are known to be valid.
        if sending != Sending::Learn {
            self.error = None;
        }
        self.asked = self.view.form().value();
        Reply::Prepare(Box::new(self.request()), sending)
    }

    fn edit(&mut self) {
        let Some(asking) = &self.asking else { return };
        let text = serde_json::to_string_pretty(&asking.bundle).unwrap_or_default();
        let mut area = TextArea::new(text.lines().map(str::to_owned).collect());
        area.set_wrap_mode(WrapMode::Glyph);
        area.set_cursor_line_style(Style::new());
        self.face = Face::Bundle(Box::new(area));
    }

    /// Stores the edited request; returns `false` and shows the error if it is invalid.
    fn take_bundle(&mut self) -> bool {
        let Face::Bundle(area) = &self.face else { return false };
        match serde_json::from_str(&area.lines().join("\n")) {
            Ok(bundle) => {
                self.edited = Some((bundle, told(&self.view.form().value())));
                true
            }
            Err(error) => {
                self.error = Some(format!("not JSON: {error}"));
                false
            }
        }
    }

    fn scroll(&mut self, key: &KeyEvent, keymap: &Keymap) {
        let motion = keymap.lookup(Context::Motion, Chord::of(key)).and_then(Motion::of);
        if let (Face::Request(view), Some(motion)) = (&mut self.face, motion) {
            view.scroll(text_move(motion));
        }
    }

    /// Sets the prepared request.
    pub fn set(&mut self, sending: Sending, asking: Result<Box<Asking>, EngineError>) {
        if self.busy == Some(sending) {
            self.busy = None;
        }
        match asking {
            Err(error) => self.fail(&error),
            Ok(asking) => {
                self.error = None;
                if self.seed.failures.is_empty() && !self.view.is_edited() {
                    self.seed.failures.clone_from(&asking.asked.failures);
                    self.view = fields(&self.seed, &asking.asked.failures);
                    self.asked = self.view.form().value();
                }
                if sending == Sending::Show {
                    self.face = Face::Request(Box::new(request_text(&asking)));
                }
                self.asking = Some(asking);
            }
        }
    }

    /// Shows why the request was not sent.
    pub fn fail(&mut self, error: &EngineError) {
        self.busy = None;
        let hint = if error.hint.is_empty() { String::new() } else { format!(" · {}", error.hint) };
        self.error = Some(format!("{}{hint}", error.message));
    }

    /// Inserts pasted text; it never triggers an action.
    pub fn paste(&mut self, text: &str) {
        match &mut self.face {
            Face::Fields => self.view.handle_paste(text),
            Face::Request(_) => {}
            Face::Bundle(area) => {
                let clean: String = text.chars().filter(|c| *c == '\n' || !is_hidden(*c)).collect();
                area.insert_str(clean);
            }
        }
    }

    /// Draws the form, or the request instead; returns where the cursor is.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let detail = format!("{} {} · {}", self.tool.name, self.tool.version, self.tool.stage);
        let name = match self.face {
            Face::Fields => "Evolve",
            Face::Request(_) => "Request preview",
            Face::Bundle(_) => "Edit request",
        };
        let keys = match (&self.face, self.busy) {
            (_, Some(Sending::Send)) => Title::keys(&[("esc", "close")]),
            (Face::Fields, _) => {
                let mut keys = self.view.keys("send");
                keys.insert(2, (REQUEST.key.to_owned(), REQUEST.word));
                keys.retain(|(_, word)| !self.is_refused() || !matches!(*word, "send" | "preview"));
                keys
            }
            (Face::Request(_), _) => {
                Title::keys(&[("ctrl-s", "send"), ("esc", "back"), ("e", "edit"), ("↑↓", "scroll")])
            }
            (Face::Bundle(_), _) => {
                Title::keys(&[("ctrl-s", "send"), ("esc", "discard changes"), (REQUEST.key, REQUEST.word)])
            }
        };
        let title = Title { name, detail, keys, ..Title::default() };
        let size = if matches!(self.face, Face::Fields) { (92, 21) } else { (110, screen.height) };
        let inner = open_box(screen, size, &title, buf, look);
        let body = inner;
        let notes = self.notes(usize::from(inner.width), theme);
        // The reason why a request cannot be sent is shown completely, in at most half of the box.
        let most = match (&self.error, inner.height < LOW) {
            (Some(_), _) => NOTES.max(usize::from(inner.height / 2)),
            (None, true) => NOTES - 2,
            (None, false) => NOTES,
        };
        let below = (notes.len().min(most)) as u16;
        let text = Rect { height: body.height.saturating_sub(below), ..body };
        self.view.set_refused(self.is_refused());
        let cursor = match &mut self.face {
            Face::Fields => self.view.render(text, buf, theme),
            Face::Request(view) => {
                view.render(text, buf, theme);
                None
            }
            Face::Bundle(area) => draw_editor(area, text, buf),
        };
        for (y, (line, style)) in (text.bottom()..body.bottom()).zip(notes) {
            buf.put(inner.x, y, line, usize::from(inner.width), style);
        }
        cursor
    }

    /// Whether the current entries were refused: showing or sending them would fail again.
    fn is_refused(&self) -> bool {
        matches!(self.face, Face::Fields) && self.error.is_some() && self.asked == self.view.form().value()
    }

    /// The error; otherwise the generators with the reason for the choice, and the feedback.
    fn notes(&self, width: usize, theme: &Theme) -> Vec<(String, Style)> {
        let mut notes = Vec::new();
        if let Some(error) = &self.error {
            let error = if self.is_refused() { format!("cannot be sent: {error}") } else { error.clone() };
            notes.extend(wrap(&safe(&error), width).into_iter().map(|line| (line, theme.bad)));
            return notes;
        }
        if self.busy == Some(Sending::Send) {
            notes.push(("sending …".to_owned(), theme.accent));
            return notes;
        }
        if !matches!(self.face, Face::Fields) {
            return notes;
        }
        match (&self.asking, self.busy) {
            (Some(asking), _) => {
                let whom = asking.plan.generators.join(", ");
                notes.push((cut(&safe(&format!("asks {whom}: {}", asking.chosen)), width), theme.accent));
                let learnt = asking.bundle.learnt.iter().take(2);
                notes.extend(learnt.map(|line| (cut(&safe(&format!("feedback: {line}")), width), theme.dim)));
            }
            (None, Some(_)) => notes.push(("loading failures and generators …".to_owned(), theme.dim)),
            (None, None) => {}
        }
        if self.request().bundle.is_some() {
            notes.push(("your edited request will be sent".to_owned(), theme.warn));
        }
        notes
    }
}

/// The run that `#7` or `7` names.
fn run_of(text: &str) -> Option<RunId> {
    text.trim().trim_start_matches('#').parse().ok().map(RunId)
}

/// The entries that determine the request.
fn told(value: &Value) -> Value {
    json!([value.get("hint"), value.get("failures"), value.get("dynamic_schema")])
}

fn fields(seed: &Seed, failures: &[RunId]) -> FormView {
    let mut generators = vec![AUTOMATIC, BUILT_IN];
    generators.extend(seed.generators.iter().map(String::as_str));
    if seed.generators.len() > 1 {
        generators.push(ALL);
    }
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["generator", "answers", "rounds", "step", "dynamic_schema"],
        "properties": {
            "hint": {
                "type": "string",
                "contentMediaType": "text/plain",
                "description": "What to improve, in words; if empty, fix the failures",
            },
            "failures": {
                "type": "array",
                "items": {"type": "string", "pattern": "^#?[0-9]+$"},
                "title": if failures.len() == 1 { "failed run" } else { "failed runs" },
                "description": "Numbers of failed runs to fix, one per line",
            },
            "generator": {"enum": generators, "description": "Generator to ask; built-in needs no model and fixes common faults"},
            "answers": {
                "type": "integer", "minimum": 1, "maximum": MOST_ANSWERS,
                "title": "answers per round",
                "description": "Answers of each generator in a round, compared on the same inputs",
            },
            "rounds": {"type": "integer", "minimum": 1, "maximum": MOST_ROUNDS, "description": "Maximum rounds; each gets feedback on the last answer"},
            "step": {
                "enum": [AUTOMATIC, "patch", "minor", "major"],
                "title": "raise the version by",
                "description": "At least; automatic: minor for a feature, patch for a fix",
            },
            "dynamic_schema": {
                "type": "boolean",
                "title": "allow other fields",
                "description": "The output may have fields that its schema does not name",
            },
        },
    });
    let runs: Vec<String> = failures.iter().map(|run| format!("#{run}")).collect();
    let generator = seed.generator.as_deref().filter(|name| generators.contains(name)).unwrap_or(AUTOMATIC);
    let mut begin = json!({
        "failures": runs,
        "generator": generator,
        "answers": 1,
        "rounds": seed.rounds.clamp(1, MOST_ROUNDS),
        "step": AUTOMATIC,
        "dynamic_schema": false,
    });
    if !seed.workers.is_empty() {
        let workers: Vec<&str> = std::iter::once(HERE).chain(seed.workers.iter().map(String::as_str)).collect();
        schema["properties"]["on"] = json!({"enum": workers, "description": "Where versions are started for checks"});
        begin["on"] = json!(HERE);
    }
    if !seed.hint.is_empty() {
        begin["hint"] = json!(seed.hint);
    }
    FormView::new(Form::from_schema(Some(&schema), Some(&begin), &[]))
}

fn request_text(asking: &Asking) -> TextView {
    let heading = |line: &str| line.starts_with('#');
    let text = asking.prompt.text();
    let lines = text.lines().map(|line| TextLine::new(line, if heading(line) { Tone::Header } else { Tone::Plain }));
    let mut view = TextView::new(lines.collect());
    if !view.wraps() {
        view.toggle_wrap();
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Stage;

    fn form(seed: Seed) -> EvolveForm {
        let tool = crate::tui::testing::tool("divide", Stage::Approved);
        EvolveForm::new(Arc::new(tool), "divide".to_owned(), seed, 1)
    }

    fn press(form: &mut EvolveForm, code: KeyCode, modifiers: KeyModifiers) -> Reply {
        form.key(&KeyEvent::new(code, modifiers), &Keymap::default())
    }

    fn seed() -> Seed {
        Seed {
            failures: vec![RunId(7)],
            generators: vec!["local".to_owned(), "hosted".to_owned()],
            rounds: 3,
            ..Seed::default()
        }
    }

    #[test]
    fn what_is_typed_and_chosen_is_what_is_asked_for() {
        let mut form = form(seed());
        for c in "faster".chars() {
            press(&mut form, KeyCode::Char(c), KeyModifiers::NONE);
        }
        let reply = press(&mut form, KeyCode::Char('s'), KeyModifiers::CONTROL);
        let wanted = EvolveRequest {
            tool: "divide".to_owned(),
            hint: "faster".to_owned(),
            failures: vec![RunId(7)],
            rounds: Some(3),
            ..EvolveRequest::default()
        };
        assert_eq!(reply, Reply::Prepare(Box::new(wanted), Sending::Send));
        assert_eq!(press(&mut form, KeyCode::Char('s'), KeyModifiers::CONTROL), Reply::Stay, "it is sent once");
    }

    #[test]
    fn failed_runs_are_named_as_everywhere_else() {
        let mut form = form(seed());
        assert_eq!(form.view.form().value()["failures"], json!(["#7"]));
        let mut value = form.view.form().value();
        value["failures"] = json!(["#7", "12"]);
        form.view = FormView::new({
            let mut entries = form.view.form().clone();
            entries.set_value(&value);
            entries
        });
        assert_eq!(form.request().failures, [RunId(7), RunId(12)]);
    }

    #[test]
    fn all_generators_are_asked_as_often_as_wanted() {
        let mut form = form(Seed { generator: Some(ALL.to_owned()), ..seed() });
        let mut value = form.view.form().value();
        value["answers"] = json!(2);
        form.view = FormView::new({
            let mut entries = form.view.form().clone();
            entries.set_value(&value);
            entries
        });
        assert_eq!(form.request().generators, ["local", "local", "hosted", "hosted"]);
    }

    #[test]
    fn what_cannot_be_sent_says_why_and_offers_no_key_that_sends() {
        let mut form = form(seed());
        let error = EngineError::new(crate::engine::ErrorCode::Usage, "no generator", "define one");
        form.set(Sending::Learn, Err(error));
        let theme = Theme::dark();
        let keymap = Keymap::default();
        let named = crate::tui::pane::rows::NamedKeys::default();
        let look = Look { theme: &theme, keymap: &keymap, now: crate::tui::now::Now::default(), named: &named };
        let shown = |form: &mut EvolveForm| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
            form.draw(buffer.area, &mut buffer, look);
            buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        let text = shown(&mut form);
        assert!(text.contains("cannot be sent: no generator · define one"), "{text}");
        assert!(!text.contains("ctrl-s") && !text.contains("ctrl-p") && !text.contains("✓ valid"), "{text}");
        // Changed entries are checked by the engine; until then they count as refused.
        let typed = press(&mut form, KeyCode::Char('x'), KeyModifiers::NONE);
        assert!(matches!(typed, Reply::Prepare(_, Sending::Learn)), "{typed:?}");
        let text = shown(&mut form);
        assert!(text.contains("no generator · define one") && !text.contains("✓ valid"), "{text}");
    }

    #[test]
    fn a_hint_outlives_the_form_and_an_error_stays_in_it() {
        let mut form = form(Seed { hint: "less memory".to_owned(), ..seed() });
        form.fail(&EngineError::new(crate::engine::ErrorCode::Usage, "run 7 is one of sum", "list its runs"));
        assert_eq!(form.error.as_deref(), Some("run 7 is one of sum · list its runs"));
        let kept = press(&mut form, KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!(kept, Reply::KeepHint("tools/approved/divide/tool.toml".to_owned(), "less memory".to_owned()));
    }
}
