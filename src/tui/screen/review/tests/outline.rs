//! The list of files: its targets, its counts, and the omitted tools of an adoption.

use super::{before, changed, deciding};
use crate::domain::{Command, Digest, FileMode, ReviewId, ReviewKind, VersionFile};
use crate::tui::effect::Effect;
use crate::tui::msg::Answer;
use crate::tui::screen::Screen;
use crate::tui::testing::{Bench, name, review_detail, reviews, verdict};

fn file(path: &str, lines: usize) -> VersionFile {
    let text: Vec<String> = (1..=lines).map(|line| format!("{path} {line}")).collect();
    VersionFile { path: path.into(), mode: FileMode::Plain, bytes: (text.join("\n") + "\n").into_bytes() }
}

/// The line of the list that names a file.
fn line(bench: &mut Bench, text: &str) -> String {
    let screen = bench.screen();
    screen.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}\n{screen}")).to_owned()
}

/// An adoption of three tools, opened.
fn adopting(width: u16, height: u16) -> Bench {
    let mut bench = Bench::ready(width, height);
    let mut review = reviews().remove(1);
    let digest = Digest::of_bytes(b"members");
    let members = ["alpha", "beta", "gamma"].map(|tool| (name(tool), Digest::of_bytes(tool.as_bytes())));
    (review.kind, review.digest, review.members) = (ReviewKind::Adoption, digest, members.into());
    let mut detail = review_detail(&reviews()[1]);
    bench.answer(Answer::Reviews(Ok(vec![review.clone()])));
    (detail.review, detail.manifest, detail.verdict) = (review, None, None);
    detail.files =
        vec![file("alpha/main.py", 4), file("alpha/tool.toml", 2), file("beta/main.py", 90), file("gamma/run.sh", 3)];
    bench.press("4 enter");
    bench.answer(Answer::reviewed(ReviewId(2), Ok(detail)));
    bench.draw();
    bench.effects.clear();
    bench
}

#[test]
fn the_list_leads_to_a_file_and_says_how_much_of_each_was_seen() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| {
        detail.files = vec![file("lib/a.py", 3), file("lib/b.py", 80), file("main.py", 2)];
        detail.verdict = Some(verdict(&["egress"]));
    });
    bench.press("'");
    assert!(line(&mut bench, "lib/ ").contains("2 files") && line(&mut bench, "lib/ ").contains(" 0 of 83 seen"));
    assert!(line(&mut bench, "2 warnings").contains("main.py"), "{}", bench.screen());
    bench.press("j j enter");
    assert!(bench.screen().contains("lib/b.py 1"), "{}", bench.screen());
    bench.press("esc");
    assert!(line(&mut bench, "lib/ ").contains("2 files"), "esc goes back to the list");
    bench.press("enter");
    bench.press("'");
    let seen = line(&mut bench, "  b.py");
    assert!(seen.contains("of 80 seen") && !seen.contains(" 0 of 80"), "{seen}");
    bench.read_everything().press("'");
    assert!(line(&mut bench, "  b.py").contains("✓   b.py") && line(&mut bench, "  b.py").contains("all 80 seen"));
    // A version with one file needs no list.
    let mut bench = Bench::reviewing_with(80, 24, |detail| detail.files.truncate(1));
    bench.press("'");
    assert!(bench.screen().contains("this version has one file"), "{}", bench.screen());
}

#[test]
fn the_list_of_a_change_counts_lines_and_leads_into_the_difference() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| {
        changed(detail);
        let mut old = before();
        old[1] = file("old.txt", 5);
        detail.base_files = Some(old);
    });
    bench.press("'");
    let main = line(&mut bench, "main.py  ");
    assert!(main.contains("changed +2 -2") && main.contains("1 comment"), "{main}");
    assert!(line(&mut bench, "old.txt").contains("removed +0 -5"), "{}", bench.screen());
    assert!(line(&mut bench, "tool.toml").contains("added +1 -0"), "{}", bench.screen());
    bench.press("j enter");
    let screen = bench.screen();
    assert!(screen.lines().any(|line| line.starts_with('›') && line.contains("old.txt · removed")), "{screen}");
}

