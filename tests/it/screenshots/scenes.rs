//! Which pictures there are, and how each comes about.

use super::ScreenshotError;
use super::drawing::Drawing;
use super::instances;
use super::sample;
use super::stage::Stage;
use super::workspace::Workspace;
use toolsmith::tui::theme::Ground;

/// A picture: its name and how to make it.
pub struct Scene {
    /// The name of its files, without extension.
    pub name: &'static str,
    size: (u16, u16),
    ground: Ground,
    act: Act,
}

/// What is done before the picture is taken.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// A day at the workbench, nothing opened.
    Look,
    /// No tool is there yet.
    Empty,
    /// The first tool has just arrived.
    First,
    /// The input of a run is typed.
    FillForm,
    /// A run writes its output.
    WatchRun,
    /// The newest failure is opened.
    OpenFailure,
    /// A review is read.
    ReadReview,
    /// A review is about to be approved.
    Approve,
    /// Instances of services are looked at.
    Serve,
    /// A verb is looked for.
    FindVerb,
    /// The keys of the catalog are looked up.
    Help,
}

const WIDE: (u16, u16) = (120, 36);
const NARROW: (u16, u16) = (80, 24);

const fn scene(name: &'static str, size: (u16, u16), ground: Ground, act: Act) -> Scene {
    Scene { name, size, ground, act }
}

/// Every picture.
pub const SCENES: &[Scene] = &[
    scene("four-panes-dark", WIDE, Ground::Dark, Act::Look),
    scene("four-panes-light", WIDE, Ground::Light, Act::Look),
    scene("run-form", WIDE, Ground::Dark, Act::FillForm),
    scene("live-run", WIDE, Ground::Dark, Act::WatchRun),
    scene("failures", WIDE, Ground::Dark, Act::OpenFailure),
    scene("review", WIDE, Ground::Dark, Act::ReadReview),
    scene("review-light", WIDE, Ground::Light, Act::ReadReview),
    scene("approve", WIDE, Ground::Dark, Act::Approve),
    scene("services", WIDE, Ground::Dark, Act::Serve),
    scene("palette", WIDE, Ground::Dark, Act::FindVerb),
    scene("help", WIDE, Ground::Dark, Act::Help),
    scene("narrow", NARROW, Ground::Dark, Act::Look),
    scene("empty", NARROW, Ground::Dark, Act::Empty),
    scene("first-screen", WIDE, Ground::Dark, Act::First),
];

impl Scene {
    /// Makes the picture.
    ///
    /// # Errors
    /// When the sample does not fit the bundled tools any more.
    pub fn draw(&self, workspace: &Workspace) -> Result<Drawing, ScreenshotError> {
        let tools = match self.act {
            Act::Empty => Vec::new(),
            Act::First => workspace.tools().iter().filter(|tool| tool.name.as_str() == "slugify").cloned().collect(),
            _ => sample::tools(workspace),
        };
        let mut stage = Stage::new(workspace, tools, self.size, self.ground)?;
        match self.act {
            Act::Empty | Act::First => &mut stage,
            Act::Look => work(&mut stage)?.press("1 k k k k")?,
            Act::FillForm => find(&mut stage, "markdown-toc")?.press("r ctrl-x tab tab")?,
            Act::WatchRun => work(&mut stage)?,
            Act::OpenFailure => stage.press("3 enter 3")?,
            Act::ReadReview => stage.press("4 j j enter")?,
            Act::Approve => stage.press("4 j j enter space space space space space space space a")?.wait(600)?,
            Act::Serve => work(&mut stage)?.serve(instances::rows()?)?.press("5 G")?,
            Act::FindVerb => stage.press(":")?.type_text("rev")?,
            Act::Help => stage.press("?")?,
        };
        stage.shoot()
    }
}

/// Filters the catalog down to a tool.
fn find<'s, 'w>(stage: &'s mut Stage<'w>, name: &str) -> Result<&'s mut Stage<'w>, ScreenshotError> {
    stage.press("/")?.type_text(name)?.press("enter")
}

/// Looks at a failure, then starts a run that takes its time.
fn work<'s, 'w>(stage: &'s mut Stage<'w>) -> Result<&'s mut Stage<'w>, ScreenshotError> {
    stage.press("3 enter 1 j j j j j j j j r ctrl-enter")?.write(sample::LIVE)?.wait(6_900)
}
