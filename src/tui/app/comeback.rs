//! Ways out for a tool that went wrong: an older version, the approved files, a tool of its own, a warning.

use super::App;
use crate::domain::Command;
use crate::tui::effect::Effect;
use crate::tui::overlay::Args;

impl App {
    pub(super) fn rollback(&mut self, args: &Args) -> Vec<Effect> {
        let [to, reason] = ["to", "reason"].map(|name| args.get(name).map(ToOwned::to_owned));
        self.with_tool(args, |app, tool| app.ask(Command::Rollback { tool: app.reference(&tool), to, reason }))
    }

    /// A tool that is named and not in the catalog may have vanished: the engine knows whether a copy is kept.
    pub(super) fn restore(&mut self, args: &Args) -> Vec<Effect> {
        match args.get("tool").map(str::to_owned) {
            Some(tool) if self.tool_named(&tool).is_none() => self.ask(Command::Restore { tool }),
            _ => self.with_tool(args, |app, tool| app.ask(Command::Restore { tool: app.reference(&tool) })),
        }
    }

    pub(super) fn restore_files(&mut self, args: &Args) -> Vec<Effect> {
        self.with_tool(args, |app, tool| app.ask(Command::RestoreFiles { tool: app.reference(&tool) }))
    }

    /// By key the new tool gets a name that says where it comes from; the palette asks for one.
    pub(super) fn fork(&mut self, args: &Args) -> Vec<Effect> {
        self.with_tool(args, |app, tool| {
            let name = args.get("name").map_or_else(|| format!("{}-fork", tool.name), ToOwned::to_owned);
            app.ask(Command::Fork { tool: app.reference(&tool), name })
        })
    }

    pub(super) fn deprecate(&mut self, args: &Args) -> Vec<Effect> {
        let [by, reason] = ["by", "reason"].map(|name| args.get(name).map(ToOwned::to_owned));
        self.with_tool(args, |app, tool| app.ask(Command::Deprecate { tool: app.reference(&tool), by, reason }))
    }
}