#[test]
fn a_changed_version_opens_at_its_first_change() {
    // The change is below a heading and next to an unchanged file; the evidence is pinned above.
    let mut bench = Bench::reviewing_with(120, 40, |detail| detail.base_files = Some(before()));
    let screen = bench.screen();
    let here = screen.lines().find(|line| line.starts_with('›')).unwrap_or_else(|| panic!("{screen}"));
    assert!(here.contains("show(30)") && here.contains("print(30)"), "{screen}");
    // If the evidence fills the screen, one key leads to the list.
    let mut bench = Bench::reviewing_with(80, 24, |detail| detail.base_files = Some(before()));
    bench.press(".");
    let screen = bench.screen();
    assert!(!screen.contains("Warnings\n"), "{screen}");
}

#[test]
fn space_reads_on_across_files_from_wherever_one_is() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| {
        detail.files = vec![file("a.py", 30), file("b.py", 30), file("c.py", 3)];
    });
    let tab = |bench: &Bench| match &bench.app.screen {
        Screen::Review(screen) => screen.body().current().name.clone(),
        _ => panic!("no review"),
    };
    // From the list, past the read parts, through every file without omitting any.
    bench.press("'");
    let mut tabs = Vec::new();
    while matches!(&bench.app.screen, Screen::Review(screen) if !screen.is_read()) {
        bench.press("space");
        bench.draw();
        tabs.push(tab(&bench));
    }
    tabs.dedup();
    assert_eq!(tabs.join(" "), "a.py b.py c.py", "{tabs:?}");
    assert!(bench.screen().contains("a approve"), "{}", bench.screen());
}

#[test]
fn an_adoption_opens_with_its_tools_and_some_can_be_left_out() {
    let mut bench = adopting(80, 24);
    let screen = bench.screen();
    for text in ["adopt · alpha", "adopt · beta", "adopt · gamma", "tools 3"] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
    // beta has a file of 90 lines: omitted tools need not be read.
    bench.press("j j j ^");
    assert!(line(&mut bench, "leave – beta").contains("left out"), "{}", bench.screen());
    let effects = bench.taken();
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Preview(Command::Decide(request)) => Some(request.only.clone()),
        _ => None,
    });
    assert_eq!(asked, Some(vec!["alpha".to_owned(), "gamma".to_owned()]), "what an approval would do is asked again");
    bench.read_everything().press("a");
    deciding(&mut bench);
    assert!(bench.screen().contains("2 of 3 tools: alpha, gamma"), "{}", bench.screen());
    bench.type_text(&Digest::of_bytes(b"members").hex()[..4]).press("enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Decide(request))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(request.only, ["alpha".to_owned(), "gamma".to_owned()]);
    assert!(request.shown.parts.iter().all(|part| !part.part.contains("beta")), "{:?}", request.shown.parts);
    assert_eq!(request.shown.unread(), 0);
}

