//! The options of `define` for a service, and writing them into a definition: only the given options change; comments
//! and order are preserved.

use crate::domain::service::PortNumber;
use crate::engine::error::{EngineError, ErrorCode};
use serde_json::{Map, Value as Json, json};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// The name of a port if the definition has none.
const PORT: &str = "port";

/// The kinds of a probe, of which a check has one.
const PROBES: &[&str] = &["ask", "http", "tcp", "exec", "line"];

/// The options of `define`, as typed; `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefineOptions {
    /// Adapter, or the name of a profile.
    pub base_type: Option<String>,
    /// Program by name or absolute path.
    pub executable: Option<String>,
    /// The description, one sentence.
    pub description: Option<String>,
    /// A number from 1 to 65535, or `auto`.
    pub port: Option<String>,
    /// Names, separated by commas.
    pub capabilities: Option<String>,
    /// Arguments in one text, split as a shell does.
    pub launch_args: Option<String>,
    /// `ping`, `version`, `status`, `none`, or a path of a GET request.
    pub health_check: Option<String>,
    /// Each as `KEY=VALUE`.
    pub env: Vec<String>,
}

/// The probe of the health check.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Health {
    /// A word of the definition.
    Word(String),
    /// The path of a GET request.
    Path(String),
}

/// The validated options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes {
    base_type: Option<String>,
    executable: Option<String>,
    description: Option<String>,
    port: Option<PortNumber>,
    capabilities: Option<Vec<String>>,
    arguments: Option<Vec<String>>,
    health: Option<Health>,
    env: Vec<(String, String)>,
}

fn usage(message: String, hint: &str) -> EngineError {
    EngineError::new(ErrorCode::Usage, message, hint)
}

/// A capability in the form in which it is searched.
fn capability(word: &str) -> Result<String, EngineError> {
    if word.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
        return Ok(word.to_owned());
    }
    let message = format!("--capabilities: {word:?} is not one word");
    Err(usage(message, "separate words by commas; a word has letters, digits, _, - and ., such as code_review"))
}

impl Changes {
    /// Validates the options.
    ///
    /// # Errors
    /// `Usage`, naming the option.
    pub(super) fn of(options: &DefineOptions) -> Result<Changes, EngineError> {
        let health = |word: &String| match word.trim() {
            word @ ("ping" | "version" | "status" | "none") => Ok(Health::Word(word.to_owned())),
            path if crate::catalog::is_http_path(path) => Ok(Health::Path(path.to_owned())),
            _ => Err(usage(
                format!("--health-check: {word:?} is not a health check"),
                "use ping, version, status, none, or a path such as /health",
            )),
        };
        let base_type = |word: &String| match crate::catalog::adapter_of(word.trim()) {
            Ok(_) => Ok(word.trim().to_owned()),
            Err(message) => Err(usage(
                format!("--type: {message}"),
                "use generic, text, none, or the name of a base type such as claude-code",
            )),
        };
        let executable = |program: &String| match program.trim() {
            "" => Err(usage("--executable is empty".to_owned(), "use the name or the path of a program")),
            // The base folder of a relative path would depend on who starts it.
            path if path.contains('/') && !path.starts_with('/') => Err(usage(
                format!("--executable: {path:?} is a relative path"),
                "use an absolute path, or the name of a program on the PATH",
            )),
            program => Ok(program.to_owned()),
        };
        let port = |port: &String| {
            crate::catalog::port_number(&Json::String(port.clone()))
                .map_err(|_| usage(format!("--port: {port:?} is not a port"), "use a number from 1 to 65535, or auto"))
        };
        let arguments = |line: &String| {
            shell_words::split(line).map_err(|_| {
                usage(format!("--launch-args: a quote in {line:?} is not closed"), "close the quote, or escape it")
            })
        };
        let words = |list: &String| {
            let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
            words.map(capability).collect::<Result<Vec<_>, _>>()
        };
        Ok(Changes {
            base_type: options.base_type.as_ref().map(base_type).transpose()?,
            executable: options.executable.as_ref().map(executable).transpose()?,
            description: options.description.as_ref().map(|text| text.trim().to_owned()),
            port: options.port.as_ref().map(port).transpose()?,
            capabilities: options.capabilities.as_ref().map(words).transpose()?,
            arguments: options.launch_args.as_ref().map(arguments).transpose()?,
            health: options.health_check.as_ref().map(health).transpose()?,
            env: options.env.iter().map(|pair| variable(pair)).collect::<Result<_, _>>()?,
        })
    }

    /// A change of capabilities only.
    pub(super) fn capabilities(words: Vec<String>) -> Changes {
        Changes { capabilities: Some(words), ..Changes::default() }
    }

    /// Whether no option was given.
    pub(super) fn is_empty(&self) -> bool {
        *self == Changes::default()
    }

