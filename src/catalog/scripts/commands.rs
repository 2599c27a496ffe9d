//! Sub-commands of a script: which inputs belong to which, and where each stands on the command line.

use super::option_words::computed_words;
use super::{Declared, DeclaredInput, input_name};
use crate::domain::{ArgCondition, ArgRule};
use serde_json::{Map, Value, json};

/// A parser: the program, or one of its commands.
#[derive(Debug, Default, Clone)]
struct CommandNode {
    name: String,
    words: String,
    inputs: Vec<DeclaredInput>,
    commands: Vec<usize>,
    /// Other names that it answers to.
    aliases: Vec<String>,
    /// Whether it has commands whose names are worked out while it runs.
    has_computed: bool,
}

impl CommandNode {
    /// Its names. One with commands of its own is offered by the first.
    fn names(&self) -> impl Iterator<Item = &String> {
        let aliases = if self.commands.is_empty() { self.aliases.as_slice() } else { &[] };
        std::iter::once(&self.name).chain(aliases)
    }

    /// What is said of it; empty for nothing.
    fn described(&self) -> String {
        let also = match self.aliases.as_slice() {
            [] => String::new(),
            aliases => format!(" (also {})", aliases.join(", ")),
        };
        match (self.words.as_str(), also.as_str()) {
            ("", "") => String::new(),
            ("", also) => format!("{}{also}", self.name),
            (words, also) => format!("{}{also}: {words}", self.name),
        }
    }

    /// Whether one of its commands must be chosen.
    fn has_commands(&self) -> bool {
        !self.commands.is_empty() || self.has_computed
    }
}

/// The place of a parser in its tree; `ROOT` is the program.
pub(super) type NodeId = usize;

pub(super) const ROOT: NodeId = 0;

/// The parsers of a script.
#[derive(Debug)]
pub(super) struct CommandTree {
    nodes: Vec<CommandNode>,
    /// Options of some commands, nobody knows which.
    loose: Vec<DeclaredInput>,
}

impl Default for CommandTree {
    fn default() -> CommandTree {
        CommandTree { nodes: vec![CommandNode::default()], loose: Vec::new() }
    }
}

impl CommandTree {
    /// Adds a parser that is not below another one.
    pub(super) fn add_apart(&mut self) -> NodeId {
        self.nodes.push(CommandNode::default());
        self.nodes.len() - 1
    }

    /// Adds a command below a parser; the one of that name where there is one.
    pub(super) fn add_command(&mut self, parent: NodeId, name: &str, words: &str) -> NodeId {
        let is_it = |id: &&usize| self.nodes[**id].name == name;
        if let Some(known) = self.nodes[parent].commands.iter().find(is_it) {
            return *known;
        }
        let id = self.add_apart();
        self.attach(parent, id, name, words);
        id
    }

    /// Makes a parser that stands apart a command of another one.
    pub(super) fn attach(&mut self, parent: NodeId, node: NodeId, name: &str, words: &str) {
        if node == ROOT || node == parent || self.nodes.iter().any(|one| one.commands.contains(&node)) {
            return;
        }
        name.clone_into(&mut self.nodes[node].name);
        words.clone_into(&mut self.nodes[node].words);
        self.nodes[parent].commands.push(node);
    }

    /// Says what a command does, where nothing is said yet.
    pub(super) fn describe(&mut self, node: NodeId, words: &str) {
        if self.nodes[node].words.is_empty() {
            words.clone_into(&mut self.nodes[node].words);
        }
    }

    /// Adds other names of a command.
    pub(super) fn add_aliases(&mut self, node: NodeId, aliases: impl IntoIterator<Item = String>) {
        self.nodes[node].aliases.extend(aliases);
    }

    /// Notes that a parser has a command whose name is worked out while it runs.
    pub(super) fn note_computed(&mut self, parent: NodeId) {
        self.nodes[parent].has_computed = true;
    }

    /// Notes the same, where its options are not known either: they are passed as they are given.
    pub(super) fn note_computed_with_words(&mut self, parent: NodeId) {
        self.note_computed(parent);
        let rest = computed_words(&self.loose);
        self.push_loose(rest);
    }

