//! The real state and the real view, driven by keys, with answers from the sample workspace.

use super::ScreenshotError;
use super::drawing::Drawing;
use super::palette::Palette;
use super::sample;
use super::workspace::{Workspace, catalog};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use toolsmith::domain::{IsolationLevel, Review, ReviewId, Run, RunId, Tool};
use toolsmith::engine::{EngineError, ErrorCode, Index, ReviewDetail};
use toolsmith::tui::app::{App, Call};
use toolsmith::tui::effect::{Effect, Evolving, Serving};
use toolsmith::tui::keymap::Chord;
use toolsmith::tui::msg::{Answer, Evolved, Kept, Msg, Opened, Served, ServiceRow};
use toolsmith::tui::now::Now;
use toolsmith::tui::performer::tokens;
use toolsmith::tui::theme::{Ground, Theme};
use toolsmith::tui::view;

/// The folder as the pictures show it.
const PLACE: &str = "~/toolsmith";
/// Messages that answer each other end long before this.
const MOST_ANSWERS: usize = 100;

/// A workbench for one picture.
pub struct Stage<'a> {
    workspace: &'a Workspace,
    tools: Vec<Tool>,
    app: App,
    now: Now,
    area: Rect,
}

impl<'a> Stage<'a> {
    /// A workbench in which these tools were found.
    ///
    /// # Errors
    /// When the sample does not fit the bundled tools.
    pub fn new(
        workspace: &'a Workspace,
        tools: Vec<Tool>,
        (width, height): (u16, u16),
        ground: Ground,
    ) -> Result<Stage<'a>, ScreenshotError> {
        let now = Now { wall: sample::NOW, steady_ms: 1_000_000 };
        let theme = match ground {
            Ground::Dark => Theme::dark(),
            Ground::Light => Theme::light(),
            Ground::Plain => Theme::plain(),
        };
        let call = Call { workspace: PLACE.to_owned(), agent: None, no_color: ground == Ground::Plain };
        let app = App::new(call, theme, now, (width, height));
        let mut stage = Stage { workspace, tools, app, now, area: Rect::new(0, 0, width, height) };
        stage.send(Msg::Opened(Opened { workspace: PLACE.to_owned() }))?;
        let view = catalog(&stage.tools);
        let index = Arc::new(Index::new(&view.tools));
        stage.send(Msg::Catalog(view))?;
        stage.send(Msg::Indexed { generation: 1, index })?;
        Ok(stage)
    }

    /// Presses keys, written as in the table of verbs and separated by blanks; the screen is drawn
    /// after each, as the loop does.
    ///
    /// # Errors
    /// When the sample has no answer to what a key asks for.
    pub fn press(&mut self, keys: &str) -> Result<&mut Self, ScreenshotError> {
        for key in keys.split(' ') {
            let event = event(key).ok_or_else(|| ScreenshotError::Scene(format!("{key:?} is not a key")))?;
            self.send(Msg::Key(event))?;
            self.draw()?;
        }
        Ok(self)
    }

    /// Types text, a key for each character.
    ///
    /// # Errors
    /// As [`Stage::press`].
    pub fn type_text(&mut self, text: &str) -> Result<&mut Self, ScreenshotError> {
        for sign in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(sign), KeyModifiers::NONE)))?;
        }
        Ok(self)
    }

    /// Lets milliseconds pass.
    ///
    /// # Errors
    /// As [`Stage::press`].
    pub fn wait(&mut self, ms: u64) -> Result<&mut Self, ScreenshotError> {
        self.now.steady_ms += ms;
        self.send(Msg::Wake)?;
        Ok(self)
    }

    /// Shows what a run has used and written so far.
    ///
    /// # Errors
    /// As [`Stage::press`].
    pub fn write(&mut self, run: RunId) -> Result<&mut Self, ScreenshotError> {
        self.send(Msg::Sample { run, sample: sample::USED, level: Some(IsolationLevel::Isolated) })?;
        self.send(Msg::Output { run, frames: sample::output(run), skipped: 0 })?;
        Ok(self)
    }

    /// Shows instances of services.
    ///
    /// # Errors
    /// As [`Stage::press`].
    pub fn serve(&mut self, rows: Vec<ServiceRow>) -> Result<&mut Self, ScreenshotError> {
        self.send(Msg::Services(rows))?;
        Ok(self)
    }

    /// The picture.
    ///
    /// # Errors
    /// As [`Stage::press`].
    pub fn shoot(&mut self) -> Result<Drawing, ScreenshotError> {
        let (buffer, cursor) = self.draw()?;
        let palette = Palette::of(self.app.theme.ground);
        Ok(Drawing::of(&buffer, cursor, self.app.window_title().as_str(), palette))
    }

    fn draw(&mut self) -> Result<(Buffer, Option<ratatui::layout::Position>), ScreenshotError> {
        let mut buffer = Buffer::empty(self.area);
        let cursor = view::draw_into(&mut self.app, self.area, &mut buffer);
        self.send(Msg::Drawn)?;
        Ok((buffer, cursor))
    }

    /// Gives a message to the state and performs what it asks for, until it asks for nothing more.
    fn send(&mut self, msg: Msg) -> Result<(), ScreenshotError> {
        let mut effects = self.app.update(self.now, msg);
        for _ in 0..MOST_ANSWERS {
            if effects.is_empty() {
                return Ok(());
            }
            if let Some(answer) = self.perform(effects.remove(0))? {
                effects.extend(self.app.update(self.now, Msg::Answer(Box::new(answer))));
            }
        }
        Err(ScreenshotError::Scene("the answers to a message do not end".to_owned()))
    }

    fn perform(&self, effect: Effect) -> Result<Option<Answer>, ScreenshotError> {
        let engine = self.workspace.engine();
        Ok(Some(match effect {
            Effect::LoadRuns => Answer::Runs(Ok(self.when_furnished(sample::runs(self.workspace)?))),
            Effect::LoadFailures => Answer::Failures(Ok(self.when_furnished(sample::failures(self.workspace)?))),
            Effect::LoadReviews => Answer::Reviews(Ok(self.reviews_of_tools(sample::reviews(self.workspace)?))),
            Effect::LoadReview(review) => Answer::reviewed(review, Ok(self.review(review)?)),
            Effect::LoadDetail { tool, purpose, .. } => {
                let detail = self.workspace.dossier(&tool).map(Box::new);
                Answer::Detail { purpose, path: tool.path.clone(), detail }
            }
            Effect::Preview(command) => Answer::Preview { preview: engine.preview(&command), command },
            Effect::StartRun { tab, .. } => Answer::RunStarted { tab, started: Ok(Box::new(self.run(sample::LIVE)?)) },
            Effect::LoadSpool { tab, run, .. } => {
                let kept = Kept { run: self.run(run)?, frames: sample::output(run) };
                Answer::Spool { tab, kept: Ok(Box::new(kept)) }
            }
            Effect::Highlight { ticket, side, files } => {
                Answer::Highlighted { ticket, side, files: files.iter().filter_map(tokens).collect() }
            }
            Effect::Serve(Serving::Load) => Answer::Serving(Box::new(Served::List(Ok(Vec::new())))),
            Effect::Evolve(Evolving::List) => Answer::Evolving(Box::new(Evolved::List(Ok(Vec::new())))),
            Effect::Mouse(_) | Effect::LookAt(_) | Effect::Serve(Serving::Watch(_)) => return Ok(None),
            other => return Err(ScreenshotError::Scene(format!("nobody answers {other:?}"))),
        }))
    }

    /// Nothing has happened yet in a workspace without tools, or with the first one.
    fn when_furnished<T>(&self, rows: Vec<T>) -> Vec<T> {
        if self.tools.len() <= 1 { Vec::new() } else { rows }
    }

    fn reviews_of_tools(&self, mut reviews: Vec<Review>) -> Vec<Review> {
        reviews.retain(|review| self.tools.iter().any(|tool| tool.name == review.tool));
        reviews
    }

    fn run(&self, id: RunId) -> Result<Run, ScreenshotError> {
        let found = sample::runs(self.workspace)?.into_iter().find(|run| run.id == id);
        found.ok_or_else(|| ScreenshotError::Scene(format!("there is no run {id}")))
    }

    fn review(&self, id: ReviewId) -> Result<ReviewDetail, ScreenshotError> {
        let shown = sample::reviews(self.workspace)?.into_iter().find(|review| review.id == id);
        let detail = self.workspace.reviews().iter().find(|detail| detail.review.id == id);
        match (shown, detail) {
            (Some(review), Some(detail)) => {
                Ok(ReviewDetail { review, verdict: Some(sample::verdict()), blocking: Vec::new(), ..detail.clone() })
            }
            _ => Err(EngineError::new(ErrorCode::NotFound, format!("there is no review {id}"), "").into()),
        }
    }
}

fn event(key: &str) -> Option<KeyEvent> {
    Chord::parse(key).ok().map(Chord::event)
}
