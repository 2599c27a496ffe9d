//! The first steps of a new user with the workbench, checked off when done.

use super::App;
use crate::domain::ToolReview;
use crate::engine::{CatalogState, StarterTool};
use crate::tui::pane::output::FirstSteps;
use crate::tui::screen::review::Kept;

impl App {
    /// Which of the first steps are done; `None` once all of them are.
    pub fn first_steps(&self) -> Option<FirstSteps> {
        if !matches!(self.catalog.view().state, CatalogState::Ready) {
            // A returning user must not be greeted as new while the tools are loaded.
            return None;
        }
        let tools = &self.catalog.view().tools;
        let is_approved = tools.iter().any(|tool| tool.facts.review == ToolReview::Approved);
        let to_adopt = || tools.iter().filter(|tool| tool.awaits_adoption());
        let steps = FirstSteps {
            landed: !tools.is_empty(),
            has_run: !self.runs.is_empty(),
            // A review that was decided is no longer known.
            has_read: is_approved || self.readings.values().any(Kept::is_whole),
            approved: is_approved,
            to_adopt: to_adopt().count(),
            starters: to_adopt().filter(|tool| StarterTool::is_one(tool.name.as_str(), tool.digest)).count(),
        };
        (!steps.are_done()).then_some(steps)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{RunOutcome, Stage, ToolReview};
    use crate::engine::{CatalogState, CatalogView};
    use crate::tui::msg::{Answer, Msg};
    use crate::tui::testing::{Bench, run, tool};
    use std::sync::Arc;

    fn with(tools: Vec<crate::domain::Tool>) -> Bench {
        let mut bench = Bench::empty(120, 40);
        let tools = tools.into_iter().map(Arc::new).collect();
        let (state, problems, skipped) = (CatalogState::Ready, vec![], Arc::default());
        let view = CatalogView { state, tools, problems, in_use: None, skipped, generation: 2 };
        bench.send(Msg::Catalog(Arc::new(view)));
        bench
    }

    #[test]
    fn four_steps_are_ticked_as_they_are_done_and_go_when_all_are() {
        let mut bench = Bench::empty(120, 40);
        let ticks = |bench: &mut Bench| {
            let screen = bench.screen();
            assert!(screen.contains("First steps"), "{screen}");
            screen.matches('✓').count()
        };
        assert_eq!(ticks(&mut bench), 0);
        let script = tool("greet", Stage::Experimental);
        let mut bench = with(vec![script.clone()]);
        assert_eq!(ticks(&mut bench), 1);
        bench.answer(Answer::Runs(Ok(vec![run(1, &script, RunOutcome::Succeeded)])));
        assert_eq!(ticks(&mut bench), 2);
        let mut approved = tool("greet", Stage::Approved);
        Arc::make_mut(&mut approved.facts).review = ToolReview::Approved;
        let mut bench = with(vec![approved]);
        bench.answer(Answer::Runs(Ok(vec![run(1, &script, RunOutcome::Succeeded)])));
        assert!(!bench.screen().contains("First steps"), "{}", bench.screen());
    }

    #[test]
    fn adoption_is_offered_in_one_line_and_promote_opens_it() {
        let mut came = tool("greet", Stage::Core);
        Arc::make_mut(&mut came.facts).review = ToolReview::None;
        let mut bench = with(vec![came.clone()]);
        let screen = bench.screen();
        assert!(screen.contains("1 tool came with this folder"), "{screen}");
        let mut adoption = crate::tui::testing::reviews().remove(1);
        adoption.kind = crate::domain::ReviewKind::Adoption;
        adoption.members = vec![(came.name.clone(), came.digest)];
        bench.answer(Answer::Reviews(Ok(vec![adoption])));
        bench.press("1 p");
        assert!(matches!(bench.app.screen, crate::tui::screen::Screen::Review(_)), "{}", bench.screen());
    }

    #[test]
    fn where_one_pane_is_shown_the_steps_stand_below_the_tools_and_their_tab_is_named() {
        let mut bench = Bench::empty(80, 24);
        let view = |count: usize| {
            let named = (0..count).map(|at| Arc::new(tool(&format!("tool-{at}"), Stage::Experimental)));
            let (state, problems, skipped) = (CatalogState::Ready, vec![], Arc::default());
            CatalogView { state, tools: named.collect(), problems, in_use: None, skipped, generation: 2 + count as u64 }
        };
        bench.send(Msg::Catalog(Arc::new(view(2))));
        let screen = bench.screen();
        assert!(screen.contains("2 First steps") && screen.contains("4. approve it"), "{screen}");
        bench.send(Msg::Catalog(Arc::new(view(10))));
        let screen = bench.screen();
        assert!(screen.contains("tool-9") && !screen.contains("4. approve it"), "never cut: {screen}");
    }
}
