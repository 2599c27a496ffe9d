//! Opportunities: the list, and the user's response to one of them.

use super::App;
use crate::action::Verb;
use crate::domain::{Command, OpportunitySources};
use crate::engine::{EngineError, OpportunityList};
use crate::tui::effect::Effect;
use crate::tui::overlay::opportunities::Opportunities;
use crate::tui::overlay::{Args, Overlay};
use std::path::PathBuf;

impl App {
    /// Opens the list, or asks about one of its entries. Without a key, opens the list.
    pub(super) fn on_opportunities(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        let files = |name: &str| args.all(name).map(PathBuf::from).collect();
        let from = OpportunitySources { history: files("history"), log: files("log"), openapi: files("openapi") };
        match (verb, args.get("opportunity").map(str::to_owned)) {
            (Verb::Accept, Some(key)) => self.ask(Command::AcceptOpportunity { key, from }),
            (Verb::Dismiss, Some(key)) => {
                let reason = args.get("reason").map(str::to_owned);
                self.ask(Command::DismissOpportunity { key, from, reason })
            }
            _ => {
                self.overlays.push(Overlay::Opportunities(Opportunities::awaited(from.clone())));
                vec![Effect::LoadOpportunities(from)]
            }
        }
    }

    pub(super) fn take_opportunities(&mut self, found: &Result<OpportunityList, EngineError>) {
        for overlay in &mut self.overlays {
            if let Overlay::Opportunities(list) = overlay {
                list.set(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::snapshot_sizes;
    use super::*;
    use crate::domain::{Opportunity, OpportunityKind, Suggested, Witness, Worth};
    use crate::engine::ErrorCode;
    use crate::tui::msg::Answer;
    use crate::tui::testing::Bench;

    fn suggested(kind: OpportunityKind, title: &str, worth: f64) -> Opportunity {
        Opportunity::of(Suggested {
            kind,
            about: title.to_owned(),
            name: "fetch to store".to_owned(),
            title: title.to_owned(),
            description: "One tool that runs these steps in sequence:\n1. fetch\n2. strip\u{202e}\n3. store".to_owned(),
            count: 12,
            worth: Worth { frequency: worth, impact: 0.25, complexity: 0.1, confidence: 0.9 },
            parameters: Vec::new(),
            expected_output: None,
            tools: Vec::new(),
            evidence: vec![
                Witness { source: "run".to_owned(), numbers: vec![3, 4, 7], text: "fetch \u{1b}[2J".to_owned() },
                Witness { source: "history".to_owned(), numbers: vec![30, 31, 32], text: "fetch".to_owned() },
            ],
            implementation: None,
        })
    }

    fn list() -> OpportunityList {
        let opportunities = vec![
            suggested(OpportunityKind::Sequence, "fetch → strip\u{202e} → store: done 12 times", 0.5),
            suggested(OpportunityKind::CommandPattern, "grep -rn <text> <path> | sort: typed 9 times", 0.2),
        ];
        OpportunityList { total: 2, opportunities, answered: 1, runs: 480, imported: vec![], consumption: vec![] }
    }

    #[test]
    fn the_list_shows_the_parts_and_the_places_of_the_one_that_is_selected() {
        snapshot_sizes("opportunities", |width, height| {
            let mut bench = Bench::ready(width, height);
            bench.press("ctrl-o");
            bench.answer(Answer::Opportunities(Ok(list())));
            bench
        });
    }

    #[test]
    fn nothing_is_accepted_or_dismissed_before_it_was_asked_about() {
        let mut bench = Bench::ready(100, 30);
        bench.press("ctrl-o");
        let asked = bench.taken();
        assert!(matches!(asked.as_slice(), [.., Effect::LoadOpportunities(_)]), "{asked:?}");
        bench.answer(Answer::Opportunities(Ok(list()))).press("a");
        let key = list().opportunities[0].key.clone();
        let accept = Command::AcceptOpportunity { key, from: OpportunitySources::default() };
        let asked = bench.taken();
        assert!(matches!(asked.as_slice(), [Effect::Preview(command)] if *command == accept), "{asked:?}");
        assert!(matches!(bench.app.overlays.last(), Some(Overlay::Confirm(_))));
    }

    #[test]
    fn files_are_named_in_a_form_and_read_together() {
        let mut bench = Bench::ready(100, 30);
        bench.press("ctrl-o").answer(Answer::Opportunities(Ok(list())));
        bench.press("+");
        bench.draw();
        assert!(matches!(bench.app.overlays.last(), Some(Overlay::Arguments(_))), "{}", bench.screen());
        bench.taken();
        bench.press("down").type_text("logs 'my log.jsonl'").press("ctrl-s");
        let asked = bench.taken();
        let log = vec![PathBuf::from("logs"), PathBuf::from("my log.jsonl")];
        let from = OpportunitySources { log, ..OpportunitySources::default() };
        assert!(matches!(asked.as_slice(), [Effect::LoadOpportunities(asked)] if *asked == from), "{asked:?}");
    }

    #[test]
    fn what_cannot_be_mined_is_said_in_the_box() {
        let mut bench = Bench::ready(100, 30);
        bench.press("ctrl-o");
        let error = EngineError::new(ErrorCode::NotFound, "cannot read \u{1b}x", "name a readable file");
        bench.answer(Answer::Opportunities(Err(error)));
        assert!(bench.screen().contains("cannot read ␛x") || bench.screen().contains("cannot read"));
        assert!(!bench.screen().contains('\u{1b}'));
    }
}
