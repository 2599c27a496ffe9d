//! Splitting documents into sections, and the content of summaries.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn outline(text: &str) -> Vec<String> {
    let document = Document::read(text.as_bytes());
    let line = |s: &Section| format!("{} {}-{} {} {}", s.level, s.line, s.end_line, s.class.word(), s.title);
    document.sections().iter().map(line).collect()
}

#[test]
fn headings_of_every_kind_are_found() {
    for (text, expected) in [
        (
            "# A tool\n\nwords\n\n## Requirements ##\n- one\n",
            vec!["1 1-4 other A tool", "2 5-6 requirements Requirements"],
        ),
        ("Title\n=====\n\nLimits\n------\nfew\n", vec!["1 1-3 other Title", "2 4-6 constraints Limits"]),
        (
            "*****\nTitle\n*****\n\nExamples\n~~~~~~~~\nx\n\nNested\n''''''\n",
            vec!["1 2-4 other Title", "2 5-8 examples Examples", "3 9-10 examples Nested"],
        ),
        (
            "1. Overview\n\nWords.\n\n1.1 Requirements\n\n1. first\n\n2. second\n\n2) Limits\n\nnone\n",
            vec!["1 1-4 other Overview", "2 5-10 requirements Requirements", "1 11-13 constraints Limits"],
        ),
        (
            "Requirements:\n- a\n\n**Examples**:\n- b\n\nCONSTRAINTS\n\nc\n",
            vec!["1 1-3 requirements Requirements", "1 4-6 examples Examples", "1 7-9 constraints CONSTRAINTS"],
        ),
        (
            "1. Overview\nWords follow at once.\n\n2. Behaviour\nIt runs.\n\n2.1 Limits\nFew.\n\nAppendix A: Codes\n\nx\n",
            vec![
                "1 1-3 other Overview",
                "1 4-6 requirements Behaviour",
                "2 7-9 constraints Limits",
                "1 10-12 other Appendix A: Codes",
            ],
        ),
        ("words\n\n# A\n", vec!["0 1-2 other ", "1 3-3 other A"]),
        ("---\ntitle: x\n---\n# A\n", vec!["0 1-3 other ", "1 4-4 other A"]),
    ] {
        assert_eq!(outline(text), expected, "{text}");
    }
}

#[test]
fn what_only_looks_like_a_heading_is_none() {
    for text in [
        "```\n# comment\nRequirements:\n```\n",
        "~~~~ python\n# a\n~~~\n# b\n~~~~\n",
        "words\n\n---\n\nmore\n",
        "| a | b |\n| --- | --- |\n",
        "#tag and words\n",
        "1. one\n2. two\n3. three\n",
        "1. Do this\n   and that\n2. Do more\n",
        "Appendix A is where the codes are.\n",
        "the requirements:\nare these\n",
    ] {
        let found = outline(text);
        let expected: &[&str] = if text.starts_with("the") { &["1 1-2 requirements the requirements"] } else { &[] };
        let titled: Vec<&String> = found.iter().filter(|line| !line.starts_with('0')).collect();
        assert_eq!(titled, expected, "{text}");
    }
}

#[test]
fn headings_that_occur_twice_are_two_sections_and_code_is_kept() {
    let text = "# A\n## Example\n```python\nx = 1\n```\n## Example\n```sh\nls\n```\nend\n";
    let document = Document::read(text.as_bytes());
    let examples: Vec<&Section> = document.sections().iter().filter(|s| s.class == Class::Examples).collect();
    assert_eq!(examples.iter().map(|s| (s.line, s.end_line)).collect::<Vec<_>>(), [(2, 5), (6, 10)]);
    assert_eq!(document.code(&examples[0].code[0]), "x = 1\n");
    assert_eq!((examples[1].code[0].info.as_str(), document.code(&examples[1].code[0]).as_str()), ("sh", "ls\n"));
    assert!(document.summary(DEFAULT_BUDGET).text.contains("x = 1"));
}

