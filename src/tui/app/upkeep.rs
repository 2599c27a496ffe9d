//! Upkeep of the library: unused tools, duplicates, and the size of the library.

use super::App;
use crate::action::Verb;
use crate::tui::effect::{Effect, Upkeep};
use crate::tui::msg::Kempt;
use crate::tui::overlay::upkeep::UpkeepList;
use crate::tui::overlay::{Args, Overlay};

impl App {
    pub(super) fn on_upkeep(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        let work = match verb {
            Verb::Similar => Upkeep::Twins,
            _ => Upkeep::Stale(args.get("days").and_then(|days| days.parse().ok())),
        };
        self.overlays.push(Overlay::Upkeep(UpkeepList::awaited(verb)));
        vec![Effect::Upkeep(work)]
    }

    pub(super) fn take_kempt(&mut self, came: &Kempt) {
        for overlay in &mut self.overlays {
            match (overlay, came) {
                (Overlay::Upkeep(list), Kempt::Stale(found)) if list.verb == Verb::Stale => list.set_stale(found),
                (Overlay::Upkeep(list), Kempt::Twins(found)) if list.verb == Verb::Similar => list.set_twins(found),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Command, Instant, ProposedEnd, Retirement, Stage, ToolName};
    use crate::engine::{StaleReport, StaleTool};
    use crate::tui::msg::Answer;
    use crate::tui::testing::Bench;
    use std::collections::BTreeMap;

    fn report() -> StaleReport {
        let old = StaleTool {
            tool: ToolName::new("old").unwrap(),
            path: "tools/experimental/old.py".to_owned(),
            stage: Stage::Experimental,
            days: 31,
            last_used_at: None,
            first_seen_at: Instant(0),
            runs: 0,
            bytes: 7,
            why: "never used\u{202e}".to_owned(),
        };
        StaleReport { days: 30, tools: 4, stale: vec![old], spared: BTreeMap::new() }
    }

    #[test]
    fn nothing_is_proposed_before_it_was_asked_about() {
        let mut bench = Bench::ready(100, 30);
        bench.press("ctrl-t");
        let asked = bench.taken();
        assert!(matches!(asked.as_slice(), [.., Effect::Upkeep(Upkeep::Stale(None))]), "{asked:?}");
        bench.answer(Answer::Kempt(Box::new(Kempt::Stale(Ok(report())))));
        let screen = bench.screen();
        assert!(screen.contains("Unused tools") && screen.contains("31d"), "{screen}");
        assert!(!screen.contains('\u{202e}'));
        bench.press("X");
        let proposal = Retirement {
            tool: ToolName::new("old").unwrap(),
            path: "tools/experimental/old.py".to_owned(),
            end: ProposedEnd::Archive,
            reason: "never used\u{202e}".to_owned(),
        };
        let wanted = Command::Propose { proposals: vec![proposal] };
        let asked = bench.taken();
        assert!(matches!(asked.as_slice(), [Effect::Preview(command)] if *command == wanted), "{asked:?}");
        assert!(matches!(bench.app.overlays.last(), Some(Overlay::Confirm(_))));
    }

    #[test]
    fn a_tool_that_vanished_can_be_named_to_be_restored() {
        let mut bench = Bench::ready(100, 30);
        bench.press(":").type_text("restore").press("enter");
        bench.press("ctrl-u").type_text("vanished-one").press("enter");
        let asked = bench.taken();
        let wanted = Command::verb("restore", &[("tool", "vanished-one")]);
        assert!(matches!(asked.as_slice(), [.., Effect::Preview(command)] if *command == wanted), "{asked:?}");
    }

    #[test]
    fn similar_without_a_tool_looks_through_the_library() {
        let mut bench = Bench::ready(100, 30);
        bench.press("ctrl-y");
        let asked = bench.taken();
        assert!(matches!(asked.as_slice(), [.., Effect::Upkeep(Upkeep::Twins)]), "{asked:?}");
        bench.answer(Answer::Kempt(Box::new(Kempt::Twins(Ok(Vec::new())))));
        assert!(bench.screen().contains("No duplicates."));
    }
}
