//! Marking a failure of a tool.

use super::row_changes::{MarkEdited, Marked};
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{MarkId, MarkWords, NewMark, Run, Severity, visible_words};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{Lesson, NewOperation, Tx};
use serde_json::json;

/// Longest scenario, in characters.
pub const MAX_SCENARIO: usize = 500;

/// The maximum length of an error in a mark, in characters; the run has the full text.
const MAX_ERROR: usize = 2_000;

/// Stores a mark; the requester is named in it. The result contains it under `mark`.
///
/// # Errors
/// `Usage` for a scenario without words, or longer than [`MAX_SCENARIO`].
pub fn mark_failure(tx: &Tx<'_>, actor: Actor<'_>, mark: NewMark) -> Result<Step, EngineError> {
    marked(tx, actor, mark, Vec::new())
}

/// Stores a mark that replaces the undone ones.
fn marked(tx: &Tx<'_>, actor: Actor<'_>, mark: NewMark, taken_back: Vec<MarkId>) -> Result<Step, EngineError> {
    check_scenario(&mark.scenario)?;
    let error = mark.error.chars().take(MAX_ERROR).collect();
    let mark = NewMark { error, who: actor.who.to_owned(), ..mark };
    let id = tx.mark_failure(&mark)?;
    for other in &taken_back {
        tx.set_mark_withdrawn(*other, true)?;
    }
    let NewMark { run, tool, digest, scenario, error, severity, tags, who } = mark;
    let detail = json!({
        "mark": id, "run": run, "digest": digest, "scenario": scenario, "error": error, "severity": severity,
        "tags": tags, "undo": UndoNote::MarkFailure(Marked { mark: id, taken_back }),
    });
    let verb = "mark-failure".to_owned();
    let operation = tx.log(&NewOperation { who, verb, subject: tool.to_string(), detail, reversible: true })?;
    let given = if tags.is_empty() { String::new() } else { format!(", tagged {}", tags.join(", ")) };
    let mut outcome = answer(Some(operation), None, format!("{tool} is marked: failed at {scenario:?}{given}"));
    outcome.detail = json!({"mark": id, "tags": tags, "severity": severity});
    Ok(Step { outcome, intents: Vec::new() })
}

