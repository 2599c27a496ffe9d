//! The bundled tools, read by the real engine in a folder that nobody else sees.
//!
//! Only the bundled definitions are copied: what else lies in `tools/` must not show up in the
//! pictures, and what the engine writes down about them must not end up with the user's own state.

use super::ScreenshotError;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use toolsmith::domain::{ReviewKind, Tool, ToolFacts, ToolReview};
use toolsmith::engine::{
    Asker, CatalogState, CatalogView, CommandView, Engine, EngineError, Home, OpenOptions, ReviewDetail, ReviewFilter,
};
use toolsmith::tui::msg::ToolDossier;

/// The bundled definitions below `tools/`, folders and files.
const BUNDLED: [&str; 12] = [
    "core/csv-stats",
    "core/json-query",
    "core/text-diff",
    "approved/dup-finder",
    "approved/log-digest",
    "approved/markdown-toc",
    "experimental/divide.py",
    "experimental/divide.yaml",
    "experimental/env-audit",
    "experimental/http-headers",
    "experimental/progress-demo",
    "experimental/slugify.py",
];

/// The bundled tools as the engine sees them right after they were approved or dropped.
pub struct Workspace {
    engine: Engine,
    tools: Vec<Tool>,
    reviews: Vec<ReviewDetail>,
    _folder: TempDir,
}

impl Workspace {
    /// Reads the bundled tools of a checkout.
    ///
    /// # Errors
    /// When one is missing, or the engine cannot read them.
    pub fn read(checkout: &Path) -> Result<Workspace, ScreenshotError> {
        let folder = TempDir::new().map_err(|error| ScreenshotError::io(&std::env::temp_dir(), error))?;
        let workspace = folder.path().join("toolsmith");
        for definition in BUNDLED {
            let (from, to) = (checkout.join("tools").join(definition), workspace.join("tools").join(definition));
            if !from.exists() {
                return Err(ScreenshotError::NoBundledTool(definition));
            }
            copy(&from, &to).map_err(|error| ScreenshotError::io(&from, error))?;
        }
        let home = Home { config: folder.path().join("config"), data: folder.path().join("data") };
        let engine = Engine::open(OpenOptions { workspace, home, program: None, asker: Asker::Human })?;
        let view = engine.library().scan(&mut |_| {})?;
        let tools = view.tools.iter().map(|tool| settled(tool)).collect();
        let reviews = reviews(&engine)?;
        Ok(Workspace { engine, tools, reviews, _folder: folder })
    }

    /// The rows of the catalog, without anything that differs from machine to machine.
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// The row of a bundled tool.
    ///
    /// # Errors
    /// When there is none.
    pub fn tool(&self, name: &'static str) -> Result<Tool, ScreenshotError> {
        let found = self.tools.iter().find(|tool| tool.name.as_str() == name);
        found.cloned().ok_or(ScreenshotError::NoBundledTool(name))
    }

    /// The waiting reviews of tools that nobody has seen, with their evidence.
    pub fn reviews(&self) -> &[ReviewDetail] {
        &self.reviews
    }

    /// Everything about a tool.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn dossier(&self, tool: &Tool) -> Result<ToolDossier, EngineError> {
        let mut detail = self.engine.library().detail(tool)?;
        detail.tool = settled(&detail.tool);
        let command = CommandView::isolated("/home/ada/tools");
        Ok(ToolDossier {
            detail,
            last_input: None,
            other: None,
            runs: Vec::new(),
            command,
            workers: Vec::new(),
            withheld: None,
        })
    }

    /// The engine that read them.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// A catalog with these rows that is complete.
pub fn catalog(tools: &[Tool]) -> Arc<CatalogView> {
    let tools = tools.iter().cloned().map(Arc::new).collect();
    Arc::new(CatalogView {
        state: CatalogState::Ready,
        tools,
        problems: Vec::new(),
        in_use: None,
        skipped: Arc::default(),
        generation: 1,
    })
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_file() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        // What the engine itself wrote there belongs to the user's workspace.
        if entry.file_name() == "approval.toml" {
            continue;
        }
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// A row as it is where all interpreters are installed.
fn settled(tool: &Tool) -> Tool {
    let mut tool = tool.clone();
    tool.modified_at = super::sample::NOW;
    tool.runnable = true;
    tool.reason = None;
    let review = if tool.stage.is_vouched() { ToolReview::Approved } else { ToolReview::Waiting };
    tool.facts = ToolFacts { review, ..super::sample::facts(tool.name.as_str()) }.into();
    tool
}

fn reviews(engine: &Engine) -> Result<Vec<ReviewDetail>, EngineError> {
    let mut reviews = Vec::new();
    for review in engine.reviews().list(ReviewFilter::Waiting)? {
        if review.kind == ReviewKind::New {
            let mut detail = engine.reviews().detail(review.id)?;
            detail.evidence.retain(|line| line.label != "cannot run");
            reviews.push(detail);
        }
    }
    Ok(reviews)
}
