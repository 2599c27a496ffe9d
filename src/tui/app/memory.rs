//! Form input: drafts of closed forms, and earlier submissions.

use super::{App, Mood};
use crate::tui::overlay::{Args, Overlay, Typed};
use std::collections::HashMap;

/// How many submitted inputs of a form are kept.
const KEPT: usize = 20;

/// Drafts and submitted inputs, by form.
#[derive(Debug, Default)]
pub(super) struct Memory {
    drafts: HashMap<String, Vec<String>>,
    /// Newest first.
    submitted: HashMap<String, Vec<Vec<String>>>,
}

impl Memory {
    /// A form was closed: its input is kept as a draft. Returns whether there is anything to keep.
    fn left(&mut self, typed: Typed) -> bool {
        let keeps = typed.edited && typed.values.iter().any(|value| !value.trim().is_empty());
        if keeps {
            self.drafts.insert(typed.form, typed.values);
        } else {
            self.drafts.remove(&typed.form);
        }
        keeps
    }

    /// A form was submitted: its values can be restored.
    pub(super) fn submitted(&mut self, typed: Typed) {
        self.drafts.remove(&typed.form);
        let earlier = self.submitted.entry(typed.form).or_default();
        earlier.retain(|values| *values != typed.values);
        earlier.insert(0, typed.values);
        earlier.truncate(KEPT);
    }

    /// The draft of a form.
    pub(super) fn draft(&self, form: &str) -> Option<&[String]> {
        self.drafts.get(form).map(Vec::as_slice)
    }

    /// Earlier submissions, newest first.
    pub(super) fn earlier(&self, form: &str) -> &[Vec<String>] {
        self.submitted.get(form).map_or(&[], Vec::as_slice)
    }
}

impl App {
    /// Opens a form with its draft, unless it was opened with other values.
    pub(super) fn open_form(&mut self, mut form: Overlay, args: &Args) {
        if let Some(typed) = form.typed() {
            let given: Vec<&String> = args.iter().map(|(_, value)| value).collect();
            let is_of_them = |draft: &&[String]| given.iter().all(|value| draft.contains(value));
            let draft = self.memory.draft(&typed.form).filter(is_of_them);
            form.remember(draft, self.memory.earlier(&typed.form));
        }
        self.overlays.push(form);
    }

    /// Keeps the input of a closed form, and shows a message about it.
    pub(super) fn remember_typed(&mut self, closed: Option<&Overlay>, is_left: bool) {
        let Some(typed) = closed.and_then(Overlay::typed) else { return };
        if !is_left {
            self.memory.submitted(typed);
        } else if self.memory.left(typed) {
            self.say(Mood::Calm, "draft kept: open the form again to go on");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::testing::Bench;

    #[test]
    fn esc_keeps_what_was_typed_and_says_so_and_the_form_begins_with_it() {
        let mut bench = Bench::ready(100, 40);
        bench.press("+ tab tab").type_text("csv-join").press("esc");
        assert!(bench.app.overlays.is_empty());
        assert!(bench.screen().contains("draft kept"), "{}", bench.screen());
        bench.press("+");
        assert!(bench.screen().contains("csv-join"), "{}", bench.screen());
        // A form without input keeps nothing.
        let mut bench = Bench::ready(100, 40);
        bench.press("+ esc");
        assert!(!bench.screen().contains("draft kept"));
    }

    #[test]
    fn a_form_that_is_opened_with_the_selected_tool_keeps_its_draft_for_that_tool() {
        let mut bench = Bench::ready(100, 40);
        bench.press("A").type_text("coder-7").press("esc");
        assert!(bench.screen().contains("draft kept"), "{}", bench.screen());
        bench.press("A");
        assert!(bench.screen().contains("coder-7"), "{}", bench.screen());
        bench.press("esc down A");
        assert!(!bench.screen().contains("coder-7"), "{}", bench.screen());
    }

    #[test]
    fn what_was_submitted_comes_back_with_up_and_is_no_draft_any_more() {
        let mut bench = Bench::ready(100, 40);
        // Asked once about ambiguous words, and then submitted.
        bench.press("+ tab tab tab").type_text("joins lines").press("ctrl-s ctrl-s");
        assert!(bench.app.overlays.is_empty() && !bench.taken().is_empty());
        bench.press("+");
        assert!(!bench.screen().contains("joins lines"), "{}", bench.screen());
        bench.press("up");
        assert!(bench.screen().contains("joins lines"), "{}", bench.screen());
    }
}