/// Changes the text of a mark.
///
/// # Errors
/// `NotFound` if there is no such mark, or if it was undone; `Conflict` if nothing would change; `Usage` as for
/// [`mark_failure`].
pub fn edit_mark(tx: &Tx<'_>, actor: Actor<'_>, id: MarkId, words: MarkWords) -> Result<Step, EngineError> {
    let Some(mark) = tx.failure_mark(id)?.filter(|mark| !mark.withdrawn) else { return Err(unknown_mark(id)) };
    check_scenario(&words.scenario)?;
    let words = MarkWords { error: words.error.chars().take(MAX_ERROR).collect(), ..words };
    let before = mark.words();
    if before == words {
        let message = format!("mark {id} already says that");
        return Err(EngineError::new(ErrorCode::Conflict, message, "give --scenario, --error or --severity"));
    }
    tx.set_mark_words(id, &words)?;
    let detail = json!({
        "mark": id, "before": before, "after": words,
        "undo": UndoNote::EditMark(MarkEdited { mark: id, before: before.clone() }),
    });
    let (who, verb) = (actor.who.to_owned(), "edit-mark".to_owned());
    let operation = tx.log(&NewOperation { who, verb, subject: mark.tool.to_string(), detail, reversible: true })?;
    let message = format!("mark {id} of {} is {}: failed at {:?}", mark.tool, words.severity, words.scenario);
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

/// The error for a mark that does not exist.
pub fn unknown_mark(id: MarkId) -> EngineError {
    let hint = "`toolsmith failures --marks` lists marks with their numbers";
    EngineError::new(ErrorCode::NotFound, format!("no mark has the number {id}"), hint)
}

/// Forgets that a run answered a scenario, and marks the tool as failed for it. Marks that were set on other tools
/// because this one succeeded are removed. `key` normalises a scenario.
///
/// # Errors
/// `NotFound` if nothing was learned from the run, or if a newer run replaced it.
pub fn take_back_lesson(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    run: &Run,
    key: &dyn Fn(&str) -> String,
) -> Result<Step, EngineError> {
    let Some((scenario, tags)) = tx.forget_winner(Lesson::Run(run.id))? else {
        let message = format!("no call learned from run {}", run.id);
        let hint = format!("`toolsmith mark-failure {} SCENARIO --run {}` marks it", run.tool, run.id);
        return Err(EngineError::new(ErrorCode::NotFound, message, hint));
    };
    // A call marks the failed tools once another tool has succeeded.
    let mut caused = tx.all_failure_marks()?;
    caused.retain(|mark| {
        let is_before = mark.run.is_some_and(|failed| failed < run.id) && mark.at >= run.started_at;
        is_before && !scenario.is_empty() && key(&mark.scenario) == scenario
    });
    let asked = caused.first().map(|mark| mark.scenario.clone());
    // Without a mark, only the normalised words of the scenario are known, in alphabetical order.
    let said = match &asked {
        Some(asked) => format!("{asked:?}"),
        None if scenario.is_empty() => format!("tasks with the tag {tags}"),
        None => format!("tasks with the words {}", scenario.replace(' ', ", ")),
    };
    let wanted = asked.unwrap_or(if scenario.is_empty() { tags } else { scenario });
    let mut step = marked(
        tx,
        actor,
        NewMark {
            run: Some(run.id),
            tool: run.tool.clone(),
            digest: run.digest,
            scenario: wanted,
            error: "the answer was wrong".to_owned(),
            severity: Severity::Low,
            tags: Vec::new(),
            who: actor.who.to_owned(),
        },
        caused.iter().map(|mark| mark.id).collect(),
    )?;
    let tools: Vec<&str> = caused.iter().map(|mark| mark.tool.as_str()).collect();
    let taken_back = if tools.is_empty() {
        String::new()
    } else {
        format!("; {} no longer marked as failed because of it", plural_of(&tools))
    };
    step.outcome.message =
        format!("the answer of run {} is forgotten; {} ranks lower for {said}{taken_back}", run.id, run.tool);
    Ok(step)
}

/// Names with their verb: "a is", "a and b are".
fn plural_of(names: &[&str]) -> String {
    match names {
        [only] => format!("{only} is"),
        _ => format!("{} are", names.join(", ")),
    }
}

/// Refuses a scenario that cannot be compared with others.
///
/// # Errors
/// `Usage`, with what to write instead.
pub fn check_scenario(scenario: &str) -> Result<(), EngineError> {
    if visible_words(scenario).is_none() {
        let hint = "describe the scenario, for example: parse JSON data";
        return Err(EngineError::new(ErrorCode::Usage, "the scenario is empty", hint));
    }
    let length = scenario.chars().count();
    if length > MAX_SCENARIO {
        let message = format!("the scenario has {length} characters, at most {MAX_SCENARIO} are allowed");
        return Err(EngineError::new(ErrorCode::Usage, message, "describe it in one sentence"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{actor, in_store};
    use super::*;
    use crate::domain::{Digest, ToolName};

    #[test]
    fn a_mark_is_kept_as_said_by_whoever_makes_it_with_the_beginning_of_the_error() {
        in_store(|tx| {
            let (tool, who) = (ToolName::new("t").unwrap(), "somebody else".to_owned());
            let (scenario, error) = ("parse JSON".to_owned(), "ä".repeat(MAX_ERROR + 1));
            let (digest, severity) = (Digest([1; 32]), Severity::Medium);
            let asked = NewMark { run: None, tool: tool.clone(), digest, scenario, error, severity, tags: vec![], who };
            mark_failure(tx, actor(), asked)?;
            let kept = tx.failure_marks(&tool)?.remove(0);
            assert_eq!((kept.who.as_str(), kept.error), (actor().who, "ä".repeat(MAX_ERROR)));
            Ok(())
        });
    }

    #[test]
    fn a_mark_is_edited_and_undone_unless_it_was_taken_back() {
        in_store(|tx| {
            let (tool, who) = (ToolName::new("t").unwrap(), "Ada".to_owned());
            let (scenario, error) = ("parse JSON".to_owned(), "it crashed".to_owned());
            let (digest, severity) = (Digest([1; 32]), Severity::Medium);
            let asked =
                NewMark { run: None, tool, digest, scenario, error, severity, tags: vec!["not-for-x".into()], who };
            let id = tx.mark_failure(&asked)?;
            let before = tx.failure_mark(id)?.unwrap().words();
            let after = MarkWords { severity: Severity::High, scenario: "parse a list".to_owned(), ..before.clone() };
            edit_mark(tx, actor(), id, after.clone())?;
            assert_eq!(tx.failure_mark(id)?.unwrap().words(), after);
            assert_eq!(edit_mark(tx, actor(), id, after.clone()).unwrap_err().code, ErrorCode::Conflict);
            let empty = MarkWords { scenario: " ".to_owned(), ..after.clone() };
            assert_eq!(edit_mark(tx, actor(), id, empty).unwrap_err().code, ErrorCode::Usage);
            let entry = tx.operations(1, None)?.remove(0);
            let note: UndoNote = serde_json::from_value(entry.detail["undo"].clone()).unwrap();
            assert_eq!(note, UndoNote::EditMark(MarkEdited { mark: id, before }));
            tx.set_mark_withdrawn(id, true)?;
            for gone in [id, MarkId(99)] {
                assert_eq!(edit_mark(tx, actor(), gone, after.clone()).unwrap_err().code, ErrorCode::NotFound);
            }
            Ok(())
        });
    }

    #[test]
    fn a_scenario_has_words_and_ends() {
        for (scenario, is_one) in [
            ("parse JSON".to_owned(), true),
            (String::new(), false),
            (" \u{200b}\n".to_owned(), false),
            ("ä".repeat(MAX_SCENARIO), true),
            ("ä".repeat(MAX_SCENARIO + 1), false),
        ] {
            assert_eq!(check_scenario(&scenario).is_ok(), is_one, "{} characters", scenario.chars().count());
        }
    }
}
