//! Whole scans of small workspaces and of the real definitions.

use super::testing::{Workspace, corpus};
use super::*;
use crate::domain::{Digest, Format, Kind, ProblemCode, Stage, Tool, ToolState};
use std::collections::BTreeMap;

fn scan_all(plan: &Plan) -> Scan {
    scan(plan, &Cache::default(), &mut |_| {})
}

fn row<'s>(scan: &'s Scan, path: &str) -> &'s Tool {
    let found = scan.tools.iter().find(|tool| tool.path == path);
    found.unwrap_or_else(|| {
        panic!("no row {path}: {:?} {:?}", scan.tools.iter().map(|t| &t.path).collect::<Vec<_>>(), scan.problems)
    })
}

#[test]
fn all_real_definitions_are_rows_and_their_copies_and_clashes_are_named() {
    let Some(corpus) = corpus() else { return };
    let scan = scan_all(&Plan::standard(&corpus));
    assert_eq!(scan.problems, vec![]);
    assert_eq!(scan.tools.len(), 242);
    assert_eq!(scan.tools.iter().filter(|tool| tool.copy_of.is_some()).count(), 27);
    let clashes: BTreeMap<&str, Vec<String>> = scan
        .tools
        .iter()
        .filter(|tool| !tool.clashes.is_empty())
        .map(|tool| (tool.path.as_str(), tool.clashes.clone()))
        .collect();
    let pair = |a: &'static str, b: &'static str| [(a, vec![b.to_owned()]), (b, vec![a.to_owned()])];
    let wanted = [
        pair("tools/executable/pynguin_config.yaml", "tools/executable/pynguin_test_generator.yaml"),
        pair("tools/executable/signalr_llmapi_skill.yaml", "tools/llm/signalr_llmapi_management.yaml"),
        pair("tools/llm/content_summarizer.yaml", "tools/llm/summarizer.yaml"),
    ];
    assert_eq!(clashes, wanted.into_iter().flatten().collect());
    for tool in &scan.tools {
        assert_eq!(tool.runnable, tool.reason.is_none(), "{}", tool.path);
        assert_eq!(tool.shadowed_by, None);
    }
    let kinds = |kind| scan.tools.iter().filter(|tool| tool.kind == kind).count();
    assert_eq!([Kind::Prompt, Kind::Http, Kind::Mcp, Kind::Composite, Kind::Command].map(kinds), [45, 16, 6, 1, 174]);
    let runnable: Vec<&str> = scan.tools.iter().filter(|tool| tool.runnable).map(|tool| tool.name.as_str()).collect();
    for name in ["basic_calculator", "text_formatter", "unit_converter"] {
        assert!(runnable.contains(&name), "{runnable:?}");
    }
    let reason = |path: &str| row(&scan, path).reason.clone().unwrap_or_default();
    assert!(reason("tools/executable/buffer.yaml").starts_with("tools/executable/buffer.py is missing"));
    assert!(reason("tools/custom/git.yaml").contains("src.git_tool"));
    assert_eq!(row(&scan, "tools/mcp/_template.yaml").name.as_str(), "template");
}

#[test]
fn opening_a_real_definition_gives_the_row_of_the_scan() {
    let Some(corpus) = corpus() else { return };
    let plan = Plan::standard(&corpus);
    for tool in scan_all(&plan).tools {
        let detail = read(&plan, &tool).unwrap();
        assert_eq!(detail.tool, tool);
        let kept = read_files(detail.files.clone(), &tool).unwrap();
        assert_eq!((kept.manifest, kept.tool), (detail.manifest, detail.tool));
    }
}
