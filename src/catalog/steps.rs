//! The steps of a composite: `[[steps]]` and `result` of a native manifest, and the workflows of other programs.
//!
//! Native steps are parsed strictly. Steps of a foreign workflow are read leniently, with common alternative names;
//! other keys of a step stay in `extra`.

use super::fields::TableFields;
use super::limits::LIST_ITEMS;
use crate::domain::composite::{Composite, Step};
use crate::domain::{CostTier, Kind, Problem, StepTool, StepTools};
use serde_json::{Map, Value, json};

/// The tools that the steps of a composite call.
pub(super) fn step_tools(composite: &Composite, tier: Option<CostTier>) -> StepTools {
    let step = |step: &Step| StepTool { id: step.id.clone(), tool: step.tool.clone(), fault: None };
    StepTools { tier, steps: composite.steps.iter().map(step).collect() }
}

/// Reads `[[steps]]` and `result`; `None` for a manifest of another kind.
///
/// # Errors
/// The first problem of the steps, also that a manifest of another kind has some.
pub(super) fn native(fields: &mut TableFields<'_, '_>, kind: Kind) -> Result<Option<Composite>, Problem> {
    if kind != Kind::Composite {
        return match fields.peek("steps") {
            Some(Value::Array(items)) if items.iter().any(|item| item.get("tool").is_some()) => Err(fields.bad(
                "steps",
                format!("the kind is {kind}, but there are [[steps]]"),
                "write kind = \"composite\", or remove the steps",
            )),
            _ => Ok(None),
        };
    }
    let mut steps = Vec::new();
    for mut table in fields.tables("steps")? {
        let step = Step {
            id: table.text("id")?.ok_or_else(|| table.bad("id", "the step has no id".to_owned(), "add id"))?,
            description: table.text("description")?.unwrap_or_default(),
            tool: table.text("tool")?.unwrap_or_default(),
            input: input(&mut table)?,
            after: table.peek("after").is_some().then(|| table.words("after")).transpose()?,
            parallel: table.text("parallel")?,
            when: table.text("when")?,
        };
        table.nothing_else()?;
        steps.push(step);
    }
    let composite = Composite { steps, result: fields.any("result") };
    composite.check().map_err(|error| fields.bad("steps", error.to_string(), "correct the steps"))?;
    Ok(Some(composite))
}

fn input(table: &mut TableFields<'_, '_>) -> Result<Option<Value>, Problem> {
    match table.any("input") {
        Some(Value::String(text)) if text.trim_start().starts_with('{') => Ok(Some(Value::String(text))),
        None => Ok(None),
        Some(value @ Value::Object(_)) => Ok(Some(value)),
        Some(_) => {
            Err(table.bad("input", "input is not a table".to_owned(), "write input = { NAME = \"{input.NAME}\" }"))
        }
    }
}

/// The steps of a foreign workflow: at the top, or under `workflow` or `workflow_spec`. `None` when it has none.
pub(super) fn foreign(fields: &TableFields<'_, '_>) -> Option<Composite> {
    let nested = ["workflow", "workflow_spec", "spec"];
    let list = |value: &Value| value.as_array().cloned();
    let written = fields
        .peek("steps")
        .and_then(list)
        .or_else(|| nested.iter().find_map(|key| fields.peek(key)?.get("steps").and_then(list)))?;
    let mut foreign = ForeignSteps { outputs: Vec::new() };
    let mut steps: Vec<Step> = Vec::new();
    for (at, written) in written.iter().take(LIST_ITEMS).enumerate() {
        let step = foreign.step(at, written, &steps);
        steps.push(step);
    }
    let result = fields.peek("outputs").and_then(Value::as_object).and_then(|outputs| foreign.result(outputs));
    Some(Composite { steps, result })
}

/// The schema of the input that placeholders ask for, where a definition states none: any value, none of them needed.
pub(super) fn input_schema(composite: &Composite) -> Option<Value> {
    let fields: Map<String, Value> = composite.inputs().into_iter().map(|name| (name, json!({}))).collect();
    (!fields.is_empty()).then(|| json!({"type": "object", "properties": fields}))
}

/// Why steps can never be executed, or that there are none.
pub(super) fn fault(composite: Option<&Composite>) -> Option<String> {
    composite.cloned().unwrap_or_default().check().err().map(|error| error.to_string())
}

/// The known facts about the steps read so far.
struct ForeignSteps {
    /// Name of each step as it is written, its name here, and what it calls its output.
    outputs: Vec<(String, String, Option<String>)>,
}