    /// Whether the program was given.
    pub(super) fn has_program(&self) -> bool {
        self.executable.is_some()
    }

    /// Writes them into a native manifest.
    ///
    /// # Errors
    /// One line with the part of the manifest whose form cannot be changed.
    pub(super) fn write_toml(&self, document: &mut DocumentMut) -> Result<(), String> {
        let root = document.as_item_mut();
        if let Some(text) = &self.description {
            put(root, "description", text.as_str().into())?;
        }
        if let Some(words) = &self.capabilities {
            put(root, "capabilities", Value::Array(words.iter().collect()))?;
        }
        if self.executable.is_some() || self.arguments.is_some() {
            let run = sub(root, "run")?;
            let words = command_of(run);
            put(run, "command", Value::Array(self.command(words)?.iter().collect()))?;
        }
        if !self.env.is_empty() {
            let env = sub(sub(root, "run")?, "env")?;
            for (name, value) in &self.env {
                put(env, name, value.as_str().into())?;
            }
        }
        if let Some(word) = &self.base_type {
            put(sub(root, "service")?, "adapter", word.as_str().into())?;
        }
        if let Some(port) = self.port {
            write_port(sub(root, "service")?, port)?;
        }
        if let Some(health) = &self.health {
            let table = sub(sub(root, "service")?, "health")?;
            let (key, value) = match health {
                Health::Word(word) => ("ask", word),
                Health::Path(path) => ("http", path),
            };
            for other in PROBES.iter().filter(|other| **other != key) {
                table.as_table_like_mut().and_then(|table| table.remove(other));
            }
            put(table, key, value.as_str().into())?;
        }
        Ok(())
    }

    /// Writes them into the definition of a companion program.
    ///
    /// # Errors
    /// New arguments need a new program.
    pub(super) fn write_json(&self, fields: &mut Map<String, Json>) -> Result<(), String> {
        let texts =
            [("base_type", &self.base_type), ("executable", &self.executable), ("description", &self.description)];
        for (key, text) in texts {
            if let Some(text) = text {
                fields.insert(key.to_owned(), json!(text));
            }
        }
        if let Some(port) = self.port {
            let port = match port {
                PortNumber::Auto => json!("auto"),
                PortNumber::Number(number) => json!(number),
            };
            fields.insert("port".to_owned(), port);
        }
        for (key, words) in [("capabilities", &self.capabilities), ("launch_args", &self.arguments)] {
            if let Some(words) = words {
                fields.insert(key.to_owned(), json!(words));
            }
        }
        match &self.health {
            Some(Health::Word(word)) => drop(fields.insert("health_check".to_owned(), json!(word))),
            Some(Health::Path(path)) => drop(fields.insert("health_check".to_owned(), json!({"http": path}))),
            None => {}
        }
        if !self.env.is_empty() {
            let env = fields.entry("environment").or_insert_with(|| json!({}));
            let env = env.as_object_mut().ok_or("environment is not a table")?;
            env.extend(self.env.iter().map(|(name, value)| (name.clone(), json!(value))));
        }
        Ok(())
    }

    /// The command with the given program and arguments.
    fn command(&self, words: Vec<String>) -> Result<Vec<String>, String> {
        let mut words = words.into_iter();
        let program = words.next();
        let program = self.executable.clone().or(program).ok_or("it has no program; add --executable")?;
        let arguments = self.arguments.clone().unwrap_or_else(|| words.collect());
        Ok([vec![program], arguments].concat())
    }
}

/// A variable with its value.
fn variable(pair: &str) -> Result<(String, String), EngineError> {
    let hint = "write KEY=VALUE; a name has letters, digits and _, and no digit first";
    let Some((name, value)) = pair.split_once('=') else {
        return Err(usage(format!("--env: {pair:?} has no value"), hint));
    };
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(usage(format!("--env: {name:?} is not the name of a variable"), hint));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// The words of the command that a `[run]` table states.
fn command_of(run: &Item) -> Vec<String> {
    let Some(command) = run.get("command") else { return Vec::new() };
    if let Some(line) = command.as_str() {
        return shell_words::split(line).unwrap_or_default();
    }
    command.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

/// Sets the value of a key; formatting and comments around the old value are preserved.
fn put(table: &mut Item, key: &str, value: Value) -> Result<(), String> {
    let table = table.as_table_like_mut().ok_or_else(|| format!("{key} cannot be written there"))?;
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        _ => drop(table.insert(key, Item::Value(value))),
    }
    Ok(())
}

/// A table in a table; created if it is absent.
fn sub<'t>(parent: &'t mut Item, key: &str) -> Result<&'t mut Item, String> {
    let is_inline = parent.is_inline_table();
    let wrong = || format!("{key} is not a table");
    let table = parent.as_table_like_mut().ok_or_else(wrong)?;
    if !table.contains_key(key) {
        let empty = if is_inline { Item::Value(InlineTable::new().into()) } else { Item::Table(Table::new()) };
        table.insert(key, empty);
    }
    table.get_mut(key).filter(|item| item.is_table_like()).ok_or_else(wrong)
}

