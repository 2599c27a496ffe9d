//! What `doctor`, `verify`, `similar`, `search` and `lineage` found, as lines to scroll.

use super::{Reply, open_box};
use crate::action::{Context, Verb};
use crate::engine::{
    Compared, Dashboard, DoctorLine, EngineError, LibraryStats, Lineage, ScoredTool, SearchHit, SimilarTool,
    VerifyReport,
};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::list::Motion;
use crate::tui::pane::output::text_move;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, plural};
use crate::tui::widget::{Piece, Relaid, TextLine, TextView, Tone};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the widest report.
const WIDTH: usize = 92;

/// Columns of the name in front of a figure of the dashboard.
const NAME_COLUMNS: usize = 11;

/// The state of the report.
pub struct Report {
    name: &'static str,
    /// Which verb it answers.
    pub verb: Verb,
    view: TextView,
    /// What the dashboard shows, and for how many columns it was laid out.
    figures: Option<(Box<Dashboard>, usize)>,
}

impl Report {
    /// A report that is still to come.
    pub fn awaited(verb: Verb) -> Report {
        let name = match verb {
            Verb::Doctor => "Doctor",
            Verb::Similar => "Similar",
            Verb::Search => "Search",
            Verb::Lineage => "Versions",
            Verb::Compare => "Compare runs",
            Verb::Dashboard => "Dashboard",
            Verb::Scores => "Scores",
            Verb::Stats => "Library",
            _ => "Verify",
        };
        Report { name, verb, view: TextView::new(vec![TextLine::new("loading …", Tone::Fold)]), figures: None }
    }

    /// Takes what `doctor` found.
    pub fn set_doctor(&mut self, lines: &[DoctorLine]) {
        let mut text = Vec::new();
        for line in lines {
            let (sign, tone) = match line.state.as_str() {
                "ok" => ("✓ ok  ", Tone::Good),
                "warn" => ("! warn", Tone::Warn),
                _ => ("✗ bad ", Tone::Bad),
            };
            text.push(TextLine::new(&format!("{sign}  {}: {}", line.name, line.message), tone));
            if !line.hint.is_empty() {
                text.push(TextLine::new(&format!("        {}", line.hint), Tone::Plain));
            }
        }
        self.view = TextView::new(text);
    }

    /// Takes what `verify` found.
    pub fn set_verify(&mut self, report: &Result<VerifyReport, EngineError>) {
        let mut text = Vec::new();
        match report {
            Ok(report) => {
                let checked = format!(
                    "{} of the log and {} checked",
                    plural(report.operations as usize, "entry", "entries"),
                    plural(report.versions as usize, "kept copy", "kept copies")
                );
                text.push(TextLine::new(&checked, Tone::Fact));
                if report.faults.is_empty() {
                    text.push(TextLine::new("✓ no problems found", Tone::Good));
                }
                text.extend(report.faults.iter().map(|fault| TextLine::new(&format!("✗ {fault}"), Tone::Bad)));
                text.extend(report.notes.iter().map(|note| TextLine::new(note, Tone::Plain)));
            }
            Err(error) => text.extend(trouble(error)),
        }
        self.view = TextView::new(text);
    }

    /// Takes what resembles a tool.
    pub fn set_similar(&mut self, found: &Result<Vec<SimilarTool>, EngineError>) {
        let mut text = Vec::new();
        match found {
            Ok(all) if all.is_empty() => text.push(TextLine::new("no similar tools", Tone::Good)),
            Ok(all) => {
                for similar in all {
                    let tone = if similar.copy { Tone::Warn } else { Tone::Plain };
                    let percent = (similar.likeness * 100.0).round();
                    let SimilarTool { name, version, stage, path, why, description, .. } = similar;
                    text.push(TextLine::new(&format!("{percent:>4} %  {name} {version}  {stage}  {path}"), tone));
                    text.push(TextLine::new(&format!("        {description}"), Tone::Plain));
                    text.push(TextLine::new(&format!("        {why}"), Tone::Fold));
                }
            }
            Err(error) => text.extend(trouble(error)),
        }
        self.view = TextView::new(text);
    }

    /// Takes the figures of the dashboard; newer ones leave the reader where he is.
    pub fn set_dashboard(&mut self, found: Result<Box<Dashboard>, EngineError>) {
        match found {
            Ok(figures) => {
                let columns = self.figures.take().map_or(WIDTH, |(_, columns)| columns);
                self.view.replace(TextView::new(laid_out(&figures, columns)), Relaid::Look);
                self.figures = Some((figures, columns));
            }
            Err(error) => self.view = TextView::new(trouble(&error)),
        }
    }

    /// Takes how large the library is.
    pub fn set_stats(&mut self, found: &Result<Box<LibraryStats>, EngineError>) {
        let text = match found {
            Ok(stats) => stats.lines().iter().map(|line| TextLine::new(line, Tone::Plain)).collect(),
            Err(error) => trouble(error),
        };
        self.view = TextView::new(text);
    }

    /// Takes the scores of all tools.
    pub fn set_scores(&mut self, found: &Result<Vec<ScoredTool>, EngineError>) {
        let text = match found {
            Ok(scores) if scores.is_empty() => vec![TextLine::new("no runs yet", Tone::Plain)],
            Ok(scores) => {
                let tone = |scored: &ScoredTool| if scored.low { Tone::Bad } else { Tone::Plain };
                scores.iter().map(|scored| TextLine::new(&scored.line(), tone(scored))).collect()
            }
            Err(error) => trouble(error),
        };
        self.view = TextView::new(text);
    }

