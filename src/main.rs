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
        agents: |opening, session, listed| {
            #[cfg(feature = "mcp")]
            {
                let listed = listed.as_deref().and_then(|word| word.parse().ok()).unwrap_or_default();
                let (options, agent, found, limits) = (opening.options, opening.agent, opening.found, opening.limits);
                toolsmith::mcp::serve(toolsmith::mcp::Serving { options, agent, found, limits, session, listed })
            }
            #[cfg(not(feature = "mcp"))]
            {
                drop((opening, session, listed));
                let message = "this program was built without the feature mcp";
                Err(engine::EngineError::new(engine::ErrorCode::Failed, message, "build it with the feature"))
            }
        },
    })
}
