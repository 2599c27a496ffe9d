//! Rules of the review screen: the first text, the target of keys, when approve is locked, and the display record.

mod approving;
mod bulk;
mod outline;
mod page;

use crate::domain::{
    CheckReport, CheckState, Command, CommentAnchor, CommentKind, DecisionRequest, Digest, ReadMark, ReviewId, Stage,
    Verdict, VersionFile,
};
use crate::engine::ReviewDetail;
use crate::tui::effect::Effect;
use crate::tui::msg::Answer;
use crate::tui::screen::Screen;
use crate::tui::testing::{Bench, ago, comment, files, name, review_detail, reviews, tool, verdict};

const SIZES: [(u16, u16); 4] = [(120, 40), (80, 24), (60, 20), (40, 10)];

fn snapshots(label: &str, make: impl Fn(u16, u16) -> Bench) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{label}_{width}x{height}"), make(width, height).screen());
    }
}

/// The files before: one line differs, far from the first lines, and there is one file less.
fn before() -> Vec<VersionFile> {
    let mut before = files();
    let text = String::from_utf8(before[0].bytes.clone()).unwrap();
    before[0].bytes = text.replace("print(30)", "show(30)").replace("print(55)  #", "print(55) #").into();
    before
}

fn changed(detail: &mut ReviewDetail) {
    detail.base_files = Some(before());
    detail.verdict = Some(verdict(&["egress"]));
    detail.blocking = vec!["egress".into()];
    detail.comments = vec![
        comment(1, CommentKind::MustFix, Some((30, 31)), "why does it print twice?\nonce is enough"),
        comment(2, CommentKind::Note, None, "nice and short"),
    ];
}

fn deciding(bench: &mut Bench) -> &mut Bench {
    bench.draw();
    bench.wait(600)
}

#[test]
fn evidence_has_the_failing_and_risky_first() {
    snapshots("evidence", |width, height| {
        let mut bench = Bench::reviewing_with(width, height, changed);
        bench.press("[ [");
        bench.draw();
        while !matches!(&bench.app.screen, Screen::Review(screen) if screen.body().position() == 0) {
            bench.press("]");
        }
        bench
    });
}

#[test]
fn a_changed_version_shows_risks_and_comments_beside_its_lines() {
    snapshots("changed", |width, height| {
        let mut bench = Bench::reviewing_with(width, height, changed);
        bench.press(".");
        bench
    });
}

#[test]
fn a_finding_leads_to_its_line_and_a_fold_opens_for_it() {
    let mut bench = Bench::reviewing_with(80, 24, changed);
    bench.press("[");
    let line_of = |bench: &mut Bench, text: &str| bench.screen().lines().position(|line| line.contains(text));
    while line_of(&mut bench, "› ")
        .is_none_or(|_| !bench.screen().lines().any(|l| l.starts_with('›') && l.contains(":12")))
    {
        bench.press("j");
    }
    bench.press("enter");
    let screen = bench.screen();
    assert!(screen.lines().any(|line| line.starts_with("›!") && line.contains("print(12)")), "{screen}");
    assert!(screen.contains("diff  "), "{screen}");
    assert!(screen.contains("opens the network"), "{screen}");
}

#[test]
fn risks_are_gone_through_round_all_tabs() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| detail.verdict = Some(verdict(&["egress"])));
    let cursor = |bench: &mut Bench| {
        bench.screen().lines().find(|line| line.starts_with('›')).map(str::to_owned).unwrap_or_default()
    };
    for wanted in ["print(12)", "print(30)", "print(12)"] {
        bench.press(".");
        assert!(cursor(&mut bench).contains(wanted), "{}", bench.screen());
    }
    bench.press(",");
    assert!(cursor(&mut bench).contains("print(30)"), "{}", bench.screen());
}

#[test]
fn approve_waits_for_the_checks_and_says_how_far_they_are() {
    let running = |detail: &mut ReviewDetail| {
        let mut checks = verdict(&[]).checks;
        checks.push(CheckReport { state: CheckState::Running, ..CheckReport::of("trials", vec![]) });
        detail.verdict = Some(Verdict::of(checks, None, ago(0)));
        detail.blocking = vec!["trials".into()];
    };
    let mut bench = Bench::reviewing_with(80, 24, running);
    assert!(!bench.screen().contains("blocks approval"), "what has not ended is not accused: {}", bench.screen());
    bench.read_everything().press("a");
    assert!(bench.app.overlays.is_empty());
    assert!(bench.screen().contains("checks are running, 7 of 8 done"), "{}", bench.screen());
    // The checks end while the review is read: read parts stay read.
    let mut detail = review_detail(&reviews().remove(1));
    detail.review.verdict = detail.verdict.as_ref().map(Verdict::tally);
    bench.answer(Answer::reviewed(detail.review.id, Ok(detail)));
    bench.wait(500).press("[ [ [");
    bench.read_everything().press("a");
    assert_eq!(bench.app.overlays.len(), 1, "{}", bench.screen());
}