/// Sets the number of the only port, or adds a port. A given number is fixed: no other number is used instead.
fn write_port(service: &mut Item, port: PortNumber) -> Result<(), String> {
    let is_inline = service.is_inline_table();
    let table = service.as_table_like_mut().ok_or("service is not a table")?;
    if !table.contains_key("ports") {
        let mut only = Table::new();
        only.insert("name", toml_edit::value(PORT));
        set_port(&mut only, port);
        let ports = if is_inline {
            Item::Value(Value::Array(Array::from_iter([Value::InlineTable(only.into_inline_table())])))
        } else {
            let mut ports = ArrayOfTables::new();
            ports.push(only);
            Item::ArrayOfTables(ports)
        };
        table.insert("ports", ports);
        return Ok(());
    }
    let several = || "it has several ports; change them in its file".to_owned();
    match table.get_mut("ports") {
        Some(Item::ArrayOfTables(ports)) if ports.len() == 1 => {
            ports.get_mut(0).map(|only| set_port(only, port)).ok_or_else(several)
        }
        Some(Item::Value(Value::Array(ports))) if ports.len() == 1 => {
            let only = ports.get_mut(0).and_then(Value::as_inline_table_mut);
            only.map(|only| set_port(only, port)).ok_or_else(several)
        }
        _ => Err(several()),
    }
}

