//! One failure group: what is known about it, and its runs with their inputs.

use super::keys::{BoxKey, browse, is_row};
use super::list_box::{filtered_title, no_match};
use super::{Args, Reply, open_box};
use crate::action::boxes::{MARK_RUN, OPEN_FAILED};
use crate::action::{Context, Verb};
use crate::domain::{FailureGroup, GroupState, Incident, Run};
use crate::engine::{EngineError, FailureDetail};
use crate::tui::ink::{Ink, Span};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::layout::centred;
use crate::tui::pane::failures::{days_aloud, told_trend};
use crate::tui::pane::listing::Listing;
use crate::tui::pane::output::outcome_sign;
use crate::tui::pane::rows::{Focus, Look, Rows, Title, draw_empty};
use crate::tui::phrase::{age, ago, grouped, lasted, pad, plural, safe, span, wrap};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// The maximum width and height of the box.
const WIDTH: u16 = 110;
const HEIGHT: u16 = 36;
/// Rows for the selected run, including blank rows and the border.
const RUN_ROWS: u16 = 11;
/// The maximum number of lines of the message.
const MESSAGE_LINES: usize = 3;

/// The state of the box.
pub struct FailureBox {
    group: FailureGroup,
    detail: Option<FailureDetail>,
    trouble: String,
    pub(super) list: Listing<Run>,
    /// The run to compare the next one with.
    marked: Option<Run>,
}

impl FailureBox {
    /// A box whose details have not arrived yet.
    pub fn awaited(group: FailureGroup) -> FailureBox {
        FailureBox { group, detail: None, trouble: String::new(), list: Listing::default(), marked: None }
    }

    /// The signature of the group.
    pub fn signature(&self) -> &str {
        &self.group.signature
    }

    /// Sets the details; those of another group are ignored.
    pub fn set(&mut self, detail: Result<FailureDetail, EngineError>) {
        match detail {
            Ok(detail) if detail.group.signature == self.group.signature => {
                self.group = detail.group.clone();
                self.list.set(detail.runs.clone());
                self.detail = Some(detail);
            }
            Ok(_) => {}
            Err(error) => self.trouble = error.message,
        }
    }

    fn selected(&self) -> Option<&Run> {
        self.list.selected()
    }

    /// The keys of the box.
    pub(super) fn keys(&self, keymap: &Keymap) -> Vec<BoxKey> {
        let none = self.selected().is_none().then_some("no run is selected");
        let key = |verb, word| BoxKey::of(verb, keymap, word);
        vec![
            key(Verb::Rerun, "rerun").unless(none),
            key(Verb::Evolve, "evolve"),
            key(Verb::Resolve, "resolve"),
            BoxKey::row(OPEN_FAILED).unless(none),
            key(Verb::Compare, "compare").unless(none),
            BoxKey::row(MARK_RUN).unless(none),
            key(Verb::Behaviour, "behaviour").unless(none),
            key(Verb::MarkFailure, "mark failed").unless(none),
            key(Verb::Edit, "edit"),
        ]
    }

