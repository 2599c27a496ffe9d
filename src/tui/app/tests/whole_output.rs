//! An output that is longer than its loaded part: the search and the first line cover all of it.

use crate::domain::{RunId, RunOutcome, Stage, Stream};
use crate::engine::Frame;
use crate::tui::effect::Effect;
use crate::tui::msg::{Answer, Kept};
use crate::tui::pane::output::Phase;
use crate::tui::performer::{finding, logs};
use crate::tui::testing::{Bench, run, tool};
use std::cell::RefCell;

const RUN: RunId = RunId(14);

/// A spool of more than 6 MiB in 160,000 lines, with something to find in three of them.
fn spool() -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut offset = 4;
    for part in 0..1_600 {
        let line = |line: usize| match part * 100 + line {
            0 => "NEEDLE at the top\n".to_owned(),
            80_050 => "the NEE\u{1b}[1mDLE in the middle\u{1b}[0m\n".to_owned(),
            159_999 => "and a NEEDLE at the end\n".to_owned(),
            number => format!("line {number:>9} of what nobody searches\n"),
        };
        let bytes = (0..100).map(line).collect::<String>().into_bytes();
        let next = offset + bytes.len() as u64 + 9;
        frames.push(Frame { stream: Stream::Stdout, at_ms: 1, bytes, offset });
        offset = next;
    }
    frames
}

/// Reads 200 frames at once.
fn read(spool: &[Frame], offset: u64) -> (Vec<Frame>, u64) {
    let from = spool.partition_point(|frame| frame.offset < offset);
    let frames: Vec<_> = spool.iter().skip(from).take(200).cloned().collect();
    let next = frames.last().map_or(offset, |frame| frame.offset + 1);
    (frames, next)
}

/// Performs the effects that the screen requests, like the performer.
fn perform(bench: &mut Bench, spool: &[Frame]) {
    loop {
        let mut effects = bench.taken();
        let newest = effects.iter().rposition(|effect| matches!(effect, Effect::FindInSpool(_)));
        let mut at = 0;
        effects.retain(|effect| {
            at += 1;
            !matches!(effect, Effect::FindInSpool(_)) || newest == Some(at - 1)
        });
        let mut answers = Vec::new();
        for effect in effects {
            match effect {
                Effect::LoadSpoolPart { tab, run, around } => {
                    let part = logs::part_of(run, around, &|offset| Ok(read(spool, offset))).map(Box::new);
                    answers.push(Answer::SpoolPart { tab, around, part });
                }
                Effect::FindInSpool(quest) => {
                    let found = RefCell::new(Vec::new());
                    let take = |hits, over| {
                        found.borrow_mut().push(Answer::SpoolHits { tab: quest.tab, ticket: quest.ticket, hits, over });
                        true
                    };
                    finding::search(&quest, &|offset| Ok(read(spool, offset)), &|| true, &take).unwrap();
                    answers.extend(found.into_inner());
                }
                Effect::LoadSpool { tab, before: Some(before), .. } => {
                    let from = spool.partition_point(|frame| frame.offset < before);
                    let frames = spool[from.saturating_sub(100)..from].to_vec();
                    let run = run(14, &tool("divide", Stage::Approved), RunOutcome::Succeeded);
                    answers.push(Answer::Spool { tab, kept: Ok(Box::new(Kept { run, frames })) });
                }
                _ => {}
            }
        }
        if answers.is_empty() {
            return;
        }
        for answer in answers {
            bench.answer(answer);
        }
    }
}

fn open(width: u16, height: u16, spool: &[Frame]) -> Bench {
    let mut bench = Bench::ready(width, height);
    bench.press("2");
    let tool = std::sync::Arc::new(tool("divide", Stage::Approved));
    let tab = bench.app.output.open("divide 1.0.0".into(), Some(tool.clone()), Phase::Loading(RUN));
    let frames = spool[spool.len() - 1_000..].to_vec();
    let run = run(14, &tool, RunOutcome::Succeeded);
    bench.answer(Answer::Spool { tab, kept: Ok(Box::new(Kept { run, frames })) });
    bench
}

