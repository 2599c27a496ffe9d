//! What an instance keeps in mind: prompts that somebody prepared, and those that go with the next message.

use super::Services;
use crate::domain::service::InstanceContext;
use crate::domain::{Caller, Redactor};
use crate::engine::error::{EngineError, ErrorCode};

/// Prompts that may wait at one time, of each kind.
const MOST_PROMPTS: usize = 64;

/// Longest prompt, bytes.
const MAX_PROMPT: usize = 64 * 1024;

/// A change of what an instance keeps in mind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextEdit {
    /// Prepares a prompt: it is not sent before it is promoted.
    Stage(String),
    /// Lets the prepared prompts go with the next message, in order.
    Promote,
    /// Lets a prompt go with the next message.
    Inject(String),
    /// Forgets all prompts and the newest answer. What was said is kept.
    Clear,
}

impl Services<'_> {
    /// What an instance keeps in mind.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn context(&self, name: &str) -> Result<InstanceContext, EngineError> {
        let row = self.named(name)?;
        self.workspace.read(|q| Ok(q.services().context_of(row.instance.id)?))
    }

    /// Changes what an instance keeps in mind, one change after the other in one transaction.
    ///
    /// # Errors
    /// `NotFound`; `Usage` for a prompt that is empty or too long, or one too many; as [`Self::launch`] for an agent that
    /// may not run the tool.
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
            context.next.append(&mut context.staged);
            Ok(())
        }
        ContextEdit::Clear => {
            *context = InstanceContext::default();
            Ok(())
        }
    }
}

fn push(prompts: &mut Vec<String>, prompt: &str) -> Result<(), EngineError> {
    if prompt.trim().is_empty() || prompt.len() > MAX_PROMPT {
        return Err(usage(&format!("a prompt has 1 to {MAX_PROMPT} bytes, and not only blanks"), ""));
    }
    if prompts.len() >= MOST_PROMPTS {
        return Err(usage(&format!("{MOST_PROMPTS} prompts wait already"), "send a message, or --clear them"));
    }
    let prompt = Redactor::default().text(prompt);
    prompts.push(prompt);
    Ok(())
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
