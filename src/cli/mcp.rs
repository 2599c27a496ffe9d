//! `mcp`: serves agents, and prints the configuration of their clients.

use super::call::{Call, Stop, session_of_environment};
use super::outlet;
use super::print_text::{Ink, StyledLine};
use super::workbench::Generated;
use super::{AgentServer, Opening, Screen};
use crate::domain::{SafeText, Stream};
use crate::engine::{CLIENT_VARIABLE, EngineError, ErrorCode, UNNAMED_AGENT};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};

/// `mcp`, or `mcp --config CLIENT`.
pub(super) fn mcp(call: &Call<'_>, screen: Screen) -> Result<u8, Stop> {
    if call.text("http").is_none() && !call.texts("host").is_empty() {
        return Err(
            EngineError::new(ErrorCode::Usage, "--host is for --http", "say where to listen: --http 8765").into()
        );
    }
    if let Some(client) = call.text("config") {
        if call.text("http").is_some() {
            let hint = "over HTTP a client needs the address and a token: see docs/agents.md";
            return Err(EngineError::new(ErrorCode::Usage, "--config is not for --http", hint).into());
        }
        return call.print(&Generated::new(&format!("{PLACE}{}", configuration(client, &variables()?))));
    }
    if std::env::var_os(CLIENT_VARIABLE).is_some() {
        let message = "this was started by Toolsmith as an MCP server: Toolsmith does not call itself".to_owned();
        let hint = "name another server in [mcp], or start `toolsmith mcp` from a client";
        return Err(EngineError::new(ErrorCode::Refused, message, hint).into());
    }
    let globals = call.globals;
    if let (Some(unused), Some(agent)) = (&globals.unused_name, &globals.agent) {
        let [unused, agent] = [unused, agent].map(|name| SafeText::new(name));
        let warning = format!(
            "warning: this client is connected as the agent {agent} already, so the name {unused} is not used: give each \
             entry of this client the same --as-agent"
        );
        call.note(&StyledLine::new().put(Ink::Warn, warning));
    }
    let opening = Opening {
        options: call.workspace_options()?,
        // A detected client without a name gives its name to this server itself.
        agent: globals.agent.clone().filter(|agent| agent != UNNAMED_AGENT),
        found: globals.found.clone(),
        color: false,
        accessible: false,
        limits: globals.limits.clone(),
    };
    if call.text("list") == Some("pinned") && globals.limits.tools.is_none() && globals.limits.fence.is_none() {
        let hint = "name them with --tools, or list every tool that the agent can run with --list all";
        return Err(EngineError::new(
            ErrorCode::Usage,
            "--list pinned lists the tools of --tools, which is not given",
            hint,
        )
        .into());
    }
    let http = call.text("http").map(address).transpose()?;
    if let Some(at) = http.filter(|at| !at.ip().is_loopback()) {
        let warning =
            format!("{at} can be reached from other machines, and nothing is encrypted: use a proxy with TLS");
        call.note(&StyledLine::new().put(Ink::Warn, warning));
    }
    let (is_json, color) = (globals.json, globals.color);
    let asked = AgentServer {
        session: session_of_environment(),
        listed: call.text("list").map(str::to_owned),
        http: http.map(|at| (at, call.texts("host").into_iter().map(str::to_owned).collect())),
        tell: Box::new(move |url| tell(url, is_json, color)),
        warn,
    };
    (screen.agents)(opening, asked)?;
    Ok(0)
}

/// The address to listen on: an address with a port, or a port alone for this machine only.
fn address(text: &str) -> Result<SocketAddr, EngineError> {
    let local = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
    let of_port = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    local.parse().map(of_port).or_else(|_| text.parse()).map_err(|_| {
        let message = format!("{text:?} is not an address with a port");
        EngineError::new(ErrorCode::Usage, message, "for example --http 127.0.0.1:8765")
    })
}

/// Prints the address of the server. A failure to print it is ignored.
fn tell(url: &str, is_json: bool, color: bool) {
    let line = StyledLine::new().put(Ink::Plain, "serving agents at ").put(Ink::Strong, url);
    let _ = if is_json {
        outlet::object(&json!({"url": url}))
    } else {
        outlet::page(Stream::Stdout, color, |page| page.line(&line))
    };
}

/// Prints a warning outside the protocol. A failure to print it is ignored.
fn warn(text: &str) {
    let line = StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, text);
    let _ = outlet::page(Stream::Stderr, false, |page| page.line(&line));
}

/// Variables that decide which state a server opens and what it may do. Some clients start a server without them.
const VARIABLES: [&str; 5] =
    ["TOOLSMITH_HOME", "TOOLSMITH_MAX_TIER", "TOOLSMITH_TOOLS", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];

/// The variables that are set in this process.
///
/// # Errors
///
/// `Usage` for a value that a configuration file cannot contain.
fn variables() -> Result<Vec<(&'static str, String)>, EngineError> {
    let set = VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var_os(name).filter(|v| !v.is_empty())?)));
    set.map(|(name, value)| {
        let text = value.into_string().map_err(|_| {
            EngineError::new(ErrorCode::Usage, format!("the value of {name} is not UTF-8"), format!("unset {name}"))
        })?;
        Ok((name, text))
    })
    .collect()
}

