//! Prompts: the `[prompt]` table of our own manifests, the prompts of other programs, and the inputs that they need.

use super::fields::TableFields;
use super::schema_loose;
use crate::domain::{Problem, PromptDefinition};
use serde_json::{Map, Value, json};

/// Reads the `[prompt]` table. `is_checked`: whether an output schema describes the answer.
pub(super) fn table(fields: &mut TableFields<'_, '_>, is_checked: bool) -> Result<PromptDefinition, Problem> {
    let mut table = fields.table("prompt")?;
    let prompt = PromptDefinition {
        system: table.text("system")?,
        template: table.text("template")?,
        template_file: table.text("file")?,
        generator: table.text("generator")?,
        max_tokens: table.count("max_tokens")?.filter(|most| *most > 0),
        timeout_ms: table.milliseconds("timeout")?,
        is_answer_checked: is_checked,
    };
    table.nothing_else()?;
    Ok(prompt)
}

/// The prompt of another program: its texts under `llm` or `prompt`, or at the top. Without any, its description is the
/// prompt. Its model is that program's own.
pub(super) fn foreign(fields: &TableFields<'_, '_>, description: &str) -> PromptDefinition {
    let look = |keys: &[&str]| {
        let inside = ["llm", "prompt"].iter().filter_map(|table| fields.peek(table)).filter(|table| table.is_object());
        let inside = inside.flat_map(|table| keys.iter().filter_map(|key| table.get(*key)));
        let all = inside.chain(keys.iter().filter_map(|key| fields.peek(key)));
        all.filter_map(Value::as_str).find(|text| !text.trim().is_empty()).map(str::to_owned)
    };
    let template = look(&["prompt_template", "template", "user_prompt", "prompt"]);
    let described = || Some(description.trim().to_owned()).filter(|text| template.is_none() && !text.is_empty());
    let system = look(&["system_prompt", "system", "system_message"]).or_else(described);
    PromptDefinition { system, template, ..PromptDefinition::default() }
}

/// The input schema of a prompt. Where nothing is declared, it needs what its template names, and may be given what its
/// system text names; without a template it needs the question itself.
pub(super) fn input(declared: Option<Value>, prompt: &PromptDefinition) -> Option<Value> {
    let (asked, ruled) = prompt.inputs();
    let text = || json!({"type": "string"});
    match declared {
        Some(Value::Object(mut schema)) => {
            let fields = schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(fields) = fields {
                for name in asked {
                    fields.entry(name).or_insert_with(text);
                }
            }
            Some(Value::Object(schema))
        }
        Some(other) => Some(other),
        None if prompt.template.is_none() && prompt.template_file.is_some() => None,
        None if prompt.template.is_none() => schema_loose::with_inputs(None, &["prompt".to_owned()]),
        None => {
            let mut schema = schema_loose::with_inputs(None, &asked);
            if let Some(Value::Object(fields)) = schema.as_mut().and_then(|schema| schema.get_mut("properties")) {
                fields.extend(ruled.into_iter().map(|name| (name, text())));
            }
            schema
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::{Document, Syntax};
    use crate::catalog::draft::Draft;
    use crate::domain::{Kind, Manifest};

    fn read(text: &str, syntax: Syntax) -> Manifest {
        let document = Document::parse("t/x.yaml", syntax, text.as_bytes()).unwrap();
        Draft::of(&document).unwrap().manifest
    }

    #[test]
    fn a_table_is_read_and_its_template_names_the_inputs() {
        let text = "name = \"x\"\nkind = \"prompt\"\n[prompt]\nsystem = \"Be {tone}.\"\ntemplate = \"Say {input.text}\"\n\
                    generator = \"local\"\ntimeout = \"90s\"\nmax_tokens = 50\n[output]\ntype = \"object\"\n";
        let manifest = read(text, Syntax::Toml);
        let prompt = manifest.prompt.unwrap();
        assert_eq!((manifest.kind, manifest.recipe, prompt.is_answer_checked), (Kind::Prompt, None, true));
        assert_eq!(
            (prompt.generator.as_deref(), prompt.timeout_ms, prompt.max_tokens),
            (Some("local"), Some(90_000), Some(50))
        );
        let input = manifest.input.unwrap();
        assert_eq!(input["required"], json!(["text"]));
        assert_eq!(input["properties"]["tone"], json!({"type": "string"}));
    }

    #[test]
    fn prompts_of_others_are_read_as_they_lie() {
        let inside = "name: x\ntype: llm\nllm: {model: llama3, system_prompt: S, prompt_template: 'Q {code}'}\n";
        let top = "name: x\ntype: llm\nsystem_prompt: S\nprompt_template: 'Q {code}'\nllm: {tier: a}\n";
        for text in [inside, top] {
            let manifest = read(text, Syntax::Yaml);
            let prompt = manifest.prompt.unwrap();
            assert_eq!((prompt.system.as_deref(), prompt.template.as_deref()), (Some("S"), Some("Q {code}")));
            assert_eq!(manifest.input.unwrap()["required"], json!(["code"]));
        }
        let described = read("name: x\ntype: llm\ndescription: Explains code.\nllm: {model: m}\n", Syntax::Yaml);
        assert_eq!(described.prompt.unwrap().system.as_deref(), Some("Explains code."));
        let bare = read("name: x\ntype: llm\nllm: {system_prompt: S}\n", Syntax::Yaml);
        assert_eq!(bare.input.unwrap()["required"], json!(["prompt"]));
    }

    #[test]
    fn declared_inputs_stay_and_what_else_the_template_names_is_optional() {
        let text = "name: x\ntype: llm\ninput_schema: {a: str}\nllm: {prompt_template: '{a} {b} /{c.d}'}\n";
        let input = read(text, Syntax::Yaml).input.unwrap();
        assert!(input["properties"].get("b").is_some() && input["properties"].get("c.d").is_none(), "{input}");
        assert!(!input["required"].as_array().is_some_and(|names| names.contains(&json!("b"))), "{input}");
    }
}