    /// Adds the words of a parser whose options are worked out while it runs. They stand behind all others.
    pub(super) fn push_computed(&mut self, node: NodeId) {
        let is_known = self.nodes[node].inputs.iter().any(|input| input.rule.as_ref().is_some_and(ArgRule::is_raw));
        if !is_known {
            let rest = computed_words(&self.nodes[node].inputs);
            self.nodes[node].inputs.push(rest);
        }
    }

    pub(super) fn inputs(&self, node: NodeId) -> &[DeclaredInput] {
        &self.nodes[node].inputs
    }

    /// Adds an input; what is passed the same way is known already.
    pub(super) fn push(&mut self, node: NodeId, input: DeclaredInput) {
        let inputs = &mut self.nodes[node].inputs;
        let is_same = |known: &DeclaredInput| match (&known.rule, &input.rule) {
            (Some(known), Some(rule)) if !rule.is_position() => known.place == rule.place,
            (known, rule) => known == rule,
        };
        if !inputs.iter().any(is_same) {
            inputs.push(input);
        }
    }

    /// The input that was added last.
    pub(super) fn last_mut(&mut self, node: NodeId) -> Option<&mut DeclaredInput> {
        self.nodes[node].inputs.last_mut()
    }

    /// Adds an input that belongs to some commands: it is passed where it is given.
    pub(super) fn push_loose(&mut self, mut input: DeclaredInput) {
        input.required = false;
        input.schema.remove("default");
        if !self.loose.iter().any(|known| known.rule == input.rule) {
            self.loose.push(input);
        }
    }

    pub(super) fn loose(&self) -> &[DeclaredInput] {
        &self.loose
    }

    pub(super) fn has_commands(&self, node: NodeId) -> bool {
        self.nodes[node].has_commands()
    }

    /// What the script declares: options and then plain words of the program, the command, and what belongs to each command.
    pub(super) fn declared(self, description: Option<String>) -> Declared {
        let mut found = Found::default();
        found.put(&self, ROOT, None, 0);
        let has_commands = self.has_commands(ROOT);
        for input in &self.loose {
            found.add(input, None, "");
        }
        let rules = if has_commands { found.rules } else { Vec::new() };
        let inputs = found.inputs.into_iter().map(|one| one.described(has_commands)).collect();
        Declared { description, inputs, rules, needed: found.needed, ..Declared::default() }
    }
}

/// Commands of commands are followed so deep.
const MAX_DEPTH: usize = 6;

/// An input and the commands that take it.
struct FoundInput {
    input: DeclaredInput,
    commands: Vec<String>,
}

impl FoundInput {
    /// With the names of its commands in its words.
    fn described(mut self, has_commands: bool) -> DeclaredInput {
        if has_commands && !self.commands.is_empty() {
            let words = self.input.schema.get("description").and_then(Value::as_str).unwrap_or_default();
            let words = format!("{words} (for {})", self.commands.join(", "));
            self.input.describe(&words);
        }
        self.input
    }
}

/// What was found on the way through a tree.
#[derive(Default)]
struct Found {
    inputs: Vec<FoundInput>,
    rules: Vec<ArgRule>,
    needed: Vec<(ArgCondition, Vec<String>)>,
}

