//! The context of an instance: staged prompts, and prompts that are sent with the next message.

use super::Services;
use crate::domain::service::InstanceContext;
use crate::domain::{Caller, Redactor, plural};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::Preview;

/// Maximum number of waiting prompts of each kind.
const MOST_PROMPTS: usize = 64;

/// Maximum length of a prompt, bytes.
const MAX_PROMPT: usize = 64 * 1024;

/// A change of the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextEdit {
    /// Stages a prompt: it is not sent until it is promoted.
    Stage(String),
    /// Sends the staged prompts with the next message, in order.
    Promote,
    /// Sends a prompt with the next message.
    Inject(String),
    /// Deletes all prompts and the latest answer. The exchanges are kept.
    Clear,
}

impl Services<'_> {
    /// The context of an instance.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn context(&self, name: &str) -> Result<InstanceContext, EngineError> {
        let row = self.named(name)?;
        self.workspace.read(|q| Ok(q.services().context_of(row.instance.id)?))
    }

    /// The effect of these changes, as text.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) fn preview_context(&self, name: &str, edits: &[ContextEdit]) -> Result<Preview, EngineError> {
        let context = self.context(name)?;
        let (title, undo) = match edits {
            [ContextEdit::Clear] => (format!("Clear the context of {name}?"), "cannot be undone"),
            _ => (format!("Change the context of {name}?"), ""),
        };
        let lines = edits.iter().map(|edit| told(edit, &context)).collect();
        Ok(Preview { title, lines, undo: undo.to_owned() })
    }

    /// Changes the context of an instance: all changes in order, in one transaction.
    ///
    /// # Errors
    /// `NotFound`; `Usage` for a prompt that is empty or too long, or one too many; as [`Self::launch`] for an agent
    /// that may not run the tool.
    pub fn edit_context(
        &self,
        name: &str,
        edits: &[ContextEdit],
        caller: &Caller,
    ) -> Result<InstanceContext, EngineError> {
        let row = self.named(name)?;
        self.demand_may_run(&row, caller)?;
        self.workspace.transact(|tx| {
            let mut context = tx.services().context_of(row.instance.id)?;
            edits.iter().try_for_each(|edit| change(&mut context, edit))?;
            tx.keep_services().put_context(row.instance.id, &context, &row.instance.name)?;
            Ok(context)
        })
    }
}

fn change(context: &mut InstanceContext, edit: &ContextEdit) -> Result<(), EngineError> {
    match edit {
        ContextEdit::Stage(prompt) => push(&mut context.staged, prompt),
        ContextEdit::Inject(prompt) => push(&mut context.next, prompt),
        ContextEdit::Promote => {
            if context.staged.is_empty() {
                return Err(usage("no prompt is staged", "--stage TEXT stages one"));
            }
            if context.next.len() + context.staged.len() > MOST_PROMPTS {
                return Err(too_many(context.next.len()));
            }
            context.next.append(&mut context.staged);
            Ok(())
        }
        ContextEdit::Clear => {
            *context = InstanceContext::default();
            Ok(())
        }
    }
}

/// A change in one line.
fn told(edit: &ContextEdit, context: &InstanceContext) -> String {
    match edit {
        ContextEdit::Stage(prompt) => format!("stages the prompt {prompt:?}; it is not sent before it is promoted"),
        ContextEdit::Promote => {
            let staged = plural(context.staged.len(), "staged prompt", "staged prompts");
            format!("sends {staged} with the next message")
        }
        ContextEdit::Inject(prompt) => format!("sends the prompt {prompt:?} with the next message"),
        ContextEdit::Clear => {
            let staged = plural(context.staged.len(), "staged prompt", "staged prompts");
            let next = plural(context.next.len(), "prompt", "prompts");
            let output = if context.last_output.is_some() { " and the last output" } else { "" };
            format!("deletes {staged}, {next} of the next message{output}; what was said is kept")
        }
    }
}

fn push(prompts: &mut Vec<String>, prompt: &str) -> Result<(), EngineError> {
    if prompt.trim().is_empty() || prompt.len() > MAX_PROMPT {
        return Err(usage(&format!("a prompt has 1 to {MAX_PROMPT} bytes, and not only blanks"), ""));
    }
    if prompts.len() >= MOST_PROMPTS {
        return Err(too_many(prompts.len()));
    }
    let prompt = Redactor::default().text(prompt);
    prompts.push(prompt);
    Ok(())
}

fn too_many(waiting: usize) -> EngineError {
    let message =
        format!("{} already, and there can be {MOST_PROMPTS}", plural(waiting, "prompt waits", "prompts wait"));
    usage(&message, "send a message, or --clear them")
}

fn usage(message: &str, hint: &str) -> EngineError {
    EngineError::new(ErrorCode::Usage, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(edits: &[ContextEdit]) -> Result<InstanceContext, EngineError> {
        let mut context = InstanceContext { last_output: Some("said".into()), ..InstanceContext::default() };
        edits.iter().try_for_each(|edit| change(&mut context, edit)).map(|()| context)
    }

    #[test]
    fn a_preview_counts_what_would_be_deleted() {
        let (staged, next) = (vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]);
        let mut context = InstanceContext { last_output: Some("said".into()), staged, next };
        let expected =
            "deletes 1 staged prompt, 2 prompts of the next message and the last output; what was said is kept";
        assert_eq!(told(&ContextEdit::Clear, &context), expected);
        context.last_output = None;
        assert!(!told(&ContextEdit::Clear, &context).contains("output"));
        assert_eq!(told(&ContextEdit::Promote, &context), "sends 1 staged prompt with the next message");
    }

    #[test]
    fn prompts_go_from_staged_to_next_in_order() {
        use ContextEdit::{Clear, Inject, Promote, Stage};
        let edits = [Stage("a".into()), Stage("b".into()), Inject("now".into()), Promote, Stage("c".into())];
        let context = after(&edits).unwrap();
        assert_eq!((context.next, context.staged), (vec!["now".into(), "a".into(), "b".into()], vec!["c".to_owned()]));
        assert_eq!(after(&[Stage("a".into()), Clear]).unwrap(), InstanceContext::default());
        assert!(after(&[Promote]).is_err(), "nothing is staged");
        assert!(after(&[Inject(" \n".into())]).is_err(), "blank");
        assert!(after(&[Inject("x".repeat(MAX_PROMPT + 1))]).is_err(), "too long");
        assert!(after(&vec![Stage("a".into()); MOST_PROMPTS + 1]).is_err(), "too many");
    }
}
