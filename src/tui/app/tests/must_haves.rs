//! Requirements of `docs/terminal.md` that no other test covers alone.

use super::*;
use crate::engine::{Change, ConnectedAgent};
use crate::tui::app::Target;
use crate::tui::screen::Screen;

/// The keys that focus each pane.
const PANES: [&str; 4] = ["1", "2", "3", "4"];

#[test]
fn every_hint_is_whole_works_now_and_answers_to_a_click_and_the_first_one_is_always_there() {
    for (width, height) in [(200, 60), (120, 40), (80, 24), (60, 20)] {
        for pane in PANES {
            let mut bench = Bench::ready(width, height);
            bench.press(pane);
            let footer = bench.screen().lines().last().unwrap().to_owned();
            let hints: Vec<_> = bench.app.spots.iter().filter(|spot| spot.area.y == height - 1).copied().collect();
            let first = bench.app.hints()[0];
            for spot in &hints {
                let Target::Verb(verb) = spot.target else { continue };
                assert!(bench.app.available(verb).is_ok(), "{verb:?}");
                let shown: String = footer.chars().skip(spot.area.x.into()).take(spot.area.width.into()).collect();
                assert!(shown.starts_with(&bench.app.keymap.key(verb)) && !shown.contains('…'), "{shown:?}");
            }
            assert!(hints.iter().any(|spot| spot.target == Target::Verb(first)), "{width} {pane}: {footer}");
            assert!(footer.contains("? help"), "{width} {pane}: {footer}");
        }
    }
    let mut bench = Bench::ready(120, 40);
    bench.draw();
    let spot = *bench.app.spots.iter().find(|spot| spot.target == Target::Verb(crate::action::Verb::Filter)).unwrap();
    let kind = MouseEventKind::Down(MouseButton::Left);
    let (column, row) = (spot.area.x, spot.area.y);
    bench.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    assert!(bench.app.is_typing(), "a click on `/ filter` begins the filter");
}

