//! The names of rows for the tools of a server.

use super::lock::ToolLock;
use crate::domain::name::{MAX_NAME_CHARS, ToolName};

/// The local name of a tool of a server, or why it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberName {
    /// Its name on the server.
    pub wire: String,
    /// `SERVER.TOOL`, or why there is none.
    pub name: Result<ToolName, String>,
}

/// The local names of a server's tools, in the order of the list. Two tools with the same resulting name get none.
pub fn member_names(server: &ToolName, lock: &ToolLock) -> Vec<MemberName> {
    let made: Vec<(String, Option<ToolName>)> =
        lock.tools.iter().map(|tool| (tool.name().to_owned(), of_wire(server, tool.name()))).collect();
    let clash = |wire: &str, name: &ToolName| {
        made.iter().find(|(other, of)| other != wire && of.as_ref() == Some(name)).map(|(other, _)| other.clone())
    };
    made.iter()
        .map(|(wire, name)| {
            let name = match name {
                None => Err("its name has no letters for a tool name, or is too long".to_owned()),
                Some(name) => match clash(wire, name) {
                    Some(other) => Err(format!("{wire:?} and {other:?} would both be called {name}")),
                    None => Ok(name.clone()),
                },
            };
            MemberName { wire: wire.clone(), name }
        })
        .collect()
}

fn of_wire(server: &ToolName, wire: &str) -> Option<ToolName> {
    let own = ToolName::of_title(wire)?;
    let name = format!("{server}.{own}");
    (name.len() <= MAX_NAME_CHARS).then(|| ToolName::new(&name).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_come_from_the_wire_and_clashes_are_told() {
        let wires = ["create_issue", "Read File", "read_file", "a/b", "\u{6e2c}", &"x".repeat(64)];
        let tools = wires.iter().map(|wire| json!({"name": wire})).collect();
        let lock = ToolLock::of(String::new(), (json!(null), String::new()), Vec::new(), tools).unwrap();
        let names: Vec<Option<String>> = member_names(&ToolName::new("hub").unwrap(), &lock)
            .into_iter()
            .map(|member| member.name.ok().map(|name| name.to_string()))
            .collect();
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(names, [some("hub.create_issue"), None, None, some("hub.a_b"), None, None]);
    }
}