    fn about_run(&self, verb: Verb, more: Option<(&'static str, String)>) -> Reply {
        let Some(run) = self.selected() else { return Reply::Stay };
        let mut args = Args::default();
        args.push("run", run.id.to_string());
        if let Some((name, value)) = more {
            args.push(name, value);
        }
        Reply::Invoke(verb, args)
    }

    /// Handles a key; the keys of the failures pane apply to the selected run here.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if key.code == KeyCode::Enter {
            return self.selected().map_or(Reply::Stay, |run| Reply::OpenRun(run.id));
        }
        if is_row(MARK_RUN, key) {
            let marked = self.selected().cloned();
            self.marked =
                if self.marked.as_ref().map(|run| run.id) == marked.as_ref().map(|run| run.id) { None } else { marked };
            return Reply::Stay;
        }
        match keymap.lookup(Context::Failures, Chord::of(key)) {
            Some(verb @ (Verb::Rerun | Verb::Behaviour | Verb::MarkFailure)) => self.about_run(verb, None),
            Some(Verb::Compare) => {
                let other = self.marked.as_ref().map(|run| ("other", run.id.to_string()));
                self.about_run(Verb::Compare, other)
            }
            Some(Verb::Resolve) => {
                let mut args = Args::default();
                args.push("failure", self.group.signature.clone());
                Reply::Invoke(Verb::Resolve, args)
            }
            Some(Verb::Edit) => {
                let mut args = Args::default();
                args.push("tool", self.group.tool.to_string());
                args.push("run", self.selected().map(|run| run.id.to_string()).unwrap_or_default());
                Reply::Invoke(Verb::Edit, args)
            }
            Some(Verb::Evolve) => {
                let mut args = Args::default();
                args.push("tool", self.group.tool.to_string());
                args.push("failure", self.selected().map(|run| run.id.to_string()).unwrap_or_default());
                Reply::Invoke(Verb::Evolve, args)
            }
            _ => browse(&mut self.list, key, keymap),
        }
    }

    /// Draws the details over the screen. Returns the cursor while the filter of the runs is typed.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let detail = format!("{} of {}", self.group.short(), self.group.tool);
        let title = Title { name: "Failure", detail, ..Title::default() };
        let title = filtered_title(title, &self.keys(look.keymap), &self.list, look);
        // The inner width of the box from `open_box`.
        let width = usize::from(centred(screen, WIDTH, HEIGHT).width.saturating_sub(4));
        let facts = self.facts(width, look).into_iter();
        let facts = facts.flat_map(|(text, style)| wrap(&text, width).into_iter().map(move |line| (line, style)));
        let lines: Vec<(String, Style)> = facts.collect();
        // As high as its content, whichever run is selected.
        let rows = u16::try_from(lines.len() + self.list.items.len()).unwrap_or(u16::MAX).saturating_add(RUN_ROWS);
        let inner = open_box(screen, (WIDTH, rows.min(HEIGHT)), &title, buf, look);
        let mut y = inner.y;
        for (text, style) in lines {
            if y + 1 >= inner.bottom() {
                break;
            }
            buf.put(inner.x, y, text, width, style);
            y += 1;
        }
        let mut area = Rect { y: (y + 1).min(inner.bottom()), height: inner.bottom().saturating_sub(y + 1), ..inner };
        if self.detail.is_none() {
            let text = if self.trouble.is_empty() { "loading …".to_owned() } else { safe(&self.trouble) };
            draw_empty(area, buf, &[text], theme);
            return None;
        }
        let cursor = self.list.draw_filter(&mut area, buf, theme);
        if self.list.items.is_empty() {
            draw_empty(area, buf, &["No recorded run: this failure was marked manually.".to_owned()], theme);
        } else if self.list.rows.is_empty() {
            draw_empty(area, buf, &[no_match(look)], theme);
        }
        let about =
            self.selected().map(|run| about_run(run, &self.group.sample_message, width, look)).unwrap_or_default();
        // The text about the selected run follows the rows after a blank row, and takes at most half.
        let below = (about.len() as u16).min((area.height / 2).saturating_sub(1));
        let wanted = self.list.rows.len() as u16;
        let height = area.height.saturating_sub(if below > 0 { below + 1 } else { 0 }).min(wanted.max(1));
        for (y, (line, style)) in (area.y + height + 1..area.bottom()).zip(&about) {
            buf.put(area.x, y, line, width, *style);
        }
        let area = Rect { height, ..area };
        let marked = self.marked.as_ref().map(|run| run.id);
        let (runs, rows) = (&self.list.items, &self.list.rows);
        let row = |at: usize, width| run_row(&runs[rows[at]], marked == Some(runs[rows[at]].id), width, look);
        Rows { list: &mut self.list.list, len: rows.len(), focus: Focus::Here, theme }.draw(area, buf, &row);
        cursor
    }

    /// Facts about the group, in lines.
    fn facts(&self, width: usize, look: Look) -> Vec<(String, Style)> {
        let (group, theme) = (&self.group, look.theme);
        let mut lines: Vec<(String, Style)> = wrap(&safe(&group.sample_message), width)
            .into_iter()
            .take(MESSAGE_LINES)
            .map(|l| (l, theme.text))
            .collect();
        let times = grouped(usize::try_from(group.count).unwrap_or(usize::MAX));
        let (first, last) = (ago(look.now.wall, group.first_at), ago(look.now.wall, group.last_at));
        let state = match (group.state, &group.resolved_by) {
            (GroupState::Resolved, Some(who)) => format!("resolved by {}", safe(who)),
            (state, _) => state.word().to_owned(),
        };
        let facts = format!(
            "{times}× · {} · {} · {state} · first {first}, last {last} ·{}",
            group.outcome,
            group.severity,
            if look.theme.numbered { days_aloud(&group.trend) } else { told_trend(&group.trend) }
        );
        lines.push((facts, theme.dim));
        if !group.scenarios.is_empty() {
            lines.push((format!("scenarios: {}", safe(&group.scenarios.join("; "))), theme.dim));
        }
        if let Some(detail) = &self.detail {
            let versions = detail.versions.iter().map(|v| format!("{} {}×", v.version, v.count));
            let versions: Vec<String> = versions.collect();
            // A marked failure has no run, and so no version.
            if !versions.is_empty() {
                lines.push((format!("versions: {}", versions.join(", ")), theme.dim));
            }
            lines.extend(recovery(detail, look));
        }
        if let Some(marked) = &self.marked {
            lines.push((format!("{} compare with #{}", look.keymap.key(Verb::Compare), marked.id), theme.accent));
        }
        lines
    }
}