impl ForeignSteps {
    fn step(&mut self, at: usize, written: &Value, before: &[Step]) -> Step {
        let text = |keys: &[&str]| keys.iter().find_map(|key| written.get(*key)?.as_str()).map(str::trim);
        let said = text(&["step_id", "id", "name"]).unwrap_or_default();
        let mut id = slug(said);
        if id.is_empty() || before.iter().any(|step| step.id == id) {
            id = format!("{id}{}step_{}", if id.is_empty() { "" } else { "_" }, at + 1);
        }
        let tool = text(&["tool", "tool_name", "tool_id", "uses"]).unwrap_or_default();
        let output = text(&["output_name", "output"]).map(str::to_owned);
        self.outputs.push((said.to_owned(), id.clone(), output));
        let inputs = ["input_mapping", "input", "inputs", "params", "parameters", "arguments", "with"];
        let input = inputs.iter().find_map(|key| written.get(*key).filter(|value| value.is_object()));
        let after = ["depends_on", "after", "needs"].iter().find_map(|key| written.get(*key));
        Step {
            id,
            description: text(&["description"]).unwrap_or_default().to_owned(),
            tool: tool.to_owned(),
            input: input.map(|input| self.mapped(input)),
            after: after.map(|after| self.names(after)),
            parallel: ["parallel_group", "parallel"].iter().find_map(|key| group(written.get(*key)?)),
            when: text(&["when", "condition", "if"]).map(|rule| condition(rule, before.last())),
        }
    }

    fn names(&self, after: &Value) -> Vec<String> {
        let words: Vec<&str> = match after {
            Value::String(word) => vec![word],
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        words.into_iter().map(|word| self.known(word)).collect()
    }

    /// The name here of a step that is written so.
    fn known(&self, said: &str) -> String {
        let found = self.outputs.iter().find(|(name, ..)| name == said).map(|(_, id, _)| id.clone());
        found.unwrap_or_else(|| slug(said))
    }

    /// A mapping with its references as placeholders.
    fn mapped(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.placeholder(text).unwrap_or_else(|| text.clone())),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.mapped(item)).collect()),
            Value::Object(members) => {
                members.iter().map(|(key, value)| (key.clone(), self.mapped(value))).collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    /// The placeholder that a text means as a whole: `inputs.topic`, `steps.write.article`, also in `${…}` or `{{…}}`.
    fn placeholder(&self, text: &str) -> Option<String> {
        let bare = text.trim().trim_start_matches(['$', '{', ' ']).trim_end_matches(['}', ' ']);
        if bare.is_empty() || bare.contains(char::is_whitespace) {
            return None;
        }
        let mut parts = bare.split('.');
        match parts.next()? {
            "input" | "inputs" => {
                let path: Vec<&str> = parts.collect();
                (!path.is_empty()).then(|| format!("{{input.{}}}", path.join(".")))
            }
            "steps" => {
                let said = parts.next()?;
                let id = self.known(said);
                let mut path: Vec<&str> = parts.collect();
                let output =
                    self.outputs.iter().find(|(_, known, _)| *known == id).and_then(|(.., name)| name.as_deref());
                if path.first().is_some_and(|first| ["output", "result"].contains(first) || output == Some(*first)) {
                    path.remove(0);
                }
                let place =
                    if id == said || self.outputs.iter().any(|(_, known, _)| *known == id) { id } else { return None };
                let path: Vec<&str> = [vec!["output"], path].concat();
                Some(format!("{{steps.{place}.{}}}", path.join(".")))
            }
            _ => None,
        }
    }

    /// The result that `outputs` describes with sources; `None` if there are no sources.
    fn result(&self, outputs: &Map<String, Value>) -> Option<Value> {
        let sources = outputs.iter().filter_map(|(name, output)| {
            let source = ["source_reference", "source", "from"].iter().find_map(|key| output.get(*key)?.as_str())?;
            Some((name.clone(), Value::String(self.placeholder(source)?)))
        });
        let sources: Map<String, Value> = sources.collect();
        (!sources.is_empty()).then_some(Value::Object(sources))
    }
}

/// A name of a step with the characters that names of steps may have.
fn slug(said: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = said.trim().chars().take(64).map(kept).collect();
    name.trim_matches('_').to_owned()
}