#[test]
fn a_failed_gate_locks_approve_and_a_typed_reason_goes_over_it() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| {
        detail.verdict = Some(verdict(&["egress"]));
        detail.blocking = vec!["egress".into()];
    });
    bench.read_everything().press("a");
    assert!(bench.app.overlays.is_empty());
    assert!(bench.screen().contains("egress failed · O: approve anyway"), "{}", bench.screen());
    bench.wait(500).press("O");
    deciding(&mut bench);
    let digest = tool("text-diff-summary", Stage::Experimental).digest;
    bench.type_text(&digest.hex()[..4]).press("enter");
    assert!(bench.screen().contains("a reason is needed"), "{}", bench.screen());
    bench.type_text("measured").press("enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Decide(request))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((request.override_reason.as_deref(), &request.reason), (Some("measured"), &None));
}

#[test]
fn what_a_yes_covers_and_does_is_read_to_its_end_in_the_prompt() {
    let long = "text-diff-summary-of-two-files-with-all-their-lines-and-words";
    let roles = "only when an ordinary approval and one as security and one as data were given, each by another person";
    let lines = ["move a → b", "one git commit that names the digest", roles].map(str::to_owned).to_vec();
    for (width, height) in [(120, 40), (80, 24), (60, 20)] {
        let mut bench = Bench::reviewing_with(width, height, |detail| {
            detail.review.tool = name(long);
            detail.verdict = Some(verdict(&["egress", "tests"]));
            detail.blocking = vec!["egress".into(), "tests".into()];
        });
        let Screen::Review(screen) = &mut bench.app.screen else { panic!("no review") };
        let preview = crate::engine::Preview { title: String::new(), lines: lines.clone(), undo: String::new() };
        screen.set_consequence(&Ok(preview));
        for _ in 0..20 {
            bench.read_everything();
        }
        bench.press("O");
        deciding(&mut bench);
        let screen = bench.screen();
        let boxed = screen.lines().filter_map(|line| Some(line.split_once('│')?.1.rsplit_once('│')?.0));
        // A word that does not fit on a line is broken.
        let plain = |text: &str| text.split_whitespace().collect::<String>();
        let text = plain(&boxed.collect::<String>());
        let digest = tool("text-diff-summary", Stage::Experimental).digest.short();
        for part in [
            format!("{long} 1.0.0 · experimental → approved").as_str(),
            &format!(
                "one git commit that names the digest · {roles} ! despite failed checks: egress, tests digest {digest}"
            ),
            "type its first four characters",
        ] {
            assert!(text.contains(&plain(part)), "{width}x{height}: {part}\n{screen}");
        }
    }
}

#[test]
fn the_override_key_does_nothing_where_no_check_failed() {
    let mut bench = Bench::reviewing(80, 24);
    bench.read_everything().press("O");
    assert!(bench.app.overlays.is_empty() && bench.effects.is_empty());
}

#[test]
fn a_decision_carries_what_was_seen_of_each_part_and_for_how_long() {
    let mut bench = Bench::reviewing(80, 24);
    bench.draw();
    bench.wait(2_000);
    bench.press("]");
    bench.draw();
    bench.wait(700);
    bench.read_everything().press("a");
    deciding(&mut bench);
    let digest = tool("text-diff-summary", Stage::Experimental).digest;
    bench.type_text(&digest.hex()[..4]).press("enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Decide(request))] = effects.as_slice() else { panic!("{effects:?}") };
    let shown = &request.shown;
    let parts: Vec<_> = shown.parts.iter().map(|part| (part.part.as_str(), part.ms)).collect();
    assert_eq!(parts, [("evidence", 2_000), ("main.py", 700), ("tool.toml", 0)]);
    assert_eq!(shown.lines, shown.parts.iter().map(|part| part.lines).sum::<u64>());
}

#[test]
fn a_comment_is_about_the_lines_chosen() {
    let mut bench = Bench::reviewing(80, 24);
    bench.press("] j j v j j +");
    bench.draw();
    bench.type_text("once").press("tab enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Comment { review, spot, kind, body })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let expected = CommentAnchor { path: Some("main.py".into()), lines: Some((3, 5)) };
    assert_eq!((*review, spot, *kind, body.as_str()), (ReviewId(2), &expected, CommentKind::MustFix, "once"));
}

#[test]
fn a_comment_typed_and_left_is_still_there_the_next_time() {
    let mut bench = Bench::reviewing(80, 24);
    bench.press("+").type_text("too wide").press("esc +");
    assert!(bench.screen().contains("too wide"), "{}", bench.screen());
}

#[test]
fn must_fix_comments_are_named_at_the_yes_and_begin_the_reason_of_a_not_yet() {
    let with_comment = |detail: &mut ReviewDetail| {
        detail.comments = vec![comment(1, CommentKind::MustFix, Some((4, 4)), "no limit")];
    };
    let mut bench = Bench::reviewing_with(80, 24, with_comment);
    bench.press("c");
    assert!(bench.screen().contains("main.py:4: no limit"), "{}", bench.screen());
    let mut bench = Bench::reviewing_with(80, 24, with_comment);
    bench.read_everything().press("a");
    assert!(bench.screen().contains("! must-fix main.py:4: no limit"), "{}", bench.screen());
}

#[test]
fn a_comment_is_withdrawn_where_the_cursor_is_on_it() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| {
        detail.comments = vec![comment(7, CommentKind::Note, Some((1, 1)), "first line")];
    });
    bench.press("] j -");
    let effects = bench.taken();
    assert!(
        matches!(effects.as_slice(), [Effect::Execute(Command::Withdraw { comment })] if comment.0 == 7),
        "{effects:?}"
    );
}