#[test]
fn a_range_of_tools_is_left_out_and_taken_in_and_all_cannot_be_left_out() {
    let mut bench = adopting(80, 24);
    bench.press("v G ^");
    assert!(bench.screen().contains("every tool is left out"), "{}", bench.screen());
    bench.press("a");
    assert!(bench.app.overlays.is_empty());
    bench.wait(600).press("v");
    bench.draw();
    bench.press("g ^");
    assert_eq!(bench.screen().matches("adopt").count(), 4, "three tools and the hint: {}", bench.screen());
    // The choice is kept when the review is closed and reopened.
    bench.press("g ^").read_everything().press("esc");
    bench.press("4 enter");
    let mut detail = review_detail(&reviews()[1]);
    detail.review = bench.app.queue.find(ReviewId(2)).unwrap().clone();
    (detail.manifest, detail.verdict) = (None, None);
    detail.files =
        vec![file("alpha/main.py", 4), file("alpha/tool.toml", 2), file("beta/main.py", 90), file("gamma/run.sh", 3)];
    bench.effects.clear();
    bench.answer(Answer::reviewed(ReviewId(2), Ok(detail)));
    let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
    let chosen = ["beta".to_owned(), "gamma".to_owned()];
    assert_eq!(screen.only(), chosen);
    // The effect of approving them is requested, and a late answer about all of them is not mistaken for it.
    let effects = bench.taken();
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Preview(Command::Decide(request)) => Some(request.clone()),
        _ => None,
    });
    let asked = asked.expect("a preview");
    assert_eq!(asked.only, chosen);
    let says = |count: usize| crate::engine::Preview {
        title: String::new(),
        lines: vec![format!("{count} tools count as approved here")],
        undo: String::new(),
    };
    bench.answer(Answer::Preview { command: Command::Decide(asked.clone()), preview: Ok(says(2)) });
    let all = crate::domain::DecisionRequest { only: Vec::new(), ..asked };
    bench.answer(Answer::Preview { command: Command::Decide(all), preview: Ok(says(3)) });
    let screen = bench.screen();
    assert!(screen.contains("2 tools count") && !screen.contains("3 tools count"), "{screen}");
}

#[test]
fn only_an_adoption_has_tools_to_leave_out() {
    let mut bench = Bench::reviewing(80, 24);
    bench.press("' ^");
    assert!(bench.screen().contains("only an adoption"), "{}", bench.screen());
}

#[test]
fn esc_goes_back_from_the_list_to_what_was_read() {
    let mut bench = Bench::reviewing(80, 24);
    bench.press("]");
    let tab = |bench: &Bench| match &bench.app.screen {
        Screen::Review(screen) => Some(screen.body().current().name.clone()),
        _ => None,
    };
    let before = tab(&bench);
    bench.press("'");
    bench.draw();
    assert_ne!(tab(&bench), before);
    assert!(bench.screen().contains("enter open"), "{}", bench.screen());
    bench.press("esc");
    assert_eq!(tab(&bench), before);
    bench.press("esc");
    assert_eq!(tab(&bench), None);
}

#[test]
fn a_long_name_of_a_file_leaves_every_column_in_its_place() {
    let mut bench = Bench::ready(60, 20);
    let mut review = reviews().remove(1);
    let members = ["alpha", "a-tool-with-a-very-long-name"].map(|tool| (name(tool), Digest::of_bytes(tool.as_bytes())));
    (review.kind, review.digest, review.members) = (ReviewKind::Adoption, Digest::of_bytes(b"members"), members.into());
    let mut detail = review_detail(&reviews()[1]);
    bench.answer(Answer::Reviews(Ok(vec![review.clone()])));
    (detail.review, detail.manifest, detail.verdict) = (review, None, None);
    detail.files = vec![
        file("a-tool-with-a-very-long-name/tool.toml", 2),
        file("alpha/coverage_summary_of_all_the_files_of_a_folder.mjs", 73),
        file("alpha/coverage_summary.mjs", 73),
        file("alpha/tool.toml", 2),
    ];
    bench.press("4 enter");
    bench.answer(Answer::reviewed(ReviewId(2), Ok(detail)));
    let screen = bench.screen();
    let rows: Vec<&str> = screen.lines().filter(|line| line.ends_with(" seen")).collect();
    let column = |row: &str| row.chars().take_while(|c| *c != '0').count();
    assert!(rows.len() > 4 && rows.iter().all(|row| column(row) == column(rows[0])), "{screen}");
    assert!(screen.contains("coverage_summary.mjs ") && screen.contains("folder.mjs "), "{screen}");
    assert!(screen.contains("coverage_sum") && screen.contains('…'), "{screen}");
}
