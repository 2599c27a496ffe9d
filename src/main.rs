//! The program `toolsmith`.

use std::process::ExitCode;
use toolsmith::{cli, engine, tui};

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
    })
}