#[test]
fn a_mark_is_of_the_content_and_goes_when_that_changes() {
    let mut bench = Bench::reviewing(80, 24);
    assert!(!bench.screen().contains("marked as read"), "{}", bench.screen());
    bench.press("] m");
    let effects = bench.taken();
    let [Effect::Execute(Command::Mark { mark, on: true, .. })] = effects.as_slice() else { panic!("{effects:?}") };
    let expected = ReadMark { path: "main.py".into(), content: Digest::of_bytes(&files()[0].bytes) };
    assert_eq!(mark, &expected);
    assert!(bench.screen().contains("marked as read 1/2"), "{}", bench.screen());
    let other = Bench::reviewing_with(80, 24, |detail| {
        detail.marks = vec![expected.clone()];
        detail.files[0].bytes.push(b'\n');
    })
    .screen();
    assert!(!other.contains("marked as read"), "{other}");
}

#[test]
fn a_hunk_is_marked_as_read_where_the_cursor_is() {
    let mut bench = Bench::reviewing_with(120, 40, changed);
    bench.press("} } } m");
    let screen = bench.screen();
    assert!(screen.contains("marked as read 1/2") && screen.contains("✓ read"), "{screen}");
    bench.press("m");
    assert!(!bench.screen().contains("marked as read"), "{}", bench.screen());
}

#[test]
fn lines_left_out_for_their_blanks_keep_approve_locked() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| detail.base_files = Some(before()));
    bench.press("_");
    let effects = bench.taken();
    let [Effect::Compare { ticket, before, after, blanks }] = effects.as_slice() else { panic!("{effects:?}") };
    let compared = Box::new(crate::tui::widget::DiffText::between(before, after, *blanks));
    bench.answer(Answer::Compared { ticket: *ticket, compared });
    bench.read_everything().press("a");
    assert!(bench.app.overlays.is_empty());
    bench.wait(500).press("]");
    let screen = bench.screen();
    assert!(screen.contains("_: show all lines") && screen.contains("1 line differs in whitespace only"), "{screen}");
}

#[test]
fn reviews_are_sorted_by_risk_and_marked_without_deciding_anything() {
    let mut bench = Bench::ready(100, 20);
    bench.press("4 o");
    let screen = bench.screen();
    let at = |name: &str| screen.find(name).unwrap();
    assert!(at("web-fetch") < at("csv-stats") && at("csv-stats") < at("text-diff-summary"), "{screen}");
    bench.press("g v j j m");
    assert!(bench.screen().contains("3 selected"), "{}", bench.screen());
    bench.press("space enter");
    assert!(bench.taken().iter().all(|effect| !matches!(effect, Effect::Execute(_))));
}

#[test]
fn a_difference_has_the_colours_of_its_language_on_both_sides() {
    use crate::tui::widget::{Language, Side, TokenKind, highlight};
    let mut bench = Bench::reviewing_with(120, 40, changed);
    let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
    let ticket = screen.ticket;
    for (side, files) in [(Side::Old, before()), (Side::New, files())] {
        let text = String::from_utf8(files[0].bytes.clone()).unwrap();
        let tokens = highlight(Language::Python, &text).unwrap();
        bench.answer(Answer::Highlighted { ticket, side, files: vec![("main.py".into(), tokens)] });
    }
    bench.press("}");
    let buffer = bench.draw();
    let comment = crate::tui::theme::Theme::dark().token(TokenKind::Comment).fg;
    let row = |y: u16| (0..120).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let y = (0..40).find(|y| row(*y).contains("show(30)")).unwrap();
    let signs = (0..120).filter(|x| buffer[(*x, y)].symbol() == "#");
    let dimmed: Vec<bool> = signs.map(|x| Some(buffer[(x, y)].fg) == comment).collect();
    assert_eq!(dimmed, [false, false], "what changed is not the faintest text: {}", row(y));
}

