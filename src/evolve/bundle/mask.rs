//! Removes secrets from a bundle before it is shown or sent.

use super::Bundle;
use crate::domain::{Redactions, Redactor};
use serde_json::Value;

impl Bundle {
    /// The same bundle, with secrets in its texts masked by a redactor, and the replacements. `left_out` states that
    /// something is masked.
    pub fn masked(mut self, redactor: &Redactor) -> (Bundle, Redactions) {
        let mut found = Redactions::default();
        for text in self.texts() {
            let (clean, here) = redactor.counted(text);
            if !here.is_empty() {
                *text = clean;
                found.add(&here);
            }
        }
        for value in self.values() {
            *value = redactor.json(value);
        }
        self.left_out.extend(found.note());
        (self, found)
    }

    /// Every text that comes from a tool or a user.
    fn texts(&mut self) -> Vec<&mut String> {
        let mut texts = vec![
            &mut self.description,
            &mut self.hint,
            &mut self.specification,
            &mut self.feedback,
            &mut self.language,
        ];
        texts.extend(self.files.iter_mut().chain(&mut self.manifest).map(|file| &mut file.text));
        for failure in &mut self.failures {
            texts.extend([&mut failure.input, &mut failure.output, &mut failure.error, &mut failure.scenario]);
        }
        texts.extend(self.comments.iter_mut().map(|comment| &mut comment.text));
        for tool in &mut self.few_shot {
            texts.extend([&mut tool.description, &mut tool.code]);
        }
        texts.extend(self.tests.iter_mut().map(|test| &mut test.name));
        texts.extend(self.examples.iter_mut().map(|example| &mut example.description));
        texts.extend(self.dependencies.iter_mut().chain(&mut self.learnt).chain(&mut self.guidelines));
        let asked = &mut self.permissions;
        texts.extend(asked.network.iter_mut().chain(&mut asked.read).chain(&mut asked.write));
        texts.extend(asked.env.iter_mut().chain(&mut asked.run));
        texts
    }

    fn values(&mut self) -> impl Iterator<Item = &mut Value> {
        let schemas = self.input.iter_mut().chain(&mut self.output);
        let tests = self.tests.iter_mut().flat_map(|test| [&mut test.input, &mut test.expect]);
        let examples = self.examples.iter_mut().flat_map(|one| [Some(&mut one.input), one.output.as_mut()]);
        schemas.chain(tests).chain(examples.flatten())
    }
}
