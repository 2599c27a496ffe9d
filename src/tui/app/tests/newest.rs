//! The selection at the top of a list that grows there.

use crate::domain::FailureGroup;
use crate::tui::msg::Answer;
use crate::tui::testing::{Bench, failures};

fn failed(bench: &mut Bench, newest: &[&str]) {
    let group = |signature: &&str| FailureGroup { signature: (*signature).into(), ..failures().remove(0) };
    let groups = newest.iter().map(group).chain(failures()).collect();
    bench.answer(Answer::Failures(Ok(groups)));
}

fn selected(bench: &Bench) -> &str {
    &bench.app.failures.selected().unwrap().signature
}

#[test]
fn the_newest_failure_is_selected_until_somebody_selects_another_one() {
    let mut bench = Bench::ready(120, 40);
    failed(&mut bench, &["c3"]);
    assert_eq!(selected(&bench), "c3");
    // Rows do not move under the cursor of a user who looks at them.
    bench.press("3");
    failed(&mut bench, &["d4", "c3"]);
    assert_eq!(selected(&bench), "c3");
    // The user selected this one.
    bench.press("g down down 1");
    failed(&mut bench, &["e5", "d4", "c3"]);
    assert_eq!(selected(&bench), "a1");
    bench.press("3 g 1");
    failed(&mut bench, &["f6", "e5", "d4", "c3"]);
    assert_eq!(selected(&bench), "f6", "at the top one follows what is new");
}