#[test]
fn the_lock_and_the_header_say_how_much_was_seen_and_the_key_reads_on_through_all_texts() {
    let mut bench = Bench::reviewing(80, 24);
    let share = |bench: &Bench| {
        let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
        screen.share()
    };
    let mut before = share(&bench);
    assert!(before.0 < before.1);
    while before.0 < before.1 {
        let screen = bench.screen();
        let words = format!("{} of {} lines not seen · space: next page", before.1 - before.0, before.1);
        assert!(screen.contains(&words), "{words}\n{screen}");
        assert!(screen.contains(&format!("{} of {} lines seen", before.0, before.1)), "{screen}");
        bench.press("space");
        bench.draw();
        let now = share(&bench);
        assert!(now.0 > before.0, "each press shows something new: {}", bench.screen());
        before = now;
    }
    let screen = bench.screen();
    assert!(screen.contains("a approve") && screen.contains(&format!("{0} of {0} lines seen", before.1)), "{screen}");
}

#[test]
fn jumping_to_the_end_and_marking_as_read_are_not_reading() {
    let long = |detail: &mut ReviewDetail| {
        let lines: Vec<String> = (0..10_000).map(|line| format!("x{line} = {line}")).collect();
        detail.files[0].bytes = lines.join("\n").into_bytes();
    };
    for size in SIZES {
        let mut bench = Bench::reviewing_with(size.0, size.1, long);
        for keys in ["G", "g", "G", "m", "] G", "m", "] G m", "r", "}", "w G"] {
            bench.press(keys);
            bench.draw();
        }
        let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
        let (seen, needed) = screen.share();
        assert!(!screen.is_read() && needed > 10_000 && seen < 400, "{size:?}: {seen} of {needed}");
        bench.press("a");
        deciding(&mut bench);
        let digest = tool("text-diff-summary", Stage::Experimental).digest.hex();
        bench.type_text(&digest[..4]).press("enter");
        assert!(!bench.taken().iter().any(|effect| matches!(effect, Effect::Execute(Command::Decide(_)))));
    }
}

#[test]
fn a_script_that_fits_on_the_screen_is_read_when_it_is_opened() {
    let mut bench = Bench::reviewing_with(120, 60, |detail| {
        detail.files = vec![VersionFile { bytes: "print(1)\n".repeat(25).into_bytes(), ..files().remove(0) }];
    });
    assert!(bench.screen().contains("a approve"), "{}", bench.screen());
    bench.press("a");
    assert_eq!(bench.app.overlays.len(), 1);
}

#[test]
fn of_a_changed_version_only_changes_and_the_lines_around_them_count() {
    let mut bench = Bench::reviewing_with(120, 40, |detail| {
        detail.base_files = Some(before());
        // A finding in a folded line must be read once that line is shown.
        detail.verdict = Some(Verdict::of(vec![CheckReport::of("syntax", vec![])], None, ago(1)));
    });
    let needed = |bench: &Bench| {
        let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
        screen.share().1
    };
    let (folded, evidence) = (needed(&bench), 20);
    assert!(folded < 60 + evidence, "{folded}");
    bench.press("*");
    bench.draw();
    assert_eq!(needed(&bench), folded, "unchanged lines that are shown need not be read");
    // The layout of another width keeps what was read.
    let mut bench = Bench::reviewing_with(120, 40, |detail| detail.base_files = Some(before()));
    bench.read_everything();
    bench.resize(100, 40).draw();
    assert!(bench.screen().contains("a approve"), "{}", bench.screen());
}

#[test]
fn to_approve_unread_one_types_the_word_the_digest_and_a_reason() {
    snapshots("unread", |width, height| {
        let mut bench = Bench::reviewing(width, height);
        bench.press("a");
        deciding(&mut bench);
        bench
    });
    let mut bench = Bench::reviewing(80, 24);
    bench.press("a");
    deciding(&mut bench);
    let digest = tool("text-diff-summary", Stage::Experimental).digest.hex();
    bench.type_text("unread").type_text(&digest[..4]).press("enter");
    assert!(bench.screen().contains("a reason is needed"), "{}", bench.screen());
    bench.type_text("tried it").press("enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Decide(request))] = effects.as_slice() else { panic!("{effects:?}") };
    let DecisionRequest { reason, shown, unread: true, .. } = request else { panic!("{request:?}") };
    assert_eq!(reason.as_deref(), Some("tried it"));
    assert!(shown.unread() > 0 && !shown.tail_shown, "{shown:?}");
}
