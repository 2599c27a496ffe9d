//! The whole process with a scripted generator, as the engine uses these modules.

use super::answer::{self, AnswerFiles, Want};
use super::bundle::{Bundle, BundleFile};
use super::course::{
    After, End, EvolutionEffect, EvolutionEvent, EvolutionPlan, EvolutionProgress, FileNote, LaneId, ReplaySummary,
    Usage, VerdictSummary,
};
use super::feedback::{self, Evidence};
use super::prompt::Templates;
use crate::domain::{CheckReport, Digest, Finding, Instant, Severity, Verdict};
use std::collections::{BTreeMap, HashMap};

/// A check that requires `json` in the code.
fn examine(code: &str) -> Verdict {
    let finding = Finding::new("unmet", Severity::High, "test 1: expected {\"a\": 1}, got {'a': 1}");
    let findings = if code.contains("json") { Vec::new() } else { vec![finding] };
    let note = if findings.is_empty() { "1 of 1 passed" } else { "0 of 1 passed" };
    Verdict::of(vec![CheckReport::of("tests", findings).noted(note)], None, Instant(0))
}

/// Performs the effects of an evolution with a generator that gives these answers one after another. Returns the
/// prompts that it received, the parsed answers, and the evolution.
fn perform(bundle: &Bundle, answers: &[&str]) -> (Vec<String>, HashMap<LaneId, AnswerFiles>, EvolutionProgress) {
    let templates = Templates::with(&BTreeMap::new()).unwrap();
    let plan = EvolutionPlan { generators: vec!["scripted".into()], ..EvolutionPlan::default() };
    let (mut prompts, mut read, mut verdicts) = (Vec::new(), HashMap::<LaneId, AnswerFiles>::new(), HashMap::new());
    let (mut course, mut effects) = EvolutionProgress::new(plan).step(EvolutionEvent::Began);
    while let Some(effect) = effects.pop() {
        let event = match effect {
            EvolutionEffect::Ask { at, attempt, after, .. } => {
                let base = match &after {
                    After::Nothing => None,
                    After::Unusable { best, .. } => *best,
                    After::Examined { at } => Some(*at),
                };
                let earlier = base.map(|at| read[&at].clone());
                let told = base.map_or_else(
                    || bundle.clone(),
                    |at| {
                        let evidence = Evidence { verdict: verdicts.get(&at), ..Evidence::default() };
                        let feedback = feedback::section(&evidence, feedback::DEFAULT_LIMIT);
                        bundle.clone().with_attempt(&read[&at], feedback)
                    },
                );
                let prompt = templates.evolve(&told.clone().bounded(64 * 1024));
                let prompt = match &after {
                    After::Unusable { unusable, .. } => templates.repair_format(&prompt, unusable),
                    After::Nothing | After::Examined { .. } => prompt,
                };
                let text = answers[prompts.len()];
                prompts.push(prompt.request.clone());
                let answer = answer::read(text, &Want::of(&told));
                let notes = answer.as_ref().map(|answer| FileNote::of(answer, None)).map_err(Clone::clone);
                if let Ok(answer) = answer {
                    read.insert(at, earlier.map_or_else(|| answer.clone(), |earlier| answer.over(&earlier)));
                }
                let (prompt, answer) = (prompt.digest(), Digest::of_bytes(text.as_bytes()));
                EvolutionEvent::Answered {
                    at,
                    attempt,
                    prompt,
                    answer,
                    read: notes,
                    usage: Usage::default(),
                    took_ms: 1,
                }
            }
            EvolutionEffect::Examine { at } => {
                let verdict = examine(&read[&at].files[0].1);
                let blocking = verdict.checks.iter().filter(|check| check.note.starts_with('0'));
                let summary = VerdictSummary::of(&verdict, blocking.map(|check| check.name.clone()).collect());
                verdicts.insert(at, verdict);
                EvolutionEvent::Examined { at, verdict: summary, replay: ReplaySummary::default(), took_ms: 1 }
            }
            EvolutionEffect::Wait { .. } | EvolutionEffect::Finish { .. } => continue,
        };
        (course, effects) = course.step(event);
    }
    (prompts, read, course)
}

#[test]
fn wrong_twice_then_right_is_told_what_was_wrong_each_time() {
    let file = BundleFile { path: "tool.py".into(), text: "print({'a': 1})\n".into(), left_out_bytes: 0 };
    let bundle = Bundle {
        entry: Some("tool.py".into()),
        hint: "Print JSON".into(),
        files: vec![file],
        ..Bundle::blank("tool", semver::Version::new(1, 0, 0))
    };
    let answers = [
        "I would print JSON.",
        "```python\nprint({'a': 1}, flush=True)\n```\n```python helper.py\nX = 1\n```",
        "```python\nimport json\nprint(json.dumps({'a': 1}))\n```",
    ];
    let (prompts, read, course) = perform(&bundle, &answers);
    let best = LaneId { round: 3, lane: 0 };
    assert_eq!(course.end, Some(End::Good { best }));
    assert!(prompts[1].contains("could not be used: the answer contains no code block"), "{}", prompts[1]);
    assert!(prompts[1].contains("I would print JSON.") && prompts[1].contains("print({'a': 1})\n"), "{}", prompts[1]);
    assert!(prompts[2].contains("got {'a': 1}") && prompts[2].contains("flush=True"), "{}", prompts[2]);
    assert!(prompts[2].contains("those of the last attempt"), "{}", prompts[2]);
    let expected = [
        ("tool.py".to_owned(), "import json\nprint(json.dumps({'a': 1}))\n".to_owned()),
        ("helper.py".to_owned(), "X = 1\n".to_owned()),
    ];
    assert_eq!(read[&best].files, expected);
}
