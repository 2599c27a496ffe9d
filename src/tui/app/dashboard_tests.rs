//! The dashboard fits its box, and follows what happens while it is open.

use crate::domain::{Digest, Instant, ToolName};
use crate::engine::{Change, Dashboard, Foresight, HourOfRuns, Score, ScoredTool};
use crate::tui::effect::Effect;
use crate::tui::msg::{Answer, Msg};
use crate::tui::testing::Bench;
use std::collections::BTreeMap;

/// Two weeks with a tool whose row is wider than a small box.
fn figures(runs: u64) -> Box<Dashboard> {
    let hour = 490_000;
    let score = Score { usage: 0.5, success: 0.9, speed: 0.8, typical_ms: Some(5.0), before_marks: 0.72, score: 0.72 };
    let tool = ToolName::new("a-tool-with-a-rather-long-name").unwrap();
    Box::new(Dashboard {
        at: Instant(hour * 3_600_000),
        stages: BTreeMap::from([("core".to_owned(), 1)]),
        tiers: BTreeMap::from([("low".to_owned(), 1)]),
        hours: vec![HourOfRuns { hour, runs, succeeded: runs, mean_ms: 5.0 }],
        open_failures: 1,
        failures: Vec::new(),
        waiting_reviews: 2,
        median_recovery_ms: None,
        warnings: Foresight { runs: 9, failed: 6, warned: 4, hits: 3 },
        top: vec![ScoredTool {
            version: None,
            digest: Digest([1; 32]),
            tier: None,
            low: false,
            runs,
            succeeded: runs,
            marks: 1,
            tool,
            score,
        }],
        low: Vec::new(),
        alerts: Vec::new(),
    })
}

#[test]
fn no_line_of_it_is_wrapped_at_any_width() {
    for (width, height) in [(120, 40), (80, 24), (60, 20)] {
        let mut bench = Bench::ready(width, height);
        bench.press("0").answer(Answer::Dashboard(Ok(figures(7))));
        bench.draw();
        let screen = bench.screen();
        assert!(screen.contains("2 reviews · 1 open failure"), "{screen}");
        assert!(screen.contains("3 of 4 came true (75%)"), "{screen}");
        let charts = ["runs", "failures", "success", "time"];
        let rows: Vec<&str> = screen.lines().filter(|line| line.contains("7 in 14 days")).collect();
        assert_eq!(rows.len(), 1, "the chart of {charts:?} is one line each at {width}: {screen}");
        let row = screen.lines().position(|line| line.contains("a-tool-with")).unwrap();
        assert!(!screen.lines().nth(row + 1).unwrap().contains("speed"), "{screen}");
        assert!(screen.contains("each bar ") && screen.contains("· no runs"), "{screen}");
        let facts = screen.lines().nth(row).unwrap();
        assert!(facts.contains(" runs") && !facts.contains('…'), "facts that do not fit are left out whole: {facts}");
    }
}

#[test]
fn an_open_dashboard_follows_what_happens_every_few_seconds_and_never_counts_twice_at_once() {
    let mut bench = Bench::ready(120, 40);
    bench.effects.clear();
    bench.press("0");
    let asked = |bench: &mut Bench| bench.taken().iter().filter(|effect| matches!(effect, Effect::Dashboard)).count();
    assert_eq!(asked(&mut bench), 1);
    bench.send(Msg::Changed(Change::Runs)).send(Msg::Changed(Change::Reviews)).wait(9_000);
    assert_eq!(asked(&mut bench), 0, "it is on its way");
    bench.answer(Answer::Dashboard(Ok(figures(7))));
    assert_eq!(asked(&mut bench), 0, "it rests");
    assert_eq!(bench.app.next_wake(), Some(bench.now.steady_ms + 5_000));
    bench.wait(4_999);
    assert_eq!(asked(&mut bench), 0);
    bench.wait(1);
    assert_eq!(asked(&mut bench), 1, "something happened since");
    bench.answer(Answer::Dashboard(Ok(figures(8)))).wait(60_000);
    assert!(bench.screen().contains("8 in 14 days"));
    assert_eq!(asked(&mut bench), 0, "nothing happened since");
    bench.send(Msg::Changed(Change::Failures));
    assert_eq!(asked(&mut bench), 1, "it has rested");
    bench.answer(Answer::Dashboard(Ok(figures(9)))).press("esc").send(Msg::Changed(Change::Runs)).wait(9_000);
    assert_eq!(asked(&mut bench), 0, "it is closed");
}
