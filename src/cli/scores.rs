//! Statistics of all tools: `dashboard`, `export`.

use super::call::{Answer, Call, Stop};
use super::print_text::{Page, counted};
use crate::engine::{Dashboard, EngineError, ErrorCode, ExportFormat};
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// Columns of the dashboard in a file or pipe.
const WIDTH: usize = 100;

/// The minimum number of columns for charts.
const LEAST_WIDTH: usize = 50;

/// The statistics to display.
#[derive(Serialize)]
pub(super) struct Figures {
    #[serde(flatten)]
    dashboard: Dashboard,
}

/// The file that the catalog was exported to.
#[derive(Serialize)]
struct Exported {
    path: PathBuf,
    tools: usize,
}

pub(super) fn dashboard(call: &Call<'_>) -> Result<Figures, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    Ok(Figures { dashboard: engine.library().dashboard()? })
}

/// `export [--format csv|sqlite] --out FILE`.
pub(super) fn export(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let path = call.get::<PathBuf>("out").ok_or_else(|| {
        EngineError::new(ErrorCode::Usage, "--out is missing", "add --out tools.csv, or --format sqlite --out tools.db")
    })?;
    let format = call.word("format")?.unwrap_or(ExportFormat::Csv);
    let tools = engine.library().export(&path, format)?;
    call.print(&Exported { path, tools })
}

impl Answer for Figures {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let width = page.look().width.unwrap_or(WIDTH).clamp(LEAST_WIDTH, WIDTH);
        self.dashboard.lines(width).iter().try_for_each(|line| page.line(line))
    }
}

impl Answer for Exported {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.say(format!("{} written to {}", counted(self.tools, "tool", "tools"), self.path.display()))
    }
}
