//! `mcp`: serving agents, and the configuration of their clients.

use super::call::{Call, Stop, session_of_environment};
use super::workbench::Generated;
use super::{Opening, Screen};
use crate::engine::{CLIENT_VARIABLE, EngineError, ErrorCode};

/// `mcp`, or `mcp --config CLIENT`.
pub(super) fn mcp(call: &Call<'_>, screen: Screen) -> Result<u8, Stop> {
    if let Some(client) = call.text("config") {
        return call.print(&Generated::new(configuration(client)));
    }
    if std::env::var_os(CLIENT_VARIABLE).is_some() {
        let message = "this was started by Toolsmith as an MCP server: Toolsmith does not call itself".to_owned();
        let hint = "name another server in [mcp], or start `toolsmith mcp` from a client";
        return Err(EngineError::new(ErrorCode::Refused, message, hint).into());
    }
    let globals = call.globals;
    let opening = Opening {
        options: call.workspace_options()?,
        agent: globals.agent.clone(),
        found: globals.found.clone(),
        color: false,
        limits: globals.limits.clone(),
    };
    (screen.agents)(opening, session_of_environment(), call.text("list").map(str::to_owned))?;
    Ok(0)
}

/// What a client needs to know to start this program, and where that goes. Each client has a form of its own.
fn configuration(client: &str) -> &'static str {
    match client {
        "codex" => CODEX,
        "cursor" => CURSOR,
        "gemini" => GEMINI,
        "goose" => GOOSE,
        "inspector" => INSPECTOR,
        "opencode" => OPENCODE,
        "vscode" => VSCODE,
        _ => CLAUDE,
    }
}

const CLAUDE: &str = r#"# Claude Code: run this once,
#   claude mcp add --scope user toolsmith -- toolsmith mcp --as-agent claude
# or write this into .mcp.json in the project:
{
  "mcpServers": {
    "toolsmith": {
      "command": "toolsmith",
      "args": ["mcp", "--as-agent", "claude"],
      "alwaysLoad": true
    }
  }
}
"#;

const CODEX: &str = r#"# Codex: add this to ~/.codex/config.toml
[mcp_servers.toolsmith]
command = "toolsmith"
args = ["mcp", "--as-agent", "codex"]
tool_timeout_sec = 120

[mcp_servers.toolsmith.tools.run]
approval_mode = "prompt"
"#;

const CURSOR: &str = r#"# Cursor: write this into .cursor/mcp.json in the project
{
  "mcpServers": {
    "toolsmith": {
      "command": "toolsmith",
      "args": ["mcp", "--as-agent", "cursor"]
    }
  }
}
"#;

const GEMINI: &str = r#"# Gemini CLI: write this into .gemini/settings.json in the project
{
  "mcpServers": {
    "toolsmith": {
      "command": "toolsmith",
      "args": ["mcp", "--as-agent", "gemini"]
    }
  }
}
"#;

const GOOSE: &str = "# Goose: add this to ~/.config/goose/config.yaml
extensions:
  toolsmith:
    type: stdio
    cmd: toolsmith
    args: [mcp, --as-agent, goose]
    enabled: true
    timeout: 120
";

const INSPECTOR: &str = "# MCP Inspector: run this in the workspace
#   npx @modelcontextprotocol/inspector --cli toolsmith mcp --method tools/list
";

const OPENCODE: &str = r#"# OpenCode: write this into opencode.json in the project
{
  "mcp": {
    "toolsmith": {
      "type": "local",
      "command": ["toolsmith", "mcp", "--as-agent", "opencode"],
      "enabled": true
    }
  }
}
"#;

const VSCODE: &str = r#"# VS Code: write this into .vscode/mcp.json in the project
{
  "servers": {
    "toolsmith": {
      "type": "stdio",
      "command": "toolsmith",
      "args": ["mcp", "--as-agent", "vscode"]
    }
  }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{self, ArgKind};

    #[test]
    fn each_client_of_the_table_has_a_configuration_of_its_own_that_it_can_read() {
        let arg = action::by_name("mcp").unwrap().args.iter().find(|arg| arg.name == "config").unwrap();
        let ArgKind::Word(clients) = arg.kind else { panic!("{arg:?}") };
        let mut seen = std::collections::HashSet::new();
        for client in clients {
            let text = configuration(client);
            assert!(seen.insert(text), "{client}");
            let body: String = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
            match *client {
                "codex" => drop(body.parse::<toml::Table>().unwrap()),
                "goose" => drop(serde_saphyr::from_str::<serde_json::Value>(&body).unwrap()),
                "inspector" => assert!(body.is_empty()),
                _ => drop(serde_json::from_str::<serde_json::Value>(&body).unwrap()),
            }
        }
    }
}
