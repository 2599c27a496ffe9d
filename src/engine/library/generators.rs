//! Whether a prompt can run here: it needs one of the user's generators.

use crate::domain::{Kind, NEEDS_GENERATOR, SafeText, Tool};
use crate::engine::settings::Settings;

/// Names of the usable generators.
pub fn names(settings: &Settings) -> Vec<String> {
    settings.generators.iter().map(|setting| setting.name.clone()).collect()
}

/// Marks a prompt as not runnable if the generator that it names, or every generator, is missing.
pub fn settle(tool: &mut Tool, generators: &[String]) {
    if tool.kind != Kind::Prompt || !tool.runnable {
        return;
    }
    let why = match &tool.generator {
        Some(name) if generators.contains(name) => return,
        Some(name) => format!("the settings have no [generators.{}]; add it to config.toml", SafeText::new(name)),
        None if !generators.is_empty() => return,
        None => "add one to config.toml, for example [generators.local] api = \"ollama\" model = \"NAME\"".to_owned(),
    };
    tool.runnable = false;
    tool.reason = Some(format!("{NEEDS_GENERATOR}{why}"));
}

/// The row before [`settle`].
pub fn unsettle(tool: &mut Tool) {
    if tool.kind == Kind::Prompt && tool.reason.as_ref().is_some_and(|reason| reason.starts_with(NEEDS_GENERATOR)) {
        tool.runnable = true;
        tool.reason = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ToolExtras;

    #[test]
    fn a_prompt_needs_the_generator_that_it_names_or_any() {
        let prompt = |generator: Option<&str>| Tool {
            kind: Kind::Prompt,
            extras: ToolExtras { generator: generator.map(str::to_owned), ..ToolExtras::default() }.into(),
            ..Tool::ordinary("x")
        };
        let runs = |generator: Option<&str>, known: &[&str]| {
            let mut tool = prompt(generator);
            settle(&mut tool, &known.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
            let is_runnable = tool.runnable;
            unsettle(&mut tool);
            assert_eq!(tool, prompt(generator));
            is_runnable
        };
        assert_eq!((runs(None, &[]), runs(None, &["a"])), (false, true));
        assert_eq!((runs(Some("b"), &["a"]), runs(Some("a"), &["a"])), (false, true));
    }
}