/// The entry that a client needs to start this program, and the file it belongs in. Each client has its own format.
fn configuration(client: &str, variables: &[(&str, String)]) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let pairs = |between: &str| {
        let pairs = variables.iter().map(|(name, value)| format!("{}{between}{}", quoted(name), quoted(value)));
        pairs.collect::<Vec<_>>().join(", ")
    };
    let words = |option: &str| {
        let words = variables
            .iter()
            .map(|(name, value)| format!("{option} {} ", shell_words::quote(&format!("{name}={value}"))));
        words.collect::<String>()
    };
    let is_empty = variables.is_empty();
    let json = |name: &str| {
        if is_empty { String::new() } else { format!(",\n      \"{name}\": {{{}}}", pairs(": ")) }
    };
    match client {
        // A JSON string is also a valid TOML string.
        "codex" => {
            let line = if is_empty { String::new() } else { format!("\nenv = {{ {} }}", pairs(" = ")) };
            CODEX.replace("ENV", &line)
        }
        "cursor" => CURSOR.replace("ENV", &json("env")),
        "gemini" => GEMINI.replace("ENV", &json("env")),
        "goose" => {
            let line = if is_empty { String::new() } else { format!("\n    envs: {{{}}}", pairs(": ")) };
            GOOSE.replace("ENV", &line)
        }
        "inspector" => INSPECTOR.replace("ENV", &words("-e")),
        "opencode" => OPENCODE.replace("ENV", &json("environment")),
        "vscode" => VSCODE.replace("ENV", &json("env")),
        _ => CLAUDE.replace("WORDS", &words("--env")).replace("ENV", &json("env")),
    }
}

/// Explains which workspace the server serves.
const PLACE: &str = "# The server serves the workspace that the client is started in. For another one, add --workspace DIR after \"mcp\".\n";

const CLAUDE: &str = r#"# Claude Code: run this once,
#   claude mcp add toolsmith WORDS-- toolsmith mcp --as-agent claude
# or write this into .mcp.json in the project:
{
  "mcpServers": {
    "toolsmith": {
      "command": "toolsmith",
      "args": ["mcp", "--as-agent", "claude"],
      "alwaysLoad": trueENV
    }
  }
}
"#;

const CODEX: &str = r#"# Codex: add this to ~/.codex/config.toml
[mcp_servers.toolsmith]
command = "toolsmith"
args = ["mcp", "--as-agent", "codex"]
tool_timeout_sec = 120ENV

# Codex asks you before each run. `codex exec` cannot ask and refuses: set "approve" for it.
[mcp_servers.toolsmith.tools.run]
approval_mode = "prompt"
"#;

const CURSOR: &str = r#"# Cursor: write this into .cursor/mcp.json in the project
{
  "mcpServers": {
    "toolsmith": {
      "command": "toolsmith",
      "args": ["mcp", "--as-agent", "cursor"]ENV
    }
  }
}
"#;

const GEMINI: &str = r#"# Gemini CLI: write this into .gemini/settings.json in the project
{
  "mcpServers": {
    "toolsmith": {
      "command": "toolsmith",
      "args": ["mcp", "--as-agent", "gemini"]ENV
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
    timeout: 120ENV
";

const INSPECTOR: &str = "# MCP Inspector: run this in the workspace
#   npx @modelcontextprotocol/inspector --cli ENVtoolsmith mcp --method tools/list
";

const OPENCODE: &str = r#"# OpenCode: write this into opencode.json in the project
{
  "mcp": {
    "toolsmith": {
      "type": "local",
      "command": ["toolsmith", "mcp", "--as-agent", "opencode"],
      "enabled": trueENV
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
      "args": ["mcp", "--as-agent", "vscode"]ENV
    }
  }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{self, ArgKind};

    #[test]
    fn a_port_alone_is_of_this_machine_only() {
        for (text, wanted) in [
            ("8765", "127.0.0.1:8765"),
            (":8765", "127.0.0.1:8765"),
            ("localhost:8765", "127.0.0.1:8765"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:2", "[::1]:2"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), wanted);
        }
        for text in ["", "here", "127.0.0.1", "example.org:80", "1:2:3", "99999"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_client_of_the_table_has_a_configuration_of_its_own_that_it_can_read() {
        let arg = action::by_name("mcp").unwrap().args.iter().find(|arg| arg.name == "config").unwrap();
        let ArgKind::Word(clients) = arg.kind else { panic!("{arg:?}") };
        let (mut seen, set) = (std::collections::HashSet::new(), [("XDG_DATA_HOME", "/a \"b\"".to_owned())]);
        for (client, variables) in clients.iter().flat_map(|client| [(client, &set[..0]), (client, &set[..])]) {
            let text = configuration(client, variables);
            assert!(seen.insert(text.clone()), "{client}");
            assert_eq!(text.contains("XDG_DATA_HOME"), !variables.is_empty(), "{client}: {text}");
            let body: String = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
            let read = match *client {
                "codex" => serde_json::to_value(body.parse::<toml::Table>().unwrap()).unwrap(),
                "goose" => serde_saphyr::from_str::<serde_json::Value>(&body).unwrap(),
                "inspector" => {
                    assert!(body.is_empty());
                    continue;
                }
                _ => serde_json::from_str::<serde_json::Value>(&body).unwrap(),
            };
            assert_eq!(read.to_string().contains(r#""XDG_DATA_HOME":"/a \"b\"""#), !variables.is_empty(), "{read}");
        }
    }
}