/// How long the tool was broken, and the median recovery time.
fn recovery(detail: &FailureDetail, look: Look) -> Option<(String, Style)> {
    let newest: &Incident = detail.incidents.first()?;
    let began = newest.began_at;
    let failures = plural(usize::try_from(newest.failures).unwrap_or(usize::MAX), "failure", "failures");
    let (text, style) = match (newest.recovery_ms(), newest.recovered_by) {
        (Some(ms), Some(run)) => {
            (format!("recovered after {} and {failures}, with run #{run}", span(ms)), look.theme.good)
        }
        _ => (format!("broken for {} ({failures})", lasted(look.now.wall, began)), look.theme.bad),
    };
    let usual = detail.median_recovery_ms.map(|ms| format!(" · median {}", span(ms))).unwrap_or_default();
    Some((format!("{text}{usual}"), style))
}

/// Facts about a run, in lines: its end, its error unless it equals `said`, and its complete input.
fn about_run(run: &Run, said: &str, width: usize, look: Look) -> Vec<(String, Style)> {
    let theme = look.theme;
    let (sign, style) = outcome_sign(run.outcome, theme);
    let exit = run.exit_code.map(|code| format!(" · exit code {code}")).unwrap_or_default();
    let signal = run.signal.map(|signal| format!(" · signal {signal}")).unwrap_or_default();
    let when = ago(look.now.wall, run.started_at);
    let head = format!("{sign} run #{} {}{exit}{signal} · {} · {when}", run.id, run.outcome, safe(&run.caller));
    let error = run.error.as_deref().filter(|error| *error != said).map(|error| (safe(error), theme.text));
    let input = (format!("input  {}", safe(&run.input)), theme.dim);
    let texts = std::iter::once((head, style)).chain(error).chain([input]);
    texts.flat_map(|(text, style)| wrap(&text, width).into_iter().map(move |line| (line, style))).collect()
}

fn run_row(run: &Run, marked: bool, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let sign = if marked { "■" } else { " " };
    let seen = format!(" {:>4}", age(look.now.wall, run.started_at));
    let room = width.saturating_sub(10 + 10 + 10 + seen.len());
    vec![
        Span::styled(format!("{sign}#{:<7} ", run.id), theme.dim),
        Span::styled(pad(&run.version.to_string(), 10), theme.text),
        Span::styled(pad(&span(run.usage.duration_ms), 10), theme.dim),
        Span::styled(pad(&safe(&run.input), room), theme.text),
        Span::styled(seen, theme.dim),
    ]
}
