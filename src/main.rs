//! The program `toolsmith`.

use std::path::Path;
use std::process::ExitCode;
use toolsmith::cli::{Rendered, Rendering};
use toolsmith::engine::{self, EngineError};
use toolsmith::tui::screenshots::Purpose;
use toolsmith::{cli, tui};

fn main() -> ExitCode {
    // A supervisor of a run is this program too; it must not become anything else first.
    if let Some(code) = engine::play_role() {
        return ExitCode::from(code);
    }
    engine::measure_reading();
    cli::main(cli::Screen {
        workbench: |opening| {
            let (agent, found, limits) = (opening.agent, opening.found, opening.limits);
            let face = tui::Face { agent, found, no_color: !opening.color, limits };
            tui::run(opening.options, face)
        },
        screenshots,
    })
}

fn screenshots(workspace: &Path, out: &Path, rendering: Rendering) -> Result<Rendered, EngineError> {
    let purpose = match rendering {
        Rendering::Write => Purpose::Write,
        Rendering::Check => Purpose::Check,
    };
    let report = tui::screenshots::screenshots(workspace, out, purpose)?;
    let shown = |name: &String| out.join(name).display().to_string();
    Ok(Rendered {
        files: report.matching.iter().map(shown).collect(),
        differ: report.differing.iter().map(shown).collect(),
    })
}
