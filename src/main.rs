//! The program `toolsmith`.

use std::process::ExitCode;
use toolsmith::{cli, engine, tui};

fn main() -> ExitCode {
    // A supervisor of a run is this program too; it must not become anything else first.
    if let Some(code) = engine::play_role() {
        return ExitCode::from(code);
    }
    engine::spare_memory();
    engine::measure_reading();
    cli::main(cli::Screen {
        workbench: |opening| {
            let (agent, found, limits) = (opening.agent, opening.found, opening.limits);
            let (no_color, accessible) = (!opening.color, opening.accessible);
            let face = tui::Face { agent, found, no_color, accessible, limits };
            tui::run(opening.options, face)
        },
        agents: |opening, asked| {
            #[cfg(feature = "mcp")]
            {
                use toolsmith::mcp::{Serving, serve};
                let listed = asked.listed.as_deref().and_then(|word| word.parse().ok()).unwrap_or_default();
                let (options, agent, found, limits) = (opening.options, opening.agent, opening.found, opening.limits);
                let serving =
                    Serving { options, agent, found, limits, session: asked.session, listed, warn: asked.warn };
                match asked.http {
                    None => serve(serving),
                    #[cfg(feature = "mcp-http")]
                    Some((address, hosts)) => {
                        let at = toolsmith::mcp::HttpAddress { address, hosts };
                        toolsmith::mcp::serve_http(serving, &at, &|url| (asked.tell)(url))
                    }
                    #[cfg(not(feature = "mcp-http"))]
                    Some(_) => Err(missing("mcp-http")),
                }
            }
            #[cfg(not(feature = "mcp"))]
            {
                drop((opening, asked));
                Err(missing("mcp"))
            }
        },
    })
}

/// That a part of the program was left out when it was built.
#[cfg(not(feature = "mcp-http"))]
fn missing(feature: &str) -> engine::EngineError {
    let message = format!("this program was built without the feature {feature}");
    engine::EngineError::new(engine::ErrorCode::Failed, message, "build it with the feature")
}