/// The name of a group, which may be a number.
fn group(written: &Value) -> Option<String> {
    match written {
        Value::String(name) => Some(name.trim().to_owned()).filter(|name| !name.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A condition. A bare name means that the step before, or the input, has that value and it is true.
fn condition(rule: &str, before: Option<&Step>) -> String {
    let is_name = rule.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !rule.starts_with(|c: char| c.is_ascii_digit())
        && !["true", "false"].contains(&rule);
    if !is_name {
        return rule.replace("inputs.", "input.");
    }
    let holds = |place: &str| format!("(has({place}.{rule}) && {place}.{rule} == true)");
    let of_input = holds("input");
    before.map_or(of_input.clone(), |step| format!("{} || {of_input}", holds(&format!("steps['{}'].output", step.id))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::{Document, Syntax};
    use crate::catalog::draft::Draft;

    fn parse(name: &str, syntax: Syntax, text: &str) -> Result<Draft, Problem> {
        Draft::of(&Document::parse(name, syntax, text.as_bytes())?)
    }

    fn composite(draft: &Draft) -> &Composite {
        draft.manifest.composite.as_ref().unwrap()
    }

    #[test]
    fn native_steps_are_read() {
        let text = "name = \"x\"\nkind = \"composite\"\n[[steps]]\nid = \"a\"\ntool = \"t@1.0.0\"\ninput = { n = \"{input.n}\" }\n\
                    [[steps]]\nid = \"b\"\ntool = \"u\"\nafter = [\"a\"]\nwhen = \"steps.a.output.n > 1\"\n[result]\nall = \"{steps.b.output}\"\n";
        let draft = parse("x/tool.toml", Syntax::Toml, text).unwrap();
        let found = composite(&draft);
        assert_eq!(found.steps[0].tool, "t@1.0.0");
        assert_eq!(found.steps[0].input, Some(json!({"n": "{input.n}"})));
        assert_eq!((found.steps[1].after.clone(), found.needs()), (Some(vec!["a".to_owned()]), vec![vec![], vec![0]]));
        assert_eq!(found.result, Some(json!({"all": "{steps.b.output}"})));
        assert_eq!((draft.manifest.kind, draft.manifest.recipe, draft.unsupported), (Kind::Composite, None, None));
        assert_eq!(draft.manifest.extra, Map::new());
    }

    #[test]
    fn wrong_steps_are_problems_with_a_line() {
        let begin = "name = \"x\"\nkind = \"composite\"\n";
        for (steps, message) in [
            ("", "it has no steps"),
            ("[[steps]]\ntool = \"t\"\n", "the step has no id"),
            ("[[steps]]\nid = \"a\"\n", "names no tool"),
            ("[[steps]]\nid = \"a\"\ntool = \"t\"\nafter = [\"b\"]\n", "refers to step b"),
            ("[[steps]]\nid = \"a\"\ntool = \"t\"\ninptu = {}\n", "unknown key"),
            ("[[steps]]\nid = \"a\"\ntool = \"t\"\ninput = 3\n", "not a table"),
        ] {
            let problem = parse("x/tool.toml", Syntax::Toml, &format!("{begin}{steps}")).unwrap_err();
            assert!(problem.message.contains(message), "{problem:?}");
        }
        let other = "name = \"x\"\n[run]\ncommand = [\"true\"]\n[[steps]]\nid = \"a\"\ntool = \"t\"\n";
        assert!(parse("x/tool.toml", Syntax::Toml, other).unwrap_err().message.contains("the kind is command"));
    }

    #[test]
    fn a_workflow_is_read_as_it_lies() {
        let text = "name: Content Summarizer\ntype: workflow\nworkflow:\n  steps:\n    - name: analyze content\n      tool: chooser\n\
                    \x20   - name: split\n      tool: splitter\n      condition: requires_splitting\n    - tool: merge\n";
        let draft = parse("tools/summarizer.yaml", Syntax::Yaml, text).unwrap();
        let steps = &composite(&draft).steps;
        let ids: Vec<_> = steps.iter().map(|step| (step.id.as_str(), step.tool.as_str())).collect();
        assert_eq!(ids, [("analyze_content", "chooser"), ("split", "splitter"), ("step_3", "merge")]);
        let wanted = "(has(steps['analyze_content'].output.requires_splitting) && \
                      steps['analyze_content'].output.requires_splitting == true) || \
                      (has(input.requires_splitting) && input.requires_splitting == true)";
        assert_eq!(steps[1].when.as_deref(), Some(wanted));
        assert_eq!(composite(&draft).needs(), [vec![], vec![0], vec![1]]);
        assert_eq!(draft.unsupported, None);
    }

    #[test]
    fn steps_with_the_same_group_are_read_as_branches() {
        let text = "workflow_id: w\nsteps:\n  - {step_id: a, tool: t, parallel_group: 1}\n  - {step_id: b, tool: t, parallel_group: 1}\n\
                    \x20 - {step_id: c, tool: t, input_mapping: {x: inputs.x}}\n";
        let draft = parse("tools/x.yaml", Syntax::Yaml, text).unwrap();
        assert_eq!(composite(&draft).needs(), [vec![], vec![], vec![0, 1]]);
        let native = "name = \"x\"\nkind = \"composite\"\n[[steps]]\nid = \"a\"\ntool = \"t\"\nparallel = \"g\"\n\
                      [[steps]]\nid = \"b\"\ntool = \"u\"\nparallel = \"g\"\n";
        assert_eq!(
            composite(&parse("x/tool.toml", Syntax::Toml, native).unwrap()).needs(),
            [vec![], Vec::<usize>::new()]
        );
    }

    #[test]
    fn steps_that_call_nothing_are_named() {
        let text = "name: x\ntype: workflow\nsteps:\n  - id: 1_load\n    action: load\n";
        let draft = parse("tools/x.yaml", Syntax::Yaml, text).unwrap();
        let told = |draft: &Draft| fault(draft.manifest.composite.as_ref()).unwrap_or_default();
        assert_eq!(told(&draft), "step 1_load names no tool; add tool");
        let none = parse("tools/x.yaml", Syntax::Yaml, "name: x\ntype: workflow\n").unwrap();
        assert!(told(&none).contains("it has no steps"));
    }
}