#[test]
fn search_reaches_what_is_not_loaded_and_the_first_line_is_the_first() {
    let spool = spool();
    let mut bench = open(80, 24, &spool);
    let screen = bench.screen();
    assert!(screen.contains("MiB above · g first line") && screen.contains("NEEDLE at the end"), "{screen}");
    bench.press("g");
    perform(&mut bench, &spool);
    let screen = bench.screen();
    assert!(screen.contains("NEEDLE at the top") && screen.contains("line         1 of"), "{screen}");
    assert!(!screen.contains("above") && screen.contains("MiB below · G newest"), "{screen}");
    bench.press("G");
    assert!(bench.screen().contains("NEEDLE at the end"), "{}", bench.screen());
    // While typing, each letter starts a new search and cancels the previous one.
    bench.press("/").type_text("NEEDLE").press("enter");
    assert!(bench.screen().contains("1 of 1… "), "{}", bench.screen());
    perform(&mut bench, &spool);
    assert!(bench.screen().contains(" 3 of 3 "), "{}", bench.screen());
    bench.press("N");
    perform(&mut bench, &spool);
    let screen = bench.screen();
    assert!(screen.contains(" 2 of 3 ") && screen.contains("the NEEDLE in the middle"), "{screen}");
    assert!(screen.contains("above") && screen.contains("below"), "{screen}");
    bench.press("N");
    perform(&mut bench, &spool);
    let screen = bench.screen();
    assert!(screen.contains(" 1 of 3 ") && screen.contains("NEEDLE at the top"), "{screen}");
    bench.press("N");
    let screen = bench.screen();
    assert!(screen.contains(" 3 of 3 ") && screen.contains("NEEDLE at the end"), "{screen}");
    bench.press("n");
    perform(&mut bench, &spool);
    assert!(bench.screen().contains("NEEDLE at the top"), "{}", bench.screen());
}

#[test]
fn a_match_that_is_only_outside_is_gone_to_when_it_is_found() {
    let spool = spool();
    let mut bench = open(80, 24, &spool);
    bench.press("/").type_text("at the top").press("enter");
    assert!(bench.screen().contains("0 of 0…"), "{}", bench.screen());
    perform(&mut bench, &spool);
    let screen = bench.screen();
    assert!(screen.contains(" 1 of 1 ") && screen.contains("NEEDLE at the top"), "{screen}");
    // After the search ends, one key leads to the newest lines.
    bench.press("esc G");
    assert!(bench.screen().contains("NEEDLE at the end"), "{}", bench.screen());
}

#[test]
fn a_search_that_is_not_wanted_any_more_is_given_up_and_its_answers_count_nothing() {
    let spool = spool();
    let mut bench = open(80, 24, &spool);
    bench.press("/").type_text("NE");
    let quests: Vec<_> = bench
        .taken()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::FindInSpool(quest) => Some(quest),
            _ => None,
        })
        .collect();
    let [first, second] = quests.as_slice() else { panic!("{quests:?}") };
    assert!(first.ticket < second.ticket);
    let reads = RefCell::new(0);
    let counted = |offset| {
        *reads.borrow_mut() += 1;
        Ok(read(&spool, offset))
    };
    finding::search(first, &counted, &|| false, &|_, _| panic!("nobody waits for it")).unwrap();
    assert_eq!(reads.into_inner(), 1);
    bench.answer(Answer::SpoolHits { tab: first.tab, ticket: first.ticket, hits: Vec::new(), over: Some(false) });
    assert!(bench.screen().contains("of 1…"), "{}", bench.screen());
    bench.press("esc");
    let last = bench.taken();
    assert!(
        last.iter().any(|effect| matches!(effect, Effect::FindInSpool(quest) if quest.text.is_empty())),
        "{last:?}"
    );
}

#[test]
fn a_part_is_scrolled_through_to_the_newest_lines() {
    let spool = spool();
    let mut bench = open(80, 24, &spool);
    bench.press("g");
    perform(&mut bench, &spool);
    let mut seen = Vec::new();
    for _ in 0..12 {
        // To the end of the part that is loaded, then one line further.
        let tab = bench.app.output.current_mut().unwrap();
        if !tab.shows_a_part() {
            break;
        }
        tab.shown_mut().scroll(crate::tui::widget::Move::Bottom);
        tab.shown_mut().pause();
        bench.screen();
        bench.press("j");
        perform(&mut bench, &spool);
        let screen = bench.screen();
        let number =
            screen.lines().find_map(|line| line.split("line ").nth(1)?.trim().split(' ').next()?.parse::<usize>().ok());
        seen.push(number.unwrap_or_else(|| panic!("{screen}")));
    }
    assert!(!bench.app.output.current().unwrap().shows_a_part(), "{seen:?}");
    assert!(seen.len() > 2 && seen.is_sorted(), "{seen:?}");
}