fn set_port(table: &mut dyn toml_edit::TableLike, port: PortNumber) {
    let number: Value = match port {
        PortNumber::Auto => "auto".into(),
        PortNumber::Number(number) => i64::from(number).into(),
    };
    match table.get_mut("port") {
        Some(Item::Value(old)) => {
            let decor = old.decor().clone();
            *old = number;
            *old.decor_mut() = decor;
        }
        _ => drop(table.insert("port", Item::Value(number))),
    }
    if port == PortNumber::Auto {
        table.remove("mode");
    } else {
        table.insert("mode", toml_edit::value("fixed"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> DefineOptions {
        DefineOptions {
            base_type: Some("claude-code".to_owned()),
            executable: Some("claude-code".to_owned()),
            description: Some("Claude \"for\" review".to_owned()),
            port: Some("8405".to_owned()),
            capabilities: Some("a, b,,c".to_owned()),
            launch_args: Some("--preset 'code review' --strict \"a b\"".to_owned()),
            health_check: Some("version".to_owned()),
            env: vec!["MODEL=x=y".to_owned(), "EMPTY=".to_owned()],
        }
    }

    fn written(text: &str, options: &DefineOptions) -> String {
        let mut document: DocumentMut = text.parse().unwrap();
        Changes::of(options).unwrap().write_toml(&mut document).unwrap();
        document.to_string()
    }

    #[test]
    fn all_eight_options_are_written() {
        let text = written("name = \"x\"\nkind = \"service\"\n", &options());
        let table: toml::Table = toml::from_str(&text).unwrap();
        let value = serde_json::to_value(table).unwrap();
        assert_eq!(
            value,
            json!({
                "name": "x",
                "kind": "service",
                "description": "Claude \"for\" review",
                "capabilities": ["a", "b", "c"],
                "run": {
                    "command": ["claude-code", "--preset", "code review", "--strict", "a b"],
                    "env": {"MODEL": "x=y", "EMPTY": ""},
                },
                "service": {
                    "adapter": "claude-code",
                    "ports": [{"name": "port", "port": 8405, "mode": "fixed"}],
                    "health": {"ask": "version"},
                },
            }),
            "{text}"
        );
    }

    #[test]
    fn only_what_is_named_changes_and_comments_stay() {
        let text = "# mine\nname = \"x\" # the name\nversion = \"1.0.0\"\n\n# how it starts\n[run]\ncommand = [\"a\", \"-x\"] # really\nenv = { A = \"1\", B = \"2\" }\n\n[service]\nrestart = \"never\"\n\n# the only one\n[[service.ports]]\nname = \"http\" # known to clients\nport = \"auto\"\npass = \"bind\"\n\n[service.health]\nhttp = \"/health\"\nevery = \"1m\"\n";
        let only = |change: fn(&mut DefineOptions)| {
            let mut options = DefineOptions::default();
            change(&mut options);
            written(text, &options)
        };
        assert_eq!(
            only(|options| options.port = Some("8405".to_owned())),
            text.replace("port = \"auto\"\npass = \"bind\"\n", "port = 8405\npass = \"bind\"\nmode = \"fixed\"\n")
        );
        assert_eq!(
            only(|options| options.launch_args = Some("-y 'b c'".to_owned())),
            text.replace("[\"a\", \"-x\"]", "[\"a\", \"-y\", \"b c\"]")
        );
        assert_eq!(
            only(|options| options.executable = Some("/bin/b".to_owned())),
            text.replace("[\"a\",", "[\"/bin/b\",")
        );
        assert_eq!(only(|options| options.env = vec!["B=3".to_owned()]), text.replace("B = \"2\"", "B = \"3\""));
        assert_eq!(
            only(|options| options.health_check = Some("ping".to_owned())),
            text.replace("http = \"/health\"\nevery = \"1m\"\n", "every = \"1m\"\nask = \"ping\"\n")
        );
        let back = only(|options| options.port = Some("8405".to_owned()));
        let auto = DefineOptions { port: Some("auto".to_owned()), ..DefineOptions::default() };
        assert_eq!(written(&back, &auto), text);
    }

    #[test]
    fn tables_in_one_line_are_changed_in_place() {
        let text = "run = { command = \"a -x\" }\nservice = { restart = \"never\" }\n";
        let changed = written(text, &options());
        let value = serde_json::to_value(toml::from_str::<toml::Table>(&changed).unwrap()).unwrap();
        assert_eq!(value["run"]["command"][0], "claude-code", "{changed}");
        assert_eq!(value["run"]["env"]["MODEL"], "x=y");
        assert_eq!(
            (&value["service"]["restart"], &value["service"]["ports"][0]["port"]),
            (&json!("never"), &json!(8405))
        );
        assert_eq!(value["service"]["health"]["ask"], "version");
        let arguments = DefineOptions { launch_args: Some("-z".to_owned()), ..DefineOptions::default() };
        assert!(written(text, &arguments).contains("[\"a\", \"-z\"]"));
    }

    #[test]
    fn several_ports_are_not_guessed_at() {
        let mut document: DocumentMut =
            "[[service.ports]]\nname = \"a\"\n[[service.ports]]\nname = \"b\"\n".parse().unwrap();
        let port = DefineOptions { port: Some("80".to_owned()), ..DefineOptions::default() };
        assert!(Changes::of(&port).unwrap().write_toml(&mut document).unwrap_err().contains("several ports"));
    }

    #[test]
    fn a_companion_program_gets_its_own_fields() {
        let mut fields = json!({"name": "x", "executable": "a", "environment": {"A": "1"}, "port": "auto", "mine": 1});
        Changes::of(&options()).unwrap().write_json(fields.as_object_mut().unwrap()).unwrap();
        assert_eq!(
            fields,
            json!({
                "name": "x", "executable": "claude-code", "environment": {"A": "1", "MODEL": "x=y", "EMPTY": ""},
                "port": 8405, "mine": 1, "base_type": "claude-code", "description": "Claude \"for\" review",
                "capabilities": ["a", "b", "c"], "launch_args": ["--preset", "code review", "--strict", "a b"],
                "health_check": "version",
            })
        );
    }

    #[test]
    fn a_bad_option_is_refused_by_its_name() {
        let refused = |change: fn(&mut DefineOptions)| {
            let mut options = DefineOptions::default();
            change(&mut options);
            Changes::of(&options).unwrap_err()
        };
        for (error, option) in [
            (refused(|o| o.port = Some("0".to_owned())), "--port"),
            (refused(|o| o.port = Some("65536".to_owned())), "--port"),
            (refused(|o| o.port = Some("-1".to_owned())), "--port"),
            (refused(|o| o.port = Some("any".to_owned())), "--port"),
            (refused(|o| o.port = Some(String::new())), "--port"),
            (refused(|o| o.launch_args = Some("--x 'y".to_owned())), "--launch-args"),
            (refused(|o| o.launch_args = Some("--x \"y".to_owned())), "--launch-args"),
            (refused(|o| o.env = vec!["MODEL".to_owned()]), "--env"),
            (refused(|o| o.env = vec!["A=1".to_owned(), "1A=2".to_owned()]), "--env"),
            (refused(|o| o.env = vec!["=2".to_owned()]), "--env"),
            (refused(|o| o.env = vec!["A B=2".to_owned()]), "--env"),
            (refused(|o| o.health_check = Some("heartbeat".to_owned())), "--health-check"),
            (refused(|o| o.base_type = Some("a b".to_owned())), "--type"),
            (refused(|o| o.base_type = Some("external".to_owned())), "--type"),
            (refused(|o| o.executable = Some(" ".to_owned())), "--executable"),
            (refused(|o| o.executable = Some("./helper".to_owned())), "--executable"),
        ] {
            assert_eq!(error.code, ErrorCode::Usage);
            assert!(error.message.starts_with(option) && !error.hint.is_empty(), "{option}: {error:?}");
        }
        assert!(Changes::of(&DefineOptions::default()).unwrap().is_empty());
    }
}