#[test]
fn a_short_document_is_whole_and_a_long_one_keeps_what_it_demands() {
    let text = "# A tool\nIt reads.\n\n## Requirements\n- It must sort.\n\n## Notes\nsome\n";
    let summary = Document::read(text.as_bytes()).summary(DEFAULT_BUDGET);
    assert!(summary.is_complete() && summary.text.contains("5  - It must sort."), "{}", summary.text);
    let long =
        format!("{text}{}\nThe tool must stop.\n", "Some words that fill the page and say nothing.\n".repeat(500));
    let document = Document::read(long.as_bytes());
    let summary = document.summary(1_000);
    assert!(summary.text.chars().count() <= 1_000);
    for line in ["5  - It must sort.", "510  The tool must stop.", "… 4", "Requirement lines: 2 of 2, 0 cut"] {
        assert!(summary.text.contains(line), "{line:?} is missing in\n{}", summary.text);
    }
    for line in summary.lines.iter().filter_map(|line| Some((line.line?, &line.text))) {
        assert_eq!(document.line(line.0), line.1);
    }
}

#[test]
fn every_section_of_a_long_document_has_its_share() {
    let section = |number: usize| {
        let demands: Vec<String> = (0..40).map(|line| format!("It must do {line} of part {number}.\n")).collect();
        format!("## Part {number}\n{}\n", demands.concat())
    };
    let text: String = (0..40).map(section).collect();
    let summary = Document::read(text.as_bytes()).summary(8_000);
    for part in 0..40 {
        assert!(summary.text.contains(&format!("## Part {part}\n")), "{part}\n{}", summary.text);
        assert!(summary.text.contains(&format!("It must do 0 of part {part}.")), "{part}\n{}", summary.text);
    }
    assert!(summary.text.contains("… 36 lines cut, 36 required"), "{}", summary.text);
}

#[test]
fn nothing_hidden_of_a_document_is_hidden_in_its_summary() {
    let summary = Document::read("# A\u{202e}B\nmust\u{200b} do\x1b[2J\n".as_bytes()).summary(DEFAULT_BUDGET);
    assert!(summary.text.contains("A\\u{202e}B") && summary.text.contains("do\\x1b[2J"), "{}", summary.text);
}

/// Lines as in specifications.
fn some_lines() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![
        3 => "[a-z ]{0,90}",
        2 => "(#{1,4}|) ?(Requirements|Limits|Examples|Storage|Notes)(:|)",
        2 => "- It (must|shall|may) [a-z ]{0,60}",
        1 => "(={3,9}|-{3,9}|~{3,9}|```|```python|~~~)",
        1 => "\\PC{0,40}",
        1 => "x{300,900}",
        1 => Just(String::new()),
    ];
    prop::collection::vec(line, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_summary_keeps_its_budget_and_counts_every_demand(lines in some_lines(), budget in 0_usize..12_000) {
        let document = Document::read(lines.join("\n").as_bytes());
        let summary = document.summary(budget);
        prop_assert!(summary.text.chars().count() <= budget, "{} > {budget}", summary.text.chars().count());
        let shown: BTreeSet<usize> = summary.lines.iter().filter_map(|line| line.line).collect();
        let is_whole = |number: &usize| {
            let text = String::from(crate::domain::SafeText::source_line(document.line(*number).trim_end()));
            summary.lines.iter().any(|line| line.line == Some(*number) && line.text == text)
        };
        prop_assert_eq!(shown.iter().filter(|number| is_whole(number)).count(), summary.cut.lines_shown);
        let demanding: Vec<usize> = document
            .sections()
            .iter()
            .filter(|section| section.class == Class::Requirements)
            .flat_map(|section| (section.line + usize::from(section.level > 0))..=section.end_line)
            .filter(|number| !document.line(*number).trim().is_empty() && !document.drawn[number - 1])
            .collect();
        let missing = demanding.iter().filter(|number| !is_whole(number)).count();
        prop_assert!(missing <= summary.cut.requirements - summary.cut.requirements_shown);
        prop_assert!(summary.cut.requirements_shown <= summary.cut.requirements);
        if budget >= LEAST_BUDGET {
            prop_assert!(summary.text.contains(&document.digest().hex()));
        }
    }

    #[test]
    fn sections_cover_every_line_once(bytes: Vec<u8>, lines in some_lines()) {
        for bytes in [bytes, lines.join("\n").into_bytes()] {
            let document = Document::read(&bytes);
            let mut next = 1;
            for section in document.sections() {
                let skipped = (next..section.line).all(|n| document.drawn[n - 1] || document.line(n).trim().is_empty());
                prop_assert!(skipped && section.line >= next);
                next = section.end_line + 1;
            }
            let rest = (next..=document.line_count()).all(|n| document.drawn[n - 1] || document.line(n).trim().is_empty());
            prop_assert!(rest);
        }
    }
}