impl Found {
    fn put(&mut self, tree: &CommandTree, node: NodeId, when: Option<&ArgCondition>, depth: usize) {
        let one = &tree.nodes[node];
        let is_word = |input: &&DeclaredInput| input.rule.as_ref().is_some_and(ArgRule::is_position);
        // Options first and then plain words, as every parser reads them.
        let is_raw = |input: &&DeclaredInput| input.rule.as_ref().is_some_and(ArgRule::is_raw);
        let options = one.inputs.iter().filter(|input| !is_word(input));
        let mut needed = Vec::new();
        for input in options.chain(one.inputs.iter().filter(|input| is_word(input) && !is_raw(input))) {
            let name = self.add(input, when, &one.name);
            needed.extend(input.required.then_some(name));
        }
        if one.has_commands() && depth < MAX_DEPTH {
            let command = self.command(tree, one, when);
            needed.push(command.clone());
            for child in &one.commands {
                for value in tree.nodes[*child].names() {
                    let when = ArgCondition { input: command.clone(), value: value.clone() };
                    self.put(tree, *child, Some(&when), depth + 1);
                }
            }
        }
        // What is passed as it is given stands behind a command, which would be the first of these words otherwise.
        for input in one.inputs.iter().filter(is_raw) {
            self.add(input, when, &one.name);
        }
        if let Some(when) = when.filter(|_| !needed.is_empty()) {
            self.needed.push((when.clone(), needed));
        }
    }

    /// Adds an input; the name that it has in the form.
    fn add(&mut self, input: &DeclaredInput, when: Option<&ArgCondition>, command: &str) -> String {
        let name = self.name(input, when.is_some(), command);
        let rule = input.rule.clone().map(|rule| ArgRule { input: name.clone(), only_if: when.cloned(), ..rule });
        self.rules.extend(rule.clone());
        let commands = when.iter().map(|when| when.value.clone());
        if let Some(known) = self.inputs.iter_mut().find(|known| known.input.name == name) {
            known.commands.extend(commands);
            // What the commands say differently is said of none.
            for key in ["default", "description"] {
                if known.input.schema.get(key) != input.schema.get(key) {
                    known.input.schema.remove(key);
                }
            }
        } else {
            let required = input.required && when.is_none();
            let input = DeclaredInput { name: name.clone(), required, rule, ..input.clone() };
            self.inputs.push(FoundInput { input, commands: commands.collect() });
        }
        name
    }

    /// The name of an input: that of the same input of another command, else one that is free.
    fn name(&self, input: &DeclaredInput, is_of_command: bool, command: &str) -> String {
        let Some(known) = self.inputs.iter().find(|known| known.input.name == input.name) else {
            return input.name.clone();
        };
        let place = |input: &DeclaredInput| input.rule.as_ref().map(|rule| (rule.place.clone(), rule.is_together));
        let is_same = kind(&known.input.schema) == kind(&input.schema) && place(&known.input) == place(input);
        if is_of_command && is_same && !known.commands.is_empty() {
            return input.name.clone();
        }
        let taken: Vec<DeclaredInput> = self.inputs.iter().map(|known| known.input.clone()).collect();
        input_name(&format!("{command} {}", input.name), "value", &taken)
    }

    /// The input that chooses a command; its name.
    fn command(&mut self, tree: &CommandTree, node: &CommandNode, when: Option<&ArgCondition>) -> String {
        let taken: Vec<DeclaredInput> = self.inputs.iter().map(|known| known.input.clone()).collect();
        let name = input_name(&format!("{} command", node.name), "command", &taken);
        let mut input = DeclaredInput::text(&name, ArgRule::position(&name));
        let commands = || node.commands.iter().map(|id| &tree.nodes[*id]);
        let names: Vec<Value> = commands().flat_map(CommandNode::names).map(|name| json!(name)).collect();
        let mut words: Vec<String> = commands().map(CommandNode::described).filter(|words| !words.is_empty()).collect();
        if node.has_computed {
            // Which others there are only the script knows.
            words.push(format!("{} names that the script computes", if names.is_empty() { "has" } else { "and" }));
        }
        if !names.is_empty() {
            input.put(if node.has_computed { "examples" } else { "enum" }, names);
        }
        input.describe(&words.join("; "));
        input.required = true;
        let name = self.add(&input, when, "");
        if when.is_none() {
            // What is chosen first is asked first.
            self.inputs.rotate_right(1);
        }
        name
    }
}

/// What a schema says but for its words and its default.
fn kind(schema: &Map<String, Value>) -> Map<String, Value> {
    let says = |(key, _): &(&String, &Value)| !matches!(key.as_str(), "description" | "default");
    schema.iter().filter(says).map(|(key, value)| (key.clone(), value.clone())).collect()
}