    /// Takes two runs side by side.
    pub fn set_compared(&mut self, found: &Result<Box<Compared>, EngineError>) {
        let text = match found {
            Ok(compared) => {
                let tone = |line: &str| match line.chars().next() {
                    Some('+') => Tone::Added,
                    Some('-') => Tone::Removed,
                    Some('@') => Tone::Header,
                    Some('≠') => Tone::Warn,
                    _ => Tone::Plain,
                };
                compared.lines().iter().map(|line| TextLine::new(line, tone(line))).collect()
            }
            Err(error) => trouble(error),
        };
        self.view = TextView::new(text);
    }

    /// Takes what a search found.
    pub fn set_hits(&mut self, found: &Result<Vec<SearchHit>, EngineError>) {
        let mut text = Vec::new();
        match found {
            Ok(hits) if hits.is_empty() => text.push(TextLine::new("no tool matches", Tone::Warn)),
            Ok(hits) => {
                for hit in hits {
                    let tone = if hit.held_back.is_some() { Tone::Warn } else { Tone::Fact };
                    let percent = (hit.similarity * 100.0).round();
                    let head = format!("{percent:>4} %  {} {}  {}  {}", hit.name, hit.version, hit.stage, hit.path);
                    text.push(TextLine::new(&head, tone));
                    let about = hit.description.lines().next().unwrap_or_default();
                    text.push(TextLine::new(&format!("        {about}"), Tone::Plain));
                    let tagged = hit.held_back.as_ref().map(|tag| format!("ranked last, tagged {tag}; "));
                    let why = format!("        {}{}", tagged.unwrap_or_default(), hit.why);
                    text.push(TextLine::new(&why, Tone::Fold));
                }
            }
            Err(error) => {
                text.push(TextLine::new(&format!("✗ {}", error.message), Tone::Bad));
                text.push(TextLine::new(&error.hint, Tone::Plain));
            }
        }
        self.view = TextView::new(text);
    }

    /// Takes all versions of a name.
    pub fn set_lineage(&mut self, found: &Result<Lineage, EngineError>) {
        let mut text = Vec::new();
        match found {
            Ok(lineage) => {
                for version in &lineage.versions {
                    let marks = version.marks();
                    let marks = if marks.is_empty() { String::new() } else { format!("  [{}]", marks.join(", ")) };
                    let (sign, tone) = if version.active { ("▸", Tone::Good) } else { (" ", Tone::Fact) };
                    let head = format!(
                        "{sign} {} {} {}  {}  {}{marks}",
                        lineage.tool,
                        version.version,
                        version.digest.short(),
                        version.stage,
                        version.told_runs()
                    );
                    text.push(TextLine::new(&head, tone));
                    text.push(TextLine::new(&format!("    {}", version.path), Tone::Fold));
                    for (name, fact) in version.provenance.recorded() {
                        text.push(TextLine::new(&format!("    {name}: {fact}"), Tone::Plain));
                    }
                }
            }
            Err(error) => text.extend(trouble(error)),
        }
        self.view = TextView::new(text);
    }

    /// Takes a key.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        match keymap.lookup(Context::Motion, Chord::of(key)) {
            Some(Verb::Back | Verb::Quit) => return Reply::Close,
            _ if key.code == KeyCode::Enter => return Reply::Close,
            Some(verb) => {
                if let Some(motion) = Motion::of(verb) {
                    self.view.scroll(text_move(motion));
                }
            }
            None => {}
        }
        Reply::Stay
    }

    /// Draws the report.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) {
        let remark = "esc close".to_owned();
        let title = Title { name: self.name, remark, remark_style: look.theme.dim, ..Title::default() };
        let height = (self.view.len() as u16).saturating_add(3).clamp(6, 30);
        let inner = open_box(screen, (96, height), &title, buf, look);
        let columns = usize::from(inner.width);
        if let Some((figures, laid)) = &mut self.figures
            && *laid != columns
        {
            *laid = columns;
            self.view.replace(TextView::new(laid_out(figures, columns)), Relaid::Look);
        }
        self.view.render(inner, buf, look.theme);
    }
}

/// The dashboard for so many columns: charts fill them, rows of tables are cut.
fn laid_out(figures: &Dashboard, columns: usize) -> Vec<TextLine> {
    let lines = figures.lines(columns);
    let each = lines.iter().map(|line| match line.chars().next() {
        Some(' ') if line.starts_with("  !") => TextLine::new(line, Tone::Warn),
        Some(' ') => TextLine::new(&cut(line, columns), Tone::Plain),
        Some(c) if c.is_uppercase() => TextLine::new(line, Tone::Header),
        // Behind its name: what does not fit goes on below itself.
        _ => TextLine::One(Piece::new(line, Tone::Fact).hanging(NAME_COLUMNS)),
    });
    each.collect()
}

/// What went wrong, in place of what was asked for.
fn trouble(error: &EngineError) -> Vec<TextLine> {
    vec![TextLine::new(&format!("✗ {}", error.message), Tone::Bad), TextLine::new(&error.hint, Tone::Plain)]
}
