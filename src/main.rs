//! The program `toolsmith`.

use std::process::ExitCode;
use toolsmith::engine::{EngineError, ErrorCode};
use toolsmith::{cli, tui};

fn main() -> ExitCode {
    cli::main(cli::Screen {
        workbench: |opening| {
            let face = tui::Face { agent: opening.agent, no_color: !opening.color };
            tui::run(opening.options, face)
        },
        screenshots: |_, _| Err(EngineError::new(ErrorCode::Failed, "this build renders no screens", "")),
    })
}
