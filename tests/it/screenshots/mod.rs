//! Pictures of the real screens, drawn without a terminal: those in `screenshots/`, which the README shows.
//!
//! They are drawn by the tests alone, so that the program holds no fonts and encodes no pictures. To draw them anew:
//! `TOOLSMITH_BLESS=1 cargo test --test it screenshots::`.
//!
//! The state and the view of the workbench are driven by keys ([`stage`]) over the bundled tools
//! ([`workspace`]) and a fixed history ([`sample`]); what they draw becomes a [`drawing`], and that an
//! SVG and a PNG file. The same sources give the same bytes: no clock, no fonts of the system, nothing
//! of the machine or the user. It draws no screens of its own: a picture that looks wrong is a screen
//! that looks wrong.

mod drawing;
mod instances;
mod letters;
mod palette;
mod png;
mod sample;
mod scenes;
mod shapes;
mod stage;
mod svg;
mod tests;
mod window;
mod workspace;

use letters::Letters;
use scenes::SCENES;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use toolsmith::engine::EngineError;
use workspace::Workspace;

/// What to do with the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Write those that differ from what is there.
    Write,
    /// Write nothing, only compare.
    Check,
}

/// What came of it, by file name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Files that are as rendered, now or already.
    pub matching: Vec<String>,
    /// Files that differ or are missing; none after writing.
    pub differing: Vec<String>,
}

/// Why there are no pictures.
#[derive(Debug, thiserror::Error)]
pub enum ScreenshotError {
    /// The bundled tools are what the pictures show.
    #[error("there is no bundled tool tools/{0}")]
    NoBundledTool(&'static str),
    /// The engine could not read them.
    #[error("cannot read the bundled tools: {0}")]
    Engine(#[from] EngineError),
    /// A scene and the workbench do not fit together any more.
    #[error("a scene does not fit the workbench: {0}")]
    Scene(String),
    /// A bundled font is broken.
    #[error("a bundled font cannot be read")]
    Font(#[from] ab_glyph::InvalidFont),
    /// A picture cannot be encoded.
    #[error("a picture cannot be encoded")]
    Encode(#[from] ::png::EncodingError),
    /// A file or folder cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ScreenshotError {
    fn io(path: &Path, source: io::Error) -> ScreenshotError {
        ScreenshotError::Io { path: path.to_owned(), source }
    }
}

/// Renders every scene over the bundled tools of `checkout` into the folder `out`.
///
/// # Errors
/// When the bundled tools are not there, or a file cannot be read or written. Files that differ are
/// no error: the report names them.
pub fn screenshots(checkout: &Path, out: &Path, purpose: Purpose) -> Result<Report, ScreenshotError> {
    let workspace = Workspace::read(checkout)?;
    let letters = Letters::new()?;
    let mut report = Report::default();
    for scene in SCENES {
        let drawing = scene.draw(&workspace)?;
        for (extension, bytes) in [("svg", svg::paint(&drawing).into_bytes()), ("png", png::paint(&drawing, &letters)?)]
        {
            let name = format!("{}.{extension}", scene.name);
            let same = settle(&out.join(&name), &bytes, purpose)?;
            if same { &mut report.matching } else { &mut report.differing }.push(name);
        }
    }
    Ok(report)
}

/// Makes a file what it shall be, where that is wanted. Returns whether it is.
fn settle(path: &Path, bytes: &[u8], purpose: Purpose) -> Result<bool, ScreenshotError> {
    match fs::read(path) {
        Ok(there) if there == bytes => return Ok(true),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(ScreenshotError::io(path, error)),
    }
    if purpose == Purpose::Check {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| ScreenshotError::io(folder, error))?;
    fs::write(path, bytes).map_err(|error| ScreenshotError::io(path, error))?;
    Ok(true)
}