fn click_on(bench: &mut Bench, wanted: Target) {
    bench.draw();
    let spot = *bench.app.spots.iter().find(|spot| spot.target == wanted).unwrap_or_else(|| panic!("{wanted:?}"));
    let kind = MouseEventKind::Down(MouseButton::Left);
    let (column, row) = (spot.area.x + 1, spot.area.y);
    bench.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[test]
fn a_click_on_a_hint_presses_its_key_and_answers_no_question() {
    let key = |text: &str| Target::Key(crate::tui::keymap::Chord::parse(text).unwrap());
    let mut bench = Bench::ready(120, 40);
    bench.press("g");
    click_on(&mut bench, Target::Verb(crate::action::Verb::Evolve));
    assert_eq!(bench.app.overlays.len(), 1, "a form: {}", bench.screen());
    click_on(&mut bench, key("esc"));
    assert!(bench.app.overlays.is_empty(), "{}", bench.screen());
    bench.press("X");
    let command = archive_of(&bench);
    bench.answer(Answer::Preview { command, preview: Ok(preview()) });
    bench.draw();
    bench.wait(600).effects.clear();
    click_on(&mut bench, key("y"));
    assert!(bench.taken().is_empty() && bench.screen().contains("a click does not answer"), "{}", bench.screen());
    click_on(&mut bench, key("esc"));
    assert!(bench.app.overlays.is_empty(), "{}", bench.screen());
}

/// Eighty tools, `t00` and up.
fn with_many_tools(bench: &mut Bench) {
    let tools = (0..80).map(|at| Arc::new(tool(&format!("t{at:02}"), Stage::Experimental))).collect();
    let view = CatalogView { tools, problems: Vec::new(), ..(*catalog(CatalogState::Ready)).clone() };
    bench.send(Msg::Catalog(Arc::new(view)));
}

#[test]
fn letters_arrows_pages_and_ends_move_alike_in_every_list() {
    for pane in ["1", "3", "4"] {
        let mut bench = Bench::ready(120, 40);
        bench.press(pane);
        let selected = |bench: &mut Bench| -> Vec<usize> {
            let screen = bench.screen();
            screen.lines().enumerate().filter(|(_, line)| line.contains('›')).map(|(y, _)| y).collect()
        };
        let start = selected(&mut bench);
        for (there, back) in [("j", "k"), ("down", "up"), ("G", "g"), ("end", "g")] {
            bench.press(there);
            assert_ne!(selected(&mut bench), start, "{pane} {there}");
            bench.press(back);
            assert_eq!(selected(&mut bench), start, "{pane} {back}");
        }
    }
    // A list that is longer than the screen is paged, in its pane and in a box.
    for open in ["1", ":", "?"] {
        let mut bench = Bench::ready(120, 20);
        with_many_tools(&mut bench);
        bench.press(open);
        let row = |bench: &mut Bench| {
            let screen = bench.screen();
            let row = screen.lines().rfind(|line| line.contains('›')).unwrap_or_else(|| panic!("{open}: {screen}"));
            row.rsplit('›').next().unwrap_or_default().to_owned()
        };
        let start = row(&mut bench);
        for (there, back) in [("pagedown", "pageup pageup"), ("down", "up")] {
            bench.press(there);
            assert_ne!(row(&mut bench), start, "{open} {there}");
            bench.press(back);
            assert_eq!(row(&mut bench), start, "{open} {back}");
        }
    }
    let mut bench = Bench::reviewing(80, 24);
    bench.press("]").press("/").type_text("line 1").press("enter");
    let first = bench.screen();
    bench.press("n");
    assert_ne!(bench.screen(), first, "the next match");
    bench.press("N");
    assert_eq!(bench.screen(), first, "and back");
    let mut bench = Bench::reviewing(80, 24);
    bench.press("]");
    let top = bench.screen();
    for (there, back) in [("ctrl-d", "ctrl-u"), ("G", "g")] {
        bench.press(there);
        assert_ne!(bench.screen(), top, "{there}");
        bench.press(back);
        assert!(
            bench.screen().contains("line 1\n") || bench.screen().contains("line 1 "),
            "{back}: {}",
            bench.screen()
        );
    }
}

#[test]
fn the_wheel_scrolls_what_is_under_it_and_a_key_turns_the_mouse_off() {
    let mut bench = Bench::ready(120, 40);
    with_many_tools(&mut bench);
    let before = (bench.app.focus, bench.screen());
    assert!(before.1.contains("t00 ") && !before.1.contains("t79 "), "{}", before.1);
    let wheel = |kind| Msg::Mouse(MouseEvent { kind, column: 5, row: 5, modifiers: KeyModifiers::NONE });
    for _ in 0..30 {
        bench.send(wheel(MouseEventKind::ScrollDown));
    }
    assert!(!bench.screen().contains("t00 ") && bench.screen().contains("t79 "), "{}", bench.screen());
    bench.press("2");
    bench.send(wheel(MouseEventKind::ScrollUp));
    assert!(!bench.screen().contains("t79 "), "also where the focus is elsewhere: {}", bench.screen());
    bench.press("1");
    for _ in 0..30 {
        bench.send(wheel(MouseEventKind::ScrollUp));
    }
    assert_eq!((bench.app.focus, bench.screen().contains("t00 ")), (before.0, true));
    bench.app.mouse = true;
    bench.effects.clear();
    bench.press("f2");
    assert!(matches!(bench.taken().as_slice(), [Effect::Mouse(false)]));
}

#[test]
fn a_request_counts_down_in_the_queue_and_in_its_review() {
    let mut reviews = reviews();
    (reviews[1].asker, reviews[1].expires_at) = (Some("agent:bot".into()), Some(ago(-125)));
    let mut bench = Bench::ready(120, 40);
    bench.answer(Answer::Reviews(Ok(reviews.clone())));
    bench.press("4 z");
    assert!(bench.screen().contains("expires in 2h"), "{}", bench.screen());
    bench.press("z down enter");
    let mut detail = review_detail(&super::reviews()[1]);
    detail.review = reviews.remove(1);
    bench.answer(Answer::reviewed(detail.review.id, Ok(detail)));
    assert!(bench.screen().contains("by bot") && bench.screen().contains("expires in 2h"));
}

#[test]
fn nothing_of_who_asks_for_what_is_cut_in_a_review_at_any_width() {
    for width in [200, 120, 80, 60] {
        let mut bench = Bench::reviewing(width, 24);
        let screen = bench.screen();
        let head: String = screen.lines().take(4).collect::<Vec<_>>().join(" ");
        let digest = tool("text-diff-summary", Stage::Experimental).digest.short();
        for fact in ["text-diff-summary 1.0.0", "experimental", "approved", "risk low"] {
            assert!(head.contains(fact), "{width}: {fact}\n{screen}");
        }
        // In the header if there is room, otherwise at the beginning of the evidence.
        for fact in ["review 2", digest.as_str()] {
            assert!(screen.contains(fact), "{width}: {fact}\n{screen}");
        }
    }
}

#[test]
fn the_head_says_who_is_connected_in_as_many_words_as_fit() {
    let rosa = ConnectedAgent {
        connection: 1,
        agent: "rosa".to_owned(),
        client: "claude-code 2.1.330".to_owned(),
        since: ago(12),
        runs: 2,
        waiting: 1,
    };
    let otto = ConnectedAgent { connection: 2, agent: "otto\u{1b}".to_owned(), waiting: 0, ..rosa.clone() };
    for (width, agents, wanted) in [
        (120, vec![rosa.clone()], "agent rosa (claude-code 2.1.330), 12m, 2 runs, 1 waiting"),
        (
            120,
            vec![ConnectedAgent { runs: 0, waiting: 0, ..rosa.clone() }],
            "1 problem (!) · agent rosa (claude-code 2.1.330), 12m",
        ),
        (120, vec![otto.clone()], "agent otto"),
        (120, vec![rosa.clone(), otto], "2 agents, 4 runs, 1 waiting"),
        (
            120,
            vec![rosa.clone(), ConnectedAgent { connection: 3, ..rosa.clone() }],
            "agent rosa, 2 connections, 2 runs, 1 waiting",
        ),
        (80, vec![rosa], "agent rosa, 1 waiting"),
    ] {
        let mut bench = Bench::ready(width, 30);
        bench.send(Msg::Changed(Change::Agents(agents)));
        let screen = bench.screen();
        let head = screen.lines().next().unwrap();
        assert!(head.contains(wanted) && !head.contains('\u{1b}'), "{width}: {wanted}\n{screen}");
        assert!(head.contains('!') || head.contains("problem"), "{width}: {head}");
    }
}

#[test]
fn one_agent_does_not_cost_the_tabs_their_names() {
    let agent = ConnectedAgent {
        connection: 1,
        agent: "mo".to_owned(),
        client: "cl".to_owned(),
        since: ago(12),
        runs: 2,
        waiting: 0,
    };
    let mut bench = Bench::ready(80, 24);
    bench.send(Msg::Changed(Change::Agents(vec![agent])));
    let screen = bench.screen();
    let head = screen.lines().next().unwrap();
    assert!(head.contains("2 First steps") && head.contains("3 Failures") && head.contains("agent mo"), "{screen}");
}

#[test]
fn a_review_is_named_in_two_lines_at_80_columns_and_never_cut_from_60_on() {
    let does = [
        "move tools/experimental/read-first-line-of-standard-input → tools/approved/read-first-line-of-standard-input",
        "one git commit with the sources and the manifest, signed as configured",
    ];
    for (width, height) in [(200, 60), (120, 40), (80, 24), (70, 24), (60, 20)] {
        let mut bench = Bench::reviewing_with(width, height, |detail| {
            let review = &mut detail.review;
            review.tool = crate::domain::ToolName::new("read-first-line-of-standard-input").unwrap();
            review.asker = Some("agent:claude-code-reviewer".to_owned());
            review.expires_at = Some(ago(-125));
        });
        let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
        let command = Command::Decide(screen.approval_request());
        let lines = does.map(str::to_owned).to_vec();
        let preview = Preview { title: String::new(), lines, undo: String::new() };
        bench.answer(Answer::Preview { command, preview: Ok(preview) });
        let screen = bench.screen();
        let tabs = screen.lines().position(|line| line.contains("evidence") || line.starts_with('─')).unwrap();
        assert!(tabs == 2 || width < 80 && tabs == 3, "{width}: {tabs} lines\n{screen}");
        let head = screen.lines().take(tabs).collect::<Vec<_>>().join(" ");
        let facts = ["read-first-line-of-standard-input 1.0.0", "experimental → approved", "risk low", "lines seen"];
        for fact in facts.into_iter().chain(["by claude-code-reviewer 2h ago", "expires in 2h"]) {
            assert!(head.contains(fact), "{width}: {fact}\n{screen}");
        }
        let plain = |text: &str| text.split_whitespace().collect::<String>();
        for does in does {
            assert!(plain(&screen).contains(&plain(does)), "{width}: {does}\n{screen}");
        }
        assert!(!head.contains('…') && screen.contains("review 2"), "{screen}");
        // A path stays on one line, or wraps after a folder.
        let folder = if width < 80 { "tools/experimental/" } else { "tools/experimental/read-first-line" };
        assert!(screen.contains(folder), "{width}\n{screen}");
    }
}

#[test]
fn a_request_of_an_agent_rings_when_nobody_looks_and_the_setting_turns_it_off() {
    for (is_seen, rings, expected) in [(false, true, 1), (true, true, 0), (false, false, 0)] {
        let mut bench = Bench::ready(120, 40);
        bench.app.is_focused = is_seen;
        bench.app.rings = rings;
        bench.taken();
        let mut reviews = reviews();
        let mut asked = reviews[0].clone();
        (asked.id, asked.asker) = (ReviewId(99), Some("agent:bot\u{1b}".to_owned()));
        reviews.push(asked);
        bench.answer(Answer::Reviews(Ok(reviews.clone())));
        bench.answer(Answer::Reviews(Ok(reviews)));
        let rung: Vec<String> = bench
            .taken()
            .into_iter()
            .filter_map(|effect| if let Effect::Ring(text) = effect { Some(text.to_string()) } else { None })
            .collect();
        assert_eq!(rung.len(), expected, "{is_seen} {rings}: once, and not for what is known: {rung:?}");
        assert!(rung.iter().all(|text| text.contains("waits: review 99") && !text.contains('\u{1b}')), "{rung:?}");
    }
}
